import { afterEach, beforeEach, expect, test } from 'vitest'
import { ReconnectNeeded, Refused, Unavailable } from '../../src/core/errors.ts'
import { createSaltoOAuth } from '../../src/salto/oauth.ts'
import { createWorld, OWNER, REDIRECT, settings } from './world.ts'

let world: ReturnType<typeof createWorld>
beforeEach(() => {
  world = createWorld()
  world.server.listen({ onUnhandledFrame: 'error' })
})
afterEach(() => world.server.close())

const codeVerifier = 'v'.repeat(43)
const scopes = ['openid', 'profile', 'offline_access', 'user_api.full_access']

const connect = async () => {
  const { ks, oauth } = world
  const request = { redirectUri: REDIRECT, state: 'st', codeVerifier, scopes }
  const back = new URL(await ks.signIn(await oauth.authorizationUrl(request), OWNER))
  expect(back.searchParams.get('state')).toBe('st')
  const code = back.searchParams.get('code')!
  return oauth.swapCode({ code, codeVerifier, redirectUri: REDIRECT })
}

test('an admin connects; every refresh gives a new pair and uses the old one up', async () => {
  const { oauth, clock } = world
  const first = await connect()
  expect(first.expiresAt).toEqual(new Date(clock.now().getTime() + 3_600_000))
  await clock.advance(1_000)
  const second = await oauth.refresh(first.refreshToken!)
  expect(second.refreshToken).not.toBe(first.refreshToken)
  expect(second.expiresAt).toEqual(new Date(clock.now().getTime() + 3_600_000))
  const error: unknown = await oauth.refresh(first.refreshToken!).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ReconnectNeeded)
  expect(error).toMatchObject({ side: 'salto' })
  expect(String(error)).not.toContain(first.refreshToken)
})

test('what is revoked is over', async () => {
  const { oauth } = world
  const { refreshToken } = await connect()
  await oauth.revoke(refreshToken!)
  await expect(oauth.refresh(refreshToken!)).rejects.toBeInstanceOf(ReconnectNeeded)
})

test('a code with the wrong verifier is refused', async () => {
  const { ks, oauth } = world
  const request = { redirectUri: REDIRECT, state: 'st', codeVerifier, scopes }
  const back = new URL(await ks.signIn(await oauth.authorizationUrl(request), OWNER))
  const code = back.searchParams.get('code')!
  const swap = oauth.swapCode({ code, codeVerifier: 'x'.repeat(43), redirectUri: REDIRECT })
  await expect(swap).rejects.toBeInstanceOf(Refused)
})

test('a wrong client secret is our trouble: nobody needs to connect again', async () => {
  const { refreshToken } = await connect()
  const fetching = (request: Request) => fetch(request)
  const ports = { clock: world.clock, fetch: fetching }
  const wrong = createSaltoOAuth({ ...settings, clientSecret: 'other' }, ports)
  await expect(wrong.refresh(refreshToken!)).rejects.toBeInstanceOf(Unavailable)
  world.ks.addFault({ path: 'token', status: 401, times: 1 })
  await expect(world.oauth.refresh(refreshToken!)).rejects.toBeInstanceOf(Unavailable)
})

test('a broken identity server is unavailable, and discovery is read again afterwards', async () => {
  const { ks, oauth } = world
  ks.addFault({ path: 'openid-configuration', status: 404, times: 1 })
  await expect(oauth.refresh('r')).rejects.toBeInstanceOf(Refused)
  ks.addFault({ path: 'connect/token', status: 502, times: 1 })
  await expect(oauth.refresh('r')).rejects.toBeInstanceOf(Unavailable)
  await expect(oauth.refresh('r')).rejects.toBeInstanceOf(ReconnectNeeded)
  const asked = ks.journal.filter(({ path }) => path.includes('openid-configuration'))
  expect(asked).toHaveLength(2)
})
