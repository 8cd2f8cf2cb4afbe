// C5 The PIN of a visitor: made by a click, shown in its answer, and never again.
import { expect, test } from 'vitest'
import { change, list } from '../../src/db/store.ts'
import { from, stage, to } from './visiting.ts'

const hour = 3600_000
const after = (at: string, ms: number) => new Date(new Date(at).getTime() + ms).toISOString()

test('C5 a PIN is shown once, opens during the booking only, and the next one replaces it', async () => {
  const on = await stage()
  expect(await on.problems()).toContain('P22')
  expect(await on.page()).toMatch(/hx-post="[^"]+\/pin">\s*New PIN/)
  const { answer, text, pin } = await on.press()
  expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([200, 'no-store'])
  expect(pin).toMatch(/^\d{6}$/)
  expect(text).toMatch(/Type it at Quay Room, followed by #\. It opens .*2026, 13:00/s)
  expect(text).toContain('It is shown only now')
  const opens = (digits: string) =>
    [after(from, -60_000), from, to, after(to, 60_000)].map((at) => on.opens(digits, at))
  expect(opens(pin!)).toEqual([false, true, true, false])
  expect(on.opens(pin!, from, on.frontDoor)).toBe(false)
  // Who has one has something to open with, and is asked before the next.
  for (const look of [async () => {}, on.settle]) {
    await look()
    expect(await on.problems()).not.toContain('P22')
    const row = await on.page()
    expect(row).not.toContain(pin)
    expect(row).toMatch(/connected.*has a PIN.*data-confirm="The PIN that Vera Visitor has stops/s)
    expect(await on.page('/members?filter=nothing')).not.toContain('Vera')
  }
  // A row that is under way asks again by itself, but not over a PIN that is being read.
  await on.frame.post(`${on.row}/let-in`)
  expect(await on.page()).toContain('every 2s')
  const again = await on.press()
  expect(again.text).not.toContain('every 2s')
  const second = again.pin!
  expect([opens(pin!), opens(second)]).toEqual([
    [false, false, false, false],
    [false, true, true, false],
  ])
  const made = ['asked', 'done'].map((result) => `givePin ${result} admin ${on.mara}`)
  const allowed = ['asked', 'done'].map((result) => `allowPin ${result} admin ${on.mara}`)
  expect(await on.audit()).toEqual([...allowed, ...made, ...made])
  const activity = await on.page('/activity')
  expect(activity).toMatch(/Vera Visitor.*was given a PIN.*By Mara.*done/s)
})

test('C5 a PIN ends with the visit, a day from now at the earliest', async () => {
  const on = await stage()
  const expiry = async () => {
    await on.press()
    const asked = on.ks.journal.filter(({ method }) => method === 'PUT').at(-1)?.requestBody
    const { expiry_date } = JSON.parse(asked ?? '{}') as { expiry_date: string }
    return Date.parse(expiry_date) - on.clock.now().getTime()
  }
  expect(await expiry()).toBe(25 * hour)
  const until = new Date(on.clock.now().getTime() + 90 * hour)
  const { spaceId, db } = on
  await db.tx((tx) => change(tx, 'bookings', { spaceId }, { endsAt: until }))
  expect(await expiry()).toBe(90 * hour)
  const nextYear = new Date(on.clock.now().getTime() + 400 * 24 * hour)
  await db.tx((tx) => change(tx, 'bookings', { spaceId }, { endsAt: nextYear }))
  expect(await expiry()).toBe((365 * 24 - 1) * hour)
})

test('C5 no PIN is offered where site or locks cannot, or to whom is locked out; pressing all the same says so', async () => {
  const on = await stage()
  const { db, spaceId, siteId, pairingId, ks } = on
  const calls = () => ks.journal.filter(({ method }) => method !== 'GET').length
  const none = async (reason: string) => {
    expect(await on.page()).not.toContain('New PIN')
    const before = calls()
    const { answer, text, pin } = await on.press()
    expect([answer.status, pin, calls() - before]).toEqual([422, null, 0])
    expect(text).toContain(reason)
    expect(text).toContain('Assign tag')
  }
  ks.setSite(siteId, { pinEnabled: false })
  await on.settle()
  await none('PINs are off at the site')
  ks.setSite(siteId, { pinEnabled: true })
  await on.settle()
  expect(await on.page()).toContain('New PIN')
  await db.tx((tx) =>
    change(tx, 'resourceDoors', { spaceId }, { lockIds: [on.frontDoor as never] }),
  )
  await none('no door of the visit takes them')
  await db.tx((tx) => change(tx, 'resourceDoors', { spaceId }, { lockIds: [on.lock as never] }))
  await db.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, { lockedOut: true }))
  expect(await on.page()).not.toContain('New PIN')
  await db.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, { lockedOut: false }))
  await db.tx((tx) => change(tx, 'bookings', { spaceId }, { endsAt: on.clock.now() }))
  await none('The visit is over')
  await db.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, { siteUserId: null }))
  await db.tx((tx) => change(tx, 'bookings', { spaceId }, { endsAt: new Date(to) }))
  await none('is not in SALTO KS at the moment')
})

