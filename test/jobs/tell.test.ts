// What cannot wait is told on the space's dashboard in Cobot: at once, after four hours, then daily,
// once each, with two replicas and after a crash as well (DESIGN §7).
import { expect, test } from 'vitest'
import { replaceProblems } from '../../src/db/problems.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import type { World } from '../support/world.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, connected, rows, lookAt, pass } = stage()

const told = (world: World) =>
  world.cobot.activities(hub).map(({ at, text, level, channels }) => {
    const hours = (at.getTime() - new Date('2026-11-24T09:00:00Z').getTime()) / hour
    return { hours: Math.round(hours * 10) / 10, text, level, channels }
  })
const texts = (world: World) => told(world).map(({ text }) => text)

test('P01 is told while it lasts, and not after the cure', async () => {
  const world = await start()
  world.salto.addFault({ path: '^/connect/', status: 401 })
  await lookAt('sweepKs:space')
  const text =
    'SALTO KS add-on: SALTO KS no longer accepts our permission. Nothing can be changed there until somebody connects it again.'
  expect(told(world)).toEqual([{ hours: 0, text, level: 'WARN', channels: ['admin'] }])
  await pass('2026-11-26T15:00:00Z', hour)
  expect(told(world).map(({ hours }) => Math.round(hours))).toEqual([0, 4, 28, 52])
  world.salto.clearFaults()
  await world.reconnectSalto()
  await lookAt('sweepKs:space')
  await pass('2026-11-27T15:00:00Z', 4 * hour)
  expect(told(world)).toHaveLength(4)
  world.salto.addFault({ path: '^/connect/', status: 401 })
  await lookAt('sweepKs:space')
  expect(told(world)).toHaveLength(5)
  world.salto.clearFaults()
  await world.reconnectSalto()
})

test('P16 names all whose end is due in one line, in the language of the space', async () => {
  const world = await start()
  world.cobot.changeSpace(hub, { locale: 'de-AT' })
  for (const name of ['Mia Member', 'Tom Turner']) {
    const { membershipId } = await connected(name)
    world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
  }
  await world.settle()
  world.salto.addFault({ path: '^/connect/', status: 401 })
  await world.advanceTo('2026-11-24T23:05:00Z', 30 * minute)
  const due = texts(world).filter((text) => /Mia Member/.test(text))
  expect(due.join()).toMatch(/Tom Turner/)
  expect(due[0]).toMatch(/^SALTO-KS-Add-on: /)
  expect(due.length).toBeLessThan(3)
  world.salto.clearFaults()
  await world.reconnectSalto()
  await lookAt(null)
})

test('P02 cannot be told while Cobot refuses us; when it lets us in it is over, and nothing is told', async () => {
  const world = await start()
  world.cobot.addFault({ status: 401 })
  await lookAt('sweepCobot:space')
  expect(await world.problems()).toContain('P02 space')
  await world.advance(5 * hour, hour)
  expect(texts(world)).toEqual([])
  const [before] = (await rows('problems')).filter(({ code }) => code === 'P02')
  expect(before?.since.getTime()).toBeLessThan(new Date('2026-11-24T09:05:00Z').getTime())
  world.cobot.clearFaults()
  await world.advance(30 * minute, 5 * minute)
  expect(await world.problems()).not.toContain('P02 space')
  expect(texts(world)).toEqual([])
})

test('P02 is told when Cobot still takes it', async () => {
  const world = await start()
  world.cobot.addFault({ path: '/(api/memberships|api2/spaces)', status: 403 })
  await lookAt('sweepCobot:space')
  expect(texts(world)).toEqual([expect.stringContaining('Cobot no longer accepts our permission')])
  world.cobot.clearFaults()
  await world.advance(30 * minute, 5 * minute)
})

test('what Cobot did not take is told when it does; a doubled line after a crash, never a missed one', async () => {
  const world = await start()
  const say = (code: 'P08' | 'P11') =>
    world.act((tx) =>
      replaceProblems(
        ...([tx, world.spaceId, 'guard:space'] as const),
        [{ code, subject: 'space', params: {} }],
        world.clock.now(),
      ),
    )
  world.cobot.addFault({ path: 'activities', status: 500 })
  await say('P08')
  await world.settle()
  expect(texts(world)).toEqual([])
  world.cobot.clearFaults()
  await world.advance(6 * minute, minute)
  expect(texts(world)).toHaveLength(1)
  await say('P08')
  await world.settle()
  expect(texts(world)).toHaveLength(1)

  await say('P11')
  await world.settle()
  await say('P08')
  const { fetch } = world.deps.ports
  const died = Promise.withResolvers<void>()
  const dying = async (request: Request): Promise<Response> => {
    await fetch(request)
    died.resolve()
    return new Promise(() => {})
  }
  const ports = { ...world.deps.ports, fetch: dying }
  void createWorker({ ...world.deps, ports }, handlers).drain()
  await died.promise
  expect(texts(world)).toHaveLength(2)
  await world.advance(2 * minute)
  expect(texts(world)).toHaveLength(3)
  await world.act((tx) => replaceProblems(tx, world.spaceId, 'guard:space', [], world.clock.now()))
})

test('two replicas tell it once', async () => {
  const world = await start()
  await world.act((tx) =>
    replaceProblems(
      ...([tx, world.spaceId, 'guard:space'] as const),
      [{ code: 'P08', subject: 'space', params: {} }],
      world.clock.now(),
    ),
  )
  const replicas = [1, 2].map(() => createWorker(world.deps, handlers))
  await Promise.all(replicas.map((each) => each.drain()))
  expect(texts(world)).toHaveLength(1)
  await world.act((tx) => replaceProblems(tx, world.spaceId, 'guard:space', [], world.clock.now()))
})
