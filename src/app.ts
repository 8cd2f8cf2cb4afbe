// Which routes exist, and what all of them have in common. No listening, no globals.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import { pickLocale, speak } from '../views/i18n.ts'
import { pages } from '../views/layout.tsx'
import { problemText } from '../views/problems.tsx'
import { createCobotOAuth } from './cobot/oauth.ts'
import type { Deps } from './connections/deps.ts'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from './core/errors.ts'
import { activity } from './http/activity.ts'
import { connecting } from './http/connect-many.ts'
import { embed } from './http/frame.ts'
import { install } from './http/install.ts'
import { members } from './http/members.ts'
import { overview } from './http/overview.ts'
import { type C, type Env, tell, type Web } from './http/page.ts'
import { plans } from './http/plans.ts'
import { problems } from './http/problems.ts'
import { resources } from './http/resources.ts'
import { frameAdmin, renewSession } from './http/session.ts'
import { settings } from './http/settings.ts'
import { setup } from './http/setup.ts'
import { tags } from './http/tags.ts'
import { webhooks } from './http/webhooks.ts'
import { why } from './http/why.ts'
import { createSaltoOAuth } from './salto/oauth.ts'

export const createApp = (deps: Deps & { wake(): void; ready(): Promise<boolean> }): Hono<Env> => {
  const { config, ports, log } = deps
  const web: Web = {
    ...deps,
    cobotOAuth: createCobotOAuth(config.cobot, ports),
    saltoOAuth: createSaltoOAuth(config.salto, ports),
  }
  return new Hono<Env>()
    .onError((error, c) => {
      if (error instanceof HTTPException) return error.getResponse()
      if (!(error instanceof Unavailable || error instanceof RetryLater))
        log.error({ error }, 'a request failed')
      return tellError(c, error)
    })
    .notFound((c) => tell(c, 'notFound', 404, { href: '/', label: 'message.home' }))
    .use(
      secureHeaders({
        xFrameOptions: false,
        crossOriginOpenerPolicy: false,
        strictTransportSecurity: config.publicUrl.startsWith('https:') && `max-age=${hstsSeconds}`,
      }),
      bodyLimit({ maxSize: bodyMax }),
    )
    .use(async (c, next) => {
      c.set('say', speak(pickLocale(c.req.header('Accept-Language'))))
      await next()
      const { ancestors = "'none'", forms = '' } = c.var
      const open = `form-action 'self' ${forms}; frame-ancestors ${ancestors}`
      c.header('Content-Security-Policy', `${policy}; ${open}`)
      if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
    })
    .get('/healthz', (c) => c.text('ok'))
    .get('/readyz', async (c) => ((await web.ready()) ? c.text('ok') : c.text('not ready', 503)))
    .get('/static/:name', etag(), (c) => {
      const file = files[c.req.param('name')]
      if (!file) return c.notFound()
      return c.body(file.body, 200, { 'Content-Type': file.type, 'Cache-Control': 'no-cache' })
    })
    .route('/', install(web))
    .route('/hooks/cobot', webhooks(web))
    .route('/', setup(web))
    .route('/', embed(web))
    .on('ALL', ['/session', '/help', '/why', ...pages.map((page) => `/${page}/*`)], frameAdmin(web))
    .post('/session', (c) => renewSession(web, c))
    .route('/', overview(web))
    .route('/', resources(web))
    .route('/', connecting(web))
    .route('/', members(web))
    .route('/', tags(web))
    .route('/', plans(web))
    .route('/', problems(web))
    .route('/', activity(web))
    .route('/', why(web))
    .route('/', settings(web))
}

/** What is told outside our pages, in the language of the space. */
export const sentence: Deps['sentence'] = (space, { code, params }) => {
  const say = speak(pickLocale(space.locale), space.timeZone, space.hourFormat)
  return say.t('problems.told', { text: problemText(say, code, params) })
}

/** No form of ours is longer; webhooks have a closer limit of their own. */
const bodyMax = 2 ** 20
const hstsSeconds = 365 * 24 * 3600

const policy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src'].map((s) => `${s} 'self'`),
  "base-uri 'none'",
].join('; ')

const root = new URL(import.meta.url.includes('/dist/') ? '../../' : '../', import.meta.url)
const htmx = createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js')
const files: Record<string, { body: string; type: string }> = Object.fromEntries(
  [
    { name: 'app.css', from: new URL('static/app.css', root), type: 'text/css' },
    { name: 'app.js', from: new URL('static/app.js', root), type: 'text/javascript' },
    { name: 'htmx.js', from: htmx, type: 'text/javascript' },
  ].map(({ name, from, type }) => [name, { body: readFileSync(from, 'utf8'), type }]),
)

/** What failed says what the person can do: wait, connect again, or ask for help. */
const tellError = (c: C, error: Error) => {
  const isRead = c.req.method === 'GET'
  const href = isRead ? c.req.path : '/'
  const again = c.get('again') ?? { href, label: 'message.again' }
  // Inside a page the words typed are still there: pressing the button again is the way.
  const way = c.req.header('HX-Request') ? null : again
  const side = 'side' in error && error.side === 'salto' ? 'SALTO KS' : 'Cobot'
  if (error instanceof Unavailable) return tell(c, 'unavailable', 503, way, { side })
  if (error instanceof RetryLater) return tell(c, 'busy', 503, way)
  if (error instanceof ReconnectNeeded) return tell(c, 'reconnect', 502, again, { side })
  if (error instanceof Refused) return tell(c, 'refused', 502, way, { side })
  return tell(c, 'failed', 500, way)
}
