// Members become people in KS and end there on their dates. Rules R1–R5, R8, R10–R13, R15, R17–R20.
import { expect, test } from 'vitest'
import { asId, type MembershipId } from '../../src/core/ids.ts'
import { markerIn } from '../../src/core/schedule.ts'
import * as clicks from '../../src/db/clicks.ts'
import { activateSite } from '../../src/db/sites.ts'
import { saveMemberships } from '../../src/db/snapshots.ts'
import { removePairing } from '../../src/db/spaces.ts'
import { change, list, one, take } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { bend } from '../guard/stage.ts'
import type { World } from '../support/world.ts'
import { hub, minute, stage } from './stage.ts'

let world: World
const { user, isIn, group, ...on } = stage()
const start = async (options: Parameters<typeof on.start>[0] = {}) => {
  world = await on.start(options)
}
const inside = (name: string) => group(name)?.users ?? []
const connected = async (name = 'Mia Member', over = {}) =>
  (await on.connected(name, over)).membershipId
const pairingIdOf = async (membershipId: MembershipId) =>
  (await world.pairing(membershipId))!.pairingId
const giveTag = async (membershipId: MembershipId, index = 0) =>
  on.giveTag(await pairingIdOf(membershipId), index)

test('D2 D4 a connected member is in the group of the plan, by tag, and nobody was mailed', async () => {
  await start()
  const mia = await connected()
  await giveTag(mia)
  expect(user('Mia Member')).toMatchObject({
    email: null,
    tagNumber: '02300001',
    roles: ['site_user'],
  })
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect(world.salto.outbox()).toEqual([])
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber: '02300001' }).opened).toBe(true)
  expect(await world.problems()).toEqual([])
})

