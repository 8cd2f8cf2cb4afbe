// Who looks at a page: sessions, and the proof, read again and again, that the person is an admin.
import { createMiddleware } from 'hono/factory'
import { pickLocale, speak } from '../../views/i18n.ts'
import { newSecret } from '../cobot/oauth.ts'
import { ReconnectNeeded, RetryLater, Unavailable } from '../core/errors.ts'
import type { CobotUser } from '../core/model.ts'
import { isTimeZone } from '../core/temporal.ts'
import { hashOf } from '../db/crypt.ts'
import { saveOne } from '../db/snapshots.ts'
import { getActiveSite, type SpaceRow } from '../db/spaces.ts'
import { add, change, list, one, type Row, take } from '../db/store.ts'
import { cookies } from './authorize.ts'
import { createPace } from './pace.ts'
import {
  type C,
  type Env,
  type Here,
  installUrl,
  setupUrl,
  tell,
  turnAway,
  type Web,
} from './page.ts'

type Session = Row<'sessions'>

/** A page in the frame renews its session while it is open, but not for longer than a day's work. */
const frameMs = 10 * 60_000
const frameEndMs = 12 * 3600_000
const setupMs = 2 * 3600_000
/** How old the proof may be for looking at pages, and how old when Cobot cannot be asked. */
const proofMs = 60_000
const awayMs = 10 * 60_000
/** Too many questions of one person's own are no reason to go on without an answer for long. */
const tooManyMs = 3 * 60_000
/** Ended sessions that a new one clears away: more than one, or they pile up; few, or it waits. */
const endedAtOnce = 3

export type Admin = { space: SpaceRow; user: CobotUser; locale: string }

export const isAdminOf = (user: CobotUser, subdomain: string) =>
  user.adminOf.some((space) => space.subdomain === subdomain)

const seal = (sessionHash: string) => `session/${sessionHash}`

/** Starts a session and returns its token, which also says when it ends for good. */
export const startSession = async (
  web: Web,
  use: Session['use'],
  { space, user, locale }: Admin,
  accessToken: string,
): Promise<{ token: string; session: Session }> => {
  const { db, crypt, ports } = web
  const { spaceId } = space
  const now = ports.clock.now()
  const endsAtMs = now.getTime() + (use === 'frame' ? frameEndMs : setupMs)
  const token = `${newSecret(ports.random)}.${endsAtMs.toString(36)}`
  const sessionHash = hashOf(token)
  const { cobotUserId } = user
  const named = user.adminOf.find(({ subdomain }) => subdomain === space.subdomain)
  const adminName = named?.name || user.email
  const tokenSealed = await crypt.seal(accessToken, seal(sessionHash))
  const expiresAt = new Date(use === 'frame' ? now.getTime() + frameMs : endsAtMs)
  const who = { sessionHash, spaceId, use, cobotUserId, adminName, locale, tokenSealed }
  const session = { ...who, adminReadAt: now, expiresAt }
  await db.tx(async (tx) => {
    await add(tx, 'sessions', session)
    // The session ends; what the admin did is still told under this name.
    await saveOne(tx, spaceId, 'admin', cobotUserId, { data: { name: adminName }, readAt: now })
  })
  web.log.info({ spaceId, by: cobotUserId, use }, 'signed in')
  const ended = (await list(db.read, 'sessions', { spaceId })).filter((e) => e.expiresAt <= now)
  for (const old of ended.slice(0, endedAtOnce)) await endSession(web, old)
  return { token, session }
}

/** The session of this token with its space, which the page speaks for from here on; else null. */
const enter = async (web: Web, c: C, use: Session['use'], token = '') => {
  const { db, ports } = web
  const session = await one(db.read, 'sessions', { sessionHash: hashOf(token), use })
  if (!session || session.expiresAt <= ports.clock.now()) return null
  const { spaceId } = session
  const space = await one(db.read, 'spaces', { spaceId })
  if (space) await setHere(c, web, session, space)
  return space && { session, space }
}

const endSession = async (web: Web, { sessionHash, tokenSealed }: Session) => {
  await web.db.tx((tx) => take(tx, 'sessions', { sessionHash }))
  await dropToken(web, await web.crypt.open(tokenSealed, seal(sessionHash)))
}

/** Revokes a token if that can be done now; the page is not at risk when it cannot. */
export const dropToken = ({ cobotOAuth, log }: Web, accessToken: string) =>
  cobotOAuth.revokeToken(accessToken).catch((error: unknown) => {
    log.warn({ error }, 'a token of Cobot could not be revoked')
  })

