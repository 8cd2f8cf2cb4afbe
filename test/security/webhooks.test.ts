// Whoever knows the secret address may say anything: at most somebody looks. Nothing is fetched from
// an address in a body, and nothing that it says is believed.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { list, take } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld } from '../support/world.ts'
import { createStage } from './stage.ts'

const long = process.env.LONG !== undefined
const seed = 20_260_302

let stage: Awaited<ReturnType<typeof createStage>>
let before: string
beforeAll(async () => {
  stage = await createStage()
  before = await stage.stored()
})
beforeEach(() => {
  stage.calls.length = 0
})

const send = (body: BodyInit, event = 'canceled_membership', headers: HeadersInit = {}) =>
  stage.app.request(`/hooks/cobot/${stage.hooks.harbour}/${event}`, {
    method: 'POST',
    body,
    headers,
  })

/** Takes away what was asked for, having seen that it is no more than a look at somebody. */
const looks = async () => {
  const { db, spaceId } = stage
  const rows = await db.tx((tx) => take(tx, 'work', { spaceId }))
  for (const { task, subject, cause } of rows) {
    expect(task).toBeOneOf(['readMembership', 'readBooking', 'sweepCobot'])
    expect(subject).toMatch(/^[A-Za-z0-9_-]{1,100}$/)
    expect(cause).toMatch(/^webhook [a-z_]+$/)
  }
  expect(await stage.stored()).toBe(before)
  return rows
}

const url = 'https://harbour.cobot.example/api/memberships/m1'
const handMade: Record<string, BodyInit> = {
  empty: '',
  blank: ' \n\t ',
  'a number': '7',
  null: 'null',
  'a list': `[{"url":"${url}"}]`,
  'a list of many': `[${'{},'.repeat(9000)}{}]`,
  'very deep': '['.repeat(10_000) + ']'.repeat(10_000),
  'very deep objects': `${'{"url":'.repeat(7000)}1${'}'.repeat(7000)}`,
  'a key twice': `{"url":"${url}","url":"https://evil.example/api/memberships/m2"}`,
  __proto__: `{"__proto__":{"url":"${url}"}}`,
  constructor: `{"constructor":{"prototype":{"url":"${url}"}}}`,
  'a lone surrogate': '{"url":"https://x.example/api/memberships/\\ud800"}',
  'bytes that are no text': new Uint8Array([0xff, 0xfe, 0x00, 0xd8]),
  'a byte order mark': `\ufeff{"url":"${url}"}`,
  'a number past 2^53': '{"url":"https://x.example/api/memberships/9007199254740993"}',
  'a number for an address': '{"url":9007199254740993}',
  'an object for an address': '{"url":{"href":"x","toString":"y"}}',
  'an address that is a script': '{"url":"javascript:alert(1)//api/memberships/m1"}',
  'an address of a file': '{"url":"file:///etc/passwd"}',
  'a relative address': '{"url":"/api/memberships/m1"}',
  'SQL for an id': '{"url":"https://x.example/api/memberships/m1\' or 1=1 --"}',
  'a path for an id': '{"url":"https://x.example/api/memberships/../admins/m1"}',
  'a long id': `{"url":"https://x.example/api/memberships/${'m'.repeat(101)}"}`,
  'a zero byte': '{"url":"https://x.example/api/memberships/m1\\u0000"}',
  'cut off': '{"url":"https://x.exam',
  comments: `{/* x */"url":"${url}"}`,
  'a form': new URLSearchParams({ url }),
  'as much as may be': ' '.repeat(64 * 1024 - 1),
  'too much': ' '.repeat(64 * 1024 + 1),
  'far too much': ' '.repeat(2 ** 20 + 1),
}

/** Odd values, each in every place of a body where one might stand. */
const oddValues = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1e999',
  '1E-400',
  '9007199254740993',
  '0.1',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\u202e"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"m1/../m2"',
  '"m1%2f.."',
  '"m1?x=/api/bookings/b1"',
  '"m1#"',
  '[]',
  '[null]',
  '[[[[]]]]',
  '{}',
  '{"id":"m1"}',
  '{"toString":1}',
  '{"length":1e9}',
  '{"":""}',
  `"${url}"`,
  `["${url}"]`,
  `{"url":"${url}"}`,
  `"${url}/"`,
  `"${url}\\n"`,
  `" ${url}"`,
  `"${'m'.repeat(5000)}"`,
  `"${url}${'x'.repeat(5000)}"`,
  '"https://"',
  '"//"',
  '"\\\\"',
]
const places: ((value: string) => BodyInit)[] = [
  (value) => value,
  (value) => `{"url":${value}}`,
  (value) => `{"url":"${url}","url":${value}}`,
  (value) => `{"url":${value},"url":"${url}"}`,
  (value) => `{"url":"${url}","membership":${value}}`,
  (value) => `{"url":"${url}","membership":{"id":${value},"canceled_to":${value}}}`,
  (value) => `{"url":"${url}","__proto__":${value},"constructor":${value}}`,
  (value) => `[${value},{"url":"${url}"}]`,
  (value) => `\ufeff{"url":${value}}`,
  (value) => `{"url":${value}`,
  (value) => `{"url":${value}}}`,
  (value) => `{"URL":${value},"Url":"${url}"}`,
  (value) => new URLSearchParams({ url: value }),
]
for (const [n, value] of oddValues.entries())
  for (const [place, put] of places.entries()) handMade[`value ${n} at place ${place}`] = put(value)

