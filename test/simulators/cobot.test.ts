import { createHash } from 'node:crypto'
import * as jose from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }
import { seededRandom, virtualClock } from '../support/clock.ts'
import { loadContract } from '../support/contracts.ts'
import { undescribedRefusals } from './cobot/deviations.ts'
import { createCobotSimulator } from './cobot/simulator.ts'

const origin = 'https://cobot.example'
const redirectUri = 'https://salto.example/oauth/cobot/callback'
const client = { clientId: 'c1', clientSecret: 's1', redirectUris: [redirectUri], name: 'Salto' }
const minute = 60_000
const hour = 60 * minute

const everything = manifest.cobot.installScopes

const setUp = () => {
  const clock = virtualClock('2026-03-02T09:00:00Z')
  const received: { url: string; body: unknown }[] = []
  let hookStatus = 204
  const ports = {
    clock,
    random: seededRandom(7),
    fetch: async (request: Request) => {
      received.push({ url: request.url, body: await request.json() })
      return new Response(null, { status: hookStatus })
    },
  }
  const cobot = createCobotSimulator({ origin, ports, clients: [client] })
  const mara = cobot.addUser({ name: 'Mara', email: 'mara@harbour.example' })
  const ilse = cobot.addUser({ name: 'Ilse', email: 'ilse@bakker.example' })
  const harbour = { subdomain: 'harbour', name: 'Harbour Hub', timeZone: 'Europe/Berlin' }
  const spaceId = cobot.addSpace({ ...harbour, ownerId: mara })
  const flex = cobot.addPlan('harbour', { name: 'Flex' })
  const full = cobot.addPlan('harbour', { name: 'Fulltime', hidden: true })
  const tokenFor = (scopes: string[], userId = mara) =>
    cobot.issueToken({ userId, clientId: 'c1', scopes, subdomain: 'harbour' })

  const call = async (path: string, token?: string, init: RequestInit = {}) => {
    const response = await cobot.handle(
      new Request(origin + path, {
        ...init,
        headers: {
          Accept: path.startsWith('/api2') ? 'application/vnd.api+json' : 'application/json',
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...init.headers,
        },
      }),
    )
    const text = await response.text()
    const isJson = response.headers.get('Content-Type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
  const post = (path: string, token: string, body: object) =>
    call(path, token, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const answerHooksWith = (status: number) => {
    hookStatus = status
  }
  return {
    clock,
    cobot,
    mara,
    ilse,
    spaceId,
    flex,
    full,
    tokenFor,
    call,
    post,
    received,
    answerHooksWith,
  }
}

let world: ReturnType<typeof setUp>
beforeEach(() => {
  world = setUp()
})

describe('signing in', () => {
  const verifier = 'v'.repeat(43)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const authorizePath = (scope: string) =>
    `/spaces/harbour/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: 'c1',
      redirect_uri: redirectUri,
      scope,
      state: 'st',
      nonce: 'no',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })}`

  const getCode = async (scope = 'openid read_user') => {
    const { cobot, call, mara } = world
    const path = authorizePath(scope)
    const cookie = cobot.loginCookie(mara)
    const { status, headers } = await call(path, undefined, {
      method: 'POST',
      headers: { cookie, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'decision=allow',
    })
    expect(status).toBe(302)
    const back = new URL(headers.get('Location')!)
    expect(back.searchParams.get('state')).toBe('st')
    return back.searchParams.get('code')!
  }

  const swap = (code: string, change: Record<string, string> = {}) =>
    world.call('/www/oauth/access_token', undefined, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        client_id: 'c1',
        client_secret: 's1',
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        ...change,
      }).toString(),
    })

  test('a stranger is asked to log in, then to allow, and the next time comes straight back', async () => {
    const { cobot, call, ilse } = world
    const path = authorizePath('openid')
    expect((await call(path)).body).toContain('Log in as Ilse')
    const cookie = cobot.loginCookie(ilse)
    const consent = await call(path, undefined, { headers: { cookie } })
    expect(consent.body).toContain('Salto wants access to Harbour Hub')
    expect(consent.headers.get('Content-Security-Policy')).toBe("frame-ancestors 'self'")
    cobot.approve(ilse, 'c1', ['openid'])
    expect((await call(path, undefined, { headers: { cookie } })).status).toBe(302)
    expect(
      (await call(authorizePath('openid email'), undefined, { headers: { cookie } })).status,
    ).toBe(200)
  })

  test('a code buys exactly one token, and only with its verifier, in time', async () => {
    const code = await getCode()
    const { status, body } = await swap(code)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['access_token', 'id_token', 'token_type'])
    expect((await swap(code)).body).toEqual({ error: 'invalid_grant' })
    expect((await swap(await getCode(), { code_verifier: 'other' })).status).toBe(400)
    expect((await swap(await getCode(), { client_secret: 'wrong' })).status).toBe(401)
    expect((await swap(await getCode(), { redirect_uri: 'https://evil.example/' })).status).toBe(
      400,
    )
    const old = await getCode()
    await world.clock.advance(minute)
    expect((await swap(old)).status).toBe(400)
  })

  test.each(['space', 'www'] as const)('an id token verifies as issued by %s', async (issuer) => {
    const { cobot, call, clock, mara } = world
    cobot.setIssuer(issuer)
    await getCode()
    await cobot.rotateKey()
    const { id_token: idToken } = (await swap(await getCode())).body
    const discovery = (await call('/spaces/harbour/.well-known/openid-configuration')).body
    const jwks = (await call(new URL(discovery.jwks_uri).pathname)).body
    const { payload } = await jose.jwtVerify(idToken, jose.createLocalJWKSet(jwks), {
      issuer: discovery.issuer,
      audience: 'c1',
      algorithms: ['RS256'],
      currentDate: clock.now(),
    })
    expect(payload).toMatchObject({ sub: mara, nonce: 'no' })
    expect(payload.iss).toBe(`${origin}/${issuer === 'www' ? 'www' : 'spaces/harbour'}`)
  })

  test('a space token outlives the admin who made it, the user token does not', async () => {
    const { cobot, call, post, ilse, spaceId } = world
    cobot.addAdmin('harbour', ilse)
    const user = cobot.issueToken({ userId: ilse, clientId: 'c1', scopes: ['read_resources'] })
    const exchange = await post(`/www/api/access_tokens/${user}/space`, user, { space_id: spaceId })
    expect(exchange.body).toMatchObject({ client_id: 'c1', scope: ['read_resources'] })
    const path = '/spaces/harbour/api/resources'
    cobot.removeAdmin('harbour', ilse)
    expect((await call(path, user)).status).toBe(403)
    expect((await call(path, exchange.body.token)).status).toBe(200)
    await call(`/www/api/access_tokens/${user}`, user, { method: 'DELETE' })
    expect((await call(path, user)).status).toBe(401)
  })
})

