// The door: what a lock does with a tag or a phone. It decides by what has reached it, which may lag
// behind what the API says, and stops moving while the hub is offline.
import { holdsAt, instantAt, wallClock } from './schedule.ts'
import {
  type Entry,
  type Lock,
  type Site,
  type SiteUser,
  type State,
  siteAt,
  tagOf,
  takesPin,
} from './state.ts'

const REMEMBERED_MS = 7 * 24 * 3_600_000

/** `at` is an instant; now when absent. Either a tag, a PIN or a person's phone. */
export type Attempt = {
  lockId: string
  tagNumber?: string
  pin?: string
  saltoUserId?: string
  at?: string | Date
}

export type Verdict = { opened: boolean; reason: string }

/** What of a site its hub knows. */
type View = Pick<Site, 'subscriptionValid' | 'pinEnabled' | 'users' | 'groups'>

export const createDoors = (state: State) => {
  /** Only kept while something is behind; otherwise the hub knows what the site knows. */
  const history = new Map<string, { at: number; view: View }[]>()

  const isBehind = (site: Site) =>
    site.iq.offlineSince !== null || state.lag.memberMs > 0 || state.lag.scheduleMs > 0

  /** Called after anything may have changed, and before it starts to be behind. */
  const record = (site: Site) => {
    if (!isBehind(site)) {
      history.delete(site.siteId)
      return
    }
    const { subscriptionValid, pinEnabled, users, groups } = site
    const view = structuredClone({ subscriptionValid, pinEnabled, users, groups })
    const views = history.get(site.siteId) ?? []
    const needed = views.findLastIndex(({ at }) => at <= cutoff(site))
    history.set(site.siteId, [...views.slice(Math.max(needed, 0)), { at: state.now(), view }])
  }

  const cutoff = (site: Site) =>
    (site.iq.offlineSince ?? state.now()) - Math.max(state.lag.memberMs, state.lag.scheduleMs)

  const viewAt = (site: Site, lagMs: number): View => {
    const views = history.get(site.siteId)
    if (!views) return site
    const reached = (site.iq.offlineSince ?? state.now()) - lagMs
    return (views.findLast(({ at }) => at <= reached) ?? views[0])?.view ?? site
  }

  const knock = (attempt: Attempt): Verdict => {
    const site = [...state.sites.values()].find(({ locks }) => locks.has(attempt.lockId))
    const lock = site?.locks.get(attempt.lockId)
    if (!site || !lock) return { opened: false, reason: 'There is no such lock.' }
    const at = attempt.at === undefined ? new Date(state.now()) : new Date(attempt.at)
    const answer = judge(site, lock, attempt, at)
    site.entries.push({
      entryId: state.newId(),
      at: at.getTime(),
      category: answer.opened ? 'lock_opened' : 'lock_rejected',
      detail: answer.detail,
      lockId: lock.lockId,
      saltoUserId: answer.saltoUserId,
      accessBy: attempt.pin ? 'pin_code' : attempt.tagNumber === undefined ? 'mkey' : 'tag',
      accessDetail: attempt.tagNumber ?? null,
    })
    return { opened: answer.opened, reason: answer.reason }
  }

  type Answer = Verdict & Pick<Entry, 'detail' | 'saltoUserId'>

  const judge = (site: Site, lock: Lock, attempt: Attempt, at: Date): Answer => {
    const members = viewAt(site, state.lag.memberMs)
    const schedules = viewAt(site, state.lag.scheduleMs)
    const tag = [...state.tags.values()].find(({ number }) => number === attempt.tagNumber)
    const people = [...members.users.values()]
    const isTheirs = ({ saltoUserId, key, pin, flags }: SiteUser) => {
      if (attempt.pin) return flags.use_pin && pin?.digits === attempt.pin
      if (attempt.tagNumber === undefined) return saltoUserId === attempt.saltoUserId
      return tag !== undefined && key?.tagId === tag.tagId
    }
    const user = people.find(isTheirs)
    const no = (detail: string | null, reason: string): Answer => ({
      opened: false,
      reason,
      detail,
      // As measured: an entry without access has the number of the tag, but not whose it is.
      saltoUserId: detail === 'no_access' ? null : (user?.saltoUserId ?? null),
    })
    const yes = (reason: string): Answer => ({
      opened: true,
      reason,
      detail: null,
      saltoUserId: user?.saltoUserId ?? null,
    })

    if (attempt.pin && !(takesPin(lock) && members.pinEnabled))
      return no(null, 'The lock takes no PIN.')
    if (!user) {
      return no('no_access', tag ? 'Nobody here carries this tag.' : 'The lock does not know this.')
    }
    if (lock.offlineTags) {
      const isKnown = tag && lock.offlineTags.includes(tag.number)
      if (isKnown) return yes('The lock is offline, and the tag may open it offline.')
      if (opened(site, lock, user.saltoUserId, at)) {
        return yes('The lock is offline and remembers an opening in the last seven days.')
      }
      return no('offline', 'The lock is offline and does not remember this tag.')
    }
    if (!members.subscriptionValid) return no('suspended', 'The site has no valid subscription.')
    if (user.blocked) return no(null, 'The user is blocked.')
    if (user.subscriptionState === 'suspended') {
      return no('suspended', 'The user has no seat: the subscription is suspended.')
    }
    if (attempt.tagNumber !== undefined && (tag?.blocked || user.key?.blocked))
      return no(null, 'The tag is blocked.')

    if (attempt.pin && (user.pin?.expiresAt ?? at.getTime()) < at.getTime())
      return no(null, 'The PIN has expired.')

    const groups = [...members.groups.values()].filter(
      (group) => group.locks.includes(lock.lockId) && group.users.includes(user.saltoUserId),
    )
    if (!groups.length) return no('no_access', 'No access group has both this user and this lock.')
    const local = wallClock(at, site.timeZone)
    const open = groups.find((group) =>
      schedules.groups.get(group.groupId)?.schedules.some((each) => holdsAt(each, local)),
    )
    if (open) return yes(`The access group “${open.name}” opens it.`)
    const names = groups.map(({ name }) => `“${name}”`).join(', ')
    return no('no_access', `Not at this time: no time schedule of ${names} holds.`)
  }

  /** By its audit trail: somebody who got in lately gets in. */
  const opened = (site: Site, lock: Lock, saltoUserId: string, at: Date) =>
    site.entries.some(
      (entry) =>
        entry.category === 'lock_opened' &&
        entry.lockId === lock.lockId &&
        entry.saltoUserId === saltoUserId &&
        entry.at <= at.getTime() &&
        entry.at > at.getTime() - REMEMBERED_MS,
    )

  return {
    knock,
    recordAll: () => {
      for (const site of state.sites.values()) record(site)
    },
    /** Who opens what right now, as the cloud decides; tags are left aside. `USER LOCK`, in order. */
    whoOpens: (site: Site): string[] => {
      if (!site.subscriptionValid) return []
      const local = wallClock(new Date(state.now()), site.timeZone)
      const pairs = new Set<string>()
      for (const { users, locks, schedules } of site.groups.values()) {
        if (!users.length || !schedules.some((each) => holdsAt(each, local))) continue
        for (const saltoUserId of users) {
          const user = site.bySaltoUserId.get(saltoUserId)
          if (!user || user.blocked || user.subscriptionState === 'suspended') continue
          for (const lockId of locks) pairs.add(`${saltoUserId} ${lockId}`)
        }
      }
      return [...pairs].sort()
    },
    /** A tag at a lock at a time of the site's wall clock, `yyyy-MM-ddTHH:mm`. */
    knockAtLocal: (siteId: string, local: string, attempt: Attempt) =>
      knock({ ...attempt, at: instantAt(local, siteAt(state, siteId).timeZone) }),
    /** The tags a lock keeps when it is cut off: keys for offline use of people who may open it. */
    offlineTags: (site: Site, lock: Lock): string[] => {
      const mayOpen = ({ saltoUserId }: SiteUser) =>
        [...site.groups.values()].some(
          ({ users, locks }) => users.includes(saltoUserId) && locks.includes(lock.lockId),
        )
      return [...site.users.values()]
        .filter((user) => user.key?.offlineAccess && !user.key.blocked && mayOpen(user))
        .flatMap((user) => tagOf(state, user.saltoUserId)?.number ?? [])
    },
  }
}

export type Doors = ReturnType<typeof createDoors>
