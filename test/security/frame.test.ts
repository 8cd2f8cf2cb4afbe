// What a page shows, to whom, and what may be done from outside: frames, forms of other sites, names
// that are more than names.
import { readFileSync } from 'node:fs'
import { inspectRoutes } from 'hono/dev'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { alias, ksName } from '../../src/core/names.ts'
import { personMarker } from '../../src/core/schedule.ts'
import { appendAudit } from '../../src/db/audit.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, list, put } from '../../src/db/store.ts'
import { PUBLIC } from '../http/world.ts'
import { hostileNames, nasty } from './names.ts'
import { createStage } from './stage.ts'

const long = process.env.LONG !== undefined

let stage: Awaited<ReturnType<typeof createStage>>
beforeAll(async () => {
  stage = await createStage()
})
// Cobot answers sixty questions a minute.
beforeEach(() => stage.clock.advance(61_000))

const bearer = async (userId = stage.mara) => ({
  'HX-Request': 'true',
  Authorization: `Bearer ${await stage.sessionOf(userId, 'frame')}`,
})
const ancestors = ({ headers }: Response) =>
  /frame-ancestors ([^;]*)/.exec(headers.get('Content-Security-Policy') ?? '')?.[1]

test('T9 only the space’s own pages in Cobot may hold ours, whatever is stored or asked for', async () => {
  const { app, db, spaceId } = stage
  const embed = (subdomain: string) =>
    app.request(`/embed?cobot_subdomain=${encodeURIComponent(subdomain)}`)
  expect(ancestors(await embed('harbour'))).toBe('https://cobot.example')
  for (const url of ['https://desk.example/x?y', 'https://desk.example:8443/x']) {
    await db.tx((tx) => change(tx, 'spaces', { spaceId }, { linkUserUrl: url }))
    const { origin } = new URL(url)
    expect(ancestors(await embed('harbour'))).toBe(`https://cobot.example ${origin}`)
  }
  const strange = [
    'javascript:alert(1)',
    'https://*.example/',
    "https://x.example;script-src 'unsafe-inline'",
    'https://x y.example/',
    '*',
    "'self'",
    'data:text/html,x',
    '',
  ]
  for (const linkUserUrl of strange) {
    await db.tx((tx) => change(tx, 'spaces', { spaceId }, { linkUserUrl }))
    const answer = await embed('harbour')
    const policy = answer.headers.get('Content-Security-Policy') ?? ''
    expect([linkUserUrl, policy]).toEqual([linkUserUrl, expect.not.stringMatching(/unsafe|[^:]\*/)])
    for (const each of ancestors(answer)?.split(' ') ?? [])
      expect([linkUserUrl, each]).toEqual([
        linkUserUrl,
        expect.stringMatching(/^https:\/\/[\w.-]+$/),
      ])
  }
  for (const subdomain of ['*', 'x; frame-ancestors *', 'a.b', 'harbour,evil', '', 'HARBOUR', 'é'])
    expect([subdomain, ancestors(await embed(subdomain))]).toEqual([subdomain, "'none'"])
  await db.tx((tx) => change(tx, 'spaces', { spaceId }, { linkUserUrl: null }))
})

test('T9 outside the way into the frame no page may be held by anybody', async () => {
  const { app } = stage
  const paths = new Set(inspectRoutes(app).map(({ path }) => path.replace(/:\w+|\*/g, 'x')))
  for (const path of paths)
    if (path !== '/embed')
      expect([path, ancestors(await app.request(path))]).toEqual([path, "'none'"])
})

