// What somebody changed by hand in KS, thing by thing: shown after two looks, restored or left by an
// admin, written anew by Cobot, and never undone by itself. Rules R2, R15, R18, R20; problems P10, P14.
import { expect, test } from 'vitest'
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import type { World } from '../support/world.ts'
import { hub, minute, stage } from './stage.ts'

const { start, user, group, isIn, connected, giveTag, lookAt, rows } = stage()

let world: World
let owl: string

/** Mia on Full Time, Tom on Night Owl, whose group opens a door of its own; all settled. */
const begin = async (options: Parameters<typeof start>[0] = {}) => {
  world = await start(options)
  const nightDoor = world.salto.addLock(world.siteId, { name: 'Night door' })
  world.salto.addAccessGroup(world.siteId, {
    name: 'Night Owl',
    lockIds: [nightDoor],
    schedule: 'always',
  })
  owl = world.cobot.addPlan(hub, { name: 'Night Owl' })
  await lookAt(null)
  const mia = await connected('Mia Member')
  const tom = await connected('Tom Turner', { planId: owl })
  await world.advance(5 * minute)
  return { mia, tom, nightDoor }
}

const idOf = (name: string) => user(name)?.siteUserId ?? ''
const byHand = {
  join: (name: string, to: string) =>
    world.salto.addToGroup(world.siteId, group(to)?.id ?? '', user(name)?.saltoUserId ?? ''),
  leave: (name: string, from: string) =>
    world.salto.removeFromGroup(world.siteId, group(from)?.id ?? '', user(name)?.saltoUserId ?? ''),
}
const place = ({ pairingId }: { pairingId: PairingId }, name: string) =>
  `pairing:${pairingId}:place:${group(name)?.id}`

/** The sweep that finds it, and the second look that is sure. */
const noticed = async () => {
  await lookAt(null)
  await world.advance(45_000, 15_000)
}
const shown = async () =>
  (await world.problems()).filter((each) => each.startsWith('P10')).map((each) => each.slice(4))
const paramsOf = async (subject: string) =>
  (await rows('problems')).find((row) => row.subject === subject)?.params
const restore = async (subject: string) => {
  await world.act((tx) => clicks.restore(tx, world.click(), subject))
  await world.settle()
}
const leave = (subject: string) =>
  world.act((tx) => clicks.leaveDifference(tx, world.click(), subject))
const planLater = (membershipId: MembershipId, ends: string) => {
  world.cobot.cancelMembership(hub, membershipId, ends)
  return world.settle()
}

test('R15 R20 a place too many and a place missing are two differences; Restore acts on the one it names', async () => {
  const { mia } = await begin()
  byHand.join('Mia Member', 'Night Owl')
  byHand.leave('Mia Member', 'Full Time')
  await lookAt(null)
  expect(await shown()).toEqual([])
  await world.advance(30_000, 15_000)
  const [extra, missing] = [place(mia, 'Night Owl'), place(mia, 'Full Time')]
  expect((await shown()).sort()).toEqual([extra, missing].sort())
  expect(await paramsOf(extra)).toEqual({ name: 'Mia Member', change: 'in', group: 'Night Owl' })
  expect(await paramsOf(missing)).toEqual({ name: 'Mia Member', change: 'out', group: 'Full Time' })
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([true, false])
  await restore(extra)
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([false, false])
  expect(await shown()).toEqual([missing])
  await restore(missing)
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([false, true])
  expect(await shown()).toEqual([])
})

test('R15 whatever changes by hand is shown within one pass of the sweep', async () => {
  const { mia } = await begin()
  byHand.join('Mia Member', 'Night Owl')
  await world.advance(16 * minute, minute)
  expect(await shown()).toEqual([place(mia, 'Night Owl')])
})

test('R20 what is left as it is stays hidden through looks and outages, and is shown again when it comes back', async () => {
  const { mia } = await begin()
  const subject = place(mia, 'Full Time')
  byHand.leave('Mia Member', 'Full Time')
  await noticed()
  await leave(subject)
  expect(await shown()).toEqual([])
  await lookAt(`reconcilePairing:${mia.pairingId}`)
  world.salto.addFault({ path: 'users/[^/]+/access_groups', status: 503, times: 1 })
  await lookAt(`reconcilePairing:${mia.pairingId}`)
  world.salto.clearFaults()
  await noticed()
  expect(await shown()).toEqual([])
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  byHand.join('Mia Member', 'Full Time')
  await noticed()
  byHand.leave('Mia Member', 'Full Time')
  await noticed()
  expect(await shown()).toEqual([subject])
  await leave(subject)
  await restore(subject)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
})

