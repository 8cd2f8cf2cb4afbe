// The whole way with a real process of the add-on over real ports, killed with −9 at bad moments.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { play } from '../demo/play.ts'
import { ksLogin, subdomain } from '../demo/seed.ts'
import { addonCommand, kill, root, startAddon, until } from '../support/addon.ts'
import { createVisitor } from '../support/visitor.ts'

type Stage = Awaited<ReturnType<typeof play>>

/** Walks through the set-up as Mara, then opens the frame; returns a way to press its buttons. */
const setUp = async (stage: Stage) => {
  const { addonUrl, cobot, cobotUrl, salto, saltoUrl, seeded } = stage
  const visitor = createVisitor()
  visitor.setCookie(cobotUrl, cobot.loginCookie(seeded.ownerId))
  cobot.approve(seeded.ownerId, 'salto-for-cobot', [
    ...manifest.cobot.installScopes,
    ...manifest.cobot.frameScopes,
  ])
  const setupPage = await visitor.go(`${addonUrl}/install?subdomain=${subdomain}`)
  expect(setupPage.text).toContain('Connect to SALTO KS')
  const login = await visitor.go(`${addonUrl}/oauth/salto?subdomain=${subdomain}`)
  expect(login.url).toContain(saltoUrl)
  const back = await salto.signIn(login.url, ksLogin)
  const picker = await visitor.go(back)
  expect(picker.text).toContain('Harbour Loft')
  const done = await visitor.go(`${addonUrl}/setup/site?subdomain=${subdomain}`, {
    siteId: seeded.siteId,
  })
  expect(done.url).toMatch(/navigation_links\/\w+/)
  const [, frameUrl = ''] = /<iframe[^>]+src="([^"]+)"/.exec(done.text) ?? []
  const frame = await visitor.go(frameUrl.replaceAll('&amp;', '&'))
  const [, token = ''] = /name="session" content="([^"]+)"/.exec(frame.text) ?? []
  expect(token).not.toBe('')
  return async (path: string, form?: URLSearchParams) => {
    const headers = { authorization: `Bearer ${token}`, 'hx-request': 'true' }
    const response = await fetch(
      addonUrl + path,
      form ? { method: 'POST', headers, body: form } : { headers },
    )
    return { status: response.status, text: await response.text() }
  }
}

