// From what should be, what KS shows and what we ourselves put there, to what there is to do.
// Pure: the same list is the preview, the audit's reason and the test.
import { openTimes } from './doors.ts'
import { type DesiredPlace, isActive, latest, type PlanInterval } from './entitlements.ts'
import type { Origin } from './fence.ts'
import type { AccessGroupId, LockId, SaltoUserId, TimeScheduleId } from './ids.ts'
import type { TimeSchedule } from './model.ts'
import { type BookingWindow, wallWindow } from './schedule.ts'

/** How long we wait for KS to show what we wrote before we speak of somebody's hand (R15). */
export const settlingMs = 2 * 60_000
/** The two reads that "by hand" takes lie at least this far apart. */
export const secondLookMs = 30_000
/** A removal waits this long for the new place to succeed, and no longer (R6). */
export const makeBeforeBreakMs = 5 * 60_000

export type AppliedPlace = {
  accessGroupId: AccessGroupId
  origin: Origin
  basis: string
  joinedAt: Date | null
  unwantedSince: Date | null
}

export type PlaceStep =
  | { kind: 'join'; accessGroupId: AccessGroupId; basis: string }
  /** KS shows it already: take it into the ledger, or note that it rests on something new. */
  | { kind: 'keep'; accessGroupId: AccessGroupId; basis: string; origin: Origin }
  | { kind: 'leave'; accessGroupId: AccessGroupId; unwantedSince: Date }
  /** Nobody wants it and KS does not show it: strike it from the ledger. */
  | { kind: 'forget'; accessGroupId: AccessGroupId }
  /** Wanted and put there, and gone; there, and neither wanted nor ours: somebody's hand (R20). */
  | { kind: 'missing' | 'extra'; accessGroupId: AccessGroupId }

/** The new door first, then the old one: a plan change must not lock anybody out. */
export const nextPlaceSteps = (facts: {
  desired: ReadonlyMap<AccessGroupId, DesiredPlace>
  observed: ReadonlySet<AccessGroupId>
  /** Left so lately that a read may still show what was before. */
  left: ReadonlySet<AccessGroupId>
  applied: readonly AppliedPlace[]
  /** The groups of plans; all others are none of our business. */
  mapped: ReadonlySet<AccessGroupId>
  now: Date
}): PlaceStep[] => {
  const { desired, observed, left, applied, mapped, now } = facts
  const ledger = new Map(applied.map((place) => [place.accessGroupId, place]))
  const steps: PlaceStep[] = []
  for (const { accessGroupId, basis } of desired.values()) {
    const place = ledger.get(accessGroupId)
    if (observed.has(accessGroupId) && !left.has(accessGroupId)) {
      const origin = place ? place.origin : 'adopted'
      const asItIs = place?.joinedAt && place.basis === basis && !place.unwantedSince
      if (!asItIs) steps.push({ kind: 'keep', accessGroupId, basis, origin })
    } else if (
      left.has(accessGroupId) ||
      !place?.joinedAt ||
      place.basis !== basis ||
      place.unwantedSince
    ) {
      steps.push({ kind: 'join', accessGroupId, basis })
    } else {
      steps.push({ kind: 'missing', accessGroupId })
    }
  }
  for (const place of applied.filter(({ accessGroupId }) => !desired.has(accessGroupId))) {
    const { accessGroupId } = place
    if (observed.has(accessGroupId))
      steps.push({ kind: 'leave', accessGroupId, unwantedSince: place.unwantedSince ?? now })
    else steps.push({ kind: 'forget', accessGroupId })
  }
  for (const accessGroupId of observed)
    if (mapped.has(accessGroupId) && !desired.has(accessGroupId) && !ledger.has(accessGroupId))
      steps.push({ kind: 'extra', accessGroupId })
  return steps
}

/** May the old place go although a new one could not be taken yet? */
export const mayLeave = (facts: { joinFailed: boolean; unwantedSince: Date; now: Date }): boolean =>
  !facts.joinFailed || facts.now.getTime() - facts.unwantedSince.getTime() >= makeBeforeBreakMs

// Booking groups -----------------------------------------------------------------------------------

/** The group stands in KS from this long before the start, so that an outage of ours closes no door. */
export const bookingLeadMs = 7 * 24 * 3600_000
/** And this long after the end. */
export const bookingKeepMs = 24 * 3600_000

export type BookingFacts = {
  startsAt: Date
  endsAt: Date
  minutesBefore: number
  minutesAfter: number
  lockIds: LockId[]
  /** null when the booker is not connected. */
  saltoUserId: SaltoUserId | null
  /** The booker's membership over time, or the time of the visit. */
  intervals: readonly Pick<PlanInterval, 'startsAt' | 'endsAt'>[]
  zone: string
}

