import { expect, test } from 'vitest'
import { laneOf } from '../../src/connections/lanes.ts'
import { asId, type SpaceId } from '../../src/core/ids.ts'
import { seededRandom, virtualClock } from '../support/clock.ts'

const clock = virtualClock('2026-11-24T09:00:00Z')
const ports = { clock, random: seededRandom(1), fetch: async () => new Response() }
const space = (id: string) => asId<SpaceId>(id)

test('R13 four calls at once, the others in turn, whoever insists before them', async () => {
  const lane = laneOf(ports, space('a'), 'salto')
  const begun: number[] = []
  const ends: (() => void)[] = []
  const call = (n: number, insists = false) =>
    lane.through(() => {
      begun.push(n)
      return new Promise<void>((resolve) => ends.push(resolve))
    }, insists)
  const all = [call(0), call(1), call(2), call(3), call(4), call(5), call(6, true)]
  await clock.advance(0)
  expect(begun).toEqual([0, 1, 2, 3])
  ends[2]?.()
  await clock.advance(0)
  expect(begun).toEqual([0, 1, 2, 3, 6])
  ends[0]?.()
  await clock.advance(0)
  expect(begun).toEqual([0, 1, 2, 3, 6, 4])
  for (let round = 0; round < 3; round++) {
    for (const end of ends) end()
    await clock.advance(0)
  }
  await Promise.all(all)
  expect(begun).toHaveLength(7)
})

test('a call that fails gives its turn back, and another space has its own', async () => {
  const lane = laneOf(ports, space('b'), 'salto')
  for (let n = 0; n < 9; n++)
    await expect(lane.through(() => Promise.reject(new Error('x')), false)).rejects.toThrow('x')
  expect(laneOf(ports, space('b'), 'salto')).toBe(lane)
  expect(laneOf(ports, space('c'), 'salto')).not.toBe(lane)
  expect(laneOf(ports, space('b'), 'cobot')).not.toBe(lane)
})
