// The other half of the seeds, in a process of its own.
import { test } from 'vitest'
import { runHalf } from './halves.ts'

if (process.env.SEED) test.skip('one seed is played by the first half', () => {})
else runHalf(1)
