// `kill -9` at moments that chance picks, while people book, cancel and click: whatever was accepted
// is still looked at, and KS ends as it should, with nothing made twice.
//
// `SEED=<seed> npx vitest … kills` makes the same choices again. `LONG=1`: 500 kills on each database.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveResults } from '../report/results.ts'
import { seededRandom } from '../support/clock.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { bundleAddon } from './bundle.ts'
import { type Database, lookAtPostgres, lookAtSqlite } from './database.ts'
import { openSpace, type Space } from './space.ts'
import { type Accepted, createStage, type Stage } from './stage.ts'

const { SEED, LONG, KILLS } = process.env
const seed = SEED ? Number(SEED) : LONG ? Math.floor(Math.random() * 2 ** 31) : 20261124
const kills = Number(KILLS ?? (LONG ? 500 : 20))
/** So many at once on each database server, each with a database, processes and spaces of its own. */
const [lanes, spaceCount] = LONG ? [2, 2] : [1, 4]
const killsPerLane = Math.ceil(kills / lanes)
const killsPerCheck = 20
const changesPerKill = 4
const timeBoxMs = 25 * 60_000
/** Bursts cost what Cobot's limits demand: some calls a change, 48 a minute and space. */
const patienceMs = 180_000

/** Whether Cobot was asked about it later than it was accepted, by itself or in a list. */
const isRead = ({ cobot }: Stage, each: Accepted): boolean => {
  const { subdomain, kind, subject, calls } = each
  const spaceId = cobot.space(subdomain)?.id ?? '?'
  each.isRead ||= cobot.journal.slice(calls).some(({ method, path, status }) => {
    if (method !== 'GET') return false
    if (path.includes(`/${kind}/${subject}`)) return status === 200 || status === 404
    const isOfSpace = path.includes(`/${subdomain}/`) || path.includes(spaceId)
    return isOfSpace && status === 200 && path.includes(`/${kind}?`)
  })
  each.calls = cobot.journal.length
  return each.isRead
}

/** What was accepted and not read yet; the rest need not be thought of any more. */
const listUnread = (stage: Stage): Accepted[] => {
  const unread = stage.accepted.filter((each) => !isRead(stage, each))
  stage.accepted.splice(0, stage.accepted.length, ...unread)
  return unread
}

/** Accepted, not read yet, and nothing in the database says that it will be. */
const listLost = async (stage: Stage, database: Database): Promise<Accepted[]> => {
  const unread = listUnread(stage)
  const rows = await database.select('select task, subject from work where run_at is not null')
  const waiting = new Set(rows.map(({ task, subject }) => `${task} ${subject}`))
  // A replica that lives on may have read it between these two looks.
  return unread.filter((each) => {
    const task = each.kind === 'bookings' ? 'readBooking' : 'readMembership'
    return !waiting.has(`${task} ${each.subject}`) && !isRead(stage, each)
  })
}

/** What the pages say is in the way, and what waits for another try. */
const listObstacles = async ({ select }: Database): Promise<string[]> => {
  const problems = await select('select code, subject, params from problems')
  const work = await select('select task, subject, last_error from work')
  return [...problems, ...work.filter((row) => row.last_error)].map((row) => JSON.stringify(row))
}

type Tally = { runs: number; lost: number; seed: number }

