import { expect, test } from 'vitest'
import { runSeed } from './run.ts'

test('a seed', async () => {
  const from = performance.now()
  const result = await runSeed({
    seed: Number(process.env.SEED ?? 1),
    faults: [],
    verbose: !!process.env.VERBOSE,
  })
  console.log(performance.now() - from, {
    ...result,
    lines: result.lines.length,
    latencies: Object.fromEntries(
      Object.entries(result.latencies).map(([k, v]) => [
        k,
        v
          .sort((a, b) => a - b)
          .filter((_, i, all) => i % Math.ceil(all.length / 12) === 0 || i === all.length - 1),
      ]),
    ),
  })
  if (process.env.VERBOSE)
    (await import('node:fs')).writeFileSync('/tmp/sim-trace.txt', result.lines.join('\n'))
  expect(result.violations).toEqual([])
}, 300_000)
