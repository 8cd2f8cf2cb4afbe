// API 2 under /api2: JSON:API, read only as far as the add-on goes.
import { type Context, Hono } from 'hono'
import { type Access, Refused } from './access.ts'
import * as json from './api2-json.ts'
import { type Booking, hexId, of, type Space } from './state.ts'
import type { World } from './world.ts'

const mediaType = 'application/vnd.api+json'

export const api2 = ({ state, ports, origin, controls }: World, access: Access) => {
  const bySpaceId = (id: string | undefined) => access.needSpace(state.spaces.get(id ?? ''))

  const inSpace = (c: Context, scope: string) =>
    access.needAdminOf(c, () => bySpaceId(c.req.param('spaceId')), scope)

  const pick = <T extends { spaceId: string }>(
    c: Context,
    things: Map<string, T>,
    scope: string,
  ) => {
    const find = () => {
      const thing = things.get(c.req.param('id') ?? '')
      if (!thing) throw new Refused(404, 'Not found.')
      return thing
    }
    const found = access.needAdminOf(c, () => bySpaceId(find().spaceId), scope)
    return { ...found, thing: find() }
  }

  const needExternalBookings = (space: Space) => {
    if (!space.externalBookings)
      throw new Refused(402, 'External bookings are not in the contract.')
  }

  const includedWith = (bookings: Booking[], include: Set<string>) => [
    ...unique(
      bookings.map(({ membershipId }) => include.has('membership') && membershipId),
    ).flatMap((id) => found(state.memberships.get(id)).map(json.membershipData)),
    ...unique(
      bookings.map(({ externalBookingId }) => include.has('externalBooking') && externalBookingId),
    ).flatMap((id) => found(state.externalBookings.get(id)).map(json.externalBookingData)),
  ]

  const range = (c: Context): [Date, Date] => {
    const [from, to] = ['filter[from]', 'filter[to]'].map((name) => {
      const at = new Date(c.req.query(name) ?? '')
      if (Number.isNaN(at.getTime())) throw new Invalid(name, 'is missing or not a date-time')
      return at
    })
    return [from as Date, to as Date]
  }

  /** One page of a list, with the links to its neighbours. */
  const page = <T>(c: Context, items: T[]) => {
    const [number, size] = [pageParameter(c, 'number', 1), pageParameter(c, 'size', 72)]
    if (size > 200) throw new Invalid('page[size]', 'is at most 200')
    const totalPages = Math.max(1, Math.ceil(items.length / size))
    const link = (to: number) => {
      const url = new URL(c.req.url)
      url.searchParams.set('page[number]', String(to))
      return (state.links === 'absolute' ? origin : '') + url.pathname + url.search
    }
    return {
      items: items.slice((number - 1) * size, number * size),
      meta: { totalPages, currentPage: number },
      links: {
        first: link(1),
        self: link(number),
        prev: number > 1 ? link(number - 1) : null,
        next: number < totalPages ? link(number + 1) : null,
        last: link(totalPages),
      },
    }
  }

  return new Hono()
    .get('/health', (c) => c.body(null, 204))
    .use(async (c, next) => {
      if (!c.req.header('Accept')?.includes(mediaType)) {
        return refuse(c, 406, `Accept ${mediaType} is needed.`)
      }
      await next()
      c.header('X-Request-Id', hexId(ports.random))
      c.header('Access-Control-Allow-Origin', '*')
    })
    .onError((error, c) => {
      if (error instanceof Invalid) {
        return answer(
          c,
          { errors: [{ detail: error.message, source: { parameter: error.parameter } }] },
          422,
        )
      }
      if (!(error instanceof Refused)) throw error
      if (error.retryAfter) c.header('Retry-After', String(error.retryAfter))
      return refuse(c, error.status, error.message)
    })
    .get('/user', (c) => {
      const token = access.needToken(c)
      access.needScope(token, 'read_user')
      const user = state.users.get(token.userId)
      const data = { id: token.userId, type: 'users', attributes: { email: user?.email } }
      if (!includes(c).has('adminOf')) return answer(c, { data })
      access.needScope(token, 'read_spaces')
      const spaces = [...state.spaces.values()].filter(
        ({ adminIds, deleted }) => !deleted && adminIds.includes(token.userId),
      )
      const adminOf = { data: spaces.map(({ id }) => ({ type: 'spaces', id })) }
      return answer(c, {
        data: { ...data, relationships: { adminOf } },
        included: spaces.map(json.spaceData),
      })
    })
    .get('/spaces/:spaceId', (c) => {
      const { space } = inSpace(c, 'read_spaces')
      return answer(c, { data: json.spaceData(space) })
    })
    .get('/spaces/:spaceId/resources', (c) => {
      const { space } = inSpace(c, 'read_resources')
      const wanted = c.req.query('filter[usage]') ?? 'bookable'
      const { items, ...rest } = page(
        c,
        of(state.resources, space.id).filter(({ usage }) => wanted === 'all' || usage === wanted),
      )
      return answer(c, { data: items.map(json.resourceData), ...rest })
    })
    .get('/resources/:id', (c) => {
      const { thing } = pick(c, state.resources, 'read_resources')
      return answer(c, { data: json.resourceData(thing) })
    })
    .get('/spaces/:spaceId/bookings', (c) => {
      const { space, token } = inSpace(c, 'read_bookings')
      const include = includes(c)
      if (include.has('event')) access.needScope(token, 'read_events', space)
      if (include.has('externalBooking')) {
        access.needScope(token, 'read_external_bookings', space)
        needExternalBookings(space)
      }
      const [from, to] = range(c)
      const overlaps = (booking: Booking) => booking.from < to && booking.to > from
      const { items, meta, links } = page(
        c,
        controls.bookings(space.subdomain).filter(overlaps).sort(byStart),
      )
      const isComplete = !state.laterBookings.some(
        ({ booking }) => booking.spaceId === space.id && overlaps(booking),
      )
      return answer(c, {
        data: items.map(json.bookingData),
        meta: { ...meta, consistent: isComplete },
        links,
        ...(include.size > 0 ? { included: includedWith(items, include) } : {}),
      })
    })
    .get('/bookings/:id', (c) => {
      const { thing } = pick(c, state.bookings, 'read_bookings')
      return answer(c, { data: json.bookingData(thing) })
    })
    .get('/spaces/:spaceId/external_bookings', (c) => {
      const { space } = inSpace(c, 'read_external_bookings')
      needExternalBookings(space)
      const [from, to] = range(c)
      const { items, ...rest } = page(
        c,
        of(state.externalBookings, space.id)
          .filter((external) => external.from >= from && external.from <= to)
          .sort(byStart),
      )
      return answer(c, { data: items.map(json.externalBookingData), ...rest })
    })
    .get('/external_bookings/:id', (c) => {
      const { space, thing } = pick(c, state.externalBookings, 'read_external_bookings')
      needExternalBookings(space)
      return answer(c, { data: json.externalBookingData(thing) })
    })
}

