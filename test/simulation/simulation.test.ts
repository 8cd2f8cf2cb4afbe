// Two spaces, two processes of ours, and everything that can go wrong between them and both systems,
// in virtual time. A seed is a world; the same seed is the same world.
//
// `SEED=1 WORLD=small|brisk|full` plays one again, with its trace in test/.artifacts/simulation-1.txt when
// TRACE=1. `LONG=1` runs fresh seeds for LONG_MINUTES; the other half is in `second.test.ts`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runHalf } from './halves.ts'
import { runSeed } from './run.ts'

const { SEED, WORLD, TRACE } = process.env

if (SEED)
  test(`seed ${SEED}`, { timeout: 900_000 }, async () => {
    const seed = Number(SEED)
    const world = WORLD === 'full' || WORLD === 'brisk' ? WORLD : 'small'
    const { lines, latencies: _, ...result } = await runSeed({ seed, world, verbose: !!TRACE })
    const folder = new URL('../.artifacts/', import.meta.url)
    mkdirSync(folder, { recursive: true })
    if (TRACE) writeFileSync(new URL(`simulation-${seed}.txt`, folder), lines.join('\n'))
    console.log(result)
    expect(result.violations).toEqual([])
  })
else {
  test('the same seed is the same world', { timeout: 300_000 }, async () => {
    const twice = [await runSeed({ seed: 3 }), await runSeed({ seed: 3 })]
    expect(twice[0]?.events).toBeGreaterThan(1000)
    expect(twice[0]?.trace).toBe(twice[1]?.trace)
  })
  runHalf(0)
}
