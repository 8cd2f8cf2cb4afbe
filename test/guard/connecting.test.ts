// An admin's confirmed preview counts for exactly its set (R9, D9).
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { connectMany } from '../../src/db/clicks.ts'
import { createHouse, hour, hub, minute, pass, putOnPlan } from './stage.ts'

test('R9 D9 whoever was in the preview is let in, also hours later; a rush of others at the same time waits', async () => {
  const house = await createHouse({ people: 16, bookings: 0 })
  const { salto, siteId, cobot, ids } = house
  const door = salto.addLock(siteId, { name: 'Night door' })
  salto.addAccessGroup(siteId, { name: 'Night Owl', lockIds: [door], schedule: 'always' })
  const owl = cobot.addPlan(hub, { name: 'Night Owl' })
  const names = Array.from({ length: 12 }, (_, n) => `Newcomer Nr${n + 1}`)
  const chosen = names.map((name) => house.addMember(name, { planId: owl }))
  await house.advance(2 * hour, 60 * minute)
  salto.addFault({ status: 503 })
  const newId = () => asId<never>(`new-${house.random.fraction()}`)
  await connectMany(house.db, house.click(), chosen, newId)
  await pass(house, minute)
  await house.clock.advance(2 * hour)
  expect(house.inside('Night Owl')).toBe(0)
  salto.clearFaults()
  await house.settle()
  await pass(house, minute)
  expect(house.inside('Night Owl')).toBe(12)
  expect(await house.isHeld()).toBe(false)
  // The others were connected long ago, and nobody asked for what happens to them.
  const moved = new Set<string>(ids.slice(0, 15))
  putOnPlan(house, moved, owl, 'Night Owl')
  await pass(house, 12 * minute)
  expect(await house.problems()).toContain('P08 gaining')
  await house.close()
})
