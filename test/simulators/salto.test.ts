import { createHash } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom, type VirtualClock, virtualClock } from '../support/clock.ts'
import { loadContract } from '../support/contracts.ts'
import { unexplained } from './salto/deviations.ts'
import { createSaltoSimulator, type SaltoSimulator } from './salto/simulator.ts'

const ORIGIN = 'http://salto.example'
const CLIENT = {
  clientId: 'client',
  clientSecret: 'secret',
  redirectUris: ['http://addon.example/oauth/salto'],
  name: 'Doors',
}
const ADA = { email: 'ada@loft.example', password: 'open sesame' }
const SITE_USER = '8f6081a3-80fb-11e8-a892-000d3a221c5b'
const MOBILE_USER = '9df437bb-80fb-11e8-a892-000d3a221c5b'

let salto: SaltoSimulator
let clock: VirtualClock
let siteId: string
let accessToken: string

beforeEach(async () => {
  clock = virtualClock('2026-11-02T09:00:00Z')
  salto = createSaltoSimulator({
    origin: ORIGIN,
    clients: [CLIENT],
    ports: {
      clock,
      random: seededRandom(1),
      fetch: () => Promise.reject(new Error('the simulator calls nobody')),
    },
  })
  const ownerId = salto.addUserProfile({ ...ADA, firstName: 'Ada', lastName: 'Owner' })
  siteId = salto.addSite({ name: 'Loft', timeZone: 'Europe/Berlin', seats: 10, ownerId })
  accessToken = (await salto.issueTokens(ADA.email)).access_token
})

const later = (ms: number) => clock.set(new Date(clock.now().getTime() + ms))

const contract = loadContract('salto-ks-connect-1.1.openapi.yaml')

type Answer = {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
}

