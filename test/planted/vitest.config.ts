// A rig with one bug in our sources: `BUG=M07`. `FOUND` is the file in which it says what it found.
import { defineConfig } from 'vitest/config'
import everywhere from '../vitest.config.ts'
import { planted } from './plant.ts'

const { BUG } = process.env

export default defineConfig({
  plugins: BUG ? [planted(BUG)] : [],
  test: {
    ...everywhere.test,
    include: ['test/planted/hunt.ts', 'test/{crash,guard,kill}/*.test.ts'],
    exclude: [],
    setupFiles: ['test/planted/found.ts'],
    // What was kept of a run without the bug must not serve one with it.
    fsModuleCache: false,
    maxWorkers: 1,
    bail: 1,
  },
})
