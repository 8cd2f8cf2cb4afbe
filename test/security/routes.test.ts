// Who may go where, for every route the app has: people who have no business there knock at each one.
// A new route must say here whose it is; what it does with the ids of another space is tried as well.
import { inspectRoutes } from 'hono/dev'
import { beforeAll, expect, test } from 'vitest'
import { PUBLIC } from '../http/world.ts'
import { createStage, MARK } from './stage.ts'

/** Whose a route is, by its path; `/*` is a path and all below it. */
const rules = {
  public: ['/', '/healthz', '/readyz', '/static/*', '/install', '/hooks/cobot/install', '/embed'],
  callback: ['/oauth/cobot/callback', '/oauth/salto/callback'],
  hook: ['/hooks/cobot/:spaceKey/*'],
  setup: ['/setup/*', '/oauth/salto'],
  frame: [
    '/session',
    '/overview/*',
    '/help',
    '/resources/*',
    '/members/*',
    '/tags/*',
    '/problems/*',
    '/plans/*',
    '/activity/*',
    '/why',
    '/settings/*',
  ],
} as const
type Rule = keyof typeof rules

const ruleOf = (path: string): Rule[] =>
  (Object.keys(rules) as Rule[]).filter((rule) =>
    rules[rule].some((pattern: string) => {
      const [start = ''] = pattern.split('/*')
      return path === start || (pattern !== start && path.startsWith(`${start}/`))
    }),
  )

/** What stands for a parameter that is no column of ours. */
const words: Record<string, string[]> = {
  action: ['connect', 'link', 'lock-out', 'disconnect', 'erase', 'return', 'lost'],
  name: ['app.js'],
  event: ['canceled_membership', 'deleted_admin'],
}

let stage: Awaited<ReturnType<typeof createStage>>
/** The ids of the first space, by the name of their column. */
const ids: Record<string, string> = {}
beforeAll(async () => {
  stage = await createStage()
  for (const row of (await stage.rowsOf(stage.spaceId)).flat())
    for (const [column, value] of Object.entries(row))
      if (typeof value === 'string' && /(Id|^code|^subject)$/.test(column)) ids[column] ??= value
})

const routes = () =>
  inspectRoutes(stage.app).filter(({ method, isMiddleware }) => method !== 'ALL' || !isMiddleware)
const of = (...wanted: Rule[]) =>
  routes().filter(({ path }) => wanted.some((rule) => ruleOf(path).includes(rule)))

/** The addresses of a route with what `fillIn` says for its parameters. */
const addressesOf = (path: string, fillIn: (name: string) => string[]): string[] => {
  const name = /:(\w+)/.exec(path)?.[1]
  if (!name) return [path]
  return fillIn(name).flatMap((value) =>
    addressesOf(path.replace(`:${name}`, encodeURIComponent(value)), fillIn),
  )
}
const theirs = (name: string): string[] => words[name] ?? (ids[name] ? [ids[name]] : [])
const nobodys = (name: string): string[] => words[name] ?? ['nothing-there']

type Knock = { method: string; path: string; address: string }
const knocks = (rule: Rule, fillIn = theirs): Knock[] =>
  of(rule).flatMap(({ method, path }) =>
    addressesOf(path, fillIn).map((address) => ({ method, path, address })),
  )

/** Every field a form of ours might have, with ids of the first space. */
const form = (more: Record<string, string>) =>
  new URLSearchParams({ ...ids, set: 'x', what: 'people', tag: `7${MARK}`, enabled: 'on', ...more })

const ask = async (
  { method, address }: Knock,
  headers: Record<string, string>,
  more: Record<string, string> = {},
) => {
  const url = address.startsWith('/setup') ? `${address}?subdomain=harbour` : address
  const query = url === '/oauth/salto' ? '?subdomain=harbour' : ''
  const hasBody = method !== 'GET' && method !== 'HEAD'
  // Cobot answers sixty questions a minute.
  await stage.clock.advance(2200)
  stage.calls.length = 0
  const answer = await stage.app.request(url + query, {
    method,
    headers: { Origin: PUBLIC, ...headers },
    ...(hasBody && { body: form(more) }),
  })
  const page = await answer.text()
  // What somebody typed may come back to them.
  return { answer, page: hasBody ? page.replaceAll(`7${MARK}`, '') : page }
}
const bearer = (token: string) => ({ 'HX-Request': 'true', Authorization: `Bearer ${token}` })
const cookie = (token: string) => ({ Cookie: `__Host-setup=${token}` })

