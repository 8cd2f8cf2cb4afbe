// How an admin of a site lets us in, and how the permission is kept alive. Refresh tokens are used up
// by every refresh: whoever refreshes must store the new pair before using it.
import { OAuth2Client } from 'oslo/oauth2'
import { z } from 'zod'
import { ReconnectNeeded, Refused, Unavailable } from '../core/errors.ts'
import type { Ports } from '../core/ports.ts'
import { createWire, readAs, remember } from '../wire.ts'
import { CLIENT_REFUSED } from './assumed.ts'
import type { SaltoSettings } from './settings.ts'

export type Tokens = { accessToken: string; refreshToken: string | null; expiresAt: Date }

const DISCOVERY_MS = 60 * 60_000

const endpoints = z.object({
  authorizationEndpoint: z.string(),
  tokenEndpoint: z.string(),
  revocationEndpoint: z.string().nullish(),
})
const tokenAnswer = z.object({
  accessToken: z.string(),
  refreshToken: z.string().nullish(),
  expiresIn: z.number(),
})

export const createSaltoOAuth = (
  settings: SaltoSettings,
  ports: Pick<Ports, 'fetch' | 'clock'>,
) => {
  const wire = createWire({ side: 'salto', ports })
  const { clientId, clientSecret, identityUrl } = settings
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const headers = { authorization: `Basic ${btoa(credentials)}`, accept: 'application/json' }

  const readEndpoints = remember(ports.clock, async (url) => {
    const name = 'OpenID discovery'
    return readAs('salto', name, endpoints, (await wire({ name, url })).body)
  })
  const discover = () =>
    readEndpoints(`${identityUrl}/.well-known/openid-configuration`, DISCOVERY_MS)

  const post = (name: string, url: string, form: Record<string, string>) =>
    wire({ name, method: 'POST', url, headers, form }).catch((error: unknown) => {
      // Our own client is refused: no admin can cure that by connecting again.
      const byCode = error instanceof Refused && error.code === CLIENT_REFUSED
      if (!byCode && !(error instanceof ReconnectNeeded)) throw error
      throw new Unavailable('salto', `${name}: our client id or secret is not accepted`)
    })

  const getTokens = async (name: string, form: Record<string, string>): Promise<Tokens> => {
    const { tokenEndpoint } = await discover()
    const askedMs = ports.clock.now().getTime()
    const answer = await post(name, tokenEndpoint, form)
    const found = readAs('salto', name, tokenAnswer, answer.body)
    return {
      accessToken: found.accessToken,
      refreshToken: found.refreshToken ?? null,
      expiresAt: new Date(askedMs + found.expiresIn * 1000),
    }
  }

  return {
    discover,

    authorizationUrl: async (request: {
      redirectUri: string
      state: string
      codeVerifier: string
      scopes: string[]
    }): Promise<string> => {
      const { authorizationEndpoint } = await discover()
      const { redirectUri: redirectURI, ...rest } = request
      const client = new OAuth2Client(clientId, authorizationEndpoint, '', { redirectURI })
      const url = await client.createAuthorizationURL(rest)
      // OpenID: without it `offline_access` may be ignored, and nothing could be refreshed.
      url.searchParams.set('prompt', 'consent')
      return url.href
    },

    swapCode: (answer: { code: string; codeVerifier: string; redirectUri: string }) =>
      getTokens('swap code', {
        grant_type: 'authorization_code',
        code: answer.code,
        code_verifier: answer.codeVerifier,
        redirect_uri: answer.redirectUri,
      }),

    refresh: (refreshToken: string) =>
      getTokens('refresh', { grant_type: 'refresh_token', refresh_token: refreshToken }).catch(
        (error: unknown) => {
          if (error instanceof Refused && error.code === 'invalid_grant')
            throw new ReconnectNeeded('salto', 'refresh: our permission was not accepted')
          throw error
        },
      ),

    revoke: async (refreshToken: string): Promise<void> => {
      const { revocationEndpoint } = await discover()
      const form = { token: refreshToken, token_type_hint: 'refresh_token' }
      if (revocationEndpoint) await post('revoke', revocationEndpoint, form)
    },
  }
}
