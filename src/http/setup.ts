// Setting up a space at top level: SALTO's permission, the site, and the page in Cobot.
import { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import manifest from '../../manifest.json' with { type: 'json' }
import { Leavings } from '../../views/leaving.tsx'
import { SetupLeavingPage, SetupPage, type SiteChoice } from '../../views/setup.tsx'
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
import { change, one } from '../db/store.ts'
import { endAuthorization, startAuthorization } from './authorize.ts'
import { disconnectSpace, previewOf, readLeft, sendReceipt } from './leaving.ts'
import { type C, clickOf, type Env, installUrl, letFormsLead, setupUrl, type Web } from './page.ts'
import { isSetupAdmin, setupAdmin } from './session.ts'

export const setup = (web: Web) =>
  new Hono<Env>()
    .use('/setup/*', csrf({ origin: new URL(web.config.publicUrl).origin }), setupAdmin(web))
    .use('/oauth/salto', setupAdmin(web))
    .get('/setup', async (c) => showSetup(web, c))
    .get('/setup/progress', async (c) => {
      const left = await readLeft(web, c)
      const query = `?subdomain=${c.get('here').space.subdomain}`
      return c.html(Leavings({ say: c.get('say'), left, at: '/setup', query }))
    })
    .get('/setup/receipts/:siteId', (c) => sendReceipt(web, c))
    .get('/setup/leaving', (c) => showLeaving(web, c, null))
    .post('/setup/leaving', async (c) => {
      const reason = await disconnectSpace(web, c)
      if (reason) return showLeaving(web, c, reason)
      return c.redirect(setupUrl(c.get('here').space.subdomain), 303)
    })
    .post('/setup/site', async (c) => {
      const { db } = web
      const { space, site } = c.get('here')
      const { siteId, shown } = await c.req.parseBody()
      if (!site || siteId !== site.siteId) {
        const choice = (await listChoices(web, space)).find((each) => each.site.siteId === siteId)
        if (!choice || choice.reason) return showSetup(web, c, 'wrong')
        // What is taken away at the old one is exactly what was shown.
        if (site && (await previewOf(web, c)).shown !== shown) return showSetup(web, c, 'changed')
        const info = { ...choice.site, timeZone: choice.site.timeZone ?? 'UTC' }
        const { by, now } = clickOf(c, web)
        const isOurs = await db.tx((tx) => activateSite(tx, space.spaceId, info, now, by))
        if (!isOurs) return showSetup(web, c, 'wrong')
        web.log.info({ spaceId: space.spaceId, by, siteId: info.siteId }, 'a site was chosen')
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
      const isAdmin = await isSetupAdmin(web, c, subdomain, false)
      if (!isAdmin || c.get('here').space.state !== 'installed')
        return c.redirect(installUrl(subdomain))
      await storeSalto(web, c.get('here').space, await web.saltoOAuth.swapCode(answer.swap))
      const { spaceId, by } = clickOf(c, web)
      web.log.info({ spaceId, by }, 'SALTO KS was connected')
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
  })
  wake()
}

const showSetup = async (web: Web, c: C, reason: 'wrong' | 'changed' | null = null) => {
  const { read } = web.db
  const { space, site } = c.get('here')
  const { spaceId } = space
  letFormsLead(c, web, 'anywhere')
  const connection = await one(read, 'connections', { spaceId, side: 'salto' })
  const isConnected = connection?.state === 'ok'
  const isChoosing = isConnected && (!site || reason || c.req.query('choose') !== undefined)
  return c.html(
    SetupPage({
      say: c.get('say'),
      space,
      site,
      isConnected,
      reason,
      choices: isChoosing ? await listChoices(web, space) : null,
      preview: site && isChoosing ? await previewOf(web, c) : null,
      left: await readLeft(web, c),
    }),
    reason ? 422 : 200,
  )
}

const showLeaving = async (web: Web, c: C, reason: 'changed' | 'mode' | null) => {
  const { space } = c.get('here')
  const preview = await previewOf(web, c)
  const page = SetupLeavingPage({ say: c.get('say'), space, preview, reason })
  return c.html(page, reason ? 422 : 200)
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
