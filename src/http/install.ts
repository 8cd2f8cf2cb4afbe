// From the start page into Cobot and back: a space installs us, or an admin opens the frame.
import { Hono } from 'hono'
import { pickLocale, speak } from '../../views/i18n.ts'
import { StartPage } from '../../views/setup.tsx'
import { newSecret } from '../cobot/oauth.ts'
import { sealContext } from '../connections/cobot.ts'
import { sealHookKey } from '../connections/hooks.ts'
import type { CobotUser } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { saveConnection } from '../db/connections.ts'
import { hashOf } from '../db/crypt.ts'
import { saveSpace } from '../db/spaces.ts'
import { one } from '../db/store.ts'
import { ask } from '../db/work.ts'
import { endAuthorization, startAuthorization } from './authorize.ts'
import { openFrame } from './frame.ts'
import {
  type C,
  type Env,
  installUrl,
  isSubdomain,
  letFormsLead,
  setupUrl,
  tell,
  turnAway,
  type Web,
} from './page.ts'
import { dropToken, isAdminOf, startSetup } from './session.ts'

export const install = (web: Web) =>
  new Hono<Env>()
    .get('/', (c) => {
      const { cobot_subdomain, subdomain } = c.req.query()
      letFormsLead(c, web, 'space')
      return c.html(StartPage({ say: c.get('say'), subdomain: cobot_subdomain ?? subdomain ?? '' }))
    })
    .get('/install', (c) => begin(web, c))
    .get('/hooks/cobot/install', (c) => begin(web, c))
    .post('/hooks/cobot/install', (c) => {
      const url = web.config.publicUrl + installUrl(c.req.query('subdomain') ?? '')
      return c.json({ url }, 202)
    })
    .get('/oauth/cobot/callback', async (c) => {
      const answer = await endAuthorization(web, c, 'cobot')
      if (answer instanceof Response) return answer
      const { row, space, swap } = answer
      if (row.purpose === 'frame' && row.locale) c.set('say', speak(pickLocale(row.locale)))
      const { accessToken, idToken } = await web.cobotOAuth.swapCode(swap)
      const response = await welcome(web, c, { row, space }, { accessToken, idToken }).catch(
        async (error: unknown) => {
          await dropToken(web, accessToken)
          throw error
        },
      )
      if (response.status >= 400) await dropToken(web, accessToken)
      return response
    })

const begin = async (web: Web, c: C) => {
  const typed = (c.req.query('subdomain') ?? '').trim().toLowerCase()
  // The whole address, as it is copied from the browser, is meant as well.
  const [, subdomain = typed] =
    /^(?:https:\/\/)?([a-z0-9-]+)\.cobot\.me(?:\/.*)?$/.exec(typed) ?? []
  if (isSubdomain(subdomain))
    return c.redirect(await startAuthorization(web, c, { purpose: 'install', subdomain }))
  letFormsLead(c, web, 'space')
  return c.html(StartPage({ say: c.get('say'), subdomain, isWrong: true }), 422)
}

type Answer = Exclude<Awaited<ReturnType<typeof endAuthorization>>, Response>

/** Whoever comes back must be an admin of this very space, by a fresh answer from Cobot. */
const welcome = async (
  web: Web,
  c: C,
  { row, space }: Pick<Answer, 'row' | 'space'>,
  { accessToken, idToken }: { accessToken: string; idToken: string | null },
) => {
  const { subdomain, nonce } = row
  const isFrame = row.purpose === 'frame'
  const again = c.get('again') ?? null
  const now = web.ports.clock.now()
  const claim = { idToken: idToken ?? '', subdomain, nonce, now }
  const signedIn = isFrame ? await web.cobotOAuth.verifyIdToken(claim) : null
  const user = await web.cobotOAuth.getUser(accessToken)
  const who = { spaceId: space?.spaceId, by: user.cobotUserId }
  if (
    isFrame &&
    (user.cobotUserId !== row.cobotUserId || user.cobotUserId !== signedIn?.cobotUserId)
  )
    return turnAway(web, who, c, 'otherUser', 403, again)
  if (!isAdminOf(user, subdomain)) return turnAway(web, who, c, 'notAdmin', 403, again)
  if (!isFrame) return finishInstall(web, c, { subdomain, user, accessToken })
  // A subdomain may have passed to another space: whose it is now is for Cobot to say.
  const named = space && (await web.cobotOAuth.getSpace(subdomain))
  if (!space || named?.spaceId !== space.spaceId)
    return turnAway(web, who, c, 'notInstalled', 404, null)
  return openFrame(web, c, { space, user, locale: row.locale ?? '' }, accessToken)
}

const finishInstall = async (
  web: Web,
  c: C,
  { subdomain, user, accessToken }: { subdomain: string; user: CobotUser; accessToken: string },
) => {
  const { db, crypt, ports, cobotOAuth } = web
  const space = await cobotOAuth.getSpace(subdomain)
  if (!space) return tell(c, 'noSpace', 404, { href: '/', label: 'message.again' })
  const { spaceId } = space
  const spaceToken = await cobotOAuth.exchangeForSpaceToken({ accessToken, spaceId })
  const context = sealContext('cobot', 'access', spaceId)
  const before = await one(db.read, 'connections', { spaceId, side: 'cobot' })
  const hookKey = newSecret(ports.random)
  const hookKeySealed = await sealHookKey(web, spaceId, hookKey)
  const accessSealed = await crypt.seal(spaceToken, context)
  const now = ports.clock.now()
  await db.tx(async (tx) => {
    await saveSpace(tx, space, { hookKeySealed, hookKeyHash: hashOf(hookKey) }, now)
    const tokens = { accessSealed, accessExpiresAt: null, refreshSealed: null }
    const owner = user.cobotUserId
    await saveConnection(tx, { spaceId, side: 'cobot' }, { ...tokens, owner }, now)
    const cause = `admin ${user.cobotUserId}`
    const sweep = { task: 'sweepCobot', subject: 'space', priority: priority.soon } as const
    await ask(tx, [{ spaceId, ...sweep, runAt: now, cause }], now)
  })
  web.log.info({ spaceId, by: user.cobotUserId }, 'installed')
  web.wake()
  const replaced = before && (await crypt.open(before.accessSealed, context))
  if (replaced && replaced !== spaceToken) await dropToken(web, replaced)
  const installed = await one(db.read, 'spaces', { spaceId })
  if (installed) await startSetup(web, c, installed, user, accessToken)
  return c.redirect(setupUrl(subdomain))
}
