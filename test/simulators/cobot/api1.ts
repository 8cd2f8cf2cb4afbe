// API 1: per space under /spaces/<subdomain>/api, the rest under /www/api.
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { type Access, createAccess, Refused } from './access.ts'
import * as json from './api1-json.ts'
import { midnight, parseMoment } from './dates.ts'
import { knownEvents } from './events.ts'
import { endOf, hexId, type Membership, of, type Space } from './state.ts'
import { spaceUrl, type World } from './world.ts'

export const api1 = (world: World, access: Access = createAccess(world)) =>
  new Hono()
    .onError((error, c) => {
      if (!(error instanceof Refused)) throw error
      if (error.retryAfter) c.header('Retry-After', String(error.retryAfter))
      return c.json({ message: error.message }, error.status)
    })
    .route('/www/api', everywhere(world, access))
    .route('/spaces/:subdomain/api', inSpace(world, access))

const everywhere = ({ state, origin, ports }: World, access: Access) => {
  const named = (c: Context) => {
    const token = state.tokens.get(c.req.param('token') ?? '')
    if (!token) throw new Refused(404, 'The access token was not found.')
    return token
  }
  return new Hono()
    .get('/user', (c) => {
      const token = access.needToken(c)
      access.needScope(token, 'read_user')
      return c.json(json.userJson(state, token.userId, origin))
    })
    .get('/userinfo', (c) => {
      const token = access.needToken(c)
      access.needScope(token, 'openid')
      const email = state.users.get(token.userId)?.email
      return c.json({ sub: token.userId, ...(token.scopes.includes('email') ? { email } : {}) })
    })
    .get('/spaces/:subdomain', (c) => {
      const space = access.bySubdomain(c)
      return c.json(json.spaceJson(space, spaceUrl(origin, space), ports.clock.now()))
    })
    .get('/access_tokens/:token', (c) => {
      access.needToken(c)
      return c.json({ scope: named(c).scopes })
    })
    .delete('/access_tokens/:token', (c) => {
      access.needToken(c)
      state.tokens.delete(named(c).value)
      return c.body(null, 204)
    })
    .post('/access_tokens/:token/space', async (c) => {
      access.needToken(c)
      const token = named(c)
      const spaceId = String((await readBody(c)).space_id)
      const space = access.needSpace(state.spaces.get(spaceId))
      if (token.spaceId !== null) throw new Refused(403, 'This is a space token already.')
      access.needAdmin(token, space)
      const value = hexId(ports.random, 32)
      state.tokens.set(value, { ...token, value, spaceId: space.id })
      return c.json({ scope: token.scopes, token: value, client_id: token.clientId })
    })
}

