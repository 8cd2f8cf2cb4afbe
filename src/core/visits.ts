// Visitors (C5): people without a membership who are let in for one booking, once it is approved.
import type { Booking, Lock } from './model.ts'

/** Somebody's user, seat and tag are needed from `startsAt` until `endsAt`. */
export type Visit = { startsAt: Date; endsAt: Date }

/** A visitor's user is made this long before the booking, so that a tag can be handed over. */
const visitLeadMs = 24 * 3600_000

/** Locks that take a PIN; the others want a tag. */
export const hasKeypad = ({ lockType }: Lock): boolean =>
  lockType === 'escutcheon_pin' || lockType === 'wall_reader_pin'

export const visitTime = (
  { external, startsAt, endsAt }: Pick<Booking, 'external' | 'startsAt' | 'endsAt'>,
  door: { enabled: boolean; lockIds: unknown[]; minutesBefore: number; minutesAfter: number },
): Visit | null => {
  if (external?.status !== 'approved' || !door.enabled || door.lockIds.length === 0) return null
  return {
    startsAt: new Date(startsAt.getTime() - door.minutesBefore * 60_000 - visitLeadMs),
    endsAt: new Date(endsAt.getTime() + door.minutesAfter * 60_000),
  }
}
