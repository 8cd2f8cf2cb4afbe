// A machine whose clock is wrong: nobody gains and nobody loses a door by it (P13).
import { expect, test } from 'vitest'
import { askTheTime, shareTheTime } from '../../src/connections/time.ts'
import { soundClock } from '../../src/core/sound-clock.ts'
import { askEverything } from '../../src/jobs/start.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, isIn, connected, pass } = stage()
const year = 365 * 24 * hour

/** One who is in, one who leaves at the end of the 24th, one who starts then, and two bookings. */
const people = async () => {
  const world = await start()
  const mia = await connected('Mia Member')
  const leo = await connected('Leo Leaver')
  await connected('Sue Starter', { startsAt: '2026-11-25' })
  world.cobot.cancelMembership(hub, leo.membershipId, '2026-11-25')
  world.cobot.cancelMembership(hub, mia.membershipId, '2027-03-01')
  world.book(mia.membershipId, '2026-11-24T22:30:00Z', '2026-11-24T23:30:00Z')
  world.book(mia.membershipId, '2026-12-24T09:00:00Z', '2026-12-24T10:00:00Z')
  await world.settle()
  return world
}
const doors = () =>
  ['Mia Member', 'Leo Leaver', 'Sue Starter'].filter((name) => isIn(name, 'Full Time'))
const before = ['Mia Member', 'Leo Leaver']
const after = ['Mia Member', 'Sue Starter']

test.each([
  ['a year ahead', year, '8760:00'],
  ['an hour behind', -hour, '1:00'],
  ['an hour ahead', hour, '1:00'],
])('with our clock %s ends and starts come when they are due', async (_, wrongBy, offset) => {
  const world = await people()
  world.skew(wrongBy)
  await world.advance(20 * minute, 5 * minute)
  expect(doors()).toEqual(before)
  expect(world.bookingGroups()).toHaveLength(1)
  expect(await world.problem('P13')).toMatchObject({ offset })
  await pass('2026-11-24T22:59:30Z', 15 * minute)
  expect(doors()).toEqual(before)
  await pass('2026-11-24T23:00:30Z', minute)
  expect(doors()).toEqual(after)
  world.skew(0)
  await world.advance(6 * minute)
  expect(await world.problems()).not.toContain('P13 space')
})

test('a step of the clock in mid-run is no moment at which somebody enters or leaves', async () => {
  const world = await people()
  await pass('2026-11-24T22:30:00Z', 15 * minute)
  for (const wrongBy of [hour, -hour, hour]) {
    world.skew(wrongBy)
    await world.act((tx) => askEverything(tx, world.deps.ports.clock.now()))
    await world.settle()
    await world.advance(4 * minute)
    expect(doors()).toEqual(before)
  }
  await pass('2026-11-24T23:00:30Z', minute)
  expect(doors()).toEqual(after)
  world.skew(0)
  await world.advance(6 * minute)
})

test('a process that starts with a wrong clock asks the time before anything else', async () => {
  const world = await people()
  const { deps, clock } = world
  const own = { ...clock, now: () => new Date(clock.now().getTime() + year) }
  const sound = soundClock(own, () => clock.now().getTime())
  const restarted = { ...deps, ports: { ...deps.ports, clock: sound } }
  await askTheTime(restarted)
  await world.act((tx) => askEverything(tx, sound.now()))
  await createWorker(restarted, handlers).drain()
  expect(doors()).toEqual(before)
  expect(world.bookingGroups()).toHaveLength(1)
})

test('one side whose clock is wrong changes nothing', async () => {
  const world = await people()
  const { deps, clock } = world
  deps.ports.clock.hear?.('salto', new Date(clock.now().getTime() + year))
  await world.act((tx) => askEverything(tx, deps.ports.clock.now()))
  await world.worker.drain()
  expect(doors()).toEqual(before)
  expect(await world.problems()).not.toContain('P13 space')
})

test('an event is no older than a list that a process with a clock ahead read before it', async () => {
  const world = await people()
  const { deps, clock } = world
  const own = { ...clock, now: () => new Date(clock.now().getTime() + 16_000) }
  const ports = { ...deps.ports, clock: soundClock(own, () => clock.now().getTime()) }
  const db = { ...deps.db, time: async () => clock.now() }
  const other = { ...deps, db, ports }
  const stop = await shareTheTime(other)
  await clock.advance(6 * minute)
  await createWorker(other, handlers).drain()
  await clock.advance(5000)
  const [mia] = world.cobot.memberships(hub).filter(({ name }) => name === 'Mia Member')
  world.cobot.deleteMembership(hub, mia?.id ?? '')
  await world.cobot.deliverAll()
  await world.worker.drain()
  await clock.advance(45_000)
  await world.worker.drain()
  expect(doors()).not.toContain('Mia Member')
  stop()
})

test('a clock in step with the database is left alone, however late its answer comes', async () => {
  const world = await start()
  const { deps, clock } = world
  const ownMs = () => clock.now().getTime() + 80
  const sound = soundClock({ ...clock, now: () => new Date(ownMs()) }, ownMs)
  const time = async () => {
    const at = clock.now()
    await clock.advance(5000)
    return at
  }
  const stop = await shareTheTime({
    ...deps,
    db: { ...deps.db, time },
    ports: { ...deps.ports, clock: sound },
  })
  expect(sound.now().getTime()).toBe(ownMs())
  stop()
})
