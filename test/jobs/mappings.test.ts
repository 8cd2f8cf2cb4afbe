// An admin maps plans otherwise: people move, by id, and the guard lets pass what was confirmed.
import { expect, test } from 'vitest'
import type { AccessGroupId, PairingId, PlanId } from '../../src/core/ids.ts'
import { asId } from '../../src/core/ids.ts'
import { otherPlans } from '../../src/core/mappings.ts'
import { type Choice, listMoves, saveMappings } from '../../src/db/mappings.ts'
import { one } from '../../src/db/store.ts'
import type { World } from '../support/world.ts'
import { hub, minute, stage } from './stage.ts'

const { start, connected, isIn, group, run, lookAt } = stage()

const addGroup = ({ salto, siteId, frontDoor }: World, name: string, locks = [frontDoor]) =>
  asId<AccessGroupId>(
    salto.addAccessGroup(siteId, { name, lockIds: locks, schedule: 'always' as const }),
  )

/** *Save*, and the button of the question that follows. */
const choose = async (world: World, choices: [string, AccessGroupId[] | null, string?][]) => {
  const wanted = choices.map(
    ([planId, chosen, name = 'Full Time']): Choice => ({
      planId: asId<PlanId>(planId),
      chosen,
      name,
    }),
  )
  const moves = await world.act(async (tx) => {
    const click = world.click()
    const space = await one(tx, 'spaces', { spaceId: world.spaceId })
    const site = await one(tx, 'sites', { siteId: world.siteId })
    if (!space || !site) throw new Error('no space')
    const found = await listMoves(tx, space, site, wanted, click.now)
    await saveMappings(tx, click, site, wanted, found)
    return found
  })
  await world.settle()
  return moves
}
const sweep = async (world: World) => {
  await lookAt('sweepKs:space')
  await world.settle()
}

test('D6 a plan with two groups opens both, and people move with the mapping, the new door first', async () => {
  const world = await start()
  const studio = addGroup(world, 'Studio')
  const roof = addGroup(world, 'Roof')
  await sweep(world)
  await connected('Mia Member')
  const moves = await choose(world, [[world.fullTime, [studio, roof]]])
  expect(moves).toMatchObject([{ gains: [studio, roof].sort(), loses: [world.fullTimeGroup] }])
  for (const name of ['Studio', 'Roof']) expect(isIn('Mia Member', name)).toBe(true)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  await connected('Tom Turner')
  expect(isIn('Tom Turner', 'Roof')).toBe(true)
  await choose(world, [[world.fullTime, null]])
  expect(['Full Time', 'Studio', 'Roof'].map((name) => isIn('Mia Member', name))).toEqual([
    true,
    false,
    false,
  ])
  expect(group('Studio')?.users).toEqual([])
})

test('D6 "opens nothing" takes the access and no problem is made of it; others of the group stay', async () => {
  const world = await start()
  await connected('Mia Member')
  await connected('Flora Flex', { planId: world.flex })
  await choose(world, [[world.flex, [asId(world.fullTimeGroup)], 'Flex 8']])
  expect(isIn('Flora Flex', 'Full Time')).toBe(true)
  await choose(world, [[world.flex, [], 'Flex 8']])
  expect([isIn('Flora Flex', 'Full Time'), isIn('Mia Member', 'Full Time')]).toEqual([false, true])
  await sweep(world)
  const said = (await world.problems()).filter((each) => /^P(04|08|09|18)/.test(each))
  expect(said).toEqual([])
})

test('R8 a group that an admin chose for one plan still is the group of its name for another', async () => {
  const world = await start()
  await choose(world, [[world.flex, [asId(world.fullTimeGroup)], 'Flex 8']])
  await connected('Mia Member')
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect(world.salto.groups(world.siteId).filter(({ name }) => name === 'Full Time')).toHaveLength(
    1,
  )
})

