import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newSecret } from '../../src/cobot/oauth.ts'
import { Refused, Unavailable } from '../../src/core/errors.ts'
import { asId } from '../../src/core/ids.ts'
import { seededRandom } from '../support/clock.ts'
import { createWorld, ORIGIN, REDIRECT, SUBDOMAIN, settings } from './world.ts'

let world: ReturnType<typeof createWorld>
beforeEach(() => {
  world = createWorld()
  world.server.listen({ onUnhandledFrame: 'error' })
})
afterEach(() => world.server.close())

const codeVerifier = newSecret(seededRandom(1))
const SPACE = `${ORIGIN}/spaces/${SUBDOMAIN}`

/** Goes to Cobot as Mara, who has allowed it before, and comes back with a code. */
const authorize = async (scopes: string[]) => {
  const { oauth, cobot, mara } = world
  const url = await oauth.authorizationUrl({
    subdomain: SUBDOMAIN,
    redirectUri: REDIRECT,
    scopes,
    state: 'st',
    codeVerifier,
    nonce: 'no',
  })
  expect(url).toMatch(`${SPACE}/oauth/authorize?`)
  cobot.approve(mara, settings.clientId, scopes)
  const headers = { cookie: cobot.loginCookie(mara) }
  const response = await cobot.handle(new Request(url, { headers }))
  const back = new URL(response.headers.get('location')!)
  expect(back.searchParams.get('state')).toBe('st')
  return back.searchParams.get('code')!
}

const signIn = async (scopes = ['openid', 'read_user']) => {
  const code = await authorize(scopes)
  return world.oauth.swapCode({ code, codeVerifier, redirectUri: REDIRECT })
}

const verify = (idToken: string, change: { nonce?: string | null; now?: Date } = {}) =>
  world.oauth.verifyIdToken({
    idToken,
    subdomain: SUBDOMAIN,
    nonce: 'no',
    now: world.clock.now(),
    ...change,
  })

test('secrets are long, url-safe and come from the port', () => {
  const random = seededRandom(3)
  const [first, second] = [newSecret(random), newSecret(random, 16)]
  expect(first).toMatch(/^[\w-]{43}$/)
  expect(second).toMatch(/^[\w-]{22}$/)
  expect(newSecret(seededRandom(3))).toBe(first)
})

test('an admin installs: code, user, space, space token, revoking the own one', async () => {
  const { oauth, mara, spaceId, cobot } = world
  const scopes = ['read_user', 'read_spaces', 'navigation']
  const { accessToken, idToken } = await signIn(scopes)
  expect(idToken).toBeNull()
  expect(await oauth.getUser(accessToken)).toMatchObject({
    cobotUserId: mara,
    email: 'mara@harbour.example',
    adminOf: [{ subdomain: SUBDOMAIN }],
  })
  expect(await oauth.getSpace(SUBDOMAIN)).toEqual({
    spaceId,
    subdomain: SUBDOMAIN,
    name: 'Harbour Hub',
    timeZone: 'Europe/Berlin',
    locale: 'de-DE',
    hourFormat: 24,
  })
  expect(await oauth.getSpace('nowhere')).toBeNull()
  const before = cobot.tokens().length
  const spaceToken = await oauth.exchangeForSpaceToken({ accessToken, spaceId: asId(spaceId) })
  expect(spaceToken).not.toBe(accessToken)
  expect(cobot.tokens()).toHaveLength(before + 1)
  await oauth.revokeToken(accessToken)
  await oauth.revokeToken(accessToken)
  expect(cobot.tokens()).toHaveLength(before)
})

test('a code counts once, and only with its verifier', async () => {
  const code = await authorize(['read_user'])
  const swap = (verifier: string) =>
    world.oauth.swapCode({ code, codeVerifier: verifier, redirectUri: REDIRECT })
  const error: unknown = await swap('wrong-verifier').catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'invalid_grant' })
  expect(String(error)).not.toMatch(new RegExp(`${code}|${settings.clientSecret}`))
  await expect(swap(codeVerifier)).rejects.toBeInstanceOf(Refused)
})

test('a space token of another client is refused', async () => {
  world.server.use(
    http.post(`${ORIGIN}/www/api/access_tokens/*`, () =>
      HttpResponse.json({ token: 'stolen', client_id: 'another', scope: [] }),
    ),
  )
  const request = { accessToken: 'a', spaceId: asId<never>('s') }
  await expect(world.oauth.exchangeForSpaceToken(request)).rejects.toBeInstanceOf(Refused)
})