class Invalid extends Error {
  parameter: string
  constructor(parameter: string, message: string) {
    super(`${parameter} ${message}`)
    this.parameter = parameter
  }
}

const answer = (
  c: Context,
  body: object,
  status: 200 | 401 | 402 | 403 | 404 | 406 | 422 | 429 = 200,
) => c.body(JSON.stringify(body), status, { 'Content-Type': mediaType })

const refuse = (c: Context, status: 401 | 402 | 403 | 404 | 406 | 429, detail: string) =>
  answer(c, { errors: [{ status: String(status), detail }] }, status)

const includes = (c: Context) =>
  new Set((c.req.query('include') ?? '').split(',').filter((name) => name !== ''))

const pageParameter = (c: Context, name: string, otherwise: number) => {
  const value = Number(c.req.query(`page[${name}]`) ?? otherwise)
  if (!Number.isInteger(value) || value < 1) throw new Invalid(`page[${name}]`, 'is not a number')
  return value
}

const byStart = (a: { from: Date }, b: { from: Date }) => a.from.getTime() - b.from.getTime()

const unique = (ids: (string | false | null)[]) =>
  [...new Set(ids)].filter((id) => !!id) as string[]

const found = <T>(thing: T | undefined): T[] => (thing === undefined ? [] : [thing])
