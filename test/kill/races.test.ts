// Kills, lost answers and refreshes that race, in virtual time: how long until work goes on, and that
// nothing is made twice and no permission lost. `LONG=1`: a thousand of each.
import { describe, expect, test } from 'vitest'
import type { Deps } from '../../src/connections/deps.ts'
import { saltoOf } from '../../src/connections/salto.ts'
import { asId, type PairingId } from '../../src/core/ids.ts'
import { priority } from '../../src/core/problems.ts'
import * as clicks from '../../src/db/clicks.ts'
import { list, one } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { saveResults } from '../report/results.ts'
import { seededRandom } from '../support/clock.ts'
import { type Dialect, dialects } from '../support/database.ts'
import { plainCrypt } from '../support/plain-crypt.ts'
import { createWorld } from '../support/world.ts'

const hub = 'harbour-hub'
const minute = 60_000
const { SEED, LONG } = process.env
const seed = SEED ? Number(SEED) : LONG ? Math.floor(Math.random() * 2 ** 31) : 20261124

/** Ada is connected, Noah is moved to another plan, a room is booked: every kind of write is due. */
const prepare = async (options: Parameters<typeof createWorld>[0] = {}) => {
  // Real sealing takes real time, in which virtual time goes on.
  const crypt = plainCrypt([{ kid: 'k1', key: new Uint8Array(32) }])
  const world = await createWorld({ crypt, ...options })
  const { cobot, salto, siteId } = world
  const owl = cobot.addPlan(hub, { name: 'Night Owl' })
  salto.addAccessGroup(siteId, {
    name: 'Night Owl',
    lockIds: [world.frontDoor],
    schedule: 'always',
  })
  const [ada, noah] = [world.addMember('Ada Acker'), world.addMember('Noah North')]
  await world.settle()
  await world.mapRoom()
  await world.connect(noah)
  await world.advance(6 * minute)
  const happen = async () => {
    await world.act((tx) =>
      clicks.connectMembership(tx, world.click(), ada, asId<PairingId>('ada')),
    )
    cobot.changePlan(hub, noah, owl)
    world.book(noah, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
    world.book(ada, '2026-11-26T11:00:00Z', '2026-11-26T12:00:00Z')
  }
  const isAsItShouldBe = () => {
    const whole = world
      .bookingGroups()
      .filter((each) => each.users.length + each.locks.length + each.schedules.length === 3)
    const inside = (name: string) => salto.groupByName(siteId, name)?.users.length
    return whole.length === 2 && inside('Full Time') === 1 && inside('Night Owl') === 1
  }
  return { ...world, happen, isAsItShouldBe }
}

/** A worker that dies, with its timers, as it sends its nth write to KS; before or after the effect. */
const mortalWorker = (deps: Deps, { nth, isDone }: { nth: number; isDone: boolean }) => {
  const { clock, fetch } = deps.ports
  const died = Promise.withResolvers<Date>()
  let isDead = false
  let writes = 0
  const ports = {
    ...deps.ports,
    fetch: async (request: Request): Promise<Response> => {
      if (isDead) return new Promise(() => {})
      const isWrite = request.method !== 'GET' && request.url.includes('/connect/v1')
      if (!isWrite || ++writes < nth) return fetch(request)
      if (isDone) await fetch(request)
      isDead = true
      died.resolve(clock.now())
      return new Promise(() => {})
    },
    clock: {
      now: clock.now,
      after: (ms: number, then: () => void) => clock.after(ms, () => isDead || then()),
    },
  }
  return { worker: createWorker({ ...deps, ports }, handlers), died: died.promise }
}

describe('with the leases of production', () => {
  const moments = (LONG ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] : [1, 4, 8]).flatMap((nth) => [
    { nth, isDone: false, when: 'before' },
    { nth, isDone: true, when: 'after' },
  ])
  let maxMs = 0

  test.each(moments)('a process dies $when write $nth, and another goes on', async (moment) => {
    const world = await prepare()
    const { clock, deps, db } = world
    const { worker, died } = mortalWorker(deps, moment)
    await world.happen()
    await world.cobot.deliverAll()
    worker.start()
    const other = createWorker(deps, handlers)
    let diedAt: Date | null = null
    void died.then((at) => {
      diedAt = at
    })
    for (let second = 0; second < 120 && !diedAt; second++) await clock.advance(1000)
    const since = diedAt ?? new Date(Number.NaN)
    const passedMs = () => clock.now().getTime() - since.getTime()
    const tokens = (await list(db.read, 'work', {})).flatMap((row) => row.leaseToken ?? [])
    expect(tokens.length).toBeGreaterThan(0)
    const isHeldByTheDead = async () =>
      (await list(db.read, 'work', { leaseToken: tokens })).length > 0
    other.start()
    while ((await isHeldByTheDead()) && passedMs() < 5 * minute) await clock.advance(500)
    maxMs = Math.max(maxMs, passedMs())
    expect(passedMs(), 'taken up again').toBeLessThanOrEqual(75_000)
    // A minute is what a grant may take on a day without deaths.
    while (!world.isAsItShouldBe() && passedMs() < 5 * minute) await clock.advance(500)
    expect(passedMs(), 'and done').toBeLessThanOrEqual(75_000 + minute)
    const stopped = other.stop()
    await clock.advance(1000)
    await stopped
    await world.close()
    saveResults('kills', { resumedMs: { max: maxMs } })
  })
})

