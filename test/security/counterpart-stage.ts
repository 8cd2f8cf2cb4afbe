// The add-on between two real providers, one in the place of Cobot and one in that of SALTO, all in the
// same moment of the same clock.
import { vi } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { createApp } from '../../src/app.ts'
import { createCobotOAuth } from '../../src/cobot/oauth.ts'
import { sealContext } from '../../src/connections/cobot.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { saltoOf } from '../../src/connections/salto.ts'
import type { Side } from '../../src/core/errors.ts'
import { asId, type SpaceId } from '../../src/core/ids.ts'
import { list, one } from '../../src/db/store.ts'
import { createWorld, PUBLIC } from '../http/world.ts'
import { createCounterpart, PERSON, SPACE } from './counterpart.ts'

export const FRAME = `/embed?cobot_subdomain=harbour&cobot_user_id=${PERSON}`
export const SALTO = '/oauth/salto?subdomain=harbour'
const spaceId = asId<SpaceId>(SPACE.id)
const codeVerifier = 'v'.repeat(43)
const redirectUri = PUBLIC + manifest.paths.cobotCallback

export const createStage = async (alg = 'RS256') => {
  const world = await createWorld()
  const { clock, db } = world
  const { crypt } = world.deps
  // A provider has no clock that could be set: it reads this one.
  vi.useFakeTimers({ toFake: ['Date'], now: clock.now() })
  const cobot = await createCounterpart('cobot', alg)
  const salto = await createCounterpart('salto')
  const config: Deps['config'] = {
    ...world.deps.config,
    cobot: {
      ...cobot.client,
      cobotUrl: cobot.origin,
      apiUrl: `${cobot.origin}/api2`,
      spaceUrl: `${cobot.origin}/spaces/{subdomain}`,
    },
    salto: { ...salto.client, apiUrl: salto.origin, identityUrl: salto.origin, appUrl: '' },
  }
  const whose = (url: string) => (url.startsWith(salto.origin) ? salto : cobot)
  const ports = {
    ...world.deps.ports,
    fetch: (request: Request) => whose(request.url).fetch(request),
  }
  const deps: Deps = { ...world.deps, config, ports }
  const app = createApp({ ...deps, wake: () => {}, ready: async () => true })
  const jar = new Map<string, string>()
  const ask = async (path: string) => {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const answer = await app.request(path.replace(PUBLIC, ''), { headers: { cookie } })
    for (const each of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? []
      jar.set(name, value)
    }
    return answer
  }
  /** To the provider and back, up to the answer that we have not seen yet. */
  const leave = async (path: string, how = {}) => {
    const away = (await ask(path)).headers.get('location') ?? ''
    return whose(away).signIn(away, how)
  }

  const oauth = createCobotOAuth(config.cobot, ports)
  const nonce = 'our-nonce'
  /** A sign-in by the client alone, up to the code that nobody has swapped yet. */
  const signIn = async (by = oauth, change = (_: URL) => {}) => {
    const scopes = manifest.cobot.frameScopes
    const request = { subdomain: 'harbour', redirectUri, scopes, state: 'st', codeVerifier, nonce }
    const away = new URL(await by.authorizationUrl(request))
    change(away)
    const { searchParams } = await cobot.signIn(away.href)
    const swap = { code: searchParams.get('code') ?? '', codeVerifier, redirectUri }
    return { answer: Object.fromEntries(searchParams), swap }
  }

  return {
    cobot,
    salto,
    deps,
    oauth,
    ask,
    leave,
    signIn,
    install: async () => ask((await leave('/install?subdomain=harbour')).href),
    connect: async () => ask((await leave(SALTO)).href),
    listSites: () => saltoOf(deps, spaceId).listSites(),
    idToken: async (by = oauth) => (await by.swapCode((await signIn(by)).swap)).idToken ?? '',
    verify: (idToken: string, expected = nonce) =>
      oauth.verifyIdToken({ idToken, subdomain: 'harbour', nonce: expected, now: clock.now() }),
    tokenOf: async (side: Side, what: 'access' | 'refresh') => {
      const row = await one(db.read, 'connections', { spaceId, side })
      return crypt.open(row?.[`${what}Sealed`] ?? '', sealContext(side, what, spaceId))
    },
    /** All that an answer could have changed. */
    gained: async () => {
      const names = ['connections', 'sessions', 'spaces'] as const
      return JSON.stringify(await Promise.all(names.map((name) => list(db.read, name, {}))))
    },
    pass: async (ms: number) => {
      await clock.advance(ms)
      vi.setSystemTime(clock.now())
    },
    close: () => {
      for (const each of [cobot, salto]) each.close()
      vi.useRealTimers()
    },
  }
}
