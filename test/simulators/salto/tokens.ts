// Tokens of the identity server: signed for looks, remembered for truth.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Random } from '../../../src/core/ports.ts'
import type { Person, State } from './state.ts'

const REFRESH_TOKEN_MS = 15 * 24 * 3_600_000

/** One consent; every token of it dies with it. */
type Grant = { clientId: string; saltoUserId: string; scope: string; authenticatedAt: number }

export type TokenResponse = {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  scope: string
  id_token?: string
  refresh_token?: string
}

/** One pair for the process: making one takes longer than most tests. */
let pair: ReturnType<typeof generateKeyPair> | undefined
const keyPair = () => {
  pair ??= generateKeyPair('RS256')
  return pair
}

export const publicKey = async () => ({
  ...(await exportJWK((await keyPair()).publicKey)),
  kid: 'played-locally',
  use: 'sig',
  alg: 'RS256',
})

export const createTokens = (state: State, random: Random, issuer: string) => {
  const accessTokens = new Map<string, { grant: Grant; expiresAt: number }>()
  const refreshTokens = new Map<string, { grant: Grant; expiresAt: number; spent: boolean }>()
  const dead = new Set<Grant>()
  let lifetimeSeconds = 3600

  const sign = async (type: string, audience: string, grant: Grant, claims: object) => {
    const iat = Math.floor(state.now() / 1000)
    return new SignJWT({
      ...claims,
      iss: issuer,
      aud: audience,
      sub: personOf(grant).subject,
      client_id: grant.clientId,
      auth_time: grant.authenticatedAt,
      amr: ['password'],
      idp: 'local',
      iat,
      nbf: iat,
      exp: iat + lifetimeSeconds,
    })
      .setProtectedHeader({ alg: 'RS256', typ: type, kid: 'played-locally' })
      .sign((await keyPair()).privateKey)
  }

  const personOf = (grant: Grant): Person => {
    const person = state.people.get(grant.saltoUserId)
    if (!person) throw new Error('a token for nobody')
    return person
  }

  const issue = async (grant: Grant): Promise<TokenResponse> => {
    const scopes = grant.scope.split(' ')
    const accessToken = await sign('at+jwt', 'user_api', grant, {
      scope: scopes,
      jti: state.newId(),
      identity_id: personOf(grant).subject,
      tenant_id: '00000000-0000-4000-8000-000000000001',
      product_id: '00000000-0000-4000-8000-000000000002',
      skip_email: 'false',
    })
    accessTokens.set(accessToken, { grant, expiresAt: state.now() + lifetimeSeconds * 1000 })
    const response: TokenResponse = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      scope: grant.scope,
    }
    if (scopes.includes('openid')) {
      response.id_token = await sign('JWT', grant.clientId, grant, {})
    }
    if (scopes.includes('offline_access')) {
      response.refresh_token = Buffer.from(random.bytes(32)).toString('hex').toUpperCase()
      refreshTokens.set(response.refresh_token, {
        grant,
        expiresAt: state.now() + REFRESH_TOKEN_MS,
        spent: false,
      })
    }
    return response
  }

  /** New tokens for a refresh token, which is then spent; null when it is not good any more. */
  const refresh = async (refreshToken: string, clientId: string) => {
    const known = refreshTokens.get(refreshToken)
    if (!known || known.grant.clientId !== clientId || dead.has(known.grant)) return null
    if (known.spent && state.switches.reuseRevokesFamily) dead.add(known.grant)
    if (known.spent || known.expiresAt <= state.now()) return null
    known.spent = true
    return issue(known.grant)
  }

  return {
    kept: { accessTokens, refreshTokens, dead },
    issue,
    refresh,
    /** The grant behind an access token that is still good. */
    find: (accessToken: string) => {
      const known = accessTokens.get(accessToken)
      if (!known || known.expiresAt <= state.now() || dead.has(known.grant)) return null
      return state.people.has(known.grant.saltoUserId) ? known.grant : null
    },
    revoke: (token: string, clientId: string) => {
      const known = refreshTokens.get(token) ?? accessTokens.get(token)
      if (known?.grant.clientId === clientId) dead.add(known.grant)
    },
    revokeAll: () => {
      for (const { grant } of [...accessTokens.values(), ...refreshTokens.values()]) dead.add(grant)
    },
    setLifetime: (seconds: number) => {
      lifetimeSeconds = seconds
    },
  }
}

export type Tokens = ReturnType<typeof createTokens>
