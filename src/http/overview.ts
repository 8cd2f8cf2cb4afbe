// How the space stands: what is connected, what is ready, when everything was last compared.
import { Hono } from 'hono'
import { HelpPage } from '../../views/help.tsx'
import { type Check, OverviewPage } from '../../views/overview.tsx'
import { earlier, isActive, type PlanInterval } from '../core/entitlements.ts'
import { findPlan, mappedGroups } from '../core/mappings.ts'
import { sameName } from '../core/names.ts'
import { lookAgain } from '../db/clicks.ts'
import { never } from '../db/sites.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { intervalsOf } from '../db/spaces.ts'
import { list } from '../db/store.ts'
import { countDue } from '../db/work.ts'
import { freeNumbers } from './hand-out.ts'
import { type C, clickOf, type Env, type Here, setupUrl, show, type Web } from './page.ts'

export const overview = (web: Web) =>
  new Hono<Env>()
    .get('/overview', async (c) => show(web, c, 'overview', await overviewPage(web, c)))
    .get('/help', (c) => show(web, c, 'help', HelpPage({ say: c.get('say') })))
    .post('/overview/checks', async (c) => {
      await web.db.tx((tx) => lookAgain(tx, clickOf(c, web), null))
      web.wake()
      const notice = c.get('say').t('overview.asked')
      return show(web, c, 'overview', await overviewPage(web, c), { notice })
    })

export const overviewPage = async (web: Web, c: C) => {
  const { db, ports, config } = web
  const { space } = c.get('here')
  const checks = await listChecks(web, c.get('here'))
  const waits = checks.some(({ what, isOk }) => what === 'checked' && !isOk) ? 1 : 0
  const due = await countDue(db.read, space.spaceId, null, ports.clock.now())
  return OverviewPage({
    say: c.get('say'),
    due: Math.max(due, waits),
    checks,
    ways: { setup: setupUrl(space.subdomain), salto: config.salto.appUrl },
  })
}

const listChecks = async (web: Web, here: Here): Promise<Check[]> => {
  const { read } = web.db
  const { space, site } = here
  const { spaceId } = space
  const connections = await list(read, 'connections', { spaceId, state: 'ok' })
  const isConnected = (side: string) => connections.some((each) => each.side === side)
  const info = site?.info
  const [used, allowed] = [info?.seatsUsed ?? 0, info?.seatsAllowed ?? null]
  const locks = await listSnapshot(read, spaceId, 'lock')
  const tags = await freeNumbers(web, here)
  const closed = await plansThatOpenNothing(web, here)
  const hooks = await list(read, 'snapshots', { spaceId, kind: 'webhook', goneAt: null })
  // Both are stored by one sweep; a space may have nothing to book.
  const kind = ['plan', 'resource'] as const
  const [listed] = await list(read, 'snapshots', { spaceId, kind, goneAt: null })
  // A check is as old as its older half.
  const isSwept = site && site.readAt > never
  const checkedAt = listed && isSwept ? earlier(listed.readAt, site.readAt) : null
  const heardAt = space.lastEventAt
  const facts = { site: info?.name ?? '', zone: site?.timeZone ?? '', at: checkedAt }
  return [
    { what: 'cobot', isOk: isConnected('cobot'), way: 'setup' },
    { what: 'salto', isOk: isConnected('salto'), way: 'setup' },
    { what: 'site', isOk: info?.subscriptionValid ?? false, params: facts, way: 'setup' },
    { what: 'locks', isOk: locks.length > 0, params: { count: locks.length }, way: 'salto' },
    { what: 'plans', isOk: !closed.length, params: { plans: closed.join(', ') }, way: 'plans' },
    { what: 'tags', isOk: tags.length > 0, params: { count: tags.length }, way: 'salto' },
    {
      what: 'seats',
      isOk: allowed === null || used < allowed,
      params: { used, allowed: allowed ?? '∞' },
      way: 'salto',
    },
    {
      what: 'webhooks',
      isOk: hooks.length > 0,
      params: { count: hooks.length, at: heardAt, ...(heardAt && { context: 'heard' }) },
      way: 'check',
    },
    { what: 'checked', isOk: checkedAt !== null, params: facts, way: 'check' },
  ]
}

/** Names of plans that somebody is on now, without a group of that name that has locks. */
const plansThatOpenNothing = async (
  { db: { read }, ports }: Web,
  { space, site }: Here,
): Promise<string[]> => {
  const { spaceId } = space
  const memberships = await list(read, 'memberships', { spaceId, goneAt: null })
  const mapped = site ? await list(read, 'planGroups', { spaceId, siteId: site.siteId }) : []
  const groups = await listSnapshot(read, spaceId, 'accessGroup')
  const plans = await listSnapshot(read, spaceId, 'plan')
  const opens = (interval: PlanInterval) => {
    const planId = findPlan(interval, plans)
    const row = mapped.find((each) => each.planId === planId)
    const ids = row && mappedGroups(row)
    // An admin chose that it opens nothing: there is nothing to do.
    if (row?.chosen?.length === 0) return true
    const isIt = ({ accessGroupId, name }: (typeof groups)[number]) =>
      ids ? ids.includes(accessGroupId) : sameName(name, interval.planName)
    return !row?.opensNothing && groups.some((group) => isIt(group) && group.lockCount !== 0)
  }
  const now = ports.clock.now()
  const current = intervalsOf(space, memberships).filter((each) => isActive(each, now))
  const closed = current.filter((interval) => !opens(interval))
  return [...new Set(closed.map(({ planName }) => planName))].sort()
}
