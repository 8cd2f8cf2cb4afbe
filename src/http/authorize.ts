// Sending somebody to Cobot or SALTO and receiving them back: one row per journey, good for once and
// for ten minutes, at top level bound to a cookie of this browser.
import { getCookie, setCookie } from 'hono/cookie'
import manifest from '../../manifest.json' with { type: 'json' }
import { newSecret } from '../cobot/oauth.ts'
import { asId, type CobotUserId } from '../core/ids.ts'
import { hashOf } from '../db/crypt.ts'
import { add, list, one, type Row, take } from '../db/store.ts'
import { type C, installUrl, isSubdomain, letCobotFrame, turnAway, type Web } from './page.ts'

const livesMs = 10 * 60_000

type Purpose = Row<'authorizations'>['purpose']

/** Cookies of top-level pages. The strict prefix needs https; a laptop without it does without. */
export const cookies = ({ config }: Web) => {
  const isSecure = config.publicUrl.startsWith('https:')
  const options = { path: '/', httpOnly: true, sameSite: 'Lax' } as const
  const strict = isSecure ? ({ prefix: 'host', secure: true } as const) : {}
  return {
    get: (c: C, name: string) => (isSecure ? getCookie(c, name, 'host') : getCookie(c, name)),
    set: (c: C, name: string, value: string, lives: number) =>
      setCookie(c, name, value, { ...options, ...strict, maxAge: lives / 1000 }),
  }
}

const redirectUri = ({ config }: Web, purpose: Purpose) =>
  config.publicUrl +
  (purpose === 'salto' ? manifest.paths.saltoCallback : manifest.paths.cobotCallback)

/** The address to send the browser to. */
export const startAuthorization = async (
  web: Web,
  c: C,
  journey: { purpose: Purpose; subdomain: string; cobotUserId?: string; locale?: string },
): Promise<string> => {
  const { db, crypt, ports } = web
  const { purpose, subdomain, cobotUserId, locale } = journey
  const now = ports.clock.now()
  // The state says in the clear where it came from, so that an answer that is too late finds back.
  const state = [purpose, subdomain, newSecret(ports.random)].join('.')
  const [codeVerifier, nonce] = [newSecret(ports.random), newSecret(ports.random)]
  let cookieHash: string | null = null
  if (purpose !== 'frame') {
    const cookie = cookies(web).get(c, 'journey') ?? newSecret(ports.random)
    cookies(web).set(c, 'journey', cookie, livesMs)
    cookieHash = hashOf(cookie)
  }
  const stateHash = hashOf(state)
  const row = {
    stateHash,
    purpose,
    subdomain,
    nonce,
    cookieHash,
    locale: locale ?? null,
    cobotUserId: cobotUserId ? asId<CobotUserId>(cobotUserId) : null,
    verifierSealed: await crypt.seal(codeVerifier, `authorization/${stateHash}`),
    expiresAt: new Date(now.getTime() + livesMs),
  }
  const old = (await list(db.read, 'authorizations', { subdomain })).filter(
    ({ expiresAt }) => expiresAt.getTime() < now.getTime() - livesMs,
  )
  await db.tx(async (tx) => {
    await take(tx, 'authorizations', { stateHash: old.map((each) => each.stateHash) })
    await add(tx, 'authorizations', row)
  })
  const request = { redirectUri: redirectUri(web, purpose), state, codeVerifier }
  const { installScopes, frameScopes } = manifest.cobot
  if (purpose === 'salto')
    return web.saltoOAuth.authorizationUrl({ ...request, scopes: manifest.salto.scopes })
  // A nonce without an id token to carry it is an error to some.
  const asked = purpose === 'frame' ? { scopes: frameScopes, nonce } : { scopes: installScopes }
  return web.cobotOAuth.authorizationUrl({ ...request, subdomain, ...asked })
}

/** Somebody is back: the journey and what to swap, or the page that says why it ends here. */
export const endAuthorization = async (web: Web, c: C, side: 'cobot' | 'salto') => {
  const { db, crypt, ports } = web
  const { state = '', code, error } = c.req.query()
  const [purpose, subdomain = ''] = state.split('.')
  const space = isSubdomain(subdomain) ? await one(db.read, 'spaces', { subdomain }) : null
  const label = 'message.again'
  if (purpose === 'frame' && isSubdomain(subdomain)) {
    letCobotFrame(c, web, subdomain, space)
    c.set('again', { href: space?.linkUserUrl ?? '/', label, target: '_top' })
  } else if (isSubdomain(subdomain)) {
    const salto = `/oauth/salto?subdomain=${subdomain}`
    c.set('again', { href: side === 'salto' ? salto : installUrl(subdomain), label })
  }
  const way = c.get('again') ?? { href: '/', label }
  const stateHash = hashOf(state)
  const [row] = await db.tx((tx) => take(tx, 'authorizations', { stateHash }))
  const cookie = cookies(web).get(c, 'journey')
  const isHere = !row?.cookieHash || (cookie && hashOf(cookie) === row.cookieHash)
  const { host } = new URL(web.config.publicUrl)
  const who = { spaceId: space?.spaceId }
  if (row && !isHere) return turnAway(web, who, c, 'otherBrowser', 400, way, { host })
  if (!row || (row.purpose === 'salto') !== (side === 'salto'))
    return turnAway(web, who, c, 'usedUp', 400, way)
  if (row.expiresAt <= ports.clock.now()) return turnAway(web, who, c, 'tooLate', 400, way)
  if (error || !code) return turnAway(web, who, c, 'denied', 403, way)
  const codeVerifier = await crypt.open(row.verifierSealed, `authorization/${stateHash}`)
  const swap = { code, codeVerifier, redirectUri: redirectUri(web, row.purpose) }
  return { row, space, swap }
}
