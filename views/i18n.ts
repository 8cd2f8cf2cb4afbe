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
  /** A calendar day, `YYYY-MM-DD`, in words. */
  day: (date: string) => string
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
  let days: Intl.DateTimeFormat | undefined
  let times: Intl.DateTimeFormat | undefined
  const translate = i18n.getFixedT(locale)
  return {
    lang: locale.slice(0, 2),
    t: (key, params) => translate(key, params ?? {}),
    at: (at) => {
      times ??= new Intl.DateTimeFormat(spoken, { ...date, ...time, timeZone })
      return times.format(at)
    },
    day: (day) => {
      days ??= new Intl.DateTimeFormat(spoken, { ...date, timeZone: 'UTC' })
      return days.format(new Date(`${day}T12:00:00Z`))
    },
  }
}