test('R20 who was put into a group by hand belongs there once Cobot says so, and leaves with that', async () => {
  const { mia } = await begin()
  byHand.join('Mia Member', 'Night Owl')
  const guest = world.salto.addSiteUser(world.siteId, { firstName: 'Gus', lastName: 'Guest' })
  world.salto.addToGroup(world.siteId, group('Night Owl')?.id ?? '', guest.saltoUserId)
  await noticed()
  expect(await shown()).toEqual([place(mia, 'Night Owl')])
  world.cobot.changePlan(hub, mia.membershipId, owl)
  await world.settle()
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([true, false])
  expect(await shown()).toEqual([])
  world.cobot.deleteMembership(hub, mia.membershipId)
  await world.advance(2 * minute)
  expect(isIn('Mia Member', 'Night Owl')).toBe(false)
  expect(group('Night Owl')?.users).toContain(guest.saltoUserId)
})

test('R20 a place left as it is is shown again when the membership ends', async () => {
  const { mia } = await begin()
  const subject = place(mia, 'Night Owl')
  byHand.join('Mia Member', 'Night Owl')
  await noticed()
  await leave(subject)
  world.cobot.deleteMembership(hub, mia.membershipId)
  await world.settle()
  await world.advance(3 * minute)
  expect(await shown()).toEqual([subject])
  expect(await paramsOf(subject)).toMatchObject({ change: 'still' })
  await restore(subject)
  expect(isIn('Mia Member', 'Night Owl')).toBe(false)
})

test('R5 R18 a tag taken off or given away in KS is shown with who has it, and Restore hands it out again', async () => {
  const { mia } = await begin()
  await giveTag(mia.pairingId)
  await world.advance(5 * minute)
  const [tagId = ''] = world.tagIds
  const subject = `pairing:${mia.pairingId}:tag:${tagId}`
  world.salto.giveTag(world.siteId, tagId, null)
  await noticed()
  expect(await shown()).toEqual([subject])
  expect(await paramsOf(subject)).toMatchObject({ change: 'tagOff', tag: '02300001' })
  await leave(subject)
  const guest = world.salto.addSiteUser(world.siteId, { firstName: 'Gus', lastName: 'Guest' })
  world.salto.giveTag(world.siteId, tagId, guest.siteUserId)
  await noticed()
  expect(await shown()).toEqual([subject])
  expect(await paramsOf(subject)).toMatchObject({ change: 'tagGiven', holder: 'Gus Guest' })
  await restore(subject)
  expect(await world.problems()).toContain(`P19 pairing:${mia.pairingId}`)
  world.salto.giveTag(world.siteId, tagId, null)
  await lookAt(null)
  expect(user('Mia Member')?.tagNumber).toBe('02300001')
  expect((await world.problems()).filter((each) => /P10|P19/.test(each))).toEqual([])
})

test('R18 a lost tag that was unblocked in KS is shown, and blocked again by Restore alone', async () => {
  const { mia } = await begin()
  await giveTag(mia.pairingId)
  const tagId = asId<never>(world.tagIds[0] ?? '')
  await world.act((tx) => clicks.setTag(tx, world.click(), tagId, 'lost'))
  await world.settle()
  await world.advance(5 * minute)
  const opens = () => world.salto.door({ lockId: world.frontDoor, tagNumber: '02300001' }).opened
  expect(opens()).toBe(false)
  world.salto.blockKey(world.siteId, idOf('Mia Member'), false)
  await noticed()
  const subject = `pairing:${mia.pairingId}:tag:${tagId}`
  expect(await shown()).toEqual([subject])
  expect(opens()).toBe(true)
  await restore(subject)
  expect(opens()).toBe(false)
  expect(await shown()).toEqual([])
})

