// The Connect API: who may come in, and the parts everything else hangs on.
import { type Context, Hono } from 'hono'
import { entryRoutes } from './api-entries.ts'
import { groupRoutes } from './api-groups.ts'
import { hardwareRoutes } from './api-hardware.ts'
import { userRoutes } from './api-users.ts'
import { forbidden, KsError, malformed } from './errors.ts'
import { answerPage, type Deps, type Env, UUID, versionOf } from './request.ts'
import {
  managedSiteResponse,
  roleResponse,
  siteResponse,
  siteUserResponse,
  subscriptionResponse,
  userSummary,
} from './shapes.ts'
import { ROLES, siteUserOf, tagOf } from './state.ts'
import type { Tokens } from './tokens.ts'

export const apiRoutes = (deps: Deps & { tokens: Tokens; afterWrite: () => void }) => {
  const { state, tokens, afterWrite } = deps
  const app = new Hono<Env>()

  app.onError((error, c) => {
    if (!(error instanceof KsError)) throw error
    const { numericErrorCode } = state.switches
    const ErrorCode = numericErrorCode ? Number(error.code) : error.code
    return c.json({ ErrorCode, Message: error.message }, error.status)
  })

  app.use(async (c, next) => {
    const [, token] = /^Bearer (.+)$/.exec(c.req.header('Authorization') ?? '') ?? []
    const grant = token && tokens.find(token)
    const person = grant && state.people.get(grant.saltoUserId)
    if (!person || !grant.scope.split(' ').includes('user_api.full_access')) {
      const error = 'Bearer error="invalid_token", error_description="The token is not valid"'
      return c.body(null, 401, { 'WWW-Authenticate': token ? error : 'Bearer' })
    }
    c.set('person', person)
    await next()
    if (c.req.method !== 'GET' && c.res.ok) {
      state.writes += 1
      afterWrite()
    }
  })

  app.all('/v2/*', (c) =>
    c.json(
      {
        type: 'https://httpstatuses.io/403',
        title: 'Forbidden',
        status: 403,
        traceId: '00-0-0-00',
      },
      403,
      { 'Content-Type': 'application/problem+json' },
    ),
  )

  app.get('/:version{v1\\.[12]}/me', (c) => {
    const { saltoUserId, firstName, lastName, email } = c.var.person
    return c.json({
      id: saltoUserId,
      first_name: firstName,
      last_name: lastName,
      phone: null,
      email,
      language: 'en',
      tag_number: tagOf(state, saltoUserId)?.number ?? null,
      image_url: null,
      ...(versionOf(c) === 'v1.2' && { tag_rf_id_uid: null }),
    })
  })

  app.get('/:version{v1\\.[12]}/sites', (c) => {
    const mine = [...state.sites.values()].filter((s) => siteUserOf(s, c.var.person.saltoUserId))
    const sites = mine.map((site) => siteResponse(state, site))
    if (state.switches.bareArrayOfSites && versionOf(c) === 'v1.2') return c.json(sites)
    return answerPage(c, deps, sites)
  })

  app.get('/:version{v1\\.[12]}/users/search', (c) => {
    const wanted = (c.req.query('search_for') ?? '').trim().toLowerCase()
    const found = [...state.people.values()].find(
      ({ saltoUserId, email }) =>
        email?.toLowerCase() === wanted || tagOf(state, saltoUserId)?.number === wanted,
    )
    if (!found) throw new KsError(404, '2202', 'User not found')
    const siteId = c.req.query('for_site_id') ?? null
    return c.json(userSummary(state, found.saltoUserId, siteId))
  })

  app.use('/:version{v1\\.[12]}/sites/:site/*', async (c, next) => {
    const siteId = c.req.param('site')
    if (!UUID.test(siteId)) throw malformed('The site id is not valid.')
    const site = state.sites.get(siteId)
    const caller = site && siteUserOf(site, c.var.person.saltoUserId)
    if (!caller || caller.blocked || caller.subscriptionState === 'suspended') {
      throw forbidden('User does not have permission for this operation')
    }
    const isAdmin = caller.roleCodes.includes('site_admin')
    if (!isAdmin && !plainUserMay(c, caller.siteUserId)) {
      throw forbidden('User does not have permission for this operation')
    }
    if (c.req.method !== 'GET') {
      if (site.installationState === 'installation') {
        throw new KsError(400, '2210', 'The site is not released')
      }
      if (!site.subscriptionValid) throw new KsError(403, '2212', 'No valid subscription')
    }
    c.set('site', site)
    c.set('caller', caller)
    c.set('isAdmin', isAdmin)
    await next()
  })

  const site = new Hono<Env>()
    .get('/', (c) => c.json(managedSiteResponse(state, c.var.site, versionOf(c))))
    .get('/me', (c) => c.json(siteUserResponse(state, c.var.site, c.var.caller, versionOf(c))))
    .get('/subscription', (c) => c.json(subscriptionResponse(c.var.site, versionOf(c))))
    .get('/roles', (c) =>
      answerPage(c, deps, c.var.isAdmin ? Object.keys(ROLES).map(roleResponse) : []),
    )
    .route('/users', userRoutes(deps))
    .route('/access_groups', groupRoutes(deps))
    .route('/', hardwareRoutes(deps))
    .route('/', entryRoutes(deps))

  app.route('/:version{v1\\.[12]}/sites/:site', site)
  return app
}

/** Somebody without rights sees the site and themself. */
const plainUserMay = (c: Context, siteUserId: string) => {
  const rest = c.req.path.replace(/^.*\/sites\/[^/]+/, '')
  const open = ['', '/me', '/roles', '/users', `/users/${siteUserId}`]
  return c.req.method === 'GET' && open.includes(rest)
}
