// Time schedules of access groups: how the service rewrites what it is sent, and when one is valid.
import { Temporal } from 'temporal-polyfill'
import { invalid, malformed } from './errors.ts'

export const DAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const

/** Times and dates are wall clock in the site's zone; a missing date is no bound. */
export type Schedule = Record<(typeof DAYS)[number], boolean> & {
  id: string
  start_time: string
  end_time: string
  start_date: string | null
  end_date: string | null
}

export const ALWAYS: Omit<Schedule, 'id'> = {
  monday: true,
  tuesday: true,
  wednesday: true,
  thursday: true,
  friday: true,
  saturday: true,
  sunday: true,
  start_time: '00:00:00',
  end_time: '23:59:59',
  start_date: null,
  end_date: null,
}

/** What a body makes of a schedule: of nothing when it is created, of `before` when it is changed. */
export const readSchedule = (
  id: string,
  body: Record<string, unknown>,
  before?: Schedule,
): Schedule => {
  const schedule: Schedule = {
    ...(before ?? { ...ALWAYS, ...Object.fromEntries(DAYS.map((day) => [day, false])) }),
    id,
  }
  for (const day of DAYS) if (typeof body[day] === 'boolean') schedule[day] = body[day]
  for (const field of ['start_time', 'end_time'] as const) {
    if (body[field] === undefined && before) continue
    schedule[field] = readTime(field, body[field])
  }
  for (const field of ['start_date', 'end_date'] as const) {
    if (body[field] !== undefined) schedule[field] = readDate(field, body[field])
  }
  if (!DAYS.some((day) => schedule[day])) throw invalid('At least one day should be selected')
  if (schedule.start_date && schedule.end_date && schedule.end_date <= schedule.start_date) {
    throw invalid('The end date should be after the start date')
  }
  return schedule
}

/** `18:00` as an end means until the minute is over. */
const readTime = (field: 'start_time' | 'end_time', value: unknown) => {
  if (value === undefined || value === null) throw malformed(`The ${field} field is required.`)
  const time = String(value)
  if (!/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(time)) throw invalid(`${field} is not valid`)
  if (time.length === 8) return time
  return `${time}:${field === 'end_time' ? '59' : '00'}`
}

/** Wall clock it is, whatever offset was sent along. */
const readDate = (field: string, value: unknown) => {
  if (value === null) return null
  const [, date, time] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?$/.exec(
      String(value),
    ) ?? []
  if (!date) throw invalid(`${field} is not valid`)
  return `${date}T${`${time ?? '00:00'}:00`.slice(0, 8)}`
}

/** The site's wall clock at an instant, to the second: `yyyy-MM-ddTHH:mm:ss`. */
export const wallClock = (at: Date, timeZone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'second', roundingMode: 'floor' })

/** The instant at which the site's clocks show `local`; the earlier one when they do so twice. */
export const instantAt = (local: string, timeZone: string) =>
  new Date(Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone).epochMilliseconds)

/** Whether the schedule holds while the site's clocks show `local`; both bounds are included. */
export const holdsAt = (schedule: Schedule, local: string) => {
  const time = local.slice(11)
  const day = DAYS[Temporal.PlainDateTime.from(local).dayOfWeek - 1]
  return (
    (!schedule.start_date || schedule.start_date <= local) &&
    (!schedule.end_date || local <= schedule.end_date) &&
    day !== undefined &&
    schedule[day] &&
    schedule.start_time <= time &&
    time <= schedule.end_time
  )
}
