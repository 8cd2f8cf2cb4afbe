// A site is left, with all that we made there or without touching anything; and a space goes (F1, F2).
import { expect, test } from 'vitest'
import { asId, type SiteId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { activateSite, leaveSite } from '../../src/db/sites.ts'
import { getActiveSite } from '../../src/db/spaces.ts'
import { change, one } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import type { World } from '../support/world.ts'
import { hour, hub, minute, stage } from './stage.ts'

let world: World
const { start: begin, user, group, isIn, connected, giveTag, rows } = stage()

/** Mia was made by us, with a tag and a booking; Ilse was there before; Flex 8 is a group of ours. */
const start = async () => {
  world = await begin()
  const mia = await connected('Mia Member')
  await giveTag(mia.pairingId)
  world.salto.addSiteUser(world.siteId, {
    firstName: 'Ilse',
    lastName: 'Bakker',
    email: 'ilse@members.example',
    roleCodes: ['site_user'],
  })
  const ilse = await connected('Ilse Bakker', { email: 'ilse@members.example' })
  const { candidates } = (await world.pairing(ilse.membershipId))!
  await world.act((tx) =>
    clicks.linkCandidate(tx, world.click(), ilse.pairingId, candidates[0]!.siteUserId),
  )
  await connected('Fay Flex', { planId: world.flex })
  world.book(mia.membershipId, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  expect(world.bookingGroups()).toHaveLength(1)
  expect(group('Flex 8')?.users).toHaveLength(1)
  return { mia, ilse }
}
const ilseUser = () =>
  world.salto.users(world.siteId).find(({ email }) => email === 'ilse@members.example')
const leave = async (mode: 'remove' | 'leave') => {
  const site = await getActiveSite(world.db.read, world.spaceId)
  await world.act((tx) => leaveSite(tx, world.click(), site, { mode, whole: true }))
}
const came = async () =>
  Object.fromEntries(
    (await rows('receiptLines')).map(({ name, outcome, why }) => [
      name.replace(/\d{12}/, 'N'),
      [outcome, why].filter(Boolean).join(' '),
    ]),
  )
const receipt = () => one(world.db.read, 'receipts', { spaceId: world.spaceId })
const space = () => one(world.db.read, 'spaces', { spaceId: world.spaceId })
const ledger = async () =>
  (await rows('pairings')).length +
  (await rows('groupPlaces')).length +
  (await rows('bookingGroups')).length +
  (await rows('tagHolders')).length

test('F1 disconnecting removes what we made, leaves what was there, and ends on both sides', async () => {
  await start()
  world.salto.addSiteUser(world.siteId, { firstName: 'Cleo', lastName: 'Choice' })
  await connected('Cleo Choice', { email: null })
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await leave('remove')
  await world.settle()
  expect(await came()).toEqual({
    'Mia Member': 'removed',
    'Fay Flex': 'removed',
    'Ilse Bakker': 'left adopted',
    'Cobot N': 'removed',
    'Flex 8': 'removed',
    '02300001': 'out',
  })
  expect([user('Mia Member'), user('Fay Flex'), group('Flex 8')]).toEqual([
    undefined,
    undefined,
    null,
  ])
  expect(world.bookingGroups()).toEqual([])
  expect(group('Full Time')?.users).toEqual([])
  expect(ilseUser()).toMatchObject({ blocked: false })
  expect(await receipt()).toMatchObject({
    siteName: 'Harbour Loft',
    notes: ['cobotCleared', 'revoked'],
    endedAt: expect.any(Date),
  })
  expect(await space()).toMatchObject({ state: 'disconnected' })
  expect([await rows('connections'), await rows('sites'), await ledger()]).toEqual([[], [], 0])
  expect(world.cobot.subscriptions(hub)).toEqual([])
  expect(world.cobot.navigationLinks(hub)).toEqual([])
  expect(world.cobot.tokens().filter(({ spaceId }) => spaceId)).toEqual([])
})

test('F1 leaving everything as it is touches nothing in SALTO KS, also while it is away', async () => {
  await start()
  const [writes, before] = [world.salto.writes(), JSON.stringify(world.salto.groups(world.siteId))]
  world.salto.addFault({ path: '/sites/', status: 500 })
  await leave('leave')
  await world.settle()
  expect(await came()).toMatchObject({ 'Mia Member': 'left asked', '02300001': 'left asked' })
  expect(await space()).toMatchObject({ state: 'disconnected' })
  expect(await ledger()).toBe(0)
  expect(world.salto.writes()).toBe(writes)
  expect(JSON.stringify(world.salto.groups(world.siteId))).toBe(before)
})

test('R8 a group we made for a plan stays while somebody else is inside, or under another name', async () => {
  await start()
  world.salto.addToGroup(world.siteId, group('Flex 8')!.id, ilseUser()!.saltoUserId)
  await leave('remove')
  await world.advance(10 * minute)
  expect(await came()).toMatchObject({ 'Fay Flex': 'removed', 'Flex 8': 'left foreign' })
  expect(group('Flex 8')?.users).toEqual([ilseUser()?.saltoUserId])
  expect(await space()).toMatchObject({ state: 'disconnected' })
})

test('F1 a person with an administrative role, and one without our mark, are not touched', async () => {
  await start()
  world.salto.setRoles(world.siteId, user('Mia Member')!.siteUserId, ['site_admin'])
  world.salto.setAlias(world.siteId, user('Fay Flex')!.siteUserId, 'Fay')
  await leave('remove')
  await world.advance(10 * minute)
  expect(await came()).toMatchObject({
    'Mia Member': 'left administrative',
    'Fay Flex': 'left renamed',
  })
  expect(user('Mia Member')).toBeDefined()
})

test('F1 with SALTO KS away halfway it goes on by itself later, after a restart as well', async () => {
  await start()
  world.salto.addFault({ method: 'DELETE', path: '/users/[^/]+$', status: 500 })
  await leave('remove')
  await world.advance(20 * minute)
  expect(user('Mia Member')).toBeDefined()
  expect(await space()).toMatchObject({ state: 'installed' })
  expect(world.cobot.subscriptions(hub)).not.toEqual([])
  // The process ends here; another one takes over what is stored.
  await world.worker.stop()
  world.salto.clearFaults()
  const other = createWorker(world.deps, handlers)
  for (let step = 0; step < 20; step++) {
    await other.drain()
    await world.clock.advance(minute)
  }
  expect(await came()).toMatchObject({ 'Mia Member': 'removed', 'Fay Flex': 'removed' })
  expect([user('Mia Member'), user('Fay Flex')]).toEqual([undefined, undefined])
  expect(await space()).toMatchObject({ state: 'disconnected' })
})

test('F1 a permission of SALTO’s that is dead ends it with a list of what stays', async () => {
  await start()
  world.salto.revokeAllTokens()
  await leave('remove')
  await world.advance(10 * minute)
  expect(await came()).toMatchObject({
    'Mia Member': 'left refused',
    'Ilse Bakker': 'left refused',
    'Flex 8': 'left refused',
  })
  expect(await receipt()).toMatchObject({ endedAt: expect.any(Date) })
  expect(await space()).toMatchObject({ state: 'disconnected' })
  expect(await ledger()).toBe(0)
})

/** The site after this one. */
const moveOn = async () => {
  const at = { name: 'New Loft', timeZone: 'Europe/Berlin' }
  const siteId = asId<SiteId>(world.salto.addSite({ ...at, seats: 9, ownerId: world.ksOwner }))
  const { info } = (await one(world.db.read, 'sites', { spaceId: world.spaceId }))!
  const next = { ...info, ...at, siteId }
  await world.act((tx) => activateSite(tx, world.spaceId, next, world.clock.now(), 'Mara'))
  return siteId
}

test('R17 a left site that does not let us in keeps what is there, says so, and goes on later', async () => {
  await start()
  const owner = world.salto.users(world.siteId).find(({ roles }) => roles.includes('site_admin'))!
  world.salto.suspendUser(world.siteId, owner.siteUserId)
  const siteId = await moveOn()
  await world.advance(10 * minute)
  expect(await world.problems()).toContain(`P01 site:${world.siteId}`)
  expect(user('Mia Member')).toBeDefined()
  world.salto.suspendUser(world.siteId, owner.siteUserId, false)
  await world.advance(30 * minute, 5 * minute)
  expect([user('Mia Member'), user('Fay Flex')]).toEqual([undefined, undefined])
  expect(await world.problems()).not.toContain(`P01 site:${world.siteId}`)
  expect(await receipt()).toMatchObject({ whole: false, endedAt: expect.any(Date), notes: [] })
  expect(await rows('sites')).toMatchObject([{ siteId, state: 'active' }])
  expect(await space()).toMatchObject({ state: 'installed' })
})

test('R17 choosing a site while the space is being disconnected calls that off', async () => {
  await start()
  world.salto.addFault({ method: 'DELETE', path: '/users/[^/]+$', status: 500 })
  await leave('remove')
  await world.advance(5 * minute)
  const siteId = await moveOn()
  world.salto.clearFaults()
  await world.advance(30 * minute, 5 * minute)
  expect(user('Mia Member')).toBeUndefined()
  expect(await space()).toMatchObject({ state: 'installed' })
  expect(await rows('connections')).toHaveLength(2)
  expect(await rows('sites')).toMatchObject([{ siteId, state: 'active' }])
  expect(world.cobot.subscriptions(hub)).not.toEqual([])
})

test('F1 pressed twice it is done once, and Cobot refusing us ends it all the same', async () => {
  await start()
  world.cobot.revokeTokens({ spaceToken: hub })
  await leave('remove')
  await leave('remove')
  await world.settle()
  expect(await rows('receipts')).toMatchObject([{ notes: ['cobotRefused', 'revoked'] }])
  expect(await came()).toMatchObject({ 'Mia Member': 'removed' })
  expect(await space()).toMatchObject({ state: 'disconnected' })
})

test('C5 a visitor who is there goes with the rest, by name', async () => {
  world = await begin()
  const on = { lastDayIncluded: false, visitors: true }
  await world.act((tx) => change(tx, 'spaces', { spaceId: world.spaceId }, { settings: on }))
  world.cobot.addExternalBooking(hub, {
    resourceId: world.quayRoom,
    name: 'Vera Visitor',
    email: 'vera@visit.example',
    from: '2026-11-24T15:00:00Z',
    to: '2026-11-24T17:00:00Z',
    status: 'approved',
  })
  await world.settle()
  expect(user('Vera Visitor')).toBeDefined()
  await leave('remove')
  await world.settle()
  expect(await came()).toEqual({ 'Vera Visitor': 'removed', 'Cobot N': 'removed' })
  expect([user('Vera Visitor'), world.bookingGroups()]).toEqual([undefined, []])
  expect(await ledger()).toBe(0)
})

test('F2 uninstalled takes two refusals; then work stops, and SALTO KS stays as it is', async () => {
  await start()
  const writes = world.salto.writes()
  const uninstall = () =>
    world.act((tx) =>
      ask(
        tx,
        [
          {
            spaceId: world.spaceId,
            task: 'checkInstalled',
            subject: 'space',
            priority: 2,
            runAt: world.clock.now(),
            cause: 'webhook uninstall',
          },
        ],
        world.clock.now(),
      ),
    )
  await uninstall()
  await world.settle()
  expect(await space()).toMatchObject({ state: 'installed' })
  world.cobot.revokeTokens({ spaceToken: hub })
  await uninstall()
  await world.worker.drain()
  expect(await rows('receipts')).toEqual([])
  await world.advance(5 * minute)
  expect(await receipt()).toMatchObject({
    mode: 'leave',
    notes: ['uninstalled', 'cobotRefused', 'revoked'],
  })
  expect(await space()).toMatchObject({ state: 'disconnected' })
  expect(await rows('connections')).toEqual([])
  expect(world.salto.writes()).toBe(writes)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await world.advance(29 * 24 * hour, 12 * hour)
  expect(await came()).toMatchObject({ 'Mia Member': 'left asked' })
  expect(await rows('memberships')).not.toEqual([])
  await world.advance(3 * 24 * hour, 12 * hour)
  expect(Object.keys(await came())).toEqual([''])
  expect([await rows('memberships'), await rows('snapshots')]).toEqual([[], []])
})

test('D9 new members are connected by themselves where an admin wants that, others are not', async () => {
  world = await begin()
  const before = world.addMember('Mia Member')
  await world.settle()
  const settings = { lastDayIncluded: false, connectNew: true }
  await world.act((tx) => clicks.saveSettings(tx, world.click(), settings))
  const waiting = world.addMember('Wanda Waits', { confirmedAt: null })
  world.addMember('Nina New')
  await world.settle()
  expect(isIn('Nina New', 'Full Time')).toBe(true)
  expect([user('Mia Member'), user('Wanda Waits')]).toEqual([undefined, undefined])
  world.cobot.confirmMembership(hub, waiting)
  world.cobot.updateMembership(hub, before, { name: 'Mia M' })
  await world.settle()
  expect(isIn('Wanda Waits', 'Full Time')).toBe(true)
  expect(await world.pairing(before)).toBeNull()
  for (let n = 0; n < 12; n++) world.addMember(`Many ${n}`)
  await world.settle()
  expect(await world.problems()).toContain('P08 gaining')
  expect(group('Full Time')?.users.length).toBeLessThan(13)
  await world.act((tx) => change(tx, 'guard', { spaceId: world.spaceId }, { state: 'allowed' }))
})

test('R19 when the last day begins to count, the places of that day come back', async () => {
  world = await begin()
  const { membershipId } = await connected('Dated')
  world.cobot.cancelMembership(hub, membershipId, '2026-11-26')
  await world.settle()
  await world.advanceTo('2026-11-26T09:00:00Z', 6 * hour)
  expect(isIn('Dated', 'Full Time')).toBe(false)
  const set = (lastDayIncluded: boolean) =>
    world.act((tx) => clicks.saveSettings(tx, world.click(), { lastDayIncluded }))
  await set(true)
  await world.settle()
  expect(isIn('Dated', 'Full Time')).toBe(true)
  await set(false)
  await world.settle()
  expect(isIn('Dated', 'Full Time')).toBe(false)
})
