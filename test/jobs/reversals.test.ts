// We undo something, the process dies before the answer comes, and before anybody looks again it is
// wanted once more. What KS shows then was nobody's hand, and is put right (R15, R20).
import { expect, test } from 'vitest'
import * as clicks from '../../src/db/clicks.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import type { World } from '../support/world.ts'
import { hub, minute, stage } from './stage.ts'

const { start, user, isIn, connected, giveTag } = stage()

const leaves = /^DELETE .*\/access_groups\/[^/]+\/users\//
const freesSeat = /^PATCH .*\/users\/[^/]+\/subscription$/
const deletesGroup = /^DELETE .*\/access_groups\/[^/]+$/
const deletesUser = /^DELETE .*\/sites\/[^/]+\/users\/[^/]+$/

/** Works until KS has done this, and is dead before it hears of it. */
const dieAfter = async (world: World, write: RegExp) => {
  const { deps, clock } = world
  const died = Promise.withResolvers<void>()
  let isDead = false
  const fetch = async (request: Request): Promise<Response> => {
    const answer = await deps.ports.fetch(request)
    if (!write.test(`${request.method} ${new URL(request.url).pathname}`)) return answer
    isDead = true
    died.resolve()
    return new Promise(() => {})
  }
  // With the process its timers die: nobody renews its leases.
  const after = (ms: number, then: () => void) => clock.after(ms, () => isDead || then())
  const ports = { ...deps.ports, fetch, clock: { now: clock.now, after } }
  await world.cobot.deliverAll()
  await Promise.race([died.promise, createWorker({ ...deps, ports }, handlers).drain()])
  expect(isDead, 'it was undone').toBe(true)
}

const ends = (world: World, id: string) => world.cobot.cancelMembership(hub, id, '2026-11-20')
const returns = (world: World, id: string) => world.cobot.uncancelMembership(hub, id)
const disconnected = async (world: World, id: never) => {
  const pairing = await world.pairing(id)
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairing?.pairingId as never))
}
const connectedAgain = (world: World, id: never) =>
  world.act((tx) => clicks.connectMembership(tx, world.click(), id, 'another' as never))

test.each([
  ['a place in a group', leaves, ends, returns],
  ['a seat that was freed', freesSeat, ends, returns],
  ['the group of a booking', deletesGroup, ends, returns],
  ['a place of somebody who was disconnected', leaves, disconnected, connectedAgain],
  ['a user that was deleted', deletesUser, disconnected, connectedAgain],
])('%s, undone without an answer and wanted again, is as before', async (_, write, undo, again) => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  await giveTag(pairingId)
  world.book(membershipId, '2026-11-26T15:00:00Z', '2026-11-26T17:00:00Z')
  await world.settle()
  const opens = (lockId: string, at: string) =>
    world.salto.door({ lockId, tagNumber: '02300001', at: new Date(at) }).opened
  const shape = () => ({
    isIn: isIn('Mia Member', 'Full Time'),
    seat: user('Mia Member')?.subscriptionState,
    front: opens(world.frontDoor, '2026-11-25T12:00:00Z'),
    quay: ['14:59', '15:30'].map((at) => opens(world.quayLock, `2026-11-26T${at}:00Z`)),
  })
  const before = shape()
  expect(before).toEqual({ isIn: true, seat: 'subscribed', front: true, quay: [false, true] })

  await undo(world, membershipId as never)
  await dieAfter(world, write)
  expect(shape()).not.toEqual(before)
  await again(world, membershipId as never)
  await world.advance(10 * minute)
  expect((await world.problems()).filter((each) => each.startsWith('P10'))).toEqual([])
  expect(shape()).toEqual(before)
})

test('Disconnect pressed while the user is being made is not called off by that', async () => {
  const world = await start()
  const membershipId = world.addMember('Mia Member')
  await world.settle()
  const { fetch } = world.deps.ports
  let isPressed = false
  world.deps.ports.fetch = async (request) => {
    const answer = await fetch(request)
    if (!isPressed && request.method === 'POST' && request.url.endsWith('/users')) {
      isPressed = true
      await disconnected(world, membershipId as never)
    }
    return answer
  }
  await world.connect(membershipId)
  await world.advance(5 * minute)
  expect(isPressed).toBe(true)
  expect(user('Mia Member')).toBeUndefined()
  expect(await world.pairing(membershipId)).toBeNull()
})

test('Report lost pressed while the tag is being given is carried out as well', async () => {
  const world = await start()
  const { pairingId } = await connected('Mia Member')
  const { fetch } = world.deps.ports
  let isPressed = false
  world.deps.ports.fetch = async (request) => {
    const answer = await fetch(request)
    if (!isPressed && request.method === 'PATCH' && /\/users\/[^/]+$/.test(request.url)) {
      isPressed = true
      const tagId = world.tagIds[0] as never
      await world.act((tx) => clicks.setTag(tx, world.click(), tagId, 'lost'))
    }
    return answer
  }
  await giveTag(pairingId)
  await world.advance(2 * minute)
  expect(isPressed).toBe(true)
  const door = { lockId: world.frontDoor, tagNumber: '02300001' }
  expect(world.salto.door({ ...door, at: world.clock.now() }).opened).toBe(false)
})

test('a place that a read does not show yet is not forgotten when the plan changes once more', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  const owl = world.cobot.addPlan(hub, { name: 'Night Owl' })
  const late = world.cobot.addPlan(hub, { name: 'Late Bird' })
  for (const name of ['Night Owl', 'Late Bird'])
    world.salto.addAccessGroup(world.siteId, { name, lockIds: [], schedule: 'always' })
  await world.advance(20 * minute, 5 * minute)
  const siteUserId = user('Mia Member')?.siteUserId ?? ''
  world.cobot.changePlan(hub, membershipId, owl)
  await world.settle()
  expect(isIn('Mia Member', 'Night Owl')).toBe(true)
  const before = { items: [], count: 0, next_page_link: null }
  const path = `/users/${siteUserId}/access_groups`
  world.salto.addFault({ method: 'GET', path, status: 200, body: before, times: 1 })
  world.cobot.changePlan(hub, membershipId, late)
  await world.settle()
  await world.advance(minute, 10_000)
  expect(isIn('Mia Member', 'Night Owl')).toBe(false)
  expect(isIn('Mia Member', 'Late Bird')).toBe(true)
  expect((await world.problems()).filter((each) => each.startsWith('P10'))).toEqual([])
})

test('R15 a plan changed and changed back at once: a read from before does not keep them out', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  const owl = world.cobot.addPlan(hub, { name: 'Night Owl' })
  world.salto.addAccessGroup(world.siteId, { name: 'Night Owl', lockIds: [], schedule: 'always' })
  await world.advance(20 * minute, 5 * minute)
  const siteUserId = user('Mia Member')?.siteUserId ?? ''
  world.cobot.changePlan(hub, membershipId, owl)
  await world.settle()
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([true, false])
  const items = [{ id: world.fullTimeGroup, customer_reference: 'Full Time' }]
  const before = { items, count: 1, next_page_link: null }
  const path = `/users/${siteUserId}/access_groups`
  world.salto.addFault({ method: 'GET', path, status: 200, body: before, times: 1 })
  world.cobot.changePlan(hub, membershipId, world.fullTime)
  await world.settle()
  await world.advance(20 * minute, minute)
  expect([isIn('Mia Member', 'Night Owl'), isIn('Mia Member', 'Full Time')]).toEqual([false, true])
  expect((await world.problems()).filter((each) => each.startsWith('P10'))).toEqual([])
})
