// Who may open what, and when: from memberships to intervals of plans to places in access groups.
import type { AccessGroupId, MembershipId, PlanId } from './ids.ts'
import type { LocalDate, Membership } from './model.ts'
import { addDays, startOfDay } from './temporal.ts'

/** A membership as stored, with the day on which each end was first seen. */
export type KnownMembership = Membership & {
  endLearnedOn: LocalDate | null
  planEndLearnedOn: LocalDate | null
  goneAt: Date | null
}

export type SpaceRules = { timeZone: string; lastDayIncluded: boolean }

/** From `startsAt` (inside) to `endsAt` (outside), somebody is on a plan. */
export type PlanInterval = {
  membershipId: MembershipId
  planId: PlanId | null
  planName: string
  startsAt: Date
  endsAt: Date | null
}

/**
 * ASSUMED reading of `canceled_to`, of memberships and of plans alike (R19): no access *on* that
 * date, unless the space's setting says that the last day counts. An end first seen on its own day
 * takes effect at the next midnight, as a cancellation made during the day does in Cobot.
 */
export const endsAt = (
  canceledTo: LocalDate,
  learnedOn: LocalDate | null,
  { timeZone, lastDayIncluded }: SpaceRules,
): Date =>
  startOfDay(
    lastDayIncluded || learnedOn === canceledTo ? addDays(canceledTo, 1) : canceledTo,
    timeZone,
  )

/** The plans of one membership over time; nothing while unconfirmed or when gone. */
export const planIntervals = (membership: KnownMembership, rules: SpaceRules): PlanInterval[] => {
  if (!membership.confirmedAt || membership.goneAt) return []
  const { membershipId, plan, upcomingPlan, canceledTo } = membership
  const from = startOfDay(membership.startsOn, rules.timeZone)
  const until = canceledTo ? endsAt(canceledTo, membership.endLearnedOn, rules) : null
  const change =
    upcomingPlan && plan.canceledTo
      ? endsAt(plan.canceledTo, membership.planEndLearnedOn, rules)
      : null
  const on = (p: Membership['plan'], startsAt: Date, ends: Date | null): PlanInterval => ({
    membershipId,
    planId: p.planId,
    planName: p.name,
    startsAt,
    endsAt: ends,
  })
  const intervals = change
    ? [on(plan, from, change), ...(upcomingPlan ? [on(upcomingPlan, change, null)] : [])]
    : [on(plan, from, null)]
  return intervals
    .map((interval) => ({
      ...interval,
      startsAt: later(interval.startsAt, from),
      endsAt: earlier(interval.endsAt, until),
    }))
    .filter((interval) => !interval.endsAt || interval.startsAt < interval.endsAt)
}

export const isActive = (interval: { startsAt: Date; endsAt: Date | null }, now: Date): boolean =>
  interval.startsAt <= now && (!interval.endsAt || now < interval.endsAt)

/** The next instant at which one of these begins or ends. */
export const nextChange = (
  intervals: readonly { startsAt: Date; endsAt: Date | null }[],
  now: Date,
): Date | null =>
  intervals
    .flatMap(({ startsAt, endsAt }) => (endsAt ? [startsAt, endsAt] : [startsAt]))
    .reduce<Date | null>((next, at) => (at > now ? earlier(at, next) : next), null)

/** The end of all of them: null without an end, or when there are none at all. */
export const lastEnd = (intervals: readonly PlanInterval[]): Date | null =>
  intervals.some(({ endsAt }) => !endsAt) ? null : latest(intervals.map(({ endsAt }) => endsAt))

/** All that somebody is entitled by at `now`. */
export const basisNow = (intervals: readonly PlanInterval[], now: Date): string =>
  intervals
    .filter((interval) => isActive(interval, now))
    .map(basisOf)
    .sort()
    .join(' ')

/** A place somebody should have now; `basis` names the entitlement it rests on. */
export type DesiredPlace = { accessGroupId: AccessGroupId; basis: string }

/** An interval as the ledger and the audit name it: membership/plan/from/to. */
export const basisOf = ({ membershipId, planId, startsAt, endsAt }: PlanInterval): string =>
  `${membershipId}/${planId}/${startsAt.getTime()}/${endsAt?.getTime() ?? ''}`

/** The places in plan groups that these intervals give at `now`. */
export const desiredPlaces = (
  intervals: readonly PlanInterval[],
  groupsOf: (interval: PlanInterval) => readonly AccessGroupId[],
  now: Date,
): Map<AccessGroupId, DesiredPlace> => {
  const places = new Map<AccessGroupId, DesiredPlace>()
  for (const interval of intervals.filter((each) => isActive(each, now)))
    for (const accessGroupId of groupsOf(interval)) {
      const basis = [...(places.get(accessGroupId)?.basis.split(' ') ?? []), basisOf(interval)]
      places.set(accessGroupId, { accessGroupId, basis: basis.sort().join(' ') })
    }
  return places
}

export const earlier = <T extends Date | null>(a: T, b: T): T => (!a ? b : !b ? a : a < b ? a : b)
export const later = (a: Date, b: Date | null): Date => (b && b > a ? b : a)
/** The last of those that there are. */
export const latest = (all: readonly (Date | null)[]): Date | null =>
  all.reduce((last, at) => (at ? later(at, last) : last), null)
