import { setPriority } from 'node:os'
import { expect, test } from 'vitest'
import type { WorldSize } from './run.ts'
import { runShard } from './shards.ts'

const { LONG, LONG_UNTIL } = process.env
const untilMs = LONG ? Number(LONG_UNTIL) : Number.POSITIVE_INFINITY
const halves = 2
const smallEach = 30

/** One small world of so many is a brisk one. */
const briskEvery = 30
const sizeOf = (n: number): WorldSize => (n % briskEvery === briskEvery - 1 ? 'brisk' : 'small')

/** Fixed seeds in every run; new ones in a long one, three full worlds to twenty small. */
function* worlds(half: number): Generator<{ seed: number; world: WorldSize }> {
  if (!LONG) {
    for (let n = 0; n < smallEach; n++) yield { seed: 1 + n * halves + half, world: sizeOf(n) }
    return
  }
  const first = (Date.now() % 1_000_000_000) * 2 + half
  console.log(`long: seeds from ${first}, every second one`)
  for (let n = 0; ; n++) {
    const world = [7, 15, 22].includes(n % 23) ? 'full' : sizeOf(n)
    yield { seed: first + n * halves, world }
  }
}

export const runHalf = (half: number) =>
  test(`every world of half ${half + 1} keeps its promises`, { timeout: 70 * 60_000 }, async () => {
    if (LONG) {
      // Real processes that run beside us have clocks of their own: they go first.
      setPriority(5)
      // Looks that wait are errors whose stack nobody reads; replaying a seed shows it.
      Error.stackTraceLimit = 0
    }
    const shard = `${LONG ? 'long-' : ''}${half + 1}`
    const all = await runShard({ shard, worlds: worlds(half), untilMs })
    console.log(`${all.seeds} worlds, ${all.simulatedDays.toFixed(0)} days simulated`)
    expect(all.broken).toEqual([])
    if (!LONG) expect(all.seeds).toBe(smallEach)
  })
