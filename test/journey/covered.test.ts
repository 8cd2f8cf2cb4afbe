// Every behaviour that an admin can see is played in the browser, by a test that names it.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const behaviours = [
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A6',
  'A7',
  'B1',
  'B2',
  'B3',
  'B4',
  'B5',
  'C1',
  'C2',
  'C3',
  'C4',
  'C5',
  'C6',
  'D1',
  'D2',
  'D3',
  'D4',
  'D5',
  'D6',
  'D7',
  'D8',
  'D9',
  'D10',
  'D11',
  'D12',
  'E1',
  'E2',
  'E3',
  'F1',
  'F2',
  'H1',
  'H2',
  'H3',
  'I3',
  'I4',
  'J',
]

test('every behaviour has a test in the browser that names it', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
  const texts = files.map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
  const names = texts.flatMap((text) => text.match(/^ *test\('[^']+'/gm) ?? [])
  const words = new Set(names.flatMap((name) => name.split(/[ ']/)))
  expect(behaviours.filter((each) => !words.has(each))).toEqual([])
})