describe('refusals', () => {
  test('scopes, roles and the state of the space decide', async () => {
    const { cobot, call, tokenFor, ilse } = world
    const path = '/spaces/harbour/api/resources'
    const token = tokenFor(['read_resources'])
    expect((await call(path)).status).toBe(401)
    expect((await call(path, tokenFor(['read_user']))).status).toBe(403)
    expect((await call(path, tokenFor(['read_resources'], ilse))).status).toBe(403)
    expect((await call(path, token)).status).toBe(200)
    cobot.cutPermissions('harbour', world.mara, ['read_resources'])
    expect((await call(path, token)).status).toBe(403)
    cobot.suspendSpace('harbour')
    expect((await call(path, token)).status).toBe(402)
    cobot.deleteSpace('harbour')
    expect((await call(path, token)).status).toBe(404)
    cobot.revokeTokens({ userId: world.mara })
  })

  test('the seventh list of memberships in a minute waits, whatever the token of that person', async () => {
    const { call, tokenFor, clock } = world
    const path = '/spaces/harbour/api/memberships'
    for (let i = 0; i < 6; i++) {
      expect((await call(path, tokenFor(['read_memberships']))).status).toBe(200)
      await clock.advance(1000)
    }
    const refused = await call(path, tokenFor(['read_memberships']))
    expect(refused.status).toBe(429)
    expect(refused.headers.get('Retry-After')).toBe('54')
    expect((await call('/www/api/user', tokenFor(['read_user']))).status).toBe(200)
    await clock.advance(54_000)
    expect((await call(path, tokenFor(['read_memberships']))).status).toBe(200)
  })

  test('the sixty-first other call in a minute waits', async () => {
    const { call, tokenFor, spaceId } = world
    const token = tokenFor(everything)
    for (let i = 0; i < 60; i++) await call(`/api2/spaces/${spaceId}`, token)
    expect((await call(`/api2/spaces/${spaceId}`, token)).status).toBe(429)
  })
})

