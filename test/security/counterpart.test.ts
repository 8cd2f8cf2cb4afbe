// Both of our OAuth clients against a provider that others wrote, on this machine: what it accepts, and
// what of it we refuse. What only Cobot knows (space tokens, users) is played around it.
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { createCobotOAuth } from '../../src/cobot/oauth.ts'
import { revokePermissions } from '../../src/connections/leave.ts'
import { ReconnectNeeded, Refused } from '../../src/core/errors.ts'
import { asId } from '../../src/core/ids.ts'
import { createSaltoOAuth } from '../../src/salto/oauth.ts'
import { PUBLIC } from '../http/world.ts'
import { PERSON, SPACE } from './counterpart.ts'
import { createStage, FRAME, SALTO } from './counterpart-stage.ts'

const open: Awaited<ReturnType<typeof createStage>>[] = []
const addStage = async (alg?: string) => {
  const made = await createStage(alg)
  open.push(made)
  return made
}
let stage: Awaited<ReturnType<typeof createStage>>
beforeEach(async () => {
  stage = await addStage()
})
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

test('an admin installs, opens the frame and connects SALTO', async () => {
  const { cobot, salto } = stage
  expect((await stage.install()).headers.get('location')).toBe('/setup?subdomain=harbour')
  const shown = await stage.ask((await stage.leave(FRAME)).href)
  expect([shown.status, await shown.text()]).toEqual([200, expect.stringMatching('name="session"')])
  expect((await stage.connect()).status).toBe(302)
  expect(await stage.listSites()).toEqual([])
  const said = [...cobot.said, ...salto.said].filter(({ form }) => form.has('grant_type'))
  expect(said.map(({ form }) => form.get('grant_type'))).toEqual(
    Array(3).fill('authorization_code'),
  )
  const addresses = [...cobot.said, ...salto.said].map(({ address }) => address)
  expect(addresses.filter((each) => each.includes('secret'))).toEqual([])
  const swaps = said.filter(({ form }) => form.has('code'))
  const verifiers = swaps.map(({ form }) => form.get('code_verifier'))
  expect(verifiers).toEqual(Array(3).fill(expect.stringMatching(/^[\w-]{43}$/)))
  expect(new Set(verifiers).size).toBe(3)
})

test.each([
  ['Cobot', FRAME],
  ['SALTO', SALTO],
])('a denial of %s, a changed and a repeated answer gain nothing', async (_, path) => {
  await stage.install()
  const before = await stage.gained()
  const statusOf = async (back: URL) => (await stage.ask(back.href)).status
  expect(await statusOf(await stage.leave(path, { allow: false }))).toBe(403)
  const back = await stage.leave(path)
  const changed = new URL(back)
  changed.searchParams.set('state', `${back.searchParams.get('state')}x`)
  expect(await statusOf(changed)).toBe(400)
  expect(await stage.gained()).toBe(before)
  expect(await statusOf(back)).toBeLessThan(400)
  const after = await stage.gained()
  expect(after).not.toBe(before)
  expect(await statusOf(back)).toBe(400)
  expect(await stage.gained()).toBe(after)
})

test('mix-up: an answer of one at the callback of the other is told to neither', async () => {
  const { cobot, salto } = stage
  await stage.install()
  const [ofCobot, ofSalto] = [await stage.leave(FRAME), await stage.leave(SALTO)]
  const before = await stage.gained()
  const said = cobot.said.length + salto.said.length
  const { cobotCallback, saltoCallback } = manifest.paths
  expect((await stage.ask(saltoCallback + ofCobot.search)).status).toBe(400)
  expect((await stage.ask(cobotCallback + ofSalto.search)).status).toBe(400)
  expect(await stage.gained()).toBe(before)
  expect(cobot.said.length + salto.said.length).toBe(said)
})

test('mix-up: a code of one in an answer of the other counts for nothing there', async () => {
  await stage.install()
  const back = await stage.leave(FRAME)
  back.searchParams.set('code', (await stage.leave(SALTO)).searchParams.get('code') ?? '')
  const before = await stage.gained()
  expect((await stage.ask(back.href)).status).toBe(502)
  expect(await stage.gained()).toBe(before)
})

test('nobody is sent on to an address that a request names', async () => {
  const { cobot, salto, ask } = stage
  await stage.install()
  const evil = 'https://evil.example/'
  const names = ['redirect_uri', 'return_to', 'next', 'url', 'iss', 'error_uri', 'target_link_uri']
  const query = names.map((name) => `&${name}=${encodeURIComponent(evil)}`).join('')
  const answer = `?state=${encodeURIComponent(evil)}&code=x`
  for (const path of [
    '/?subdomain=harbour',
    '/install?subdomain=harbour',
    `/install?subdomain=${evil}`,
    '/setup?subdomain=harbour',
    `/setup?subdomain=${evil}`,
    SALTO,
    FRAME,
    manifest.paths.cobotCallback + answer,
    manifest.paths.saltoCallback + answer,
  ]) {
    const { status, headers } = await ask(path + query)
    expect([path, status]).toEqual([path, expect.toBeOneOf([200, 302, 303, 400, 404, 422])])
    const { origin, searchParams } = new URL(headers.get('location') ?? '/', PUBLIC)
    expect([path, origin]).toEqual([path, expect.toBeOneOf([PUBLIC, cobot.origin, salto.origin])])
    expect(searchParams.get('redirect_uri') ?? PUBLIC).toMatch(PUBLIC)
  }
})

