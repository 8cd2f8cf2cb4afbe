// What a KS admin, an installer or fate does, and what a test wants to read. All arguments and
// results are plain JSON, so that they travel to another process as they are.
import { newPerson } from './api-users.ts'
import type { Attempt, Doors } from './door.ts'
import { invalid, notFound } from './errors.ts'
import { ALWAYS, readSchedule, type Schedule } from './schedule.ts'
import { entryResponse, personOf } from './shapes.ts'
import {
  addToSite,
  assignTag,
  type Group,
  type Lock,
  personByEmail,
  type ROLES,
  removeFromSite,
  type Site,
  type State,
  type Switches,
  seatsTaken,
  setSubscription,
  siteAt,
  siteUserOf,
  tagOf,
  unassignTag,
} from './state.ts'
import type { TokenResponse, Tokens } from './tokens.ts'

export type RoleCode = keyof typeof ROLES
export type ScheduleInput = 'always' | Partial<Omit<Schedule, 'id'>> | null

const SCOPE = 'openid profile offline_access user_api.full_access'

export const createControls = (deps: {
  state: State
  tokens: Tokens
  doors: Doors
  defaultClientId: string
}) => {
  const { state, tokens, doors, defaultClientId } = deps
  const site = (siteId: string) => siteAt(state, siteId)

  const siteHolding = (lockId: string): [Site, Lock] => {
    for (const each of state.sites.values()) {
      const lock = each.locks.get(lockId)
      if (lock) return [each, lock]
    }
    throw notFound('Lock')
  }

  const groupIn = (siteId: string, groupId: string): Group => {
    const group = site(siteId).groups.get(groupId)
    if (!group) throw notFound('Access group')
    return group
  }

  const userIn = (siteId: string, siteUserId: string) => {
    const user = site(siteId).users.get(siteUserId)
    if (!user) throw notFound('User')
    return user
  }

  const describeUser = (siteId: string, siteUserId: string) => {
    const user = userIn(siteId, siteUserId)
    const { firstName, lastName, email, hasProfile } = personOf(state, user.saltoUserId)
    const { saltoUserId, alias, blocked, subscriptionState } = user
    return {
      siteUserId,
      saltoUserId,
      firstName,
      lastName,
      email,
      hasProfile,
      alias,
      roles: user.roleCodes,
      blocked,
      subscriptionState,
      tagNumber: tagOf(state, saltoUserId)?.number ?? null,
    }
  }

  const describeGroup = ({ groupId, name, users, locks, schedules }: Group) => ({
    id: groupId,
    name,
    users: [...users],
    locks: [...locks],
    schedules: schedules.map((schedule) => ({ ...schedule })),
  })

  const readers = {
    site: (siteId: string) => {
      const { uid, name, timeZone, seats, ownerId, installationState, subscriptionValid, iq } =
        site(siteId)
      return {
        siteId,
        uid,
        name,
        timeZone,
        seats,
        seatsTaken: seatsTaken(site(siteId)),
        ownerId,
        installationState,
        subscriptionValid,
        iqOnline: iq.offlineSince === null,
      }
    },
    sites: () => [...state.sites.keys()],
    users: (siteId: string) =>
      [...site(siteId).users.keys()].map((siteUserId) => describeUser(siteId, siteUserId)),
    userByAlias: (siteId: string, alias: string) =>
      readers.users(siteId).find((user) => user.alias === alias) ?? null,
    groups: (siteId: string) => [...site(siteId).groups.values()].map(describeGroup),
    groupByName: (siteId: string, name: string) =>
      readers.groups(siteId).find((group) => group.name === name) ?? null,
    locks: (siteId: string) =>
      [...site(siteId).locks.values()].map(({ lockId, name, type, offlineTags }) => ({
        lockId,
        name,
        type,
        online: offlineTags === null,
      })),
    tags: (siteId: string) =>
      [...state.tags.values()]
        .filter((tag) => tag.siteId === siteId)
        .map(({ tagId, number, blocked, isPodTag, holder }) => ({
          tagId,
          number,
          blocked,
          isPodTag,
          holder,
        })),
    /** Who opens what right now: `USER LOCK`. */
    whoOpens: (siteId: string) => doors.whoOpens(site(siteId)),
    /** Newest last, in the service's own words. */
    entries: (siteId: string) =>
      site(siteId).entries.map((entry) => entryResponse(state, site(siteId), entry)),
    /** Invitations sent by e-mail, newest last. */
    outbox: () => state.outbox.map((invitation) => ({ ...invitation })),
    /** API requests other than GET that succeeded. */
    writes: () => state.writes,
  }

  const changes = {
    /** A person with a login. Returns the platform id. */
    addUserProfile: (given: {
      email: string
      password: string
      firstName: string
      lastName: string
    }): string => {
      const { email, password, firstName, lastName } = given
      if (personByEmail(state, email)) throw invalid('The e-mail is already in use')
      const person = newPerson(state, { email, firstName, lastName, managedBy: null })
      Object.assign(person, { password, hasProfile: true })
      return person.saltoUserId
    },
    /** An invited person accepts the invitation; names and e-mail are theirs from now on. */
    completeProfile: (saltoUserId: string, password = 'secret') => {
      Object.assign(personOf(state, saltoUserId), { password, hasProfile: true })
    },
    /** A site with its owner as an admin of it, one hub, and nothing else. Returns its id. */
    addSite: (given: {
      name: string
      timeZone: string
      seats: number | null
      ownerId: string
      installationState?: Site['installationState']
      subscriptionValid?: boolean
      pinEnabled?: boolean
    }): string => {
      const siteId = state.newId()
      const added: Site = {
        siteId,
        uid: `XX${String(state.sites.size + 1).padStart(10, '0')}`,
        countryCode: 'DE',
        installationState: 'released',
        subscriptionValid: true,
        pinEnabled: false,
        iq: { iqId: state.newId(), name: 'Hub', offlineSince: null },
        users: new Map(),
        bySaltoUserId: new Map(),
        locks: new Map(),
        groups: new Map(),
        entries: [],
        ...given,
      }
      state.sites.set(siteId, added)
      const roleCodes = ['site_admin', 'site_mobile_user']
      addToSite(state, added, personOf(state, given.ownerId), { alias: null, roleCodes })
      return siteId
    },
    setSite: (
      siteId: string,
      partial: Partial<
        Pick<
          Site,
          'name' | 'timeZone' | 'seats' | 'installationState' | 'subscriptionValid' | 'pinEnabled'
        >
      >,
    ) => {
      Object.assign(site(siteId), partial)
    },
    /** A known person by `profileId`, or a new one, who gets an account only when invited. */
    addSiteUser: (
      siteId: string,
      given: {
        profileId?: string
        firstName?: string
        lastName?: string
        email?: string
        alias?: string
        roleCodes?: RoleCode[]
        tagId?: string
      },
    ): { siteUserId: string; saltoUserId: string } => {
      const { profileId, firstName = '', lastName = '', email = null } = given
      const person = profileId
        ? personOf(state, profileId)
        : newPerson(state, { firstName, lastName, email, managedBy: siteId })
      const { saltoUserId } = person
      const roleCodes = given.roleCodes ?? ['site_user']
      const user =
        siteUserOf(site(siteId), saltoUserId) ??
        addToSite(state, site(siteId), person, { alias: null, roleCodes })
      user.roleCodes = roleCodes
      user.alias = given.alias ?? user.alias
      user.createdAt = Number.NEGATIVE_INFINITY
      if (given.tagId) assignTag(state, site(siteId), user, given.tagId)
      return { siteUserId: user.siteUserId, saltoUserId }
    },
    removeSiteUser: (siteId: string, siteUserId: string) =>
      removeFromSite(state, site(siteId), userIn(siteId, siteUserId)),
    suspendUser: (siteId: string, siteUserId: string, suspended = true) =>
      setSubscription(
        site(siteId),
        userIn(siteId, siteUserId),
        suspended ? 'suspended' : 'subscribed',
      ),
    blockUser: (siteId: string, siteUserId: string, blocked = true) => {
      userIn(siteId, siteUserId).blocked = blocked
    },
    /** The key of the tag somebody holds. */
    blockKey: (siteId: string, siteUserId: string, blocked = true) => {
      const { key } = userIn(siteId, siteUserId)
      if (!key) throw notFound('Key')
      key.blocked = blocked
    },
    setAlias: (siteId: string, siteUserId: string, alias: string) => {
      userIn(siteId, siteUserId).alias = alias
    },
    setRoles: (siteId: string, siteUserId: string, roleCodes: RoleCode[]) => {
      userIn(siteId, siteUserId).roleCodes = roleCodes
    },
    addTag: (
      siteId: string,
      given: { number: string; blocked?: boolean; pod?: boolean },
    ): string => {
      const tagId = state.newId()
      state.tags.set(tagId, {
        tagId,
        siteId: site(siteId).siteId,
        number: given.number,
        blocked: given.blocked ?? false,
        isPodTag: given.pod ?? false,
        createdAt: state.now(),
        holder: null,
      })
      return tagId
    },
    /** Gives a tag to a site user, or with null takes it off whoever has it. */
    giveTag: (siteId: string, tagId: string, siteUserId: string | null) => {
      if (siteUserId) return assignTag(state, site(siteId), userIn(siteId, siteUserId), tagId)
      const tag = state.tags.get(tagId)
      if (tag) unassignTag(state, tag)
    },
    addLock: (siteId: string, given: { name: string; type?: string; online?: boolean }): string => {
      const lockId = state.newId()
      const { name, type = 'wall_reader', online = true } = given
      site(siteId).locks.set(lockId, { lockId, name, type, offlineTags: online ? null : [] })
      return lockId
    },
    removeLock: (lockId: string) => {
      const [from] = siteHolding(lockId)
      from.locks.delete(lockId)
      for (const group of from.groups.values()) {
        group.locks = group.locks.filter((id) => id !== lockId)
      }
    },
    addAccessGroup: (
      siteId: string,
      given: {
        name: string
        lockIds?: string[]
        schedule?: ScheduleInput
        saltoUserIds?: string[]
      },
    ): string => {
      const groupId = state.newId()
      const { name, lockIds = [], saltoUserIds = [], schedule = null } = given
      const group = { groupId, name, users: [...saltoUserIds], locks: [...lockIds], schedules: [] }
      site(siteId).groups.set(groupId, group)
      if (schedule) changes.addSchedule(siteId, groupId, schedule)
      return groupId
    },
    removeAccessGroup: (siteId: string, groupId: string) => {
      site(siteId).groups.delete(groupId)
    },
    renameAccessGroup: (siteId: string, groupId: string, name: string) => {
      groupIn(siteId, groupId).name = name
    },
    addSchedule: (
      siteId: string,
      groupId: string,
      schedule: Exclude<ScheduleInput, null>,
    ): string => {
      const given = schedule === 'always' ? {} : schedule
      const added = readSchedule(state.newId(), { ...ALWAYS, ...given })
      groupIn(siteId, groupId).schedules.push(added)
      return added.id
    },
    removeSchedule: (siteId: string, groupId: string, scheduleId: string) => {
      const group = groupIn(siteId, groupId)
      group.schedules = group.schedules.filter(({ id }) => id !== scheduleId)
    },
    addToGroup: (siteId: string, groupId: string, saltoUserId: string) => {
      const group = groupIn(siteId, groupId)
      if (!siteUserOf(site(siteId), saltoUserId)) throw notFound('User')
      if (!group.users.includes(saltoUserId)) group.users.push(saltoUserId)
    },
    removeFromGroup: (siteId: string, groupId: string, saltoUserId: string) => {
      const group = groupIn(siteId, groupId)
      group.users = group.users.filter((id) => id !== saltoUserId)
    },
    addLockToGroup: (siteId: string, groupId: string, lockId: string) => {
      const group = groupIn(siteId, groupId)
      if (!site(siteId).locks.has(lockId)) throw notFound('Lock')
      if (!group.locks.includes(lockId)) group.locks.push(lockId)
    },
    removeLockFromGroup: (siteId: string, groupId: string, lockId: string) => {
      const group = groupIn(siteId, groupId)
      group.locks = group.locks.filter((id) => id !== lockId)
    },
  }

  const circumstances = {
    /** The hub loses or finds the internet; while it is gone, doors keep to what they knew. */
    setIqOnline: (siteId: string, online: boolean) => {
      const { iq } = site(siteId)
      iq.offlineSince = online ? null : (iq.offlineSince ?? state.now())
    },
    setLockOnline: (lockId: string, online: boolean) => {
      const [at, lock] = siteHolding(lockId)
      lock.offlineTags = online ? null : doors.offlineTags(at, lock)
    },
    /** How late changes reach the doors; about 45 s and 215 s in real life. */
    setLag: (lag: { memberMs: number; scheduleMs: number }) => {
      state.lag = lag
    },
    /** How long a new site user is not yet known everywhere. */
    setConsistencyDelay: (ms: number) => {
      state.consistencyMs = ms
    },
    switches: (given: Partial<Switches>) => {
      Object.assign(state.switches, given)
    },
    setTokenLifetime: (seconds: number) => tokens.setLifetime(seconds),
    /** As when the admin behind them changes the password. */
    revokeAllTokens: () => tokens.revokeAll(),
    /** Tokens as after a consent, for tests that are not about consenting. */
    issueTokens: (email: string, clientId = defaultClientId): Promise<TokenResponse> => {
      const person = personByEmail(state, email)
      if (!person) throw notFound('User')
      const authenticatedAt = Math.floor(state.now() / 1000)
      const { saltoUserId } = person
      return tokens.issue({ clientId, saltoUserId, scope: SCOPE, authenticatedAt })
    },
    /** Somebody holds a tag or a phone to a lock, or types a PIN; makes an entry. */
    door: (attempt: Attempt) => doors.knock(attempt),
  }

  return {
    ...readers,
    ...recorded(changes, doors.recordAll),
    ...recorded(circumstances, doors.recordAll),
  }
}

export type Controls = ReturnType<typeof createControls>

/** Every change may be one the doors hear of late. */
const recorded = <T extends Record<string, (...args: never[]) => unknown>>(
  controls: T,
  record: () => void,
): T =>
  Object.fromEntries(
    Object.entries(controls).map(([name, control]) => [
      name,
      (...args: never[]) => {
        const result = control(...args)
        record()
        return result
      },
    ]),
  ) as T
