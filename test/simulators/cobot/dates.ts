import { Temporal } from 'temporal-polyfill'

const zoned = (at: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)

/** `2026-03-09` becomes `2026/03/09`, API 1's form. */
export const slashDate = (date: string) => date.replaceAll('-', '/')

/** `2026/03/09 08:30:00 +0000`, API 1's form. */
export const slashDateTime = (at: Date) => {
  const text = at.toISOString()
  return `${slashDate(text.slice(0, 10))} ${text.slice(11, 19)} +0000`
}

/** ISO 8601 in UTC without milliseconds, API 2's form. */
export const isoSeconds = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z')

export const localDate = (at: Date, zone: string) => zoned(at, zone).toPlainDate().toString()

export const localTime = (at: Date, zone: string) =>
  zoned(at, zone).toPlainTime().toString({ smallestUnit: 'minute' })

// Remembered, because a long simulation asks for the same few thousand again and again.
const midnights = new Map<string, number>()

/** The instant at which a local date begins. */
export const midnight = (date: string, zone: string) => {
  const key = `${date} ${zone}`
  const known = midnights.get(key)
  const at = known ?? Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds
  if (known === undefined) midnights.set(key, at)
  return new Date(at)
}

export const localInstant = (date: string, time: string, zone: string) =>
  new Date(Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(zone).epochMilliseconds)

export const addDays = (date: string, days: number) =>
  Temporal.PlainDate.from(date).add({ days }).toString()

/** The same local time some days later, whatever the clocks did in between. */
export const addLocalDays = (at: Date, days: number, zone: string) =>
  new Date(zoned(at, zone).add({ days }).epochMilliseconds)

export const offsetHours = (at: Date, zone: string) => zoned(at, zone).offsetNanoseconds / 3.6e12

/** A query parameter of API 1: a local date, `2026-03-09 08:00 +0000` or ISO 8601. */
export const parseMoment = (text: string | undefined, zone: string): Date | null => {
  if (!text) return null
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return midnight(text, zone)
  const at = new Date(text.replace(/^(\S+) (\S+) ([+-]\d\d):?(\d\d)$/, '$1T$2$3:$4'))
  return Number.isNaN(at.getTime()) ? null : at
}
