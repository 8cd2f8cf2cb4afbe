// Somebody asks to be forgotten before their time.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { giveTag, lookAgain, saveSettings } from '../../src/db/clicks.ts'
import { erasePerson } from '../../src/db/erase.ts'
import { leaveSite } from '../../src/db/sites.ts'
import { list, one } from '../../src/db/store.ts'
import { keys } from '../../src/db/tables.ts'
import { verifyAudit } from '../support/audit.ts'
import { createWorld } from '../support/world.ts'

const hub = 'harbour-hub'
const dayMs = 24 * 3600_000

test('T32 who asks for it is erased at once; only what Cobot lists stays', async () => {
  const world = await createWorld()
  const { cobot, salto, siteId, spaceId, db } = world
  const zelda = world.addMember('Zelda Zwischenzeit')
  const yorick = world.addMember('Yorick Yesterday')
  const mia = world.addMember('Mia Member')
  await world.mapRoom()
  await world.settle()
  for (const id of [zelda, yorick, mia]) await world.connect(id)
  const book = (membershipId: string, title: string, from: string, to: string) => {
    const booking = { resourceId: world.quayRoom, membershipId, title }
    return cobot.addBooking(hub, { ...booking, from, to })
  }
  const meeting = book(zelda, 'Zelda meets', '2026-11-24T10:00:00Z', '2026-11-24T12:00:00Z')
  book(yorick, 'Yorick meets', '2026-11-24T06:00:00Z', '2026-11-24T07:00:00Z')
  await world.settle()
  const tagId = asId<never>(world.tagIds[0]!)
  const pairing = await world.pairing(zelda)
  const tag = { tagId, number: '02300001' }
  await world.act((tx) => giveTag(tx, world.click(), pairing!.pairingId, tag))
  await world.settle()
  await world.act((tx) => lookAgain(tx, world.click(), null))
  await world.settle()
  const namesIn = async (words: RegExp) => {
    const found: string[] = []
    for (const name of Object.keys(keys) as (keyof typeof keys)[])
      if (words.test(JSON.stringify(await list(db.read, name, {})))) found.push(name)
    return found
  }
  expect(await namesIn(/zelda/i)).toEqual(['snapshots', 'memberships', 'bookings'])
  cobot.deleteBooking(meeting)
  cobot.deleteMembership(hub, zelda)
  await world.settle()
  const settings = { lastDayIncluded: false, connectNew: true }
  await world.act((tx) => saveSettings(tx, world.click(), settings))
  salto.addFault({ method: 'DELETE', path: '/users/[^/]+$', status: 500 })
  for (const id of [zelda, yorick]) await world.act((tx) => erasePerson(tx, world.click(), id))
  await world.advance(5 * 60_000)
  // Nothing is forgotten before KS is clean.
  expect(await namesIn(/zelda/i)).toContain('memberships')
  expect(salto.users(siteId).map(({ firstName }) => firstName)).toContain('Zelda')
  salto.clearFaults()
  await world.advance(30 * 60_000, 5 * 60_000)
  expect(await namesIn(/zelda/i)).toEqual([])
  // What Cobot lists stays, and is connected by nobody; a booking comes back as long as it is listed.
  expect(await namesIn(/yorick/i)).toEqual(['memberships', 'bookings'])
  const plain = { name: 'Yorick Yesterday', pairingId: null, goneAt: null }
  expect(await one(db.read, 'memberships', { membershipId: yorick })).toMatchObject(plain)
  const inKs = salto.users(siteId).map(({ firstName }) => firstName)
  expect(inKs).toContain('Mia')
  expect(inKs).not.toContain('Zelda')
  expect(inKs).not.toContain('Yorick')
  expect(world.bookingGroups()).toEqual([])
  await world.advance(5 * dayMs, 6 * 3600_000)
  expect(await namesIn(/zelda/i)).toEqual([])
  expect(await namesIn(/yorick/i)).toEqual(['memberships'])
  expect(await list(db.read, 'bookings', { membershipId: [zelda, yorick] })).toEqual([])
  expect(await verifyAudit(db.read, spaceId)).toBeNull()
  await world.close()
})

test('T32 a space that leaves forgets whom it was asked to erase, in the receipt as well', async () => {
  const world = await createWorld()
  const { cobot, spaceId, db } = world
  const zelda = world.addMember('Zelda Zwischenzeit')
  const mia = world.addMember('Mia Member')
  await world.settle()
  for (const id of [zelda, mia]) await world.connect(id)
  cobot.deleteMembership(hub, zelda)
  await world.settle()
  world.salto.addFault({ method: 'DELETE', path: '/users/[^/]+$', status: 500 })
  await world.act((tx) => erasePerson(tx, world.click(), zelda))
  await world.settle()
  const site = await one(db.read, 'sites', { spaceId })
  const how = { mode: 'remove', whole: true } as const
  await world.act((tx) => leaveSite(tx, world.click(), site!, how))
  await world.advance(60_000)
  const names = async () =>
    (await list(db.read, 'receiptLines', { spaceId })).map(({ name }) => name).sort()
  expect(await names()).toContain('Zelda Zwischenzeit')
  world.salto.clearFaults()
  await world.advance(30 * 60_000, 5 * 60_000)
  expect(await one(db.read, 'spaces', { spaceId })).toMatchObject({ state: 'disconnected' })
  expect(await names()).toEqual(['', 'Mia Member'])
  for (const table of ['memberships', 'pairings', 'snapshots', 'receiptLines'] as const)
    expect(JSON.stringify(await list(db.read, table, {}))).not.toMatch(/zelda/i)
  await world.close()
})