describe('a real process', () => {
  let stage: Stage
  let child: ChildProcess
  let press: Awaited<ReturnType<typeof setUp>>
  const folder = mkdtempSync(join(tmpdir(), 'salto-test-'))
  let env: Record<string, string>
  const hour = 3600_000

  beforeAll(async () => {
    stage = await play()
    env = {
      ...stage.env,
      DATABASE_URL: `file:${join(folder, 'salto.db')}`,
      LEASE_SECONDS: '2',
      SETTLE_SECONDS: '1',
      COBOT_SWEEP_SECONDS: '60',
      KS_SWEEP_SECONDS: '60',
    }
    child = await startAddon(env)
    press = await setUp(stage)
    await until('resources', async () => (await press('/resources')).text.includes('Quay Room'))
    const [quayRoom = ''] = stage.seeded.resourceIds
    const lockId = stage.seeded.lockIds[2] ?? ''
    await until('locks', async () => (await press('/resources')).text.includes(lockId))
    const form = new URLSearchParams({ enabled: quayRoom, [`locks:${quayRoom}`]: lockId })
    for (const id of stage.seeded.resourceIds) {
      form.set(`before:${id}`, '0')
      form.set(`after:${id}`, '0')
    }
    expect((await press('/resources', form)).status).toBe(200)
  })
  afterAll(async () => {
    await kill(child)
    await stage.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const usersNamed = (name: string) =>
    stage.salto.users(stage.seeded.siteId).filter(({ alias }) => alias?.startsWith(`${name} ·`))
  const bookingGroups = () =>
    stage.salto.groups(stage.seeded.siteId).filter(({ name }) => /^Cobot \d{12}$/.test(name))
  const isWhole = (group: ReturnType<typeof bookingGroups>[number]) =>
    group.users.length === 1 && group.locks.length === 1 && group.schedules.length === 1

  test('a member is connected, and a booking opens its door within 3 seconds', async () => {
    const [mia = '', tom = ''] = stage.seeded.membershipIds
    await press(`/members/${mia}/connect`, new URLSearchParams())
    await until('Mia in KS', () => usersNamed('Mia Member').length === 1)
    const at = Date.now() + 24 * hour
    const before = new Set(bookingGroups().map(({ id }) => id))
    const started = performance.now()
    stage.cobot.addBooking(subdomain, {
      resourceId: stage.seeded.resourceIds[0] ?? '',
      membershipId: mia,
      from: new Date(at).toISOString(),
      to: new Date(at + hour).toISOString(),
    })
    await until('the group', () =>
      bookingGroups().some((group) => !before.has(group.id) && isWhole(group)),
    )
    expect(performance.now() - started).toBeLessThan(3000)
    expect(stage.salto.outbox()).toEqual([])
    // The booking's group may be there before the place of the plan: they are looks of their own.
    const [user] = usersNamed('Mia Member')
    const fullTime = () => stage.salto.groupByName(stage.seeded.siteId, 'Full Time')?.users ?? []
    await until('Mia in Full Time', () => fullTime().includes(user?.saltoUserId ?? ''))
    expect(usersNamed('Tom Turner')).toEqual([])
    expect(tom).not.toBe('')
  })

  test.each([1, 2, 3])('killed at write %i of a connect, it ends in the same state', async (n) => {
    const membershipId = stage.seeded.membershipIds[3 + n] ?? ''
    const name = stage.cobot.membership(membershipId)?.name ?? ''
    const from = stage.salto.journal.length
    const writes = () =>
      stage.salto.journal
        .slice(from)
        .filter(({ method, path }) => method !== 'GET' && path.includes('/sites/'))
    await press(`/members/${membershipId}/connect`, new URLSearchParams())
    await until(
      `write ${n}`,
      () => writes().length >= n || usersNamed(name)[0]?.subscriptionState === 'subscribed',
    )
    await kill(child)
    child = await startAddon(env)
    await until(`${name} in the group`, () => {
      const [user, ...more] = usersNamed(name)
      const groups = stage.salto
        .groups(stage.seeded.siteId)
        .filter((group) => !group.name.startsWith('Cobot '))
      return (
        user && more.length === 0 && groups.some((group) => group.users.includes(user.saltoUserId))
      )
    })
    expect(usersNamed(name)).toHaveLength(1)
  })

  test.each([1, 2, 4])('killed at write %i of a booking, it ends in the same state', async (n) => {
    const known = new Set(bookingGroups().map(({ name }) => name))
    const from = stage.salto.journal.length
    const writes = () =>
      stage.salto.journal
        .slice(from)
        .filter(({ method, path }) => method !== 'GET' && path.includes('access_groups'))
    const at = Date.now() + (48 + n) * hour
    stage.cobot.addBooking(subdomain, {
      resourceId: stage.seeded.resourceIds[0] ?? '',
      membershipId: stage.seeded.membershipIds[0] ?? '',
      from: new Date(at).toISOString(),
      to: new Date(at + hour).toISOString(),
    })
    await until(`write ${n}`, () => writes().length >= n)
    await kill(child)
    child = await startAddon(env)
    const fresh = () => bookingGroups().filter(({ name }) => !known.has(name))
    await until('one whole group', () => fresh().length === 1 && fresh().every(isWhole))
    expect(fresh()).toHaveLength(1)
  })
})

test('missing settings are listed in one message, and nothing starts', () => {
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, PUBLIC_URL: 'not an address' }
  const { status, stderr } = spawnSync(process.execPath, addonCommand, {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  for (const name of ['PUBLIC_URL', 'SECRET_KEYS', 'COBOT_CLIENT_ID', 'SALTO_CLIENT_SECRET'])
    expect(stderr).toContain(name)
})