/** Reading and signing out are no changes. */
const writes = () =>
  stage.calls.filter((call) => !/^(GET|DELETE .*\/api\/access_tokens\/\w+$)/.test(call))

test('every route has exactly one owner, and every parameter something to try', () => {
  const wrong = routes()
    .filter(({ path }) => ruleOf(path).length !== 1)
    .map(({ method, path }) => `${method} ${path}: ${ruleOf(path).join(' and ') || 'nobody says'}`)
  expect(wrong).toEqual([])
  const untried = of('public', 'setup', 'frame').filter(
    ({ path }) => addressesOf(path, theirs).length === 0,
  )
  expect(untried.map(({ path }) => path)).toEqual([])
  expect(of('frame').length).toBeGreaterThan(10)
})

type Ways = Partial<Record<'frame' | 'setup', Record<string, string>>>
type Sessions = Awaited<ReturnType<typeof createStage>>['sessionOf']

/** Sessions of both kinds, as `sessionOf` makes them. */
const both = async (...[userId, more]: [string, NonNullable<Parameters<Sessions>[2]>?]) => ({
  frame: await stage.sessionOf(userId, 'frame', more),
  setup: await stage.sessionOf(userId, 'setup', more),
})
const inPlace = ({ frame, setup }: Record<'frame' | 'setup', string>) => ({
  frame: bearer(frame),
  setup: cookie(setup),
})
const ago = (ms: number) => new Date(stage.clock.now().getTime() - ms)

const strangers: Record<string, (method: string) => Promise<Ways>> = {
  nobody: async () => ({ frame: {}, setup: {} }),
  'somebody who guesses': async () => inPlace({ frame: 'x'.repeat(43), setup: 'x' }),
  'an admin whose session has ended': async () =>
    inPlace(await both(stage.mara, { expiresAt: ago(0) })),
  'a member who is no admin': async () =>
    inPlace(await both(stage.otto, { adminReadAt: new Date(0) })),
  'an admin of another space with a session of this one': async () =>
    inPlace(await both(stage.vera, { adminReadAt: new Date(0) })),
  'a member with a token of Cobot': async () => {
    const scopes = ['openid', 'read_user']
    const token = stage.cobot.issueToken({ userId: stage.otto, clientId: 'client-1', scopes })
    return inPlace({ frame: token, setup: token })
  },
  'an admin until 61 seconds ago': async () =>
    inPlace(await both(stage.otto, { adminReadAt: ago(61_000) })),
  'an admin until a second ago, who writes': async (method) =>
    method === 'GET' ? {} : inPlace(await both(stage.otto, { adminReadAt: ago(1000) })),
  'an admin with the token of the other kind of page': async () => {
    const { frame, setup } = await both(stage.mara)
    return { frame: { ...bearer(setup), ...cookie(setup) }, setup: cookie(frame) }
  },
  'an admin with the token in the other place': async () => {
    const { frame, setup } = await both(stage.mara)
    return { frame: { Cookie: `__Host-setup=${frame}; session=${frame}` }, setup: bearer(setup) }
  },
}

test.each(Object.entries(strangers))('%s gets nowhere, and nothing changes', async (who, come) => {
  const before = await stage.stored()
  for (const rule of ['frame', 'setup'] as const)
    for (const knock of knocks(rule)) {
      const headers = (await come(knock.method))[rule]
      // Staying signed in writes nothing of the space: there the proof may be a minute old.
      const isRenewal = knock.address === '/session' && who.includes('a second ago')
      if (!headers || isRenewal) continue
      const { answer, page } = await ask(knock, headers)
      const where = `${knock.method} ${knock.address}`
      if (rule === 'frame') expect([where, answer.status]).toEqual([where, 401])
      else {
        const to = answer.headers.get('Location')
        expect([where, answer.status, to]).toEqual([where, 303, '/install?subdomain=harbour'])
      }
      expect([where, page.includes(MARK)]).toEqual([where, false])
      expect([where, writes()]).toEqual([where, []])
    }
  expect(await stage.stored()).toBe(before)
})