test('D5 R3 a plan change moves nobody today and everybody at the space’s midnight, new group first', async () => {
  await start()
  const mia = await connected()
  world.cobot.changePlan(hub, mia, world.flex, '2026-11-25')
  await world.settle()
  await world.advanceTo('2026-11-24T22:58:00Z', 12 * 3600_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  const from = world.salto.journal.length
  await world.advanceTo('2026-11-24T23:01:00Z', 60_000)
  expect([isIn('Mia Member', 'Flex 8'), isIn('Mia Member', 'Full Time')]).toEqual([true, false])
  const moves = world.salto.journal
    .slice(from)
    .filter(({ method, path }) => method !== 'GET' && /groups\/[^/]+\/users/.test(path))
  expect(moves.map(({ method }) => method)).toEqual(['POST', 'DELETE'])
  expect(world.salto.groupByName(world.siteId, 'Flex 8')).toMatchObject({
    locks: [],
    schedules: [{ start_time: '00:00:00' }],
  })
  expect(await world.problems()).toContain(`P18 plan:${world.flex}`)
})

test('D5 R8 a group that was just made and is not listed yet is not missing', async () => {
  await start()
  const sam = world.addMember('Sam Rivers', { planId: world.flex })
  await world.settle()
  await world.connect(sam)
  const group = world.salto.groupByName(world.siteId, 'Flex 8')
  const items: unknown[] = []
  const body = { items, count: 0, next_page_link: null }
  const lists = { method: 'GET', path: '/sites/[^/]+/access_groups$' }
  world.salto.addFault({ ...lists, status: 200, body, times: 2 })
  await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePlan:${world.flex}`))
  await world.worker.drain()
  expect(await world.problems()).not.toContain(`P04 plan:${world.flex}`)
  world.salto.clearFaults()
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(world.salto.groupByName(world.siteId, 'Flex 8')?.id).toBe(group?.id)
  expect(isIn('Sam Rivers', 'Flex 8')).toBe(true)
})

test('D7 R3 R4 R5 an end comes on its date with Cobot down or refusing us; undoing brings the same user back', async () => {
  await start()
  const mia = await connected()
  await giveTag(mia)
  const before = user('Mia Member')
  world.cobot.cancelMembership(hub, mia, '2026-11-26')
  await world.settle()
  world.cobot.addFault({ status: 401 })
  await world.advanceTo('2026-11-25T22:59:00Z', 12 * 3600_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await world.advanceTo('2026-11-25T23:01:00Z', 60_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect(user('Mia Member')?.subscriptionState).toBe('suspended')
  expect(await list(world.db.read, 'tagHolders', { spaceId: world.spaceId })).toMatchObject([
    { state: 'notReturned' },
  ])
  expect(await world.problems()).toContain('P02 space')
  world.cobot.clearFaults()
  await world.advance(30 * 60_000, 60_000)
  expect(await world.problems()).not.toContain('P02 space')
  const tom = await connected('Tom Turner')
  expect(await giveTag(tom)).toMatchObject({ pairingId: await pairingIdOf(mia) })
  world.cobot.uncancelMembership(hub, mia)
  await world.settle()
  expect(user('Mia Member')).toMatchObject({
    siteUserId: before?.siteUserId,
    subscriptionState: 'subscribed',
    tagNumber: '02300001',
  })
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
})

test('D7 R10 a deleted membership ends at once; a successor of the same login takes its place instead', async () => {
  await start()
  const mia = await connected()
  world.cobot.deleteMembership(hub, mia)
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  const login = world.cobot.addUser({ email: 'tom@members.example', name: 'Tom' })
  const tom = await connected('Tom Turner', { userId: login })
  const first = user('Tom Turner')?.siteUserId
  const next = world.addMember('Tom Turner', { userId: login })
  await world.settle()
  expect(await pairingIdOf(next)).toBe(await pairingIdOf(tom))
  world.cobot.deleteMembership(hub, tom)
  await world.settle()
  expect(user('Tom Turner')?.siteUserId).toBe(first)
  expect(isIn('Tom Turner', 'Full Time')).toBe(true)
})

test('D8 members without e-mail or login work, and several memberships add up', async () => {
  await start()
  const login = world.cobot.addUser({ email: 'sam@members.example', name: 'Sam' })
  await connected('Sam', { email: null, userId: login })
  const second = world.addMember('Sam', { planId: world.flex, email: null, userId: login })
  await world.settle()
  expect([isIn('Sam', 'Full Time'), isIn('Sam', 'Flex 8')]).toEqual([true, true])
  world.cobot.cancelMembership(hub, second, '2026-11-26')
  await world.advanceTo('2026-11-26T09:00:00Z', 12 * 3600_000)
  expect([isIn('Sam', 'Full Time'), isIn('Sam', 'Flex 8')]).toEqual([true, false])
})

test('D10 disconnecting takes out what we put in; D12 R18 lock-out is told once and not converged back', async () => {
  await start()
  const mia = await connected()
  const pairingId = await pairingIdOf(mia)
  await world.act((tx) => clicks.lockOut(tx, world.click(), pairingId, true))
  await world.settle()
  expect(user('Mia Member')?.blocked).toBe(true)
  world.salto.blockUser(world.siteId, user('Mia Member')?.siteUserId ?? '', false)
  await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePairing:${pairingId}`))
  await world.settle()
  expect(user('Mia Member')?.blocked).toBe(false)
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.settle()
  expect(user('Mia Member')).toBeUndefined()
  expect(await world.pairing(mia)).toBeNull()
})

/** Nobody is forgotten because of an answer gone wrong; with the next good one they are taken out. */
const disconnectUnder = async (spoil: (siteUserId: string) => () => void) => {
  const mia = await connected()
  const pairingId = await pairingIdOf(mia)
  const mend = spoil(user('Mia Member')?.siteUserId ?? '?')
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.clock.advance(1000)
  await world.worker.drain()
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect((await world.pairing(mia))?.state).toBe('leaving')
  mend()
  await world.settle()
  expect(user('Mia Member')).toBeUndefined()
  expect(await world.pairing(mia)).toBeNull()
}

test('D10 R2 a role that the site does not have leaves nobody alone', async () => {
  await start()
  const rename = (role: object) => ({ ...role, code: 'unheard_of' })
  await disconnectUnder(() =>
    bend(world, /\/users\/[^/]+$/, (body: { roles: object[] }) => ({
      ...body,
      roles: body.roles.map(rename),
    })),
  )
})

test('D10 a user that cannot be found but is in the list is not gone', async () => {
  await start()
  await disconnectUnder((siteUserId) => {
    world.salto.addFault({ method: 'GET', path: `/users/${siteUserId}$`, status: 404 })
    return () => world.salto.clearFaults()
  })
})

