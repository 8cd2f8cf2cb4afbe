// E3: for a person and a door the stored facts say what the door itself does, and name the first link
// that is broken.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { type Link, why } from '../../src/core/why.ts'
import * as clicks from '../../src/db/clicks.ts'
import { readWhyFacts } from '../../src/db/why.ts'
import type { World } from '../support/world.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, user, group, connected, giveTag, lookAt } = stage()

const tagNumber = '02300001'

const ask = async (world: World, membershipId: string, lockId: string) => {
  const { db, spaceId, clock } = world
  const person = { membershipId: asId<never>(membershipId) }
  const facts = await readWhyFacts(db.read, spaceId, person, asId(lockId), clock.now())
  return why(facts!, clock.now())
}

/** Mia, connected, with a tag. */
const mia = async (_world: World, over: Parameters<typeof connected>[1] = {}) => {
  const { membershipId, pairingId } = await connected('Mia Member', over)
  await giveTag(pairingId)
  return { membershipId, pairingId, siteUserId: user('Mia Member')?.siteUserId ?? '' }
}
const sweep = () => lookAt('sweepKs:space')

type Given = { membershipId: string; lockId?: string }
type Case = [Link, string, (world: World) => Promise<Given>]

const cases: Record<string, Case> = {
  'her membership has ended': [
    ...(['membership', 'ended'] as const),
    async (world) => {
      const { membershipId } = await mia(world)
      world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
      await world.settle()
      await world.advanceTo('2026-11-24T23:30:00Z', 3 * hour)
      return { membershipId }
    },
  ],
  'her membership was deleted': [
    ...(['membership', 'none'] as const),
    async (world) => {
      const { membershipId } = await mia(world)
      world.cobot.deleteMembership(hub, membershipId)
      await world.settle()
      return { membershipId }
    },
  ],
  'her membership starts later': [
    ...(['membership', 'later'] as const),
    (world) => mia(world, { startsAt: '2026-11-26' }),
  ],
  'her plan is not in the list of the space': [
    ...(['plan', 'unmapped'] as const),
    (world) => mia(world, { planId: null, planName: 'Team of Five' } as never),
  ],
  'the group of her plan was deleted in SALTO': [
    ...(['group', 'missing'] as const),
    async (world) => {
      const given = await mia(world)
      world.salto.removeAccessGroup(world.siteId, world.fullTimeGroup)
      await sweep()
      return given
    },
  ],
  'the group of her plan does not have this lock': [
    ...(['locks', 'notInGroup'] as const),
    async (world) => ({ ...(await mia(world)), lockId: world.quayLock }),
  ],
  'the lock is gone': [
    ...(['locks', 'gone'] as const),
    async (world) => {
      const given = await mia(world)
      world.salto.removeLock(world.frontDoor)
      await sweep()
      return given
    },
  ],
  'the group opens at other hours': [
    ...(['hours', 'closed'] as const),
    async (world) => {
      const given = await mia(world)
      const { schedules = [] } = group('Full Time') ?? {}
      for (const { id } of schedules)
        world.salto.removeSchedule(world.siteId, world.fullTimeGroup, id)
      const hours = { start_time: '12:00', end_time: '18:00' }
      world.salto.addSchedule(world.siteId, world.fullTimeGroup, hours)
      await sweep()
      return given
    },
  ],
  'the group has no hours': [
    ...(['hours', 'none'] as const),
    async (world) => {
      const given = await mia(world)
      const { schedules = [] } = group('Full Time') ?? {}
      for (const { id } of schedules)
        world.salto.removeSchedule(world.siteId, world.fullTimeGroup, id)
      await sweep()
      return given
    },
  ],
  'she is not connected': [
    ...(['connected', 'notConnected'] as const),
    async (world) => {
      await connected('Tom Turner')
      const membershipId = world.addMember('Mia Member')
      await world.settle()
      return { membershipId }
    },
  ],
  'SALTO may know her': [
    ...(['connected', 'choosing'] as const),
    async (world) => {
      await connected('Tom Turner')
      world.salto.addSiteUser(world.siteId, { firstName: 'Mia', lastName: 'Member' })
      return connected('Mia Member')
    },
  ],
  'somebody took her out of the group': [
    ...(['connected', 'byHand'] as const),
    async (world) => {
      const given = await mia(world)
      const { saltoUserId = '' } = user('Mia Member') ?? {}
      world.salto.removeFromGroup(world.siteId, world.fullTimeGroup, saltoUserId)
      await world.advance(20 * minute)
      return given
    },
  ],
  'she has no tag': [...(['tag', 'none'] as const), () => connected('Mia Member')],
  'her tag is lost': [
    ...(['tag', 'lost'] as const),
    async (world) => {
      const given = await mia(world)
      const tagId = asId<never>(world.tagIds[0]!)
      await world.act((tx) => clicks.setTag(tx, world.click(), tagId, 'lost'))
      await world.settle()
      return given
    },
  ],
  'there was no seat for her': [
    ...(['seat', 'none'] as const),
    async (world) => {
      await world.salto.setSite(world.siteId, { seats: 1 })
      return mia(world)
    },
  ],
  'the subscription of the site has ended': [
    ...(['seat', 'siteEnded'] as const),
    async (world) => {
      const given = await mia(world)
      world.salto.setSite(world.siteId, { subscriptionValid: false })
      await sweep()
      return given
    },
  ],
  'she is locked out': [
    ...(['blocked', 'lockedOut'] as const),
    async (world) => {
      const given = await mia(world)
      await world.act((tx) => clicks.lockOut(tx, world.click(), given.pairingId, true))
      await world.settle()
      return given
    },
  ],
  'somebody blocked her in SALTO': [
    ...(['blocked', 'inSalto'] as const),
    async (world) => {
      const given = await mia(world)
      world.salto.blockUser(world.siteId, given.siteUserId)
      await sweep()
      return given
    },
  ],
  'the lock is offline': [
    ...(['hardware', 'lockOffline'] as const),
    async (world) => {
      const given = await mia(world)
      world.salto.setLockOnline(world.frontDoor, false)
      await sweep()
      return given
    },
  ],
  'the hub has been offline since before she came': [
    ...(['hardware', 'hubOffline'] as const),
    async (world) => {
      world.salto.setIqOnline(world.siteId, false)
      await sweep()
      await world.advance(minute)
      return mia(world)
    },
  ],
  'her booking is later today': [
    ...(['hours', 'later'] as const),
    async (world) => {
      const { membershipId } = await mia(world)
      world.book(membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
      await world.settle()
      return { membershipId, lockId: world.quayLock }
    },
  ],
  'the group of her booking was changed by hand': [
    ...(['group', 'byHand'] as const),
    async (world) => {
      const { membershipId } = await mia(world)
      world.book(membershipId, '2026-11-24T09:00:00Z', '2026-11-24T16:00:00Z')
      await world.settle()
      const [booked] = world.bookingGroups()
      world.salto.removeLockFromGroup(world.siteId, booked?.id ?? '', world.quayLock)
      await world.advance(20 * minute)
      return { membershipId, lockId: world.quayLock }
    },
  ],
}

test.each(Object.entries(cases))('shut: %s', async (_, [link, detail, given]) => {
  const world = await start()
  const { membershipId, lockId = world.frontDoor } = await given(world)
  const answer = await ask(world, membershipId, lockId)
  const broken = answer.chain.find(({ ok }) => !ok)
  expect({ opens: answer.opens, link: broken?.link, detail: broken?.detail }).toEqual({
    opens: false,
    link,
    detail,
  })
  expect(broken?.action).not.toBeNull()
  expect(world.salto.door({ lockId, tagNumber }).opened).toBe(false)
  world.salto.setIqOnline(world.siteId, true)
})

test('open: by plan and by booking, now and next, and the door agrees at each edge', async () => {
  const world = await start()
  const { membershipId } = await mia(world)
  for (const { id } of group('Full Time')?.schedules ?? [])
    world.salto.removeSchedule(world.siteId, world.fullTimeGroup, id)
  const weekdays = { saturday: false, sunday: false, start_time: '08:00', end_time: '17:59' }
  world.salto.addSchedule(world.siteId, world.fullTimeGroup, weekdays)
  await world.mapRoom({ minutesBefore: 10 })
  world.book(membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
  world.cobot.cancelMembership(hub, membershipId, '2026-11-28')
  await world.settle()
  await sweep()
  await world.advanceTo('2026-11-24T10:00:00Z', hour)
  const front = await ask(world, membershipId, world.frontDoor)
  expect(front).toMatchObject({ opens: true, broken: null, way: { kind: 'plan' } })
  expect(front.until).toEqual(new Date('2026-11-24T17:00:00Z'))
  expect(front.next).toEqual({
    from: new Date('2026-11-25T07:00:00Z'),
    until: new Date('2026-11-25T17:00:00Z'),
  })
  const room = await ask(world, membershipId, world.quayLock)
  expect(room).toMatchObject({
    opens: false,
    until: null,
    broken: 'hours',
    way: { kind: 'booking' },
    next: { from: new Date('2026-11-24T14:50:00Z'), until: new Date('2026-11-24T16:00:01Z') },
  })
  for (const at of ['14:49:59', '14:50:00', '16:00:00', '16:00:01', '16:59:59', '17:00:00']) {
    await world.clock.advance(new Date(`2026-11-24T${at}Z`).getTime() - world.clock.now().getTime())
    await world.settle()
    for (const lockId of [world.frontDoor, world.quayLock]) {
      const { opens } = await ask(world, membershipId, lockId)
      const { opened } = world.salto.door({ lockId, tagNumber })
      expect(`${at} ${lockId} ${opens}`).toBe(`${at} ${lockId} ${opened}`)
    }
  }
  await world.advanceTo('2026-11-27T16:00:00Z', 8 * hour)
  expect(await ask(world, membershipId, world.frontDoor)).toMatchObject({
    opens: true,
    until: new Date('2026-11-27T17:00:00Z'),
    next: null,
  })
})

test('open although nothing gives it any more: an end that SALTO does not take is said as it is', async () => {
  const world = await start()
  const { membershipId } = await mia(world)
  world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
  await world.settle()
  world.salto.addFault({ path: '^/connect/', status: 401 })
  await world.advanceTo('2026-11-24T23:30:00Z', 5 * hour)
  const answer = await ask(world, membershipId, world.frontDoor)
  expect(answer).toMatchObject({ opens: true, broken: 'membership', until: null })
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber }).opened).toBe(true)
  world.salto.clearFaults()
  await world.reconnectSalto()
  await lookAt(null)
  expect(await ask(world, membershipId, world.frontDoor)).toMatchObject({ opens: false })
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber }).opened).toBe(false)
})

test('a hub that went offline later leaves open what it knew', async () => {
  const world = await start()
  const { membershipId } = await mia(world)
  await world.advance(minute)
  world.salto.setIqOnline(world.siteId, false)
  await sweep()
  expect(await ask(world, membershipId, world.frontDoor)).toMatchObject({ opens: true })
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber }).opened).toBe(true)
  world.salto.setIqOnline(world.siteId, true)
})
