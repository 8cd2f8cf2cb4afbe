// The way back from Cobot and from SALTO: answers that were changed, stolen, repeated or mixed up.
import { beforeEach, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { list, one } from '../../src/db/store.ts'
import { createWorld, OWNER, PUBLIC } from '../http/world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})

type Browser = ReturnType<(typeof world)['browser']>
type Journey = { back: URL; browser: Browser }

/** Everything that coming back could have changed. */
const gained = async () => {
  const { read } = world.db
  const names = ['spaces', 'connections', 'sessions', 'sites', 'work'] as const
  const rows = await Promise.all(names.map((name) => list(read, name, {})))
  // That an admin was asked for again is no gain.
  return JSON.stringify(rows, (key, value) => (key === 'adminReadAt' ? undefined : value))
}

/** Somebody is on the way back, with an answer that would be accepted. */
const journeys = {
  install: async (browser: Browser): Promise<Journey> => {
    const left = await browser.ask('/install?subdomain=harbour')
    return { browser, back: new URL(await browser.throughCobot(left.headers.get('Location'))) }
  },
  frame: async (browser: Browser): Promise<Journey> => {
    const { mara } = world
    const query = `cobot_subdomain=harbour&cobot_user_id=${mara}&cobot_locale=en`
    const left = await browser.ask(`/embed?${query}`)
    return { browser, back: new URL(await browser.throughCobot(left.headers.get('Location'))) }
  },
  salto: async (browser: Browser): Promise<Journey> => {
    const left = await browser.ask('/oauth/salto?subdomain=harbour')
    const away = left.headers.get('Location') ?? ''
    return { browser, back: new URL(await world.ks.signIn(away, { ...OWNER, allow: true })) }
  },
}
type Kind = keyof typeof journeys

type Attack = (mine: Journey, other: Journey) => Promise<URL | Journey> | URL | Journey
const set =
  (name: string, value: string): Attack =>
  ({ back }) => {
    back.searchParams.set(name, value)
    return back
  }
const without =
  (name: string): Attack =>
  ({ back }) => {
    back.searchParams.delete(name)
    return back
  }
const changed =
  (name: string, to: (value: string) => string): Attack =>
  ({ back }) => {
    back.searchParams.set(name, to(back.searchParams.get(name) ?? ''))
    return back
  }
const callbacks = ['/oauth/cobot/callback', '/oauth/salto/callback']

const attacks: Record<string, Attack> = {
  'no state': without('state'),
  'an empty state': set('state', ''),
  'a guessed state': set('state', `install.harbour.${'x'.repeat(43)}`),
  'a state without its secret': changed('state', (s) => s.split('.').slice(0, 2).join('.')),
  'a state for another purpose': changed('state', (s) => s.replace(/^\w+/, 'frame2')),
  'a state for another space': changed('state', (s) => s.replace('.harbour.', '.pier.')),
  'a state in capitals': changed('state', (s) => s.toUpperCase()),
  'a state with a blank': changed('state', (s) => `${s} `),
  'a state cut short': changed('state', (s) => s.slice(0, -1)),
  'a very long state': changed('state', (s) => s + 'x'.repeat(8000)),
  'a state with a zero byte': changed('state', (s) => `${s}\0`),
  'a state that is a pattern': set('state', '%'),
  'a state that is SQL': set('state', "' or 1=1 --"),
  'two states, a wrong one first': ({ back }) =>
    new URL(back.href.replace('state=', 'state=wrong&state=')),
  'a state as a list': ({ back }) => new URL(back.href.replace('state=', 'state[]=')),
  'no code': without('code'),
  'an empty code': set('code', ''),
  'a guessed code': set('code', 'x'.repeat(40)),
  'the code of somebody else’s journey': ({ back }, { back: other }) => {
    back.searchParams.set('code', other.searchParams.get('code') ?? '')
    return back
  },
  'a denial together with a code': set('error', 'access_denied'),
  'an error of the server': ({ back }) => {
    back.searchParams.set('error', 'server_error')
    back.searchParams.set('error_description', '<script>alert(1)</script>')
    back.searchParams.delete('code')
    return back
  },
  'the callback of the other side': ({ back }) => {
    const [one, two] = callbacks
    return new URL(back.href.replace(back.pathname, back.pathname === one ? two! : one!))
  },
  'an answer that was used': async ({ back, browser }) => {
    // Used up by a wrong code: the state is gone all the same.
    const wrong = new URL(back)
    wrong.searchParams.set('code', 'wrong')
    await browser.ask(wrong.href)
    return back
  },
  'an answer that comes too late': async ({ back }) => {
    await world.clock.advance(10 * 60_000)
    return back
  },
}
/** Only where a browser keeps cookies can it be told from another one. */
const elsewhere: Record<string, Attack> = {
  'another browser': ({ back }) => ({ back, browser: world.browser() }),
  'another browser, on a journey of its own': async ({ back }, other) => {
    await journeys.install(other.browser)
    return { back, browser: other.browser }
  },
  'a cookie that was changed': ({ back, browser }) => {
    for (const [name, value] of browser.jar)
      if (name.includes('journey')) browser.jar.set(name, `${value}x`)
    return { back, browser }
  },
  'no cookie': ({ back, browser }) => {
    browser.jar.clear()
    return { back, browser }
  },
}

test.each(['install', 'frame', 'salto'] as Kind[])(
  'T6 %s: no changed answer counts',
  async (kind) => {
    const admin = async () => {
      const browser = world.browser()
      if (kind !== 'install') await browser.install()
      return browser
    }
    let owner = await admin()
    const all = { ...attacks, ...(kind !== 'frame' && elsewhere) }
    expect(Object.keys(all).length).toBeGreaterThanOrEqual(kind === 'frame' ? 24 : 28)
    for (const [what, attack] of Object.entries(all)) {
      // Cobot answers sixty questions a minute.
      await world.clock.advance(20_000)
      if (what in elsewhere) owner = await admin()
      const other = await journeys[kind === 'salto' ? 'install' : kind](world.browser())
      const journey = await journeys[kind](owner)
      const before = await gained()
      const changed = await attack(journey, other)
      const { back, browser } =
        changed instanceof URL ? { back: changed, browser: journey.browser } : changed
      const answer = await browser.ask(back.href)
      expect([what, answer.status]).toEqual([what, expect.toBeOneOf([400, 403, 404, 502])])
      expect([what, await answer.text()]).toEqual([
        what,
        expect.not.stringMatching(/name="session"|<script>alert/),
      ])
      expect([what, await gained()]).toEqual([what, before])
    }
    owner = await admin()
    const { back, browser } = await journeys[kind](owner)
    const before = await gained()
    expect((await browser.ask(back.href)).status).toBeLessThan(400)
    expect(await gained()).not.toBe(before)
  },
)

test('T6 an answer for one address is not swapped at another', async () => {
  const { browser, back } = await journeys.install(world.browser())
  world.calls.length = 0
  await browser.ask(back.href)
  expect(world.calls.filter((call) => call.includes('access_token'))).not.toEqual([])
  expect(world.calls.every((call) => call.includes('https://cobot.example/'))).toBe(true)
})

test('T7 an admin of one space cannot install us in another', async () => {
  const { cobot, db } = world
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@pier.example' })
  const pier = { name: 'Pier', timeZone: 'Europe/Berlin', ownerId: vera }
  cobot.addSpace({ subdomain: 'pier', ...pier })
  await world.browser().install()
  const before = await one(db.read, 'connections', { spaceId: world.spaceId })
  const answer = await world.browser(vera).install('harbour')
  expect(answer.status).toBe(403)
  expect(await one(db.read, 'connections', { spaceId: world.spaceId })).toEqual(before)
  expect((await world.browser(vera).embed(vera, 'harbour')).status).toBe(403)
})

test('T7 a subdomain that passed to another space opens nothing of the one that had it', async () => {
  const { cobot, db, spaceId } = world
  await world.openFrame()
  cobot.changeSubdomain('harbour', 'old-harbour')
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@pier.example' })
  const heir = { name: 'Heir', timeZone: 'Europe/Berlin', ownerId: vera }
  const heirId = cobot.addSpace({ subdomain: 'harbour', ...heir })
  const answer = await world.browser(vera).embed()
  expect(answer.status).toBe(404)
  expect(await answer.text()).not.toMatch(/Loft|Mara|name="session"/)
  const before = await list(db.read, 'sites', {})
  expect((await world.browser(vera).install()).status).toBe(302)
  expect(await list(db.read, 'sites', {})).toEqual(before)
  expect(await one(db.read, 'spaces', { subdomain: 'harbour' })).toMatchObject({ spaceId: heirId })
  expect(await one(db.read, 'connections', { spaceId, side: 'cobot' })).not.toBeNull()
})

test('T22 no more is asked for than what each scope is needed for', async () => {
  const why: Record<string, string> = {
    navigation: 'our entry in the menu',
    read_user: 'who comes back, and is an admin',
    read_spaces: 'zone, language and id',
    read_plans: 'mapping by name',
    read_memberships: 'who may open what, until when',
    read_resources: 'mapping rooms to locks',
    read_bookings: 'when',
    read_external_bookings: 'visitors',
    read_subscriptions: 'are our webhooks on',
    write_subscriptions: 'making and renewing them',
    write_activities: 'warnings on the dashboard',
  }
  expect(manifest.cobot.installScopes).toEqual(Object.keys(why))
  expect(manifest.cobot.frameScopes).toEqual(['openid', 'read_user'])
  const salto = ['openid', 'profile', 'offline_access', 'user_api.full_access']
  expect(manifest.salto.scopes).toEqual(salto)
  const admin = world.browser()
  const scopesOf = async (path: string) => {
    const url = new URL((await admin.ask(path)).headers.get('Location') ?? '')
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(url.searchParams.get('redirect_uri')).toMatch(`${PUBLIC}/oauth/`)
    return url.searchParams.get('scope')?.split(' ')
  }
  expect(await scopesOf('/install?subdomain=harbour')).toEqual(Object.keys(why))
  await admin.install()
  const frame = `/embed?cobot_subdomain=harbour&cobot_user_id=${world.mara}`
  expect(await scopesOf(frame)).toEqual(['openid', 'read_user'])
  expect(await scopesOf('/oauth/salto?subdomain=harbour')).toEqual(salto)
})