test('R5 R18 a lost tag is blocked at once and never unblocked; a tag taken back is free again', async () => {
  await start()
  const mia = await connected()
  await giveTag(mia)
  const lost = asId<never>(world.tagIds[0] ?? '')
  await world.act((tx) => clicks.setTag(tx, world.click(), lost, 'lost'))
  await world.settle()
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber: '02300001' }).opened).toBe(false)
  // SALTO KS still shows it as theirs.
  expect(user('Mia Member')?.tagNumber).toBe('02300001')
  expect(await world.problems()).toEqual([`P22 pairing:${await pairingIdOf(mia)}`])
  await giveTag(mia, 1)
  expect(await world.problems()).toEqual([])
  expect(user('Mia Member')?.tagNumber).toBe('02300002')
  const back = asId<never>(world.tagIds[1] ?? '')
  await world.act((tx) => clicks.setTag(tx, world.click(), back, 'returning'))
  await world.settle()
  expect(world.salto.tags(world.siteId).find(({ tagId }) => tagId === back)?.holder).toBeNull()
  expect(world.salto.door({ lockId: world.frontDoor, tagNumber: '02300001' }).opened).toBe(false)
})

test('R1 R11 somebody KS may know is offered, not linked; linking adopts the places in mapped groups', async () => {
  await start()
  const known = world.salto.addSiteUser(world.siteId, {
    firstName: 'Ilse',
    lastName: 'Bakker',
    email: 'ilse.bakker@members.example',
    roleCodes: ['site_user'],
  })
  world.salto.addToGroup(world.siteId, world.fullTimeGroup, known.saltoUserId)
  const own = world.salto.addAccessGroup(world.siteId, {
    name: 'Cleaners',
    lockIds: [],
    schedule: null,
    saltoUserIds: [known.saltoUserId],
  })
  await connected('Tom Turner')
  const ilse = await connected('Ilse Bakker')
  expect(await world.pairing(ilse)).toMatchObject({
    state: 'choosing',
    candidates: [{ groups: ['Full Time'], reason: 'email' }],
  })
  expect(await world.problems()).toContain(`P06 pairing:${await pairingIdOf(ilse)}`)
  const pairingId = await pairingIdOf(ilse)
  await world.act((tx) => clicks.linkCandidate(tx, world.click(), pairingId, known.siteUserId))
  await world.settle()
  world.cobot.deleteMembership(hub, ilse)
  await world.settle()
  expect(inside('Full Time')).not.toContain(known.saltoUserId)
  expect(world.salto.groups(world.siteId).find(({ id }) => id === own)?.users).toEqual([
    known.saltoUserId,
  ])
  const kept = world.salto
    .users(world.siteId)
    .find(({ siteUserId }) => siteUserId === known.siteUserId)
  expect(kept?.subscriptionState).toBe('subscribed')
})

test('R2 P21 somebody with an administrative role is never written to', async () => {
  await start()
  const mia = await connected()
  world.salto.setRoles(world.siteId, user('Mia Member')?.siteUserId ?? '', ['site_admin'])
  world.cobot.deleteMembership(hub, mia)
  const writes = world.salto.writes()
  await world.settle()
  expect(world.salto.writes()).toBe(writes)
  expect(await world.problems()).toContain(`P21 pairing:${await pairingIdOf(mia)}`)
})

