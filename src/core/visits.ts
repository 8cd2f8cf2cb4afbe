// Visitors (C5): people without a membership who are let in for one booking, once it is approved.
import { type Door, openTimes } from './doors.ts'
import type { Booking, Lock } from './model.ts'

/** Somebody's user, seat and tag are needed from `startsAt` until `endsAt`. */
export type Visit = { startsAt: Date; endsAt: Date }

/** A visitor's user is made this long before the booking, so that a tag can be handed over. */
const visitLeadMs = 24 * 3600_000

/** Locks that take a PIN; the others want a tag. */
export const hasKeypad = ({ lockType }: Lock): boolean =>
  lockType === 'escutcheon_pin' || lockType === 'wall_reader_pin'

export const visitTime = (
  booking: Pick<Booking, 'external' | 'startsAt' | 'endsAt'>,
  door: Door,
): Visit | null => {
  if (booking.external?.status !== 'approved') return null
  if (!door.enabled || door.lockIds.length === 0) return null
  const { startsAt, endsAt } = openTimes(booking, door)
  return { startsAt: new Date(startsAt.getTime() - visitLeadMs), endsAt }
}