test('R2 a PIN is made for our own visitors alone: not for members, not for whom we did not make', async () => {
  const on = await stage()
  const { db, spaceId, pairingId, ks, siteId } = on
  const { siteUserId, alias } = on.user()!
  const refused = async () => {
    const { answer, text } = await on.press()
    expect([answer.status, text.includes('so we change nothing')]).toEqual([422, true])
  }
  ks.setRoles(siteId, siteUserId, ['site_admin'])
  await refused()
  ks.setRoles(siteId, siteUserId, ['site_user'])
  ks.setAlias(siteId, siteUserId, 'Vera of the house')
  await refused()
  ks.setAlias(siteId, siteUserId, alias!)
  await db.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, { origin: 'adopted' }))
  await refused()
  const member = on.cobot.addMembership('harbour', {
    name: 'Mia Member',
    email: 'mia@members.example',
    startsAt: '2026-01-01',
    planId: null,
  })
  await on.settle()
  expect((await on.frame.post(`/members/${member}/pin`)).status).toBe(404)
  expect(await on.audit()).toEqual([])
})

test('C5 whatever SALTO KS does, the row comes back with what to do, and the next press works', async () => {
  const on = await stage()
  const { ks, deps } = on
  const at = { method: 'PUT', path: '/pin$' } as const
  const says = async (words: string) => {
    const { answer, text, pin } = await on.press()
    expect([answer.status, pin]).toEqual([422, null])
    expect(text).toMatch(new RegExp(`role="alert">\\s*[^<]*${words}`))
    expect(text).toContain('New PIN')
    ks.clearFaults()
  }
  for (const fault of [{ loseAnswer: true }, { status: 503 }, { status: 429 }, { status: 500 }])
    for (const where of [at, {}]) {
      ks.addFault({ ...where, ...fault })
      await says('only the newest PIN works')
    }
  for (const status of [400, 403, 404, 409]) {
    ks.addFault({ ...at, status, body: { ErrorCode: '2203', Message: 'no' } })
    await says('Press again in two minutes')
  }
  ks.addFault({ ...at, status: 200, body: '"no digits"' })
  await says('only the newest PIN works')
  // Somebody slept between reading and writing.
  const { fetch } = deps.ports
  deps.ports.fetch = async (request) => {
    const answer = await fetch(request)
    if (/\/users\/[^/]+$/.test(request.url)) await on.clock.advance(deps.config.leaseMs)
    return answer
  }
  await says('only the newest PIN works')
  deps.ports.fetch = fetch
  ks.revokeAllTokens()
  await says('only the newest PIN works')
  await says('SALTO KS does not let us in')
  const admin = on.browser()
  await admin.install()
  await admin.connectSalto()
  ks.removeSiteUser(on.siteId, on.user()!.siteUserId)
  await says('is not in SALTO KS at the moment')
  expect((await on.audit()).filter((row) => row.startsWith('givePin done'))).toEqual([])
})

test('T14 an admin of another space makes nobody here a PIN', async () => {
  const on = await stage()
  const { cobot, app } = on
  const vera = cobot.addUser({ name: 'Vesna', email: 'vesna@pier.example' })
  const pier = { name: 'Pier', timeZone: 'Europe/Berlin', locale: 'en-GB', ownerId: vera }
  cobot.addSpace({ subdomain: 'pier', ...pier })
  const browser = on.browser(vera)
  await browser.install('pier')
  const page = await (await browser.embed(vera, 'pier')).text()
  const token = /name="session" content="([^"]+)"/.exec(page)?.[1]
  const calls = on.ks.journal.length
  for (const [who, status] of [
    [token, 404],
    ['guessed', 401],
  ] as const) {
    const headers = { 'HX-Request': 'true', Authorization: `Bearer ${who}` }
    expect((await app.request(`${on.row}/pin`, { method: 'POST', headers })).status).toBe(status)
  }
  expect(on.ks.journal.length).toBe(calls)
  expect(await list(on.db.read, 'pairings', {})).toHaveLength(1)
})
