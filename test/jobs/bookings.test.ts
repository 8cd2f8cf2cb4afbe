// Bookings become groups in KS, to the minute, and go again. Rules R6, R7, R13, R14, R16, R20.
import { afterEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { change, list, take } from '../../src/db/store.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
const start = async (options: Parameters<typeof createWorld>[0] = {}) => {
  world = await createWorld(options)
  await world.settle()
  await world.mapRoom()
  return world
}
afterEach(async () => {
  const writes = world.salto.writes()
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(world.salto.writes(), 'one pass more makes no writes').toBe(writes)
  await world.close()
})

const connected = async (name = 'Mia Member') => {
  const membershipId = world.addMember(name)
  await world.settle()
  await world.connect(membershipId)
  return membershipId
}
const saltoUserOf = (name: string) =>
  world.salto.users(world.siteId).find(({ alias }) => alias?.startsWith(name))?.saltoUserId
const only = () => {
  const groups = world.bookingGroups()
  expect(groups).toHaveLength(1)
  return groups[0]!
}
const windows = () =>
  world.bookingGroups().map(({ schedules }) => schedules.map((s) => [s.start_date, s.end_date]))
const opens = (name: string, at: string) =>
  world.salto.door({ lockId: world.quayLock, saltoUserId: saltoUserOf(name) ?? '', at }).opened

test('C1 a booking is one group with its person, its lock and its hours in the site’s wall clock', async () => {
  await start({ siteZone: 'America/New_York', spaceZone: 'Europe/Berlin' })
  const mia = await connected()
  world.book(mia, '2026-11-26T15:00:00Z', '2026-11-26T17:30:00Z')
  await world.settle()
  expect(only()).toMatchObject({
    users: [saltoUserOf('Mia')],
    locks: [world.quayLock],
    schedules: [
      { start_date: '2026-11-26T10:00:00', end_date: '2026-11-26T12:30:00', monday: true },
    ],
  })
  expect(only().name).toMatch(/^Cobot \d{12}$/)
  const door = (at: string) => opens('Mia', at)
  expect(door('2026-11-26T14:59:00Z')).toBe(false)
  expect(door('2026-11-26T15:00:00Z')).toBe(true)
  expect(door('2026-11-26T17:30:00Z')).toBe(true)
  expect(door('2026-11-26T17:31:00Z')).toBe(false)
})

test('C2 moving it moves the hours, another room the lock, another member the person; deleting it deletes', async () => {
  await start()
  const mia = await connected()
  const tom = await connected('Tom Turner')
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { id, name } = only()
  world.cobot.updateBooking(bookingId, { from: '2026-11-27T12:00:00Z', to: '2026-11-27T13:00:00Z' })
  await world.settle()
  expect(windows()).toEqual([[['2026-11-27T13:00:00', '2026-11-27T14:00:00']]])
  const other = world.cobot.addResource('harbour-hub', { name: 'Lighthouse' })
  await world.settle()
  await world.act((tx) =>
    clicks.saveDoors(tx, world.click(), world.siteId, [
      {
        resourceId: asId(other),
        enabled: true,
        lockIds: [asId(world.frontDoor)],
        minutesBefore: 0,
        minutesAfter: 0,
      },
    ]),
  )
  world.cobot.updateBooking(bookingId, { resourceId: other })
  await world.settle()
  expect(only()).toMatchObject({ id, name, locks: [world.frontDoor] })
  world.cobot.updateBooking(bookingId, { membershipId: tom })
  await world.settle()
  expect(only()).toMatchObject({ id, users: [saltoUserOf('Tom')] })
  world.cobot.deleteBooking(bookingId)
  await world.settle()
  expect(world.bookingGroups()).toEqual([])
})

test('C1 C6 R13 a booking for next month gets its group seven days before, and loses it a day after', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-12-20T09:00:00Z', '2026-12-20T10:00:00Z')
  await world.settle()
  expect(world.bookingGroups()).toEqual([])
  await world.advanceTo('2026-12-13T08:59:30Z', 96 * 3600_000)
  expect(world.bookingGroups()).toEqual([])
  await world.advanceTo('2026-12-13T09:00:30Z', 60_000)
  expect(only().schedules).toHaveLength(1)
  await world.advanceTo('2026-12-21T09:59:30Z', 96 * 3600_000)
  expect(world.bookingGroups()).toHaveLength(1)
  await world.advanceTo('2026-12-21T10:00:30Z', 60_000)
  expect(world.bookingGroups()).toEqual([])
})