describe('memberships', () => {
  test('are written as API 1 writes them, current ones only unless all are asked for', async () => {
    const { cobot, call, tokenFor, flex, ilse } = world
    const token = tokenFor(['read_memberships'])
    const plan = { planId: flex }
    const login = { name: 'Ilse Bakker', email: 'ilse@bakker.example', userId: ilse }
    const id = cobot.addMembership('harbour', { ...login, ...plan, startsAt: '2026-02-01' })
    cobot.addMembership('harbour', { name: null, email: null, planId: null, confirmedAt: null })
    const { body } = await call('/spaces/harbour/api/memberships', token)
    expect(body).toMatchObject([
      {
        id,
        user: { id: ilse },
        plan: { name: 'Flex', parent_plan: { id: flex }, canceled_to: null },
        confirmed_at: '2026/03/02 09:00:00 +0000',
        starts_at: '2026/02/01',
        canceled_to: null,
      },
    ])
    const all = (await call('/spaces/harbour/api/memberships?all=true', token)).body
    expect(all).toHaveLength(2)
    expect(all[1]).not.toHaveProperty('user')
    expect(all[1].plan).not.toHaveProperty('parent_plan')
    expect(
      (await call(`/spaces/harbour/api/memberships?ids=${id}&attributes=id,name`, token)).body,
    ).toEqual([{ id, name: 'Ilse Bakker' }])
  })

  test.each([
    ['exclusive', '2026-03-28T23:00:00Z'],
    ['inclusive', '2026-03-29T22:00:00Z'],
  ] as const)('a scheduled plan takes over at local midnight (%s)', async (reading, changesAt) => {
    const { cobot, clock, flex, full } = world
    cobot.setCanceledToReading(reading)
    const id = cobot.addMembership('harbour', {
      name: 'Jo',
      email: 'jo@visser.example',
      planId: flex,
    })
    cobot.changePlan('harbour', id, full, '2026-03-29')
    clock.set(new Date(Date.parse(changesAt) - 1))
    expect(cobot.membership(id)).toMatchObject({ plan: { canceledTo: '2026-03-29' } })
    clock.set(changesAt)
    expect(cobot.membership(id)).toMatchObject({ plan: { planId: full }, upcomingPlan: null })
  })

  test('hidden plans are for those who may read plans', async () => {
    const { call, tokenFor } = world
    expect((await call('/spaces/harbour/api/plans')).body).toHaveLength(1)
    expect((await call('/spaces/harbour/api/plans', tokenFor(['read_plans']))).body).toHaveLength(2)
  })
})

