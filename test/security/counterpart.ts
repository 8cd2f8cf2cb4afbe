// A real OpenID provider on this machine, in the place of Cobot or of SALTO's identity server. What no
// standard knows is played around it: Cobot's users, spaces and space tokens, and SALTO's list of sites.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js'
import manifest from '../../manifest.json' with { type: 'json' }
import type { Side } from '../../src/core/errors.ts'
import { PUBLIC } from '../http/world.ts'

export const PERSON = 'mara'
export const SPACE = {
  id: 'space-1',
  subdomain: 'harbour',
  name: 'Harbour Hub',
  time_zone_name: 'Europe/Berlin',
  locale: 'en-GB',
  hour_format: 24,
}
/** Signs that have to be escaped in a header and in a form. */
const clientOf = (side: Side) => ({
  clientId: `add-on:${side}`,
  clientSecret: `${side} secret/+%&=:~${'x'.repeat(32)}`,
})

/** In seconds. Tokens of Cobot have no end. */
const lives = {
  AuthorizationCode: 60,
  IdToken: 600,
  Interaction: 600,
  Session: 3600,
  RefreshToken: 15 * 24 * 3600,
  Grant: 365 * 24 * 3600,
}

type Owned = { clientId: string }

const dialects = {
  cobot: {
    grants: ['authorization_code'],
    method: 'client_secret_post',
    redirect: manifest.paths.cobotCallback,
    scopes: [...manifest.cobot.installScopes, ...manifest.cobot.frameScopes],
    routes: { authorization: '/oauth/authorize', token: '/oauth/access_token', jwks: '/jwks.json' },
  },
  salto: {
    grants: ['authorization_code', 'refresh_token'],
    method: 'client_secret_basic',
    redirect: manifest.paths.saltoCallback,
    scopes: manifest.salto.scopes,
    routes: { authorization: '/connect/authorize', token: '/connect/token' },
  },
}

const keys = async (alg: string, kid: string) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return [{ ...(await exportJWK(privateKey)), kid, alg, use: 'sig' }]
}
const first = new Map<string, ReturnType<typeof keys>>()

export const createCounterpart = async (side: Side, alg = 'RS256') => {
  const { grants, method, redirect, scopes, routes } = dialects[side]
  const client = clientOf(side)
  const server = createServer((req, res) => void answer(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  /** What our clients said, in addresses and in forms. */
  const said: { address: string; form: URLSearchParams }[] = []
  let allows = true

  const start = (jwks: object[]) => {
    const ours = {
      redirect_uris: [PUBLIC + redirect],
      grant_types: grants,
      response_types: ['code'],
      client_secret: client.clientSecret,
      token_endpoint_auth_method: method,
      id_token_signed_response_alg: alg,
    }
    const provider = new Provider(origin, {
      clients: [
        { ...ours, client_id: client.clientId },
        { ...ours, client_id: 'somebody-else' },
      ],
      jwks: { keys: jwks },
      scopes,
      routes,
      rotateRefreshToken: true,
      pkce: { required: () => true },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'HS256'] },
      adapter: class extends MemoryAdapter {},
      features: {
        devInteractions: { enabled: false },
        revocation: {
          enabled: true,
          allowedPolicy: (_: unknown, by: Owned, token: Owned) => by.clientId === token.clientId,
        },
      },
      ttl: { ...lives, AccessToken: side === 'cobot' ? lives.Grant : 3600 },
      expiresWithSession: () => false,
      cookies: { keys: ['only for tests'] },
      findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    })
    return { provider, handle: provider.callback() }
  }
  const kindOfKey = alg === 'HS256' ? 'RS256' : alg
  if (!first.has(kindOfKey)) first.set(kindOfKey, keys(kindOfKey, 'k1'))
  let now = start((await first.get(kindOfKey)) ?? [])

  /** Login and consent in one: the person is there, and presses a button. */
  const decide = async (req: IncomingMessage, res: ServerResponse) => {
    const { provider } = now
    if (!allows) return provider.interactionFinished(req, res, { error: 'access_denied' })
    const { params } = await provider.interactionDetails(req, res)
    const grant = new provider.Grant({ accountId: PERSON, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    const consent = { grantId: await grant.save() }
    return provider.interactionFinished(req, res, { login: { accountId: PERSON }, consent })
  }

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    // Every space has its own host at Cobot; all of them are the one issuer.
    req.url = (req.url ?? '').replace(/^\/spaces\/harbour/, '')
    const path = req.url.replace(/\?.*/, '')
    if (path.startsWith('/interaction/')) return decide(req, res)
    if (!/^\/(api|v1)/.test(path)) return now.handle(req, res)
    const found = await beyond(req, path)
    res.statusCode = found === undefined ? 401 : 200
    res.setHeader('content-type', 'application/json')
    res.end(found ? JSON.stringify(found) : '')
  }

  const beyond = async (req: IncomingMessage, path: string) => {
    const { AccessToken, Client } = now.provider
    if (path === `/api/spaces/${SPACE.subdomain}`) return SPACE
    const bearer = await AccessToken.find(req.headers.authorization?.slice(7) ?? '')
    if (!bearer) return undefined
    if (path.startsWith('/v1')) return { items: [], next_page_link: null, count: 0 }
    if (path === '/api/user') {
      const admin = { space_subdomain: SPACE.subdomain, name: 'Mara' }
      return { id: bearer.accountId, email: 'mara@harbour.example', admin_of: [admin] }
    }
    if (req.method === 'DELETE') {
      await bearer.destroy()
      return ''
    }
    const { accountId, grantId, scope, clientId } = bearer
    const of = { accountId, grantId, scope, client: await Client.find(clientId) }
    const token = await new AccessToken({ ...of, gty: 'authorization_code' }).save()
    return { token, client_id: clientId, scope: scope.split(' ') }
  }

  return {
    origin,
    client,
    said,
    /** The port our clients ask through. */
    fetch: async (request: Request) => {
      const text = request.method === 'POST' ? await request.clone().text() : ''
      said.push({ address: request.url, form: new URLSearchParams(text) })
      return fetch(request)
    },
    /** A browser at the provider: from an address there to the answer for us. */
    signIn: async (url: string, { allow = true } = {}): Promise<URL> => {
      allows = allow
      const jar = new Map<string, string>()
      let at = new URL(url)
      while (at.origin === origin) {
        const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
        const { headers, status } = await fetch(at, { redirect: 'manual', headers: { cookie } })
        for (const each of headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? []
          jar.set(name, value)
        }
        const next = headers.get('location')
        if (!next) throw new Error(`the provider stops with ${status}`)
        at = new URL(next, at)
      }
      return at
    },
    /** From now on it signs with another key, and publishes no other. */
    rotate: async (kid: string) => {
      now = start(await keys(kindOfKey, kid))
    },
    accessToken: (value: string) => now.provider.AccessToken.find(value),
    refreshToken: (value: string) => now.provider.RefreshToken.find(value),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
