// Why does this person get through this door, or not? From stored facts alone: each way that could
// lead there is a chain of links, and the first one that is broken is the answer.
import { isActive, type PlanInterval } from './entitlements.ts'
import { isAdministrative } from './fence.ts'
import type { BookingId, LockId, SaltoUserId } from './ids.ts'
import type { GroupAccess, Lock, SiteUser } from './model.ts'
import { type BookingWindow, holdsAt, scheduleEdges } from './schedule.ts'
import { bookingLeadMs } from './steps.ts'

export const links = [
  'membership',
  'plan',
  'group',
  'locks',
  'hours',
  'connected',
  'tag',
  'seat',
  'blocked',
  'hardware',
] as const
export type Link = (typeof links)[number]

/** Where the link is mended: at Cobot, at SALTO, or on one of our pages. */
export type Mend = 'cobot' | 'salto' | 'plans' | 'members' | 'connect' | 'problems' | 'check'

/** One link; `detail` says in a word what is wrong with it. */
export type ChainLink = { link: Link; ok: boolean; detail: string; action: Mend | null }

export type Why = {
  opens: boolean
  /** The first instant at which it is shut. */
  until: Date | null
  /** The next time after that; without an end when none is in sight. */
  next: { from: Date; until: Date | null } | null
  /** The way that opens it, or the one that comes closest. */
  way: { kind: 'plan'; planName: string } | { kind: 'booking'; bookingId: BookingId } | null
  chain: ChainLink[]
  broken: Link | null
}

/** A plan of the person and what it is mapped to; without interval a place that still stands. */
export type PlanWay = {
  kind: 'plan'
  planName: string
  interval: PlanInterval | null
  mapping: 'none' | 'ready' | 'making' | 'several' | 'missing'
  /** null until it was read. */
  access: GroupAccess | null
  place: { joinedAt: Date | null; isByHand: boolean } | null
}

/** A booking of the person that opens this lock, with the minutes before and after. */
export type BookingWay = {
  kind: 'booking'
  bookingId: BookingId
  /** Without the minutes: when a membership must run. */
  bookedAt: Date
  startsAt: Date
  endsAt: Date
  group: { written: BookingWindow | null; isByHand: boolean } | null
}

export type WhyFacts = {
  now: Date
  /** The site's. */
  timeZone: string
  siteIsValid: boolean
  lockId: LockId
  /** null when KS does not have it. */
  lock: Pick<Lock, 'online'> | null
  /** While it is, doors keep to what they knew. */
  hubOfflineSince: Date | null
  intervals: readonly PlanInterval[]
  plans: readonly PlanWay[]
  bookings: readonly BookingWay[]
  pairing: { state: string; saltoUserId: SaltoUserId | null } | null
  lockedOut: boolean
  /** As KS last showed it. */
  user: SiteUser | null
  tag: 'lost' | 'blocked' | 'fine' | 'none'
}

export const why = (facts: WhyFacts, at: Date): Why => {
  const nobody: PlanWay = {
    kind: 'plan',
    planName: '',
    interval: null,
    mapping: 'none',
    access: null,
    place: null,
  }
  const ways = [...facts.plans, ...facts.bookings]
  const judged = (ways.length > 0 ? ways : [nobody]).map((way) => ({
    way,
    ...judge(facts, way, at),
  }))
  const best = judged.reduce((a, b) => (reach(b) > reach(a) ? b : a))
  const later = edgesOf(facts, at).filter((edge) => edge > at)
  const stretch = (from: Date) => ({
    from,
    until: later.find((edge) => edge > from && !opensAt(facts, edge)) ?? null,
  })
  const opens = opensAt(facts, at)
  const until = opens ? stretch(at).until : null
  const nextFrom = later.find((edge) => opensAt(facts, edge) && (!opens || (until && edge > until)))
  const { way, chain } = best
  return {
    opens,
    until,
    chain,
    next: nextFrom ? stretch(nextFrom) : null,
    way: way === nobody ? null : way,
    broken: chain.find(({ ok }) => !ok)?.link ?? null,
  }
}

/** Would the door let this person in at this instant? */
export const opensAt = (facts: WhyFacts, at: Date): boolean =>
  [...facts.plans, ...facts.bookings].some((way) => judge(facts, way, at).opens)

type Judged = { opens: boolean; chain: ChainLink[] }

/** How far somebody gets. A booking is about this very lock, a plan may be about others. */
const reach = ({ way, opens, chain }: Judged & { way: PlanWay | BookingWay }): number => {
  const broken = chain.find(({ ok }) => !ok)
  if (opens || !broken) return links.length
  const at = links.indexOf(broken.link)
  return way.kind === 'booking' ? Math.max(at, links.indexOf('locks') + 0.5) : at
}

const judge = (facts: WhyFacts, way: PlanWay | BookingWay, at: Date): Judged => {
  const own = way.kind === 'plan' ? planLinks(facts, way, at) : bookingLinks(facts, way, at)
  const chain = [...own, ...personLinks(facts, way, at)]
  const earned: Link[] = ['membership', 'plan', 'group']
  const stands = way.kind === 'plan' && at >= facts.now && isOverdue(facts, way)
  return { chain, opens: chain.every(({ link, ok }) => ok || (stands && earned.includes(link))) }
}

/** An end that could not be delivered: nothing gives the place any more, and it opens all the same. */
const isOverdue = ({ plans, now }: WhyFacts, { place }: PlanWay): boolean =>
  place?.joinedAt != null &&
  !place.isByHand &&
  plans
    .filter((other) => other.place === place)
    .every(({ interval }) => !interval || (interval.endsAt !== null && interval.endsAt <= now))

