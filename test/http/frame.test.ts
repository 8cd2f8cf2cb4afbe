import { beforeEach, expect, test } from 'vitest'
import { list, one } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})

const ancestorsOf = (answer: Response) =>
  /frame-ancestors ([^;]+)/.exec(answer.headers.get('Content-Security-Policy') ?? '')?.[1]

test('a space that has not installed us gets a way to do so, out of the frame', async () => {
  const answer = await world.browser().embed()
  const page = await answer.text()
  expect(page).toContain('Not installed yet')
  expect(page).toContain('href="/?cobot_subdomain=harbour" target="_blank"')
  expect(ancestorsOf(answer)).toBe('https://cobot.example')
})

test('an admin sees the overview in the answer that proves who they are', async () => {
  const { page, get } = await world.openFrame()
  expect(page).toContain('tabindex="-1">Overview</h1>')
  for (const link of ['Map resources', 'Connect members', 'Problems']) expect(page).toContain(link)
  expect((await get('/members')).status).toBe(200)
})

test('pages may be framed by Cobot alone, run no scripts but ours, and are not kept', async () => {
  const admin = world.browser()
  await admin.install()
  await admin.connectSalto()
  await admin.configure()
  const framed = await admin.embed()
  const policy = framed.headers.get('Content-Security-Policy') ?? ''
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(ancestorsOf(framed)).toBe('https://cobot.example')
  expect(framed.headers.get('X-Frame-Options')).toBeNull()
  expect(framed.headers.get('Cache-Control')).toBe('no-store')
  expect(framed.headers.get('Referrer-Policy')).toBe('no-referrer')
  for (const path of ['/', '/setup?subdomain=harbour', '/nowhere'])
    expect(ancestorsOf(await admin.ask(path))).toBe("'none'")
  expect(await framed.text()).not.toMatch(/ (on\w+|style)=|<script>|javascript:/)
})

test('logged into Cobot as somebody else: words, and no names', async () => {
  await world.openFrame()
  const { cobot, mara } = world
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@harbour.example' })
  cobot.addAdmin('harbour', vera)
  const answer = await world.browser(vera).embed(mara)
  expect(answer.status).toBe(403)
  const page = await answer.text()
  expect(page).toContain('Signed in as somebody else')
  expect(page).not.toMatch(/Mara|Vera|Harbour/)
  expect(page).toContain('target="_top"')
})

test('not an admin: words, and no names', async () => {
  await world.openFrame()
  const otto = world.cobot.addUser({ name: 'Otto', email: 'otto@harbour.example' })
  const answer = await world.browser(otto).embed()
  expect(answer.status).toBe(403)
  const page = await answer.text()
  expect(page).toContain('Only for admins')
  expect(page).not.toMatch(/Mara|Otto|Harbour|name="session"/)
})

test('a frame loaded again from inside offers to sign in again', async () => {
  await world.openFrame()
  const answer = await world.app.request('/embed?cobot_subdomain=harbour')
  expect(answer.status).toBe(401)
  expect(ancestorsOf(answer)).toBe('https://cobot.example')
  expect(await answer.text()).toMatch(
    /href="https:\/\/cobot.example[^"]+navigation_links[^"]+" target="_top"/,
  )
})

test('without a bearer, with a wrong one, with a late one: nothing is shown', async () => {
  const { get } = await world.openFrame()
  expect((await world.app.request('/members')).status).toBe(401)
  const headers = { Authorization: 'Bearer guess' }
  expect((await world.app.request('/members', { headers })).status).toBe(401)
  await world.clock.advance(11 * 60_000)
  expect((await get('/members')).status).toBe(401)
})

test('a page that stays open renews its session, for twelve hours at most', async () => {
  const { get, post } = await world.openFrame()
  for (let minutes = 8; minutes < 12 * 60; minutes += 8) {
    await world.clock.advance(8 * 60_000)
    expect((await post('/session')).status).toBe(204)
  }
  expect((await get('/overview')).status).toBe(200)
  await world.clock.advance(8 * 60_000)
  expect((await post('/session')).status).toBe(401)
})

