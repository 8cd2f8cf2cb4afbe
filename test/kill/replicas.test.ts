// Two replicas in each other's way: on one PostgreSQL server, and after one of them slept too long.
import { describe, expect, test } from 'vitest'
import { asId, type PairingId, type SpaceId } from '../../src/core/ids.ts'
import { priority } from '../../src/core/problems.ts'
import * as clicks from '../../src/db/clicks.ts'
import { openDatabase } from '../../src/db/open.ts'
import { list } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { createWorld } from '../support/world.ts'

const bin = findPostgres()

describe.skipIf(!bin)('on a PostgreSQL server', () => {
  test('two that ask for the same subjects in another order both get through', async () => {
    const server = await startPostgres(bin ?? '')
    const db = await openDatabase(server.newDatabase(), () => {})
    const now = new Date('2026-11-24T09:00:00Z')
    const spaceId = asId<SpaceId>('space-1')
    const wish = (subject: string) =>
      ({
        spaceId,
        task: 'reconcileBooking',
        subject,
        runAt: now,
        cause: 'test',
        priority: priority.grant,
      }) as const
    const [hasOne, hasTwo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await Promise.all([
      db.tx(async (tx) => {
        await ask(tx, [wish('one')], now)
        hasOne.resolve()
        await hasTwo.promise
        await ask(tx, [wish('two')], now)
      }),
      db.tx(async (tx) => {
        await ask(tx, [wish('two')], now)
        hasTwo.resolve()
        await hasOne.promise
        await ask(tx, [wish('one')], now)
      }),
    ])
    const rows = await list(db.read, 'work', { spaceId })
    expect(rows.map((row) => row.revision)).toEqual([2, 2])
    await db.close()
    server.stop()
  })
})

test('whoever slept past the lease writes nothing more, however often it is renewed', async () => {
  const world = await createWorld()
  const { clock, deps, salto, siteId } = world
  const ada = world.addMember('Ada Acker')
  await world.settle()
  // The one sleeps while it asks for roles, right before it would make the user.
  const asleep = Promise.withResolvers<void>()
  const awake = Promise.withResolvers<void>()
  const timers: (() => void)[] = []
  let isAsleep = false
  const ports = {
    ...deps.ports,
    fetch: async (request: Request) => {
      if (request.url.includes('/roles') && !isAsleep) {
        isAsleep = true
        asleep.resolve()
        await awake.promise
      }
      return deps.ports.fetch(request)
    },
    clock: {
      now: clock.now,
      after: (ms: number, then: () => void) =>
        clock.after(ms, () => (isAsleep ? timers.push(then) : then())),
    },
  }
  const sleeper = createWorker({ ...deps, ports }, handlers)
  await world.act((tx) =>
    clicks.connectMembership(tx, world.click(), ada, asId<PairingId>('pairing-ada')),
  )
  const slept = sleeper.drain()
  await asleep.promise
  await clock.advance(61_000)
  await createWorker(deps, handlers).drain()
  // It wakes: the lease is renewed, its oldest timer, and then the answer is there.
  isAsleep = false
  timers[0]?.()
  await clock.advance(0)
  const writes = salto.writes()
  awake.resolve()
  await slept
  expect(salto.writes(), 'by whoever slept').toBe(writes)
  // What it meant to make is looked for first, and then made by whoever goes on.
  await world.advance(60_000)
  expect(salto.users(siteId).filter(({ alias }) => alias?.startsWith('Ada Acker'))).toHaveLength(1)
  await world.close()
})

test('connecting again while the disconnecting is under way is not lost', async () => {
  const world = await createWorld()
  const { deps, salto, siteId, spaceId } = world
  const ada = world.addMember('Ada Acker')
  await world.settle()
  const pairingId = await world.connect(ada)
  const { fetch } = deps.ports
  const again = asId<PairingId>('pairing-again')
  deps.ports.fetch = async (request) => {
    if (request.method === 'DELETE' && request.url.includes('/users/'))
      await world.act((tx) => clicks.connectMembership(tx, world.click(), ada, again))
    return fetch(request)
  }
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.settle()
  const [user, ...more] = salto.users(siteId).filter(({ alias }) => alias?.startsWith('Ada Acker'))
  expect(more).toEqual([])
  expect(user?.subscriptionState).toBe('subscribed')
  expect(salto.groupByName(siteId, 'Full Time')?.users).toEqual([user?.saltoUserId])
  expect(await world.problems()).toEqual([`P22 pairing:${pairingId}`])
  expect(await list(world.db.read, 'pairings', { spaceId })).toHaveLength(1)
  await world.close()
})
