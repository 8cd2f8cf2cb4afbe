// The other half of the seeds, in a process of its own.
import { runHalf } from './halves.ts'

runHalf(1)
