// The whole add-on in process: both sides played, one space with its admin, one site with its owner,
// and browsers that keep cookies and follow nothing by themselves.
import manifest from '../../manifest.json' with { type: 'json' }
import { createApp, sentence } from '../../src/app.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { asId, type SiteId, type SpaceId } from '../../src/core/ids.ts'
import { createCrypt } from '../../src/db/crypt.ts'
import { list } from '../../src/db/store.ts'
import { createCobotSimulator } from '../simulators/cobot/simulator.ts'
import { createSaltoSimulator } from '../simulators/salto/simulator.ts'
import { seededRandom, virtualClock } from '../support/clock.ts'
import { openTestDatabase } from '../support/database.ts'

export const PUBLIC = 'https://salto.example'
const COBOT = 'https://cobot.example'
const KS = 'https://ks.example'
export const OWNER = { email: 'ada@loft.example', password: 'pass-word' }

export const createWorld = async (over: Partial<Pick<Deps, 'db' | 'log'>> = {}) => {
  const clock = virtualClock('2026-03-02T09:00:00Z')
  const random = seededRandom(11)
  const client = { clientId: 'client-1', clientSecret: 'secret-1', name: 'Salto' }
  const calls: string[] = []
  const ports = {
    clock,
    random,
    fetch: (request: Request): Promise<Response> => {
      calls.push(`${request.method} ${request.url}`)
      if (request.url.startsWith(COBOT)) return cobot.handle(request)
      if (request.url.startsWith(KS)) return ks.handle(request)
      throw new Error('nobody there')
    },
  }
  const cobotPorts = { ...ports, fetch: async () => new Response(null, { status: 204 }) }
  const redirects = (side: string) => [`${PUBLIC}/oauth/${side}/callback`]
  const cobot = createCobotSimulator({
    origin: COBOT,
    ports: cobotPorts,
    clients: [{ ...client, redirectUris: redirects('cobot') }],
  })
  const ks = createSaltoSimulator({
    origin: KS,
    ports,
    clients: [{ ...client, redirectUris: redirects('salto') }],
  })
  const db = over.db ?? (await openTestDatabase('sqlite'))
  const logged: unknown[] = []
  const note = (facts: unknown, message: string) => void logged.push([facts, message])
  const { clientId, clientSecret } = client
  const deps: Deps = {
    db,
    ports,
    crypt: createCrypt([{ kid: 'k1', key: new Uint8Array(32).fill(7) }]),
    log: over.log ?? { info: note, warn: note, error: note },
    sentence,
    config: {
      publicUrl: PUBLIC,
      cobot: {
        clientId,
        clientSecret,
        cobotUrl: `${COBOT}/www`,
        spaceUrl: `${COBOT}/spaces/{subdomain}`,
        apiUrl: `${COBOT}/api2`,
      },
      salto: {
        clientId,
        clientSecret,
        apiUrl: `${KS}/connect`,
        identityUrl: `${KS}/identity`,
        appUrl: `${KS}/app`,
      },
      cobotSweepMs: 300_000,
      ksSweepMs: 840_000,
      leaseMs: 2000,
      settleMs: 1000,
    },
  }
  let woken = 0
  const app = createApp({ ...deps, wake: () => void woken++, ready: async () => true })

  const mara = cobot.addUser({ name: 'Mara', email: 'mara@harbour.example' })
  const space = { name: 'Harbour Hub', timeZone: 'Europe/Berlin', locale: 'en-GB', ownerId: mara }
  const spaceId = asId<SpaceId>(cobot.addSpace({ subdomain: 'harbour', ...space }))
  const ownerId = ks.addUserProfile({ ...OWNER, firstName: 'Ada', lastName: 'Owner' })
  const loft = { name: 'Loft', timeZone: 'Europe/Berlin', seats: 40, ownerId }
  const siteId = asId<SiteId>(ks.addSite(loft))

  /** A browser of somebody who is logged in to Cobot and has approved us there. */
  const browser = (cobotUserId = mara) => {
    const jar = new Map<string, string>()
    cobot.approve(cobotUserId, clientId, [...manifest.cobot.installScopes, 'openid'])
    const ask = async (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
      const response = await app.request(path.replace(PUBLIC, ''), { ...init, headers })
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        jar.set(name, value)
      }
      return response
    }
    /** Where Cobot sends the browser from an address of its own. */
    const throughCobot = async (location: string | null) => {
      const cookie = cobot.loginCookie(cobotUserId)
      const answer = await cobot.handle(new Request(location ?? '', { headers: { cookie } }))
      return answer.headers.get('Location') ?? ''
    }
    const install = async (subdomain = 'harbour') => {
      const left = await ask(`/install?subdomain=${subdomain}`)
      return ask(await throughCobot(left.headers.get('Location')))
    }
    const connectSalto = async (allow = true) => {
      const left = await ask('/oauth/salto?subdomain=harbour')
      const back = await ks.signIn(left.headers.get('Location') ?? '', { ...OWNER, allow })
      return ask(back)
    }
    const post = (path: string, fields: Record<string, string>) =>
      ask(path, { method: 'POST', headers: { Origin: PUBLIC }, body: new URLSearchParams(fields) })
    const configure = async (site: string = siteId) =>
      post('/setup/site?subdomain=harbour', { siteId: site })
    const embed = async (asWhom = cobotUserId, subdomain = 'harbour', locale = 'en') => {
      const query = `cobot_embed=true&cobot_subdomain=${subdomain}&cobot_user_id=${asWhom}`
      const left = await ask(`/embed?${query}&cobot_locale=${locale}`)
      return left.status === 302 ? ask(await throughCobot(left.headers.get('Location'))) : left
    }
    return { ask, post, throughCobot, install, connectSalto, configure, embed, jar }
  }

  /** The space is set up, and an admin has the frame open: requests as htmx sends them. */
  const openFrame = async (locale = 'en') => {
    const admin = browser()
    await admin.install()
    await admin.connectSalto()
    await admin.configure()
    const page = await (await admin.embed(mara, 'harbour', locale)).text()
    const token = /name="session" content="([^"]+)"/.exec(page)?.[1] ?? ''
    const headers = { 'HX-Request': 'true', Authorization: `Bearer ${token}` }
    const get = (path: string) => app.request(path, { headers })
    const post = (path: string, fields: Record<string, string> | [string, string][] = {}) =>
      app.request(path, { method: 'POST', headers, body: new URLSearchParams(fields) })
    return { page, token, get, post }
  }

  const work = async () =>
    (await list(db.read, 'work', { spaceId })).map(({ task, subject, cause, priority }) => ({
      task,
      subject,
      cause,
      priority,
    }))

  return {
    app,
    cobot,
    ks,
    clock,
    deps,
    db,
    mara,
    spaceId,
    siteId,
    ownerId,
    calls,
    logged,
    browser,
    openFrame,
    work,
    woken: () => woken,
  }
}
