import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { problemCodes } from '../../src/core/problems.ts'
import { languages, pickLocale, speak } from '../../views/i18n.ts'

const flat = (words: object, prefix = ''): string[] =>
  Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'object' ? flat(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  )
const keys = flat(languages.en)

const sources = ['views', 'src/http', 'src']
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')
/** Every quoted text that looks like a key, and the beginnings of keys that are put together. */
const quoted = [...sources.matchAll(/['`]([a-z]\w*(?:\.\w+)+)['`]/g)].map(([, key]) => key ?? '')
const begun = [...sources.matchAll(/`([a-z]\w*\.[\w.]*)\$\{/g)].map(([, start]) => start ?? '')
const bare = (key: string) => key.replace(/_\w+$/, '')

test.each(Object.entries(languages))('%s has every word, and no other', (_, words) => {
  expect(flat(words).sort()).toEqual([...keys].sort())
})

test.each(Object.entries(languages))('%s fills in the same values', (_, words) => {
  const filled = (from: object) =>
    Object.fromEntries(
      flat(from).map((key) => {
        const text = key.split('.').reduce<unknown>((at, part) => Object(at)[part], from)
        return [key, [...new Set(String(text).match(/\{\{\w+\}\}/g))].sort()]
      }),
    )
  expect(filled(words)).toEqual(filled(languages.en))
})

test('every word is used, and every word used is there', () => {
  const known = new Set([...keys, ...keys.map(bare)])
  const roots = new Set(Object.keys(languages.en))
  const isOurs = (key: string) =>
    roots.has(key.split('.')[0] ?? '') && !/\.(tsx?|json|js)$/.test(key)
  expect(quoted.filter(isOurs).filter((key) => !known.has(key))).toEqual([])
  expect(
    begun.filter(isOurs).filter((start) => !keys.some((key) => key.startsWith(start))),
  ).toEqual([])
  const isUsed = (key: string) =>
    quoted.includes(bare(key)) ||
    /^(cancel|confirm)$/.test(key) ||
    begun.some((start) => key.startsWith(start))
  expect(keys.filter((key) => !isUsed(key))).toEqual([])
})

test('every problem has a sentence', () => {
  for (const code of problemCodes) expect(keys).toContain(`problems.text.${code}`)
})

test('the wanted language is found, and dates follow the zone and the hours of the space', () => {
  expect(pickLocale('fr-FR, de-CH;q=0.9')).toBe('de-CH')
  expect(pickLocale('../../etc')).toBe('en')
  expect(pickLocale(undefined)).toBe('en')
  const at = new Date('2026-11-24T08:30:00Z')
  expect(speak('en', 'Europe/Berlin').at(at)).toBe('Tue, 24 Nov 2026, 09:30')
  expect(speak('en', 'America/New_York', 12).at(at)).toBe('Tue, 24 Nov 2026, 03:30 am')
  expect(speak('de', 'Europe/Berlin').day('2026-11-24')).toBe('Di., 24. Nov. 2026')
})