test('T1 a body of any kind ends well, whatever it calls itself', async () => {
  const types = ['application/json', 'text/plain', 'application/xml', 'x', 'multipart/form-data']
  const all = Object.entries(handMade)
  expect(all.length).toBeGreaterThanOrEqual(500)
  for (const [n, [what, body]] of all.entries())
    for (const type of what.startsWith('value') ? [types[n % types.length] ?? ''] : types) {
      const { status } = await send(body, 'canceled_membership', { 'Content-Type': type })
      expect([what, status]).toEqual([what, what.includes('too much') ? 413 : 204])
    }
  await looks()
  expect(stage.calls).toEqual([])
})

test('T1 what comes along about somebody who is there is not believed, whatever the event', async () => {
  const { membershipId, bookingId, planId, resourceId, accessGroupId, tagId } = stage.harbourIds
  const over = { canceled_to: '2020/01/01', state: 'deleted', deleted: true, to: '2020/01/01' }
  const inline = {
    membership: { id: membershipId, plan: { id: planId, name: 'Servers' }, ...over },
    booking: { id: bookingId, resource: { id: resourceId }, membership: null, ...over },
    plan: { id: planId, ...over },
    resource: { id: resourceId, ...over },
    id: membershipId,
    user: { id: stage.mara },
    space: { id: stage.spaceId, ...over },
    accessGroupId,
    tagId,
  }
  for (const event of manifest.cobot.events)
    for (const path of [`memberships/${membershipId}`, `bookings/${bookingId}`, 'plans/x', 'x']) {
      const body = { url: `https://harbour.cobot.example/api/${path}`, ...inline, ...over }
      expect((await send(JSON.stringify(body), event)).status).toBe(204)
      await looks()
    }
})

test('T1 T2 mutated bodies ask for looks and change nothing else, and quickly', async () => {
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('m1', '..', '%2f', '\0'))
  const address = fc
    .tuple(
      fc.constantFrom('https:', 'http:', 'file:', 'x', ''),
      fc.webAuthority({ withPort: true, withUserInfo: true, withIPv6: true }),
      fc.constantFrom('memberships', 'bookings', 'external_bookings', 'resources', '__proto__'),
      word,
    )
    .map(([scheme, host, kind, id]) => `${scheme}//${host}/api/${kind}/${id}`)
  const object = fc.dictionary(
    fc.constantFrom('url', 'membership', 'booking', 'id', '__proto__', 'canceled_to', 'plan'),
    fc.oneof(address, fc.jsonValue(), word),
  )
  const cut = fc
    .tuple(object, fc.nat(400), fc.string({ maxLength: 3 }))
    .map(([value, at, more]) => JSON.stringify(value).slice(0, at) + more)
  const body = fc.oneof(
    object.map((value) => JSON.stringify(value)),
    cut,
    fc.json(),
    word,
  )
  const numRuns = long ? 10_000 : 1000
  const event = fc.constantFrom(...manifest.cobot.events)
  let slowest = 0
  const from = performance.now()
  await fc.assert(
    fc.asyncProperty(body, event, async (text, name) => {
      const start = performance.now()
      const { status } = await send(text, name)
      slowest = Math.max(slowest, performance.now() - start)
      expect(status).toBeOneOf([204, 413])
    }),
    { seed, numRuns },
  )
  await looks()
  expect(stage.calls).toEqual([])
  expect((performance.now() - from) / numRuns).toBeLessThan(250)
  if (long) expect(slowest).toBeLessThan(250)
})

let listener: ReturnType<typeof createServer>
let heard = 0
beforeAll(async () => {
  listener = createServer((_, response) => response.end('{}')).on('connection', () => heard++)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
})
afterAll(() => void listener.close())

