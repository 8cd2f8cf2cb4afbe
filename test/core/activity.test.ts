import { expect, test } from 'vitest'
import { answersTo, causeOf, hoursIn, membershipIn, outcomeOf } from '../../src/core/activity.ts'
import { csvLine } from '../../src/core/csv.ts'

const row = (number: number, result: string, over: object = {}) => ({
  number,
  at: new Date(number * 1000),
  task: 'reconcilePairing',
  subject: 'p1',
  action: 'joinAccessGroup',
  target: { accessGroupId: 'g1' },
  result,
  ...over,
})

test('each answer belongs to the last question like it; a write that died keeps none', () => {
  const other = { subject: 'p2' }
  const more = { target: { accessGroupId: 'g1', id: 'x' } }
  const rows = [
    row(1, 'asked'),
    row(2, 'asked', other),
    row(3, 'asked'),
    row(4, 'done', more),
    row(5, 'Refused 403 2203', other),
    row(6, 'done', { target: { accessGroupId: 'g2' } }),
  ]
  const answers = answersTo(rows.toReversed())
  expect([...answers].map(([number, answer]) => [number, answer.number])).toEqual([
    [3, 4],
    [2, 5],
  ])
})

test('what came of a write: done, refused with its number, failed, under way, cut short', () => {
  const asked = row(0, 'asked')
  const outcome = (result: string | null, seconds = 0) =>
    outcomeOf(asked, result === null ? undefined : row(1, result), new Date(seconds * 1000))
  expect(outcome('done')).toEqual({ state: 'done', code: '' })
  expect(outcome('Refused 403 2203')).toEqual({ state: 'refused', code: '2203' })
  expect(outcome('Refused 409')).toEqual({ state: 'refused', code: '' })
  expect(outcome('Unavailable').state).toBe('failed')
  expect(outcome(null, 119).state).toBe('underWay')
  expect(outcome(null, 121).state).toBe('unknown')
})

test.each([
  ['webhook created_booking', { kind: 'webhook', detail: 'created_booking' }],
  ['admin c1a7', { kind: 'admin', detail: 'c1a7' }],
  ['sweep', { kind: 'comparison', detail: '' }],
  ['start', { kind: 'comparison', detail: '' }],
  ['date', { kind: 'date', detail: '' }],
  ['guard', { kind: 'held', detail: '' }],
])('the cause %s', (cause, expected) => expect(causeOf(cause)).toEqual(expected))

test('reasons tell the hours of a booking and the membership of a place', () => {
  expect(hoursIn('booking b1 2026-11-25T10:00:00/2026-11-25T11:00:00 Europe/Berlin')).toEqual({
    startLocal: '2026-11-25T10:00:00',
    endLocal: '2026-11-25T11:00:00',
    zone: 'Europe/Berlin',
  })
  expect(hoursIn('booking b1 ended 2026-11-25T10:00:00.000Z')).toBeNull()
  expect(membershipIn('entitled m1/p1/1767225600000/')).toBe('m1')
  expect(membershipIn('direct, was m2/p1/1767225600000/ m3/p1/1/')).toBe('m2')
  expect(membershipIn('admin assigned')).toBeNull()
})

test('a cell never becomes a formula, and quotes hold whatever is in it', () => {
  expect(csvLine(['=1+1', '+49', '-1', '@x', '\tx', '\rx'])).toBe(
    `'=1+1,'+49,'-1,'@x,'\tx,"'\rx"\r\n`,
  )
  expect(csvLine(['a,b', 'say "hi"', 'two\nlines', 'Jürgen', ''])).toBe(
    '"a,b","say ""hi""","two\nlines",Jürgen,\r\n',
  )
})