test('PKCE: without the challenge there is no code, without its verifier no token', async () => {
  const { answer } = await stage.signIn(stage.oauth, ({ searchParams }) => {
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('response_type')).toBe('code')
    for (const name of ['code_challenge', 'code_challenge_method']) searchParams.delete(name)
  })
  expect(answer).toMatchObject({ error: 'invalid_request', state: 'st' })
  const { swap } = await stage.signIn()
  const wrong = stage.oauth.swapCode({ ...swap, codeVerifier: 'w'.repeat(43) })
  await expect(wrong).rejects.toMatchObject({ code: 'invalid_grant' })
})

test('a code that is swapped twice kills what the first swap gave', async () => {
  const { oauth } = stage
  const { swap } = await stage.signIn()
  const { accessToken } = await oauth.swapCode(swap)
  expect((await oauth.getUser(accessToken)).cobotUserId).toBe(PERSON)
  await expect(oauth.swapCode(swap)).rejects.toBeInstanceOf(Refused)
  await expect(oauth.getUser(accessToken)).rejects.toBeInstanceOf(ReconnectNeeded)
})

test('an id token carries our nonce, and is good for this journey and ten minutes alone', async () => {
  const idToken = await stage.idToken()
  const { clientId } = stage.cobot.client
  expect(decodeJwt(idToken)).toMatchObject({ nonce: 'our-nonce', aud: clientId })
  expect(await stage.verify(idToken)).toEqual({ cobotUserId: PERSON })
  await expect(stage.verify(idToken, 'another')).rejects.toMatchObject({ code: 'nonce' })
  await stage.pass(661_000)
  await expect(stage.verify(idToken)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' })
})

test('an id token for another client, and one of another provider, is refused', async () => {
  const { config, ports } = stage.deps
  const other = createCobotOAuth({ ...config.cobot, clientId: 'somebody-else' }, ports)
  const forOther = await stage.idToken(other)
  const code = 'ERR_JWT_CLAIM_VALIDATION_FAILED'
  await expect(stage.verify(forOther)).rejects.toMatchObject({ status: 403, code })
  const twin = await addStage()
  const ofTwin = await twin.idToken()
  expect(await twin.verify(ofTwin)).toEqual({ cobotUserId: PERSON })
  await expect(stage.verify(ofTwin)).rejects.toMatchObject({ status: 403, code: 'issuer' })
})

test.each(['HS256', 'PS256', 'ES256'])('nobody gets in by an id token with %s', async (alg) => {
  const other = await addStage(alg)
  expect(decodeProtectedHeader(await other.idToken()).alg).toBe(alg)
  await other.install()
  const back = await other.leave(FRAME)
  const before = await other.gained()
  const shown = await other.ask(back.href)
  expect([shown.status, await shown.text()]).toEqual([
    502,
    expect.not.stringMatching('name="session"'),
  ])
  expect(await other.gained()).toBe(before)
})

test('keys that change while we run: a new one is learned, its name alone is not enough', async () => {
  const { cobot } = stage
  expect(await stage.verify(await stage.idToken())).toEqual({ cobotUserId: PERSON })
  await cobot.rotate('k1')
  const sameName = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  const byNewKey = await stage.idToken()
  await expect(stage.verify(byNewKey)).rejects.toMatchObject({ status: 403, code: sameName })
  await cobot.rotate('k2')
  const unknown = { status: 403, code: 'ERR_JWKS_NO_MATCHING_KEY' }
  const learned = await stage.idToken()
  expect(decodeProtectedHeader(learned).kid).toBe('k2')
  await expect(stage.verify(learned)).rejects.toMatchObject(unknown)
  await stage.pass(31_000)
  expect(await stage.verify(learned)).toEqual({ cobotUserId: PERSON })
  // Its key is published no more.
  await expect(stage.verify(byNewKey)).rejects.toMatchObject(unknown)
})

test('eight at an expired permission refresh it once, and no refresh token is used twice', async () => {
  const { salto } = stage
  await stage.install()
  await stage.connect()
  for (let day = 0; day < 3; day++) {
    await stage.pass(24 * 3600_000)
    const done = await Promise.allSettled(Array.from({ length: 8 }, stage.listSites))
    expect(done.some(({ status }) => status === 'fulfilled')).toBe(true)
  }
  const used = salto.said.flatMap(({ form }) => form.get('refresh_token') ?? [])
  expect([used.length, new Set(used).size]).toEqual([3, 3])
  for (const each of used) expect((await salto.refreshToken(each))?.consumed).toBeTruthy()
})

test('a refresh token that a thief used kills the family, and we ask to be connected again', async () => {
  const { salto } = stage
  await stage.install()
  await stage.connect()
  const thief = createSaltoOAuth(stage.deps.config.salto, stage.deps.ports)
  const loot = await thief.refresh(await stage.tokenOf('salto', 'refresh'))
  await stage.pass(3600_000)
  await expect(stage.listSites()).rejects.toBeInstanceOf(ReconnectNeeded)
  await expect(thief.refresh(loot.refreshToken ?? '')).rejects.toBeInstanceOf(ReconnectNeeded)
  const said = salto.said.length
  await expect(stage.listSites()).rejects.toBeInstanceOf(ReconnectNeeded)
  expect(salto.said).toHaveLength(said)
  await stage.connect()
  expect(await stage.listSites()).toEqual([])
})

test('when a space is disconnected both permissions are taken back', async () => {
  const { cobot, salto } = stage
  await stage.install()
  await stage.connect()
  const ofSpace = await stage.tokenOf('cobot', 'access')
  const refresh = await stage.tokenOf('salto', 'refresh')
  const access = await stage.tokenOf('salto', 'access')
  expect(await cobot.accessToken(ofSpace)).toBeDefined()
  for (const _ of ['once', 'again']) await revokePermissions(stage.deps, asId(SPACE.id))
  expect(await cobot.accessToken(ofSpace)).toBeUndefined()
  expect(await salto.refreshToken(refresh)).toBeUndefined()
  expect(await salto.accessToken(access)).toBeUndefined()
})
