// Id tokens that somebody made: by every trick that is known, one is as good as the other.
import { inspect } from 'node:util'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createCobotOAuth } from '../../src/cobot/oauth.ts'
import { Refused } from '../../src/core/errors.ts'
import { virtualClock } from '../support/clock.ts'

describe('T12 an id token', async () => {
  const HOST = 'https://cobot.example'
  const iss = `${HOST}/spaces/harbour`
  const clock = virtualClock('2026-03-02T09:00:00Z')
  const now = Math.floor(clock.now().getTime() / 1000)
  const ours = await generateKeyPair('RS256', { extractable: true })
  const stranger = await generateKeyPair('RS256', { extractable: true })
  const curve = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'RS256' }
  const strangerJwk = await exportJWK(stranger.publicKey)
  const asked: string[] = []
  const answers: Record<string, object> = {
    [`${iss}/.well-known/openid-configuration`]: { issuer: iss, jwks_uri: `${iss}/jwks.json` },
    [`${HOST}/www/.well-known/openid-configuration`]: {
      issuer: `${HOST}/www`,
      jwks_uri: `${HOST}/www/jwks.json`,
    },
    [`${iss}/jwks.json`]: { keys: [jwk] },
    [`${HOST}/www/jwks.json`]: { keys: [] },
    // What a token may point to, and nobody may ask for.
    'https://evil.example/jwks.json': { keys: [{ ...strangerJwk, kid: 'k1' }] },
  }
  const oauth = createCobotOAuth(
    {
      clientId: 'client-1',
      clientSecret: 'secret-1',
      cobotUrl: `${HOST}/www`,
      spaceUrl: `${HOST}/spaces/{subdomain}`,
      apiUrl: `${HOST}/api2`,
    },
    {
      clock,
      fetch: async ({ url }) => {
        asked.push(url)
        return Response.json(answers[url] ?? {}, { status: answers[url] ? 200 : 404 })
      },
    },
  )
  const verify = (idToken: string) =>
    oauth.verifyIdToken({ idToken, subdomain: 'harbour', nonce: 'n', now: clock.now() })

  const good = { iss, aud: 'client-1', sub: 'u1', iat: now, exp: now + 600, nonce: 'n' }
  const rs = { alg: 'RS256', kid: 'k1' }
  const sign = (
    claims: object,
    header: object = rs,
    key: CryptoKey | Uint8Array = ours.privateKey,
  ) => new SignJWT({ ...good, ...claims }).setProtectedHeader(header as never).sign(key)
  const raw = (header: unknown, claims: unknown, signature = 'AAAA') =>
    [header, claims]
      .map((part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)))
      .map((part) => part.toString('base64url'))
      .concat(signature)
      .join('.')

  test.each([
    ['as it should be', {}],
    ['without a nonce', { nonce: undefined }],
    ['a minute after its end', { exp: now - 59 }],
    ['a minute before its start', { nbf: now + 59 }],
    ['for us among others', { aud: ['other', 'client-1'] }],
  ])('%s is accepted', async (_, claims) => {
    expect(await verify(await sign(claims))).toEqual({ cobotUserId: 'u1' })
  })

  const spki = Buffer.from(await crypto.subtle.exportKey('spki', ours.publicKey))
  const pem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----`
  const text = (value: string) => new TextEncoder().encode(value.padEnd(64, '\0'))
  const valid = await sign({})
  const [head = '', body = '', mac = ''] = valid.split('.')
  const forged: Record<string, () => Promise<string> | string> = {
    'alg none': () => new UnsecuredJWT(good).encode(),
    ...Object.fromEntries(
      ['none', 'None', 'NONE', 'nOnE', '', null, undefined, 0, ['RS256'], 'rs256', 'RS256 '].map(
        (alg) => [`alg ${JSON.stringify(alg)}`, () => raw({ alg, kid: 'k1' }, good, mac)],
      ),
    ),
    ...Object.fromEntries(
      [pem, jwk.n ?? '', 'secret-1', spki.toString('base64'), ''].flatMap((secret, n) =>
        ['HS256', 'HS384', 'HS512'].map((alg) => [
          `${alg} with something public, ${n}`,
          () => sign({}, { ...rs, alg }, text(secret)),
        ]),
      ),
    ),
    'ES256 with another key': () => sign({}, { ...rs, alg: 'ES256' }, curve.privateKey),
    'a key of somebody else': () => sign({}, rs, stranger.privateKey),
    'a key of somebody else, no kid': () => sign({}, { alg: 'RS256' }, stranger.privateKey),
    'a key that comes along': () => sign({}, { ...rs, jwk: strangerJwk }, stranger.privateKey),
    ...Object.fromEntries(
      ['jku', 'x5u'].map((name) => [
        `an address to fetch the key from, ${name}`,
        () => sign({}, { ...rs, [name]: 'https://evil.example/jwks.json' }, stranger.privateKey),
      ]),
    ),
    ...Object.fromEntries(
      [
        'k2',
        '',
        '../k1',
        "k1' or '1'='1",
        '/dev/null',
        'https://evil.example/jwks.json',
        '__proto__',
      ].map((kid) => [`kid ${kid}`, () => sign({}, { ...rs, kid }, stranger.privateKey)]),
    ),
    'a header that must be understood': () => raw({ ...rs, crit: ['b64'], b64: false }, good, mac),
    ...Object.fromEntries(
      [
        { exp: now - 61 },
        { exp: 0 },
        { exp: -1 },
        { exp: undefined },
        { exp: null },
        { exp: String(now + 600) },
        { exp: { valueOf: 1 } },
        { nbf: now + 61 },
        { nbf: 'tomorrow' },
        { aud: 'client-2' },
        { aud: '' },
        { aud: [] },
        { aud: undefined },
        { aud: { 'client-1': true } },
        { aud: 'client-1 ' },
        { aud: 'CLIENT-1' },
        { aud: ['client-10'] },
        { iss: 'https://evil.example' },
        { iss: `${iss}/` },
        { iss: `${iss}.evil.example` },
        { iss: `${HOST}/spaces/pier` },
        { iss: iss.replace('https', 'http') },
        { iss: undefined },
        { iss: [iss] },
        { sub: undefined },
        { nonce: 'other' },
        { nonce: '' },
        { nonce: null },
        { nonce: ['n'] },
        { nonce: 'N' },
      ].map((claims) => [inspect(claims), () => sign(claims)]),
    ),
    'signed for www with a key of the space': () => sign({ iss: `${HOST}/www` }),
    'other claims under a good signature': () =>
      [head, raw('', { ...good, sub: 'u2' }).split('.')[1], mac].join('.'),
    'another header under a good signature': () =>
      [raw({ ...rs, typ: 'x' }, '').split('.')[0], body, mac].join('.'),
    'no signature': () => `${head}.${body}.`,
    'two parts': () => `${head}.${body}`,
    'four parts': () => `${valid}.x`,
    'half a signature': () => `${head}.${body}.${mac.slice(0, 100)}`,
    'a signature and more': () => `${valid}AAAA`,
    'a signature with one bit changed': () =>
      `${head}.${body}.${mac[0] === 'A' ? 'B' : 'A'}${mac.slice(1)}`,
    nothing: () => '',
    dots: () => '..',
    'no JSON': () => raw('x', 'y'),
    'JSON that is no object': () => raw('[]', '"x"'),
    'very long': () => `${'A'.repeat(100_000)}.${body}.${mac}`,
    'very deep': () => raw(rs, '['.repeat(10_000)),
    encrypted: () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAA',
    'with a blank before it': () => `Bearer ${valid}`,
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `with byte ${n * 37} changed`,
        () => {
          const at = (n * 37) % (head.length + body.length)
          return valid.slice(0, at) + (valid[at] === 'A' ? 'B' : 'A') + valid.slice(at + 1)
        },
      ]),
    ),
  }

  test('of a hundred and twenty forged ones none is accepted, and none leads us anywhere', async () => {
    expect(Object.keys(forged).length).toBeGreaterThanOrEqual(120)
    for (const [what, make] of Object.entries(forged)) {
      const outcome = await verify(await make()).catch((error: unknown) => error)
      expect([what, outcome]).toEqual([what, expect.any(Refused)])
    }
    expect(asked.filter((url) => !url.startsWith(HOST))).toEqual([])
  })
})
