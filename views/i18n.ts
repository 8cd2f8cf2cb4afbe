// Words, dates and hours of a page. A language is one file under `locales/`, named here.
import { createInstance } from 'i18next'
import de from './locales/de.json' with { type: 'json' }
import en from './locales/en.json' with { type: 'json' }

export const languages = { en, de }

/** What a page needs to speak: its words, and instants as clocks in the space show them. */
export type Say = {
  lang: string
  t: (key: string, params?: Record<string, unknown>) => string
  /** `Tue 24 Nov 2026, 09:30` */
  at: (at: Date) => string
  /** From when until when; the day is said once if it is one. */
  span: (from: Date, to: Date) => string
  /** The hour alone on the same day as `now`, else as `at`. */
  hour: (at: Date, now: Date) => string
  /** A calendar day, `YYYY-MM-DD`, in words. */
  day: (date: string) => string
  /** Days of the week and times of the wall clock: `Mon–Fri 08:00–18:00` */
  hours: (schedule: WeeklyHours) => string
}

type WeeklyHours = {
  /** Monday first. */
  weekdays: readonly boolean[]
  startTime: string
  endTime: string
  startLocal: string | null
  endLocal: string | null
}

const i18n = createInstance()
void i18n.init({
  resources: Object.fromEntries(
    Object.entries(languages).map(([lang, translation]) => [lang, { translation }]),
  ),
  fallbackLng: 'en',
  initAsync: false,
  interpolation: { escapeValue: false },
})

/** Words without values, by language: a long table asks for the same ones in each row. */
const fixedWords = new Map<string, Map<string, string>>()

const getOrMake = <T>(map: Map<string, T>, key: string, make: () => T): T => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** The first language we speak of a list such as `de-AT,de;q=0.9,en`; English otherwise. */
export const pickLocale = (wanted: string | undefined): string =>
  (wanted ?? '')
    .split(',')
    .map((each) => /^\s*([a-z]{2}(-[A-Z]{2})?)\b/.exec(each)?.[1] ?? '')
    .find((locale) => locale.slice(0, 2) in languages) ?? 'en'

export const speak = (locale: string, timeZone = 'UTC', hourFormat: 12 | 24 = 24): Say => {
  const spoken = locale === 'en' ? 'en-GB' : locale
  const date = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const
  const time = { hour: '2-digit', minute: '2-digit', hour12: hourFormat === 12 } as const
  // Most requests name no date, and making a format takes longer than answering them.
  const format = (options: Intl.DateTimeFormatOptions) => {
    let made: Intl.DateTimeFormat | undefined
    return () => (made ??= new Intl.DateTimeFormat(spoken, options))
  }
  const days = format({ ...date, timeZone: 'UTC' })
  const times = format({ ...date, ...time, timeZone })
  const weekday = format({ weekday: 'short', timeZone: 'UTC' })
  const clock = format({ ...time, timeZone: 'UTC' })
  const hours = format({ ...time, timeZone })
  const dates = format({ ...date, timeZone })
  const day = (date: string) => days().format(new Date(`${date}T12:00:00Z`))
  const translate = i18n.getFixedT(locale)
  const lang = locale.slice(0, 2)
  const fixed = getOrMake(fixedWords, lang, () => new Map<string, string>())
  return {
    lang,
    t: (key, params) =>
      params ? translate(key, params) : getOrMake(fixed, key, () => translate(key, {})),
    at: (at) => times().format(at),
    span: (from, to) => times().formatRange(from, to),
    hour: (at, now) => (dates().format(at) === dates().format(now) ? hours() : times()).format(at),
    day,
    hours: ({ weekdays, startTime, endTime, startLocal, endLocal }) => {
      // 5 January 2026 is a Monday.
      const named = (index: number) => weekday().format(new Date(Date.UTC(2026, 0, 5 + index)))
      const on = weekdays.flatMap((isOn, index) => (isOn && !weekdays[index - 1] ? [index] : []))
      const runs = on.map((first) => {
        const end = weekdays.indexOf(false, first)
        const last = (end === -1 ? weekdays.length : end) - 1
        return first === last ? named(first) : `${named(first)}–${named(last)}`
      })
      const [from, to] = [startTime, endTime].map((at) =>
        clock().format(new Date(`1970-01-01T${at}Z`)),
      )
      const dates = [startLocal, endLocal].map((at) => (at ? day(at.slice(0, 10)) : '…')).join('–')
      const limit = startLocal || endLocal ? ` (${dates})` : ''
      return `${runs.join(', ')} ${from}–${to}${limit}`
    },
  }
}
