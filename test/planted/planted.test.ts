// Thirty bugs, one after the other, each looked for by its rig until it is found or the time is up.
//
// `BUGS="M07 M20"` looks for some alone. `WITHOUT=I2` leaves an invariant of the simulation out and says
// what escapes then. `MINUTES=10` is what each may take.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readResults, saveResults } from '../report/results.ts'
import { root } from '../support/addon.ts'
import { type Bug, bugs, type Rig } from './bugs.ts'
import type { Found } from './found.ts'

const { BUGS, WITHOUT, MINUTES = '10' } = process.env
const chosen = bugs.filter(({ id }) => !BUGS || BUGS.split(' ').includes(id))
const wanted = chosen.filter(({ rig }) => !WITHOUT || rig.kind === 'simulation')
const name = WITHOUT ? `planted-bugs-without-${WITHOUT.replaceAll(' ', '-')}` : 'planted-bugs'

type Outcome = { id: string; rig: string; says: string[] } & Partial<Found>
type Results = { by: Outcome[] }

/** What the rig is told to look at. */
const askFor = (rig: Rig): { args: string[]; env: Record<string, string> } => {
  if (rig.kind === 'simulation')
    return { args: ['test/planted/hunt.ts'], env: { FAULTS: rig.faults.join(' ') } }
  const { file, test } = rig
  // The crash rig knows its scenarios by name and begins with nothing else.
  if (/people|spaces/.test(file)) return { args: [file], env: { CRASH: test } }
  return { args: [file, '-t', test.replace(/[()?.*+^$|[\]\\]/g, '\\$&')], env: {} }
}

const look = async ({ id, rig }: Bug): Promise<Outcome> => {
  const folder = mkdtempSync(join(tmpdir(), 'salto-planted-'))
  const answer = join(folder, 'found.json')
  const { args, env } = askFor(rig)
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/planted/vitest.config.ts',
  ]
  const how = { LONG: '', BUG: id, FOUND: answer, RESULTS: folder, MINUTES, ...env }
  try {
    const run = promisify(execFile)(process.execPath, [...vitest, ...args], {
      cwd: root,
      maxBuffer: 2 ** 26,
      timeout: (Number(MINUTES) + 3) * 60_000,
      env: { ...process.env, ...how },
    })
    const ended = await run.then(
      () => '',
      (error: { stdout?: string }) => error.stdout ?? String(error),
    )
    if (existsSync(answer))
      return { id, rig: rig.kind, ...JSON.parse(readFileSync(answer, 'utf8')) }
    // A run that broke before any test of it failed has not found anything.
    if (ended) throw new Error(`${id} could not be looked for: ${ended.slice(-2000)}`)
    return { id, rig: rig.kind, says: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.each(wanted)('$id is found: $what', { timeout: 3600_000 }, async (bug) => {
  const outcome = await look(bug)
  const before = readResults<Results>(name)?.by ?? []
  const by = [...before.filter(({ id }) => id !== bug.id), outcome]
  by.sort((a, b) => a.id.localeCompare(b.id))
  const escaped = by.filter(({ says }) => says.length === 0).map(({ id }) => id)
  saveResults(name, { found: by.length - escaped.length, of: bugs.length, escaped, by })
  console.log(`${bug.id} ${JSON.stringify(outcome)}`)
  expect(outcome.says, bug.what).not.toEqual([])
})