test('C4 across midnight is one window, and adjacent bookings leave no gap', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-26T21:00:00Z', '2026-11-27T01:00:00Z')
  world.book(mia, '2026-11-27T01:00:00Z', '2026-11-27T02:00:00Z')
  await world.settle()
  expect(windows().sort()).toEqual([
    [['2026-11-26T22:00:00', '2026-11-27T02:00:00']],
    [['2026-11-27T02:00:00', '2026-11-27T03:00:00']],
  ])
  for (const minute of ['00:59:00', '00:59:59', '01:00:00', '01:00:30'])
    expect(opens('Mia', `2026-11-27T${minute}Z`), minute).toBe(true)
})

test('C4 each booking of a series has a group of its own, as its week comes', async () => {
  await start()
  const mia = await connected()
  world.cobot.addRecurringBookings('harbour-hub', {
    resourceId: world.quayRoom,
    membershipId: mia,
    count: 3,
    laterMs: 60_000,
    from: '2026-11-25T09:00:00Z',
    to: '2026-11-25T10:00:00Z',
  })
  await world.advance(10 * 60_000, 60_000)
  expect(windows()).toEqual([[['2026-11-25T10:00:00', '2026-11-25T11:00:00']]])
  await world.advanceTo('2026-11-25T09:01:00Z', 24 * 3600_000)
  expect(windows()).toEqual([
    [['2026-11-25T10:00:00', '2026-11-25T11:00:00']],
    [['2026-12-02T10:00:00', '2026-12-02T11:00:00']],
  ])
  expect(new Set(world.bookingGroups().map(({ name }) => name)).size).toBe(2)
})

test('B3 minutes before and after widen it; saving the table brings what is booked in line', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  await world.mapRoom({
    minutesBefore: 10,
    minutesAfter: 5,
    lockIds: [world.quayLock, world.frontDoor],
  })
  await world.settle()
  expect(windows()).toEqual([[['2026-11-26T09:50:00', '2026-11-26T11:05:00']]])
  expect([...only().locks].sort()).toEqual([world.quayLock, world.frontDoor].sort())
})

test('C3 a booker who is not connected is a problem, and gets in as soon as they are', async () => {
  await start()
  const mia = world.addMember('Mia Member')
  await world.settle()
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  expect(world.bookingGroups()).toEqual([])
  expect(await world.problems()).toEqual([`P17 booking:${bookingId}`])
  await world.connect(mia)
  expect(only().users).toEqual([saltoUserOf('Mia')])
  expect((await world.problems()).filter((each) => each.startsWith('P17'))).toEqual([])
})

test('R6 a booking handed over: the old person is out before the new one is in', async () => {
  await start()
  const mia = await connected()
  const tom = await connected('Tom Turner')
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const from = world.salto.journal.length
  world.cobot.updateBooking(bookingId, { membershipId: tom })
  await world.settle()
  const userCalls = world.salto.journal
    .slice(from)
    .filter(({ method, path }) => method !== 'GET' && /access_groups\/[^/]+\/users/.test(path))
  expect(userCalls.map(({ method }) => method)).toEqual(['DELETE', 'POST'])
  expect(only().users).toEqual([saltoUserOf('Tom')])
})

test('R12 a refused removal is shown by name, and tried again within minutes', async () => {
  await start()
  const mia = await connected()
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  world.salto.addFault({ method: 'DELETE', path: '/access_groups/', status: 409, times: 2 })
  world.cobot.deleteBooking(bookingId)
  await world.settle()
  expect(only().users).toEqual([saltoUserOf('Mia')])
  const said = (await world.db.tx((tx) => list(tx, 'problems', { code: 'P15' }))).map(
    ({ subject, params }) => [subject, params.name],
  )
  expect(said).toEqual([[`booking:${bookingId}`, 'Mia Member']])
  await world.advance(6 * 60_000)
  expect(world.bookingGroups()).toEqual([])
  expect((await world.problems()).filter((each) => each.startsWith('P15'))).toEqual([])
})