test('T10 nothing that another site can make a browser send changes anything', async () => {
  const { app, mara, sessionOf } = stage
  const types = [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain;application/json',
    'TEXT/PLAIN',
    '',
  ]
  const { host } = new URL(PUBLIC)
  const origins = [
    'https://evil.example',
    'null',
    '',
    `http://${host}`,
    `${PUBLIC}:444`,
    `${PUBLIC}.evil.example`,
    `https://sub.${host}`,
    `https://${host}@evil.example`,
    'https://cobot.example',
    `${PUBLIC}/`,
  ]
  const writes = inspectRoutes(app).filter(
    ({ method, path }) => !['GET', 'ALL'].includes(method) && !path.startsWith('/hooks/'),
  )
  expect(writes.length).toBeGreaterThan(5)
  const before = await stage.stored()
  const [frame, setup] = [await sessionOf(mara, 'frame'), await sessionOf(mara, 'setup')]
  const cookie = `__Host-setup=${setup}; setup=${setup}; session=${frame}; __Host-frame=${frame}`
  let tried = 0
  // A cookie rides along to the set-up; in the frame there is none to ride.
  for (const { method, path } of writes)
    for (const type of path.startsWith('/setup') ? types : types.slice(0, 1))
      for (const origin of origins) {
        const url = `${path.replace(/:\w+/g, 'x')}?subdomain=harbour`
        const headers: Record<string, string> = { Cookie: cookie }
        const site = ['cross-site', 'same-site', ''][tried % 3]
        if (site) headers['Sec-Fetch-Site'] = site
        if (origin) headers.Origin = origin
        if (type) headers['Content-Type'] = type
        const body = new TextEncoder().encode('siteId=site-of-pier&leave=1&confirm=yes')
        const { status } = await app.request(url, { method, headers, body })
        expect([method, url, type, origin, status]).toEqual([
          method,
          url,
          type,
          origin,
          expect.toBeOneOf([401, 403]),
        ])
        tried++
      }
  expect(tried).toBeGreaterThanOrEqual(60)
  // A question before the request, as browsers ask it, is not answered with leave.
  for (const { path } of writes) {
    const ask = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' }
    const answer = await app.request(path.replace(/:\w+/g, 'x'), {
      method: 'OPTIONS',
      headers: ask,
    })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull()
  }
  expect(await stage.stored()).toBe(before)
})

test('T10 reading changes nothing: GET and HEAD of every route, as an admin', async () => {
  const { app, mara, sessionOf } = stage
  const before = await stage.stored()
  const headers = { ...(await bearer()), Cookie: `__Host-setup=${await sessionOf(mara, 'setup')}` }
  for (const { method, path } of inspectRoutes(app).filter((each) => each.method === 'GET'))
    for (const how of [method, 'HEAD'])
      await app.request(`${path.replace(/:\w+/g, 'x')}?subdomain=harbour`, { method: how, headers })
  expect(await stage.stored()).toBe(before)
})

/** The tags of a page with the names of their attributes, values left out. */
const skeleton = (page: string) =>
  (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""')).join('\n')

test('T13 names are text: no page gets another tag or attribute by them', async () => {
  const { app, db, spaceId } = stage
  const names = long ? hostileNames(400) : nasty.filter((_, n) => n % 2 === 0)
  const headers = await bearer()
  const [member] = await list(db.read, 'memberships', { spaceId })
  const [problem] = await list(db.read, 'problems', { spaceId })
  const rename = (name: string) =>
    db.tx(async (tx) => {
      await put(tx, 'memberships', {
        ...member!,
        name,
        email: name,
        plan: { ...member!.plan, name },
      })
      await put(tx, 'problems', { ...problem!, params: { name, group: name, change: 'out' } })
      await change(tx, 'tagHolders', { spaceId }, { number: name })
      for (const kind of ['lock', 'resource', 'plan', 'accessGroup'] as const)
        for (const { id, data, ...row } of await list(tx, 'snapshots', { spaceId, kind }))
          await put(tx, 'snapshots', { ...row, id, data: { ...data, name } as never })
      for (const row of await list(tx, 'sites', { spaceId }))
        await put(tx, 'sites', { ...row, info: { ...row.info, name } })
    })
  const paths = ['/members', '/overview', '/problems', '/resources']
  const pageAt = async (path: string) => (await app.request(path, { headers })).text()
  const shapes: Record<string, string> = {}
  await rename('Mia Member')
  for (const path of paths) shapes[path] = skeleton(await pageAt(path))
  for (const name of names) {
    await rename(name)
    // No faster than a session may ask.
    await stage.clock.advance(1000)
    for (const path of paths) {
      const page = await pageAt(path)
      expect([name, path, skeleton(page)]).toEqual([name, path, shapes[path]])
      const targets = [...page.matchAll(/ (?:href|src|action|hx-\w+)="([^"]*)"/g)].map(
        ([, to]) => to,
      )
      expect(targets.filter((to) => /^\s*(javascript|data|vbscript):/i.test(to ?? ''))).toEqual([])
    }
  }
  // What a person types comes back as text, too.
  for (const name of nasty.filter((each) => each.trim())) {
    const search = `?search=${encodeURIComponent(name.toWellFormed())}`
    for (const page of [await pageAt(`/members${search}`), await pageAt(`/${search}`)])
      expect(page).not.toMatch(/<script>alert|<img src=x|<h1>x|" hx-on/)
  }
})

/** The cells of a file, as a spreadsheet reads them. */
const readCsv = (text: string): string[][] => {
  const rows: string[][] = [[]]
  for (const [, quoted, plain = '', end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g,
  )) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === '\r\n') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}

