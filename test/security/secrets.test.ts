// Marked secrets and people go through every path, the failing ones too; then they are looked for
// where they must not be: in the log, in the database's files, in answers.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { DrizzleQueryError } from 'drizzle-orm'
import { CompactEncrypt } from 'jose'
import { afterEach, expect, test } from 'vitest'
import { sealContext } from '../../src/connections/cobot.ts'
import { sealAnew } from '../../src/connections/seals.ts'
import { createCrypt } from '../../src/db/crypt.ts'
import { type Db, openSqlite } from '../../src/db/open.ts'
import { change, list, one } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createLog } from '../../src/log.ts'
import { createWorld } from '../http/world.ts'
import { createStage } from './stage.ts'

let tidy: () => void = () => {}
afterEach(() => tidy())

const logTo = (lines: string[]) =>
  createLog('debug', { write: (line: string) => void lines.push(line) })

/** People as Cobot knows them; each word of it is nowhere else. */
const people = Array.from({ length: 12 }, (_, n) => ({
  name: `Kanari${n} Vogelsang${n}`,
  email: `kanari${n}@vogel${n}.example`,
}))

test('T18 T20 forty marked secrets and people are in no log, no file in the clear, no refusal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'canaries-'))
  const file = await openSqlite(join(folder, 'salto.db'))
  tidy = () => rmSync(folder, { recursive: true, force: true })
  /** Once broken, whatever is written fails as PostgreSQL's driver says it: with all values. */
  let broken = false
  const db: Db = {
    ...file,
    tx: (work) =>
      broken
        ? Promise.reject(new DrizzleQueryError('insert', [...secrets, ...personal], new Error('x')))
        : file.tx(work),
  }
  const lines: string[] = []
  const world = await createWorld({ db, log: logTo(lines) })
  const { cobot, ks, clock, deps, spaceId, siteId } = world
  const secrets = new Set<string>(['secret-1'])
  const personal = new Set<string>()
  for (const { name, email } of people) personal.add(email).add(name.split(' ')[0]!)

  // Whatever travels as a secret, either way, is marked.
  const { ports } = deps
  const { fetch } = ports
  const collect = (text: string) => {
    const named =
      /(?:"|^|[&?])(?:access_token|refresh_token|id_token|token|code|code_verifier|state|nonce)"?[=:]\s*"?([\w.~-]{20,})/g
    for (const [, value] of text.matchAll(named)) secrets.add(decodeURIComponent(value ?? ''))
  }
  ports.fetch = async (request) => {
    const bearer = /^Bearer (.+)$/.exec(request.headers.get('Authorization') ?? '')?.[1]
    if (bearer) secrets.add(bearer)
    collect(await request.clone().text())
    const answer = await fetch(request)
    collect(await answer.clone().text())
    return answer
  }

  const planId = cobot.addPlan('harbour', { name: 'Full Time' })
  const roomId = cobot.addResource('harbour', { name: 'Quay' })
  const memberIds = people.map((person) =>
    cobot.addMembership('harbour', { ...person, planId, startsAt: '2026-01-01' }),
  )
  const [from, to] = ['2026-03-02T10:00:00Z', '2026-03-02T12:00:00Z']
  const booking = { resourceId: roomId, membershipId: memberIds[0]!, from, to }
  cobot.addBooking('harbour', { ...booking, title: 'Kanari0 meets' })
  const tag = ks.addTag(siteId, { number: '0230001' })
  const lock = ks.addLock(siteId, { name: 'Front' })
  ks.addAccessGroup(siteId, { name: 'Full Time', lockIds: [lock], schedule: 'always' })

  const pages: string[] = []
  const refusals: string[] = []
  let frame = await world.openFrame()
  const signIn = async () => {
    frame = await world.openFrame()
    secrets.add(frame.token)
  }
  const worker = createWorker(deps, handlers)
  const run = async (steps = 2) => {
    for (let n = 0; n < steps; n++) {
      await worker.drain()
      await clock.advance(20_000)
    }
    await frame.post('/session')
  }
  secrets.add(frame.token)
  await run(4)
  for (const id of memberIds.slice(0, 2)) await frame.post(`/members/${id}/connect`)
  await run(4)
  await frame.post(`/members/${memberIds[0]}/tag`, { tag: '0230001' })
  await run()
  expect(ks.tags(siteId).find(({ tagId }) => tagId === tag)?.holder).toBeTruthy()
  expect(await list(db.read, 'audit', { spaceId })).not.toEqual([])
  for (const path of ['/members', '/overview', '/problems', '/resources'])
    pages.push(await (await frame.get(path)).text())
  expect(pages.join()).toContain('Kanari3')

  // All of it goes wrong, with words of the other side that repeat what they were told.
  const space = await one(db.read, 'spaces', { spaceId })
  const bad = { error: [...secrets].join(' '), message: [...personal].join(' ') }
  for (const status of [409, 500, 429, 401]) {
    await signIn()
    for (const side of [cobot, ks]) side.addFault({ status, body: bad, times: 12 })
    refusals.push(await (await frame.post('/overview/checks')).text())
    await world.browser().install()
    await world.browser().embed()
    await run()
    for (const side of [cobot, ks]) side.clearFaults()
  }
  for (const body of ['<html>', `{"name":"${people[0]!.name}`, '[]', JSON.stringify(bad)]) {
    for (const side of [cobot, ks]) side.addFault({ status: 200, body, times: 6 })
    refusals.push(await (await frame.get('/tags/x')).text())
    await world.browser().install()
    await run()
    for (const side of [cobot, ks]) side.clearFaults()
  }
  const [first = ''] = secrets
  const mail = people[0]!.email
  for (const path of [`/nowhere/${first}?token=${first}`, `/hooks/cobot/${first}/x?email=${mail}`])
    await world.app.request(path, { method: 'POST', body: JSON.stringify(bad) })
  await world.app.request(`/oauth/cobot/callback?state=${first}&code=${first}&error=${mail}`)
  await signIn()
  broken = true
  refusals.push(await (await frame.post('/overview/checks')).text())
  refusals.push(await (await world.browser().ask('/install?subdomain=harbour')).text())
  await run().catch((error: unknown) => deps.log.error({ error }, 'the worker'))
  expect(space).not.toBeNull()

  expect(secrets.size + personal.size).toBeGreaterThanOrEqual(40)
  const log = lines.join('\n')
  expect(lines.length).toBeGreaterThan(5)
  expect([...secrets, ...personal].filter((each) => log.includes(each))).toEqual([])
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(files.length).toBeGreaterThan(1)
  const inClear = (word: string) => files.some((bytes) => bytes.includes(word))
  expect([...secrets].filter(inClear)).toEqual([])
  expect(inClear('Kanari3')).toBe(true)
  const audit = JSON.stringify(await list(file.read, 'audit', { spaceId }))
  const work = JSON.stringify(await list(file.read, 'work', { spaceId }))
  const shown = [...refusals, audit, work].join('\n')
  const told = [...secrets, ...personal].filter((each) => shown.includes(each))
  // A page that an admin sees may name people; what is refused and what is kept of writes may not.
  expect(told.filter((each) => !personal.has(each) || audit.includes(each))).toEqual([])
  await file.close()
})