test('R7 whatever mess is in a booking group, the next change in Cobot leaves it whole', async () => {
  await start()
  const mia = await connected()
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { id, name } = only()
  world.salto.addToGroup(world.siteId, id, world.ksOwner)
  world.salto.addLockToGroup(world.siteId, id, world.frontDoor)
  world.salto.addSchedule(world.siteId, id, 'always')
  const twin = world.salto.addAccessGroup(world.siteId, {
    name,
    lockIds: [world.frontDoor],
    schedule: 'always',
  })
  world.cobot.updateBooking(bookingId, { to: '2026-11-26T10:30:00Z' })
  await world.settle()
  expect(only()).toMatchObject({ id, users: [saltoUserOf('Mia')], locks: [world.quayLock] })
  expect(windows()).toEqual([[['2026-11-26T10:00:00', '2026-11-26T11:30:00']]])
  expect(world.salto.groups(world.siteId).some((group) => group.id === twin)).toBe(false)
})

test('R14 a booking later than the membership’s end gives nothing; one begun before lasts to its end', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-12-01T21:30:00Z', '2026-12-02T02:00:00Z')
  world.book(mia, '2026-12-03T09:00:00Z', '2026-12-03T10:00:00Z')
  await world.advanceTo('2026-11-27T09:00:00Z', 24 * 3600_000)
  expect(world.bookingGroups()).toHaveLength(2)
  world.cobot.cancelMembership('harbour-hub', mia, '2026-12-02')
  await world.settle()
  expect(windows()).toEqual([[['2026-12-01T22:30:00', '2026-12-02T03:00:00']]])
  await world.advanceTo('2026-12-01T23:30:00Z', 12 * 3600_000)
  const seat = () =>
    world.salto.users(world.siteId).find(({ alias }) => alias?.startsWith('Mia'))?.subscriptionState
  expect(world.salto.groupByName(world.siteId, 'Full Time')?.users).toEqual([])
  expect(seat()).toBe('subscribed')
  expect(opens('Mia', '2026-12-02T01:59:00Z')).toBe(true)
  await world.advanceTo('2026-12-02T01:59:00Z', 3600_000)
  expect(seat()).toBe('subscribed')
  await world.advanceTo('2026-12-02T02:01:00Z', 60_000)
  expect(seat()).toBe('suspended')
})

test('R14 what was booked with a membership that was deleted is read again, whatever else its person has', async () => {
  await start()
  const userId = world.cobot.addUser({ email: 'tom@members.example', name: 'Tom' })
  const [first, second] = [1, 2].map(() => world.addMember('Tom Turner', { userId }))
  await world.settle()
  await world.connect(first!)
  world.book(second!, '2026-11-24T08:00:00Z', '2026-11-24T12:00:00Z')
  await world.settle()
  expect(opens('Tom', '2026-11-24T11:00:00Z')).toBe(true)
  // Cobot tells of the membership, and of the booking that is nobody's now it says nothing.
  world.cobot.deleteMembership('harbour-hub', second!)
  await world.settle()
  expect(opens('Tom', '2026-11-24T11:00:00Z')).toBe(false)
  expect(world.bookingGroups()).toEqual([])
})