/** Calls the API; whatever it says must be as described, or be a known deviation. */
const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const response = await salto.handle(
    new Request(path.startsWith('http') ? path : `${ORIGIN}/connect${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${accessToken}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  )
  const text = await response.text()
  const parsed = text ? JSON.parse(text) : undefined
  const bare = path.replace(/^http.*\/connect/, '')
  if (contract && (response.ok || parsed)) {
    const complaints = [
      ...(response.ok ? contract.checkRequest(method, bare, body) : []),
      ...contract.checkResponse(method, bare, response.status, parsed),
    ]
    expect(unexplained(complaints)).toEqual([])
  }
  return { status: response.status, body: parsed }
}

const users = () => `/v1.2/sites/${siteId}/users`
const groups = () => `/v1.2/sites/${siteId}/access_groups`
const schedules = (groupId: string) =>
  `/v1.1/sites/${siteId}/access_groups/${groupId}/time_schedules`

const newUser = async (fields: object = {}) =>
  (
    await call('POST', users(), {
      first_name: 'Mia',
      last_name: 'Member',
      role_ids: [SITE_USER],
      ...fields,
    })
  ).body

describe('the identity server', () => {
  const verifier = 'v'.repeat(43)
  const authorizeUrl = (extra: Record<string, string> = {}) => {
    const url = new URL(`${ORIGIN}/identity/connect/authorize`)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT.clientId,
      redirect_uri: CLIENT.redirectUris[0]!,
      scope: 'openid profile offline_access user_api.full_access',
      state: 'xyz',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...extra,
    }).toString()
    return url.href
  }

  const token = async (fields: Record<string, string>, secret = CLIENT.clientSecret) => {
    const response = await salto.handle(
      new Request(`${ORIGIN}/identity/connect/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa(`${CLIENT.clientId}:${secret}`)}` },
        body: new URLSearchParams(fields),
      }),
    )
    return { status: response.status, body: await response.json() }
  }

  const signIn = async () => {
    const back = new URL(await salto.signIn(authorizeUrl(), ADA))
    return {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: CLIENT.redirectUris[0]!,
      code_verifier: verifier,
    }
  }

  it('shows a login page that fills in the hint and cannot be framed', async () => {
    const page = await salto.handle(new Request(authorizeUrl({ login_hint: ADA.email })))
    expect(page.headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
    expect(await page.text()).toContain(`value="${ADA.email}"`)
  })

  it('sends nobody to an address that is not registered', async () => {
    for (const wrong of [{ client_id: 'nobody' }, { redirect_uri: 'http://evil.example/' }]) {
      const page = await salto.handle(new Request(authorizeUrl(wrong)))
      expect([page.status, page.headers.get('Location')]).toEqual([400, null])
    }
  })

  it('tells the client when access is denied', async () => {
    const back = new URL(await salto.signIn(authorizeUrl(), { ...ADA, allow: false }))
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 'xyz' })
  })

  it('gives signed tokens for a code, once, to whoever has the verifier', async () => {
    expect((await token({ ...(await signIn()), code_verifier: 'w'.repeat(43) })).status).toBe(400)
    const request = await signIn()
    const { body } = await token(request)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
    const jwks = await salto.handle(
      new Request(`${ORIGIN}/identity/.well-known/openid-configuration/jwks`),
    )
    const { payload, protectedHeader } = await jwtVerify(
      body.access_token,
      createLocalJWKSet(await jwks.json()),
      { issuer: `${ORIGIN}/identity`, audience: 'user_api', currentDate: clock.now() },
    )
    expect(protectedHeader.typ).toBe('at+jwt')
    expect(payload.exp).toBe(clock.now().getTime() / 1000 + 3600)
    expect(await token(request)).toEqual({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('knows its clients by their secret', async () => {
    const refused = await token({ grant_type: 'refresh_token', refresh_token: 'x' }, 'wrong')
    expect(refused).toEqual({ status: 400, body: { error: 'invalid_client' } })
  })

  it('rotates refresh tokens and refuses a spent one', async () => {
    const first = (await token(await signIn())).body.refresh_token
    const refresh = (refreshToken: string) =>
      token({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const second = (await refresh(first)).body.refresh_token
    expect((await refresh(first)).body).toEqual({ error: 'invalid_grant' })
    const third = (await refresh(second)).body.refresh_token
    expect(third).toBeTypeOf('string')

    salto.switches({ reuseRevokesFamily: true })
    await refresh(second)
    expect((await refresh(third)).status).toBe(400)
  })

  it('forgets access tokens after an hour and refresh tokens after fifteen idle days', async () => {
    const { refresh_token } = (await token(await signIn())).body
    later(3_600_000)
    const response = await salto.handle(
      new Request(`${ORIGIN}/connect/v1.1/me`, {
        headers: { Authorization: `Bearer ${accessToken}` },
      }),
    )
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toContain('invalid_token')
    expect(await response.text()).toBe('')
    later(15 * 24 * 3_600_000)
    expect((await token({ grant_type: 'refresh_token', refresh_token })).status).toBe(400)
  })

  it('drops every token when the admin changes the password', async () => {
    const { refresh_token } = (await token(await signIn())).body
    salto.revokeAllTokens()
    expect((await call('GET', '/v1.1/me')).status).toBe(401)
    expect((await token({ grant_type: 'refresh_token', refresh_token })).status).toBe(400)
  })
})

describe('the API', () => {
  it('is as described for everything a caller may read', async () => {
    const tagId = salto.addTag(siteId, { number: '02300001' })
    salto.addTag(siteId, { number: '02300002' })
    const lockId = salto.addLock(siteId, { name: 'Front door' })
    const { siteUserId, saltoUserId } = salto.addSiteUser(siteId, { firstName: 'Tom', tagId })
    const groupId = salto.addAccessGroup(siteId, {
      name: 'Full Time',
      lockIds: [lockId],
      schedule: 'always',
      saltoUserIds: [saltoUserId],
    })
    salto.door({ lockId, tagNumber: '02300001' })
    const iq = (await call('GET', `/v1.1/sites/${siteId}/iqs`)).body.items[0].id
    for (const path of [
      '/me',
      '/sites',
      `/users/search?search_for=${ADA.email}`,
      `/sites/${siteId}`,
      ...[
        'me',
        'subscription',
        'roles',
        'users',
        `users/${siteUserId}`,
        `users/${siteUserId}/keys`,
        `users/${siteUserId}/access_groups`,
        'tags',
        `tags/${tagId}`,
        'locks',
        `locks/${lockId}`,
        `locks/${lockId}/access_groups`,
        `iqs/${iq}`,
        'access_groups',
        `access_groups/${groupId}`,
        `access_groups/${groupId}/users`,
        `access_groups/${groupId}/users?excluded=true`,
        `access_groups/${groupId}/locks`,
      ].map((rest) => `/sites/${siteId}/${rest}`),
    ]) {
      expect((await call('GET', `/v1.1${path}`)).status, path).toBe(200)
      expect((await call('GET', `/v1.2${path}`)).status, path).toBe(200)
    }
    for (const rest of [`access_groups/${groupId}/time_schedules`, 'entries']) {
      expect((await call('GET', `/v1.1/sites/${siteId}/${rest}`)).body.items).toHaveLength(1)
    }
    expect((await call('GET', `/v1.2/sites/${siteId}/entries`)).status).toBe(405)
    expect((await call('GET', `/v1.2${schedules(groupId).slice(5)}`)).status).toBe(404)
  })

  it('wants the platform id in access groups, not the id of the site user', async () => {
    const { id, user } = await newUser()
    const group = (await call('POST', groups(), { customer_reference: 'Full Time' })).body
    const members = `${groups()}/${group.id}/users`
    expect(await call('POST', members, { user_id: id })).toEqual({
      status: 404,
      body: { ErrorCode: '2202', Message: 'User not found' },
    })
    expect((await call('POST', members, { user_id: user.id })).status).toBe(200)
    expect((await call('POST', members, { user_id: user.id })).status).toBe(200)
    expect(salto.groupByName(siteId, 'Full Time')?.users).toEqual([user.id])
    expect((await call('DELETE', `${members}/${user.id}`)).status).toBe(204)
    expect((await call('DELETE', `${members}/${user.id}`)).status).toBe(404)
    const bulk = { add_ids: [user.id], remove_ids: [] }
    expect((await call('PATCH', members, bulk)).status).toBe(204)
    expect(salto.groupByName(siteId, 'Full Time')?.users).toEqual([user.id])
    expect(salto.writes()).toBe(6)
  })

  it('pages lists by an absolute link', async () => {
    for (let i = 0; i < 45; i++) salto.addAccessGroup(siteId, { name: `Group ${i}` })
    const names: string[] = []
    let next: string | null = `${ORIGIN}/connect${groups()}?$inlinecount=allpages`
    let pages = 0
    while (next) {
      const { body }: Answer = await call('GET', next)
      expect(body.count).toBe(45)
      names.push(
        ...body.items.map((item: { customer_reference: string }) => item.customer_reference),
      )
      next = body.next_page_link
      pages++
    }
    expect([pages, new Set(names).size]).toEqual([3, 45])
    const top = (await call('GET', `${groups()}?$top=30&$orderby=customer_reference desc`)).body
    expect(top.items).toHaveLength(20)
    expect(top.items[0].customer_reference).toBe('Group 9')
    const rest = (await call('GET', top.next_page_link)).body
    expect([rest.items.length, rest.next_page_link, rest.count]).toEqual([10, null, null])
  })

  it('filters by a part of OData and refuses the rest', async () => {
    for (const name of ["Ada's room", 'Cobot 1', 'Cobot 12', 'Full Time']) {
      salto.addAccessGroup(siteId, { name })
    }
    const find = async (filter: string) => {
      const path = `${groups()}?$filter=${encodeURIComponent(filter)}`
      const { status, body } = await call('GET', path)
      return status === 200
        ? body.items.map((item: { customer_reference: string }) => item.customer_reference)
        : [status, body.ErrorCode]
    }
    expect(await find("customer_reference eq 'Ada''s room'")).toEqual(["Ada's room"])
    expect(await find("startswith(customer_reference,'Cobot ')")).toEqual(['Cobot 1', 'Cobot 12'])
    expect(
      await find("(contains(customer_reference,'1') and not endswith(customer_reference,'2'))"),
    ).toEqual(['Cobot 1'])
    expect(await find("customer_reference eq 'Full Time' or lock_count ne 0")).toEqual([
      'Full Time',
    ])
    for (const bad of [
      'length(customer_reference) eq 2',
      "nothing eq 'x'",
      'customer_reference eq',
    ]) {
      expect(await find(bad)).toEqual([400, '1102'])
    }
    await newUser({ email: 'mia@member.example' })
    const path = `${users()}?$filter=${encodeURIComponent("user/email eq 'mia@member.example'")}`
    expect((await call('GET', path)).body.items).toHaveLength(1)
  })

  it('invites whoever has an e-mail address, and leaves them their name afterwards', async () => {
    const mia = await newUser({ email: 'mia@member.example', alias: 'Mia M' })
    expect(mia).toMatchObject({ alias: 'Mia M', user: { has_profile: false } })
    expect(salto.outbox()).toMatchObject([{ to: 'mia@member.example' }])
    expect((await call('PATCH', `${users()}/${mia.id}/resend_invite`)).status).toBe(204)
    expect(salto.outbox()).toHaveLength(2)
    expect((await call('PATCH', `${users()}/${mia.id}`, { last_name: 'M' })).status).toBe(200)
    salto.completeProfile(mia.user.id)
    const renamed = await call('PATCH', `${users()}/${mia.id}`, { last_name: 'N' })
    expect([renamed.status, renamed.body.ErrorCode]).toEqual([403, '2203'])
    expect((await call('PATCH', `${users()}/${mia.id}`, { alias: 'Mia N' })).body.alias).toBe(
      'Mia N',
    )
    const again = await call('POST', users(), {
      first_name: 'M',
      last_name: 'M',
      email: 'MIA@member.example',
      role_ids: [SITE_USER],
    })
    expect([again.status, again.body.ErrorCode]).toEqual([400, '1100'])
    const nameless = { first_name: 'A', last_name: 'B', role_ids: [SITE_USER], email: '' }
    expect((await call('POST', users(), nameless)).body.Message).toBe("Email '' is not valid")
    const roleless = { first_name: 'A', last_name: 'B', role_ids: [MOBILE_USER] }
    expect((await call('POST', users(), roleless)).body.ErrorCode).toBe('1101')
  })

  it('plays what is not known of the real service either way', async () => {
    const tagId = salto.addTag(siteId, { number: '02300001' })
    salto.switches({ existingEmail: 'link', tagUnassign: 'empty', createdStatus: 201 })
    const email = 'kim@member.example'
    const id = salto.addUserProfile({ email, password: 'x', firstName: 'Kim', lastName: 'Known' })
    const kim = await newUser({ email, tag_id: tagId })
    expect(kim.user).toMatchObject({ id, first_name: 'Kim', has_profile: true })
    const patch = (tag_id: unknown) => call('PATCH', `${users()}/${kim.id}`, { tag_id })
    expect((await patch(null)).body.user.tag_number).toBe('02300001')
    expect((await patch('')).body.user.tag_number).toBeNull()
    salto.switches({ bareArrayOfSites: true })
    const sites = await salto.handle(
      new Request(`${ORIGIN}/connect/v1.2/sites`, {
        headers: { Authorization: `Bearer ${accessToken}` },
      }),
    )
    expect(await sites.json()).toMatchObject([{ id: siteId }])
  })

  it('finds a person of another site and takes them in', async () => {
    const id = salto.addUserProfile({
      email: 'kim@member.example',
      password: 'x',
      firstName: 'Kim',
      lastName: 'Known',
    })
    const found = await call('GET', '/v1.1/users/search?search_for=KIM@member.example')
    expect(found.body.id).toBe(id)
    expect((await call('GET', '/v1.1/users/search?search_for=no@x.example')).status).toBe(404)
    const added = await call('POST', `/v1.1/sites/${siteId}/users/existing`, {
      id,
      role_ids: [SITE_USER],
    })
    expect([added.status, added.body.user.has_profile]).toEqual([200, true])
  })

  it('suspends whoever comes when all seats are taken', async () => {
    salto.setSite(siteId, { seats: 2 })
    const first = await newUser()
    const second = await newUser()
    expect([first.subscription_state, second.subscription_state]).toEqual([
      'subscribed',
      'suspended',
    ])
    const subscribe = (id: string, body: object) =>
      call('PATCH', `${users()}/${id}/subscription`, body)
    expect((await subscribe(second.id, { state: 'subscribed' })).body.ErrorCode).toBe('2212')
    const wrong = await subscribe(first.id, { subscription_state: 'suspended' })
    expect([wrong.status, wrong.body.ErrorCode]).toEqual([400, '1101'])
    expect((await subscribe(first.id, { state: 'suspended' })).status).toBe(204)
    expect((await subscribe(second.id, { state: 'subscribed' })).status).toBe(204)
    expect((await call('GET', `/v1.2/sites/${siteId}`)).body.active_user_amount).toBe(2)
  })

  it('needs a while to know somebody new everywhere', async () => {
    salto.setConsistencyDelay(60_000)
    const mia = await newUser()
    const groupId = salto.addAccessGroup(siteId, { name: 'Full Time' })
    const join = () => call('POST', `${groups()}/${groupId}/users`, { user_id: mia.user.id })
    const rename = () => call('PATCH', `${users()}/${mia.id}`, { alias: 'Mia' })
    expect(mia.roles).toEqual([])
    expect([(await join()).status, (await rename()).status]).toEqual([404, 403])
    later(60_000)
    expect([(await join()).status, (await rename()).status]).toEqual([200, 200])
    expect((await call('GET', `${users()}/${mia.id}`)).body.roles).toHaveLength(1)
  })

  it('gives a tag to one person and a person one tag', async () => {
    const [one, two, pod] = ['02300001', '02300002', '02300003'].map((number) =>
      salto.addTag(siteId, { number, pod: number.endsWith('3') }),
    )
    const mia = await newUser({ tag_id: one })
    const tom = await newUser()
    expect(mia).toMatchObject({ user: { tag_number: '02300001' }, tag_owned_by_this_site: true })
    const give = (id: string, tag_id: unknown) => call('PATCH', `${users()}/${id}`, { tag_id })
    expect((await give(tom.id, one)).body.ErrorCode).toBe('1101')
    expect((await give(tom.id, pod)).body.ErrorCode).toBe('1101')
    expect((await give(tom.id, tom.id)).status).toBe(404)
    const keys = (await call('GET', `${users()}/${mia.id}/keys`)).body.items
    expect(keys).toMatchObject([{ type: 'tag', key_id: one, blocked: false }])
    const tag = (await call('GET', `/v1.1/sites/${siteId}/tags/${one}`)).body
    expect(tag).toMatchObject({ site_user: { id: mia.id }, site_user_key_id: keys[0].id })
    await give(mia.id, two)
    expect(salto.tags(siteId).map(({ holder }) => holder)).toEqual([null, mia.user.id, null])
    expect((await give(mia.id, null)).body.user.tag_number).toBeNull()
    await give(tom.id, two)
    expect((await call('DELETE', `${users()}/${tom.id}`)).status).toBe(202)
    expect((await call('GET', `${users()}/${tom.id}`)).status).toBe(404)
    expect(salto.tags(siteId).every(({ holder }) => holder === null)).toBe(true)
  })

  it('rewrites time schedules', async () => {
    const groupId = salto.addAccessGroup(siteId, { name: 'Full Time' })
    const times = { start_time: '09:00', end_time: '18:00' }
    const created = await call('POST', schedules(groupId), {
      monday: true,
      ...times,
      start_date: '2026-12-03T09:00:00Z',
      end_date: '2026-12-04 10:30',
    })
    expect(created.body).toMatchObject({
      monday: true,
      tuesday: false,
      start_time: '09:00:00',
      end_time: '18:00:59',
      start_date: '2026-12-03T09:00:00',
      end_date: '2026-12-04T10:30:00',
    })
    const refusals: [object, string][] = [
      [{ ...times, days: ['monday'] }, '1101'],
      [{ monday: true, start_time: '09:00' }, '1100'],
      [{ monday: true, start_time: '9', end_time: '18:00' }, '1101'],
      [{ monday: true, ...times, start_date: '2026-12-03', end_date: '2026-12-02' }, '1101'],
    ]
    for (const [body, code] of refusals) {
      expect((await call('POST', schedules(groupId), body)).body.ErrorCode).toBe(code)
    }
    const one = `${schedules(groupId)}/${created.body.id}`
    const changed = await call('PATCH', one, { tuesday: true, start_date: null })
    expect(changed.body).toMatchObject({ tuesday: true, start_date: null, end_time: '18:00:59' })
    expect((await call('DELETE', one)).status).toBe(204)
    expect(salto.groupByName(siteId, 'Full Time')?.schedules).toEqual([])
  })

  it('lets groups share a name, be renamed and be deleted once', async () => {
    const create = () => call('POST', groups(), { customer_reference: 'Full Time' })
    const group = (await create()).body
    expect((await create()).status).toBe(200)
    const rename = (body: object) => call('PATCH', `${groups()}/${group.id}`, body)
    expect((await rename({ customer_reference: '' })).body.ErrorCode).toBe('1101')
    expect((await rename({})).body.ErrorCode).toBe('1100')
    expect((await rename({ customer_reference: 'Part Time' })).status).toBe(200)
    expect((await call('DELETE', `${groups()}/${group.id}`)).status).toBe(204)
    expect((await call('DELETE', `${groups()}/${group.id}`)).body.ErrorCode).toBe('2202')
    expect(salto.groups(siteId).map(({ name }) => name)).toEqual(['Full Time'])
  })

  it('says why a site cannot be worked with', async () => {
    const create = () => call('POST', groups(), { customer_reference: 'Full Time' })
    const { uid } = salto.site(siteId)
    expect((await call('GET', `/v1.2/sites/${uid}/users`)).body.ErrorCode).toBe('1100')
    const nowhere = '6d2c1b9e-0f0d-4c58-9a55-2f9a6b6f1d01'
    expect((await call('GET', `/v1.2/sites/${nowhere}/users`)).body.ErrorCode).toBe('2203')
    salto.setSite(siteId, { subscriptionValid: false })
    expect((await create()).body.ErrorCode).toBe('2212')
    salto.setSite(siteId, { installationState: 'installation' })
    salto.switches({ numericErrorCode: true })
    const response = await salto.handle(
      new Request(`${ORIGIN}/connect${groups()}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' },
        body: '{"customer_reference":"x"}',
      }),
    )
    expect([response.status, (await response.json()).ErrorCode]).toEqual([400, 2210])
    const v2 = await salto.handle(
      new Request(`${ORIGIN}/connect/v2/sites/${siteId}/roles`, {
        headers: { Authorization: `Bearer ${accessToken}` },
      }),
    )
    expect(v2.headers.get('Content-Type')).toBe('application/problem+json')
  })

  it('lets a plain user see themself and nothing more', async () => {
    const tom = { email: 'tom@member.example', password: 'x', firstName: 'Tom', lastName: 'T' }
    const profileId = salto.addUserProfile(tom)
    const { siteUserId } = salto.addSiteUser(siteId, { profileId })
    accessToken = (await salto.issueTokens(tom.email)).access_token
    const seen = (await call('GET', users())).body.items
    expect(seen.map((user: { id: string }) => user.id)).toEqual([siteUserId])
    expect((await call('POST', groups(), { customer_reference: 'x' })).body.ErrorCode).toBe('2203')
    expect((await call('GET', `/v1.1/sites/${siteId}/tags`)).status).toBe(403)
    salto.suspendUser(siteId, siteUserId)
    expect((await call('GET', `/v1.1/sites/${siteId}/me`)).status).toBe(403)
  })
})

