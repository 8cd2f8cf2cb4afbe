import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refused, RetryLater, Unavailable } from '../../src/core/errors.ts'
import { asId } from '../../src/core/ids.ts'
import { loadContract } from '../support/contracts.ts'
import { createWorld, ORIGIN, SUBDOMAIN } from './world.ts'

const contract = loadContract('cobot-api2.openapi.yml')

let world: ReturnType<typeof createWorld>
beforeEach(() => {
  world = createWorld()
  world.server.listen({ onUnhandledFrame: 'error' })
})
afterEach(() => {
  world.server.close()
  const complaints = world.cobot.journal
    .filter(({ path }) => path.startsWith('/api2/'))
    .flatMap(({ method, path }) => contract?.checkRequest(method, path.replace('/api2', '')) ?? [])
  expect(complaints).toEqual([])
})

const DAY = { from: new Date('2026-03-09T00:00:00Z'), to: new Date('2026-03-10T00:00:00Z') }

describe('memberships and plans', () => {
  test('all memberships, with plan copies and dates in our words', async () => {
    const { cobot, api, gated } = world
    const flex = cobot.addPlan(SUBDOMAIN, { name: 'Flex' })
    const full = cobot.addPlan(SUBDOMAIN, { name: 'Full', hidden: true })
    const ilse = cobot.addUser({ name: 'Ilse', email: 'ilse@bakker.example' })
    const id = cobot.addMembership(SUBDOMAIN, {
      name: 'Ilse',
      email: 'ilse@bakker.example',
      userId: ilse,
      planId: flex,
      startsAt: '2026-02-01',
      confirmedAt: '2026-01-30T08:30:00Z',
    })
    cobot.changePlan(SUBDOMAIN, id, full, '2026-04-01')
    cobot.cancelMembership(SUBDOMAIN, id, '2026-06-01')
    cobot.addMembership(SUBDOMAIN, { name: null, email: null, planId: null, confirmedAt: null })

    const [first, second] = await api.listMemberships()
    expect(first).toEqual({
      membershipId: id,
      name: 'Ilse',
      email: 'ilse@bakker.example',
      cobotUserId: ilse,
      teamId: null,
      plan: { planId: flex, name: 'Flex', canceledTo: '2026-04-01' },
      upcomingPlan: { planId: full, name: 'Full', canceledTo: null },
      confirmedAt: new Date('2026-01-30T08:30:00Z'),
      startsOn: '2026-02-01',
      canceledTo: '2026-06-01',
    })
    expect(second).toMatchObject({ name: null, email: null, cobotUserId: null, confirmedAt: null })
    expect(second?.plan.planId).toBeNull()
    expect(gated).toEqual(['memberships'])
    expect(await api.getMembership(asId(id))).toEqual(first)
    cobot.deleteMembership(SUBDOMAIN, id)
    expect(await api.getMembership(asId(id))).toBeNull()
    expect(await api.listPlans()).toEqual([
      { planId: flex, name: 'Flex', hidden: false },
      { planId: full, name: 'Full', hidden: true },
    ])
  })

  test('a 429 is told to the gate', async () => {
    const { api, gated } = world
    for (let i = 0; i < 6; i++) await api.listMemberships()
    await expect(api.listMemberships()).rejects.toBeInstanceOf(RetryLater)
    expect(gated.at(-1)).toMatch(/^limited \d+$/)
  })
})