test('R16 across the autumn change it is right to the minute; an edge in the repeated hour is the timer’s', async () => {
  await start({ startAt: '2026-10-24T09:00:00Z' })
  const mia = world.addMember('Mia Member', { startsAt: '2026-10-01' })
  await world.settle()
  await world.connect(mia)
  world.book(mia, '2026-10-24T22:00:00Z', '2026-10-25T03:00:00Z')
  await world.settle()
  expect(windows()).toEqual([[['2026-10-25T00:00:00', '2026-10-25T04:00:00']]])
  world.cobot.deleteBooking(world.cobot.bookings('harbour-hub')[0]!.id)
  await world.settle()
  // 02:30 for the second time, until 03:30: the window holds the first 02:30 as well.
  world.book(mia, '2026-10-25T01:30:00Z', '2026-10-25T02:30:00Z')
  await world.settle()
  expect(windows()).toEqual([[['2026-10-25T02:30:00', '2026-10-25T03:30:00']]])
  const door = () => opens('Mia', world.clock.now().toISOString())
  await world.advanceTo('2026-10-25T00:45:00Z', 3600_000)
  expect(door()).toBe(false)
  await world.advanceTo('2026-10-25T01:29:00Z', 3600_000)
  expect(door()).toBe(false)
  await world.advanceTo('2026-10-25T01:30:00Z', 60_000)
  expect(door()).toBe(true)
  await world.advanceTo('2026-10-25T02:29:00Z', 3600_000)
  expect(door()).toBe(true)
  await world.advanceTo('2026-10-25T02:31:00Z', 60_000)
  expect(door()).toBe(false)
})

test('R16 across the spring change it is right to the minute', async () => {
  await start({ startAt: '2027-03-26T09:00:00Z' })
  const mia = world.addMember('Mia Member', { startsAt: '2027-03-01' })
  await world.settle()
  await world.connect(mia)
  world.book(mia, '2027-03-28T00:30:00Z', '2027-03-28T01:30:00Z')
  await world.settle()
  expect(windows()).toEqual([[['2027-03-28T01:30:00', '2027-03-28T03:30:00']]])
  const door = (at: string) => opens('Mia', at)
  expect([door('2027-03-28T00:29:00Z'), door('2027-03-28T00:30:00Z')]).toEqual([false, true])
  expect([door('2027-03-28T01:30:00Z'), door('2027-03-28T01:31:00Z')]).toEqual([true, false])
})

test('R16 a changed zone of the site rewrites what is booked', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  world.salto.setSite(world.siteId, { timeZone: 'Europe/Lisbon' })
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(windows()).toEqual([[['2026-11-26T09:00:00', '2026-11-26T10:00:00']]])
})

test('C2 a booking moved to hours that are over leaves none of its old ones', async () => {
  await start()
  const mia = await connected()
  const bookingId = world.book(mia, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
  await world.settle()
  world.cobot.updateBooking(bookingId, { from: '2026-11-24T07:00:00Z', to: '2026-11-24T08:00:00Z' })
  await world.settle()
  expect(windows()).toEqual([])
})

test('R16 after a change of zone a booking that is over does not come again on the new clock', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z')
  await world.advanceTo('2026-11-24T11:30:00Z')
  expect(windows()).toEqual([[['2026-11-24T11:00:00', '2026-11-24T12:00:00']]])
  // There it is half past six in the morning: eleven o'clock is still to come.
  world.salto.setSite(world.siteId, { timeZone: 'America/New_York' })
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(windows()).toEqual([])
})

