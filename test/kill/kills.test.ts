// `kill -9` at moments that chance picks, while people book, cancel and click: whatever was accepted
// is still looked at, and KS ends as it should, with nothing made twice.
//
// `SEED=<seed> npx vitest … kills` makes the same choices again. `LONG=1`: 500 kills on each database.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/open.ts'
import { list, one } from '../../src/db/store.ts'
import { saveResults } from '../report/results.ts'
import { seededRandom } from '../support/clock.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { bundleAddon } from './bundle.ts'
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
const isRead = ({ cobot }: Stage, { subdomain, kind, subject, calls }: Accepted): boolean => {
  const spaceId = cobot.space(subdomain)?.id ?? '?'
  return cobot.journal.slice(calls).some(({ method, path, status }) => {
    if (method !== 'GET') return false
    if (path.includes(`/${kind}/${subject}`)) return status === 200 || status === 404
    const isOfSpace = path.includes(`/${subdomain}/`) || path.includes(spaceId)
    return isOfSpace && status === 200 && path.includes(`/${kind}?`)
  })
}

/** Accepted, not read yet, and nothing in the database says that it will be. */
const listLost = async (stage: Stage, databaseUrl: string): Promise<Accepted[]> => {
  const db = await openDatabase(databaseUrl, () => {})
  const lost: Accepted[] = []
  const open = stage.accepted.filter((each) => !isRead(stage, each))
  for (const each of open) {
    const task = each.kind === 'bookings' ? 'readBooking' : 'readMembership'
    const row = await one(db.read, 'work', { task, subject: each.subject })
    // A replica that lives on may have read it between these two looks.
    if (!row?.runAt && !isRead(stage, each)) lost.push(each)
  }
  stage.accepted.splice(0, stage.accepted.length, ...open)
  await db.close()
  return lost
}

/** What the pages say is in the way, and what waits for another try. */
const listObstacles = async (databaseUrl: string): Promise<string[]> => {
  const db = await openDatabase(databaseUrl, () => {})
  const problems = await list(db.read, 'problems', {})
  const work = await list(db.read, 'work', {})
  await db.close()
  return [
    ...problems.map(({ code, subject, params }) => `${code} ${subject} ${JSON.stringify(params)}`),
    ...work.flatMap(({ task, subject, lastError }) =>
      lastError ? `${task} ${subject}: ${lastError}` : [],
    ),
  ]
}

const rig = async (given: {
  name: 'sqlite' | 'postgres'
  server: string
  databaseUrl: string
  replicas: number
  /** The database as the dead process left it, to be looked at. */
  copy(): string
}) => {
  const { name } = given
  const { fraction } = seededRandom(seed)
  const until = Date.now() + timeBoxMs
  const stage = await createStage({ ...given, fraction })
  const lost: Accepted[] = []
  let runs = 0
  let settledMs = 0

  const differences = (spaces: readonly Space[]) => spaces.flatMap((space) => space.differences())
  const settle = async (spaces: readonly Space[]) => {
    const startedAt = Date.now()
    const isSettled = () =>
      differences(spaces).length === 0 && stage.accepted.every((each) => isRead(stage, each))
    while (!isSettled() && Date.now() - startedAt < patienceMs) {
      await Promise.all(spaces.map((space) => space.pressAgain()))
      await sleep(100)
    }
    settledMs = Math.max(settledMs, Date.now() - startedAt)
    if (!isSettled()) console.log((await listObstacles(given.copy())).join('\n'))
    expect(differences(spaces), `seed ${seed}, ${name}, after ${runs} kills`).toEqual([])
    const unread = stage.accepted.filter((each) => !isRead(stage, each))
    expect(unread, `seed ${seed}, ${name}: accepted and never read`).toEqual([])
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
      lost.push(...(await listLost(stage, given.copy())))
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
    const [file, copied] = [join(folder, 'salto.db'), join(folder, 'copy.db')]
    const copy = () => {
      for (const part of ['', '-wal']) {
        rmSync(copied + part, { force: true })
        if (existsSync(file + part)) copyFileSync(file + part, copied + part)
      }
      rmSync(`${copied}-shm`, { force: true })
      return `file:${copied}`
    }
    await rig({ name: 'sqlite', server, databaseUrl: `file:${file}`, replicas: 1, copy })
  })

  const bin = findPostgres()
  test.skipIf(!bin)('PostgreSQL, two processes, of which one goes on', async () => {
    const postgres = await startPostgres(bin ?? '')
    try {
      const databaseUrl = postgres.newDatabase()
      const copy = () => databaseUrl
      await rig({ name: 'postgres', server, databaseUrl, replicas: 2, copy })
    } finally {
      postgres.stop()
    }
  })
})
