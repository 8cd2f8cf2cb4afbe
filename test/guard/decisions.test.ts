// While the guard holds: what an admin may decide, what heals by itself, what goes on meanwhile.
import { expect, test } from 'vitest'
import { allowHeld, listHeld, readHeldAgain, setOf } from '../../src/db/guard.ts'
import { list } from '../../src/db/store.ts'
import {
  bend,
  createHouse,
  type House,
  hour,
  hub,
  listOfMemberships,
  minute,
  oneMembership,
  pass,
  putOnPlan,
} from './stage.ts'

/** Everybody seems to be gone: the list is empty and single ones answer 404. */
const vanish = async (house: House) => {
  const list = bend(house, listOfMemberships, () => [])
  const single = bend(house, oneMembership, () => 404)
  await pass(house, 8 * minute)
  return () => {
    single()
    list()
  }
}
const shownSet = async ({ db, spaceId }: House) => setOf(await listHeld(db.read, spaceId))

test('R9 Allow exactly these removes exactly these; a set that changed meanwhile is asked about again', async () => {
  const house = await createHouse()
  const { cobot, ids } = house
  for (const id of ids.slice(0, 6)) cobot.deleteMembership(hub, id)
  await vanish(house)
  const shown = await shownSet(house)
  // Whoever is held waits for a word, not for a minute to pass, and is not called overdue.
  const soon = new Date(house.clock.now().getTime() + 2 * minute)
  const looks = await list(house.db.read, 'work', { task: 'reconcilePairing' })
  expect(looks.filter(({ runAt }) => runAt && runAt < soon)).toEqual([])
  expect(await house.problems()).not.toContainEqual(expect.stringMatching(/^P16/))
  const { act, click } = house
  expect(await act((tx) => allowHeld(tx, click(), 'losing', 'another set'))).toBe(false)
  await pass(house, minute)
  expect(house.inside()).toBe(8)
  expect(await act((tx) => allowHeld(tx, click(), 'losing', shown))).toBe(true)
  await pass(house, 2 * minute)
  expect(house.inside()).toBe(0)
  expect(await house.isHeld()).toBe(false)
  // Suspended, not deleted: whoever comes back is the same user.
  expect(house.salto.users(house.siteId).length).toBe(9)
  await house.close()
})

test('R9 once Cobot lists them again the wave is over by itself, and so it is after Read again', async () => {
  const house = await createHouse()
  const users = () => house.salto.users(house.siteId).map((user) => user.subscriptionState)
  const before = users()
  for (const again of [false, true]) {
    const mend = await vanish(house)
    expect(await house.isHeld()).toBe(true)
    mend()
    if (again) await house.act((tx) => readHeldAgain(tx, house.click()))
    await pass(house, again ? minute : 8 * minute)
    expect(await house.isHeld()).toBe(false)
    expect(await list(house.db.read, 'guard', { spaceId: house.spaceId, state: 'held' })).toEqual(
      [],
    )
    expect(house.inside()).toBe(8)
    expect(users()).toEqual(before)
  }
  const writes = house.salto.writes()
  await pass(house, 20 * minute)
  expect(house.salto.writes()).toBe(writes)
  await house.close()
})

test('R9 while it holds, dates come, admins are obeyed, and bookings made now open doors', async () => {
  const house = await createHouse()
  const { cobot, ids, salto, siteId } = house
  cobot.cancelMembership(hub, ids[7] ?? '', '2026-11-26')
  await pass(house, minute)
  await vanish(house)
  await house.advanceTo('2026-11-25T23:30:00Z', 6 * hour)
  expect(await house.isHeld()).toBe(true)
  expect(house.inside()).toBe(7)
  const open = salto.groups(siteId).filter(({ name }) => name.startsWith('Cobot '))
  expect(open.every(({ users }) => users.length === 1)).toBe(true)
  await house.close()
})

test('R9 a rush of people into one group that neither a date nor an admin explains waits, and nobody loses the old door', async () => {
  const house = await createHouse({ people: 30, bookings: 0 })
  const { salto, siteId, cobot, ids } = house
  const owlLock = salto.addLock(siteId, { name: 'Night door' })
  salto.addAccessGroup(siteId, { name: 'Night Owl', lockIds: [owlLock], schedule: 'always' })
  const owl = cobot.addPlan(hub, { name: 'Night Owl' })
  await house.advance(2 * hour, 20 * minute)
  const moved = new Set<string>(ids.slice(0, 12))
  putOnPlan(house, moved, owl, 'Night Owl')
  await pass(house, 12 * minute)
  expect(await house.problems()).toContain('P08 gaining')
  expect(house.inside('Night Owl')).toBeLessThanOrEqual(10)
  expect(house.inside() + house.inside('Night Owl')).toBeGreaterThanOrEqual(30)
  const { act, click } = house
  for (const what of ['gaining', 'losing'] as const) {
    const held = await listHeld(house.db.read, house.spaceId)
    const these = held.filter(
      ({ subject }) => subject.startsWith('grant:') === (what === 'gaining'),
    )
    if (these.length > 0)
      expect(await act((tx) => allowHeld(tx, click(), what, setOf(these)))).toBe(true)
    await pass(house, 2 * minute)
  }
  expect([house.inside(), house.inside('Night Owl')]).toEqual([18, 12])
  expect(await house.isHeld()).toBe(false)
  await house.close()
})

test('R9 who left and came back within the hour stays: one after the other they make no wave', async () => {
  const house = await createHouse()
  const { cobot, ids } = house
  for (const id of ids) {
    cobot.cancelMembership(hub, id, '2026-11-20')
    await pass(house, 2 * minute)
    expect(house.inside()).toBe(ids.length - 1)
    cobot.uncancelMembership(hub, id)
    await pass(house, 2 * minute)
    expect(house.inside()).toBe(ids.length)
  }
  cobot.cancelMembership(hub, ids[0] ?? '', '2026-11-20')
  await pass(house, 2 * minute)
  expect(await house.isHeld()).toBe(false)
  expect(house.inside()).toBe(ids.length - 1)
  await house.close()
})