test('T13 four hundred names are text in lists, in the file of what was done, and to SALTO KS', async () => {
  const { app, db, spaceId, siteId, clock } = stage
  const names = hostileNames(400)
  const headers = await bearer()
  const [member] = await list(db.read, 'memberships', { spaceId })
  const numbered = (n: number) => `p${String(n).padStart(3, '0')}`
  /** Everybody with a membership, a connection, and one change in SALTO KS. */
  const enroll = (nameOf: (n: number) => string) =>
    db.tx(async (tx) => {
      for (const n of names.keys()) {
        const [id, name] = [numbered(n), nameOf(n)]
        const who = { membershipId: asId<never>(id), pairingId: asId<never>(id) }
        await put(tx, 'memberships', { ...member!, ...who, name, email: name })
      }
    })
  await db.tx(async (tx) => {
    for (const n of names.keys()) {
      const [pairingId, person] = [asId<never>(numbered(n)), `membership:${numbered(n)}`]
      await addPairing(tx, { spaceId, siteId, pairingId, person })
      await appendAudit(tx, spaceId, {
        at: clock.now(),
        cause: 'sweep',
        task: 'reconcilePairing',
        subject: pairingId,
        action: 'createSiteUser',
        target: {},
        reason: null,
        result: 'asked',
      })
    }
  })
  const pages = () =>
    Promise.all(
      [0, 100, 200, 300].map(async (from) =>
        skeleton(await (await app.request(`/members?from=${from}`, { headers })).text()),
      ),
    )
  // Everybody's row is like the others; the one who is there already is not.
  await db.tx((tx) => put(tx, 'memberships', { ...member!, goneAt: clock.now() }))
  await enroll((n) => `Person ${n}`)
  const plain = await pages()
  await enroll((n) => names[n]!)
  const hostile = await pages()
  for (const [n, page] of hostile.entries()) expect([n, page === plain[n]]).toEqual([n, true])
  // A file that somebody opens in a spreadsheet.
  const file = await (await app.request('/activity/file', { headers })).text()
  const rows = readCsv(file.slice(1))
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([6]))
  const cells = new Set(rows.map(([, who]) => who))
  const stored = await list(db.read, 'memberships', { spaceId })
  for (const { membershipId, name } of stored.filter(({ membershipId: id }) => /^p\d/.test(id))) {
    const shown = [name ?? '', `'${name}`].filter((each) => cells.has(each))
    expect([membershipId, name, shown.length > 0]).toEqual([membershipId, name, true])
  }
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
  // What we send to SALTO KS has both names, and ends with the mark that is ours.
  for (const name of names)
    for (const email of [null, name]) {
      const marker = personMarker(name)
      const { firstName, lastName } = ksName({ name, email, marker })
      expect([name, firstName.trim() && lastName.trim()]).not.toEqual([name, ''])
      expect([name, alias({ name, email, marker }).endsWith(` ${marker}`)]).toEqual([name, true])
    }
})

test('T34 our script keeps nothing in the browser, and no address carries a secret', async () => {
  const script = readFileSync('static/app.js', 'utf8')
  expect(script).not.toMatch(
    /localStorage|sessionStorage|indexedDB|document\.cookie|eval|innerHTML/,
  )
  const { app, mara, sessionOf } = stage
  const token = await sessionOf(mara, 'frame')
  const headers = { Authorization: `Bearer ${token}` }
  for (const path of ['/members', '/overview', '/problems', '/resources'])
    expect(await (await app.request(path, { headers })).text()).not.toContain(token)
  // A token in an address, a form or a cookie is none.
  for (const name of ['token', 'access_token', 'session', 'bearer', 'authorization'])
    expect((await app.request(`/members?${name}=${token}`)).status).toBe(401)
})
