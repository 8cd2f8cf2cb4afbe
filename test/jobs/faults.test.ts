// Foul weather: whatever fails on the way, and however, the end is the one of a fine day, nothing is
// made twice, and afterwards nothing is written any more.
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { sealContext } from '../../src/connections/cobot.ts'
import { saltoOf } from '../../src/connections/salto.ts'
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { saveConnection } from '../../src/db/connections.ts'
import { nextRunAt } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker, type Worker } from '../../src/jobs/worker.ts'
import type { Fault } from '../simulators/kit.ts'
import { createWorld, type World } from '../support/world.ts'

const hub = 'harbour-hub'
const minute = 60_000

/** What KS holds, in words: people with seat and name, groups with people, locks and hours. */
const shapeOf = ({ salto, siteId }: World) => {
  const users = salto.users(siteId)
  const locks = new Map(salto.locks(siteId).map(({ lockId, name }) => [lockId, name]))
  const known = (id: string) => users.find(({ saltoUserId }) => saltoUserId === id)
  const nameOf = (id: string) => known(id)?.alias?.replace(/ · C\d+$/, '') ?? id
  return {
    users: users
      .map((each) => [
        each.alias?.replace(/ · C\d+$/, '') ?? 'the owner',
        each.subscriptionState,
        each.firstName,
        each.lastName,
        each.blocked,
        ...each.roles,
      ])
      .sort(),
    groups: salto
      .groups(siteId)
      .map((group) => ({
        name: group.name.replace(/\d{12}/, 'booking'),
        locks: group.locks.map((id) => locks.get(id)).sort(),
        users: group.users.map(nameOf).sort(),
        hours: group.schedules.map((each) => [each.start_date, each.end_date]),
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}
type Shape = ReturnType<typeof shapeOf>

/** Five people, two rooms, three plans; what happens next needs every kind of write. */
const prepare = async (options: Parameters<typeof createWorld>[0] = {}) => {
  const world = await createWorld(options)
  const { cobot, salto, siteId } = world
  const owl = cobot.addPlan(hub, { name: 'Night Owl' })
  const attic = cobot.addResource(hub, { name: 'Attic' })
  const atticLock = salto.addLock(siteId, { name: 'Attic' })
  const sides = { enabled: true, minutesBefore: 0, minutesAfter: 0 }
  const door = (resourceId: string, lockId: string) => ({
    ...sides,
    resourceId: asId<never>(resourceId),
    lockIds: [asId<never>(lockId)],
  })
  await world.settle()
  await world.act((tx) =>
    clicks.saveDoors(tx, world.click(), siteId, [
      door(world.quayRoom, world.quayLock),
      door(attic, atticLock),
    ]),
  )
  const [mia, noah, zoe, ada] = ['Mia Member', 'Noah North', 'Zoe Zander', 'Ada Acker'].map(
    (name) => world.addMember(name),
  ) as [MembershipId, MembershipId, MembershipId, MembershipId]
  await world.settle()
  for (const id of [mia, noah, zoe]) await world.connect(id)
  const day = (hours: string) => `2026-11-26T${hours}:00Z`
  const moved = world.book(mia, day('09:00'), day('10:00'))
  const handedOver = world.book(mia, day('11:00'), day('12:00'))
  const elsewhere = world.book(noah, day('13:00'), day('14:00'))
  const dropped = world.book(noah, day('15:00'), day('16:00'))
  await world.advance(6 * minute)

  /** An admin's click and a day's work in Cobot. */
  const happen = async () => {
    const pairingId = asId<PairingId>('pairing-ada')
    await world.act((tx) => clicks.connectMembership(tx, world.click(), ada, pairingId))
    cobot.changePlan(hub, mia, owl)
    cobot.updateMembership(hub, noah, { name: 'Noah Nord' })
    cobot.deleteMembership(hub, zoe)
    cobot.updateBooking(moved, { from: day('09:30'), to: day('10:30') })
    cobot.updateBooking(handedOver, { membershipId: noah })
    cobot.updateBooking(elsewhere, { resourceId: attic })
    cobot.deleteBooking(dropped)
    world.book(ada, day('17:00'), day('18:00'))
  }
  return { ...world, happen }
}

/** One look at all that is due, and on: nothing is expected to come to rest. */
const pass = async (world: World, ms: number): Promise<void> => {
  const end = world.clock.now().getTime() + ms
  while (world.clock.now().getTime() < end) {
    await world.cobot.deliverAll()
    await world.worker.drain()
    await world.clock.advance(5000)
  }
}

/** The same while calls hang: several looks at once, as in production, wait on the same clock. */
const passWaiting = async ({ worker, cobot, clock }: World, ms: number): Promise<void> => {
  worker.start()
  await cobot.deliverAll()
  await clock.advance(ms)
  let isOver = false
  const stopped = worker.stop().finally(() => {
    isOver = true
  })
  while (!isOver) await clock.advance(1000)
  await stopped
}

/** The weather is fine again: everything is brought to its end, and then nothing is written. */
const clearUp = async (world: World, worker: Worker = world.worker): Promise<void> => {
  world.salto.clearFaults()
  world.cobot.clearFaults()
  for (const end = world.clock.now().getTime() + 25 * minute; ; ) {
    await world.cobot.deliverAll()
    if ((await worker.drain()) > 0) continue
    const [now, next] = [world.clock.now(), await nextRunAt(world.db.read, world.clock.now())]
    if (now.getTime() >= end) break
    const ms = (next?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime()
    await world.clock.advance(Math.max(0, Math.min(ms, end - now.getTime())))
  }
  const writes = world.salto.writes()
  await world.advance(20 * minute, 4 * minute)
  expect(world.salto.writes(), 'one pass more makes no writes').toBe(writes)
}

let fine: Shape
beforeAll(async () => {
  const world = await prepare()
  await world.happen()
  await clearUp(world)
  fine = shapeOf(world)
  await world.close()
})

test('a fine day, for comparison', () => {
  const inside = (name: string) => fine.groups.find((group) => group.name === name)?.users
  expect(inside('Full Time')).toEqual(['Ada Acker', 'Noah Nord'])
  expect(inside('Night Owl')).toEqual(['Mia Member'])
  expect(fine.groups.filter(({ name }) => name === 'Cobot booking')).toMatchObject([
    { locks: ['Attic'], users: ['Noah Nord'] },
    { locks: ['Quay Room'], users: ['Ada Acker'] },
    { locks: ['Quay Room'], users: ['Mia Member'] },
    { locks: ['Quay Room'], users: ['Noah Nord'] },
  ])
  expect(fine.users.map(([name, seat]) => `${name} ${seat}`)).toEqual([
    'Ada Acker subscribed',
    'Mia Member subscribed',
    'Noah Nord subscribed',
    'Zoe Zander suspended',
    'the owner subscribed',
  ])
})

const weather = async (side: 'salto' | 'cobot', faults: Fault[], ms = 90_000) => {
  const world = await prepare()
  for (const fault of faults) world[side].addFault(fault)
  await world.happen()
  await (faults.some(({ hang }) => hang) ? passWaiting : pass)(world, ms)
  await clearUp(world)
  expect(shapeOf(world)).toEqual(fine)
  await world.close()
}

describe('SALTO KS', () => {
  const retryAt = 'Tue, 24 Nov 2026 09:09:30 GMT'
  test.each<[string, Fault, Fault?, Fault?]>([
    [
      'answers reads alone, and 500 to writes',
      { method: 'POST', path: '/sites/', status: 500 },
      { method: 'PATCH', status: 500 },
      { method: 'DELETE', status: 500 },
    ],
    ['answers 500', { status: 500 }],
    ['answers every other kind of nonsense', { status: 200, body: '<html>' }],
    ['asks for a pause in seconds', { status: 429, headers: { 'Retry-After': '30' } }],
    ['asks for a pause until a date', { status: 429, headers: { 'Retry-After': retryAt } }],
    ['does not answer', { hang: true }],
    ['loses every answer', { loseAnswer: true }],
    ['loses the answers of its identity server', { path: '/identity/', loseAnswer: true }],
  ])('%s for a while', (_, ...faults) =>
    weather(
      'salto',
      faults.filter((each) => each !== undefined),
    ),
  )

  const site = '/sites/[^/]+'
  test.each([
    ['POST', `${site}/users$`],
    ['PATCH', `${site}/users/[^/]+$`],
    ['PATCH', `${site}/users/[^/]+/subscription`],
    ['POST', `${site}/access_groups$`],
    ['DELETE', `${site}/access_groups/[^/]+$`],
    ['POST', '/time_schedules'],
    ['PATCH', '/time_schedules/'],
    ['POST', '/access_groups/[^/]+/users'],
    ['DELETE', '/access_groups/[^/]+/users/'],
    ['POST', '/access_groups/[^/]+/locks'],
    ['DELETE', '/access_groups/[^/]+/locks/'],
  ])('does the work of %s %s and loses the answer, twice', async (method, path) => {
    const world = await prepare()
    const before = world.salto.journal.length
    world.salto.addFault({ method, path, loseAnswer: true, times: 2 })
    await world.happen()
    await pass(world, minute)
    await clearUp(world)
    const asked = world.salto.journal.slice(before)
    const struck = asked.filter(
      (call) => call.method === method && new RegExp(path).test(call.path),
    )
    expect(struck.length, 'this kind of write was needed').toBeGreaterThan(0)
    expect(shapeOf(world)).toEqual(fine)
    await world.close()
  })

  test('knows a new user everywhere only after a minute', async () => {
    const world = await prepare()
    world.salto.setConsistencyDelay(minute)
    await world.happen()
    await pass(world, 90_000)
    await clearUp(world)
    expect(shapeOf(world)).toEqual(fine)
    await world.close()
  })

  test('has no seat left, and then more are bought', async () => {
    const world = await prepare()
    world.salto.setSite(world.siteId, { seats: 3 })
    await world.happen()
    await pass(world, 2 * minute)
    expect(await world.problems()).toContainEqual(expect.stringMatching(/^P03 pairing:/))
    world.salto.setSite(world.siteId, { seats: 40 })
    await clearUp(world)
    const { users, groups } = shapeOf(world)
    const suspended = users.filter(([, seat]) => seat === 'suspended')
    expect(suspended.map(([name]) => name)).toEqual(['Zoe Zander'])
    expect(groups).toEqual(fine.groups)
    expect(await world.problems()).not.toContainEqual(expect.stringMatching(/^P03/))
    await world.close()
  })

  test('refuses our permission: it is said, nobody loses access, and a new one brings all', async () => {
    const world = await prepare()
    const before = shapeOf(world)
    world.salto.revokeAllTokens()
    await world.happen()
    await pass(world, 2 * minute)
    expect(await world.problems()).toContain('P01 space')
    expect(shapeOf(world)).toEqual(before)
    await pass(world, 20 * minute)
    expect(shapeOf(world)).toEqual(before)
    await world.reconnectSalto()
    await clearUp(world)
    expect(shapeOf(world)).toEqual(fine)
    expect(await world.problems()).not.toContain('P01 space')
    await world.close()
  })

  test('eight looks at an expired permission refresh it once, and lose none', async () => {
    const world = await prepare()
    const { deps, clock, salto, spaceId, siteId } = world
    salto.switches({ reuseRevokesFamily: true })
    await clock.advance(3 * 3600_000)
    const refreshes = () =>
      salto.journal.filter(({ path }) => path.startsWith('/identity/connect/token')).length
    const before = refreshes()
    const read = () => saltoOf(deps, spaceId).getSite(siteId)
    const looks = await Promise.allSettled(Array.from({ length: 8 }, read))
    expect(refreshes() - before).toBe(1)
    expect(looks.some(({ status }) => status === 'fulfilled')).toBe(true)
    for (const look of looks.filter(({ status }) => status === 'rejected'))
      expect(look).toMatchObject({ reason: { name: 'Error', afterMs: expect.any(Number) } })
    expect(await read()).not.toBeNull()
    await world.happen()
    await clearUp(world)
    expect(shapeOf(world)).toEqual(fine)
    await world.close()
  })
})

describe('Cobot', () => {
  test.each<[string, Fault]>([
    ['answers 500', { status: 500 }],
    ['asks for a pause', { status: 429, headers: { 'Retry-After': '30' } }],
    ['does not answer', { hang: true }],
    ['loses every answer', { loseAnswer: true }],
    ['cannot list bookings', { path: '/api2/bookings\\?', status: 500 }],
  ])('%s for a while', (_, fault) => weather('cobot', [fault]))

  test('refuses our permission: it is said, nobody loses access, and a new one brings all', async () => {
    const world = await prepare()
    const before = shapeOf(world)
    const { cobot, deps, spaceId, ownerId, clock } = world
    cobot.revokeTokens({ spaceToken: hub })
    cobot.deleteMembership(hub, cobot.memberships(hub)[0]?.id ?? '')
    await pass(world, 2 * minute)
    expect(await world.problems()).toContain('P02 space')
    await pass(world, 20 * minute)
    expect(shapeOf(world)).toEqual(before)
    const scopes = manifest.cobot.installScopes
    const clientId = 'cobot-client'
    const token = cobot.issueToken({ userId: ownerId, clientId, scopes, subdomain: hub })
    const accessSealed = await deps.crypt.seal(token, sealContext('cobot', 'access', spaceId))
    await world.act(async (tx) => {
      const tokens = { accessSealed, accessExpiresAt: null, refreshSealed: null, owner: ownerId }
      await saveConnection(tx, { spaceId, side: 'cobot' }, tokens, clock.now())
      await clicks.lookAgain(tx, world.click(), null)
    })
    await clearUp(world)
    expect(await world.problems()).not.toContain('P02 space')
    const group = shapeOf(world).groups.find(({ name }) => name === 'Full Time')
    expect(group?.users).toEqual(['Noah North', 'Zoe Zander'])
    await world.close()
  })
})

const crashes = Array.from({ length: 14 }, (_, index) => ({
  nth: index + 1,
  isDone: index % 3 > 0,
  when: index % 3 > 0 ? 'after' : 'before',
}))

test.each(crashes)('a crash $when the effect of write $nth ends the same', async (crash) => {
  const world = await prepare()
  const { deps, clock } = world
  const { fetch } = deps.ports
  let isDead = false
  let writes = 0
  const died = Promise.withResolvers<void>()
  const dyingFetch = async (request: Request): Promise<Response> => {
    const isWrite = request.method !== 'GET' && request.url.includes('/connect/v1')
    if (!isWrite || ++writes < crash.nth) return fetch(request)
    if (crash.isDone) await fetch(request)
    isDead = true
    died.resolve()
    return new Promise(() => {})
  }
  // With the process its timers die: nobody renews its leases.
  const dyingClock = {
    now: clock.now,
    after: (ms: number, then: () => void) => clock.after(ms, () => isDead || then()),
  }
  const ports = { ...deps.ports, fetch: dyingFetch, clock: dyingClock }
  const worker = createWorker({ ...deps, ports }, handlers)
  await world.happen()
  await world.cobot.deliverAll()
  const live = async () => {
    for (let round = 0; round < 40 && !isDead; round++) {
      await worker.drain()
      await clock.advance(5000)
    }
  }
  await Promise.race([died.promise, live()])
  expect(isDead).toBe(true)
  await clearUp(world, createWorker(deps, handlers))
  expect(shapeOf(world)).toEqual(fine)
  await world.close()
})

test('a forged webhook changes nothing, and leads us nowhere', async () => {
  const world = await prepare()
  const { cobot, deps, hookKey, addSpace } = world
  const { fetch } = deps.ports
  const origins = new Set<string>()
  deps.ports.fetch = (request) => {
    origins.add(new URL(request.url).origin)
    return fetch(request)
  }
  await addSpace('other-space')
  const plan = cobot.addPlan('other-space', { name: 'Full Time' })
  const stranger = cobot.addMembership('other-space', {
    name: 'Sam Stranger',
    email: 'sam@other.example',
    planId: plan,
  })
  const mia = cobot.memberships(hub).find(({ name }) => name === 'Mia Member')?.id ?? ''
  const booking = cobot.bookings(hub)[0]?.id ?? ''
  const before = shapeOf(world)
  const post = async (event: string, url: string, key = hookKey) => {
    const body = JSON.stringify({ url, membership: { id: stranger }, booking: { id: booking } })
    const path = `/hooks/cobot/${key}/${event}`
    const { status } = await world.app.request(path, { method: 'POST', body })
    await world.settle()
    return status
  }
  const evil = 'https://evil.example/api'
  expect(await post('deleted_membership', `${evil}/memberships/${mia}`, 'a-guess')).toBe(404)
  expect(await post('deleted_membership', `${evil}/memberships/${mia}`)).toBe(204)
  expect(await post('deleted_booking', `${evil}/bookings/${booking}`)).toBe(204)
  expect(await post('created_membership', `${evil}/memberships/${stranger}`)).toBe(204)
  expect(await post('created_booking', `${evil}/bookings/../../secrets`)).toBe(204)
  expect(await post('deleted_resource', `${evil}/resources/${world.quayRoom}`)).toBe(204)
  await world.advance(20 * minute, 4 * minute)
  expect(shapeOf(world)).toEqual(before)
  expect([...origins].sort()).toEqual(['http://localhost:4100', 'http://localhost:4200'])
  await world.close()
})