/** A route, and what is to be done there. */
const placeOf = ({ method, path, address }: Knock): string =>
  path.endsWith('/:action') ? `${method} ${path} ${address.split('/').at(-1)}` : `${method} ${path}`

test('an admin of another space finds ids of this one as little as ids that are nowhere', async () => {
  const { sessionOf, vera, pierId } = stage
  const before = await stage.stored()
  const headers = bearer(await sessionOf(vera, 'frame', {}, pierId))
  const missing = new Map<string, number>()
  for (const knock of knocks('frame', nobodys))
    missing.set(placeOf(knock), (await ask(knock, headers)).answer.status)
  for (const knock of knocks('frame'))
    for (const more of knock.method === 'GET' ? [{}] : [{}, { leave: '1' }]) {
      const { answer, page } = await ask(knock, headers, more)
      const where = placeOf(knock)
      expect([where, answer.status]).toEqual([where, missing.get(where)])
      expect([where, page.includes(MARK)]).toEqual([where, false])
    }
  const setup = cookie(await sessionOf(vera, 'setup', {}, pierId))
  for (const knock of knocks('setup')) {
    const { answer, page } = await ask(knock, setup)
    expect([knock.address, answer.status]).toEqual([knock.address, 303])
    expect(page).not.toContain(MARK)
  }
  expect(await stage.stored()).toBe(before)
  // Nor has anything of this space become a matter of the other.
  expect(await stage.stored(pierId)).not.toContain(MARK)
})

test('whoever comes to a public address learns nothing of a space and changes nothing', async () => {
  const before = await stage.stored()
  for (const rule of ['public', 'callback'] as const)
    for (const knock of knocks(rule)) {
      const { answer, page } = await ask(knock, {})
      const where = `${knock.method} ${knock.address}`
      expect([where, answer.status < 500]).toEqual([where, true])
      expect([where, page.includes(MARK)]).toEqual([where, false])
    }
  expect(await stage.stored()).toBe(before)
})

test('a key of another space, or none, reaches no hook of this space', async () => {
  const before = await stage.stored()
  for (const spaceKey of ['nothing-there', stage.hooks.pier, stage.spaceId, 'harbour', '%00'])
    for (const knock of knocks('hook', (name) => (name === 'spaceKey' ? [spaceKey] : theirs(name))))
      expect([spaceKey, (await ask(knock, {})).answer.ok]).toEqual([
        spaceKey,
        spaceKey === stage.hooks.pier,
      ])
  expect(await stage.stored()).toBe(before)
})

test('addresses written otherwise lead to nobody else’s page', async () => {
  const { sessionOf, vera, pierId } = stage
  const before = await stage.stored()
  for (const knock of knocks('frame')) {
    const { address } = knock
    const twisted = [`/${address}`, `${address}/`, address.toUpperCase(), `/.${address}`]
    const hidden = [
      `/static/..${address}`,
      `/x/%2e%2e${address}`,
      address.replace(/\/(?=.)/g, '%2f'),
    ]
    const headers = bearer(await sessionOf(vera, 'frame', {}, pierId))
    for (const each of [...twisted, ...hidden])
      for (const who of [{}, headers]) {
        const { answer, page } = await ask({ ...knock, address: each }, who)
        expect([each, answer.status < 500, page.includes(MARK)]).toEqual([each, true, false])
      }
  }
  expect(await stage.stored()).toBe(before)
})

test('and the right admin is let in at every one of them', async () => {
  const { sessionOf, mara } = stage
  const seen = new Set<string>()
  for (const rule of ['frame', 'setup'] as const)
    for (const knock of knocks(rule)) {
      const token = await sessionOf(mara, rule)
      const { answer, page } = await ask(knock, rule === 'frame' ? bearer(token) : cookie(token))
      const where = `${knock.method} ${knock.address}`
      const to = answer.headers.get('Location')
      expect([where, answer.status === 401, to]).not.toEqual([where, true, to])
      expect([where, to]).not.toEqual([where, '/install?subdomain=harbour'])
      if (page.includes(MARK)) seen.add(knock.path)
    }
  // What strangers must not see is there to be seen.
  const own = ['/members', '/members/:membershipId', '/members/:membershipId/file']
  for (const path of [...own, '/resources', '/problems']) expect(seen).toContain(path)
})
