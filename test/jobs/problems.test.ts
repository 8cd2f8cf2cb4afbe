// Nothing is silent: every problem that can be brought about is shown in time, and is gone within one
// pass after its cure (H1, RELIABILITY I11). What only a sweep can see may take until the sweep.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { actionOf } from '../../src/core/problems.ts'
import * as clicks from '../../src/db/clicks.ts'
import { one } from '../../src/db/store.ts'
import type { World } from '../support/world.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, user, group, connected, giveTag, lookAt, rows, pass } = stage()

const sweepMs = 17 * minute
const soonMs = minute

/** Brings it about; returns how it is cured. */
type Cause = (world: World) => Promise<() => unknown>
type Case = [string, number, Cause]

/** The button of the problem, as the page does it. */
const press = async (world: World, code: string) => {
  const { db, spaceId, click, act } = world
  const problem = await one(db.read, 'problems', { spaceId, code: code as 'P04' })
  if (!problem) throw new Error(`no ${code}`)
  const action = actionOf(problem.code, problem.params)
  if (action === 'restore') await act((tx) => clicks.restore(tx, click(), problem.subject))
  else if (action === 'again') await act((tx) => clicks.lookAgain(tx, click(), problem.source))
  else throw new Error(`${code} offers ${action}`)
}

const cases: Record<string, Case> = {
  'SALTO refuses us': [
    ...(['P01', sweepMs] as const),
    async (world) => {
      world.salto.addFault({ path: '^/connect/', status: 401 })
      return () => {
        world.salto.clearFaults()
        return world.reconnectSalto()
      }
    },
  ],
  'Cobot refuses us': [
    ...(['P02', sweepMs] as const),
    async (world) => {
      world.cobot.addFault({ status: 401 })
      return () => world.cobot.clearFaults()
    },
  ],
  'no seat is free': [
    ...(['P03', soonMs] as const),
    async (world) => {
      world.salto.setSite(world.siteId, { seats: 1 })
      await connected('Mia Member')
      return () => world.salto.setSite(world.siteId, { seats: 40 })
    },
  ],
  'the group of a plan is gone': [
    ...(['P04', sweepMs] as const),
    async (world) => {
      await connected('Mia Member')
      world.salto.removeAccessGroup(world.siteId, world.fullTimeGroup)
      return () => press(world, 'P04')
    },
  ],
  'several groups have the name of a plan': [
    ...(['P04', soonMs] as const),
    async (world) => {
      const other = world.salto.addAccessGroup(world.siteId, { name: 'full time' })
      await connected('Mia Member')
      return () => world.salto.renameAccessGroup(world.siteId, other, 'Cleaners')
    },
  ],
  'SALTO may know somebody': [
    ...(['P06', soonMs] as const),
    async (world) => {
      world.salto.addSiteUser(world.siteId, { firstName: 'Mia', lastName: 'Member' })
      const { pairingId } = await connected('Mia Member')
      return () => world.act((tx) => clicks.refuseCandidates(tx, world.click(), pairingId))
    },
  ],
  'a lock is offline': [
    ...(['P07', sweepMs] as const),
    async (world) => {
      world.salto.setLockOnline(world.quayLock, false)
      return () => world.salto.setLockOnline(world.quayLock, true)
    },
  ],
  'a hub is offline': [
    ...(['P07', sweepMs] as const),
    async (world) => {
      world.salto.setIqOnline(world.siteId, false)
      return () => world.salto.setIqOnline(world.siteId, true)
    },
  ],
  'a plan is not in the list': [
    ...(['P09', sweepMs] as const),
    async (world) => {
      const custom = { planId: null, planName: 'Team of Five' } as never
      const { membershipId } = await connected('Mia Member', custom)
      return () => world.cobot.changePlan(hub, membershipId, world.fullTime)
    },
  ],
  'somebody was taken out of a group by hand': [
    ...(['P10', sweepMs] as const),
    async (world) => {
      await connected('Mia Member')
      const { saltoUserId = '' } = user('Mia Member') ?? {}
      world.salto.removeFromGroup(world.siteId, world.fullTimeGroup, saltoUserId)
      return () => press(world, 'P10')
    },
  ],
  'a user was deleted by hand': [
    ...(['P10', sweepMs] as const),
    async (world) => {
      await connected('Mia Member')
      world.salto.removeSiteUser(world.siteId, user('Mia Member')?.siteUserId ?? '')
      return () => press(world, 'P10')
    },
  ],
  'the group of a booking was changed by hand': [
    ...(['P10', sweepMs] as const),
    async (world) => {
      const { membershipId } = await connected('Mia Member')
      world.book(membershipId, '2026-11-24T10:00:00Z', '2026-11-24T16:00:00Z')
      await world.settle()
      const [booked] = world.bookingGroups()
      world.salto.removeLockFromGroup(world.siteId, booked?.id ?? '', world.quayLock)
      return () => press(world, 'P10')
    },
  ],
  'a group with our marker belongs to nothing': [
    ...(['P10', sweepMs] as const),
    async (world) => {
      const { siteId } = world
      const name = 'Cobot 123456789012'
      const accessGroupId = asId<never>(world.salto.addAccessGroup(siteId, { name }))
      const leftover = { siteId, accessGroupId, name, zone: 'UTC' }
      return () => world.act((tx) => clicks.removeLeftover(tx, world.click(), leftover))
    },
  ],
  'a user with our marker belongs to nobody': [
    ...(['P10', sweepMs] as const),
    async (world) => {
      const { siteId } = world
      const marker = '· C123456789'
      const made = { firstName: 'Nora', lastName: 'Nobody', alias: `Nora Nobody ${marker}` }
      const siteUserId = asId<never>(world.salto.addSiteUser(siteId, made).siteUserId)
      const leftover = { siteId, siteUserId, marker }
      const pairingId = asId<never>('p-nora')
      return () =>
        world.act((tx) => clicks.removeLeftoverUser(tx, world.click(), leftover, pairingId))
    },
  ],
  'the subscription of the site has ended': [
    ...(['P11', sweepMs] as const),
    async (world) => {
      world.salto.setSite(world.siteId, { subscriptionValid: false })
      return () => world.salto.setSite(world.siteId, { subscriptionValid: true })
    },
  ],
  'Cobot does not want to tell us': [
    ...(['P12', sweepMs] as const),
    async (world) => {
      const [first] = world.cobot.subscriptions(hub)
      world.cobot.removeSubscription(first?.id ?? '')
      world.cobot.addFault({ method: 'POST', path: 'subscriptions', status: 403 })
      return () => world.cobot.clearFaults()
    },
  ],
  'SALTO refuses one person': [
    ...(['P15', soonMs] as const),
    async (world) => {
      const { pairingId } = await connected('Mia Member')
      const path = `users/${user('Mia Member')?.siteUserId}$`
      world.salto.addFault({ path, status: 403, body: { ErrorCode: '2201' } })
      await lookAt(`reconcilePairing:${pairingId}`)
      return () => {
        world.salto.clearFaults()
        return press(world, 'P15')
      }
    },
  ],
  'SALTO is down while somebody is connected': [
    // A minute of silence first, then the sweep that speaks for the side.
    ...(['P15', 150_000] as const),
    async (world) => {
      world.salto.addFault({ path: '^/connect/', status: 500 })
      const membershipId = world.addMember('Mia Member')
      await world.settle()
      const id = asId<never>('mia')
      await world.act((tx) => clicks.connectMembership(tx, world.click(), membershipId, id))
      return () => world.salto.clearFaults()
    },
  ],
  'Cobot is down': [
    ...(['P15', sweepMs] as const),
    async (world) => {
      world.cobot.addFault({ status: 500 })
      return () => world.cobot.clearFaults()
    },
  ],
  'SALTO does not take an end': [
    ...(['P16', 2 * soonMs] as const),
    async (world) => {
      const { membershipId } = await connected('Mia Member')
      world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
      await world.settle()
      await world.advanceTo('2026-11-24T22:59:00Z', 2 * hour)
      world.salto.addFault({ method: 'DELETE', status: 500 })
      return () => world.salto.clearFaults()
    },
  ],
  'SALTO is down when somebody’s time is over': [
    ...(['P16', 2 * soonMs] as const),
    async (world) => {
      const { membershipId } = await connected('Mia Member')
      world.cobot.cancelMembership(hub, membershipId, '2026-11-25')
      await world.settle()
      await world.advanceTo('2026-11-24T22:59:00Z', 2 * hour)
      world.salto.addFault({ path: '^/connect/', status: 500 })
      return () => world.salto.clearFaults()
    },
  ],
  'a booker is not connected': [
    ...(['P17', soonMs] as const),
    async (world) => {
      const membershipId = world.addMember('Mia Member')
      await world.settle()
      world.book(membershipId, '2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z')
      return () => world.connect(membershipId)
    },
  ],
  'a new group opens nothing': [
    ...(['P18', soonMs] as const),
    async (world) => {
      await connected('Mia Member', { planId: world.flex })
      return () =>
        world.salto.addLockToGroup(world.siteId, group('Flex 8')?.id ?? '', world.frontDoor)
    },
  ],
  'a group lost its hours': [
    ...(['P18', sweepMs] as const),
    async (world) => {
      await connected('Mia Member')
      for (const { id } of group('Full Time')?.schedules ?? [])
        world.salto.removeSchedule(world.siteId, world.fullTimeGroup, id)
      return () => world.salto.addSchedule(world.siteId, world.fullTimeGroup, 'always')
    },
  ],
  'a tag belongs to somebody else': [
    ...(['P19', soonMs] as const),
    async (world) => {
      const kai = world.salto.users(world.siteId)[0]?.siteUserId ?? ''
      world.salto.giveTag(world.siteId, world.tagIds[0]!, kai)
      const { pairingId } = await connected('Mia Member')
      await giveTag(pairingId)
      return () => world.salto.giveTag(world.siteId, world.tagIds[0]!, null)
    },
  ],
  'a lock of a resource is gone': [
    ...(['P20', sweepMs] as const),
    async (world) => {
      world.salto.removeLock(world.quayLock)
      return () => world.mapRoom({ lockIds: [world.frontDoor] })
    },
  ],
  'a resource is gone': [
    ...(['P20', sweepMs] as const),
    async (world) => {
      world.cobot.removeResource(hub, world.quayRoom)
      return () =>
        world.act((tx) => clicks.saveDoors(tx, world.click(), world.siteId, [off(world)]))
    },
  ],
  'somebody became an admin in SALTO': [
    ...(['P21', sweepMs] as const),
    async (world) => {
      await connected('Mia Member')
      const { siteUserId = '' } = user('Mia Member') ?? {}
      world.salto.setRoles(world.siteId, siteUserId, ['site_admin'])
      return () => world.salto.setRoles(world.siteId, siteUserId, ['site_user'])
    },
  ],
  'somebody has nothing to open with': [
    ...(['P22', soonMs] as const),
    async (world) => {
      await connected('Mia Member')
      const { siteUserId = '' } = user('Mia Member') ?? {}
      return () => world.salto.giveTag(world.siteId, world.tagIds[1]!, siteUserId)
    },
  ],
}