describe('creates whose answer was lost', () => {
  const wanted = LONG ? 1000 : 40
  const showsAfterMs = 20_000
  const creates = /\/(users|access_groups|time_schedules)$/

  /** People and bookings, all at once, while the answers to what they need made are lost. */
  const loseAnswers = async (worldSeed: number): Promise<{ lost: number; duplicates: number }> => {
    const world = await createWorld({ seed: worldSeed })
    const { cobot, salto, siteId, clock } = world
    const { fraction } = seededRandom(worldSeed)
    const owl = cobot.addPlan(hub, { name: 'Night Owl' })
    const ids = ['Ada Acker', 'Noah North', 'Zoe Zander', 'Bo Berg'].map((name) =>
      world.addMember(name, fraction() < 0.5 ? { planId: owl } : {}),
    )
    await world.settle()
    await world.mapRoom()
    const { ports } = world.deps
    const { fetch } = ports
    let lost = 0
    /** What a list said lately, and until when it goes on saying so: what was made shows after a while. */
    const said = new Map<string, { text: string; atMs: number }>()
    const staleUntil = new Map<string, number>()
    ports.fetch = async (request) => {
      const { pathname } = new URL(request.url)
      const isRead = request.method === 'GET'
      const nowMs = clock.now().getTime()
      const before = isRead && said.get(request.url)
      const isStale = nowMs < (staleUntil.get(pathname) ?? 0)
      if (before && isStale && nowMs < before.atMs + showsAfterMs) return new Response(before.text)
      try {
        const response = await fetch(request)
        if (isRead && creates.test(pathname))
          said.set(request.url, { text: await response.clone().text(), atMs: nowMs })
        return response
      } catch (error) {
        if (!isRead && creates.test(pathname)) {
          lost += 1
          staleUntil.set(pathname, clock.now().getTime() + showsAfterMs)
        }
        throw error
      }
    }
    const paths = ['/sites/[^/]+/users$', '/sites/[^/]+/access_groups$', '/time_schedules$']
    // Some are lost once, some again and again.
    for (const path of paths)
      salto.addFault({
        method: 'POST',
        path,
        loseAnswer: true,
        times: 4 + Math.floor(fraction() * 6),
      })
    for (const id of ids) {
      const pairingId = asId<PairingId>(`pairing-${id}`)
      await world.act((tx) => clicks.connectMembership(tx, world.click(), id, pairingId))
    }
    for (let day = 25; day < 30; day++) {
      const membershipId = ids[Math.floor(fraction() * ids.length)] ?? null
      world.book(membershipId, `2026-11-${day}T09:00:00Z`, `2026-11-${day}T10:00:00Z`)
    }
    const isMade = () =>
      salto.users(siteId).length > ids.length &&
      world.bookingGroups().length === 5 &&
      world
        .bookingGroups()
        .every(({ users, schedules }) => users.length > 0 && schedules.length > 0)
    for (let step = 0; step < 200 && !isMade(); step++) await world.advance(15_000, 15_000)
    expect(isMade(), `seed ${worldSeed}: all is made in the end`).toBe(true)
    await world.advance(16 * minute, 4 * minute)
    const users = salto.users(siteId).length - 1
    const groups = salto.groups(siteId)
    const names = new Set(groups.map(({ name }) => name))
    const schedules = world.bookingGroups().map((group) => group.schedules.length - 1)
    const doubledGroups = groups.length - names.size
    const doubled = [users - ids.length, doubledGroups, ...schedules]
    await world.close()
    return { lost, duplicates: doubled.reduce((sum, each) => sum + each, 0) }
  }

  test(`nothing is made twice in ${wanted} of them`, { timeout: 25 * minute }, async () => {
    let [runs, duplicates] = [0, 0]
    for (let worldSeed = seed; runs < wanted; worldSeed++) {
      const outcome = await loseAnswers(worldSeed)
      runs += outcome.lost
      duplicates += outcome.duplicates
      expect(outcome.duplicates, `seed ${worldSeed}`).toBe(0)
    }
    console.log(`lost creates: seed ${seed}, ${runs} runs, ${duplicates} duplicates`)
    saveResults('kills', { lostCreates: { runs, duplicates, seed } })
  })
})