test('R18 blocked or unblocked in KS against what the admin said here is shown; no change in Cobot undoes it', async () => {
  const { mia } = await begin()
  const subject = `pairing:${mia.pairingId}:block`
  world.salto.blockUser(world.siteId, idOf('Mia Member'))
  await noticed()
  expect(await shown()).toEqual([subject])
  await planLater(mia.membershipId, '2027-01-01')
  expect(user('Mia Member')?.blocked).toBe(true)
  await restore(subject)
  expect([user('Mia Member')?.blocked, await shown()]).toEqual([false, []])
  await world.act((tx) => clicks.lockOut(tx, world.click(), mia.pairingId, true))
  await world.settle()
  await world.advance(3 * minute)
  world.salto.blockUser(world.siteId, idOf('Mia Member'), false)
  await noticed()
  expect([user('Mia Member')?.blocked, await shown()]).toEqual([false, [subject]])
  expect(await paramsOf(subject)).toMatchObject({ change: 'unblocked' })
  await restore(subject)
  expect([user('Mia Member')?.blocked, await shown()]).toEqual([true, []])
})

test('R20 a seat taken away in KS stays away until Restore or the next change in Cobot', async () => {
  const { mia } = await begin()
  const subject = `pairing:${mia.pairingId}:seat`
  const seat = () => user('Mia Member')?.subscriptionState
  world.salto.suspendUser(world.siteId, idOf('Mia Member'))
  await noticed()
  expect([seat(), await shown()]).toEqual(['suspended', [subject]])
  await restore(subject)
  expect([seat(), await shown()]).toEqual(['subscribed', []])
  await world.advance(3 * minute)
  world.salto.suspendUser(world.siteId, idOf('Mia Member'))
  await noticed()
  await planLater(mia.membershipId, '2027-01-01')
  expect([seat(), await shown()]).toEqual(['subscribed', []])
})

test('R20 a seat given in KS to somebody who has no access is shown; whoever comes back gets theirs as ever', async () => {
  const { mia } = await begin()
  const subject = `pairing:${mia.pairingId}:seat`
  const seat = () => user('Mia Member')?.subscriptionState
  world.cobot.cancelMembership(hub, mia.membershipId, '2026-11-25')
  await world.advanceTo('2026-11-25T08:00:00Z', 12 * 60 * minute)
  await world.advance(3 * minute)
  expect(seat()).toBe('suspended')
  world.salto.suspendUser(world.siteId, idOf('Mia Member'), false)
  await noticed()
  expect([seat(), await shown()]).toEqual(['subscribed', [subject]])
  await restore(subject)
  expect([seat(), await shown()]).toEqual(['suspended', []])
  world.cobot.uncancelMembership(hub, mia.membershipId)
  await world.settle()
  expect([seat(), await shown()]).toEqual(['subscribed', []])
})

test('R12 R20 who waits for a free seat is no difference, and gets the first that comes', async () => {
  const { mia } = await begin({ seats: 3 })
  const late = await connected('Late Comer')
  expect(await world.problems()).toContain(`P03 pairing:${late.pairingId}`)
  await noticed()
  expect(await shown()).toEqual([])
  world.salto.suspendUser(world.siteId, idOf('Mia Member'))
  await noticed()
  expect(user('Late Comer')?.subscriptionState).toBe('subscribed')
  expect(await shown()).toEqual([`pairing:${mia.pairingId}:seat`])
  await restore(`pairing:${mia.pairingId}:seat`)
  expect(await world.problems()).toContain(`P03 pairing:${mia.pairingId}`)
})

test('R18 a deleted user may be left deleted; Restore makes one again, tag and lock-out included', async () => {
  const { mia } = await begin()
  await giveTag(mia.pairingId)
  await world.act((tx) => clicks.lockOut(tx, world.click(), mia.pairingId, true))
  await world.settle()
  world.salto.removeSiteUser(world.siteId, idOf('Mia Member'))
  await world.advance(3 * minute)
  await noticed()
  const subject = `pairing:${mia.pairingId}`
  expect(await shown()).toEqual([subject])
  await leave(subject)
  await noticed()
  expect([await shown(), user('Mia Member')]).toEqual([[], undefined])
  await restore(subject)
  expect(user('Mia Member')).toMatchObject({ blocked: true, tagNumber: '02300001' })
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
})

