// From "Get started" to a door that opens, in Chromium, through Cobot's frame on another site, with
// third-party cookies blocked.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { play } from '../demo/play.ts'
import { subdomain } from '../demo/seed.ts'
import { kill, startAddon, until } from '../support/addon.ts'
import { executablePath, follow, inFrame, openBrowser, type Stage, setUp } from './browser.ts'

describe.skipIf(!executablePath)('the whole way', () => {
  test('from Get started to an open door', { timeout: 120_000 }, async () => {
    const stage = await play()
    const folder = mkdtempSync(join(tmpdir(), 'salto-test-'))
    let child: ChildProcess | null = null
    const browser = await openBrowser(1)
    try {
      const DATABASE_URL = `file:${join(folder, 'salto.db')}`
      child = await startAddon({ ...stage.env, DATABASE_URL, SETTLE_SECONDS: '1' })
      const page = await browser.context.newPage()
      page.setDefaultTimeout(10_000)
      const problems: string[] = []
      page.on('console', (message) => {
        if (/Content Security Policy|Content-Security-Policy/.test(message.text()))
          problems.push(message.text())
      })
      page.on('pageerror', (error) => problems.push(error.message))
      const clicks = await countClicks(page)
      await setUp(page, stage)
      await mapRoom(page)
      await connectMia(page, stage)
      expect(clicks()).toBeGreaterThan(10)
      expect(clicks()).toBeLessThanOrEqual(15)
      await bookAndOpen(page, stage)
      expect(problems).toEqual([])
    } finally {
      await browser.context.close()
      if (child) await kill(child)
      await stage.stop()
      for (const each of [folder, browser.folder]) rmSync(each, { recursive: true, force: true })
    }
  })
})

/** How often somebody clicks, on Cobot's pages, on SALTO's and on ours. */
const countClicks = async (page: Page) => {
  let clicks = 0
  await page.exposeBinding('countClick', () => void clicks++)
  await page.addInitScript(() => {
    const count = (event: MouseEvent) => {
      // Enter in a form clicks its button, too, but no mouse does.
      if (event.isTrusted && event.detail > 0) Reflect.get(window, 'countClick')()
    }
    addEventListener('click', count, true)
  })
  return () => clicks
}

const mapRoom = async (page: Page) => {
  const frame = inFrame(page)
  await frame.getByText('Last full check:').waitFor()
  await frame.getByRole('link', { name: 'Map resources' }).click()
  const room = frame.getByRole('checkbox', { name: 'Quay Room' }).first()
  await room.check()
  await frame.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => room.isChecked()).toBe(true)
}

const connectMia = async (page: Page, { salto, seeded }: Stage) => {
  const frame = inFrame(page)
  await follow(
    frame.getByRole('link', { name: 'Connect members' }),
    frame.getByRole('heading', { name: 'Connect members' }),
  )
  const row = frame.getByRole('row', { name: /Mia Member/ })
  await row.getByRole('button', { name: /^Connect to Salto/ }).click()
  await row.getByRole('button', { name: /^Assign tag/ }).click()
  await frame.getByRole('combobox', { name: 'Tag' }).fill('02300003')
  await frame.getByRole('button', { name: 'Assign', exact: true }).click()
  await until('the tag at Mia', () =>
    salto
      .users(seeded.siteId)
      .some(({ alias, tagNumber }) => alias?.startsWith('Mia Member') && tagNumber === '02300003'),
  )
}

const bookAndOpen = async (page: Page, { cobotUrl, saltoUrl, salto, seeded }: Stage) => {
  const tomorrow = new Date(Date.now() + 24 * 3600_000).toISOString().slice(0, 10)
  await page.goto(`${cobotUrl}/spaces/${subdomain}/admin/bookings`)
  const form = page
    .locator('form')
    .filter({ has: page.getByRole('button', { name: /^(Book|Create|Add)/ }) })
    .first()
  await form.getByLabel('Resource').selectOption({ label: 'Quay Room' })
  await form.getByLabel('Member').selectOption({ label: 'Mia Member' })
  await form.getByLabel('Date', { exact: true }).fill(tomorrow)
  await form.getByLabel('From', { exact: true }).fill('19:00')
  await form.getByLabel('To', { exact: true }).fill('20:30')
  await form.getByRole('button').click()
  await until('the booking group', () =>
    salto
      .groups(seeded.siteId)
      .some(
        ({ name, schedules, users }) =>
          /^Cobot \d{12}$/.test(name) &&
          users.length === 1 &&
          schedules.some((s) => s.start_date === `${tomorrow}T19:00:00`),
      ),
  )
  const tryAt = async (time: string) => {
    await page.goto(`${saltoUrl}/app/doors`)
    const tag = page.getByLabel('Tag', { exact: true })
    const option = await tag.locator('option', { hasText: '02300003' }).getAttribute('value')
    await tag.selectOption(option ?? '')
    await page.getByLabel('Lock', { exact: true }).selectOption({ label: 'Quay Room' })
    await page.getByLabel('Date', { exact: true }).fill(tomorrow)
    await page.getByLabel('Time', { exact: true }).fill(time)
    await page.getByRole('button', { name: 'Try it' }).click()
    const opened = page.getByText('Opened')
    await opened.or(page.getByText('Stays closed')).first().waitFor()
    return opened.isVisible()
  }
  expect(await tryAt('18:59')).toBe(false)
  expect(await tryAt('19:00')).toBe(true)
  expect(await tryAt('20:30')).toBe(true)
  expect(await tryAt('20:31')).toBe(false)
}
