// How an admin's permission becomes a token of ours, and how we know who looks at a page.
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, errors as jose, jwtVerify } from 'jose'
import { OAuth2Client } from 'oslo/oauth2'
import { z } from 'zod'
import { ReconnectNeeded, Refused } from '../core/errors.ts'
import { asId, type CobotUserId, type SpaceId } from '../core/ids.ts'
import type { Ports, Random } from '../core/ports.ts'
import { type Call, createVerbs, createWire, orNull404, path, remember } from '../wire.ts'
import * as assumed from './assumed.ts'
import * as parse from './parse.ts'
import { type CobotSettings, spaceUrlOf } from './settings.ts'

const DISCOVERY_MS = 60 * 60_000
const KEYS_MS = 10 * 60_000
/** An unknown key asks for a fresh list, but not more often than this. */
const KEYS_COOLDOWN_MS = 30_000
const LEEWAY_SECONDS = 60

const tokens = z.object({ accessToken: z.string(), idToken: z.string().optional() })
const spaceToken = z.object({ token: z.string(), clientId: z.string() })
const discovery = z.object({ issuer: z.string(), jwksUri: z.string() })
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })

/** A state, nonce, key or PKCE verifier nobody can guess, in base64url. */
export const newSecret = (random: Random, bytes = 32): string =>
  Buffer.from(random.bytes(bytes)).toString('base64url')

export const createCobotOAuth = (
  settings: CobotSettings,
  ports: Pick<Ports, 'fetch' | 'clock'>,
) => {
  const wire = createWire({ side: 'cobot', ports })
  const { clientId, clientSecret, cobotUrl } = settings

  const askAs = (accessToken?: string) => async (call: Call) => {
    const bearer = accessToken ? { authorization: `Bearer ${accessToken}` } : {}
    return (await wire({ ...call, headers: { accept: 'application/json', ...bearer } })).body
  }
  const as = (accessToken: string) => createVerbs('cobot', askAs(accessToken))
  const { read, get } = createVerbs('cobot', askAs())

  const discover = remember(ports.clock, (host) =>
    get('OpenID discovery', discovery, `${host}/.well-known/openid-configuration`),
  )
  const keysAt = remember(ports.clock, async (url) =>
    createLocalJWKSet((await get('OpenID keys', keySet, url)) as JSONWebKeySet),
  )
  const tokenUrl = (accessToken: string) => `${cobotUrl}${path`/api/access_tokens/${accessToken}`}`

  return {
    discover: () => discover(cobotUrl, DISCOVERY_MS),

    /** On the space's own host: only there is the admin logged in, and may the frame go. */
    authorizationUrl: async (request: {
      subdomain: string
      redirectUri: string
      scopes: string[]
      state: string
      codeVerifier: string
      nonce?: string
    }): Promise<string> => {
      const { subdomain, redirectUri: redirectURI, nonce, ...rest } = request
      const authorize = `${spaceUrlOf(settings, subdomain)}/oauth/authorize`
      const client = new OAuth2Client(clientId, authorize, '', { redirectURI })
      const url = await client.createAuthorizationURL(rest)
      if (nonce) url.searchParams.set('nonce', nonce)
      return url.href
    },

    swapCode: async (answer: { code: string; codeVerifier: string; redirectUri: string }) => {
      const form = {
        grant_type: 'authorization_code',
        client_id: clientId,
        client_secret: clientSecret,
        code: answer.code,
        code_verifier: answer.codeVerifier,
        redirect_uri: answer.redirectUri,
      }
      const url = `${cobotUrl}/oauth/access_token`
      const found = await read(tokens, { name: 'swap code', method: 'POST', url, form })
      return { accessToken: found.accessToken, idToken: found.idToken ?? null }
    },

    /** Who signed in, or `Refused` when the token is not Cobot's, not for us, or not for now. */
    verifyIdToken: async (claim: {
      idToken: string
      subdomain: string
      nonce: string | null
      now: Date
    }): Promise<{ cobotUserId: CobotUserId }> => {
      const { idToken, subdomain, nonce, now } = claim
      try {
        const { iss } = decodeJwt(idToken)
        const hosts = { space: spaceUrlOf(settings, subdomain), www: cobotUrl }
        for (const host of assumed.ID_TOKEN_ISSUERS) {
          const { issuer, jwksUri } = await discover(hosts[host], DISCOVERY_MS)
          if (issuer !== iss) continue
          const verify = async (keysMs: number) =>
            jwtVerify(idToken, await keysAt(jwksUri, keysMs), {
              algorithms: ['RS256'],
              issuer,
              audience: clientId,
              currentDate: now,
              clockTolerance: LEEWAY_SECONDS,
              requiredClaims: ['exp', 'sub'],
            })
          const { payload } = await verify(KEYS_MS).catch((error: unknown) => {
            if (error instanceof jose.JWKSNoMatchingKey) return verify(KEYS_COOLDOWN_MS)
            throw error
          })
          if (!assumed.isNonceAccepted(payload.nonce, nonce)) throw notAccepted('nonce')
          return { cobotUserId: asId(payload.sub ?? '') }
        }
        throw notAccepted('issuer')
      } catch (error) {
        // jose's errors carry the claims; only their code goes on.
        throw error instanceof jose.JOSEError ? notAccepted(error.code) : error
      }
    },

    getUser: (accessToken: string) =>
      as(accessToken).get('get user', parse.cobotUser, `${cobotUrl}/api/user`),

    getSpace: (subdomain: string) =>
      orNull404(get('get space', parse.space, `${cobotUrl}${path`/api/spaces/${subdomain}`}`)),

    /** A token that outlives the admin who gave the permission. */
    exchangeForSpaceToken: async (request: { accessToken: string; spaceId: SpaceId }) => {
      const { accessToken, spaceId } = request
      const name = 'exchange for space token'
      const url = `${tokenUrl(accessToken)}/space`
      const found = await as(accessToken).create(name, spaceToken, url, { space_id: spaceId })
      if (found.clientId === clientId) return found.token
      throw new Refused('cobot', 403, 'client_id', `${name}: it belongs to another client`)
    },

    revokeToken: (accessToken: string): Promise<void> =>
      as(accessToken)
        .remove('revoke token', tokenUrl(accessToken))
        .catch((error: unknown) => {
          if (!(error instanceof ReconnectNeeded)) throw error // else: revoked already
        }),
  }
}

const notAccepted = (code: string) =>
  new Refused('cobot', 403, code, `id token: not accepted (${code})`)