const off = ({ quayRoom }: World) => ({
  resourceId: asId<never>(quayRoom),
  enabled: false,
  lockIds: [],
  minutesBefore: 0,
  minutesAfter: 0,
})

/** Lets time pass, in steps of some seconds where that matters. */
const wait = (world: World, ms: number) =>
  pass(new Date(world.clock.now().getTime() + ms).toISOString(), ms > 2 * minute ? minute : 10_000)

test.each(Object.entries(cases))('%s', async (_, [code, withinMs, cause]) => {
  const world = await start()
  const shown = async () => (await rows('problems')).filter((each) => each.code === code).length
  expect(await shown()).toBe(0)
  const cure = await cause(world)
  await wait(world, withinMs)
  expect(await shown(), 'shown').toBeGreaterThan(0)
  await cure()
  await wait(world, sweepMs)
  expect(await shown(), 'gone').toBe(0)
})

test('what lasts keeps its beginning, also when several looks say it, and does not flicker', async () => {
  const world = await start()
  world.cobot.addFault({ status: 500 })
  await wait(world, 12 * minute)
  const p15 = async () => (await rows('problems')).filter(({ code }) => code === 'P15')
  const [first] = await p15()
  for (let round = 0; round < 6; round++) {
    await wait(world, 1.5 * minute)
    expect(await p15()).toMatchObject([{ subject: 'cobot', since: first?.since }])
  }
  world.cobot.clearFaults()
  await wait(world, sweepMs)
  expect(await p15()).toEqual([])
})

test('a refusal is said of the person whom it is for, by name', async () => {
  const world = await start()
  const { pairingId, membershipId } = await connected('Mia Member')
  const path = `users/${user('Mia Member')?.siteUserId}$`
  world.salto.addFault({ path, status: 403, body: { ErrorCode: '2201' } })
  await lookAt(`reconcilePairing:${pairingId}`)
  expect(await rows('problems')).toContainEqual(
    expect.objectContaining({
      code: 'P15',
      subject: `pairing:${pairingId}`,
      params: expect.objectContaining({ name: 'Mia Member' }),
    }),
  )
  world.salto.clearFaults()
  world.salto.addFault({ method: 'POST', path: 'access_groups$', status: 400 })
  const bookingId = world.book(membershipId, '2026-11-24T15:00:00Z', '2026-11-24T16:00:00Z')
  await world.settle()
  expect(await rows('problems')).toContainEqual(
    expect.objectContaining({
      subject: `booking:${bookingId}`,
      params: expect.objectContaining({ name: 'Mia Member' }),
    }),
  )
  world.salto.clearFaults()
  for (const { source } of await rows('problems')) await lookAt(source)
  await wait(world, 10 * minute)
})