test('an admin who is none any more is out: at once for writing, within a minute for reading', async () => {
  const { cobot, mara, clock } = world
  const { get, post } = await world.openFrame()
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@harbour.example' })
  cobot.addAdmin('harbour', vera)
  const space = cobot.space('harbour')!
  space.ownerId = vera
  cobot.removeAdmin('harbour', mara)
  expect((await get('/overview')).status).toBe(200)
  await clock.advance(61_000)
  expect((await get('/overview')).status).toBe(401)
  expect(await list(world.db.read, 'sessions', { use: 'frame' })).toEqual([])
  expect((await post('/overview/checks')).status).toBe(401)
})

test('ended sessions are cleared away by later ones, and their tokens revoked', async () => {
  const { cobot, mara, db, clock } = world
  await world.openFrame()
  const admin = world.browser()
  for (let times = 0; times < 5; times++) await admin.embed()
  await clock.advance(3 * 3600_000)
  for (let times = 0; times < 3; times++) await admin.embed()
  expect(await list(db.read, 'sessions', {})).toHaveLength(3)
  const own = cobot.tokens().filter(({ userId, spaceId }) => userId === mara && !spaceId)
  expect(own).toHaveLength(3)
})

test('without Cobot pages can be read for ten minutes, and nothing is written', async () => {
  const { get, post } = await world.openFrame()
  world.cobot.addFault({ path: '/api/user', status: 500 })
  await world.clock.advance(5 * 60_000)
  expect((await get('/overview')).status).toBe(200)
  const answer = await post('/resources')
  expect(answer.status).toBe(503)
  expect(answer.headers.get('HX-Retarget')).toBe('#notice')
  expect(await answer.text()).toContain('No answer from Cobot')
  expect(await one(world.db.read, 'sessions', { use: 'frame' })).not.toBeNull()
})

test('T8 somebody of whom Cobot is asked too often reads for three minutes at most, then is told to wait', async () => {
  const { get } = await world.openFrame()
  world.cobot.addFault({ path: '/api/user', status: 429, headers: { 'Retry-After': '1' } })
  await world.clock.advance(3 * 60_000)
  expect((await get('/overview')).status).toBe(200)
  await world.clock.advance(1000)
  const answer = await get('/overview')
  expect(answer.status).toBe(503)
  expect(await answer.text()).toContain('Too many questions at once')
  expect(await one(world.db.read, 'sessions', { use: 'frame' })).not.toBeNull()
})

test('cobot_locale decides the language, also of what follows', async () => {
  const { page, get } = await world.openFrame('de')
  expect(page).toContain('<html lang="de">')
  expect(page).toContain('Mitglieder verbinden')
  expect(await (await get('/problems')).text()).toContain('Nichts zu tun.')
})

test('at top level the browser decides the language', async () => {
  const headers = { 'Accept-Language': 'fr,de-AT;q=0.8,en;q=0.5' }
  expect(await (await world.app.request('/', { headers })).text()).toContain('Loslegen')
})

test('Check now asks for both comparisons', async () => {
  const { post } = await world.openFrame()
  const before = world.woken()
  expect(await (await post('/overview/checks')).text()).toContain('Everything is being compared')
  expect(world.woken()).toBe(before + 1)
  expect((await world.work()).map(({ task }) => task).sort()).toEqual(['sweepCobot', 'sweepKs'])
})

test('static files come with a tag, and are not sent twice', async () => {
  const first = await world.app.request('/static/htmx.js')
  expect(first.headers.get('Content-Type')).toContain('javascript')
  const headers = { 'If-None-Match': first.headers.get('ETag') ?? '' }
  expect((await world.app.request('/static/htmx.js', { headers })).status).toBe(304)
  expect((await world.app.request('/static/nothing.js')).status).toBe(404)
  expect((await world.app.request('/healthz')).status).toBe(200)
  expect((await world.app.request('/readyz')).status).toBe(200)
})
