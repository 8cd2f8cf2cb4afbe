// A fresh Chromium, and the way from the start page into Cobot's frame.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'
import type { play } from '../demo/play.ts'
import { ksLogin, subdomain } from '../demo/seed.ts'
import { findChromium } from '../support/prepare.ts'

export const executablePath = findChromium()
if (!executablePath) console.log('skipped: the journey in the browser, for want of Chromium')

/** A fresh profile; 0 allows third-party cookies, 1 blocks them, and any cookie of `without`. */
export const openBrowser = async (
  cookieMode: 0 | 1,
  without?: string,
): Promise<{ context: BrowserContext; folder: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'salto-chromium-'))
  mkdirSync(join(folder, 'Default'))
  const preferences = {
    profile: {
      cookie_controls_mode: cookieMode,
      block_third_party_cookies: cookieMode === 1,
      content_settings: {
        exceptions: { cookies: without ? { [`${without},*`]: { setting: 2 } } : {} },
      },
    },
  }
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: executablePath ?? '',
    ignoreDefaultArgs: true,
    viewport: { width: 1280, height: 900 },
    args: [
      '--headless',
      '--remote-debugging-pipe',
      `--user-data-dir=${folder}`,
      '--no-startup-window',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A page that comes back from there is beyond playwright's reach.
      '--disable-back-forward-cache',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  })
  return { context, folder }
}

export type Stage = Awaited<ReturnType<typeof play>>
export const inFrame = (page: Page) => page.frameLocator('iframe')

/**
 * Follows a link of the frame to where it leads. The frame has a process of its own: while a new size
 * or page is still on its way to it, a click falls beside the link, and is made again.
 */
export const follow = async (link: Locator, opened: Locator) => {
  for (let tries = 1; tries <= 3 && !(await opened.isVisible()); tries++) {
    if (tries > 1) console.log('a click that led nowhere is made again')
    await link.click()
    await opened.waitFor({ timeout: 4000 }).catch(() => {})
  }
  await opened.waitFor()
}

export const setUp = async (page: Page, { addonUrl, cobotUrl }: Stage) => {
  await page.goto(`${addonUrl}/?cobot_subdomain=${subdomain}`)
  await page.getByRole('heading', { name: 'SALTO KS for Cobot' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Cobot subdomain' }).inputValue()).toBe(subdomain)
  await page.getByRole('button', { name: 'Get started' }).click()
  await page.getByRole('button', { name: /Mara/ }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('link', { name: 'Connect to SALTO KS' }).click()
  await page.getByLabel(/e-?mail/i).fill(ksLogin.email)
  await page.getByLabel(/password/i).fill(ksLogin.password)
  await page.getByRole('button', { name: /log in|sign in|continue/i }).click()
  await page.getByRole('button', { name: /allow/i }).first().click()
  const site = page.getByLabel('SALTO KS site')
  expect(await site.locator('option:checked').innerText()).toContain('Harbour Loft')
  await page.getByRole('button', { name: 'Configure site' }).click()
  await page.waitForURL(new RegExp(`^${cobotUrl}.*navigation_links`))
  // The first time in the frame, Cobot asks once more for the smaller permission.
  const allow = inFrame(page).getByRole('button', { name: 'Allow' })
  const overview = inFrame(page).getByRole('link', { name: 'Map resources' })
  await allow.or(overview).first().waitFor()
  if (await allow.isVisible()) await allow.click()
  await overview.waitFor()
}