test.each([
  ['a query', new DrizzleQueryError('insert', ['geheim'], Object.assign(new Error(), { code: 1 }))],
  ['a parser', (() => Reflect.apply(catchOf, null, [() => JSON.parse('geheim')]))()],
  ['a type', new TypeError('geheim is not a function')],
  ['a class of a library', new (class DatabaseError extends Error {})('Key (email)=(geheim)')],
  ['words', 'geheim'],
  ['an object', { message: 'geheim', request: { headers: { authorization: 'geheim' } } }],
])('T20 what %s failed on is not in the log, but where it failed is', (_, error) => {
  const lines: string[] = []
  logTo(lines).error({ error, token: 'geheim', deep: { email: 'geheim' } }, 'it failed')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('geheim')
  expect(lines[0]).toContain('it failed')
  if (error instanceof Error) expect(JSON.parse(lines[0]!).error.at.join()).toMatch(/:\d+/)
})

function catchOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('T20 nor is it in the work table', async () => {
  const stage = await createStage()
  const { db, deps, spaceId, clock } = stage
  const error = new DrizzleQueryError('insert', ['geheim'], new Error('geheim'))
  const readMembership = () => Promise.reject(error)
  const asked = { spaceId, task: 'readMembership', subject: 'm', cause: 'x', priority: 1 } as const
  await db.tx((tx) => ask(tx, [{ ...asked, runAt: clock.now() }], clock.now()))
  expect(await createWorker(deps, { readMembership } as never).drain()).toBe(1)
  const [row] = await list(db.read, 'work', { spaceId })
  expect(row).toMatchObject({ attempts: 1, lastError: 'failed' })
})

test('T28 one event is one line, whatever is written into it', () => {
  const lines: string[] = []
  const forged = '{"level":60,"msg":"all doors open"}'
  const nasty = [
    `a\n${forged}`,
    `\r\n${forged}\r\n`,
    '\u2028x\u2029',
    '\u001b[2J\u0007',
    '"},{"x":"',
  ]
  for (const text of [...nasty, '\u202Eevil', '\0', '%0a%0d', '\ud800'])
    logTo(lines).warn({ event: text, __proto__: { text }, error: new Error(text) }, text)
  expect(lines).toHaveLength(nasty.length + 4)
  for (const line of lines) {
    expect(line.trimEnd()).not.toMatch(/\p{Cc}/u)
    expect(JSON.parse(line).level).toBe(40)
  }
})

