// What only a server shows: starters at the same moment, and two workers on one table.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asId, type MembershipId, type PairingId, type SpaceId } from '../../src/core/ids.ts'
import { priority } from '../../src/core/problems.ts'
import { type Db, openDatabase, type Tx } from '../../src/db/open.ts'
import { saveMemberships } from '../../src/db/snapshots.ts'
import { change, list } from '../../src/db/store.ts'
import { ask, lease, listDue } from '../../src/db/work.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'

const bin = findPostgres()

describe.skipIf(!bin)('a PostgreSQL server', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server.stop())
  const open = (url: string) => openDatabase(url, () => {})
  const now = new Date('2026-11-24T09:00:00Z')

  test('six replicas that start at once on an empty database all start', async () => {
    const url = server.newDatabase()
    const all = await Promise.all(Array.from({ length: 6 }, () => open(url)))
    for (const db of all) expect(await list(db.read, 'spaces', {})).toEqual([])
    await Promise.all(all.map((db) => db.close()))
  })

  test('replicas ask one clock what time it is', async () => {
    const db = await open(server.newDatabase())
    const [before, at] = [Date.now(), await db.time()]
    expect(at?.getTime()).toBeGreaterThanOrEqual(before - 1)
    expect(at?.getTime()).toBeLessThanOrEqual(Date.now() + 1)
    await db.close()
  })

  test('replicas that claim at the same time never get the same subject', async () => {
    const url = server.newDatabase()
    const replicas = await Promise.all([open(url), open(url), open(url)])
    const spaceId = asId<SpaceId>('space-1')
    const how = { spaceId, task: 'reconcileBooking', runAt: now, cause: 'test' } as const
    const asks = Array.from({ length: 12 }, (_, n) => ({
      ...how,
      subject: `${n}`,
      priority: priority.grant,
    }))
    await replicas[0]!.tx((tx) => ask(tx, asks, now))
    const claim = (db: Db, token: string) =>
      db.tx(async (tx) => {
        const [row] = (await listDue(tx, now, 1)).rows
        const until = new Date(now.getTime() + 60_000)
        return row ? (await lease(tx, row, { token, until })).subject : null
      })
    const claims = await Promise.all(asks.map((_, n) => claim(replicas[n % 3]!, `token ${n}`)))
    const got = claims.filter((subject) => subject !== null)
    expect(got.length).toBeGreaterThan(2)
    expect(new Set(got).size).toBe(got.length)
    await Promise.all(replicas.map((db) => db.close()))
  })

  test('a click that comes while a membership is being stored is not lost, and the newest reading stays', async () => {
    const url = server.newDatabase()
    const [one, other] = [await open(url), await open(url)]
    const spaceId = asId<SpaceId>('space-1')
    const membershipId = asId<MembershipId>('mia')
    const plan = { planId: null, name: 'Full Time', canceledTo: null }
    const base = { membershipId, email: null, cobotUserId: null, teamId: null, plan }
    const dates = { confirmedAt: now, startsOn: '2026-01-01' as never, canceledTo: null }
    const save = (db: Db, second: number) => {
      const read = { ...base, ...dates, upcomingPlan: null, name: `Mia ${second}` }
      const readAt = new Date(now.getTime() + second * 1000)
      return db.tx((tx) => saveMemberships(tx, spaceId, [read], { readAt, timeZone: 'UTC' }))
    }
    await save(one, 0)
    for (let round = 1; round <= 100; round++) {
      const pairingId = asId<PairingId>(`pairing ${round}`)
      const click = (tx: Tx) => change(tx, 'memberships', { spaceId, membershipId }, { pairingId })
      await Promise.all([save(one, 2 * round), save(other, 2 * round - 1), other.tx(click)])
      const [row] = await list(one.read, 'memberships', { spaceId })
      expect(row).toMatchObject({ pairingId, name: `Mia ${2 * round}` })
    }
    await Promise.all([one.close(), other.close()])
  })
})