describe('a PIN', () => {
  let at: string
  let siteUserId: string
  const put = (body: object = {}) => call('PUT', `${at}/pin`, body)

  beforeEach(() => {
    ;({ siteUserId } = salto.addSiteUser(siteId, { firstName: 'Vera' }))
    at = `/v1.2/sites/${siteId}/users/${siteUserId}`
  })

  it('wants a site, a user and a lock that allow it', async () => {
    const told: number[] = []
    const next = async () => told.push((await put()).status)
    await next()
    salto.setSite(siteId, { pinEnabled: true })
    await next()
    salto.addLock(siteId, { name: 'Quay Room', type: 'escutcheon_pin' })
    await next()
    await call('PATCH', at, { use_pin: true })
    await next()
    expect(told).toEqual([403, 403, 403, 200])
    expect((await call('GET', `/v1.2/sites/${siteId}`)).body.pin_enabled).toBe(true)
  })

  it('is six digits in a bare text, replaces the one before, opens its hours and ends', async () => {
    salto.setSite(siteId, { pinEnabled: true })
    const lockId = salto.addLock(siteId, { name: 'Quay Room', type: 'wall_reader_pin' })
    const tagsOnly = salto.addLock(siteId, { name: 'Front door' })
    await call('PATCH', at, { use_pin: true })
    const { saltoUserId } = salto.users(siteId).find((each) => each.siteUserId === siteUserId)!
    salto.addAccessGroup(siteId, {
      name: 'Visit',
      lockIds: [lockId, tagsOnly],
      saltoUserIds: [saltoUserId],
      schedule: { start_time: '10:00:00', end_time: '18:00:59' },
    })
    const first = (await put()).body
    expect(first).toMatch(/^\d{6}$/)
    const ends = (days: number) => ({
      expiry_date: new Date(clock.now().getTime() + days * 24 * 3_600_000).toISOString(),
    })
    for (const days of [0.9, 366]) expect((await put(ends(days))).status).toBe(400)
    const second = (await put(ends(1))).body
    const opens = (pin: string, when: string, lock = lockId) =>
      salto.door({ lockId: lock, pin, at: when }).opened
    expect(opens(first, '2026-11-02T10:00:00Z')).toBe(false)
    expect(opens(second, '2026-11-02T08:00:00Z')).toBe(false)
    expect(opens(second, '2026-11-02T10:00:00Z')).toBe(true)
    expect(opens(second, '2026-11-02T10:00:00Z', tagsOnly)).toBe(false)
    expect(opens(second, '2026-11-03T10:00:00Z')).toBe(false)
    expect(salto.entries(siteId).map((each) => each.access_by)).toEqual(Array(5).fill('pin_code'))
  })
})

