// `kill -9` at moments that chance picks, while people book, cancel and click: whatever was accepted
// is still looked at, and KS ends as it should, with nothing made twice.
//
// `SEED=<seed> npx vitest … kills` makes the same choices again. `LONG=1`: 500 kills on each database.
import { mkdtempSync, rmSync } from 'node:fs'
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
const [spaceCount, killsPerCheck] = LONG ? [10, 20] : [4, 20]
const changesPerKill = LONG ? 10 : 4
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

const rig = async (given: {
  name: 'sqlite' | 'postgres'
  server: string
  databaseUrl: string
  replicas: number
  database: Database
}) => {
  const { name, database } = given
  const { fraction } = seededRandom(seed)
  const until = Date.now() + timeBoxMs
  const stage = await createStage({ ...given, fraction })
  const lost: Accepted[] = []
  let runs = 0
  let settledMs = 0

  const differences = (spaces: readonly Space[]) => spaces.flatMap((space) => space.differences())
  const settle = async (spaces: readonly Space[]) => {
    const startedAt = Date.now()
    const isSettled = () => listUnread(stage).length === 0 && differences(spaces).length === 0
    while (!isSettled() && Date.now() - startedAt < patienceMs) {
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
    while (runs < kills && Date.now() < until) {
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
  } finally {
    saveResults('kills', { [name]: { runs, lost: lost.length, seed } })
    const calls = `${stage.cobot.journal.length} calls to Cobot, ${stage.salto.writes()} writes to KS`
    console.log(`${name}: seed ${seed}, ${runs} kills, ${lost.length} lost, ${calls}`)
    console.log(`${name}: equal again after ${Math.round(settledMs / 100) / 10} s at most`)
    await stage.stop()
    await database.close()
  }
}

describe.concurrent(`${kills} kills each`, { timeout: timeBoxMs + 3 * 60_000 }, () => {
  let server: string
  const folder = mkdtempSync(join(tmpdir(), 'salto-kills-'))
  beforeAll(async () => {
    server = await bundleAddon()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('a SQLite file, one process', async () => {
    const file = join(folder, 'salto.db')
    const database = lookAtSqlite(file)
    await rig({ name: 'sqlite', server, databaseUrl: `file:${file}`, replicas: 1, database })
  })

  const bin = findPostgres()
  test.skipIf(!bin)('PostgreSQL, two processes, of which one goes on', async () => {
    const postgres = await startPostgres(bin ?? '')
    try {
      const databaseUrl = postgres.newDatabase()
      const database = await lookAtPostgres(databaseUrl)
      await rig({ name: 'postgres', server, databaseUrl, replicas: 2, database })
    } finally {
      postgres.stop()
    }
  })
})
