// Many seeds in one process, and what they found, for the report.
import { saveResults } from '../report/results.ts'
import { allFaults, type Result, runSeed, type WorldSize } from './run.ts'

/** Classes that a world in one thread cannot show; others of our tests do. */
const elsewhere: Record<string, string> = {
  F04: 'a real process: see the tests that kill one',
  F10: 'one version of the code runs here',
  F42: 'settings are read before anything here begins',
}

/** The one command that plays a seed again. */
export const replay = ({ seed, world }: Pick<Result, 'seed' | 'world'>) =>
  `SEED=${seed} WORLD=${world} npx vitest run --config test/vitest.config.ts test/simulation/simulation.test.ts`

const bounds = (ms: number[]) => {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null
  return {
    count: ms.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: sorted.at(-1) ?? null,
    ms: sorted,
  }
}

export const createTally = (shard: string) => {
  const counts = { seeds: 0, small: 0, full: 0, simulatedDays: 0 }
  const fired: Record<string, number> = {}
  const latencies: Result['latencies'] = { removal: [], grant: [], lostEvents: [], drift: [] }
  const violations: { replay: string; invariant: string; text: string; at: string }[] = []

  return {
    counts,
    add: (result: Result) => {
      counts.seeds += 1
      counts[result.world === 'full' ? 'full' : 'small'] += 1
      counts.simulatedDays += result.simulatedHours / 24
      for (const [fault, times] of Object.entries(result.fired))
        fired[fault] = (fired[fault] ?? 0) + times
      for (const kind of ['removal', 'grant', 'lostEvents', 'drift'] as const)
        latencies[kind].push(...result.latencies[kind])
      for (const each of result.violations) violations.push({ replay: replay(result), ...each })
    },
    write: () => {
      const notFired = Object.fromEntries(
        [...allFaults, ...Object.keys(elsewhere)]
          .filter((fault) => !fired[fault])
          .map((fault) => [fault, elsewhere[fault] ?? 'no seed of this run drew it']),
      )
      const of = Object.fromEntries(
        Object.entries(latencies).map(([kind, ms]) => [kind, bounds(ms)]),
      )
      const faultClasses = Object.fromEntries(Object.entries(fired).sort())
      const found = { violations: violations.length, broken: violations }
      const all = { ...counts, ...found, faultClasses, notFired, bounds: of }
      saveResults(`simulation-${shard}`, all)
      return all
    },
  }
}

/** Runs seeds until they or the time are used up. */
export const runShard = async (given: {
  shard: string
  worlds: Iterable<{ seed: number; world: WorldSize }>
  untilMs: number
}) => {
  const tally = createTally(given.shard)
  for (const { seed, world } of given.worlds) {
    if (Date.now() > given.untilMs) break
    const result = await runSeed({ seed, world })
    tally.add(result)
    // A run that is cut short has not been for nothing.
    if (tally.counts.seeds % 50 === 0) tally.write()
    if (result.violations.length === 0) continue
    console.error(`${replay(result)}`)
    for (const { invariant, at, text } of result.violations)
      console.error(`  ${invariant} ${at} ${text}`)
  }
  return tally.write()
}