test('R7 R20 persons and locks added to a booking’s group are shown; left, another change is shown again', async () => {
  const { mia } = await begin()
  const bookingId = world.book(mia.membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
  await world.settle()
  await world.advance(3 * minute)
  const subject = `booking:${bookingId}`
  const only = () => world.bookingGroups()[0]
  byHand.join('Tom Turner', only()?.name ?? '')
  await noticed()
  expect(await shown()).toEqual([subject])
  expect(await paramsOf(subject)).toMatchObject({ resource: 'Quay Room' })
  await leave(subject)
  await noticed()
  expect(await shown()).toEqual([])
  world.salto.addLockToGroup(world.siteId, only()?.id ?? '', world.frontDoor)
  await noticed()
  expect(await shown()).toEqual([subject])
  await restore(subject)
  expect(only()).toMatchObject({
    users: [user('Mia Member')?.saltoUserId],
    locks: [world.quayLock],
  })
  expect(await shown()).toEqual([])
})

test('R9 R20 a booking restored in one breath with its deleted person opens for the new one', async () => {
  const { mia } = await begin()
  const bookingId = world.book(mia.membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
  await world.settle()
  await world.advance(3 * minute)
  world.salto.removeSiteUser(world.siteId, idOf('Mia Member'))
  await world.advance(3 * minute)
  await noticed()
  const both = [`pairing:${mia.pairingId}`, `booking:${bookingId}`]
  expect((await shown()).sort()).toEqual([...both].sort())
  await world.act(async (tx) => {
    for (const subject of both) await clicks.restore(tx, world.click(), subject)
  })
  await world.settle()
  await world.advance(minute)
  expect(world.bookingGroups()).toMatchObject([
    { users: [user('Mia Member')?.saltoUserId], locks: [world.quayLock] },
  ])
  expect(await shown()).toEqual([])
})

test.each(['Restore', 'a change in Cobot'])(
  'R20 of a booking’s group that was renamed the person goes when %s writes another one',
  async (how) => {
    const { mia } = await begin()
    const bookingId = world.book(mia.membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
    await world.settle()
    await world.advance(3 * minute)
    const { id = '' } = world.bookingGroups()[0] ?? {}
    world.salto.renameAccessGroup(world.siteId, id, 'Party')
    await noticed()
    expect(await shown()).toEqual([`booking:${bookingId}`])
    expect(group('Party')?.users).toHaveLength(1)
    if (how === 'Restore') await restore(`booking:${bookingId}`)
    else world.cobot.updateBooking(bookingId, { to: '2026-11-24T17:00:00Z' })
    await world.settle()
    expect(group('Party')?.users).toEqual([])
    expect(world.bookingGroups()).toMatchObject([{ users: [user('Mia Member')?.saltoUserId] }])
    expect(await shown()).toEqual([])
  },
)

test('P14 what we undid ourselves was no fight: a booking follows its member out and in as often as it takes', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  world.book(membershipId, '2026-11-27T15:00:00Z', '2026-11-27T17:00:00Z')
  await world.settle()
  for (let time = 0; time < 6; time++) {
    world.cobot.cancelMembership(hub, membershipId, '2026-11-20')
    await world.advance(2 * minute)
    expect(world.bookingGroups()).toEqual([])
    world.cobot.uncancelMembership(hub, membershipId)
    await world.advance(2 * minute)
    expect(world.bookingGroups()).toHaveLength(1)
    expect(isIn('Mia Member', 'Full Time')).toBe(true)
  }
  expect((await world.problems()).filter((each) => each.startsWith('P14'))).toEqual([])
})

test('P14 the same write over and over within an hour stops and is said; taking away never stops', async () => {
  const { mia } = await begin()
  const day = (n: number) => `2027-01-${String(n).padStart(2, '0')}`
  for (let n = 1; n <= 4; n++) {
    byHand.leave('Mia Member', 'Full Time')
    await planLater(mia.membershipId, day(n))
  }
  const problems = async () => (await world.problems()).filter((each) => each.startsWith('P14'))
  expect([isIn('Mia Member', 'Full Time'), await problems()]).toEqual([
    false,
    [`P14 pairing:${mia.pairingId}`],
  ])
  await world.act((tx) => clicks.lockOut(tx, world.click(), mia.pairingId, true))
  await world.settle()
  expect(user('Mia Member')?.blocked).toBe(true)
  await lookAt(`reconcilePairing:${mia.pairingId}`)
  expect([isIn('Mia Member', 'Full Time'), await problems()]).toEqual([true, []])
})
