// Setting up a space at top level: SALTO's permission, the site, and the page in Cobot.
import { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import manifest from '../../manifest.json' with { type: 'json' }
import { SetupPage, type SiteChoice } from '../../views/setup.tsx'
import { cobotOf } from '../connections/cobot.ts'
import { ensureWebhooks } from '../connections/hooks.ts'
import { saltoOf, sealTokens } from '../connections/salto.ts'
import { Refused } from '../core/errors.ts'
import type { Site, SiteUser } from '../core/model.ts'
import { isTimeZone } from '../core/temporal.ts'
import { lookAgain } from '../db/clicks.ts'
import { saveConnection } from '../db/connections.ts'
import { activateSite } from '../db/sites.ts'
import type { SpaceRow } from '../db/spaces.ts'
import { change, list, one } from '../db/store.ts'
import { wakeParked } from '../db/work.ts'
import { endAuthorization, startAuthorization } from './authorize.ts'
import { type C, clickOf, type Env, installUrl, letFormsLead, setupUrl, type Web } from './page.ts'
import { isSetupAdmin, setupAdmin } from './session.ts'

export const setup = (web: Web) =>
  new Hono<Env>()
    .use('/setup/*', csrf({ origin: new URL(web.config.publicUrl).origin }), setupAdmin(web))
    .use('/oauth/salto', setupAdmin(web))
    .get('/setup', async (c) => showSetup(web, c))
    .post('/setup/site', async (c) => {
      const { db, ports } = web
      const { space, site } = c.get('here')
      const { siteId } = await c.req.parseBody()
      if (!site || siteId !== site.siteId) {
        const choice = (await listChoices(web, space)).find((each) => each.site.siteId === siteId)
        if (!choice || choice.reason) return showSetup(web, c, true)
        const info = { ...choice.site, timeZone: choice.site.timeZone ?? 'UTC' }
        const now = ports.clock.now()
        await db.tx((tx) => activateSite(tx, space.spaceId, info, now))
      }
      await db.tx((tx) => lookAgain(tx, clickOf(c, web), null))
      web.wake()
      return c.redirect(await ensureLink(web, space), 303)
    })
    .get('/oauth/salto', async (c) => {
      const { subdomain } = c.get('here').space
      return c.redirect(await startAuthorization(web, c, { purpose: 'salto', subdomain }))
    })
    .get('/oauth/salto/callback', async (c) => {
      const answer = await endAuthorization(web, c, 'salto')
      if (answer instanceof Response) return answer
      const { subdomain } = answer.row
      if (!(await isSetupAdmin(web, c, subdomain, false))) return c.redirect(installUrl(subdomain))
      await storeSalto(web, c.get('here').space, await web.saltoOAuth.swapCode(answer.swap))
      return c.redirect(setupUrl(subdomain))
    })

const storeSalto = async (
  web: Web,
  { spaceId }: SpaceRow,
  tokens: Awaited<ReturnType<Web['saltoOAuth']['swapCode']>>,
) => {
  const { db, ports, wake } = web
  const sealed = { ...(await sealTokens(web, spaceId, tokens)), owner: null }
  const now = ports.clock.now()
  await db.tx(async (tx) => {
    await saveConnection(tx, { spaceId, side: 'salto' }, sealed, now)
    await wakeParked(tx, spaceId, 'salto', now)
  })
  wake()
}

const showSetup = async (web: Web, c: C, isWrong = false) => {
  const { read } = web.db
  const { space, site } = c.get('here')
  const { spaceId } = space
  letFormsLead(c, web, 'anywhere')
  const connection = await one(read, 'connections', { spaceId, side: 'salto' })
  const isConnected = connection?.state === 'ok'
  const isChoosing = isConnected && (!site || isWrong || c.req.query('choose') !== undefined)
  const leaving = site && { spaceId, siteId: site.siteId }
  return c.html(
    SetupPage({
      ...{ say: c.get('say'), space, site, isConnected, isWrong },
      choices: isChoosing ? await listChoices(web, space) : null,
      leaving: {
        people: leaving ? (await list(read, 'pairings', leaving)).length : 0,
        groups: leaving ? (await list(read, 'bookingGroups', leaving)).length : 0,
      },
    }),
    isWrong ? 422 : 200,
  )
}

/** Every site the connected person sees, with the reason why it cannot be used. */
const listChoices = async (web: Web, { spaceId }: SpaceRow): Promise<SiteChoice[]> => {
  const salto = saltoOf(web, spaceId)
  const choices: SiteChoice[] = []
  for (const { siteId } of await salto.listSites()) {
    const site = await salto.getSite(siteId)
    if (!site) continue
    const me = await salto.getMe(siteId).catch((error: unknown) => {
      if (error instanceof Refused) return null
      throw error
    })
    const used = await one(web.db.read, 'sites', { siteId })
    const isOthers = used !== null && used.spaceId !== spaceId
    choices.push({ site, reason: isOthers ? 'otherSpace' : reasonAgainst(site, me) })
  }
  return choices
}

const reasonAgainst = (site: Site, me: SiteUser | null): SiteChoice['reason'] => {
  const mayAdminister =
    me?.roles.some(({ code }) => code === 'site_admin') ||
    (me !== null && site.ownerSaltoUserId === me.saltoUserId)
  if (!site.subscriptionValid) return 'subscription'
  if (site.installationState === 'installation') return 'notReleased'
  if (!mayAdminister) return 'noAdmin'
  return site.timeZone && isTimeZone(site.timeZone) ? null : 'timeZone'
}

/** Exactly one link of ours in Cobot's menu; returns the page that shows our frame. */
const ensureLink = async (web: Web, space: SpaceRow): Promise<string> => {
  const { spaceId } = space
  const { publicUrl } = web.config
  const { section, label, paths } = manifest
  const iframeUrl = publicUrl + paths.frame
  const cobot = await cobotOf(web, spaceId, { setup: true })
  await ensureWebhooks(web, space, cobot)
  const ours = (await cobot.listNavigationLinks()).filter((each) =>
    each.iframeUrl.startsWith(`${publicUrl}/`),
  )
  const kept = ours.find((each) => each.iframeUrl === iframeUrl)
  for (const stale of ours.filter((each) => each !== kept))
    await cobot.deleteNavigationLink(stale.url)
  const { userUrl } = kept ?? (await cobot.createNavigationLink({ section, label, iframeUrl }))
  await web.db.tx((tx) => change(tx, 'spaces', { spaceId }, { linkUserUrl: userUrl }))
  return userUrl
}