test('a removal goes before all the grants that wait, but for the one whose turn it is', async () => {
  const world = await createWorld({ seats: null })
  const { salto, worker } = world
  const names = Array.from({ length: 20 }, (_, nr) => `Member Nr${nr}`)
  const ids = names.map((name) => world.addMember(name))
  await world.settle()
  const connected: PairingId[] = []
  for (const id of ids.slice(10)) connected.push(await world.connect(id))
  const leaving = connected.slice(0, 2)
  salto.journal.length = 0
  for (const id of ids.slice(0, 10))
    await world.act((tx) =>
      clicks.connectMembership(tx, world.click(), id, asId<PairingId>(`pairing-${id}`)),
    )
  for (const pairingId of leaving)
    await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await worker.drain()
  const places = salto.journal.filter(({ path }) => /\/access_groups\/[^/]+\/users/.test(path))
  const moves = places.map(({ method }) => method).filter((method) => method !== 'GET')
  const last = moves.lastIndexOf('DELETE')
  expect(moves.filter((method) => method === 'DELETE')).toHaveLength(2)
  expect(moves.slice(0, last).filter((method) => method === 'POST').length).toBeLessThanOrEqual(1)
  await world.close()
})

describe('eight at an expired permission', () => {
  const wanted = LONG ? 1000 : 50
  const total = { runs: 0, doubled: 0, lost: 0 }
  const kinds = dialects.filter((dialect) => dialect !== 'pg')

  test.each(kinds)(
    '%s: one refreshes it, and none is lost',
    { timeout: 15 * minute },
    async (dialect) => {
      const races = Math.ceil(wanted / kinds.length)
      const { doubled, lost } = await race(dialect, races)
      total.runs += races
      total.doubled += doubled
      total.lost += lost
      saveResults('kills', { refreshRaces: total })
      expect({ doubled, lost }).toEqual({ doubled: 0, lost: 0 })
    },
  )

  const race = async (dialect: Dialect, races: number) => {
    const world = await createWorld({ dialect, seed })
    const { deps, db, clock, salto, spaceId, siteId } = world
    salto.switches({ reuseRevokesFamily: true })
    const members = Array.from({ length: 8 }, (_, nr) => world.addMember(`Member Nr${nr}`))
    await world.settle()
    for (const id of members) await world.connect(id)
    const pairings = (await list(db.read, 'pairings', { spaceId })).map((row) => row.pairingId)
    const workers = members.map(() => createWorker(deps, handlers))
    const refreshes = () =>
      salto.journal.filter(({ path }) => path.startsWith('/identity/connect/token')).length
    let [doubled, lost] = [0, 0]
    for (let nr = 0; nr < races; nr++) {
      // By turns just before the end, when the old permission still serves, and long after it.
      await clock.advance(nr % 2 ? 55 * minute : 180 * minute)
      const before = refreshes()
      const how = { spaceId, runAt: clock.now(), cause: 'test', priority: priority.soon }
      const asks = pairings.map(
        (subject) => ({ ...how, task: 'reconcilePairing', subject }) as const,
      )
      await db.tx((tx) => ask(tx, asks, clock.now()))
      const looks = workers.map((worker) => [
        worker.drain(),
        saltoOf(deps, spaceId)
          .getSite(siteId)
          .catch(() => null),
      ])
      await Promise.all(looks.flat())
      if (refreshes() - before !== 1) doubled += 1
      const row = await one(db.read, 'connections', { spaceId, side: 'salto' })
      const site = await saltoOf(deps, spaceId)
        .getSite(siteId)
        .catch(() => null)
      if (row?.state !== 'ok' || !site) lost += 1
    }
    await world.close()
    console.log(
      `refresh races on ${dialect}: seed ${seed}, ${races} runs, ${doubled} doubled, ${lost} lost`,
    )
    return { doubled, lost }
  }
})
