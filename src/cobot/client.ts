// What we ask of one space, with the space's own access token.
import { z } from 'zod'
import { ReconnectNeeded, Refused, RetryLater } from '../core/errors.ts'
import type { BookingId, ExternalBookingId, MembershipId, SpaceId } from '../core/ids.ts'
import type { Booking, ExternalBooking } from '../core/model.ts'
import type { Ports } from '../core/ports.ts'
import {
  type Call,
  createVerbs,
  createWire,
  listOf,
  orNull404,
  path,
  readAs,
  readPages,
} from '../wire.ts'
import * as assumed from './assumed.ts'
import * as parse from './parse.ts'
import { type CobotSettings, spaceUrlOf } from './settings.ts'

/** The budget of the Cobot user behind the token: asked before every call, told of every 429. */
export type Gate = {
  before(kind: 'any' | 'memberships', goesOn: boolean): Promise<void>
  limited(afterMs: number): Promise<void>
  /** Every call goes through here. */
  through?<T>(call: () => Promise<T>): Promise<T>
}

export type Cobot = ReturnType<typeof createCobot>

/** The one call with a budget of its own. */
const LIST_MEMBERSHIPS = 'list memberships'

export const createCobot = (deps: {
  settings: CobotSettings
  ports: Pick<Ports, 'fetch' | 'clock'>
  space: { spaceId: SpaceId; subdomain: string }
  accessToken: string
  gate: Gate
}) => {
  const { settings, ports, space, accessToken, gate } = deps
  const wire = createWire({ side: 'cobot', ports, limited: (afterMs) => gate.limited(afterMs) })
  const api1 = `${spaceUrlOf(settings, space.subdomain)}/api`
  const api2 = settings.apiUrl
  const api2Space = `${api2}${path`/spaces/${space.spaceId}`}`

  const through = gate.through ?? ((call) => call())
  const ask = (call: Call) =>
    through(async () => {
      await gate.before(call.name === LIST_MEMBERSHIPS ? 'memberships' : 'any', !!call.goesOn)
      const isApi2 = call.url.startsWith(`${api2}/`)
      const accept = isApi2 ? 'application/vnd.api+json' : 'application/json'
      const headers = { authorization: `Bearer ${accessToken}`, accept }
      return (await wire({ ...call, headers })).body
    })

  const { read, get, create, send, remove } = createVerbs('cobot', ask)

  /** All items of an API 2 list, each read with what was included on its page. */
  const readAll = <T>(name: string, schema: (included: unknown[]) => z.ZodType<T>, url: string) =>
    readPages(
      { side: 'cobot', name, url: `${url}&page[size]=${assumed.PAGE_SIZE}` },
      async (call) => {
        const { data, included, meta, links } = await read(parse.page, call)
        if (meta?.consistent === false)
          throw new RetryLater(`${name}: not consistent yet`, assumed.CONSISTENT_AFTER_MS)
        return {
          items: data,
          schema: schema(included ?? []),
          next: links?.next,
          totalItems: meta?.totalBookings,
          totalPages: meta?.totalPages,
        }
      },
    )

  /** What belongs to another space counts as absent: an admin's token may read several. */
  const ours = <T>({ spaceId, value }: parse.OfSpace<T>): T | null =>
    spaceId === space.spaceId ? value : null

  const readOne = async <T>(name: string, schema: z.ZodType<parse.OfSpace<T>>, at: string) => {
    const found = await orNull404(get(name, parse.single, `${api2}${at}`))
    return found && ours(readAs('cobot', name, schema, found.data))
  }

  const getExternalBooking = (id: ExternalBookingId): Promise<ExternalBooking | null> =>
    readOne('get external booking', parse.externalBooking, path`/external_bookings/${id}`)

  return {
    /** All of them, also the unconfirmed ones and those that start later. */
    listMemberships: () =>
      get(
        LIST_MEMBERSHIPS,
        listOf(parse.membership, ({ membershipId }) => membershipId),
        `${api1}/memberships?${assumed.MEMBERSHIPS_QUERY}`,
      ),

    getMembership: (id: MembershipId) =>
      orNull404(get('get membership', parse.membership, `${api1}${path`/memberships/${id}`}`)),

    /** Hidden plans included: they hold paused and private members. */
    listPlans: () =>
      get(
        'list plans',
        listOf(parse.plan, ({ planId }) => planId),
        `${api1}/plans`,
      ),

    listResources: () =>
      readAll(
        'list resources',
        () => parse.resource,
        `${api2Space}/resources?filter[usage]=bookable`,
      ),

    /** Bookings that overlap the range, to the last page or not at all. */
    listBookings: async ({ from, to }: { from: Date; to: Date }): Promise<Booking[]> => {
      const range = `filter[from]=${isoSeconds(from)}&filter[to]=${isoSeconds(to)}`
      const url = `${api2Space}/bookings?${range}&include=externalBooking`
      const found = await readAll('list bookings', parse.booking, url)
      return found.map(ours).filter((booking) => booking !== null)
    },

    /** With its external booking, which takes a second call: one booking has no `include`. */
    getBooking: async (id: BookingId): Promise<Booking | null> => {
      const found = await readOne('get booking', parse.booking([]), path`/bookings/${id}`)
      if (!found?.external) return found
      const external = await getExternalBooking(found.external.externalBookingId)
      return { ...found, external: external ?? found.external }
    },

    getExternalBooking,

    listNavigationLinks: () =>
      get('list navigation links', z.array(parse.navigationLink), `${api1}/navigation_links`),

    createNavigationLink: (link: { section: string; label: string; iframeUrl: string }) =>
      create('create navigation link', parse.navigationLink, `${api1}/navigation_links`, {
        section: link.section,
        label: link.label,
        iframe_url: link.iframeUrl,
      }),

    /** Of the link's address only the id is used: the token goes to our own space alone. */
    deleteNavigationLink: (url: string) => {
      const id = URL.parse(url)?.pathname.split('/').pop() ?? ''
      return remove('delete navigation link', `${api1}${path`/navigation_links/${id}`}`)
    },

    listWebhookSubscriptions: () =>
      get(
        'list webhook subscriptions',
        z.array(parse.webhookSubscription),
        `${api1}/subscriptions`,
      ),

    /** null when there is one already, or when Cobot does not know the event. */
    createWebhookSubscription: ({ event, callbackUrl }: { event: string; callbackUrl: string }) =>
      create(`subscribe to ${event}`, parse.webhookSubscription, `${api1}/subscriptions`, {
        event,
        callback_url: callbackUrl,
      }).catch((error: unknown) => {
        if (error instanceof Refused && assumed.isSubscriptionNotNeeded(error)) return null
        throw error
      }),

    deleteWebhookSubscription: (id: string) =>
      remove('delete webhook subscription', `${api1}${path`/subscriptions/${id}`}`),

    /** A line on the space's dashboard in Cobot. */
    createActivity: (activity: { text: string; level: 'WARN'; channels: 'admin'[] }) =>
      send('create activity', 'POST', `${api1}/activities`, activity),

    /** Name, zone and manners of the space, which its owner may change at any time. */
    getSpace: () =>
      get('get space', parse.space, `${settings.cobotUrl}${path`/api/spaces/${space.subdomain}`}`),

    /** The fixed probe (R12): resolves when our own space answers, else throws what is wrong. */
    checkSpace: async (): Promise<void> => {
      const { spaceId, subdomain } = await get('check space', parse.spaceNamed, api2Space)
      if (spaceId !== space.spaceId || subdomain !== space.subdomain)
        throw new ReconnectNeeded('cobot', 'check space: another space answered')
    },
  }
}

/** API 2 wants ISO 8601 without milliseconds. */
const isoSeconds = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z')
