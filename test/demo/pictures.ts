// The pictures of the README: the pages as an admin of the demo's space sees them after a morning's work.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { inFrame, openBrowser, setUp } from '../journey/browser.ts'
import { kill, root, startAddon } from '../support/addon.ts'
import { play } from './play.ts'

const folder = join(root, '.github/pictures')

/** Connects a few people, gives Mia a tag and maps a room, so that there is something to see. */
const work = async (page: Page) => {
  const frame = inFrame(page)
  const open = async (name: string) => {
    await frame.getByRole('link', { name, exact: true }).click()
    await frame.getByRole('heading', { name, level: 1 }).waitFor()
  }
  const room = frame.getByRole('checkbox', { name: 'Quay Room' }).first()
  for (let tries = 0; tries < 20 && !(await room.isVisible()); tries++) {
    await open('Map resources')
    await page.waitForTimeout(500)
  }
  await room.check()
  await frame.getByRole('button', { name: 'Save' }).click()
  await open('Connect members')
  for (const name of ['Mia Member', 'Ilse Bakker', 'Ana Sousa', 'Tom Turner']) {
    const row = frame.getByRole('row', { name: new RegExp(name) })
    await row.getByRole('button', { name: /^Connect to Salto/ }).click()
    await page.waitForTimeout(1000)
  }
  const mia = frame.getByRole('row', { name: /Mia Member/ })
  await mia.getByRole('button', { name: /^Assign tag/ }).click()
  await frame.getByRole('combobox', { name: 'Tag' }).fill('02300003')
  await frame.getByRole('button', { name: 'Assign', exact: true }).click()
  await page.waitForTimeout(2000)
}

const stage = await play()
const data = mkdtempSync(join(tmpdir(), 'salto-pictures-'))
const DATABASE_URL = `file:${join(data, 'salto.db')}`
const child = await startAddon({ ...stage.env, DATABASE_URL, SETTLE_SECONDS: '1' })
const browser = await openBrowser(0)
try {
  mkdirSync(folder, { recursive: true })
  const page = await browser.context.newPage()
  await setUp(page, stage)
  await work(page)
  const names = await inFrame(page).locator('nav a').allInnerTexts()
  for (const name of names.map((text) => text.replace(/\d+$/, '').trim())) {
    await inFrame(page).getByRole('link', { name, exact: false }).first().click()
    await inFrame(page).getByRole('heading', { name, level: 1 }).waitFor()
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await page.waitForTimeout(500)
      const file = `${name.toLowerCase().replaceAll(' ', '-')}-${width}.png`
      await page.screenshot({ path: join(folder, file) })
    }
    await page.setViewportSize({ width: 1280, height: 900 })
  }
} finally {
  await browser.context.close()
  await kill(child)
  await stage.stop()
  for (const each of [data, browser.folder]) rmSync(each, { recursive: true, force: true })
}
