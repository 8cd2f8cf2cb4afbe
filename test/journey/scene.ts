// A space that is set up, in a browser that blocks third-party cookies, for all tests of a file; and
// the words for what an admin does there.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { play } from '../demo/play.ts'
import { subdomain } from '../demo/seed.ts'
import { kill, startAddon, until } from '../support/addon.ts'
import { inFrame, openBrowser, setUp } from './browser.ts'

export type Scene = Awaited<ReturnType<typeof openScene>>

export const openScene = async ({ isSetUp = true, cookies = 1 as 0 | 1 } = {}) => {
  const stage = await play()
  const folder = mkdtempSync(join(tmpdir(), 'salto-test-'))
  const file = join(folder, 'salto.db')
  const env = { ...stage.env, DATABASE_URL: `file:${file}`, SETTLE_SECONDS: '1' }
  const [child, browser] = await Promise.all([startAddon(env), openBrowser(cookies)])
  // Tests press faster than people do: our own budget for Cobot is always full.
  const db = new Database(file)
  db.exec('create trigger full after insert on budgets begin delete from budgets; end')
  const { context } = browser
  const refused = listen(context)
  const page = await context.newPage()
  if (isSetUp) await setUp(page, stage)
  /** Once again, as the admin in Cobot's menu does. */
  const frameUrl = page.url()
  const close = async () => {
    db.close()
    await context.close()
    await kill(child)
    await stage.stop()
    for (const each of [folder, browser.folder]) rmSync(each, { recursive: true, force: true })
    expect(refused).toEqual([])
  }
  return { ...stage, ...actions(page, stage, db), context, page, frameUrl, db, close }
}

/** What the browser refuses, and what goes wrong in it; nothing may. */
export const listen = (context: Awaited<ReturnType<typeof openBrowser>>['context']) => {
  const refused: string[] = []
  context.on('page', (page) => {
    page.setDefaultTimeout(10_000)
    page.on('console', (message) => {
      if (/Content.Security.Policy/.test(message.text())) refused.push(message.text())
    })
    page.on('pageerror', (error) => refused.push(error.message))
  })
  return refused
}

