// Large, slow and many requests on a real socket, and the headers that go with every answer.
import { connect } from 'node:net'
import { inspectRoutes } from 'hono/dev'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { connectMembership, saveDoors } from '../../src/db/clicks.ts'
import { list } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { listen } from '../../src/server.ts'
import { plainCrypt } from '../support/plain-crypt.ts'
import { createWorld, origins } from '../support/world.ts'
import { createStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof createStage>>
let server: ReturnType<typeof listen> | undefined
let before: string
beforeEach(async () => {
  stage = await createStage()
  before = await stage.stored()
})
afterEach(() => void server?.close())

// The server puts its own classes in their place; other files of this process want the true ones.
const { Request, Response } = globalThis
afterAll(() => void Object.assign(globalThis, { Request, Response }))

const start = (limits?: Partial<Parameters<typeof listen>[3]>) =>
  new Promise<number>((resolve) => {
    const own = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 }
    const usual = { keepAliveTimeout: 300, maxHeaderSize: 4096, maxConnections: 100 }
    const ready = ({ port }: { port: number }) => resolve(port)
    const at = { port: 0, host: '127.0.0.1' }
    const given = limits && { ...own, ...usual, ...limits }
    server = listen((request) => stage.app.fetch(request), at, ready, given)
  })

/** Sends some bytes, then waits for the other side to end the connection. */
const send = (port: number, text: string) =>
  new Promise<string>((resolve) => {
    let said = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (data) => {
      said += data.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(said))
  })