const inSpace = ({ state, origin, ports, controls }: World, access: Access) => {
  const now = () => ports.clock.now()
  const admin = (c: Context, scope: string, options = {}) => {
    const found = access.needAdminOf(c, () => access.bySubdomain(c), scope, options)
    return { ...found, url: spaceUrl(origin, found.space) }
  }
  const pick = <T extends { spaceId: string }>(
    c: Context,
    things: Map<string, T>,
    space: Space,
  ) => {
    const thing = things.get(c.req.param('id') ?? '')
    if (thing?.spaceId !== space.id) throw new Refused(404, 'Not found.')
    return thing
  }

  const isCurrent = (membership: Membership, space: Space) => {
    const { confirmedAt, startsAt, canceledTo } = membership
    if (!confirmedAt || midnight(startsAt, space.timeZone) > now()) return false
    return !canceledTo || endOf(state, canceledTo, space.timeZone) > now()
  }

  /** Plans are public; hidden ones only for admins who may read plans. */
  const planReader = (c: Context) => {
    const token = access.tokenOf(c) && access.needToken(c)
    const space = access.bySubdomain(c)
    const everything =
      token?.scopes.includes('read_plans') === true &&
      (token.spaceId ?? space.id) === space.id &&
      space.adminIds.includes(token.userId)
    return { space, everything }
  }

  const memberships = new Hono()
    .get('/memberships', (c) => {
      const { space } = admin(c, 'read_memberships', { listsMemberships: true })
      const { all, ids, attributes } = c.req.query()
      const wanted = ids?.split(',')
      const listed = controls
        .memberships(space.subdomain)
        .filter((membership) => all === 'true' || isCurrent(membership, space))
        .filter(({ id }) => !wanted || wanted.includes(id))
        .map((membership) => json.membershipJson(state, membership))
      if (!attributes) return c.json(listed)
      const kept = new Set(attributes.split(','))
      return c.json(
        listed.map((item) => Object.fromEntries(Object.entries(item).filter(([k]) => kept.has(k)))),
      )
    })
    .get('/memberships/:id', (c) => {
      const { space } = admin(c, 'read_memberships')
      const { id } = pick(c, state.memberships, space)
      const membership = controls.membership(id)
      return c.json(membership && json.membershipJson(state, membership))
    })
    .get('/memberships/:id/plans', (c) => {
      const { space } = admin(c, 'read_memberships')
      const membership = controls.membership(pick(c, state.memberships, space).id)
      const plans = [membership?.plan, membership?.upcomingPlan]
      return c.json(plans.flatMap((plan) => (plan ? [json.planCopyJson(plan)] : [])))
    })

  const things = new Hono()
    .get('/plans', (c) => {
      const { space, everything } = planReader(c)
      const plans = of(state.plans, space.id).filter(({ hidden }) => everything || !hidden)
      return c.json(plans.map((plan) => json.planJson(plan, everything)))
    })
    .get('/plans/:id', (c) => {
      const { space, everything } = planReader(c)
      const plan = pick(c, state.plans, space)
      if (plan.hidden && !everything) throw new Refused(404, 'Not found.')
      return c.json(json.planJson(plan, everything))
    })
    .get('/resources', (c) => {
      const { space, url } = admin(c, 'read_resources')
      const ids = c.req.query('ids')?.split(',')
      const listed = of(state.resources, space.id)
        .filter(({ usage }) => usage === 'bookable')
        .filter(({ id }) => !ids || ids.includes(id))
      return c.json(listed.map((resource) => json.resourceJson(resource, url)))
    })
    .get('/bookings', (c) => {
      const { space, url } = admin(c, 'read_bookings')
      const from = parseMoment(c.req.query('from'), space.timeZone)
      const to = parseMoment(c.req.query('to'), space.timeZone)
      if (!from || !to) return c.json({ errors: { from: 'and to are needed' } }, 422)
      const listed = controls
        .bookings(space.subdomain)
        .filter((booking) => booking.from < to && booking.to > from)
        .sort((a, b) => a.from.getTime() - b.from.getTime())
        .slice(0, Number(c.req.query('limit') ?? Number.POSITIVE_INFINITY))
      return c.json(listed.map((booking) => json.bookingJson(state, booking, url)))
    })
    .get('/bookings/:id', (c) => {
      const { space, url } = admin(c, 'read_bookings')
      return c.json(json.bookingJson(state, pick(c, state.bookings, space), url))
    })
    .post('/activities', async (c) => {
      const { space } = admin(c, 'write_activities')
      const body = activityBody.safeParse(await readBody(c))
      if (!body.success) return invalid(c, body.error)
      const { text, level, channels, source_ids: sourceIds } = body.data
      state.activities.push({ spaceId: space.id, at: now(), text, level, channels, sourceIds })
      return c.json({ id: hexId(ports.random), text, level, channels }, 201)
    })

  const ours = new Hono()
    .get('/navigation_links', (c) => {
      const { space, token, url } = admin(c, 'navigation')
      const links = of(state.navigationLinks, space.id)
      const listed = links.filter(({ clientId }) => clientId === token.clientId)
      return c.json(listed.map((link) => json.navigationLinkJson(link, url)))
    })
    .post('/navigation_links', async (c) => {
      const { space, token, url } = admin(c, 'navigation')
      const body = navigationLinkBody.safeParse(await readBody(c))
      if (!body.success) return invalid(c, body.error)
      const { section, label, iframe_url: iframeUrl } = body.data
      const id = hexId(ports.random)
      const link = { id, spaceId: space.id, clientId: token.clientId, section, label, iframeUrl }
      state.navigationLinks.set(id, link)
      return c.json(json.navigationLinkJson(link, url), 201)
    })
    .delete('/navigation_links/:id', (c) => {
      const { space, token } = admin(c, 'navigation')
      const link = pick(c, state.navigationLinks, space)
      if (link.clientId !== token.clientId) throw new Refused(404, 'Not found.')
      state.navigationLinks.delete(link.id)
      return c.body(null, 204)
    })
    .get('/subscriptions', (c) => {
      const { space, token, url } = admin(c, 'read_subscriptions')
      const listed = of(state.subscriptions, space.id).filter(
        ({ clientId, userId }) => clientId === token.clientId && userId === token.userId,
      )
      return c.json(listed.map((subscription) => json.subscriptionJson(subscription, url)))
    })
    .post('/subscriptions', async (c) => {
      const { space, token, url } = admin(c, 'write_subscriptions')
      const body = subscriptionBody.safeParse(await readBody(c))
      if (!body.success) return invalid(c, body.error)
      const wish = {
        spaceId: space.id,
        clientId: token.clientId,
        userId: token.userId,
        event: body.data.event,
        callbackUrl: body.data.callback_url,
      }
      const isThere = of(state.subscriptions, space.id).some(
        ({ id: _, active: __, ...there }) => JSON.stringify(there) === JSON.stringify(wish),
      )
      if (isThere) return c.json({ message: 'There is such a subscription already.' }, 409)
      const id = hexId(ports.random)
      // `active` last and `id` first, so that the rest compares with a wish.
      const subscription = { id, ...wish, active: true }
      state.subscriptions.set(id, subscription)
      return c.json(json.subscriptionJson(subscription, url), 201)
    })
    .get('/subscriptions/:id', (c) => {
      const { space, url } = admin(c, 'read_subscriptions')
      return c.json(json.subscriptionJson(pick(c, state.subscriptions, space), url))
    })
    .delete('/subscriptions/:id', (c) => {
      const { space } = admin(c, 'write_subscriptions')
      state.subscriptions.delete(pick(c, state.subscriptions, space).id)
      return c.body(null, 204)
    })

  return new Hono().route('/', memberships).route('/', things).route('/', ours)
}