test('T4 T5 three hundred addresses lead to no connection but the two upstream hosts', async () => {
  const { deps, app } = stage
  const { port } = listener.address() as AddressInfo
  const { fetch } = deps.ports
  const asked = new Set<string>()
  // Whatever is not one of the two is really connected to: the listener would hear it.
  deps.ports.fetch = (request) => {
    const { origin } = new URL(request.url)
    asked.add(origin)
    return /cobot|ks/.test(origin) ? fetch(request) : globalThis.fetch(request)
  }
  await globalThis.fetch(`http://127.0.0.1:${port}/`)
  expect(heard).toBe(1)
  const names = ['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::1]']
  const odd = ['[::ffff:127.0.0.1]', 'localhost', 'localhost.', '１２７.０.０.１', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', '0']
  const users = ['cobot.example@127.0.0.1', 'harbour.cobot.example:x@localhost']
  const hosts = [
    ...[...names, ...odd, ...users].map((name) => `http://${name}:${port}`),
    ...['169.254.169.254', 'metadata.internal', 'cobot.example.evil.example', 'cobot。example'].map(
      (name) => `https://${name}`,
    ),
    'https://pier.cobot.example',
    `//127.0.0.1:${port}`,
    `http:127.0.0.1:${port}`,
    `gopher://127.0.0.1:${port}`,
    `ftp://127.0.0.1:${port}`,
    `http://127.0.0.1:${port}\\@x`,
    `http://127.0.0.1:${port}#@harbour.cobot.example`,
    `http://127.0.0.1:${port}/r?to=https://harbour.cobot.example`,
  ]
  const paths = [
    '/api/memberships/m1',
    '/api/bookings/b1',
    '/api/resources/r1',
    '/api2/bookings/b1?x=/../',
    '/api/memberships/..%2f..%2fapi%2fuser',
    '/api/memberships/%6d1',
    '/api/memberships/m1#x',
    '/api//memberships//m1',
    '/api/memberships/m1/../../admins/a1',
    '/api/memberships/m1;x',
    '/api/external_bookings/m1',
    '/api/memberships/m1%00',
  ]
  let tried = 0
  for (const host of hosts)
    for (const path of paths) {
      const body = JSON.stringify({ url: host + path, redirect: host, link: host })
      expect((await send(body, 'deleted_membership')).status).toBe(204)
      tried++
    }
  // Nor do addresses that a person may bring along.
  for (const host of hosts)
    for (const from of [
      `/embed?cobot_subdomain=${encodeURIComponent(host)}`,
      '/install?subdomain=',
    ])
      await app.request(from.endsWith('=') ? from + encodeURIComponent(host) : from)
  expect(tried).toBeGreaterThanOrEqual(300)
  expect(stage.calls).toEqual([])
  const worker = createWorker(deps, handlers)
  for (let n = 0; n < 3; n++) {
    await worker.drain()
    await stage.clock.advance(60_000)
  }
  expect([...asked]).toEqual(['https://cobot.example'])
  expect(heard).toBe(1)
})

test('T1 T2 forged events by the hundred remove nobody, let nobody in, and hold nobody up', async () => {
  const count = long ? 500 : 25
  const world = await createWorld()
  const { app, salto, cobot, siteId, spaceId, hookKey } = world
  const mia = world.addMember('Mia Member')
  const otto = world.addMember('Otto Other')
  const strange = world.addMember('Sam Stranger')
  await world.settle()
  for (const id of [mia, otto]) await world.connect(id)
  await world.mapRoom()
  const [from, to] = ['2026-11-24T10:00:00Z', '2026-11-24T12:00:00Z']
  const booking = world.book(mia, from, to)
  await world.settle()
  const state = () => JSON.stringify([salto.users(siteId), salto.groups(siteId)])
  const opens = state()
  expect(opens).toContain('Mia')
  const writes = salto.writes()
  const forge = (event: string, kind: string, id: string, inline: object = {}) =>
    app.request(`/hooks/cobot/${hookKey}/${event}`, {
      method: 'POST',
      body: JSON.stringify({ url: `https://x.example/api/${kind}/${id}`, ...inline }),
    })
  for (let n = 0; n < count; n++) {
    const ended = { membership: { id: mia, canceled_to: '2020/01/01', state: 'deleted' } }
    await forge('deleted_membership', 'memberships', mia, ended)
    await forge('canceled_membership', 'memberships', otto, ended)
    await forge('confirmed_membership', 'memberships', strange, { plan: { name: 'Full Time' } })
    await forge('deleted_booking', 'bookings', booking, { booking: { id: booking, to: from } })
    await forge('created_booking', 'bookings', `made-up-${n}`, { membership: strange, from, to })
    await forge('approved_external_booking', 'external_bookings', `made-up-${n}`)
    if (n % 20 === 0) await world.settle()
  }
  // What really happens meanwhile is not held up.
  cobot.deleteBooking(booking)
  await world.settle()
  const gone = JSON.stringify(salto.groups(siteId))
  expect(world.bookingGroups()).toEqual([])
  expect(gone).toContain('Full Time')
  const people = (text: string) => JSON.parse(text)[0]
  expect(people(state())).toEqual(people(opens))
  expect(salto.writes() - writes).toBeLessThan(10)
  expect((await list(world.db.read, 'pairings', { spaceId })).length).toBe(2)
  await world.close()
})
