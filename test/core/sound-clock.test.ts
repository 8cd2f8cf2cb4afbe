import { expect, test } from 'vitest'
import { correctionMs, soundClock } from '../../src/core/sound-clock.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const year = 365 * 24 * hour
const now = Date.parse('2026-11-24T09:00:00Z')

/** What a side said, so long ago; `offMs` is how far its clock was from the true time. */
const said = (offMs = 0, agoMs = 0) => ({
  saidMs: now - agoMs + offMs,
  elapsedMs: 5 * year - agoMs,
})

test.each([
  ['nobody was heard', year, {}, 0],
  ['one says otherwise, the other is silent', year, { salto: said() }, 0],
  ['one says otherwise, the other agrees with us', 0, { cobot: said(hour), salto: said() }, 0],
  ['one alone is wrong, and so are we', -hour, { cobot: said(), salto: said(year) }, 0],
  ['both are a minute off', minute, { cobot: said(), salto: said() }, 0],
  ['we are a year ahead', year, { cobot: said(), salto: said(0, 14 * minute) }, -year],
  ['we are an hour behind', -hour, { cobot: said(), salto: said() }, hour],
  ['the nearer one counts', -hour, { cobot: said(-9 * second), salto: said() }, hour],
  ['they do not agree', hour, { cobot: said(), salto: said(2 * minute) }, 0],
  [
    'they agree, having been heard hours apart',
    hour,
    { cobot: said(0, 9 * hour), salto: said() },
    -hour,
  ],
  ['what was heard is too old', hour, { cobot: said(0, 25 * hour), salto: said() }, 0],
])('%s', (_, oursOffMs, heard, expected) =>
  expect(correctionMs(now + oursOffMs, 5 * year, heard)).toBe(expected),
)

test('a clock that steps is noticed at once, and believed again when it is right', () => {
  let own = now
  let elapsed = 0
  const clock = soundClock({ now: () => new Date(own), after: () => () => {} }, () => elapsed)
  const pass = (ms: number) => {
    own += ms
    elapsed += ms
  }
  clock.hear?.('cobot', new Date(now))
  clock.hear?.('salto', new Date(now))
  pass(10 * minute)
  for (const step of [hour, -2 * hour]) {
    own += step
    expect(clock.now().getTime()).toBe(now + 10 * minute)
  }
  own += hour
  expect(clock.correctionMs?.()).toBe(0)
})

test('processes of one database go by its clock, whatever their own says', () => {
  let elapsed = 0
  const shared = [hour, -2 * second].map((wrongBy) =>
    soundClock(
      { now: () => new Date(now + elapsed + wrongBy), after: () => () => {} },
      () => elapsed,
    ),
  )
  for (const clock of shared) clock.hear?.('database', new Date(now))
  elapsed = 20 * minute
  expect(shared.map((clock) => clock.now().getTime())).toEqual(Array(2).fill(now + elapsed))
  expect(shared.map((clock) => clock.correctionMs?.())).toEqual([-hour, 2 * second])
  // It steps: all go with it, until both sides contradict it.
  for (const clock of shared) clock.hear?.('database', new Date(now + elapsed + hour))
  expect(shared[0]?.now().getTime()).toBe(now + elapsed + hour)
  for (const side of ['cobot', 'salto'] as const)
    for (const clock of shared) clock.hear?.(side, new Date(now + elapsed))
  expect(shared.map((clock) => clock.now().getTime())).toEqual(Array(2).fill(now + elapsed))
})
