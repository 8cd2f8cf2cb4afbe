// Marked secrets and people go through every path, the failing ones too; then they are looked for
// where they must not be: in the log, in the database's files, in answers.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DrizzleQueryError } from 'drizzle-orm'
import { afterEach, expect, test } from 'vitest'
import { type Db, openSqlite } from '../../src/db/open.ts'
import { list, one } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createLog } from '../../src/log.ts'
import { createWorld } from '../http/world.ts'

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
  // Of a request not even the headers that hold no secret.
  const headers = { 'User-Agent': 'Kanari-Browser', 'X-Forwarded-For': '203.0.113.77' }
  for (const each of Object.values(headers)) personal.add(each)
  const mail = people[0]!.email
  for (const path of [`/nowhere/${first}?token=${first}`, `/hooks/cobot/${first}/x?email=${mail}`])
    await world.app.request(path, { method: 'POST', body: JSON.stringify(bad), headers })
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