describe('a door', () => {
  let lockId: string
  let saltoUserId: string
  let siteUserId: string
  const tagNumber = '02300001'
  const knock = (at?: string) => salto.door({ lockId, tagNumber, ...(at && { at }) })

  beforeEach(() => {
    lockId = salto.addLock(siteId, { name: 'Front door' })
    const tagId = salto.addTag(siteId, { number: tagNumber })
    ;({ saltoUserId, siteUserId } = salto.addSiteUser(siteId, { firstName: 'Tom', tagId }))
  })

  const group = (schedule: Parameters<typeof salto.addAccessGroup>[1]['schedule']) =>
    salto.addAccessGroup(siteId, {
      name: 'Full Time',
      lockIds: [lockId],
      ...(schedule !== undefined && { schedule }),
      saltoUserIds: [saltoUserId],
    })

  it('opens for who is in a group with it whose schedule holds', () => {
    expect(knock().opened).toBe(false)
    const groupId = group(null)
    expect(knock().reason).toContain('Not at this time')
    salto.addSchedule(siteId, groupId, 'always')
    expect(knock().opened).toBe(true)
    expect(salto.door({ lockId, saltoUserId }).opened).toBe(true)
    expect(salto.entries(siteId).map((e) => [e.event_category, e.event_detail])).toEqual([
      ['lock_rejected', 'no_access'],
      ['lock_rejected', 'no_access'],
      ['lock_opened', null],
      ['lock_opened', null],
    ])
  })

  it('keeps to the wall clock of the site, bounds included, also when the clocks change', () => {
    // On 25 October 2026 clocks in Berlin go from 3:00 back to 2:00.
    group({ start_date: '2026-10-24T22:00:00', end_date: '2026-10-25T03:00:00' })
    const at = (instant: string) => knock(instant).opened
    expect(at('2026-10-24T19:59:59Z')).toBe(false)
    expect(at('2026-10-24T20:00:00Z')).toBe(true)
    expect(at('2026-10-25T01:30:00Z')).toBe(true)
    expect(at('2026-10-25T02:00:00Z')).toBe(true)
    expect(at('2026-10-25T02:00:01Z')).toBe(false)
  })

  it('keeps to days and hours', () => {
    group({ saturday: false, sunday: false, start_time: '08:00', end_time: '18:00' })
    expect(knock('2026-11-02T07:00:00Z').opened).toBe(true)
    expect(knock('2026-11-02T06:59:59Z').opened).toBe(false)
    expect(knock('2026-11-02T17:00:59Z').opened).toBe(true)
    expect(knock('2026-11-02T17:01:00Z').opened).toBe(false)
    expect(knock('2026-11-01T10:00:00Z').opened).toBe(false)
  })

  it('stays closed for the blocked, the suspended and the unknown', () => {
    group('always')
    salto.blockUser(siteId, siteUserId)
    expect(knock().reason).toBe('The user is blocked.')
    salto.blockUser(siteId, siteUserId, false)
    salto.suspendUser(siteId, siteUserId)
    expect(knock().opened).toBe(false)
    salto.suspendUser(siteId, siteUserId, false)
    expect(knock().opened).toBe(true)
    expect(salto.door({ lockId, tagNumber: '99999999' }).opened).toBe(false)
    expect(salto.entries(siteId).at(-1)).toMatchObject({ user_id: null, access_detail: '99999999' })
  })

  it('hears of changes late, and of none while the hub is offline', () => {
    salto.setLag({ memberMs: 45_000, scheduleMs: 215_000 })
    const groupId = group('always')
    later(214_000)
    expect(knock().opened).toBe(false)
    later(1_000)
    expect(knock().opened).toBe(true)

    salto.setIqOnline(siteId, false)
    later(60_000)
    salto.removeFromGroup(siteId, groupId, saltoUserId)
    later(3_600_000)
    expect(knock().opened).toBe(true)
    salto.setIqOnline(siteId, true)
    expect(knock().opened).toBe(false)
  })

  it('cut off from its hub still opens for whom it remembers', () => {
    const groupId = group('always')
    expect(knock().opened).toBe(true)
    salto.removeFromGroup(siteId, groupId, saltoUserId)
    salto.setLockOnline(lockId, false)
    expect(knock().opened).toBe(true)
    expect(salto.door({ lockId, tagNumber: '99999999' }).opened).toBe(false)
    later(8 * 24 * 3_600_000)
    expect(knock().opened).toBe(false)
  })
})