describe('webhooks', () => {
  const hook = 'https://salto.example/hooks/1'
  const subscribe = (event: string) =>
    world.post('/spaces/harbour/api/subscriptions', world.tokenFor(everything), {
      event,
      callback_url: hook,
    })
  const join = () =>
    world.cobot.addMembership('harbour', { name: 'Jo', email: null, planId: world.flex })

  test('are pointers, and inline what was deleted; the same twice is a conflict', async () => {
    const { cobot, received } = world
    expect((await subscribe('created_membership')).status).toBe(201)
    expect((await subscribe('created_membership')).status).toBe(409)
    expect((await subscribe('updated_membership')).status).toBe(422)
    await subscribe('deleted_membership')
    const id = join()
    cobot.deleteMembership('harbour', id)
    await cobot.deliverAll()
    const url = `${origin}/spaces/harbour/api/memberships/${id}`
    expect(received.map(({ body }) => body)).toMatchObject([{ url }, { url, membership: { id } }])
    expect(received[0]!.body).toEqual({ url })
  })

  test('tell bookings in API 1 words, visitors in those of API 2', async () => {
    const { cobot, received, call, tokenFor } = world
    const resourceId = cobot.addResource('harbour', { name: 'Quay Room' })
    for (const event of ['created_booking', 'approved_external_booking', 'deleted_booking']) {
      await subscribe(event)
    }
    const time = { resourceId, from: '2026-03-03T09:00:00Z', to: '2026-03-03T10:00:00Z' }
    const id = cobot.addBooking('harbour', time)
    const visit = {
      ...time,
      name: 'Vi Sitor',
      email: 'vi@sitor.example',
      status: 'pending',
    } as const
    const externalId = cobot.addExternalBooking('harbour', visit)
    const own = cobot.bookings('harbour').find((b) => b.externalBookingId === externalId)!.id
    cobot.approveExternalBooking(externalId)
    const path = `/spaces/harbour/api/bookings`
    const listed = await call(`${path}?from=2026-03-03&to=2026-03-04`, tokenFor(everything))
    expect(listed.body).toMatchObject([{ id, from: '2026/03/03 09:00:00 +0000' }, { id: own }])
    cobot.deleteBooking(id)
    await cobot.deliverAll()
    expect(received.map(({ body }) => body)).toMatchObject([
      { url: `${origin}${path}/${id}` },
      { url: `${origin}/api2/bookings/${own}` },
      { url: `${origin}/api2/external_bookings/${externalId}` },
      { url: `${origin}${path}/${id}`, booking: { id, membership: null } },
    ])
  })

  test('are tried again with growing pauses, and after ten retries given up', async () => {
    const { cobot, clock, received, answerHooksWith } = world
    await subscribe('created_membership')
    answerHooksWith(302)
    join()
    await clock.advance(minute)
    expect(received).toHaveLength(2)
    await clock.advance(60 * hour)
    expect(received).toHaveLength(11)
    expect(cobot.subscriptions('harbour')).toMatchObject([{ active: false }])
    join()
    await cobot.deliverAll()
    expect(received).toHaveLength(11)
  })

  test('410 ends a subscription at once', async () => {
    const { cobot, answerHooksWith } = world
    await subscribe('created_membership')
    answerHooksWith(410)
    join()
    await cobot.deliverAll()
    expect(cobot.deliveries()).toMatchObject([{ status: 'failed', attempts: 1 }])
    expect(cobot.subscriptions('harbour')).toMatchObject([{ active: false }])
  })

  test('can be held back, lost and doubled', async () => {
    const { cobot, received } = world
    await subscribe('created_membership')
    cobot.setDelivery({ mode: 'manual' })
    join()
    expect(received).toHaveLength(0)
    cobot.setWebhookFaults({ duplicate: 1 })
    await cobot.deliverAll()
    expect(received).toHaveLength(2)
    cobot.setWebhookFaults({ lose: 1 })
    join()
    await cobot.deliverAll()
    expect(received).toHaveLength(2)
  })

  test('some come with the clock alone', async () => {
    const { cobot, clock, flex, full } = world
    const events = [
      'confirmed_membership',
      'membership_plan_change_date_reached',
      'membership_cancellation_date_reached',
    ]
    for (const event of events) await subscribe(event)
    const id = cobot.addMembership('harbour', {
      name: 'Jo',
      email: null,
      planId: flex,
      startsAt: '2026-03-03',
    })
    cobot.changePlan('harbour', id, full, '2026-03-04')
    cobot.cancelMembership('harbour', id, '2026-03-05')
    const stop = cobot.startTimers()
    await clock.advance(72 * hour)
    stop()
    expect(cobot.deliveries().map(({ event, dueAt }) => [event, dueAt.toISOString()])).toEqual([
      ['confirmed_membership', '2026-03-02T23:00:00.000Z'],
      ['membership_plan_change_date_reached', '2026-03-03T23:00:00.000Z'],
      ['membership_cancellation_date_reached', '2026-03-04T23:00:00.000Z'],
    ])
  })
})

