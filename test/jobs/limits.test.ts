// Dates, outages, refusals, budgets and sites: what goes on when something does not. Rules R3, R4,
// R6, R12, R13, R17, and D12.
import { expect, test } from 'vitest'
import { cobotOf } from '../../src/connections/cobot.ts'
import { asId, type SiteId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { activateSite } from '../../src/db/sites.ts'
import { change, one } from '../../src/db/store.ts'
import { askEverything } from '../../src/jobs/start.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, user, group, isIn, connected, giveTag, lookAt, rows, run, pass } = stage()

test('R3 R12 a refused person is shown and concerns nobody else, and the end is not put off by it', async () => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
  await world.settle()
  await world.advanceTo('2026-11-24T22:00:00Z', 4 * hour)
  const { siteUserId } = user('Mia Member') ?? {}
  world.salto.addFault({ path: `users/${siteUserId}$`, status: 403, body: { ErrorCode: '2201' } })
  await lookAt(`reconcilePairing:${pairingId}`)
  expect(await world.problems()).toContain(`P15 pairing:${pairingId}`)
  await connected('Tom Turner')
  expect(isIn('Tom Turner', 'Full Time')).toBe(true)
  expect((await world.problems()).filter((each) => each.startsWith('P01'))).toEqual([])
  world.salto.clearFaults()
  await world.advanceTo('2026-11-24T22:59:30Z')
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await world.advance(31_000, 31_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
})

test('R3 an end never waits behind a back-off', async () => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
  await world.settle()
  await world.advanceTo('2026-11-24T22:50:00Z', 4 * hour)
  world.salto.addFault({ path: 'access_groups$', status: 500 })
  await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePairing:${pairingId}`))
  await pass('2026-11-24T22:59:00Z', 15_000)
  const work = await rows('work')
  const row = work.find(({ subject, task }) => task === 'reconcilePairing' && subject === pairingId)
  expect(row?.attempts).toBeGreaterThan(3)
  // As far as the next try may be: it still comes at midnight.
  const end = new Date('2026-11-24T23:00:00Z')
  expect(row?.runAt?.getTime()).toBeLessThanOrEqual(end.getTime())
  world.salto.clearFaults()
  await pass('2026-11-24T23:00:01Z', minute)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
})

test('R3 a process that starts reckons every date anew', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  world.book(membershipId, '2026-12-03T09:00:00Z', '2026-12-03T10:00:00Z')
  world.cobot.cancelMembership(hub, membershipId, '2026-12-20')
  await world.settle()
  await world.act((tx) => change(tx, 'work', { spaceId: world.spaceId }, { runAt: null }))
  await world.act((tx) => askEverything(tx, world.clock.now()))
  await world.settle()
  world.cobot.addFault({ status: 500 })
  await pass('2026-11-26T08:59:30Z', 24 * hour)
  expect(world.bookingGroups()).toEqual([])
  await pass('2026-11-26T09:00:30Z', minute)
  expect(world.bookingGroups()).toHaveLength(1)
  await pass('2026-12-19T22:59:30Z', 48 * hour)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await pass('2026-12-19T23:00:30Z', minute)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
})

test('R4 with Cobot away for days, starts, ends, bookings and an admin’s clicks go on', async () => {
  const world = await start()
  await connected('Late Starter', { startsAt: '2026-11-26' })
  const { membershipId, pairingId } = await connected('Mia Member')
  world.book(membershipId, '2026-12-03T09:00:00Z', '2026-12-03T10:00:00Z')
  world.cobot.changePlan(hub, membershipId, world.flex, '2026-11-26')
  await world.settle()
  expect(isIn('Late Starter', 'Full Time')).toBe(false)
  world.cobot.addFault({ status: 500 })
  await giveTag(pairingId)
  expect(user('Mia Member')?.tagNumber).toBe('02300001')
  await pass('2026-11-25T22:59:30Z', 12 * hour)
  expect(isIn('Late Starter', 'Full Time')).toBe(false)
  await pass('2026-11-25T23:00:30Z', minute)
  expect(isIn('Late Starter', 'Full Time')).toBe(true)
  expect([isIn('Mia Member', 'Flex 8'), isIn('Mia Member', 'Full Time')]).toEqual([true, false])
  await pass('2026-11-26T09:00:30Z', 12 * hour)
  expect(world.bookingGroups()).toHaveLength(1)
})

test('R4 without SALTO nothing is lost: due ends are named and go first once it lets us in', async () => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  const { pairingId: tom } = await connected('Tom Turner')
  world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
  await world.settle()
  world.salto.addFault({ path: '^/connect/', status: 401 })
  await world.advanceTo('2026-11-24T23:30:00Z', 5 * hour)
  expect(await world.problems()).toContain(`P16 pairing:${pairingId}`)
  await world.act((tx) => clicks.lockOut(tx, world.click(), tom, true))
  await world.settle()
  world.salto.clearFaults()
  await lookAt(null)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect(user('Tom Turner')?.blocked).toBe(true)
  expect((await world.problems()).filter((each) => /P01|P16/.test(each))).toEqual([])
})

test('D12 a lock-out goes before everything else that waits, with Cobot away as well', async () => {
  const world = await start()
  const all = []
  for (const name of ['Ana Ames', 'Ben Bell', 'Cleo Cole', 'Dan Dale', 'Eve Ewing'])
    all.push(await connected(name))
  for (const { pairingId } of all.slice(0, 4))
    await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  world.cobot.addFault({ status: 500 })
  const eve = all[4]?.pairingId ?? asId<never>('')
  await world.act((tx) => clicks.lockOut(tx, world.click(), eve, true))
  const from = world.salto.journal.length
  await run()
  const [first] = world.salto.journal.slice(from).filter(({ method }) => method !== 'GET')
  expect(first?.path).toContain(user('Eve Ewing')?.siteUserId)
  expect(JSON.parse(first?.requestBody ?? '{}')).toEqual({ blocked: true })
  expect(user('Eve Ewing')?.blocked).toBe(true)
  expect(group('Full Time')?.users).toHaveLength(1)
  await world.act((tx) => clicks.lockOut(tx, world.click(), eve, false))
  await run()
  expect(user('Eve Ewing')?.blocked).toBe(false)
})

test('R12 Cobot refusing one membership stops neither the others nor the space', async () => {
  const world = await start()
  const mia = await connected('Mia Member')
  const tom = await connected('Tom Turner')
  world.cobot.addFault({ path: `memberships/${mia.membershipId}`, status: 403 })
  world.cobot.updateMembership(hub, mia.membershipId, { name: 'Mia Married' })
  world.cobot.updateMembership(hub, tom.membershipId, { name: 'Tom Taylor' })
  await world.settle()
  expect(user('Tom Taylor')).toBeDefined()
  const problems = await world.problems()
  expect(problems).toContain(`P15 ${mia.membershipId}`)
  expect(problems.filter((each) => each.startsWith('P02'))).toEqual([])
  // The list still has her: the next sweep brings the name, and nobody lost anything.
  await world.advance(6 * minute, minute)
  expect(isIn('Mia Married', 'Full Time')).toBe(true)
})

test('R12 what waited while Cobot refused us is asked as soon as it lets us in', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  world.cobot.addFault({ status: 401 })
  // Further away than a sweep looks: only its own look brings it.
  world.book(membershipId, '2027-01-26T09:00:00Z', '2027-01-26T10:00:00Z')
  await world.settle()
  await world.advance(6 * minute, minute)
  expect(await world.problems()).toContain('P02 space')
  world.cobot.clearFaults()
  await lookAt(null)
  expect(await rows('bookings')).toHaveLength(1)
  await world.advance(6 * minute, minute)
  expect(await world.problems()).not.toContain('P02 space')
})

test('R13 looks of several calls each do not take the budget from one another for ever', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  const twoHoursFrom = (index: number) =>
    new Date(Date.parse('2026-11-26T00:00:00Z') + index * 2 * hour).toISOString()
  for (let index = 0; index < 12; index++)
    world.book(membershipId, twoHoursFrom(index), twoHoursFrom(index + 0.5))
  await world.advance(5 * minute)
  expect(world.bookingGroups()).toHaveLength(12)
  for (const { id } of world.cobot.bookings(hub)) world.cobot.deleteBooking(id)
  // That it is gone takes two calls each, at 48 a minute.
  const end = world.clock.now().getTime() + 30_000
  await pass(new Date(end).toISOString(), 250)
  expect(world.bookingGroups()).toEqual([])
})

test('R13 forty that wait for the budget come back one after the other, not all at once', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  const hourOf = (index: number) =>
    new Date(Date.parse('2026-11-25T00:00:00Z') + index * hour).toISOString()
  for (let index = 0; index < 40; index++)
    world.book(membershipId, hourOf(index), hourOf(index + 0.5))
  await world.advance(5 * minute)
  expect(world.bookingGroups()).toHaveLength(40)
  for (const { id } of world.cobot.bookings(hub)) world.cobot.deleteBooking(id)
  await world.cobot.deliverAll()
  await world.clock.advance(10)
  let looks = 0
  let seconds = 0
  for (; world.bookingGroups().length > 0 && seconds < 120; seconds++) {
    looks += await world.worker.drain()
    await world.clock.advance(1000)
  }
  // Forty calls at 48 a minute, and a list; each booking is looked at twice at least, here and there.
  expect(seconds).toBeLessThanOrEqual(60)
  expect(looks).toBeLessThan(6 * 40)
})

test('R13 a series that is moved is read as one list', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  const hourOf = (day: number, hours: number) =>
    new Date(Date.parse('2026-11-25T00:00:00Z') + 24 * hour * day + hours * hour).toISOString()
  const days = Array.from({ length: 20 }, (_, day) => day)
  const ids = days.map((day) => world.book(membershipId, hourOf(day, 9), hourOf(day, 10)))
  await world.advance(5 * minute)
  const from = world.cobot.journal.length
  for (const [day, id] of ids.entries())
    world.cobot.updateBooking(id, { from: hourOf(day, 11), to: hourOf(day, 12) })
  await world.cobot.deliverAll()
  await pass(new Date(world.clock.now().getTime() + 5_000).toISOString(), 250)
  expect((await rows('bookings')).map(({ startsAt }) => startsAt.toISOString()).sort()).toEqual(
    days.map((day) => hourOf(day, 11)),
  )
  const calls = world.cobot.journal.slice(from).filter(({ path }) => /api2/.test(path))
  expect(calls.length).toBeLessThan(6)
})

test('R13 "too many requests" holds all calls until the time that Cobot names', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  await world.advance(2 * minute)
  world.cobot.addFault({ status: 429, headers: { 'Retry-After': '120' }, times: 1 })
  const from = world.cobot.journal.length
  const refusedAt = world.clock.now().getTime()
  world.cobot.updateMembership(hub, membershipId, { name: 'Mia Married' })
  world.addMember('Tom Turner')
  await world.settle()
  await world.advance(5 * minute, 30_000)
  const [refused, ...later] = world.cobot.journal.slice(from)
  expect(refused?.status).toBe(429)
  expect(later.length).toBeGreaterThan(0)
  for (const { at } of later) expect(at.getTime()).toBeGreaterThanOrEqual(refusedAt + 120_000)
  expect(user('Mia Married')).toBeDefined()
})

test('R13 however much happens, no minute sees more calls than Cobot allows', async () => {
  const world = await start()
  const all = []
  for (let n = 0; n < 12; n++) all.push(world.addMember(`Member Nr${n}`))
  await world.settle()
  for (const id of all)
    for (const day of ['25', '26', '27', '28', '29'])
      world.book(id, `2026-11-${day}T09:00:00Z`, `2026-11-${day}T10:00:00Z`)
  for (const id of all) world.cobot.updateMembership(hub, id, { name: `Renamed ${id.slice(0, 5)}` })
  await world.advance(10 * minute, minute)
  const times = (pattern: RegExp) =>
    world.cobot.journal
      .filter(({ path }) => /\/api2?\//.test(path) && pattern.test(path))
      .map(({ at }) => at.getTime())
  const most = (all: number[]) =>
    Math.max(...all.map((from) => all.filter((at) => at >= from && at < from + minute).length))
  expect(most(times(/memberships\?/))).toBeLessThanOrEqual(6)
  expect(most(times(/./))).toBeLessThanOrEqual(60)
  expect(await rows('bookings')).toHaveLength(60)
})

test('R17 mappings belong to a site: the new one has its own, and coming back finds the old one again', async () => {
  const world = await start()
  await connected('Mia Member')
  const info = (await one(world.db.read, 'sites', { spaceId: world.spaceId }))!.info
  const second = asId<SiteId>(
    world.salto.addSite({
      name: 'New Loft',
      timeZone: 'Europe/Berlin',
      seats: 9,
      ownerId: world.ksOwner,
    }),
  )
  const fullTime = world.salto.addAccessGroup(second, { name: 'Full time', schedule: 'always' })
  const moveTo = async (siteId: SiteId, name: string) => {
    const site = { ...info, siteId, name, timeZone: 'Europe/Berlin' }
    await world.act((tx) => activateSite(tx, world.spaceId, site, world.clock.now()))
    await lookAt(null)
    await world.advance(20 * minute, 5 * minute)
  }
  await moveTo(second, 'New Loft')
  expect(group('Full Time')?.users).toEqual([])
  expect(user('Mia Member')).toBeUndefined()
  const [mia] = await rows('memberships')
  await world.connect(mia!.membershipId)
  const [there] = world.salto.users(second).filter(({ alias }) => alias?.startsWith('Mia'))
  const inside = () => world.salto.groups(second).find(({ id }) => id === fullTime)?.users
  expect(inside()).toEqual([there?.saltoUserId])
  expect(group('Full Time')?.users).toEqual([])
  await moveTo(world.siteId, 'Harbour Loft')
  expect(inside()).toEqual([])
  await world.connect(mia!.membershipId)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect((await rows('planGroups')).map((row) => [row.siteId, row.accessGroupId]).sort()).toEqual(
    [
      [second, fullTime],
      [world.siteId, world.fullTimeGroup],
    ].sort(),
  )
})

test('R17 a site belongs to one space', async () => {
  const world = await start()
  const other = await world.addSpace('other-hub')
  const taking = world.install(
    'other-hub',
    other.spaceId,
    other.ownerId,
    world.siteId,
    'kai@keys.example',
  )
  await expect(taking).rejects.toThrow()
  expect(await one(world.db.read, 'sites', { siteId: world.siteId })).toMatchObject({
    spaceId: world.spaceId,
  })
})

test('two spaces in one add-on: what ends, moves or is booked in one changes nothing in the other', async () => {
  const world = await start()
  const mia = await connected('Mia Member')
  world.book(mia.membershipId, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  const other = await world.addSpace('other-hub')
  const plan = world.cobot.addPlan('other-hub', { name: 'Full Time' })
  const profile = { firstName: 'Olga', lastName: 'Orr', password: 'x', email: 'olga@keys.example' }
  const ks = world.salto.addUserProfile(profile)
  const siteId = world.salto.addSite({ name: 'Other', timeZone: 'UTC', seats: 5, ownerId: ks })
  world.salto.addAccessGroup(siteId, { name: 'Full Time', schedule: 'always' })
  await world.install('other-hub', other.spaceId, other.ownerId, siteId, profile.email)
  await world.settle()
  const shown = (site: string) =>
    JSON.stringify([world.salto.groups(site), world.salto.users(site)])
  const here = shown(world.siteId)
  const zoe = world.cobot.addMembership('other-hub', {
    name: 'Mia Member',
    email: 'mia.member@members.example',
    planId: plan,
  })
  await world.settle()
  const click = { spaceId: other.spaceId, by: 'Olga', now: world.clock.now() }
  await world.act((tx) => clicks.connectMembership(tx, click, asId(zoe), asId('pairing-zoe')))
  await world.settle()
  const there = world.salto.groupByName(siteId, 'Full Time')?.users
  expect(there).toEqual([world.salto.users(siteId)[1]?.saltoUserId])
  expect(shown(world.siteId)).toBe(here)
  const before = shown(siteId)
  world.cobot.deleteMembership(hub, mia.membershipId)
  await world.settle()
  expect(world.bookingGroups()).toEqual([])
  expect(shown(siteId)).toBe(before)
})

test('R13 a list of many pages is read in one go, waiting for the budget between its pages', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  await world.advance(2 * minute)
  world.cobot.setWebhookFaults({ lose: 1 })
  const from = new Date('2026-12-01T08:00:00Z')
  const after = (n: number) => new Date(from.getTime() + n * minute).toISOString()
  const made = Array.from({ length: 1500 }, (_, n) =>
    world.book(membershipId, after(n), after(n + 1)),
  )
  const asked = world.cobot.journal.length
  const cobot = await cobotOf(world.deps, world.spaceId)
  let found: unknown[] | null = null
  const reading = cobot.listBookings({ from, to: new Date(after(1500)) }).then((all) => {
    found = all
  })
  for (let n = 0; n < 60 && !found; n++) await world.clock.advance(1000)
  await reading
  expect(found).toHaveLength(1500)
  const pages = world.cobot.journal.slice(asked)
  expect(pages.map(({ status }) => status)).toEqual(Array(8).fill(200))
  // What is urgent still finds its reserve.
  const urgent = await cobotOf(world.deps, world.spaceId, { urgent: true })
  await urgent.getMembership(membershipId)
  for (const id of made) world.cobot.deleteBooking(id)
  await world.cobot.deliverAll()
  world.cobot.setWebhookFaults({})
})