describe('the pages', () => {
  const open = async (path: string, fields?: Record<string, string>) => {
    const response = await salto.handle(
      new Request(`${ORIGIN}/app${path}`, {
        ...(fields && { method: 'POST', body: new URLSearchParams(fields) }),
      }),
    )
    return { status: response.status, text: await response.text() }
  }

  it('let a person put somebody in a group and try their tag at a time', async () => {
    const lockId = salto.addLock(siteId, { name: 'Front door' })
    const tagId = salto.addTag(siteId, { number: '02300001' })
    const { saltoUserId } = salto.addSiteUser(siteId, { firstName: 'Tom', tagId })
    const groupId = salto.addAccessGroup(siteId, {
      name: 'Mornings',
      lockIds: [lockId],
      schedule: { start_time: '08:00', end_time: '12:00' },
    })
    expect((await open(`/groups/${groupId}/users`, { id: saltoUserId })).status).toBe(303)
    expect((await open('/doors')).text).toContain('value="10:00"')
    const knock = { credential: 'tag:02300001', lockId, date: '2026-11-03' }
    expect((await open('/doors', { ...knock, time: '08:00' })).text).toContain('Opened')
    expect((await open('/doors', { ...knock, time: '13:00' })).text).toContain('Stays closed')
    expect((await open('/events')).text).toContain('2026-11-03 13:00:00')
    for (const path of ['', '/groups', '/tags', '/locks', '/mail']) {
      expect((await open(path)).text).toContain('SALTO KS</strong> (played locally) · Loft')
    }
  })

  it('and a test in another process reach every control', async () => {
    const response = await salto.handle(
      new Request(`${ORIGIN}/__sim/addLock`, {
        method: 'POST',
        body: JSON.stringify([siteId, { name: 'Back door' }]),
      }),
    )
    const { result } = await response.json()
    expect(salto.locks(siteId)).toMatchObject([{ lockId: result, name: 'Back door' }])
  })
})