test('controls are reachable from other processes', async () => {
  const { cobot, call } = world
  const { body } = await call('/__sim/addPlan', undefined, {
    method: 'POST',
    body: JSON.stringify(['harbour', { name: 'Night' }]),
  })
  expect(cobot.plans('harbour').at(-1)).toMatchObject({ id: body.result, name: 'Night' })
  const refused = await call('/__sim/addPlan', undefined, {
    method: 'POST',
    body: JSON.stringify(['nowhere', { name: 'Night' }]),
  })
  expect(refused).toMatchObject({ status: 422, body: { error: 'no such space' } })
})

describe('the pages', () => {
  const form = (path: string, cookie: string, fields: Record<string, string>) =>
    world.call(path, undefined, {
      method: 'POST',
      headers: { cookie, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })

  test('are for admins of the space', async () => {
    const { cobot, call, mara, ilse } = world
    const path = '/spaces/harbour/admin/members'
    expect((await call(path)).body).toContain('Log in as Mara')
    const asIlse = { headers: { cookie: cobot.loginCookie(ilse) } }
    expect((await call(path, undefined, asIlse)).status).toBe(403)
    const asMara = { headers: { cookie: cobot.loginCookie(mara) } }
    expect((await call(path, undefined, asMara)).status).toBe(200)
  })

  test('do what the controls do, in the zone of the space', async () => {
    const { cobot, call, mara, flex, full } = world
    const cookie = cobot.loginCookie(mara)
    const base = '/spaces/harbour/admin'
    await form(`${base}/members`, cookie, { name: 'Jo Visser', plan_id: flex })
    const { id } = cobot.memberships('harbour')[0]!
    await form(`${base}/members/${id}/plan`, cookie, { plan_id: full, date: '2026-04-01' })
    await form(`${base}/members/${id}/cancellation`, cookie, { date: '2026-05-01' })
    expect(cobot.membership(id)).toMatchObject({
      name: 'Jo Visser',
      plan: { canceledTo: '2026-04-01' },
      upcomingPlan: { planId: full },
      canceledTo: '2026-05-01',
    })
    await form(`${base}/resources`, cookie, { name: 'Quay Room' })
    const resource = cobot.resources('harbour')[0]!
    const when = { resource_id: resource.id, date: '2026-03-03', from: '09:00', to: '10:30' }
    await form(`${base}/bookings`, cookie, { ...when, membership_id: id })
    expect(cobot.bookings('harbour')).toMatchObject([
      { membershipId: id, from: new Date('2026-03-03T08:00:00Z') },
    ])
    const refused = await form(`${base}/bookings`, cookie, { ...when, to: '08:00' })
    expect(refused.headers.get('Location')).toContain('problem=')
    const page = await call(`${base}/bookings`, undefined, { headers: { cookie } })
    expect(page.body).toContain('09:00 – 10:30')
  })

  test('frame an add-on and tell it who is looking', async () => {
    const { cobot, call, post, tokenFor, mara } = world
    const link = await post('/spaces/harbour/api/navigation_links', tokenFor(everything), {
      section: 'admin/manage',
      label: 'Salto',
      iframe_url: 'https://salto.example/embed?own=1',
    })
    expect(link.status).toBe(201)
    const path = `${new URL(link.body.user_url).pathname}?locale=de&app_data=x`
    const { body } = await call(path, undefined, { headers: { cookie: cobot.loginCookie(mara) } })
    const src = /<iframe[^>]* src="([^"]*)"/.exec(body)![1]!.replaceAll('&amp;', '&')
    expect(Object.fromEntries(new URL(src).searchParams)).toEqual({
      own: '1',
      cobot_embed: 'true',
      cobot_subdomain: 'harbour',
      cobot_user_id: mara,
      cobot_locale: 'de',
      app_data: 'x',
    })
  })
})