/** The first complaint that holds, or that all is well. */
const judgeLink = (link: Link, ...complaints: [boolean, string, Mend][]): ChainLink => {
  const [, detail = '', action = null] = complaints.find(([holds]) => holds) ?? []
  return { link, ok: detail === '', detail, action }
}

const planLinks = (facts: WhyFacts, way: PlanWay, at: Date): ChainLink[] => {
  const { interval, mapping, access, place } = way
  const { now, lockId, timeZone, pairing } = facts
  const isToCome = interval !== null && interval.startsAt > now
  const isInside = place?.joinedAt ? place.joinedAt <= at || at >= now : isToCome
  return [
    judgeLink(
      'membership',
      [interval === null, 'none', 'cobot'],
      [interval !== null && at < interval.startsAt, 'later', 'cobot'],
      [interval !== null && !isActive(interval, at), 'ended', 'cobot'],
    ),
    judgeLink('plan', [mapping === 'none', 'unmapped', 'plans']),
    judgeLink(
      'group',
      [mapping === 'making', 'making', 'check'],
      [mapping === 'several' || mapping === 'missing', mapping, 'salto'],
    ),
    judgeLink(
      'locks',
      [facts.lock === null, 'gone', 'salto'],
      [access === null, 'unread', 'check'],
      [!access?.lockIds.includes(lockId), 'notInGroup', 'salto'],
    ),
    judgeLink(
      'hours',
      [access?.schedules.length === 0, 'none', 'salto'],
      [!access?.schedules.some((each) => holdsAt(each, at, timeZone)), 'closed', 'salto'],
    ),
    judgeLink(
      'connected',
      ...pairingComplaints(facts),
      [pairing !== null && place?.isByHand === true, 'byHand', 'problems'],
      [!isInside, 'waiting', 'problems'],
    ),
  ]
}

const bookingLinks = (facts: WhyFacts, way: BookingWay, at: Date): ChainLink[] => {
  const { bookedAt, startsAt, endsAt, group } = way
  const { now, lockId, intervals, pairing } = facts
  const isMember = intervals.some((interval) => isActive(interval, bookedAt))
  const isEarly = now.getTime() < startsAt.getTime() - bookingLeadMs
  const isWritten = group?.written != null
  const inside = group?.written?.saltoUserId ?? null
  return [
    judgeLink('membership', [!isMember, 'notThen', 'cobot']),
    judgeLink(
      'group',
      [group?.isByHand === true, 'byHand', 'problems'],
      [!isWritten && !isEarly && pairing?.state === 'paired', 'waiting', 'problems'],
    ),
    judgeLink(
      'locks',
      [facts.lock === null, 'gone', 'salto'],
      [isWritten && !group?.written?.lockIds.includes(lockId), 'waiting', 'problems'],
    ),
    judgeLink('hours', [at < startsAt, 'later', 'cobot'], [at > endsAt, 'over', 'cobot']),
    judgeLink('connected', ...pairingComplaints(facts), [
      isWritten && inside !== pairing?.saltoUserId && at <= now,
      'waiting',
      'problems',
    ]),
  ]
}

const pairingComplaints = ({ pairing, user }: WhyFacts): [boolean, string, Mend][] => [
  [pairing === null || pairing.state === 'leaving', 'notConnected', 'connect'],
  [pairing?.state === 'choosing', 'choosing', 'members'],
  [pairing?.saltoUserId === null, 'waiting', 'problems'],
  [user === null, 'userGone', 'problems'],
  [user !== null && isAdministrative(user), 'administrative', 'salto'],
]

/** What is the same for every way. */
const personLinks = (facts: WhyFacts, way: PlanWay | BookingWay, at: Date): ChainLink[] => {
  const { user, tag, siteIsValid, lockedOut, lock, hubOfflineSince } = facts
  const joinedAt = way.kind === 'plan' ? way.place?.joinedAt : way.group?.written && way.bookedAt
  const isKnown = hubOfflineSince !== null && joinedAt != null && joinedAt < hubOfflineSince
  const isOffline = lock?.online === false && at <= facts.now
  return [
    judgeLink(
      'tag',
      [tag === 'none' && !user?.hasProfile, 'none', 'members'],
      [tag === 'lost' && !user?.hasProfile, 'lost', 'members'],
      [tag === 'blocked' && !user?.hasProfile, 'blocked', 'salto'],
    ),
    judgeLink(
      'seat',
      [!siteIsValid, 'siteEnded', 'salto'],
      [user?.seat === 'suspended', 'none', 'salto'],
    ),
    judgeLink(
      'blocked',
      [user?.blocked === true && lockedOut, 'lockedOut', 'members'],
      [user?.blocked === true, 'inSalto', 'salto'],
    ),
    judgeLink(
      'hardware',
      [isOffline && hubOfflineSince === null, 'lockOffline', 'salto'],
      [isOffline && !isKnown, 'hubOffline', 'salto'],
    ),
  ]
}

/** Every instant at which the answer may turn, in order. */
const edgesOf = ({ plans, bookings, timeZone }: WhyFacts, at: Date): Date[] => {
  const edges = bookings.flatMap(({ startsAt, endsAt }) => [startsAt, justAfter(endsAt)])
  for (const { interval, access, place } of plans) {
    const [startsAt, endsAt] = [interval?.startsAt ?? at, interval?.endsAt]
    edges.push(startsAt, ...(endsAt ? [endsAt] : []), ...(place?.joinedAt ? [place.joinedAt] : []))
    for (const around of startsAt > at ? [at, startsAt] : [at])
      for (const schedule of access?.schedules ?? [])
        edges.push(...scheduleEdges(schedule, around, timeZone))
  }
  const unique = [...new Set(edges.map((edge) => edge.getTime()))].sort((a, b) => a - b)
  return unique.map((ms) => new Date(ms))
}

const justAfter = (at: Date) => new Date(at.getTime() + 1000)