test('R8 several groups of the name place nobody; a renamed plan keeps its group, a new one of the old name does not get it', async () => {
  await start()
  const mia = await connected()
  world.cobot.renamePlan(hub, world.fullTime, 'All Day')
  const again = world.cobot.addPlan(hub, { name: 'Full Time' })
  await world.advance(6 * 60_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  for (const name of ['Flex 8', ' flex  8'])
    world.salto.addAccessGroup(world.siteId, { name, lockIds: [], schedule: null })
  await connected('Tom Turner', { planId: world.flex })
  expect(user('Tom Turner')).toBeDefined()
  expect(
    world.salto
      .groups(world.siteId)
      .filter(({ users }) => users.includes(user('Tom Turner')?.saltoUserId ?? '')),
  ).toEqual([])
  expect(await world.problems()).toContain(`P04 plan:${world.flex}`)
  world.cobot.changePlan(hub, mia, again, '2026-11-24')
  await world.settle()
  const groups = await list(world.db.read, 'planGroups', { spaceId: world.spaceId })
  expect(groups.find(({ planId }) => planId === again)?.accessGroupId).not.toBe(world.fullTimeGroup)
})

test('R11 R18 after our row is lost, the user is found again by the marker and not made twice', async () => {
  await start()
  const mia = await connected()
  const before = user('Mia Member')
  const pairingId = await pairingIdOf(mia)
  await world.act((tx) =>
    change(
      tx,
      'pairings',
      { spaceId: world.spaceId, pairingId },
      { state: 'new', siteUserId: null, saltoUserId: null, madeAt: null },
    ),
  )
  await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePairing:${pairingId}`))
  await world.settle()
  expect(user('Mia Member')?.siteUserId).toBe(before?.siteUserId)
  expect(await world.pairing(mia)).toMatchObject({ siteUserId: before?.siteUserId, origin: 'made' })
})

test('R18 whoever an old backup lacks is taken in again, and ends with their membership', async () => {
  await start()
  const mia = await connected()
  const { siteUserId } = user('Mia Member')!
  const { spaceId, siteId } = world
  // The backup is older than the click, and so is its audit.
  await world.act(async (tx) => {
    await removePairing(tx, spaceId, await pairingIdOf(mia))
    await take(tx, 'audit', { spaceId })
    await take(tx, 'snapshots', { spaceId, kind: 'siteUser', id: siteUserId })
  })
  await world.advance(20 * minute, minute)
  expect(await world.pairing(mia)).toMatchObject({ siteId, siteUserId, state: 'paired' })
  expect((await world.problems()).filter((each) => /leftover/.test(each))).toEqual([])
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  world.cobot.cancelMembership(hub, mia, '2026-11-24')
  await world.advanceTo('2026-11-24T23:05:00Z', 3600_000)
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
})

test('R18 D10 whoever was let go is not connected by standing in KS again: shown, and removed when asked', async () => {
  await start()
  const mia = await connected()
  await connected('Tom Turner')
  const alias = user('Mia Member')?.alias ?? ''
  const pairingId = await pairingIdOf(mia)
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.settle()
  const { spaceId, siteId } = world
  const made = { alias, firstName: 'Mia', lastName: 'Member' }
  const { siteUserId, saltoUserId } = world.salto.addSiteUser(siteId, made)
  world.salto.addToGroup(siteId, world.fullTimeGroup, saltoUserId)
  // As the audit has it, that user is the one who was removed.
  const removal = { spaceId, action: 'deleteSiteUser' }
  await world.act((tx) => change(tx, 'audit', removal, { target: { siteUserId } }))
  await world.advance(40 * minute, 5 * minute)
  expect(await world.pairing(mia)).toBeNull()
  expect(await world.problems()).toContain('P10 leftover:users')
  expect(isIn('Mia Member', 'Full Time')).toBe(true)

  // By connecting, this very user is theirs again.
  await world.connect(mia)
  await world.advance(20 * minute, 5 * minute)
  expect(await world.pairing(mia)).toMatchObject({ siteUserId })
  expect(await world.problems()).not.toContain('P10 leftover:users')
  const leftover = { siteId, siteUserId: asId<never>(siteUserId), marker: markerIn(alias) ?? '' }
  const remove = (id: string) =>
    world.act((tx) => clicks.removeLeftoverUser(tx, world.click(), leftover, asId<never>(id)))
  await remove('p-late')
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(true)

  // No longer a member, and in no ledger: nobody can be connected to that user any more.
  await world.act(async (tx) => removePairing(tx, spaceId, await pairingIdOf(mia)))
  world.cobot.deleteMembership(hub, mia)
  await world.advance(40 * minute, 5 * minute)
  expect(await world.problems()).toContain(`P10 leftover:${siteUserId}`)
  await remove('p-gone')
  await world.advance(20 * minute, 5 * minute)
  expect(user('Mia Member')).toBeUndefined()
  expect(user('Tom Turner')).toBeDefined()
  expect(await world.problems()).not.toContain(`P10 leftover:${siteUserId}`)
})

test('R18 R17 users of ours at a site that is new here are shown, and nobody is connected by that', async () => {
  await start()
  await connected('Tom Turner')
  const mia = await connected()
  const alias = user('Mia Member')?.alias ?? ''
  const pairingId = await pairingIdOf(mia)
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.settle()
  // As if that had been years ago.
  await world.act((tx) => take(tx, 'audit', { spaceId: world.spaceId }))
  const at = { name: 'New Loft', timeZone: 'Europe/Berlin' }
  const siteId = world.salto.addSite({ ...at, seats: 9, ownerId: world.ksOwner })
  const { saltoUserId } = world.salto.addSiteUser(siteId, { alias, firstName: 'M', lastName: 'M' })
  const club = world.salto.addAccessGroup(siteId, { name: 'Club' })
  world.salto.addToGroup(siteId, club, saltoUserId)
  const { info } = (await one(world.db.read, 'sites', { spaceId: world.spaceId }))!
  const next = { ...info, ...at, siteId: asId<never>(siteId) }
  await world.act((tx) => activateSite(tx, world.spaceId, next, world.clock.now()))
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.advance(60 * minute, 5 * minute)
  expect(await world.pairing(mia)).toBeNull()
  expect(await world.problems()).toContain('P10 leftover:users')
})

test('R13 users of ours whom nobody is connected to cost a sweep no call of their own', async () => {
  await start()
  for (const n of Array(30).keys()) {
    const alias = `Somebody ${n} · C${100_000_000 + n}`
    world.salto.addSiteUser(world.siteId, { alias, firstName: 'S', lastName: `${n}` })
  }
  await world.advance(40 * minute, 5 * minute)
  expect((await world.problems()).filter((each) => /leftover/.test(each))).toHaveLength(30)
  const from = world.salto.journal.length
  await world.advance(20 * minute, 5 * minute)
  const calls = world.salto.journal.slice(from)
  expect(calls.filter(({ path }) => /\/users\?/.test(path)).length).toBeGreaterThan(0)
  expect(calls.filter(({ path }) => /users\/[^/?]+$/.test(path))).toEqual([])
})

test('I4 a second user from one create goes, unless they hold something; the one we know stays', async () => {
  await start()
  await connected('Mia Member')
  await connected('Tom Turner')
  const twinOf = (name: string, tagId?: string) => {
    const { alias } = user(name) ?? {}
    const [firstName = '', lastName = ''] = name.split(' ')
    const twin = { alias: alias ?? '', firstName, lastName, ...(tagId && { tagId }) }
    return world.salto.addSiteUser(world.siteId, twin)
  }
  const known = user('Mia Member')?.siteUserId
  twinOf('Mia Member')
  const holder = twinOf('Tom Turner', world.salto.tags(world.siteId)[0]?.tagId)
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.advance(5 * 60_000)
  const named = (name: string) =>
    world.salto.users(world.siteId).filter(({ alias }) => alias?.startsWith(name))
  expect(named('Mia Member').map(({ siteUserId }) => siteUserId)).toEqual([known])
  expect(named('Tom Turner')).toHaveLength(2)
  expect(named('Tom Turner').map(({ siteUserId }) => siteUserId)).toContain(holder.siteUserId)
})

test('I4 D10 a second user from one create goes with the first when they are disconnected before anybody saw it', async () => {
  await start()
  const mia = await connected()
  const { alias } = user('Mia Member') ?? {}
  const name = { alias: alias ?? '', firstName: 'Mia', lastName: 'Member' }
  world.salto.addSiteUser(world.siteId, name)
  const pairingId = await pairingIdOf(mia)
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.settle()
  expect(world.salto.users(world.siteId).filter((each) => each.alias === alias)).toEqual([])
})

test('R12 a full site makes a problem of the person; a seat that becomes free goes to who starts first', async () => {
  await start({ seats: 3 })
  await connected('Mia Member')
  const tom = await connected('Tom Turner')
  await connected('Late Comer', { startsAt: '2026-11-20' })
  await connected('Early Bird', { startsAt: '2026-11-10' })
  expect(user('Early Bird')?.subscriptionState).toBe('suspended')
  expect((await world.problems()).filter((each) => each.startsWith('P03'))).toHaveLength(2)
  world.cobot.deleteMembership(hub, tom)
  await world.settle()
  await world.advance(20 * 60_000, 60_000)
  expect(user('Early Bird')?.subscriptionState).toBe('subscribed')
  expect(user('Late Comer')?.subscriptionState).toBe('suspended')
})

test('A6 a seat that is taken or freed counts at once, before the site is compared again', async () => {
  await start()
  const seatsUsed = async () => (await list(world.db.read, 'sites', {}))[0]?.info.seatsUsed ?? 0
  const before = await seatsUsed()
  const mia = await connected()
  expect(await seatsUsed()).toBe(before + 1)
  world.cobot.deleteMembership(hub, mia)
  await world.settle()
  expect(await seatsUsed()).toBe(before)
})

test('A7 P01 an account that does not know the site is told of at once, not taken for a user just made', async () => {
  await start()
  await connected()
  const email = 'stranger@keys.example'
  world.salto.addUserProfile({
    email,
    password: 'open sesame',
    firstName: 'Sam',
    lastName: 'Stranger',
  })
  await world.reconnectSalto(world.spaceId, email)
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.advance(10_000)
  expect(await world.problems()).toContain('P01 space')
})

test('R12 P01 SALTO refusing our permission takes nobody’s access, and is said; a new permission wakes everything', async () => {
  await start()
  const mia = await connected()
  world.salto.revokeAllTokens()
  await world.advance(90 * 60_000, 5 * 60_000)
  expect(await world.problems()).toContain('P01 space')
  world.cobot.cancelMembership(hub, mia, '2026-11-25')
  await world.advanceTo('2026-11-25T09:00:00Z', 12 * 3600_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect((await world.problems()).some((each) => each.startsWith('P16'))).toBe(true)
  await world.reconnectSalto()
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect((await world.problems()).filter((each) => /P01|P16/.test(each))).toEqual([])
})

test('R13 more than ten memberships to read cost one list', async () => {
  await start()
  await world.advance(60_000)
  for (let n = 0; n < 20; n++) world.addMember(`Member ${n}`)
  const from = world.cobot.journal.length
  await world.cobot.deliverAll()
  await world.clock.advance(1000)
  await world.settle()
  const calls = world.cobot.journal.slice(from).map(({ path }) => path)
  expect(calls.filter((path) => /memberships\?/.test(path))).toHaveLength(1)
  expect(calls.filter((path) => /memberships\/\w+$/.test(path)).length).toBeLessThan(10)
  expect(await list(world.db.read, 'memberships', { spaceId: world.spaceId })).toHaveLength(20)
})

test('R15 an older read never overwrites a newer one', async () => {
  await start()
  const mia = await connected()
  const key = { spaceId: world.spaceId, membershipId: mia }
  const row = (await one(world.db.read, 'memberships', key))!
  const {
    spaceId: _,
    readAt: __,
    absentAt,
    goneAt,
    pairingId,
    endLearnedOn,
    planEndLearnedOn,
    ...read
  } = row
  expect([absentAt, goneAt, endLearnedOn, planEndLearnedOn, pairingId === null]).toEqual([
    null,
    null,
    null,
    null,
    false,
  ])
  const old = { ...read, canceledTo: '2026-11-01' }
  const readAt = new Date(row.readAt.getTime() - 1000)
  await world.act((tx) =>
    saveMemberships(tx, world.spaceId, [old], { readAt, timeZone: 'Europe/Berlin' }),
  )
  expect(
    (await one(world.db.read, 'memberships', { spaceId: world.spaceId, membershipId: mia }))
      ?.canceledTo,
  ).toBeNull()
})

test.each(['memberships', 'bookings'] as const)(
  'R15 a list of %s still on its way when one of them is proven gone does not bring it back',
  async (what) => {
    await start()
    const membershipId = await connected()
    const bookingId = world.book(membershipId, '2026-11-24T08:00:00Z', '2026-11-24T18:00:00Z')
    await world.settle()
    await world.advance(minute)
    const { deps, spaceId } = world
    const other = createWorker({ ...deps, ports: { ...deps.ports } }, handlers)
    const isList = (request: Request) => new URL(request.url).pathname.endsWith(`/${what}`)
    let hasGone = false
    // While the answer travels, another process hears of the end and proves it, by calls it has left.
    const fetch = async (request: Request): Promise<Response> => {
      const answer = await deps.ports.fetch(request)
      if (hasGone || !isList(request)) return answer
      hasGone = true
      await world.clock.advance(1000)
      if (what === 'bookings') world.cobot.deleteBooking(bookingId)
      else world.cobot.deleteMembership(hub, membershipId)
      await world.cobot.deliverAll()
      await world.clock.advance(1000)
      await world.act((tx) => take(tx, 'budgets', { key: `memberships:${world.ownerId}` }))
      await other.drain()
      return answer
    }
    const slow = createWorker({ ...deps, ports: { ...deps.ports, fetch } }, handlers)
    await world.act((tx) => clicks.lookAgain(tx, world.click(), `sweepCobot:${what}`))
    await slow.drain()
    const row =
      what === 'bookings'
        ? await one(world.db.read, what, { spaceId, bookingId: asId(bookingId) })
        : await one(world.db.read, what, { spaceId, membershipId })
    expect([hasGone, row?.goneAt]).toEqual([true, expect.any(Date)])
    expect(world.bookingGroups()).toEqual([])
    expect(isIn('Mia Member', 'Full Time')).toBe(what === 'bookings')
  },
)

test('R15 R20 a person taken out by hand stays out and is shown, until Cobot changes them or Restore is pressed', async () => {
  await start()
  const mia = await connected()
  const pairingId = await pairingIdOf(mia)
  await world.advance(5 * 60_000)
  const { saltoUserId = '' } = user('Mia Member') ?? {}
  world.salto.removeFromGroup(world.siteId, world.fullTimeGroup, saltoUserId)
  await world.advance(17 * 60_000, 30_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  const subject = `pairing:${pairingId}:place:${world.fullTimeGroup}`
  expect(await world.problems()).toContain(`P10 ${subject}`)
  await world.act((tx) => clicks.restore(tx, world.click(), subject))
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  expect(await world.problems()).not.toContain(`P10 ${subject}`)
})

test('R17 a new site: the old one is worked until nothing of ours is in it', async () => {
  await start()
  await world.mapRoom()
  const mia = await connected()
  world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
  await world.settle()
  const siteId = world.salto.addSite({
    name: 'New Loft',
    timeZone: 'Europe/Berlin',
    seats: 9,
    ownerId: world.ksOwner,
  })
  const info = (await one(world.db.read, 'sites', { spaceId: world.spaceId }))!.info
  await world.act((tx) =>
    activateSite(
      tx,
      world.spaceId,
      { ...info, siteId: asId(siteId), timeZone: 'Europe/Berlin' },
      world.clock.now(),
    ),
  )
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.advance(40 * 60_000, 5 * 60_000)
  expect(world.bookingGroups()).toEqual([])
  expect(user('Mia Member')).toBeUndefined()
  expect(inside('Full Time')).toEqual([])
  expect(
    (await list(world.db.read, 'sites', { spaceId: world.spaceId })).map((site) => site.siteId),
  ).toEqual([siteId])
})

test('R19 the last day counts only where the space says so, an end first seen on its day is tomorrow’s, unconfirmed is nothing', async () => {
  await start()
  const today = await connected('Today')
  const dated = await connected('Dated')
  const waiting = await connected('Waiting', { confirmedAt: null })
  expect(isIn('Waiting', 'Full Time')).toBe(false)
  world.cobot.confirmMembership(hub, waiting)
  await world.settle()
  expect(isIn('Waiting', 'Full Time')).toBe(true)
  world.cobot.cancelMembership(hub, today, '2026-11-24')
  world.cobot.cancelMembership(hub, dated, '2026-11-26')
  await world.settle()
  expect(isIn('Today', 'Full Time')).toBe(true)
  await world.act((tx) =>
    change(
      tx,
      'spaces',
      { spaceId: world.spaceId },
      { settings: { lastDayIncluded: true, visitors: false } },
    ),
  )
  await world.act((tx) =>
    clicks.lookAgain(tx, world.click(), `reconcilePairing:${`pairing-${dated}`}`),
  )
  await world.advanceTo('2026-11-24T23:01:00Z', 12 * 3600_000)
  expect(isIn('Today', 'Full Time')).toBe(false)
  await world.advanceTo('2026-11-26T22:50:00Z', 12 * 3600_000)
  expect(isIn('Dated', 'Full Time')).toBe(true)
  await world.advanceTo('2026-11-26T23:01:00Z', 60_000)
  expect(isIn('Dated', 'Full Time')).toBe(false)
})

test('a space that moves to another zone ends memberships at its new midnight, and is called by its new name', async () => {
  await start()
  const mia = await connected()
  world.cobot.cancelMembership(hub, mia, '2026-11-25')
  await world.settle()
  world.cobot.changeSpace(hub, { timeZone: 'America/New_York', name: 'Harbour West' })
  await world.advanceTo('2026-11-25T04:59:00Z', 3_600_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await world.advanceTo('2026-11-25T05:01:00Z', 60_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect(await list(world.db.read, 'spaces', {})).toMatchObject([{ name: 'Harbour West' }])
})

test('R6 a failing new place holds the old one back for five minutes, not longer', async () => {
  await start()
  const mia = await connected()
  world.cobot.changePlan(hub, mia, world.flex, '2026-11-24')
  world.salto.addFault({ method: 'POST', path: 'access_groups/[^/]+/users$', status: 500 })
  await world.settle()
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  await world.advance(7 * 60_000, 30_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  world.salto.clearFaults()
  await world.advance(10 * 60_000, 60_000)
  expect(isIn('Mia Member', 'Flex 8')).toBe(true)
})

test('two spaces in one add-on never touch each other', async () => {
  await start()
  await connected()
  const other = await world.addSpace('other-hub')
  const plan = world.cobot.addPlan('other-hub', { name: 'Full Time' })
  const ks = world.salto.addUserProfile({
    email: 'olga@keys.example',
    password: 'x',
    firstName: 'Olga',
    lastName: 'O',
  })
  const siteId = world.salto.addSite({ name: 'Other', timeZone: 'UTC', seats: 5, ownerId: ks })
  await world.install('other-hub', other.spaceId, other.ownerId, siteId, 'olga@keys.example')
  world.cobot.addMembership('other-hub', { name: 'Zoe', email: null, planId: plan })
  const before = JSON.stringify(world.salto.groups(world.siteId))
  await world.advance(30 * 60_000, 5 * 60_000)
  expect(JSON.stringify(world.salto.groups(world.siteId))).toBe(before)
  const names = await list(world.db.read, 'memberships', { spaceId: other.spaceId })
  expect(names.map(({ name }) => name)).toEqual(['Zoe'])
})

test('R14 the minutes after a booking hold the seat when the membership ended meanwhile', async () => {
  await start()
  await world.mapRoom({ minutesAfter: 15 })
  const mia = await connected()
  world.book(mia, '2026-11-24T22:00:00Z', '2026-11-25T00:00:00Z')
  world.cobot.cancelMembership(hub, mia, '2026-11-25')
  await world.settle()
  const { saltoUserId = '' } = user('Mia Member') ?? {}
  const opens = () => world.salto.door({ lockId: world.quayLock, saltoUserId }).opened
  await world.advanceTo('2026-11-25T00:14:00Z', 30 * 60_000)
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect([opens(), user('Mia Member')?.subscriptionState]).toEqual([true, 'subscribed'])
  await world.advanceTo('2026-11-25T00:16:00Z', 60_000)
  expect([opens(), user('Mia Member')?.subscriptionState]).toEqual([false, 'suspended'])
})

test('R17 D10 connecting again is not lost: at a new site, and while a disconnecting is under way', async () => {
  await start()
  const mia = await connected()
  const pairingId = await pairingIdOf(mia)
  const { siteUserId } = user('Mia Member') ?? {}
  await world.act((tx) => clicks.disconnectMember(tx, world.click(), pairingId))
  await world.connect(mia)
  expect(user('Mia Member')?.siteUserId).toBe(siteUserId)
  expect(isIn('Mia Member', 'Full Time')).toBe(true)
  const siteId = world.salto.addSite({
    name: 'New Loft',
    timeZone: 'Europe/Berlin',
    seats: 9,
    ownerId: world.ksOwner,
  })
  const { info } = (await one(world.db.read, 'sites', { spaceId: world.spaceId }))!
  const next = { ...info, siteId: asId<never>(siteId), timeZone: 'Europe/Berlin' }
  await world.act((tx) => activateSite(tx, world.spaceId, next, world.clock.now()))
  const again = asId<never>('pairing-at-the-new-site')
  expect(await world.act((tx) => clicks.connectMembership(tx, world.click(), mia, again))).toBe(
    again,
  )
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await world.advance(40 * 60_000, 5 * 60_000)
  expect(user('Mia Member')).toBeUndefined()
  expect(world.salto.users(siteId).filter(({ alias }) => alias?.startsWith('Mia'))).toHaveLength(1)
})