test('D6 R8 renaming plan and groups loses no choice', async () => {
  const world = await start()
  const studio = addGroup(world, 'Studio')
  await sweep(world)
  await choose(world, [[world.fullTime, [studio]]])
  await connected('Mia Member')
  world.cobot.renamePlan(hub, world.fullTime, 'Whole Day')
  world.salto.renameAccessGroup(world.siteId, studio, 'Workshop')
  await world.advance(20 * minute, 5 * minute)
  expect(isIn('Mia Member', 'Workshop')).toBe(true)
  await connected('Tom Turner')
  expect(isIn('Tom Turner', 'Workshop')).toBe(true)
  expect(group('Whole Day'), 'no group is made for a plan with a choice').toBeNull()
  expect(group('Workshop')?.id, 'and none renamed').toBe(studio)
})

test('D6 plans that are not in the list open what was chosen for all others, and P09 goes', async () => {
  const world = await start()
  const { membershipId } = await connected('Tina Team', { planId: null })
  await lookAt('sweepCobot:memberships')
  expect(await world.problems()).toContainEqual(expect.stringMatching(/^P09/))
  await choose(world, [[otherPlans, [asId(world.fullTimeGroup)], '']])
  expect(isIn('Tina Team', 'Full Time')).toBe(true)
  expect(await world.problems()).not.toContainEqual(expect.stringMatching(/^P09/))
  expect(await world.pairing(membershipId)).toMatchObject({ state: 'paired' })
})

test('D6 of two groups one vanishes: the other goes on, and Plans is where it is mended', async () => {
  const world = await start()
  const studio = addGroup(world, 'Studio')
  await sweep(world)
  await choose(world, [[world.fullTime, [studio, asId(world.fullTimeGroup)]]])
  await connected('Mia Member')
  world.salto.removeAccessGroup(world.siteId, studio)
  await sweep(world)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect(await world.problem('P04')).toMatchObject({ group: 'Studio', what: 'chosen' })
  await connected('Tom Turner')
  expect(isIn('Tom Turner', 'Full Time')).toBe(true)
  await choose(world, [[world.fullTime, [asId(world.fullTimeGroup)]]])
  expect(await world.problem('P04')).toBeUndefined()
})

const crowd = async (_world: World, many: number) => {
  const people: PairingId[] = []
  for (let n = 1; n <= many; n++) people.push((await connected(`Member Nr${n}`)).pairingId)
  return people
}

test('R9 what an admin saw and confirmed passes the guard for exactly these people and groups', async () => {
  const world = await start()
  await crowd(world, 6)
  await choose(world, [[world.fullTime, []]])
  expect(group('Full Time')?.users).toEqual([])
  expect(await world.problems()).not.toContainEqual(expect.stringMatching(/^P08/))
})

test('R9 only those whom the admin saw pass; of all others a wave is held', async () => {
  const world = await start()
  const people = await crowd(world, 10)
  await world.act(async (tx) => {
    const click = world.click()
    const { spaceId, siteId, fullTime, fullTimeGroup } = world
    const site = await one(tx, 'sites', { spaceId, siteId })
    const choice = { planId: asId<PlanId>(fullTime), name: 'Full Time', chosen: [] }
    const seen = people
      .slice(5)
      .map((pairingId) => ({
        pairingId,
        name: '',
        gains: [],
        loses: [asId<AccessGroupId>(fullTimeGroup)],
      }))
    if (site) await saveMappings(tx, click, site, [choice], seen)
  })
  for (let turn = 0; turn < 4; turn++) await run()
  for (const n of [6, 7, 8, 9, 10]) expect(isIn(`Member Nr${n}`, 'Full Time')).toBe(false)
  expect(group('Full Time')?.users.length).toBeGreaterThanOrEqual(2)
  expect(await world.problems()).toContainEqual(expect.stringMatching(/^P08 losing/))
  await choose(world, [[world.fullTime, null]])
  expect(group('Full Time')?.users).toHaveLength(10)
})
