import { defineConfig } from 'vitest/config'
import { LongestFirst } from './support/longest-first.ts'

const isLong = process.env.LONG !== undefined
// What runs for an hour ends at the same moment, whichever worker has it.
process.env.LONG_UNTIL ??= String(Date.now() + Number(process.env.LONG_MINUTES ?? 59.5) * 60_000)

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.{ts,tsx}'],
    // Races of real processes, the hunt for planted bugs and two of the browser's files wait for LONG=1.
    exclude: isLong
      ? []
      : [
          'test/kill/{races,replicas}.test.ts',
          'test/journey/{leaving,reports}.test.ts',
          'test/planted/planted.test.ts',
        ],
    pool: 'forks',
    // The long rigs run side by side: real processes wait most of their time, worlds never do.
    maxWorkers: isLong ? 6 : 2,
    // Files that share a process share what they import, which halves the time of the whole.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