describe('resources and bookings', () => {
  test('every page is read, and visitors come with their bookings', async () => {
    const { cobot, api } = world
    const room = cobot.addResource(SUBDOMAIN, { name: 'Quay Room' })
    cobot.addResource(SUBDOMAIN, { name: 'Office', usage: 'allocatable' })
    const planId = cobot.addPlan(SUBDOMAIN, { name: 'Flex' })
    const membershipId = cobot.addMembership(SUBDOMAIN, { name: 'Ilse', email: null, planId })
    for (let minute = 0; minute < 230; minute++) {
      const from = new Date(DAY.from.getTime() + minute * 60_000).toISOString()
      const to = new Date(DAY.from.getTime() + (minute + 1) * 60_000).toISOString()
      cobot.addBooking(SUBDOMAIN, { resourceId: room, membershipId, from, to, title: 'Call' })
    }
    const externalId = cobot.addExternalBooking(SUBDOMAIN, {
      resourceId: room,
      from: '2026-03-09T12:00:00Z',
      to: '2026-03-09T14:00:00Z',
      name: 'Jo Visser',
      email: 'jo@visser.example',
      status: 'pending',
    })

    expect(await api.listResources()).toEqual([{ resourceId: room, name: 'Quay Room' }])
    const bookings = await api.listBookings(DAY)
    expect(bookings).toHaveLength(231)
    expect(new Set(bookings.map((booking) => booking.bookingId)).size).toBe(231)
    expect(bookings[0]).toMatchObject({
      resourceId: room,
      membershipId,
      external: null,
      startsAt: new Date('2026-03-09T00:00:00Z'),
      endsAt: new Date('2026-03-09T00:01:00Z'),
      title: 'Call',
    })
    const visit = bookings.find((booking) => booking.external)
    const external = { externalBookingId: externalId, status: 'pending', name: 'Jo Visser' }
    expect(visit).toMatchObject({ membershipId: null, external })
    expect(await api.getBooking(visit!.bookingId)).toEqual(visit)
    expect(await api.getExternalBooking(asId(externalId))).toEqual(external)
    cobot.cancelExternalBooking(externalId)
    expect(await api.getBooking(visit!.bookingId)).toBeNull()
    expect(await api.getExternalBooking(asId('none'))).toBeNull()
  })

  test('absolute links are followed on our own host only', async () => {
    const { cobot, api, server, accessToken } = world
    cobot.setLinks('absolute')
    const strangers: string[] = []
    const page = (next: string | null, id: string) =>
      HttpResponse.json({
        data: [{ id, type: 'resources', attributes: { name: id } }],
        meta: { totalPages: 2, currentPage: next ? 1 : 2 },
        links: { next },
      })
    server.use(
      http.all('https://evil.example/*', ({ request }) => {
        strangers.push(request.headers.get('authorization') ?? '')
        return page(null, 'r3')
      }),
      http.get(`${ORIGIN}/api2/spaces/*`, ({ request }) => {
        expect(request.headers.get('authorization')).toBe(`Bearer ${accessToken}`)
        const isSecond = new URL(request.url).searchParams.get('page[number]') === '2'
        return isSecond ? page(null, 'r2') : page('https://evil.example/x?page[number]=2', 'r1')
      }),
    )
    expect(await api.listResources()).toMatchObject([{ resourceId: 'r1' }, { resourceId: 'r2' }])
    expect(strangers).toEqual([])
  })

  const answerLists = (body: object) =>
    world.server.use(http.get(`${ORIGIN}/api2/*`, () => HttpResponse.json(body)))

  test('a list that is not consistent yet is asked for again', async () => {
    answerLists({ data: [], meta: { consistent: false }, links: { next: null } })
    await expect(world.api.listBookings(DAY)).rejects.toMatchObject({ afterMs: 30_000 })
  })

  test('a list that ends early or never is refused as incomplete', async () => {
    const incomplete = 'list bookings: list incomplete'
    answerLists({ data: [], meta: { totalPages: 2 }, links: { next: null } })
    await expect(world.api.listBookings(DAY)).rejects.toThrow(incomplete)
    answerLists({ data: [], links: { next: '?page[number]=2' } })
    await expect(world.api.listBookings(DAY)).rejects.toThrow(incomplete)
  })

  test('a booking of another space counts as absent, a missing field names the call', async () => {
    const attributes = { from: '2026-03-09T08:00:00Z', to: '2026-03-09T09:00:00Z', title: null }
    const resource = { data: { type: 'resources', id: 'r1' } }
    const space = { data: { type: 'spaces', id: 'elsewhere' } }
    answerLists({ data: { id: 'b1', attributes, relationships: { resource, space } } })
    expect(await world.api.getBooking(asId('b1'))).toBeNull()
    answerLists({ data: { id: 'b1', attributes, relationships: {} } })
    await expect(world.api.getBooking(asId('b1'))).rejects.toThrow(
      'get booking: answer lacks relationships.resource',
    )
  })

  test('an external booking in an unknown state, or not sent along, is unknown', async () => {
    const data = { id: 'x1', attributes: { status: 'tentative', name: null } }
    answerLists({ data })
    expect(await world.api.getExternalBooking(asId('x1'))).toMatchObject({ status: 'unknown' })
    const booking = {
      id: 'b1',
      attributes: { from: '2026-03-09T08:00:00Z', to: '2026-03-09T09:00:00Z' },
      relationships: { resource: { data: { id: 'r1' } }, externalBooking: { data: { id: 'x1' } } },
    }
    answerLists({ data: [booking] })
    const [found] = await world.api.listBookings(DAY)
    expect(found?.external).toEqual({ externalBookingId: 'x1', status: 'unknown', name: null })
  })
})