export const actions = (
  page: Page,
  stage: Awaited<ReturnType<typeof play>>,
  db: Database.Database,
) => {
  const { cobot, cobotUrl, salto, seeded } = stage
  const { siteId } = seeded
  const frame = inFrame(page)

  const open = async (name: string) => {
    cobot.forgetCalls()
    const link = frame.getByRole('navigation').getByRole('link', { name })
    const path = await link.getAttribute('href')
    // The heading may be there already: what counts is the answer.
    const answer = page.waitForResponse((response) => new URL(response.url()).pathname === path)
    await link.click()
    await answer
    await frame.getByRole('heading', { name, level: 1 }).waitFor()
  }
  const row = (name: string) => frame.getByRole('row', { name: new RegExp(name) }).first()
  /** Looks at the page anew until it shows this. */
  const see = async (name: string, what: Locator) =>
    until(`${what} on ${name}`, async () => {
      if (await what.first().isVisible()) return true
      await open(name)
      return what
        .first()
        .waitFor({ timeout: 300 })
        .then(
          () => true,
          () => false,
        )
    })
  /** A button of a row, which may be folded away under "More". */
  const press = async (inRow: Locator, name: RegExp) => {
    const button = inRow.getByRole('button', { name })
    const more = inRow.getByText(/^More/)
    await button.or(more).first().waitFor()
    if (!(await button.isVisible())) await more.click()
    await button.click()
  }
  const confirm = (verb: RegExp) =>
    frame.getByRole('dialog').getByRole('button', { name: verb }).click()

  /** Both sides are read anew, and what follows is done. */
  const checkNow = async () => {
    await open('Overview')
    await frame.getByRole('button', { name: 'Check now' }).click()
    await frame.getByText('Everything is being compared now.').waitFor()
  }
  /** What was done by hand is told when it stays (R15): as if five minutes had passed meanwhile. */
  const notice = async (problem: Locator) => {
    const isSeen = db.prepare('select 1 from problems where code = ? and shown_at is null')
    await checkNow()
    await until('a first look', () => isSeen.get('P10'))
    for (const [table, column] of Object.entries({
      audit: 'at',
      problems: 'since',
      work: 'run_at',
    }))
      db.exec(`update ${table} set ${column} = ${column} - ${5 * 60_000}`)
    await checkNow()
    await see('Problems', problem)
  }
  /** These, and no others, of the choices in a row. */
  const choose = async (inRow: Locator, ...names: string[]) => {
    const list = inRow.locator('details.choices')
    if ((await list.getAttribute('open')) === null) await list.locator('summary').click()
    const boxes = list.locator('fieldset').getByRole('checkbox')
    await boxes.first().waitFor()
    for (const label of await list.locator('fieldset label').all()) {
      const text = (await label.innerText()).trim()
      // What a group opens stands in brackets behind its name.
      const isMeant = names.some((name) => text === name || text.startsWith(`${name} (`))
      await label.getByRole('checkbox').setChecked(isMeant)
    }
    // The list lies above the rows that follow.
    await page.keyboard.press('Escape')
  }

  const users = (name: string) =>
    salto.users(siteId).filter(({ alias, firstName, lastName }) => {
      return alias?.startsWith(name) || `${firstName} ${lastName}` === name
    })
  const groupsOf = (name: string): string[] => {
    const [user] = users(name)
    const groups = salto
      .groups(siteId)
      .filter(({ users }) => users.includes(user?.saltoUserId ?? ''))
    return groups.map((group) => group.name).sort()
  }
  /** Until these are all the groups that somebody is in. */
  const isIn = (name: string, ...groups: string[]) =>
    until(`${name} in ${groups}`, () => String(groupsOf(name)) === String([...groups].sort()))
  const connect = async (name: string, group: string) => {
    await open('Connect members')
    await press(row(name), /^Connect to Salto/)
    await isIn(name, group)
  }
  const assign = async (name: string, tag: string) => {
    await press(row(name), /^(Assign|Change) tag/)
    await row(name).getByRole('combobox', { name: 'Tag' }).fill(tag)
    await row(name).getByRole('button', { name: 'Assign', exact: true }).click()
  }
  const hasTag = (name: string, tag: string | null) =>
    until(`${tag} at ${name}`, () => users(name).some(({ tagNumber }) => tagNumber === tag))

  /** A booking as Cobot's calendar makes it, so many hours from now. */
  const at = (hours: number) => new Date(Math.ceil(Date.now() / 3600_000 + hours) * 3600_000)
  const membershipOf = (name: string) =>
    cobot.memberships(subdomain).find((each) => each.name === name)?.id ?? ''
  const resourceOf = (name: string) =>
    cobot.resources(subdomain).find((each) => each.name === name)?.id ?? ''
  const book = (name: string, resource: string, from: Date, to: Date) =>
    cobot.addBooking(subdomain, {
      resourceId: resourceOf(resource),
      membershipId: membershipOf(name),
      from: from.toISOString(),
      to: to.toISOString(),
    })
  /** The group of the booking of this person that begins then, once it is whole. */
  const bookingGroups = (name: string) =>
    salto.groups(siteId).filter(({ name: group, users: inside, locks, schedules }) => {
      const isTheirs = users(name).some(({ saltoUserId }) => inside.includes(saltoUserId))
      return /^Cobot \d{12}$/.test(group) && isTheirs && locks.length && schedules.length === 1
    })
  const openCobot = (part: string) => page.goto(`${cobotUrl}/spaces/${subdomain}/admin/${part}`)

  return {
    frame,
    open,
    row,
    see,
    press,
    confirm,
    checkNow,
    notice,
    choose,
    users,
    groupsOf,
    isIn,
    connect,
    assign,
    hasTag,
    at,
    membershipOf,
    resourceOf,
    book,
    bookingGroups,
    openCobot,
    siteId,
  }
}
