// What is sealed, and what is told: neither opens anywhere but in its place.
import { inspect } from 'node:util'
import { DrizzleQueryError } from 'drizzle-orm'
import { CompactEncrypt } from 'jose'
import { expect, test } from 'vitest'
import { sealContext } from '../../src/connections/cobot.ts'
import { sealAnew } from '../../src/connections/seals.ts'
import { createCrypt } from '../../src/db/crypt.ts'
import type { Db } from '../../src/db/open.ts'
import { change, list } from '../../src/db/store.ts'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createLog } from '../../src/log.ts'
import { createStage } from './stage.ts'

const logTo = (lines: string[]) =>
  createLog('debug', { write: (line: string) => void lines.push(line) })

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
    '',
    '....',
    'x.x.x.x.x',
    'eyJhbGciOiJub25lIn0..a.b.c',
    '{}',
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
