// Worlds of the simulation, one after the other, until one breaks a promise.
//
// `FAULTS="F20 F21"` are those that each world has, `WITHOUT=I4` is not looked at, `SEEDS=7-7` plays one.
import { expect, test } from 'vitest'
import { runSeed } from '../simulation/run.ts'
import { found } from './found.ts'

const { FAULTS = '', WITHOUT = '', SEEDS = '1-2000', MINUTES = '10' } = process.env
const [first = 1, last = 2000] = SEEDS.split('-').map(Number)
const faults = FAULTS.split(' ').filter(Boolean)
const off = WITHOUT.split(' ').filter(Boolean)

test('every world keeps its promises', { timeout: 3600_000 }, async () => {
  const untilMs = performance.now() + Number(MINUTES) * 60_000
  let passedMs = 0
  let worlds = 0
  for (let seed = first; seed <= last && performance.now() < untilMs; seed++) {
    const { violations, startAt, simulatedHours } = await runSeed({
      seed,
      faults,
      off,
      hasty: true,
    })
    worlds += 1
    const [broken] = violations
    if (broken) {
      const simulatedMs = passedMs + Date.parse(broken.at) - Date.parse(startAt)
      const says = violations.map(({ invariant, text }) => `${invariant} ${text}`)
      found({ seed, simulatedMs, says })
    }
    expect(violations).toEqual([])
    passedMs += simulatedHours * 3600_000
  }
  found({ seed: `${worlds} worlds`, simulatedMs: passedMs, says: [] })
})
