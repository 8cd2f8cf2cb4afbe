// Sign-in in the frame, a write and a renewed session: with third-party cookies allowed, and with
// every cookie of the add-on's site blocked; the set-up then says what to do.
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../support/addon.ts'
import { executablePath, openBrowser } from './browser.ts'
import { actions, listen, openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('cookies', () => {
  let s: Scene
  beforeAll(async () => {
    s = await openScene({ cookies: 0 })
  })
  afterAll(() => s.close())

  /** Four minutes later in the browser the page renews its session, and lives on. */
  const renews = async (at: Pick<Scene, 'frame' | 'open' | 'page'>) => {
    const soon = Date.now() + 60_000
    s.db.prepare("update sessions set expires_at = ? where use = 'frame'").run(soon)
    await at.page.clock.runFor('04:01')
    const ends = s.db.prepare("select max(expires_at) as at from sessions where use = 'frame'")
    await until('a longer session', () => Number((ends.get() as { at: number }).at) > soon + 1000)
    await at.open('Overview')
  }

  test('third-party cookies allowed: sign-in, a write and a renewal', async () => {
    await s.page.clock.install()
    await s.page.goto(s.frameUrl)
    await s.connect('Mia Member', 'Full Time')
    await renews(s)
  })

  test('every cookie of ours blocked: sign-in, a write and a renewal', async () => {
    const browser = await openBrowser(1, new URL(s.addonUrl).hostname)
    const refused = listen(browser.context)
    try {
      const page = await browser.context.newPage()
      await page.clock.install()
      const at = { ...actions(page, s, s.db), page }
      await page.goto(s.frameUrl)
      await page.getByRole('button', { name: /Mara/ }).click()
      await page.goto(s.frameUrl)
      await at.frame.getByRole('heading', { name: 'Overview' }).waitFor()
      expect(await browser.context.cookies(s.addonUrl)).toEqual([])
      await at.connect('Tom Turner', 'Full Time')
      await renews(at)
      // At top level nothing can be remembered on the way to Cobot and back: it says what to do.
      await page.goto(`${s.addonUrl}/install?subdomain=harbour-hub`)
      const { host } = new URL(s.addonUrl)
      await page.getByText(`Allow cookies for ${host}`).waitFor()
      await page.getByRole('link', { name: 'Try again' }).waitFor()
      expect(refused).toEqual([])
    } finally {
      await browser.context.close()
      rmSync(browser.folder, { recursive: true, force: true })
    }
  })

  test('a session that ended leaves on the page what was typed, and says how to go on', async () => {
    await s.open('Connect members')
    const search = s.frame.getByRole('searchbox', { name: 'Search members' })
    s.db.exec("update sessions set expires_at = 1 where use = 'frame'")
    await search.fill('mia')
    await s.frame.getByText('Your session has ended.').waitFor()
    expect(await search.inputValue()).toBe('mia')
    await s.frame.getByRole('link', { name: 'Sign in again' }).click()
    await s.frame.getByRole('heading', { name: 'Overview' }).waitFor()
  })
})