const webAddress = z.url({ protocol: /^https?$/, error: 'is not a web address' })

const subscriptionBody = z.object({
  event: z.string().refine((event) => knownEvents.has(event), 'is not included in the list'),
  callback_url: webAddress,
})

const navigationLinkBody = z.object({
  section: z.enum(['admin/setup', 'admin/manage', 'admin/analyze', 'members']),
  label: z.string().min(1, "can't be blank"),
  iframe_url: webAddress,
})

const activityBody = z.object({
  text: z.string().min(1, "can't be blank"),
  level: z.enum(['INFO', 'WARN', 'ERROR']).default('INFO'),
  channels: z.array(z.enum(['admin', 'membership'])).default(['admin']),
  source_ids: z.array(z.string()).default([]),
})

const invalid = (c: Context, error: z.ZodError) =>
  c.json(
    { errors: Object.fromEntries(error.issues.map(({ path, message }) => [path[0], message])) },
    422,
  )

/** JSON or a form, as API 1 takes both. */
const readBody = async (c: Context): Promise<Record<string, unknown>> => {
  if (!c.req.header('Content-Type')?.startsWith('application/json')) return c.req.parseBody()
  const body: unknown = await c.req.json().catch(() => null)
  return z.record(z.string(), z.unknown()).catch({}).parse(body)
}