test('T19 a sealed value that was moved to any other place is refused, and is sent to nobody', async () => {
  const stage = await createStage()
  const { db, deps, spaceId, pierId } = stage
  const { crypt } = deps
  const places = [spaceId, pierId].flatMap((space) => [
    sealContext('cobot', 'access', space),
    sealContext('salto', 'access', space),
    sealContext('salto', 'refresh', space),
    `space/hook-key/${space}`,
    `session/${space}`,
    `authorization/${space}`,
  ])
  for (const from of places) {
    const sealed = await crypt.seal('a token', from)
    for (const to of places)
      if (to === from) expect(await crypt.open(sealed, to)).toBe('a token')
      else await expect(crypt.open(sealed, to)).rejects.toThrow('moved')
  }
  // In the database: tokens of the other space, of the other side, of the other field.
  const token = await stage.sessionOf(stage.mara, 'frame', { adminReadAt: new Date(0) })
  const [theirs] = await list(db.read, 'connections', { spaceId: pierId, side: 'salto' })
  const key = { spaceId, side: 'salto' } as const
  const { accessSealed, refreshSealed } = theirs!
  await db.tx((tx) => change(tx, 'connections', key, { accessSealed, refreshSealed }))
  await db.tx((tx) => change(tx, 'connections', { spaceId, side: 'cobot' }, { accessSealed }))
  await db.tx((tx) => change(tx, 'sessions', { spaceId }, { tokenSealed: accessSealed }))
  stage.calls.length = 0
  const headers = { Authorization: `Bearer ${token}` }
  expect((await stage.app.request('/overview', { headers })).status).toBe(500)
  const worker = createWorker(deps, handlers)
  for (const task of ['sweepKs', 'sweepCobot'] as const) {
    const subject = task === 'sweepKs' ? 'space' : 'memberships'
    const asked = { spaceId, task, subject, cause: 'test', priority: 1 } as const
    const now = stage.clock.now()
    await db.tx((tx) => ask(tx, [{ ...asked, runAt: now }], now))
    await worker.drain()
  }
  expect(stage.calls).toEqual([])
  expect(inspect(stage.logged, { depth: 5 })).toContain('a sealed value was moved')
})

test('T18 values sealed in another way than ours are refused', async () => {
  const key = new Uint8Array(32).fill(1)
  const crypt = createCrypt([{ kid: 'k1', key }])
  const seal = (header: object, by = key) =>
    new CompactEncrypt(new TextEncoder().encode('a token'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: 'k1', ctx: 'x', ...header } as never)
      .encrypt(by)
  expect(await crypt.open(await seal({}), 'x')).toBe('a token')
  const forged = [
    await seal({}, new Uint8Array(32).fill(2)),
    await seal({ alg: 'A256KW' }),
    await seal({ alg: 'A256GCMKW' }),
    await seal({ enc: 'A128CBC-HS256' }),
    await seal({ kid: 'k2' }),
    await seal({ kid: '../k1' }),
    await seal({ kid: '__proto__' }),
    await seal({ kid: ['k1'] }),
    await seal({ ctx: ['x'] }),
    await seal({ ctx: undefined }),
    ...['', '....', 'x.x.x.x.x', 'eyJhbGciOiJub25lIn0..a.b.c', '{}'],
  ]
  for (const each of forged) await expect(crypt.open(each, 'x')).rejects.toThrow()
})

test('T18 with a new key first all is sealed anew, also when that is cut short, and the old one can go', async () => {
  const stage = await createStage()
  const { db, deps, spaceId, pierId } = stage
  const [old, fresh] = [7, 9].map((n) => ({
    kid: `k${n === 7 ? 1 : 2}`,
    key: new Uint8Array(32).fill(n),
  }))
  const rotating = { ...deps, crypt: createCrypt([fresh!, old!]) }
  // The second write fails: what was done stays done.
  let writes = 0
  const failing = {
    ...db,
    tx: (work) => (++writes === 2 ? Promise.reject(new Error('gone')) : db.tx(work)),
  } as Db
  await expect(sealAnew({ ...rotating, db: failing }, spaceId)).rejects.toThrow('gone')
  const counts = [await sealAnew(rotating, spaceId), await sealAnew(rotating, spaceId)]
  expect(counts).toEqual([3, 0])
  expect(await sealAnew(rotating, pierId)).toBe(4)
  const only = createCrypt([fresh!])
  for (const { spaceId: space, side, accessSealed } of await list(db.read, 'connections', {}))
    expect(await only.open(accessSealed, sealContext(side, 'access', space))).toMatch(/-access-/)
  for (const space of await list(db.read, 'spaces', {}))
    expect(await only.open(space.hookKeySealed, `space/hook-key/${space.spaceId}`)).toMatch(/^hook/)
})