const rig = async (given: {
  name: string
  tally: Tally
  server: string
  databaseUrl: string
  replicas: number
  database: Database
}) => {
  const { name, database, tally } = given
  const { seed } = tally
  const { fraction } = seededRandom(seed)
  const until = Date.now() + timeBoxMs
  const stage = await createStage({ ...given, fraction })
  const lost: Accepted[] = []
  let runs = 0
  let settledMs = 0

  const differences = (spaces: readonly Space[]) => spaces.flatMap((space) => space.differences())
  /**
   * As if nobody had called Cobot for a while. Only the last kills meet its pace, and wait for it: each
   * process looks at every space, which takes most of what a minute allows.
   */
  const passTime = async () => {
    if (runs >= killsPerLane - killsPerCheck) return
    stage.cobot.forgetCalls()
    await database.change('delete from budgets')
  }
  const settle = async (spaces: readonly Space[]) => {
    const startedAt = Date.now()
    const isSettled = () => listUnread(stage).length === 0 && differences(spaces).length === 0
    while (!isSettled() && Date.now() - startedAt < patienceMs) {
      await passTime()
      await Promise.all(spaces.map((space) => space.pressAgain()))
      await sleep(250)
    }
    settledMs = Math.max(settledMs, Date.now() - startedAt)
    if (!isSettled()) console.log((await listObstacles(database)).join('\n'))
    expect(differences(spaces), `seed ${seed}, ${name}, after ${runs} kills`).toEqual([])
    expect(listUnread(stage), `seed ${seed}, ${name}: accepted and never read`).toEqual([])
  }

  try {
    const numbers = Array.from({ length: spaceCount }, (_, index) => index)
    const spaces = await Promise.all(numbers.map((index) => openSpace(stage, index)))
    stage.setupIsOver()
    await settle(spaces)
    await stage.restartOne()
    while (runs < killsPerLane && Date.now() < until) {
      await passTime()
      await Promise.all(spaces.map((space) => space.pressAgain()))
      for (let change = 0; change < changesPerKill; change++)
        spaces[Math.floor(fraction() * spaces.length)]?.happen()
      await sleep(1 + fraction() * 399)
      await stage.killOne()
      runs += 1
      lost.push(...(await listLost(stage, database)))
      await stage.start()
      if (runs % killsPerCheck === 0) await settle(spaces)
    }
    await settle(spaces)
    // What was read a moment ago may still be written.
    let writes = -1
    for (let tries = 0; tries < 8 && stage.salto.writes() !== writes; tries++) {
      writes = stage.salto.writes()
      await sleep(1500)
    }
    expect(stage.salto.writes(), 'at rest nothing is written').toBe(writes)
    expect(lost, `seed ${seed}, ${name}: accepted and forgotten`).toEqual([])
    expect(runs, 'kills before the time was up').toBe(killsPerLane)
  } finally {
    Object.assign(tally, { runs, lost: lost.length })
    const calls = `${stage.cobot.journal.length} calls to Cobot, ${stage.salto.writes()} writes to KS`
    console.log(`${name}: seed ${seed}, ${runs} kills, ${lost.length} lost, ${calls}`)
    console.log(`${name}: equal again after ${Math.round(settledMs / 100) / 10} s at most`)
    await stage.stop()
    await database.close()
  }
}

/** Runs the rig in all lanes to their ends, whatever happens in one of them. */
const inLanes = async (
  name: 'sqlite' | 'postgres',
  run: (lane: { name: string; tally: Tally }) => Promise<void>,
) => {
  const tallies = Array.from({ length: lanes }, (_, nr) => ({ runs: 0, lost: 0, seed: seed + nr }))
  const ends = await Promise.allSettled(
    tallies.map((tally, nr) => run({ name: `${name}-${nr}`, tally })),
  )
  const sum = (of: 'runs' | 'lost') => tallies.reduce((sum, tally) => sum + tally[of], 0)
  saveResults('kills', { [name]: { runs: sum('runs'), lost: sum('lost'), seed } })
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

describe.concurrent(`${kills} kills each`, { timeout: timeBoxMs + 3 * 60_000 }, () => {
  let server: string
  // What a killed process wrote is there without a disk, and nobody waits for one.
  const memory = '/dev/shm'
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'salto-kills-'))
  beforeAll(async () => {
    server = await bundleAddon()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('a SQLite file, one process', () =>
    inLanes('sqlite', async (lane) => {
      const file = join(folder, `${lane.name}.db`)
      const database = lookAtSqlite(file)
      await rig({ ...lane, server, databaseUrl: `file:${file}`, replicas: 1, database })
    }))

  const bin = findPostgres()
  test.skipIf(!bin)('PostgreSQL, two processes, of which one goes on', async () => {
    const postgres = await startPostgres(bin ?? '')
    try {
      await inLanes('postgres', async (lane) => {
        const databaseUrl = postgres.newDatabase()
        const database = await lookAtPostgres(databaseUrl)
        await rig({ ...lane, server, databaseUrl, replicas: 2, database })
      })
    } finally {
      postgres.stop()
    }
  })
})
