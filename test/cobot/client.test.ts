import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from '../../src/core/errors.ts'
import { asId } from '../../src/core/ids.ts'
import { loadContract } from '../support/contracts.ts'
import { strip } from '../support/strip.ts'
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

  type Answer = { data?: string[]; meta?: object; links?: object }
  test.each<[string, Answer, Answer]>([
    ['the number of pages changes', { meta: { totalPages: 1 } }, { meta: { totalPages: 2 } }],
    ['fewer came than announced', { meta: { totalBookings: 3 } }, { meta: { totalBookings: 3 } }],
    ['one came twice', { data: ['b1'] }, { data: ['b1'] }],
    ['nothing says that it ends', {}, { links: {} }],
  ])('a list in which %s is read once more, then refused', async (_, first, second) => {
    const booking = (id: string) => ({
      id,
      attributes: { from: '2026-03-09T08:00:00Z', to: '2026-03-09T09:00:00Z' },
      relationships: {
        space: { data: { id: world.spaceId } },
        resource: { data: { id: 'r1' } },
        externalBooking: { data: null },
      },
    })
    const answer = ({ data = [], ...rest }: Answer, next: string | null) =>
      HttpResponse.json({ data: data.map(booking), links: { next }, ...rest })
    let calls = 0
    world.server.use(
      http.get(`${ORIGIN}/api2/*`, () => {
        calls += 1
        return calls % 2 ? answer(first, '?page[number]=2') : answer(second, null)
      }),
    )
    await expect(world.api.listBookings(DAY)).rejects.toThrow('list bookings: list incomplete')
    expect(calls).toBe(4)
  })

  test('a list that somebody changed while it was read is read once more', async () => {
    const { cobot, api, server } = world
    const room = cobot.addResource(SUBDOMAIN, { name: 'Quay Room' })
    const ids = Array.from({ length: 201 }, (_, n) =>
      cobot.addBooking(SUBDOMAIN, {
        resourceId: room,
        from: new Date(DAY.from.getTime() + n * 60_000).toISOString(),
        to: new Date(DAY.from.getTime() + n * 60_000 + 60_000).toISOString(),
      }),
    )
    let pages = 0
    server.use(
      http.get(`${ORIGIN}/api2/*`, async ({ request }) => {
        const answer = await cobot.handle(request)
        pages += 1
        if (pages === 1) cobot.deleteBooking(ids[0] ?? '')
        return answer
      }),
    )
    expect((await api.listBookings(DAY)).map(({ bookingId }) => bookingId)).toEqual(ids.slice(1))
  })

  test('a booking of another space counts as absent, a missing field names the call', async () => {
    const attributes = { from: '2026-03-09T08:00:00Z', to: '2026-03-09T09:00:00Z', title: null }
    const resource = { data: { type: 'resources', id: 'r1' } }
    const space = { data: { type: 'spaces', id: 'elsewhere' } }
    const relationships = { resource, space, externalBooking: { data: null } }
    answerLists({ data: { id: 'b1', attributes, relationships } })
    expect(await world.api.getBooking(asId('b1'))).toBeNull()
    answerLists({ data: { id: 'b1', attributes, relationships: {} } })
    await expect(world.api.getBooking(asId('b1'))).rejects.toThrow(
      'get booking: answer lacks relationships.space, relationships.resource',
    )
  })

  test('an external booking in an unknown state, or not sent along, is unknown', async () => {
    const space = { data: { id: world.spaceId } }
    const attributes = { status: 'tentative', name: null }
    answerLists({ data: { id: 'x1', attributes, relationships: { space } } })
    expect(await world.api.getExternalBooking(asId('x1'))).toMatchObject({ status: 'unknown' })
    const booking = {
      id: 'b1',
      attributes: { from: '2026-03-09T08:00:00Z', to: '2026-03-09T09:00:00Z' },
      relationships: {
        space,
        resource: { data: { id: 'r1' } },
        externalBooking: { data: { id: 'x1' } },
      },
    }
    answerLists({ data: [booking], links: { next: null } })
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
    await api.createActivity(activity)
    expect(cobot.activities(SUBDOMAIN)).toMatchObject([activity])
  })
})

