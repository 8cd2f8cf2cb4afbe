// A booking's window as SALTO KS understands it: readings of the wall clock at the site (R16).
import { createHash } from 'node:crypto'
import type { BookingId, LockId, SaltoUserId } from './ids.ts'
import type { LocalDateTime } from './model.ts'
import { isRepeatedHour, nextTransition, toLocal } from './temporal.ts'

export type WallWindow = {
  startLocal: LocalDateTime
  endLocal: LocalDateTime
  /** False where the wall window holds more than the booking: our timer then moves the person. */
  exact: boolean
}

/** The smallest wall window that holds every instant from `startsAt` to `endsAt`. */
export const wallWindow = (startsAt: Date, endsAt: Date, timeZone: string): WallWindow => {
  const readings = [toLocal(startsAt, timeZone), toLocal(endsAt, timeZone)]
  let at = startsAt
  for (;;) {
    const change = nextTransition(at, endsAt, timeZone)
    if (!change) break
    readings.push(toLocal(change, timeZone), toLocal(new Date(change.getTime() - 1000), timeZone))
    at = change
  }
  readings.sort()
  return {
    startLocal: readings[0] ?? '',
    endLocal: readings.at(-1) ?? '',
    exact: !isRepeatedHour(startsAt, timeZone) && !isRepeatedHour(endsAt, timeZone),
  }
}

/** Everything a booking group holds; kept as written, compared with what is read. */
export type BookingWindow = {
  startLocal: LocalDateTime
  endLocal: LocalDateTime
  lockIds: LockId[]
  saltoUserId: SaltoUserId | null
}

/** `Cobot` + blank + 12 digits, the same for the same booking for ever; the group's only marker. */
export const bookingGroupName = (bookingId: BookingId): string => `Cobot ${digits(bookingId, 12)}`

export const isBookingGroupName = (name: string): boolean => /^Cobot \d{12}$/.test(name)

/** The end of the alias of a user we made: `· C482913507`. */
export const personMarker = (person: string): string => `· C${digits(person, 9)}`

export const digits = (text: string, length: number): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 15)
  return (BigInt(`0x${hash}`) % 10n ** BigInt(length)).toString().padStart(length, '0')
}
