// Time zones: the runtime's own Temporal where it has one, else the polyfill, which gives the same
// answers.
import { Temporal as Polyfill } from 'temporal-polyfill'
import type { LocalDate, LocalDateTime } from './model.ts'

const native = (globalThis as { Temporal?: typeof Polyfill }).Temporal
const Temporal = native ?? Polyfill

const instant = (at: Date) => Temporal.Instant.fromEpochMilliseconds(at.getTime())
const toDate = (zoned: { epochMilliseconds: number }) => new Date(zoned.epochMilliseconds)

export const isTimeZone = (timeZone: string): boolean => {
  try {
    Temporal.Now.zonedDateTimeISO(timeZone)
    return true
  } catch {
    return false
  }
}

/** The calendar day in `timeZone` at an instant. */
export const localDate = (at: Date, timeZone: string): LocalDate =>
  instant(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()

export const addDays = (date: LocalDate, days: number): LocalDate =>
  Temporal.PlainDate.from(date).add({ days }).toString()

const daysMax = 10_000
const days = new Map<string, number>()

/** The first instant of a calendar day in `timeZone`; pages ask for the same days again and again. */
export const startOfDay = (date: LocalDate, timeZone: string): Date => {
  const key = `${date} ${timeZone}`
  const known = days.get(key)
  if (known !== undefined) return new Date(known)
  const start = toDate(Temporal.PlainDate.from(date).toZonedDateTime({ timeZone }))
  if (days.size >= daysMax) days.clear()
  days.set(key, start.getTime())
  return start
}

/** What a clock on the wall in `timeZone` shows, `YYYY-MM-DDTHH:mm:ss`. */
export const toLocal = (at: Date, timeZone: string): LocalDateTime =>
  instant(at).toZonedDateTimeISO(timeZone).toPlainDateTime().toString({ smallestUnit: 'second' })

/** The instant at which a clock in `timeZone` shows this; the first one where it does so twice. */
export const fromLocal = (local: LocalDateTime, timeZone: string): Date =>
  toDate(Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone))

/** True while the wall clock shows what it shows twice that day. */
export const isRepeatedHour = (at: Date, timeZone: string): boolean => {
  const plain = instant(at).toZonedDateTimeISO(timeZone).toPlainDateTime()
  const earlier = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' })
  const later = plain.toZonedDateTime(timeZone, { disambiguation: 'later' })
  return earlier.epochMilliseconds !== later.epochMilliseconds && toDate(earlier) <= at
}

/** The first change of the zone's offset after `at`, if it comes before `until`. */
export const nextTransition = (at: Date, until: Date, timeZone: string): Date | null => {
  const next = instant(at).toZonedDateTimeISO(timeZone).getTimeZoneTransition('next')
  return next && toDate(next) <= until ? toDate(next) : null
}