describe('navigation, webhooks, activities', () => {
  test('a link is made, listed and deleted, and never at a foreign address', async () => {
    const { cobot, api } = world
    const wish = {
      section: 'admin/manage',
      label: 'Salto',
      iframeUrl: 'https://salto.example/embed',
    }
    const link = await api.createNavigationLink(wish)
    expect(link).toMatchObject(wish)
    expect(await api.listNavigationLinks()).toEqual([link])
    const id = link.url.split('/').pop()
    await api.deleteNavigationLink(`https://evil.example/api/navigation_links/${id}`)
    expect(cobot.navigationLinks(SUBDOMAIN)).toEqual([])
    await api.deleteNavigationLink(link.url)
  })

  test('a webhook is subscribed to once; unknown events are passed over', async () => {
    const { cobot, api } = world
    const wish = { event: 'created_booking', callbackUrl: 'https://salto.example/hooks/1' }
    const made = await api.createWebhookSubscription(wish)
    expect(made).toMatchObject({ ...wish, active: true })
    expect(await api.createWebhookSubscription(wish)).toBeNull()
    expect(await api.createWebhookSubscription({ ...wish, event: 'no_such_event' })).toBeNull()
    expect(await api.listWebhookSubscriptions()).toEqual([made])
    await api.deleteWebhookSubscription(made!.subscriptionId)
    await api.deleteWebhookSubscription(made!.subscriptionId)
    expect(cobot.subscriptions(SUBDOMAIN)).toEqual([])
  })

  test('an activity is written', async () => {
    const { cobot, api } = world
    const activity = { text: 'Doors', level: 'WARN' as const, channels: ['admin' as const] }
    await api.createActivity({ ...activity, sourceIds: ['m1'] })
    expect(cobot.activities(SUBDOMAIN)).toMatchObject([{ ...activity, sourceIds: ['m1'] }])
  })
})

describe('the probe', () => {
  test('resolves while our space answers', async () => {
    const { cobot, api } = world
    await api.checkSpace()
    cobot.suspendSpace(SUBDOMAIN)
    await expect(api.checkSpace()).rejects.toBeInstanceOf(Refused)
  })

  test('says by its error what is wrong', async () => {
    const { cobot, api, accessToken } = world
    cobot.addFault({ path: '^/api2/', status: 502, body: accessToken, times: 1 })
    const error: unknown = await api.checkSpace().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Unavailable)
    expect(String(error)).not.toContain(accessToken)
    cobot.revokeTokens({ spaceToken: SUBDOMAIN })
    await expect(api.checkSpace()).rejects.toMatchObject({ side: 'cobot' })
  })
})
