// A booking's window as SALTO KS understands it: readings of the wall clock at the site (R16).
import { createHash } from 'node:crypto'
import type { BookingId, LockId, SaltoUserId } from './ids.ts'
import type { LocalDateTime, TimeSchedule } from './model.ts'
import {
  addDays,
  fromLocal,
  isRepeatedHour,
  localDate,
  nextTransition,
  toLocal,
} from './temporal.ts'

/** The smallest wall window that holds every instant from `startsAt` to `endsAt`. */
export const wallWindow = (startsAt: Date, endsAt: Date, timeZone: string) => {
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
    /** False where the wall window holds more than the booking: our timer then moves the person. */
    exact: !isRepeatedHour(startsAt, timeZone) && !isRepeatedHour(endsAt, timeZone),
  }
}

/** Does the schedule let anybody in while clocks at the site show this instant? Ends are inside. */
export const holdsAt = (schedule: TimeSchedule, at: Date, timeZone: string): boolean => {
  const { weekdays, startTime, endTime, startLocal, endLocal } = schedule
  const local = toLocal(at, timeZone)
  const [date = '', time = ''] = local.split('T')
  const monday = (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7
  const isWithin = (startLocal ?? '') <= local && local <= (endLocal ?? '9')
  return isWithin && weekdays[monday] === true && startTime <= time && time <= endTime
}

/** The instants within a week and a day of `around` at which a schedule may begin or cease to hold. */
export const scheduleEdges = (schedule: TimeSchedule, around: Date, timeZone: string): Date[] => {
  const { startTime, endTime, startLocal, endLocal } = schedule
  const today = localDate(around, timeZone)
  const days = Array.from({ length: 17 }, (_, index) => addDays(today, index - 8))
  const begins = [...days.map((day) => `${day}T${startTime}`), ...(startLocal ? [startLocal] : [])]
  const ends = [...days.map((day) => `${day}T${endTime}`), ...(endLocal ? [endLocal] : [])]
  const justAfter = (local: string) => new Date(fromLocal(local, timeZone).getTime() + 1000)
  const until = new Date(around.getTime() + 8 * 24 * 3600_000)
  const change = nextTransition(around, until, timeZone)
  const edges = [...begins.map((local) => fromLocal(local, timeZone)), ...ends.map(justAfter)]
  return change ? [...edges, change] : edges
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

/** The marker of ours that an alias ends with, or null. */
export const markerIn = (alias: string | null): string | null =>
  /· C\d{9}$/.exec(alias ?? '')?.[0] ?? null

export const digits = (text: string, length: number): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 15)
  return (BigInt(`0x${hash}`) % 10n ** BigInt(length)).toString().padStart(length, '0')
}
