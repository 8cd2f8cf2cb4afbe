// Invite to app: the one thing that makes SALTO write to a member (D4, R18).
import { expect, test } from 'vitest'
import { asId, type PairingId } from '../../src/core/ids.ts'
import { inviteToApp } from '../../src/db/clicks.ts'
import { getSnapshot } from '../../src/db/snapshots.ts'
import { change, list, one } from '../../src/db/store.ts'
import type { World } from '../support/world.ts'
import { hub, stage } from './stage.ts'

let world: World
const { user, ...on } = stage()
const invite = async (pairingId: PairingId) => {
  await world.act((tx) => inviteToApp(tx, world.click(), pairingId))
  await world.settle()
}
const mails = () => world.salto.outbox().map(({ to }) => to)
const asked = () =>
  list(world.db.read, 'audit', { action: 'updateSiteUser', reason: 'admin invited' })
const stateOf = async (pairingId: PairingId) =>
  (await one(world.db.read, 'pairings', { pairingId }))?.invite

test('D4 R18 an invited member gets one mail and the role for the app, whatever is looked at later', async () => {
  world = await on.start()
  const { pairingId, membershipId } = await on.connected('Mia Member')
  await on.giveTag(pairingId)
  expect(mails()).toEqual([])
  await invite(pairingId)
  expect(mails()).toEqual(['mia.member@members.example'])
  expect(user('Mia Member')).toMatchObject({ roles: ['site_user', 'site_mobile_user'] })
  expect(await stateOf(pairingId)).toBe('sent')
  await invite(pairingId)
  world.cobot.updateMembership(hub, membershipId, { email: 'other@members.example' })
  await world.advance(30 * 60_000, 15 * 60_000)
  expect(mails()).toHaveLength(1)
  const rows = await asked()
  expect(rows.map(({ result }) => result)).toEqual(['asked', 'done'])
  expect(JSON.stringify(rows)).not.toContain('members.example')
})

test('D4 an answer that was lost sends no second mail', async () => {
  world = await on.start()
  const { pairingId } = await on.connected('Mia Member')
  await on.giveTag(pairingId)
  world.salto.addFault({ method: 'PATCH', path: '/users/[^/]+$', loseAnswer: true, times: 1 })
  await invite(pairingId)
  world.salto.clearFaults()
  await world.advance(10 * 60_000)
  expect(mails()).toHaveLength(1)
  expect((await asked()).map(({ result }) => result)).toEqual(['asked', 'Unavailable'])
  expect(await stateOf(pairingId)).toBe('sent')
})

test('D4 a refused invitation is a problem with its reason until it goes through', async () => {
  world = await on.start()
  const { pairingId } = await on.connected('Mia Member')
  await on.giveTag(pairingId)
  const email = 'mia.member@members.example'
  world.salto.addUserProfile({ email, password: 'x', firstName: 'Somebody', lastName: 'Else' })
  await invite(pairingId)
  expect(mails()).toEqual([])
  expect(await world.problem('P15')).toMatchObject({ name: 'Mia Member', email, what: 'invite' })
  expect(await stateOf(pairingId)).toBe('asked')
})

test('D4 without an address nobody is invited, and somebody with an administrative role is not changed', async () => {
  world = await on.start()
  const { pairingId, membershipId } = await on.connected('Mia Member')
  await on.giveTag(pairingId)
  world.cobot.updateMembership(hub, membershipId, { email: null })
  await world.settle()
  await invite(pairingId)
  expect(await world.problem('P15')).toMatchObject({ what: 'inviteNobody' })
  world.cobot.updateMembership(hub, membershipId, { email: 'mia@members.example' })
  const mia = user('Mia Member')
  world.salto.setRoles(world.siteId, mia?.siteUserId ?? '', ['site_admin'])
  await world.settle()
  await on.lookAt(`reconcilePairing:${pairingId}`)
  expect(await world.problems()).toContain(`P21 pairing:${pairingId}`)
  expect(mails()).toEqual([])
})

test('R5 a tag that came back can be handed out again at once, and who gave it has nothing to open with', async () => {
  world = await on.start()
  const { pairingId } = await on.connected('Mia Member')
  await on.giveTag(pairingId)
  const tagId = world.tagIds[0] ?? ''
  const shown = () => getSnapshot(world.db.read, world.spaceId, 'tag', tagId)
  expect((await shown())?.holder?.name).toBe('Mia Member')
  await world.act((tx) =>
    change(tx, 'tagHolders', { tagId: asId<never>(tagId) }, { state: 'returning', doneAt: null }),
  )
  await on.lookAt(`reconcilePairing:${pairingId}`)
  expect((await shown())?.holder).toBeNull()
  expect(await world.problems()).toContain(`P22 pairing:${pairingId}`)
})