describe('who signed in', () => {
  test.each(['space', 'www'] as const)('an id token of the %s is verified', async (issuer) => {
    world.cobot.setIssuer(issuer)
    const { idToken } = await signIn()
    expect(await verify(idToken!)).toEqual({ cobotUserId: world.mara })
  })

  test('also after the key changed, once the cool-down is over', async () => {
    const { cobot, clock } = world
    await verify((await signIn()).idToken!)
    await cobot.rotateKey()
    const { idToken } = await signIn()
    await expect(verify(idToken!)).rejects.toBeInstanceOf(Refused)
    await clock.advance(31_000)
    expect(await verify(idToken!)).toEqual({ cobotUserId: world.mara })
  })

  test('not with another nonce, and not after its time', async () => {
    const { idToken } = await signIn()
    await expect(verify(idToken!, { nonce: 'other' })).rejects.toBeInstanceOf(Refused)
    const inTime = new Date(world.clock.now().getTime() + 650_000)
    expect(await verify(idToken!, { now: inTime })).toEqual({ cobotUserId: world.mara })
    const late = new Date(world.clock.now().getTime() + 670_000)
    await expect(verify(idToken!, { now: late })).rejects.toBeInstanceOf(Refused)
  })

  test('of another host than the one that was asked: refused', async () => {
    const { cobot, mara } = world
    cobot.addSpace({ subdomain: 'pier', name: 'Pier', timeZone: 'Europe/Berlin', ownerId: mara })
    cobot.setIssuer('space')
    const { idToken } = await signIn()
    const claim = { idToken: idToken!, subdomain: 'pier', nonce: 'no', now: world.clock.now() }
    await expect(world.oauth.verifyIdToken(claim)).rejects.toBeInstanceOf(Refused)
  })

  test('not while Cobot cannot be asked for its keys', async () => {
    const { idToken } = await signIn()
    world.cobot.addFault({ path: 'jwks', status: 502, times: 1 })
    await expect(verify(idToken!)).rejects.toBeInstanceOf(Unavailable)
    expect(await verify(idToken!)).toEqual({ cobotUserId: world.mara })
  })

  describe('by a token made by hand', () => {
    let keys: CryptoKeyPair
    let strangers: CryptoKeyPair
    beforeAll(async () => {
      keys = await generateKeyPair('RS256')
      strangers = await generateKeyPair('RS256')
    })
    beforeEach(async () => {
      const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }
      world.server.use(http.get(`${SPACE}/jwks.json`, () => HttpResponse.json({ keys: [jwk] })))
    })

    const seconds = () => world.clock.now().getTime() / 1000
    const forge = (
      claims: Record<string, unknown>,
      header: { alg: string; kid: string } = { alg: 'RS256', kid: 'k1' },
      key: CryptoKey | Uint8Array = keys.privateKey,
    ) => {
      const good = { iss: SPACE, aud: settings.clientId, sub: 'u1', exp: seconds() + 60 }
      return new SignJWT({ ...good, ...claims }).setProtectedHeader(header).sign(key)
    }

    const expectRefused = async (idToken: string) => {
      world.cobot.setIssuer('space')
      const error: unknown = await verify(idToken).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(Refused)
      expect(String(error)).not.toContain(idToken)
      expect((error as Error).cause).toBeUndefined()
    }

    test('that is right: accepted, with or without nonce', async () => {
      world.cobot.setIssuer('space')
      expect(await verify(await forge({}))).toEqual({ cobotUserId: 'u1' })
      expect(await verify(await forge({ nonce: 'no' }))).toEqual({ cobotUserId: 'u1' })
    })

    test.each([
      ['for another client', { aud: 'another' }],
      ['from another issuer', { iss: 'https://evil.example' }],
      ['that is over', { exp: 1 }],
      ['without an end', { exp: undefined }],
      ['about nobody', { sub: undefined }],
      ['with another nonce', { nonce: 'other' }],
    ])('%s: refused', async (_, claims) => expectRefused(await forge(claims)))

    test('with a key of somebody else: refused', async () => {
      await expectRefused(await forge({}, undefined, strangers.privateKey))
      await expectRefused(await forge({}, { alg: 'RS256', kid: 'k2' }, strangers.privateKey))
    })

    test('with another algorithm, or none: refused', async () => {
      const secret = new TextEncoder().encode(settings.clientSecret.padEnd(32, '0'))
      await expectRefused(await forge({}, { alg: 'HS256', kid: 'k1' }, secret))
      const [, payload] = (await forge({})).split('.')
      await expectRefused(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`)
      await expectRefused('no token at all')
    })
  })
})
