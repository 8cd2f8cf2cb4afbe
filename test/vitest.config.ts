import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.{ts,tsx}'],
    // Races of real processes, the hunt for planted bugs and two of the browser's files wait for
    // `npm run test:long`.
    exclude: process.env.LONG
      ? []
      : [
          'test/kill/{races,replicas}.test.ts',
          'test/journey/{leaving,reports}.test.ts',
          'test/planted/planted.test.ts',
        ],
    pool: 'forks',
    maxWorkers: 2,
    // Files that share a process share what they import, which halves the time of the whole.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
