// What is known of each membership, joined to one line of the table. All of them are sorted and
// filtered by what is quick to know; the rest is looked up for those that are shown.
import type { MemberLine } from '../../views/members.tsx'
import { hasTag } from '../core/differences.ts'
import { isActive, lastEnd } from '../core/entitlements.ts'
import { asId, type MembershipId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { normalName } from '../core/names.ts'
import { localDate } from '../core/temporal.ts'
import { listErasing } from '../db/erase.ts'
import type { Tx } from '../db/open.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { intervalsOf } from '../db/spaces.ts'
import { list, present, type Row, upTo } from '../db/store.ts'
import { listVisitors, pinFor, visitorsBooking } from '../db/visitors.ts'
import type { Here, Web } from './page.ts'

export type { MemberLine }

/** An end within this time is shown as one that comes soon. */
const soonMs = 30 * 24 * 3600_000

export const filters = [
  'all',
  'notConnected',
  'problem',
  'nothing',
  'endingSoon',
  'visitors',
  'ended',
] as const
export type Wanted = { search: string; filter: string }

/** Current and upcoming memberships by name, or those that are over; `show` makes lines of some. */
export const findMembers = async ({ db, ports }: Web, here: Here, wanted: Wanted) => {
  const { read } = db
  const { space } = here
  const { search, filter } = wanted
  const now = ports.clock.now()
  const bare = (await readMembers(read, space, now))
    .filter(({ isOver }) => isOver === (filter === 'ended'))
    .filter((line) => isFound(line, search))
  const users = filter === 'nothing' ? await readUsers(read, space.spaceId, bare) : null
  const found = bare
    .filter((line) => {
      if (filter === 'endingSoon') return endsSoon(space, line.membership, now)
      if (filter === 'problem') return line.state === 'problem' || line.state === 'choosing'
      if (filter === 'visitors') return line.visit !== null
      if (users) return hasNothing(line, users)
      return filter === 'all' || filter === 'ended' || line.state === filter
    })
    .sort((a, b) => byName.compare(a.name, b.name))
  return { found, show: (some: readonly Bare[]) => wholeLines(read, here, some, now) }
}

/** One of them, whatever its state. */
export const getMember = async ({ db, ports }: Web, here: Here, id: string) => {
  const now = ports.clock.now()
  const bare = await readMembers(db.read, here.space, now, id)
  const [line = null] = await wholeLines(db.read, here, bare, now)
  return line
}

type Visit = NonNullable<MemberLine['visit']>
type Membership = Row<'memberships'> & { visit?: Visit }
type Facts = Awaited<ReturnType<typeof readFacts>>
type Bare = ReturnType<typeof bareLine>
type Users = ReadonlyMap<string, SiteUser>

/** Members and visitors, over or not: all of them, or the one of this id. */
const readMembers = async (read: Tx, space: Here['space'], now: Date, only?: string) => {
  const { spaceId } = space
  const which = only === undefined ? {} : { membershipId: asId<MembershipId>(only) }
  const memberships = await list(read, 'memberships', { spaceId, ...which })
  const pairingId = memberships.flatMap((each) => each.pairingId ?? [])
  const one = only && visitorsBooking(only) ? { person: only } : { pairingId }
  const pairings = await list(read, 'pairings', { spaceId, ...(only !== undefined && one) })
  const visitors = await findVisitors(read, spaceId, pairings, now)
  const facts = await readFacts(read, space, now, pairings, only !== undefined)
  return [...memberships, ...visitors].map((each) => bareLine(each, facts))
}

/** Of everybody, or of these pairings only. */
const readFacts = async (
  read: Tx,
  space: Here['space'],
  now: Date,
  pairings: Row<'pairings'>[],
  isFew: boolean,
) => {
  const { spaceId } = space
  const pairingId = pairings.map((each) => each.pairingId)
  const source = pairingId.map((each) => `reconcilePairing:${each}`)
  const states = ['held', 'notReturned', 'lost', 'returning'] as const
  const tags = await list(read, 'tagHolders', { spaceId, ...(isFew && { pairingId }) })
  tags.sort((a, b) => states.indexOf(b.state) - states.indexOf(a.state))
  const look = { spaceId, task: 'reconcilePairing', runAt: upTo(now) } as const
  const due = await list(read, 'work', { ...look, ...(isFew && { subject: pairingId }) })
  const said = { spaceId, leftAt: null, shownAt: present }
  const problems = await list(read, 'problems', { ...said, ...(isFew && { source }) })
  // Of several the last one is shown: that there is no tag yet says the least.
  problems.sort((a, b) => Number(b.code === 'P22') - Number(a.code === 'P22'))
  return {
    pairings: byKey(pairings, (row) => row.pairingId),
    due: byKey(due, (row) => row.subject),
    problems: byKey(problems, (row) => row.source),
    tags: byKey(tags, (row) => row.pairingId),
    erasing: await listErasing(read, space, now),
    isOver: (membership: Membership) => isOver(space, membership, now),
  }
}

const isOver = (space: Here['space'], membership: Membership, now: Date): boolean => {
  const { goneAt, visit, confirmedAt, canceledTo } = membership
  if (visit || goneAt) return goneAt !== null
  if (!confirmedAt) return canceledTo !== null && canceledTo <= localDate(now, space.timeZone)
  const intervals = intervalsOf(space, [membership])
  return !intervals.some((each) => each.startsAt > now || isActive(each, now))
}

const byKey = <T>(rows: T[], keyOf: (row: T) => string) =>
  new Map(rows.map((row) => [keyOf(row), row]))

/** Visitors of today and tomorrow stand among the members, as if on a membership of their own (C5). */
const findVisitors = async (
  read: Tx,
  spaceId: Here['space']['spaceId'],
  pairings: readonly Row<'pairings'>[],
  now: Date,
): Promise<Membership[]> => {
  const found = await listVisitors(read, spaceId, pairings)
  const current = found.filter(({ pairing, booking }) => pairing.siteUserId || booking.endsAt > now)
  const resources = current.length > 0 ? await listSnapshot(read, spaceId, 'resource') : []
  return current.map(({ pairing, booking }) => {
    const { readAt, resourceId, startsAt, endsAt } = booking
    const plan = resources.find((each) => each.resourceId === resourceId)?.name ?? ''
    const none = { upcomingPlan: null, cobotUserId: null, teamId: null, canceledTo: null }
    return {
      ...none,
      endLearnedOn: null,
      planEndLearnedOn: null,
      absentAt: null,
      goneAt: null,
      spaceId,
      membershipId: asId(pairing.person),
      pairingId: pairing.pairingId,
      readAt,
      name: booking.external?.name ?? null,
      email: null,
      confirmedAt: readAt,
      startsOn: '',
      plan: { planId: null, name: plan, canceledTo: null },
      visit: { startsAt, endsAt },
    }
  })
}

const bareLine = (membership: Membership, facts: Facts) => {
  const { membershipId, name, email, plan, upcomingPlan } = membership
  const pairingId = membership.pairingId ?? ''
  const pairing = facts.pairings.get(pairingId)
  const isDue = facts.due.has(pairingId)
  const problem = facts.problems.get(`reconcilePairing:${pairingId}`)
  const isOver = facts.isOver(membership)
  const state = stateOf(membership, pairing, { isDue, isProblem: problem !== undefined, isOver })
  const upcoming = upcomingPlan && plan.canceledTo
  return {
    membership,
    isOver,
    membershipId,
    email,
    name: name ?? email ?? membershipId,
    plan: plan.name,
    pairing,
    problem,
    tag: facts.tags.get(pairingId),
    state,
    isDue,
    visit: membership.visit ?? null,
    isErasing: facts.erasing.has(membershipId),
    upcoming: upcoming ? { name: upcomingPlan.name, on: plan.canceledTo ?? '' } : null,
  }
}

const isFound = (line: Bare, search: string): boolean => {
  const wanted = normalName(search)
  const words = [line.name, line.email, line.plan, line.upcoming?.name, line.tag?.number]
  return !wanted || words.some((word) => word && normalName(word).includes(wanted))
}

const byName = new Intl.Collator()

const endsSoon = (space: Here['space'], membership: Membership, now: Date): boolean => {
  if (membership.visit) return false
  const end = lastEnd(intervalsOf(space, [membership]))
  return end !== null && end.getTime() - now.getTime() < soonMs
}

/** What KS showed last of those who are connected. */
const readUsers = async (
  read: Tx,
  spaceId: Membership['spaceId'],
  lines: readonly Bare[],
): Promise<Users> => {
  const id = lines.flatMap(({ pairing }) => pairing?.siteUserId ?? [])
  const rows = await list(read, 'snapshots', { spaceId, kind: 'siteUser', id, goneAt: null })
  return new Map(rows.map((row) => [row.id, row.data as SiteUser]))
}

const userOf = ({ pairing }: Bare, users: Users) =>
  pairing?.siteUserId ? users.get(pairing.siteUserId) : undefined

/** Connected, with neither a tag nor the app, nor as a visitor a PIN. */
const hasNothing = (line: Bare, users: Users): boolean => {
  const user = userOf(line, users)
  const tags = line.tag ? [line.tag] : []
  const hasKey = hasTag(tags, { tagNumber: user?.tagNumber ?? null }) || user?.hasProfile
  const hasPin = line.visit && user?.usePin
  return line.pairing?.state === 'paired' && !hasKey && !hasPin
}

const wholeLines = async (
  read: Tx,
  { space, site }: Here,
  lines: readonly Bare[],
  now: Date,
): Promise<MemberLine[]> => {
  const users = await readUsers(read, space.spaceId, lines)
  const whole: MemberLine[] = []
  for (const line of lines) {
    const { visit, pairing } = line
    const pin = site && visit && pairing ? await pinFor(read, space, site, pairing, now) : null
    whole.push(wholeLine(line, userOf(line, users), pin, space.settings.invite ?? false))
  }
  return whole
}

/** `mayInvite`: the space's switch is on. */
const wholeLine = (
  line: Bare,
  user: SiteUser | undefined,
  pin: MemberLine['pin'],
  mayInvite: boolean,
): MemberLine => {
  const { membership, isOver, isDue, pairing, problem, tag, ...rest } = line
  const isInvited = pairing?.invite ?? null
  return {
    ...rest,
    endsOn: membership.canceledTo,
    // A look that was put off is due later, and the row goes on asking until it is through.
    isWorking:
      (isDue && pairing !== undefined) ||
      rest.isErasing ||
      ['working', 'leaving'].includes(rest.state),
    pairingId: pairing?.pairingId ?? null,
    candidates: rest.state === 'choosing' ? (pairing?.candidates ?? []) : [],
    lockedOut: pairing?.lockedOut ?? false,
    problem: problem ?? null,
    tag: tag ?? null,
    otherTag: tag ? null : (user?.tagNumber ?? null),
    pin,
    hasPin: rest.visit !== null && (user?.usePin ?? false),
    app: user?.hasProfile ? 'used' : isInvited,
    mayInvite: mayInvite && !user?.hasProfile && !isInvited && rest.email !== null,
  }
}

const stateOf = (
  { confirmedAt }: Membership,
  pairing: Row<'pairings'> | undefined,
  look: { isDue: boolean; isProblem: boolean; isOver: boolean },
): MemberLine['state'] => {
  if (look.isOver && pairing?.state !== 'leaving') return 'ended'
  if (!confirmedAt) return 'unconfirmed'
  if (!pairing) return 'notConnected'
  if (pairing.state === 'leaving') return 'leaving'
  if (pairing.state === 'choosing') return 'choosing'
  if (look.isDue) return 'working'
  if (pairing.lockedOut) return 'lockedOut'
  if (look.isProblem) return 'problem'
  return pairing.state === 'paired' ? 'connected' : 'working'
}
