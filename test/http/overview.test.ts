import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { saveSnapshot } from '../../src/db/snapshots.ts'
import { change } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

test('H3 when Cobot last told us of anything is said', async () => {
  const world = await createWorld()
  const { db, spaceId } = world
  const { get } = await world.openFrame()
  const page = async () => (await get('/overview')).text()
  expect(await page()).toContain('No event has come yet.')
  const lastEventAt = new Date('2026-03-02T08:31:00Z')
  await db.tx((tx) => change(tx, 'spaces', { spaceId }, { lastEventAt }))
  expect(await page()).toMatch(/webhooks\)\. Last event: [^<]*09:31/)
  await db.close()
})

test.each([
  ['2026-03-02T08:10:00Z', '2026-03-02T08:20:00Z', '09:10'],
  ['2026-03-02T08:40:00Z', '2026-03-02T08:30:00Z', '09:30'],
])('H3 the last full check is the older one: Cobot %s, SALTO %s', async (cobotAt, ksAt, shown) => {
  const world = await createWorld()
  const { db, spaceId, siteId } = world
  const { get } = await world.openFrame()
  const plan = { planId: asId<never>('p'), name: 'Full Time', hidden: false }
  await db.tx(async (tx) => {
    const read = { readAt: new Date(cobotAt), idOf: () => 'p' }
    await saveSnapshot(tx, spaceId, 'plan', [plan], read)
    await change(tx, 'sites', { spaceId, siteId }, { readAt: new Date(ksAt) })
  })
  expect(await (await get('/overview')).text()).toMatch(
    new RegExp(`Last full check: [^<]*${shown}`),
  )
  await db.close()
})