const hook = () => `/hooks/cobot/${stage.hooks.harbour}/created_membership`
const head = (method: string, path: string, ...more: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: salto.example', ...more].join('\r\n')

test('T29 in production every connection has an end', async () => {
  await start()
  expect(server).toMatchObject({ keepAliveTimeout: 5000, maxConnections: 1000 })
  for (const [limit, atMost] of [
    ['headersTimeout', 10_000],
    ['requestTimeout', 30_000],
  ] as const)
    expect(Reflect.get(server!, limit)).toBeLessThanOrEqual(atMost)
})

test('T29 who sends headers or a body drop by drop is cut off, and others are served', async () => {
  const port = await start({})
  const slow = [
    send(port, head('GET', '/', 'X-Slow: ')),
    send(port, `${head('POST', hook(), 'Content-Length: 100')}\r\n\r\n{"url":`),
    send(port, `${head('POST', hook(), 'Transfer-Encoding: chunked')}\r\n\r\n5\r\n{"url`),
  ]
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  for (const said of await Promise.all(slow)) expect(said).toMatch(/^(HTTP\/1.1 408|$)/)
  expect(await stage.stored()).toBe(before)
})
test('T29 more connections than may be are not taken, and there is room again afterwards', async () => {
  const port = await start({ maxConnections: 3 })
  const idle = Array.from({ length: 6 }, () => send(port, head('GET', '/', 'X-Slow: ')))
  await Promise.all(idle)
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
})

test('T29 headers and bodies that are too large are refused, with and without a length', async () => {
  const port = await start({})
  const address = `http://127.0.0.1:${port}`
  const large = await fetch(address, { headers: { 'X-Large': 'x'.repeat(8000) } })
  expect(large.status).toBe(431)
  const stream = (size: number) =>
    new ReadableStream({
      start: (controller) => {
        for (let sent = 0; sent < size; sent += 65_536)
          controller.enqueue(new Uint8Array(65_536).fill(0x20))
        controller.close()
      },
    })
  const post = (path: string, body: string | ReadableStream) =>
    fetch(address + path, { method: 'POST', body, duplex: 'half' } as RequestInit)
  const [webhook, page] = [64 * 1024, 2 ** 20]
  expect((await post(hook(), ' '.repeat(webhook + 1))).status).toBe(413)
  expect((await post(hook(), stream(webhook + 1))).status).toBe(413)
  expect((await post(hook(), ' '.repeat(webhook))).status).toBe(204)
  for (const path of ['/resources', '/hooks/cobot/install', '/setup/site', '/nowhere'])
    expect([path, (await post(path, ' '.repeat(page + 1))).status]).toEqual([path, 413])
  expect(await stage.stored()).toBe(before)
})

test('T3 a flood of events makes one entry per subject, and not a single request', async () => {
  stage.calls.length = 0
  const events = ['created_membership', 'canceled_membership', 'confirmed_membership']
  const body = JSON.stringify({ url: 'https://harbour.cobot.example/api/memberships/m1' })
  for (let n = 0; n < 60; n++) {
    const path = `/hooks/cobot/${stage.hooks.harbour}/${events[n % 3]}`
    await stage.app.request(path, { method: 'POST', body })
  }
  expect(await list(stage.db.read, 'work', { spaceId: stage.spaceId })).toHaveLength(1)
  expect(stage.calls).toEqual([])
})

test.each([1, 3] as const)(
  'T30 a space with much to do of class %i leaves another its turn',
  async (priority) => {
    const { db, deps, clock, spaceId, pierId } = stage
    const now = clock.now()
    const due = { task: 'readMembership', runAt: now, cause: 'test' } as const
    const many = Array.from({ length: 300 }, (_, n) => ({
      ...due,
      spaceId,
      subject: `m${n}`,
      priority,
    }))
    await db.tx((tx) =>
      ask(tx, [...many, { ...due, spaceId: pierId, subject: 'm', priority: 4 }], now),
    )
    const taken: string[] = []
    const end = Promise.withResolvers<void>()
    const readMembership = (look: { spaceId: string }) => {
      taken.push(look.spaceId)
      return end.promise
    }
    const worker = createWorker(deps, { readMembership } as never)
    worker.start()
    await clock.advance(600)
    expect(taken).toContain(pierId)
    expect(taken.filter((each) => each === spaceId).length).toBeLessThanOrEqual(4)
    // What is running ends; nothing more is taken.
    const stopped = worker.stop()
    end.resolve()
    await stopped
  },
)

/** How long each of some changes of one space takes to reach KS, while another one is flooded or is not. */
const convergence = async (isFlooded: boolean): Promise<number[]> => {
  let lagMs = 0
  const world = await createWorld({
    // Nothing but the virtual clock says how long something takes.
    crypt: plainCrypt([{ kid: 'k1', key: new Uint8Array(32) }]),
    through: async (request, answer) => {
      const isOurs = request.url.startsWith(origins.addon)
      if (!isOurs && lagMs) await new Promise<void>((done) => void world.clock.after(lagMs, done))
      return answer(request)
    },
  })
  const { app, clock, cobot, salto, worker } = world
  // The one that is flooded has members; the other has one member, who books.
  for (let n = 0; n < 30; n++) world.addMember(`Person ${n}`)
  const flooded = cobot.memberships('harbour-hub').map(({ id }) => id)
  const other = await world.addSpace('other-hub')
  const planId = cobot.addPlan('other-hub', { name: 'Full Time' })
  const olga = { firstName: 'Olga', lastName: 'Orr', password: 'x', email: 'olga@keys.example' }
  const ownerId = salto.addUserProfile(olga)
  const siteId = salto.addSite({ name: 'Other', timeZone: 'UTC', seats: 5, ownerId })
  const lockId = salto.addLock(siteId, { name: 'Room' })
  const resourceId = cobot.addResource('other-hub', { name: 'Room' })
  await world.install('other-hub', other.spaceId, other.ownerId, siteId, olga.email)
  const zoe = cobot.addMembership('other-hub', {
    name: 'Zoe Zest',
    email: null,
    planId,
    startsAt: '2026-11-01',
  })
  await world.settle()
  const click = { spaceId: other.spaceId, by: 'Olga', now: clock.now() }
  const door = { resourceId, enabled: true, lockIds: [lockId], minutesBefore: 0, minutesAfter: 0 }
  await world.act((tx) => saveDoors(tx, click, asId(siteId), [door as never]))
  await world.act((tx) => connectMembership(tx, click, asId(zoe), asId('pairing-zoe')))
  await world.settle()

  let sent = 0
  /** A thousandth of a minute goes by. */
  const tick = async () => {
    await clock.advance(60)
    await cobot.deliverAll()
    if (!isFlooded) return
    const id = sent % 3 ? `made-up-${sent}` : flooded[sent % flooded.length]
    const body = JSON.stringify({ url: `https://harbour-hub.cobot.example/api/memberships/${id}` })
    const path = `/hooks/cobot/${world.hookKey}/canceled_membership`
    expect((await app.request(path, { method: 'POST', body })).status).toBe(204)
    sent++
  }
  lagMs = 150
  worker.start()
  const took: number[] = []
  const ticks = process.env.LONG === undefined ? 100 : 1000
  for (let n = 0; n < ticks; n++) await tick()
  for (let day = 25; took.length < 5; day++) {
    const [from, to] = [`2026-11-${day}T09:00:00Z`, `2026-11-${day}T10:00:00Z`]
    const before = salto.groups(siteId).length
    const begun = clock.now().getTime()
    cobot.addBooking('other-hub', { resourceId, membershipId: zoe, from, to })
    const isThere = () => {
      const made = salto.groups(siteId).at(-1)
      return salto.groups(siteId).length > before && made?.users.length && made.locks.length
    }
    while (!isThere()) {
      await tick()
      expect(clock.now().getTime() - begun).toBeLessThan(60_000)
    }
    took.push(clock.now().getTime() - begun)
    for (let n = 0; n < 10; n++) await tick()
  }
  const stopped = worker.stop()
  await clock.advance(60_000)
  await stopped
  await world.close()
  return took
}

test('T3 T30 a thousand events a minute for one space cost another less than a fifth of its time', async () => {
  const sum = (all: number[]) => all.reduce((total, each) => total + each)
  const [alone, besides] = [await convergence(false), await convergence(true)]
  expect([alone, besides, sum(besides) / sum(alone) < 1.2]).toEqual([alone, besides, true])
})

test('T30 twenty requests a second are never refused, a hundred are soon, and each session for itself', async () => {
  const { app, clock, sessionOf, mara } = stage
  const [quick, calm] = [await sessionOf(mara, 'frame'), await sessionOf(mara, 'frame')]
  const statusOf = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}`, 'HX-Request': 'true' }
    return (await app.request('/help', { headers })).status
  }
  const during = async (seconds: number, perSecond: number) => {
    const count: Record<number, number> = {}
    for (let n = 0; n < seconds * perSecond; n++) {
      const status = await statusOf(quick)
      count[status] = (count[status] ?? 0) + 1
      await clock.advance(1000 / perSecond)
    }
    return count
  }
  expect(await during(10, 20)).toEqual({ 200: 200 })
  expect(await during(4, 100)).toEqual({
    200: expect.toSatisfy((n) => n > 270 && n < 290),
    429: expect.any(Number),
  })
  // Whatever had come together by then.
  await statusOf(quick)
  const headers = { Authorization: `Bearer ${quick}` }
  const refused = await app.request('/help', { headers })
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '1'])
  expect(await statusOf(calm)).toBe(200)
  await clock.advance(1000)
  expect(await during(10, 20)).toEqual({ 200: 200 })
  // At top level as well.
  const headersThere = { Cookie: `__Host-setup=${await sessionOf(mara, 'setup')}` }
  const at = '/setup/progress?subdomain=harbour'
  for (let n = 0; n < 200; n++) await app.request(at, { headers: headersThere })
  const last = await app.request(at, { headers: headersThere })
  expect([last.status, await last.text()]).toEqual([429, expect.stringContaining('slow down')])
})

test('T34 every answer of every route, and every refusal, carries the same headers', async () => {
  const { app } = stage
  const paths = new Set(inspectRoutes(app).map(({ path }) => path.replace(/:\w+|\*/g, 'x')))
  const answers: [string, Response][] = []
  for (const path of [...paths, '/nowhere', '/static/app.css', '/static/app.js'])
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS'])
      answers.push([`${method} ${path}`, await app.request(path, { method })])
  answers.push(['large', await app.request(hook(), { method: 'POST', body: 'x'.repeat(70_000) })])
  expect(answers.length).toBeGreaterThan(100)
  for (const [what, { headers }] of answers) {
    expect([what, headers.get('X-Content-Type-Options')]).toEqual([what, 'nosniff'])
    expect([what, headers.get('Referrer-Policy')]).toEqual([what, 'no-referrer'])
    expect([what, headers.get('Strict-Transport-Security')]).toEqual([what, 'max-age=31536000'])
    const isFile = /GET .*\/(app\.|htmx)/.test(what)
    expect([what, headers.get('Cache-Control')]).toEqual([what, isFile ? 'no-cache' : 'no-store'])
    const policy = headers.get('Content-Security-Policy') ?? ''
    expect([what, policy]).toEqual([what, expect.stringMatching(/^default-src 'none'; /)])
    expect([what, policy]).toEqual([what, expect.not.stringMatching(/unsafe|\*(?!\.cobot)/)])
    expect([what, headers.get('Server') ?? headers.get('X-Powered-By')]).toEqual([what, null])
    expect([what, headers.get('Access-Control-Allow-Origin')]).toEqual([what, null])
  }
})
