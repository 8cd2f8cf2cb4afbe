import { beforeEach, expect, test } from 'vitest'
import { openHookKey } from '../../src/connections/hooks.ts'
import { change, list, one, put } from '../../src/db/store.ts'
import { createWorld, PUBLIC } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let hookKey: string
beforeEach(async () => {
  world = await createWorld()
  await world.browser().install()
  const space = await one(world.db.read, 'spaces', { spaceId: world.spaceId })
  hookKey = await openHookKey(world.deps, space!)
  world.calls.length = 0
})

const send = (event: string, body: unknown, key = hookKey) =>
  world.app.request(`/hooks/cobot/${key}/${event}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const about = (path: string) => ({ url: `https://harbour.cobot.example/api/${path}` })
const asked = async () => (await world.work()).filter(({ cause }) => cause.startsWith('webhook'))

test.each([
  ['created_membership', 'memberships/m1', 'readMembership', 'm1', 3],
  ['canceled_membership', 'memberships/m1', 'readMembership', 'm1', 1],
  ['deleted_membership', 'memberships/m1', 'readMembership', 'm1', 1],
  ['created_booking', 'bookings/b1', 'readBooking', 'b1', 2],
  ['deleted_booking', 'bookings/b1', 'readBooking', 'b1', 1],
  ['approved_external_booking', 'external_bookings/x1', 'sweepCobot', 'space', 2],
  ['deleted_resource', 'resources/r1', 'sweepCobot', 'space', 2],
])('%s marks its subject for a look', async (event, path, task, subject, priority) => {
  expect((await send(event, about(path))).status).toBe(204)
  expect(await asked()).toEqual([{ task, subject, priority, cause: `webhook ${event}` }])
})

test('a delivery makes no request, wherever its address leads', async () => {
  const forged = { url: 'https://evil.example/api/memberships/m1', membership: { id: 'm2' } }
  expect((await send('created_membership', forged)).status).toBe(204)
  expect(await asked()).toMatchObject([{ task: 'readMembership', subject: 'm1' }])
  expect(world.calls).toEqual([])
})

test.each(['', 'no json', { url: 7 }, []])(
  'an unreadable body %# asks for nothing',
  async (body) => {
    expect((await send('created_membership', body)).status).toBe(204)
    expect(await asked()).toEqual([])
  },
)

test('an unknown key or event is not there; too much is too much', async () => {
  expect((await send('created_membership', about('memberships/m1'), 'guess')).status).toBe(404)
  expect((await send('exploded_membership', about('memberships/m1'))).status).toBe(404)
  const large = { ...about('memberships/m1'), more: 'x'.repeat(70_000) }
  expect((await send('created_membership', large)).status).toBe(413)
  expect(await asked()).toEqual([])
})

test('a space that was disconnected answers 410 once there is a receipt', async () => {
  const { db, spaceId, clock } = world
  const [siteId, at] = [world.siteId, clock.now()]
  await db.tx((tx) => change(tx, 'spaces', { spaceId }, { state: 'disconnected' }))
  expect((await send('created_membership', about('memberships/m1'))).status).toBe(204)
  const how = { siteName: 'Loft', mode: 'remove' as const, whole: true, notes: [] }
  await db.tx((tx) => put(tx, 'receipts', { spaceId, siteId, ...how, startedAt: at, endedAt: at }))
  expect((await send('created_membership', about('memberships/m1'))).status).toBe(410)
  expect(await asked()).toEqual([])
})

test('a change of admins voids what was proven about them', async () => {
  expect((await send('deleted_admin', about('admins/u1'))).status).toBe(204)
  expect(await asked()).toEqual([])
  expect(await list(world.db.read, 'sessions', {})).toMatchObject([{ adminReadAt: new Date(0) }])
})

test('uninstall is not believed: Cobot is asked whether we are still there', async () => {
  expect((await send('uninstall', 'anything')).status).toBe(204)
  expect(await asked()).toMatchObject([{ task: 'checkInstalled', cause: 'webhook uninstall' }])
  expect(world.calls).toEqual([])
})

test('install leads a browser to Cobot, and tells a server where an admin finishes', async () => {
  const path = '/hooks/cobot/install?subdomain=harbour'
  const browser = await world.app.request(path)
  expect(browser.headers.get('Location')).toContain('/spaces/harbour/oauth/authorize')
  const server = await world.app.request(path, { method: 'POST' })
  expect(server.status).toBe(202)
  expect(await server.json()).toEqual({ url: `${PUBLIC}/install?subdomain=harbour` })
  expect(await list(world.db.read, 'spaces', {})).toHaveLength(1)
})