test('R15 R20 hours changed by hand in KS are shown and not undone; the next change in Cobot writes anew', async () => {
  await start()
  const mia = await connected()
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  await world.advance(5 * 60_000)
  const { id } = only()
  world.salto.removeFromGroup(world.siteId, id, saltoUserOf('Mia') ?? '')
  const look = () =>
    world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcileBooking:${bookingId}`))
  await look()
  await world.settle()
  expect(await world.problems()).not.toContain(`P10 booking:${bookingId}`)
  await world.advance(60_000)
  expect(await world.problems()).toContain(`P10 booking:${bookingId}`)
  expect(only().users).toEqual([])
  world.cobot.updateBooking(bookingId, { to: '2026-11-26T11:00:00Z' })
  await world.settle()
  expect(only().users).toEqual([saltoUserOf('Mia')])
  expect(await world.problems()).not.toContain(`P10 booking:${bookingId}`)
  world.salto.removeAccessGroup(world.siteId, id)
  await world.advance(20 * 60_000, 30_000)
  expect(world.bookingGroups()).toEqual([])
  expect(await world.problems()).toContain(`P10 booking:${bookingId}`)
  await world.act((tx) => clicks.restore(tx, world.click(), `booking:${bookingId}`))
  await world.settle()
  expect(only().users).toEqual([saltoUserOf('Mia')])
})

test('R2 a booking group that somebody renamed loses our person and nothing else', async () => {
  await start()
  const mia = await connected()
  const bookingId = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { id } = only()
  world.salto.addToGroup(world.siteId, id, world.ksOwner)
  world.salto.renameAccessGroup(world.siteId, id, 'Board meeting')
  world.cobot.deleteBooking(bookingId)
  await world.settle()
  expect(world.salto.groupByName(world.siteId, 'Board meeting')).toMatchObject({
    users: [world.ksOwner],
    locks: [world.quayLock],
  })
})

test('R11 a group that the search does not show yet is not made again', async () => {
  await start()
  const mia = await connected()
  world.salto.addFault({ method: 'POST', path: '/time_schedules$', status: 500, times: 1 })
  const search = { method: 'GET', path: 'customer_reference' }
  const nothing = { items: [], count: 0, next_page_link: null }
  world.salto.addFault({ ...search, status: 200, body: nothing, times: 3 })
  world.book(mia, '2026-11-28T09:00:00Z', '2026-11-28T10:00:00Z')
  await world.settle()
  await world.advance(20_000, 5000)
  expect(only()).toMatchObject({ users: [saltoUserOf('Mia')], locks: [world.quayLock] })
  expect(windows()).toEqual([[['2026-11-28T10:00:00', '2026-11-28T11:00:00']]])
  world.salto.clearFaults()
})

test('C2 a booking deleted before the search shows its group leaves nobody inside', async () => {
  await start()
  const mia = await connected()
  const booking = world.book(mia, '2026-11-28T09:00:00Z', '2026-11-28T10:00:00Z')
  await world.settle()
  expect(only().users).toEqual([saltoUserOf('Mia')])
  const nothing = { items: [], count: 0, next_page_link: null }
  const search = { method: 'GET', path: 'customer_reference', status: 200, times: 3 }
  world.salto.addFault({ ...search, body: nothing })
  world.cobot.deleteBooking(booking)
  await world.settle()
  await world.advance(20_000, 5000)
  expect(world.bookingGroups()).toEqual([])
  world.salto.clearFaults()
})

test('R7 a second group of the same name goes, whenever it shows', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-28T09:00:00Z', '2026-11-28T10:00:00Z')
  await world.settle()
  const { id, name } = only()
  await world.advance(20 * 60_000, 5 * 60_000)
  world.salto.addAccessGroup(world.siteId, { name, lockIds: [world.quayLock] })
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(only()).toMatchObject({ id, users: [saltoUserOf('Mia')], locks: [world.quayLock] })
})

test('R7 C6 of two groups one stays for the day after its booking', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-24T08:00:00Z', '2026-11-24T10:00:00Z')
  await world.settle()
  const { id, name } = only()
  await world.advanceTo('2026-11-24T10:05:00Z', 5 * 60_000)
  world.salto.addAccessGroup(world.siteId, { name })
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(only().id).toBe(id)
})

test('R18 C6 a group of which an old backup knows nothing goes when its booking is over', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-24T08:00:00Z', '2026-11-24T10:00:00Z')
  await world.settle()
  await world.advanceTo('2026-11-24T10:05:00Z', 5 * 60_000)
  await world.act((tx) => take(tx, 'bookingGroups', { spaceId: world.spaceId }))
  expect(world.bookingGroups()).toHaveLength(1)
  await world.advance(30 * 60_000, 5 * 60_000)
  expect(world.bookingGroups()).toEqual([])
})

test('R18 a group that an old backup knows neither itself nor by a mapping is shown, and stays until asked', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { spaceId } = world
  await world.act(async (tx) => {
    await take(tx, 'bookingGroups', { spaceId })
    await take(tx, 'resourceDoors', { spaceId })
  })
  await world.advance(40 * 60_000, 5 * 60_000)
  const leftover = `P10 leftover:${only().id}`
  expect(await world.problems()).toContain(leftover)
  await world.mapRoom()
  await world.advance(40 * 60_000, 5 * 60_000)
  expect(await world.problems()).not.toContain(leftover)
  expect(only().users).toEqual([saltoUserOf('Mia')])
})

test('R18 a group of which an old backup knows nothing goes when its booking is somebody else’s now', async () => {
  await start()
  const [mia, zoe] = [await connected(), await connected('Zoe Zander')]
  const tom = world.addMember('Tom Turner')
  const ada = world.addMember('Ada Acker')
  const forTom = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  const forAda = world.book(zoe, '2026-11-26T11:00:00Z', '2026-11-26T12:00:00Z')
  await world.settle()
  const { spaceId } = world
  // Zoe was connected by a click that the backup lacks; Tom and Ada are not connected at all.
  await world.act(async (tx) => {
    await take(tx, 'bookingGroups', { spaceId })
    await take(tx, 'pairings', { spaceId, pairingId: (await world.pairing(zoe))!.pairingId })
    await change(tx, 'memberships', { spaceId, membershipId: zoe }, { pairingId: null })
  })
  world.cobot.updateBooking(forTom, { membershipId: tom })
  world.cobot.updateBooking(forAda, { membershipId: ada })
  await world.advance(40 * 60_000, 5 * 60_000)
  expect(only().users).toEqual([saltoUserOf('Zoe')])
  expect(await world.problems()).toContain(`P10 leftover:${only().id}`)
})

test('R15 a booking handed over and back at once: a read from before does not leave the other inside', async () => {
  await start()
  const [mia, zoe] = [await connected(), await connected('Zoe Zander')]
  const booking = world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { id } = only()
  const reads: string[] = []
  let isStale = false
  const { ports } = world.deps
  const straight = ports.fetch
  ports.fetch = async (request) => {
    if (request.method !== 'GET' || !request.url.includes(`/access_groups/${id}/users`))
      return straight(request)
    const stale = isStale ? reads[0] : undefined
    isStale = false
    const answer = await straight(request)
    reads.push(await answer.clone().text())
    return stale ? new Response(stale, answer) : answer
  }
  world.cobot.updateBooking(booking, { membershipId: zoe })
  await world.settle()
  expect(only().users).toEqual([saltoUserOf('Zoe')])
  isStale = true
  world.cobot.updateBooking(booking, { membershipId: mia })
  await world.settle()
  await world.advance(20 * 60_000, 60_000)
  expect(isStale).toBe(false)
  expect(only().users).toEqual([saltoUserOf('Mia')])
  expect((await world.problems()).filter((each) => each.startsWith('P10'))).toEqual([])
})

test('C4 R14 whoever is connected in the minutes after their booking gets what is left of them', async () => {
  await start()
  await world.mapRoom({ minutesAfter: 10 })
  const mia = world.addMember('Mia Member')
  world.book(mia, '2026-11-24T08:00:00Z', '2026-11-24T10:00:00Z')
  await world.settle()
  await world.advanceTo('2026-11-24T10:02:00Z', 60_000)
  await world.connect(mia)
  expect(only()).toMatchObject({ users: [saltoUserOf('Mia')], locks: [world.quayLock] })
  expect(opens('Mia', '2026-11-24T10:05:00Z')).toBe(true)
  expect(opens('Mia', '2026-11-24T10:11:00Z')).toBe(false)
})

test('R18 a group with our marker: taken in if its booking lives, shown with Remove if nobody knows it', async () => {
  await start()
  const mia = await connected()
  world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const { id } = only()
  const rows = await list(world.db.read, 'bookingGroups', { spaceId: world.spaceId })
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.act((tx) => take(tx, 'bookingGroups', { spaceId: world.spaceId }))
  const stray = world.salto.addAccessGroup(world.siteId, {
    name: 'Cobot 123456789012',
    lockIds: [world.quayLock],
    schedule: 'always',
  })
  await world.settle()
  expect(await list(world.db.read, 'bookingGroups', { spaceId: world.spaceId })).toMatchObject([
    { bookingId: rows[0]?.bookingId, accessGroupId: id },
  ])
  expect(await world.problems()).toContain(`P10 leftover:${stray}`)
  await world.act((tx) =>
    clicks.removeLeftover(tx, world.click(), {
      siteId: world.siteId,
      accessGroupId: asId(stray),
      name: 'Cobot 123456789012',
      zone: 'UTC',
    }),
  )
  await world.settle()
  expect(world.bookingGroups().map((group) => group.id)).toEqual([id])
})
