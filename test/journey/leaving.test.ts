// Walking through the set-up again, another site, and every way out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ksLogin, subdomain } from '../demo/seed.ts'
import { until } from '../support/addon.ts'
import { executablePath } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('again, and out', () => {
  let s: Scene
  const page = () => s.page
  const button = (name: string | RegExp) => page().getByRole('button', { name })
  const link = (name: string) => page().getByRole('link', { name })
  const install = async () => {
    await page().goto(`${s.addonUrl}/hooks/cobot/install?subdomain=${subdomain}`)
    await page().getByRole('heading', { name: 'Set up Harbour Hub' }).waitFor()
  }
  const connectSalto = async () => {
    await link('Connect to SALTO KS').click()
    await page()
      .getByLabel(/e-?mail/i)
      .fill(ksLogin.email)
    await page()
      .getByLabel(/password/i)
      .fill(ksLogin.password)
    await button(/log in|sign in|continue/i).click()
    await button(/allow/i).first().click()
  }
  const configure = async (site: RegExp) => {
    const select = page().getByLabel('SALTO KS site')
    const label = (await select.getByRole('option').allInnerTexts()).find((each) => site.test(each))
    await select.selectOption({ label: label ?? '' })
    await button('Configure site').click()
  }
  const framed = async () => {
    await page().waitForURL(/navigation_links/)
    await s.frame.getByRole('heading', { name: 'Overview' }).waitFor()
  }

  /** Nothing of ours is left in Cobot, and the page shows the receipt. */
  const isOver = async () => {
    const ours = () => [
      ...s.cobot.navigationLinks(subdomain),
      ...s.cobot.subscriptions(subdomain),
      ...s.cobot.tokens().filter(({ spaceId }) => spaceId),
    ]
    await until('nothing left', () => ours().length === 0)
    const running = s.frame.getByRole('heading', { name: /^Disconnecting/ })
    await running.waitFor({ state: 'hidden' })
    await s.frame
      .getByRole('heading', { name: /^Receipt/ })
      .first()
      .waitFor()
  }

  beforeAll(async () => {
    s = await openScene()
    await s.connect('Mia Member', 'Full Time')
  })
  afterAll(() => s.close())

  test('A7 keeping the site doubles nothing', async () => {
    const [links, hooks] = [s.cobot.navigationLinks(subdomain), s.cobot.subscriptions(subdomain)]
    await install()
    await button('Keep this site').click()
    await framed()
    expect(s.cobot.navigationLinks(subdomain)).toHaveLength(links.length)
    expect(s.cobot.subscriptions(subdomain)).toHaveLength(hooks.length)
    expect(s.cobot.tokens().filter(({ spaceId }) => spaceId)).toHaveLength(1)
    expect(s.groupsOf('Mia Member')).toEqual(['Full Time'])
  })

  test('A7 another site shows first whom it removes on the old one', async () => {
    const ownerId = s.salto.site(s.siteId).ownerId
    const where = { name: 'Canal House', timeZone: 'Europe/Amsterdam', seats: 5 }
    const canal = s.salto.addSite({ ...where, ownerId })
    await install()
    await link('Choose another site').click()
    await page().getByText('Mia Member').waitFor()
    await configure(/^Canal House/)
    await button('Leave and remove 1 person').click()
    await framed()
    await until('Mia gone there', () => s.users('Mia Member').length === 0)
    await install()
    await link('Choose another site').click()
    await configure(/^Harbour Loft/)
    await button('Leave the old site').click()
    await framed()
    await s.connect('Mia Member', 'Full Time')
    expect(s.salto.users(canal).filter(({ alias }) => alias)).toEqual([])
  })

  test('F1 J disconnecting shows what it does, and leaves all as it is when asked to', async () => {
    await s.open('Settings')
    await s.frame.getByRole('button', { name: 'Disconnect site' }).click()
    await s.frame.getByText('Mia Member').waitFor()
    await s.frame.getByRole('radio', { name: 'Leave everything as it is' }).check()
    await s.frame.getByRole('button', { name: 'Disconnect site' }).click()
    await s.confirm(/^Disconnect and leave everything/)
    await isOver()
    expect(s.groupsOf('Mia Member')).toEqual(['Full Time'])
  })

  test('F2 the install hook starts again, for a browser and for a server', async () => {
    const url = `${s.addonUrl}/hooks/cobot/install?subdomain=${subdomain}`
    const answer = await fetch(url, { method: 'POST' })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toEqual({ url: `${s.addonUrl}/install?subdomain=${subdomain}` })
    await install()
    await connectSalto()
    await configure(/^Harbour Loft/)
    await framed()
    await s.open('Connect members')
    const mia = s.row('Mia Member')
    await s.press(mia, /^Connect to Salto/)
    await s.isIn('Mia Member', 'Full Time')
  })

  test('F1 removing takes back what the add-on made, with a receipt to keep', async () => {
    await s.connect('Tom Turner', 'Full Time')
    await s.open('Settings')
    await s.frame.getByRole('button', { name: 'Disconnect site' }).click()
    await s.frame.getByText('Tom Turner').waitFor()
    await s.frame.getByRole('radio', { name: 'Remove what this add-on made' }).check()
    await s.frame.getByRole('button', { name: 'Disconnect site' }).click()
    await s.confirm(/^Disconnect and remove/)
    await isOver()
    expect(s.users('Tom Turner')).toEqual([])
    const download = page().waitForEvent('download')
    await s.frame.getByRole('button', { name: 'Download receipt' }).first().click()
    expect((await download).suggestedFilename()).toMatch(/^salto-receipt/)
  })

  test('F2 an uninstall hook is believed only when Cobot refuses us, and takes nothing away', async () => {
    await install()
    await connectSalto()
    await configure(/^Harbour Loft/)
    await framed()
    await s.connect('Tom Turner', 'Full Time')
    const [hook] = s.cobot.subscriptions(subdomain)
    const key = /\/hooks\/cobot\/([^/]+)/.exec(JSON.stringify(hook))?.[1]
    const uninstall = () =>
      fetch(`${s.addonUrl}/hooks/cobot/${key}/uninstall`, { method: 'POST', body: '{}' })
    expect((await uninstall()).ok).toBe(true)
    await s.checkNow()
    s.cobot.revokeTokens({ spaceToken: subdomain })
    await uninstall()
    await until('the end', async () => {
      await page().goto(`${s.addonUrl}/embed?cobot_subdomain=${subdomain}&cobot_user_id=u`)
      return page().getByRole('heading', { name: 'Not installed yet' }).isVisible()
    })
    expect(s.groupsOf('Tom Turner')).toEqual(['Full Time'])
  })
})