describe('API 2', () => {
  const contract = loadContract('cobot-api2.openapi.yml')
  /** A success as the vendor describes it. */
  const get = async (path: string, token: string) => {
    const answer = await world.call(`/api2${path}`, token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/vnd.api+json')
    const complaints = contract?.checkResponse('GET', path.split('?')[0]!, 200, answer.body) ?? []
    expect(complaints).toEqual([])
    return answer.body
  }
  const within = 'filter[from]=2026-03-01T00:00:00Z&filter[to]=2026-03-31T00:00:00Z'

  test('answers as described', async () => {
    const { cobot, tokenFor, spaceId, flex } = world
    const token = tokenFor(everything)
    const resourceId = cobot.addResource('harbour', { name: 'Quay Room', capacity: 8 })
    const membershipId = cobot.addMembership('harbour', { name: 'Jo', email: null, planId: flex })
    const time = { from: '2026-03-03T09:00:00+01:00', to: '2026-03-03T10:00:00+01:00', resourceId }
    const bookingId = cobot.addBooking('harbour', { ...time, membershipId })
    cobot.addRecurringBookings('harbour', { ...time, count: 2, laterMs: hour })
    const visit = { ...time, name: 'Vi Sitor', email: 'vi@sitor.example' }
    const externalId = cobot.addExternalBooking('harbour', { ...visit, status: 'pending' })

    expect(await get('/user', token)).toMatchObject({ data: { type: 'users' } })
    expect(await get('/user?include=adminOf', token)).toMatchObject({ included: [{ id: spaceId }] })
    await get(`/spaces/${spaceId}`, token)
    await get(`/spaces/${spaceId}/resources`, token)
    await get(`/resources/${resourceId}`, token)
    expect(await get(`/bookings/${bookingId}`, token)).toMatchObject({
      data: {
        attributes: { from: '2026-03-03T08:00:00Z', to: '2026-03-03T09:00:00Z', name: 'Jo' },
      },
    })
    const path = `/spaces/${spaceId}/bookings?include=membership,externalBooking&${within}`
    const listed = await get(path, token)
    expect(listed.data).toHaveLength(3)
    expect(listed.meta.consistent).toBe(false)
    expect(listed.included.map(({ id }: { id: string }) => id)).toEqual([membershipId, externalId])
    await get(`/spaces/${spaceId}/external_bookings?${within}`, token)
    cobot.approveExternalBooking(externalId)
    cobot.cancelExternalBooking(externalId)
    expect(await get(`/external_bookings/${externalId}`, token)).toMatchObject({
      data: { attributes: { status: 'canceled', canceledBy: 'space' } },
    })
    expect((await get(path, token)).data).toHaveLength(2)
    cobot.deleteBooking(bookingId)
    expect((await world.call(`/api2/bookings/${bookingId}`, token)).status).toBe(404)
  })

  test('lists what overlaps, page by page', async () => {
    const { cobot, tokenFor, spaceId } = world
    const token = tokenFor(everything)
    const resourceId = cobot.addResource('harbour', { name: 'Quay Room' })
    const time = { from: '2026-03-02T10:00:00Z', to: '2026-03-02T11:00:00Z', resourceId }
    const { ids } = cobot.addRecurringBookings('harbour', { ...time, everyDays: 1, count: 75 })
    const seen: string[] = []
    const all = `filter[from]=2026-03-02T10:59:00Z&filter[to]=2026-12-31T00:00:00Z`
    for (let path: string | null = `/api2/spaces/${spaceId}/bookings?${all}`; path !== null; ) {
      const { body }: { body: { data: { id: string }[]; links: { next: string | null } } } =
        await world.call(path, token)
      seen.push(...body.data.map(({ id }) => id))
      path = body.links.next
    }
    expect(seen).toEqual(ids)
  })

  test('needs its media type and its filters', async () => {
    const { call, tokenFor, spaceId } = world
    const token = tokenFor(everything)
    const path = `/api2/spaces/${spaceId}/bookings`
    const refusals = [
      [406, await call(path, token, { headers: { Accept: 'application/json' } })],
      [422, await call(path, token)],
      [401, await call(path)],
      [403, await call(path, tokenFor(['read_user']))],
      [404, await call('/api2/spaces/nowhere/bookings', token)],
    ] as const
    for (const [status, answer] of refusals) {
      expect(answer.status).toBe(status)
      expect(answer.body.errors).toHaveLength(1)
      expect(undescribedRefusals).toHaveProperty(String(status))
    }
    expect((await call('/api2/health')).status).toBe(204)
  })
})