/** What a booking should look like in KS at `now`: nothing, or exactly one group like this. */
export const desiredBooking = (
  booking: BookingFacts,
  now: Date,
): { window: BookingWindow | null; keepUntil: Date | null; nextAt: Date | null } => {
  const nothing = { window: null, keepUntil: null, nextAt: null }
  const { startsAt, endsAt } = openTimes(booking, booking)
  if (booking.lockIds.length === 0 || endsAt <= startsAt) return nothing
  // A booking counts if its person is a member when it begins; it then lasts to its own end (R14).
  if (!booking.intervals.some((interval) => isActive(interval, booking.startsAt))) return nothing
  const keepUntil = new Date(endsAt.getTime() + bookingKeepMs)
  if (keepUntil <= now) return nothing
  // Over: nothing is wanted any more, but a group that stands is left until the day after.
  if (endsAt <= now) return { window: null, keepUntil, nextAt: keepUntil }
  const from = new Date(startsAt.getTime() - bookingLeadMs)
  if (from > now) return { window: null, keepUntil: null, nextAt: from }
  const wall = wallWindow(startsAt, endsAt, booking.zone)
  const inside = wall.exact || (startsAt <= now && now < endsAt)
  return {
    window: {
      startLocal: wall.startLocal,
      endLocal: wall.endLocal,
      lockIds: [...booking.lockIds].sort(),
      saltoUserId: inside ? booking.saltoUserId : null,
    },
    keepUntil: null,
    nextAt: wall.exact || startsAt <= now ? endsAt : startsAt,
  }
}

export type ObservedBooking = {
  saltoUserIds: SaltoUserId[]
  lockIds: LockId[]
  schedules: TimeSchedule[]
}

export type BookingStep =
  | { kind: 'personOut'; saltoUserId: SaltoUserId }
  | { kind: 'lockOut'; lockId: LockId }
  | { kind: 'dropSchedule'; timeScheduleId: TimeScheduleId }
  | {
      kind: 'setSchedule'
      timeScheduleId: TimeScheduleId | null
      startLocal: string
      endLocal: string
    }
  | { kind: 'lockIn'; lockId: LockId }
  | { kind: 'personIn'; saltoUserId: SaltoUserId }

/** The whole group: persons out, locks out, one schedule, locks in, persons in last (R7). */
export const nextBookingSteps = (
  desired: BookingWindow,
  observed: ObservedBooking,
): BookingStep[] => {
  const { saltoUserId, startLocal, endLocal } = desired
  const right = observed.schedules.find((each) => isWindow(each, desired))
  const kept = right ?? observed.schedules[0]
  const steps: BookingStep[] = []
  for (const other of observed.saltoUserIds)
    if (other !== saltoUserId) steps.push({ kind: 'personOut', saltoUserId: other })
  for (const lockId of observed.lockIds)
    if (!desired.lockIds.includes(lockId)) steps.push({ kind: 'lockOut', lockId })
  for (const schedule of observed.schedules) {
    const { timeScheduleId } = schedule
    if (schedule !== kept) steps.push({ kind: 'dropSchedule', timeScheduleId })
  }
  const timeScheduleId = kept?.timeScheduleId ?? null
  if (!right) steps.push({ kind: 'setSchedule', timeScheduleId, startLocal, endLocal })
  for (const lockId of desired.lockIds)
    if (!observed.lockIds.includes(lockId)) steps.push({ kind: 'lockIn', lockId })
  if (saltoUserId && !observed.saltoUserIds.includes(saltoUserId))
    steps.push({ kind: 'personIn', saltoUserId })
  return steps
}

const isWindow = (schedule: TimeSchedule, { startLocal, endLocal }: BookingWindow): boolean =>
  schedule.startLocal === startLocal &&
  schedule.endLocal === endLocal &&
  schedule.weekdays.every(Boolean) &&
  schedule.startTime === '00:00:00' &&
  schedule.endTime === '23:59:59'

export const sameWindow = (a: BookingWindow, b: BookingWindow): boolean =>
  a.startLocal === b.startLocal &&
  a.endLocal === b.endLocal &&
  a.saltoUserId === b.saltoUserId &&
  a.lockIds.join() === b.lockIds.join()

/** Past a membership's end, bookings that began during it keep user, seat and tag until then (R14). */
export const bookedUntil = (
  intervals: readonly PlanInterval[],
  bookings: readonly { startsAt: Date; endsAt: Date }[],
  now: Date,
): Date | null =>
  latest(
    bookings
      .filter(({ startsAt }) => startsAt <= now && intervals.some((of) => isActive(of, startsAt)))
      .map(({ endsAt }) => endsAt),
  )
