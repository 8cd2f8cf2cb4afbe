import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.{ts,tsx}'],
    // What takes minutes and has been seen to hold runs in `npm run test:long`.
    exclude: process.env.LONG
      ? []
      : [
          'test/kill/**/*.test.ts',
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
