// From the add-on directory to the checklist in Cobot's frame, with every wrong turn.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ksLogin, subdomain } from '../demo/seed.ts'
import { executablePath } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('the set-up', () => {
  let s: Scene
  const button = (name: string | RegExp) => s.page.getByRole('button', { name })
  const link = (name: string) => s.page.getByRole('link', { name })
  const heading = (name: string) => s.page.getByRole('heading', { name })
  const logIn = async () => {
    await s.page.getByLabel(/e-?mail/i).fill(ksLogin.email)
    await s.page.getByLabel(/password/i).fill(ksLogin.password)
    await button(/log in|sign in|continue/i).click()
  }
  beforeAll(async () => {
    s = await openScene({ isSetUp: false })
  })
  afterAll(() => s.close())

  test('A1 the directory leads to a start page that says what is needed', async () => {
    await s.page.goto(`${s.cobotUrl}/spaces/${subdomain}/admin/add-ons`)
    await button(/Tom/).click()
    await s.page.goto(`${s.addonUrl}/?subdomain=${subdomain}`)
    await heading('What should be ready').waitFor()
    const field = s.page.getByRole('textbox', { name: 'Cobot subdomain' })
    expect(await field.inputValue()).toBe(subdomain)
    await field.fill('Harbour Hub!')
    await button('Get started').click()
    await s.page.getByText('A subdomain has only letters').waitFor()
    expect(await field.inputValue()).toBe('harbour hub!')
  })

  test('A2 somebody who is no admin of the space gets no further', async () => {
    await s.page.goto(`${s.addonUrl}/install?subdomain=${subdomain}`)
    await button('Allow').click()
    await heading('Only for admins').waitFor()
    expect(s.cobot.tokens()).toEqual([])
  })

  test('A2 an admin is known, and only a token of the space is kept', async () => {
    await s.context.clearCookies()
    await s.page.goto(`${s.addonUrl}/?cobot_subdomain=${subdomain}`)
    await button('Get started').click()
    await button(/Mara/).click()
    await button('Allow').click()
    await heading('Set up Harbour Hub').waitFor()
    expect(s.cobot.tokens().some(({ spaceId }) => spaceId)).toBe(true)
  })

  test('A3 saying no to SALTO ends on a page that says so; Back and reload repeat nothing', async () => {
    await link('Connect to SALTO KS').click()
    await logIn()
    await button(/deny|no/i)
      .first()
      .click()
    await heading('Not allowed').waitFor()
    await s.page.reload()
    await heading('Already used').waitFor()
    await link('Try again').click()
    await logIn()
    await button(/allow/i).first().click()
    await heading('Set up Harbour Hub').waitFor()
  })

  test('A4 sites that cannot work are there with the reason; the only other one is chosen', async () => {
    const site = s.page.getByLabel('SALTO KS site')
    const options = await site.getByRole('option').allInnerTexts()
    expect(options.join('\n')).toContain('Old Warehouse · America/New_York · subscription ended')
    expect(options.join('\n')).toContain('renew the subscription at SALTO')
    const chosen = await site.locator('option:checked').innerText()
    expect(chosen).toMatch(/^Harbour Loft · Europe\/Amsterdam · subscription valid · \d+ of 40/)
    expect(await site.getByRole('option', { name: 'Old Warehouse' }).isDisabled()).toBe(true)
  })

  test('A5 configuring makes link and webhooks once, and leads into Cobot’s frame', async () => {
    await button('Configure site').dblclick()
    await s.page.waitForURL(/navigation_links/)
    const allow = s.frame.getByRole('button', { name: 'Allow' })
    const overview = s.frame.getByRole('heading', { name: 'Overview' })
    await allow.or(overview).first().waitFor()
    if (await allow.isVisible()) await allow.click()
    await overview.waitFor()
    const [made, ...more] = s.cobot.navigationLinks(subdomain)
    expect([made?.section, made?.label, more]).toEqual(['admin/manage', 'Salto', []])
    const events = s.cobot.subscriptions(subdomain).map(({ event }) => event)
    expect(events.length).toBeGreaterThan(5)
    expect(new Set(events).size).toBe(events.length)
  })

  test('A6 the checklist is live, and each line that is not ready has its action', async () => {
    const line = (text: string) => s.frame.getByRole('listitem').filter({ hasText: text })
    const isThere = (text: string) => line(text).waitFor()
    for (const text of ['Locks found: 8.', 'Free tags: 15.', 'of 40 seats are used'])
      await isThere(text)
    await isThere('Cobot tells us about changes')
    await isThere('Last full check:')
    s.salto.setSite(s.siteId, { seats: 1 })
    await s.checkNow()
    await isThere('No seat is free')
    await line('No seat is free').getByRole('link').waitFor()
  })
})
