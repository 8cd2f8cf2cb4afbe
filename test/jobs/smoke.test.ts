import { expect, test } from 'vitest'
import { createWorld } from '../support/world.ts'

test('a member is connected and a booking becomes a group', async () => {
  const log = { info: () => {}, warn: console.log, error: console.log }
  const world = await createWorld({ log })
  const mia = world.addMember('Mia Member')
  await world.settle()
  await world.mapRoom()
  await world.connect(mia)
  const booking = world.book(mia, '2026-11-25T09:00:00Z', '2026-11-25T11:00:00Z')
  await world.advance(6 * 60_000)
  console.log(booking, JSON.stringify(world.salto.users(world.siteId), null, 1))
  console.log(JSON.stringify(world.salto.groups(world.siteId), null, 1))
  console.log(await world.problems())
  const before = world.salto.writes()
  await world.advance(20 * 60_000)
  expect(world.salto.writes()).toBe(before)
  await world.close()
})
