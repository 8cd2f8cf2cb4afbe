// The way into the frame: through Cobot's login on the space's own host, without any cookie.
import { Hono } from 'hono'
import { pickLocale, speak } from '../../views/i18n.ts'
import { FramePage } from '../../views/layout.tsx'
import { one } from '../db/store.ts'
import { startAuthorization } from './authorize.ts'
import { overviewPage } from './overview.ts'
import { type C, type Env, frame, isSubdomain, letCobotFrame, tell, type Web } from './page.ts'
import { type Admin, setHere, startSession } from './session.ts'

const isCobotId = (text: string) => /^[A-Za-z0-9_-]{1,100}$/.test(text)

export const embed = (web: Web) =>
  new Hono<Env>().get('/embed', async (c) => {
    // All of this can be forged; it only says whom to send where.
    const { cobot_subdomain: subdomain = '', cobot_user_id: cobotUserId = '' } = c.req.query()
    const locale = pickLocale(c.req.query('cobot_locale') ?? c.req.header('Accept-Language'))
    c.set('say', speak(locale))
    if (!isSubdomain(subdomain)) return tell(c, 'notInstalled', 404, null)
    const space = await one(web.db.read, 'spaces', { subdomain, state: 'installed' })
    letCobotFrame(c, web, subdomain, space)
    const start = { href: `/?cobot_subdomain=${subdomain}`, label: 'message.install' }
    if (!space) return tell(c, 'notInstalled', 404, { ...start, target: '_blank' })
    const signIn = { href: space.linkUserUrl ?? '/', label: 'message.signIn' }
    if (!isCobotId(cobotUserId)) return tell(c, 'signedOut', 401, { ...signIn, target: '_top' })
    const journey = { purpose: 'frame', subdomain, cobotUserId, locale } as const
    return c.redirect(await startAuthorization(web, c, journey))
  })

/** The first page, in the very answer that proves who is there. */
export const openFrame = async (web: Web, c: C, admin: Admin, accessToken: string) => {
  const { token, session } = await startSession(web, 'frame', admin, accessToken)
  const { space } = admin
  await setHere(c, web, session, space)
  const say = c.get('say')
  const page = await frame(web, c, 'overview', await overviewPage(web, c))
  return c.html(
    FramePage({
      say,
      session: { token, address: `/embed?cobot_subdomain=${space.subdomain}` },
      signInUrl: space.linkUserUrl ?? '/',
      children: page,
    }),
  )
}
