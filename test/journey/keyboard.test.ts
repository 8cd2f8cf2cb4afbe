// From the start page to somebody who can open a door, by the keyboard alone: Tab, Enter, Space,
// arrows and typing. At each stop one sees where one is, and from everywhere one gets away again.
import type { Frame, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ksLogin, subdomain } from '../demo/seed.ts'
import { until } from '../support/addon.ts'
import { executablePath } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

type Find = (at: Frame) => Locator

const stopsMax = 250
const button =
  (name: string | RegExp): Find =>
  (at) =>
    at.getByRole('button', { name })
const link =
  (name: string): Find =>
  (at) =>
    at.getByRole('link', { name })
const field =
  (name: string | RegExp): Find =>
  (at) =>
    at.getByLabel(name)
const box =
  (name: string): Find =>
  (at) =>
    at.getByRole('checkbox', { name, exact: true })
const opener =
  (name: RegExp): Find =>
  (at) =>
    at.locator('summary').filter({ hasText: name })

describe.skipIf(!executablePath)('the keyboard alone', () => {
  let s: Scene
  const press = (key: string) => s.page.keyboard.press(key)
  const type = (text: string) => s.page.keyboard.type(text)
  const heading = (name: string) => s.frame.getByRole('heading', { name, level: 1 })

  const wrong = new Set<string>()
  /** What has the focus, unless it is the page as a whole; what is wrong there is kept. */
  const look = async (at: Frame): Promise<string | null> => {
    const stop = await at.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return null
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      const { width, height } = element.getBoundingClientRect()
      return {
        tag: element.tagName,
        text: `${location.pathname} ${element.outerHTML.slice(0, 160)}`,
        isMarked: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0,
        isThere: width > 4 && height > 4,
      }
    })
    // A heading is where a page begins, and nothing to press; a frame says itself what has the focus.
    const isStop = stop && stop.tag !== 'H1' && stop.tag !== 'IFRAME'
    if (isStop && !stop.isMarked) wrong.add(`no mark: ${stop.text}`)
    if (isStop && !stop.isThere) wrong.add(`not to be seen: ${stop.text}`)
    return stop?.tag ?? null
  }
  /** The document that has the focus, Cobot's page or ours in its frame; and where in it. */
  const here = async () => {
    const outer = s.page.mainFrame()
    const tag = await look(outer)
    const inner = s.page.frames().at(-1)
    if (tag !== 'IFRAME' || !inner) return { at: outer, isInside: false, isEnd: !tag }
    await look(inner)
    return { at: inner, isInside: true, isEnd: false }
  }
  /** On its way between Cobot's page and the frame, the focus is nowhere for a moment. */
  const afterPaint = async <T>(see: () => Promise<T>): Promise<T> => {
    const painted = () =>
      new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    await s.page.evaluate(painted)
    return see()
  }
  /** Onwards to the end of the page, back to its beginning, and once more: a row may just be changing. */
  const reach = async (find: Find, ...keys: string[]) => {
    let stop = await here()
    for (const key of keys.length ? keys : ['Tab', 'Shift+Tab', 'Tab'])
      for (let stops = 0; stops < stopsMax; stops++) {
        if (await find(stop.at).and(stop.at.locator(':focus')).count()) return
        await press(key)
        stop = await here()
        if (stop.isEnd) stop = await afterPaint(here)
        if (stop.isEnd) break
      }
    throw new Error(`the keyboard does not get to ${find(stop.at)}`)
  }
  const use = async (find: Find, key = 'Enter') => {
    await reach(find)
    await press(key)
  }
  /** To the end of the frame and out of it, back through all of it, and out of its beginning. */
  const getsAway = async () => {
    for (const [key, isWanted] of [
      ['Tab', false],
      ['Shift+Tab', true],
      ['Shift+Tab', false],
    ] as const) {
      let stops = 0
      while ((await here()).isInside !== isWanted && stops++ < stopsMax) await press(key)
      expect(stops, `stops with ${key}`).toBeLessThan(stopsMax)
    }
  }
  const open = async (name: string) => {
    await reach(link(name), 'Shift+Tab', 'Tab')
    await press('Enter')
    await heading(name).waitFor()
  }

  beforeAll(async () => {
    s = await openScene({ isSetUp: false })
  })
  afterAll(() => s.close())

  test('I4 sets up the space and its site', async () => {
    await s.page.goto(`${s.addonUrl}/?cobot_subdomain=${subdomain}`)
    await use(field('Cobot subdomain'))
    await s.page.getByRole('heading', { name: 'Log in' }).waitFor()
    await use(button(/Mara/), 'Space')
    await s.page.getByRole('button', { name: 'Allow' }).waitFor()
    await use(button('Allow'))
    await s.page.getByRole('link', { name: 'Connect to SALTO KS' }).waitFor()
    await use(link('Connect to SALTO KS'))
    await s.page.getByLabel(/password/i).waitFor()
    await reach(field(/e-?mail/i))
    await type(ksLogin.email)
    await reach(field(/password/i))
    await type(ksLogin.password)
    await press('Enter')
    await s.page.getByRole('button', { name: /allow/i }).first().waitFor()
    await use(button(/allow/i))
    await s.page.getByLabel('SALTO KS site').waitFor()
    await reach(field('SALTO KS site'))
    await press('ArrowUp')
    await press('ArrowDown')
    await use(button('Configure site'))
    await s.page.waitForURL(/navigation_links/)
    const allow = s.frame.getByRole('button', { name: 'Allow' })
    await allow.or(heading('Overview')).first().waitFor()
    if (await allow.isVisible()) await use(button('Allow'))
    await heading('Overview').waitFor()
  })

  test('I4 maps a room to its lock and one more', async () => {
    const room = s.frame.getByRole('checkbox', { name: 'Quay Room', exact: true })
    await until('the room', async () => {
      // A frame that has only just been shown may not take the focus yet.
      await open('Map resources').catch(() => {})
      return room.isVisible()
    })
    await use(box('Quay Room'), 'Space')
    expect(await room.isChecked()).toBe(true)
    await use(opener(/Quay Room/))
    await s.frame.getByRole('searchbox', { name: /Quay Room/ }).waitFor()
    await reach(field(/^Filter.*Quay Room/))
    await type('front')
    await use(box('Front door'), 'Space')
    await getsAway()
    await use(button('Save'))
    await s.frame.getByText('Saved.').waitFor()
    await open('Map resources')
    await s.frame.locator('summary').filter({ hasText: 'Front door, Quay Room' }).waitFor()
  })

  test('I4 connects the first member, and hands out a tag', async () => {
    await open('Connect members')
    await use(button(/^Connect to Salto Mia Member/))
    await s.frame.getByRole('button', { name: 'Assign tag Mia Member' }).waitFor()
    await use(button('Assign tag Mia Member'))
    await s.frame.getByRole('combobox', { name: 'Tag Mia Member' }).waitFor()
    await reach(field('Tag Mia Member'))
    await type('02300003')
    await press('Enter')
    await s.hasTag('Mia Member', '02300003')
    await getsAway()
  })

  test('I4 a number and a name are typed in a row, without waiting between them', async () => {
    await open('Assign tags')
    await reach(field('Tag'))
    await s.page.keyboard.type('02300004')
    await s.page.keyboard.press('Enter')
    await s.page.keyboard.type('Mia Member')
    await s.page.keyboard.press('Enter')
    await s.frame.getByText('Tag 02300004 is with Mia Member now.').waitFor()
    await s.hasTag('Mia Member', '02300004')
    await open('Connect members')
  })

  test('I4 a question is answered by the keyboard, and leads back to where it was asked', async () => {
    const row = s.row('Mia Member')
    const dialog = s.frame.getByRole('dialog')
    await use(opener(/Mia Member/))
    await use(button('Disconnect Mia Member'))
    await dialog.waitFor()
    await press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    const asker = row.getByRole('button', { name: 'Disconnect Mia Member' })
    await asker.and(s.frame.locator(':focus')).waitFor()
    await press('Enter')
    await dialog.waitFor()
    await use((at) => at.getByRole('dialog').getByRole('button', { name: 'Disconnect' }))
    await asker.waitFor({ state: 'detached' })
    await row.locator(':focus').waitFor({ timeout: 3000 })
    expect([...wrong]).toEqual([])
  })
})
