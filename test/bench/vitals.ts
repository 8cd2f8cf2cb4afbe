// How the pages feel in Chromium, through Cobot's frame on another site, in a space with 1,000
// members, 500 tags, 200 resources and 200 locks: web vitals, measured in the frame itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Frame, Locator, Page } from 'playwright-core'
import { asId, type MembershipId, type SiteUserId, type TagId } from '../../src/core/ids.ts'
import { openSqlite } from '../../src/db/open.ts'
import { change, list } from '../../src/db/store.ts'
import { pages } from '../../views/layout.tsx'
import { play } from '../demo/play.ts'
import { subdomain } from '../demo/seed.ts'
import { openBrowser, setUp } from '../journey/browser.ts'
import { kill, root, startAddon, until } from '../support/addon.ts'
import { connectCrowd, numbered } from './pages.ts'

/** `paint`: the largest contentful paint of the first page; of the others, from the press to the page. */
type Vitals = { paint: number; shifts: number; slowest: number }
type Stage = Awaited<ReturnType<typeof play>>

export const vitalLimits: Vitals = { paint: 1200, shifts: 0.02, slowest: 100 }

/** Of each page the middle of three visits. */
export const measureVitals = async (): Promise<{ page: string; vitals: Vitals }[]> => {
  const stage = await play()
  const crowd = addCrowd(stage)
  const folder = mkdtempSync(join(tmpdir(), 'salto-bench-'))
  const file = join(folder, 'salto.db')
  const env = { ...stage.env, DATABASE_URL: `file:${file}` }
  const browser = await openBrowser(1)
  let child = await startAddon(env)
  try {
    await browser.context.addInitScript({ path: join(root, 'test/bench/in-frame.js') })
    const page = await browser.context.newPage()
    await setUp(page, stage)
    const db = await openSqlite(file)
    await until('everybody', async () => {
      const kept = await list(db.read, 'snapshots', { kind: ['siteUser', 'tag', 'lock'] })
      const members = await list(db.read, 'memberships', {})
      return kept.length > 1400 && members.length >= 1000
    })
    await kill(child)
    const [space] = await list(db.read, 'spaces', {})
    const { spaceId } = space!
    const click = { spaceId, by: 'Mara', now: new Date() }
    await connectCrowd(db, click, crowd)
    await db.tx((tx) => change(tx, 'work', { spaceId }, { runAt: null }))
    await db.close()
    child = await startAddon({ ...env, ROLE: 'web' })
    const visits: Vitals[][] = []
    for (let visit = 0; visit < 3; visit++) visits.push(await visitAll(page, stage))
    return pages.map((name, index) => {
      const middle = (key: keyof Vitals) =>
        visits.map((visit) => visit[index]![key]).sort((a, b) => a - b)[1]!
      const [paint, shifts, slowest] = [middle('paint'), middle('shifts'), middle('slowest')]
      return { page: name, vitals: { paint, shifts, slowest } }
    })
  } finally {
    await browser.context.close()
    await kill(child)
    await stage.stop()
    for (const each of [folder, browser.folder]) rmSync(each, { recursive: true, force: true })
  }
}

const addCrowd = ({ cobot, salto, seeded }: Stage) => {
  const { siteId, planIds } = seeded
  const planId = planIds.get('Full Time') ?? null
  const membershipIds = numbered(1000, (n) => {
    const who = { name: `Person Number${n}`, email: `person${n}@members.example`, planId }
    return asId<MembershipId>(cobot.addMembership(subdomain, who))
  })
  for (const name of numbered(200, (n) => `Door ${n}`)) {
    cobot.addResource(subdomain, { name })
    salto.addLock(siteId, { name })
  }
  const siteUserIds = numbered(700, (n) => {
    const who = { firstName: 'Person', lastName: `Number${n}`, email: `person${n}@members.example` }
    const { siteUserId } = salto.addSiteUser(siteId, { ...who, roleCodes: ['site_user'] })
    return asId<SiteUserId>(siteUserId)
  })
  const tags = numbered(500, (n) => {
    const number = `0240${n}`
    return { tagId: asId<TagId>(salto.addTag(siteId, { number })), number }
  }).slice(0, 300)
  return { membershipIds, siteUserIds, tags }
}

/** Opens the frame anew, then each page from the navigation, and uses what there is on it. */
const visitAll = async (page: Page, { addonUrl }: Stage): Promise<Vitals[]> => {
  // A page that is scrolled to where it was reports no largest paint.
  await page.evaluate('scrollTo(0, 0)')
  await page.reload()
  const frame = await until('the frame', async () =>
    page.frames().find((each) => each.url().startsWith(addonUrl)),
  )
  // Looking for elements would lay the page out before its stylesheet is there.
  await frame.waitForLoadState()
  const first = await read(frame)
  const found: Vitals[] = []
  for (const name of pages) {
    await frame.locator(`nav a[href="/${name}"]`).click()
    await frame.locator(`nav a[href="/${name}"][aria-current]`).waitFor()
    const opened = await read(frame)
    const used = [opened, ...(await use(frame))]
    if (name === 'overview') used.push(first)
    found.push({
      paint: name === 'overview' ? first.lcp : opened.shown,
      shifts: used.reduce((sum, { shifts }) => sum + shifts, 0),
      slowest: Math.max(...used.map(({ slowest }) => slowest)),
    })
  }
  return found
}

/** Types in a search, presses a filter, opens the first list, menu and form of a row, ticks a box. */
const use = async (frame: Frame) => {
  const main = frame.locator('main')
  const ways: [Locator, (on: Locator) => Promise<unknown>][] = [
    [main.locator('input[type="search"]'), (on) => on.pressSequentially('7')],
    [main.locator('select'), (on) => on.press('ArrowDown').then(() => on.press('ArrowUp'))],
    [main.locator('input[type="checkbox"]'), (on) => on.click()],
    [main.locator('summary'), (on) => on.click()],
    [main.locator('tr button[hx-get], td button[hx-get]'), (on) => on.click()],
  ]
  const found = []
  for (const [locator, way] of ways) {
    const on = locator.locator('visible=true').first()
    if (!(await on.isVisible())) continue
    await way(on)
    found.push(await read(frame))
  }
  return found
}

type Read = { lcp: number; shifts: number; slowest: number; shown: number }

const read = (frame: Frame): Promise<Read> => frame.evaluate('vitals()')
