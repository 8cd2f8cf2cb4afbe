import { expect, test } from 'vitest'
import { actionOf, tellAt } from '../../src/core/problems.ts'

const hour = 3600_000

test('whose Connect was pressed is shown what is in the way', () => {
  expect(actionOf('P17', { isAsked: '' })).toBe('connect')
  expect(actionOf('P17', { isAsked: 'yes' })).toBe('members')
})

test('told at once, after four hours, then daily', () => {
  const since = new Date('2026-11-24T09:00:00Z')
  const after = (hours: number) => new Date(since.getTime() + hours * hour)
  for (const [toldAfter, next] of [
    [null, 0],
    [0, 4],
    [3.9, 4],
    [4.1, 28.1],
    [28.1, 52.1],
  ] as const)
    expect(tellAt({ since, toldAt: toldAfter === null ? null : after(toldAfter) })).toEqual(
      after(next),
    )
})