describe('what would open or close a door must be there', () => {
  const readers = {
    'list memberships': () => world.api.listMemberships(),
    'get membership': (id: string) => world.api.getMembership(asId(id)),
    'list plans': () => world.api.listPlans(),
    'list resources': () => world.api.listResources(),
    'list bookings': () => world.api.listBookings(DAY),
    'get booking': (_: string, id: string) => world.api.getBooking(asId(id)),
    'get external booking': (_: string, __: string, id: string) =>
      world.api.getExternalBooking(asId(id)),
    'check space': () => world.api.checkSpace(),
  }
  test.each<[keyof typeof readers, string]>([
    ...['id', 'canceled_to', 'starts_at', 'confirmed_at', 'upcoming_plan', 'plan'].flatMap(
      (field): [keyof typeof readers, string][] => [
        ['list memberships', `*.${field}`],
        ['get membership', field],
      ],
    ),
    ['list memberships', '*.name'],
    ['list memberships', '*.plan.canceled_to'],
    ['list plans', '*.id'],
    ['list resources', 'data'],
    ['list resources', 'data.*.id'],
    ['list bookings', 'data.*.id'],
    ['list bookings', 'data.*.attributes.from'],
    ['list bookings', 'data.*.attributes.to'],
    ['list bookings', 'data.*.relationships.space'],
    ['list bookings', 'data.*.relationships.resource'],
    ['list bookings', 'data.*.relationships.externalBooking'],
    ['get booking', 'data.relationships.externalBooking.data'],
    ['get external booking', 'data.attributes.status'],
    ['check space', 'data.id'],
    ['check space', 'data.attributes.subdomain'],
  ])('%s without %s is an error that names the call', async (name, field) => {
    const { cobot, server } = world
    const planId = cobot.addPlan(SUBDOMAIN, { name: 'Flex' })
    const membershipId = cobot.addMembership(SUBDOMAIN, { name: 'Mia', email: null, planId })
    const resourceId = cobot.addResource(SUBDOMAIN, { name: 'Quay Room' })
    const from = '2026-03-09T08:00:00Z'
    const visit = { resourceId, from, to: '2026-03-09T09:00:00Z' }
    const external = cobot.addExternalBooking(SUBDOMAIN, {
      ...visit,
      name: 'Jo',
      email: 'jo@visser.example',
      status: 'approved',
    })
    const [booking] = await world.api.listBookings(DAY)
    const read = () => readers[name](membershipId, booking?.bookingId ?? '', external)
    await read()
    server.use(
      http.get(`${ORIGIN}/*`, async ({ request }) => {
        const answer = await cobot.handle(request)
        return HttpResponse.json(strip(await answer.json(), field) as object)
      }),
    )
    const error: unknown = await read().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Unavailable)
    expect(String(error)).toContain(`${name}: answer lacks `)
  })

  test('a membership that is listed twice makes no list', async () => {
    const { cobot, server, api } = world
    cobot.addMembership(SUBDOMAIN, { name: 'Mia', email: null, planId: null })
    server.use(
      http.get(`${ORIGIN}/*`, async ({ request }) => {
        const [mia] = (await (await cobot.handle(request)).json()) as object[]
        return HttpResponse.json([mia, mia])
      }),
    )
    await expect(api.listMemberships()).rejects.toThrow('list memberships: answer lacks each id')
  })
})

describe('the probe', () => {
  test('another space that answers in our place is not ours', async () => {
    const { cobot, api, server, spaceId } = world
    for (const ours of [spaceId, SUBDOMAIN]) {
      server.use(
        http.get(`${ORIGIN}/api2/*`, async ({ request }) => {
          const text = await (await cobot.handle(request)).text()
          return new HttpResponse(text.replaceAll(`"${ours}"`, '"other"'))
        }),
      )
      await expect(api.checkSpace()).rejects.toBeInstanceOf(ReconnectNeeded)
      server.resetHandlers()
      await api.checkSpace()
    }
  })

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
