import { expect, test } from 'vitest'
import { closedBreaker, noteCall, passBreaker } from '../../src/core/backoff.ts'

const second = 1000
/** One call a second, f failing and a answered, from `startMs` on. */
const calls = (outcomes: string, breaker = closedBreaker, startMs = 0) =>
  [...outcomes].reduce((at, each, n) => noteCall(at, each === 'f', startMs + n * second), breaker)
const waitAt = (breaker: typeof closedBreaker, ms: number) => passBreaker(breaker, ms).waitMs

test.each([
  ['nine failures', 'fffffffff', 0],
  ['ten failures', 'ffffffffff', 15 * second],
  ['half of ten', 'fafafafafa', 15 * second],
  ['less than half', 'aaaaaaffff', 0],
  ['as many, but long ago', `${'f'.repeat(9)}${'a'.repeat(30)}f`, 0],
])('after %s a call waits', (_, outcomes, waitMs) => {
  expect(waitAt(calls(outcomes), (outcomes.length - 1) * second)).toBe(waitMs)
})

test('while open one call at a time is let through, after 15, 30, 60 and 60 seconds', () => {
  let breaker = calls('f'.repeat(10))
  let now = 9 * second
  for (const pause of [15, 30, 60, 60]) {
    expect(waitAt(breaker, now + pause * second - 1)).toBe(1)
    now += pause * second
    const passed = passBreaker(breaker, now)
    expect(passed.waitMs).toBe(0)
    expect(waitAt(passed.breaker, now)).toBeGreaterThan(0)
    breaker = noteCall(passed.breaker, true, now + second)
  }
  breaker = noteCall(breaker, false, now)
  expect(breaker).toEqual(closedBreaker)
})

test('a clock that is set back does not keep it open', () => {
  expect(waitAt(calls('f'.repeat(10), closedBreaker, 3600 * second), 0)).toBe(0)
})