/** Ends the session of somebody who is no admin any more; throws when Cobot cannot say. */
const isStillAdmin = async (
  web: Web,
  { session, space }: Pick<Here, 'session' | 'space'>,
  isRead: boolean,
) => {
  const { db, crypt, ports, cobotOAuth } = web
  const { sessionHash } = session
  const now = ports.clock.now()
  const ageMs = now.getTime() - session.adminReadAt.getTime()
  if (isRead && ageMs <= proofMs) return true
  try {
    const user = await cobotOAuth.getUser(await crypt.open(session.tokenSealed, seal(sessionHash)))
    if (user.cobotUserId === session.cobotUserId && isAdminOf(user, space.subdomain)) {
      await db.tx((tx) => change(tx, 'sessions', { sessionHash }, { adminReadAt: now }))
      return true
    }
  } catch (error) {
    const isAway = error instanceof Unavailable || error instanceof RetryLater
    const isTooMany = error instanceof RetryLater && error.isTooMany
    if (isRead && isAway && ageMs <= (isTooMany ? tooManyMs : awayMs)) return true
    if (!(error instanceof ReconnectNeeded)) throw error
  }
  web.log.warn({ spaceId: space.spaceId, by: session.cobotUserId, why: 'notAdmin' }, 'turned away')
  await endSession(web, session)
  return false
}

export const setHere = async (c: C, { db }: Web, session: Session, space: SpaceRow) => {
  c.set('here', { session, space, site: await getActiveSite(db.read, space.spaceId) })
  const timeZone = isTimeZone(space.timeZone) ? space.timeZone : 'UTC'
  c.set('say', speak(session.locale, timeZone, space.hourFormat))
}

/** In the frame: a bearer, since there may be no cookies; so nothing rides along by itself. */
export const frameAdmin = (web: Web) => {
  const pace = createPace()
  return createMiddleware<Env>(async (c, next) => {
    const token = /^Bearer (\S+)$/.exec(c.req.header('Authorization') ?? '')?.[1]
    const entered = await enter(web, c, 'frame', token)
    const signIn = { label: 'message.signIn', target: '_top' } as const
    if (!entered && token) return turnAway(web, {}, c, 'signedOut', 401, { href: '/', ...signIn })
    if (!entered) return tell(c, 'signedOut', 401, { href: '/', ...signIn })
    const waitMs = pace(entered.session.sessionHash, web.ports.clock.now())
    if (waitMs > 0) return tooFast(c, waitMs)
    const isRead = c.req.method === 'GET' || c.req.path === '/session'
    if (await isStillAdmin(web, entered, isRead)) {
      const { state, subdomain } = entered.space
      if (state === 'installed' || (isRead && /^\/se(ssion|ttings)/.test(c.req.path))) return next()
      const href = installUrl(subdomain)
      return tell(c, 'disconnected', 410, { href, label: 'message.install', target: '_blank' })
    }
    return tell(c, 'notAdmin', 401, { href: entered.space.linkUserUrl ?? '/', ...signIn })
  })
}

const tooFast = (c: C, waitMs: number) => {
  c.header('Retry-After', String(Math.ceil(waitMs / 1000)))
  return tell(c, 'busy', 429, c.get('again') ?? null)
}

/** `POST /session`: the page is still open. The token stays the same, so no request can miss it. */
export const renewSession = async ({ db, ports }: Web, c: C) => {
  const { sessionHash } = c.get('here').session
  const endsAtMs = Number.parseInt(c.req.header('Authorization')?.split('.').at(-1) ?? '', 36)
  const expiresAt = new Date(Math.min(ports.clock.now().getTime() + frameMs, endsAtMs))
  await db.tx((tx) => change(tx, 'sessions', { sessionHash }, { expiresAt }))
  return c.body(null, 204)
}

/** At top level: whether a cookie and a proof show an admin of this very space. */
export const isSetupAdmin = async (web: Web, c: C, subdomain: string, isRead: boolean) => {
  const entered = await enter(web, c, 'setup', cookies(web).get(c, 'setup'))
  return entered?.space.subdomain === subdomain && isStillAdmin(web, entered, isRead)
}

/** Whoever is not signed in for the set-up signs in to Cobot first. */
export const setupAdmin = (web: Web) => {
  const pace = createPace()
  return createMiddleware<Env>(async (c, next) => {
    const subdomain = c.req.query('subdomain') ?? ''
    c.set('again', { href: setupUrl(subdomain), label: 'message.again' })
    const isAdmin = await isSetupAdmin(web, c, subdomain, c.req.method === 'GET')
    // Of a space that left only the receipt can be seen.
    const isReceipt =
      c.req.method === 'GET' && /^\/setup(\/(progress|receipts\/.*))?$/.test(c.req.path)
    if (isAdmin && (isReceipt || c.get('here').space.state === 'installed')) {
      const waitMs = pace(c.get('here').session.sessionHash, web.ports.clock.now())
      return waitMs > 0 ? tooFast(c, waitMs) : next()
    }
    return c.redirect(installUrl(subdomain), 303)
  })
}

export const startSetup = async (
  web: Web,
  c: C,
  space: SpaceRow,
  user: CobotUser,
  token: string,
) => {
  const locale = pickLocale(c.req.header('Accept-Language'))
  const started = await startSession(web, 'setup', { space, user, locale }, token)
  cookies(web).set(c, 'setup', started.token, setupMs)
}
