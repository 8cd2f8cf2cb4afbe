// What a resource's mapping gives to a booking, and what another one would (B4).
import { isActive } from './entitlements.ts'
import type { LockId } from './ids.ts'

export type Door = {
  enabled: boolean
  lockIds: readonly LockId[]
  minutesBefore: number
  minutesAfter: number
}

/** By so many minutes a mapping may open before a booking, and after it. */
export const minutesMax = 240

/** From when until when a door opens for a booking, with the minutes before and after. */
export const openTimes = (
  booking: { startsAt: Date; endsAt: Date },
  { minutesBefore, minutesAfter }: Pick<Door, 'minutesBefore' | 'minutesAfter'>,
) => ({
  startsAt: new Date(booking.startsAt.getTime() - minutesBefore * 60_000),
  endsAt: new Date(booking.endsAt.getTime() + minutesAfter * 60_000),
})

type Booked = {
  startsAt: Date
  endsAt: Date
  /** When its person has a membership, or a visit. */
  intervals: readonly { startsAt: Date; endsAt: Date | null }[]
}

export type DoorMove = 'gains' | 'loses' | 'changes'

/** What happens to a booking when its resource is mapped otherwise; null: nothing. */
export const doorMove = (
  booking: Booked,
  before: Door | null,
  after: Door,
  now: Date,
): DoorMove | null => {
  const had = openingOf(booking, before, now)
  const has = openingOf(booking, after, now)
  if (had === has) return null
  return had === null ? 'gains' : has === null ? 'loses' : 'changes'
}

/** Which locks it opens from when until when, as a text to compare. */
const openingOf = (booking: Booked, door: Door | null, now: Date): string | null => {
  if (!door?.enabled || door.lockIds.length === 0) return null
  const { startsAt, endsAt } = openTimes(booking, door)
  if (endsAt <= startsAt || endsAt <= now) return null
  if (!booking.intervals.some((interval) => isActive(interval, booking.startsAt))) return null
  return `${[...door.lockIds].sort().join(' ')} ${startsAt.getTime()} ${endsAt.getTime()}`
}
