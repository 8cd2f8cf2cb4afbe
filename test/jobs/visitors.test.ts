// C5 Visitors: people without a membership, let in for one approved booking.
import { expect, test } from 'vitest'
import * as clicks from '../../src/db/clicks.ts'
import { change } from '../../src/db/store.ts'
import type { World } from '../support/world.ts'
import { hour, stage } from './stage.ts'

const { start, connected, giveTag, user, rows } = stage()
const [from, to] = ['2026-11-26T15:00:00Z', '2026-11-26T17:00:00Z']

const open = async (visitors = true) => {
  const world = await start()
  const settings = { lastDayIncluded: false, visitors }
  await world.act((tx) => change(tx, 'spaces', { spaceId: world.spaceId }, { settings }))
  return world
}
const visit = (
  { cobot, quayRoom: resourceId }: World,
  status: 'pending' | 'approved' = 'approved',
) => {
  const wish = { resourceId, from, to, status, name: 'Vera Visitor', email: 'vera@visit.example' }
  return cobot.addExternalBooking('harbour-hub', wish)
}
const until = async (world: World, at: string) => {
  await world.advance(new Date(at).getTime() - world.clock.now().getTime(), 12 * hour)
  await world.settle()
}
const tagOf = async () => {
  const [pairing] = await rows('pairings')
  return giveTag(pairing!.pairingId)
}

test('C5 a visitor gets a user without e-mail the day before, opens with a tag during the booking, and is gone after it', async () => {
  const world = await open()
  visit(world)
  await until(world, '2026-11-25T14:30:00Z')
  expect(user('Vera Visitor')).toBeUndefined()
  await until(world, '2026-11-25T15:00:00Z')
  expect(user('Vera Visitor')).toMatchObject({ email: null })
  await tagOf()
  expect(user('Vera Visitor')).toMatchObject({ tagNumber: '02300001' })
  const opens = (at: string) =>
    world.salto.door({ lockId: world.quayLock, tagNumber: '02300001', at }).opened
  expect([
    opens('2026-11-26T14:59:00Z'),
    opens('2026-11-26T15:00:00Z'),
    opens('2026-11-26T17:00:00Z'),
    opens('2026-11-26T17:01:00Z'),
  ]).toEqual([false, true, true, false])
  expect(world.salto.outbox()).toEqual([])
  await until(world, '2026-11-26T17:00:00Z')
  expect(user('Vera Visitor')).toBeUndefined()
  await until(world, '2026-11-27T17:00:00Z')
  expect(world.bookingGroups()).toEqual([])
})

test('R5 the tag of a visitor who has gone is offered to nobody until it is back', async () => {
  const world = await open()
  visit(world)
  await until(world, '2026-11-25T15:00:00Z')
  await tagOf()
  const { tagId, pairingId: visitorId } = (await rows('tagHolders'))[0]!
  await until(world, '2026-11-26T18:00:00Z')
  const { pairingId } = await connected('Mia Member')
  expect(await giveTag(pairingId!)).toMatchObject({ pairingId: visitorId, state: 'notReturned' })
  await world.act((tx) => clicks.setTag(tx, world.click(), tagId, 'returning'))
  await world.settle()
  expect(await rows('tagHolders')).toEqual([])
  expect((await rows('pairings')).map((each) => each.pairingId)).toEqual([pairingId])
  expect(await giveTag(pairingId!)).toBeNull()
})

test('C5 a pending booking gives nothing until it is approved, a canceled one takes it away', async () => {
  const world = await open()
  await until(world, '2026-11-26T08:00:00Z')
  const id = visit(world, 'pending')
  await world.settle()
  expect([user('Vera Visitor'), world.bookingGroups().length]).toEqual([undefined, 0])
  world.cobot.approveExternalBooking(id)
  await world.settle()
  expect(world.bookingGroups()).toMatchObject([{ users: [user('Vera Visitor')?.saltoUserId] }])
  world.cobot.cancelExternalBooking(id)
  await world.settle()
  expect([user('Vera Visitor'), world.bookingGroups().length]).toEqual([undefined, 0])
})

test('C5 while the switch is off, visitors get nothing', async () => {
  const world = await open(false)
  visit(world)
  await until(world, '2026-11-26T15:30:00Z')
  expect([user('Vera Visitor'), world.bookingGroups().length]).toEqual([undefined, 0])
})
