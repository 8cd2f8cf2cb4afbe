// Every page in the frame, in both languages, light and dark, wide and narrow: no violation of
// accessibility, valid HTML, nothing wider than the window, and nothing that the browser refuses.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { HtmlValidate } from 'html-validate'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { pages } from '../../views/layout.tsx'
import { play } from '../demo/play.ts'
import { kill, startAddon } from '../support/addon.ts'
import { executablePath, follow, inFrame, openBrowser, setUp } from './browser.ts'

const moods = [
  ['en', 'light'],
  ['de', 'dark'],
  ['en', 'dark'],
  ['de', 'light'],
] as const

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    // Matters of taste, as hono/jsx writes them.
    'void-style': 'off',
    'doctype-style': 'off',
    'attribute-boolean-style': 'off',
    'attribute-empty-style': 'off',
    'no-implicit-input-type': 'off',
    // Where results follow the typing, there is nothing to submit.
    'wcag/h32': 'off',
    'form-dup-name': ['error', { shared: ['radio', 'checkbox', 'button', 'submit'] }],
    'no-inline-style': 'error',
  },
})

describe.skipIf(!executablePath)('a tour of all pages', () => {
  test('I3 I4 in both languages, light and dark, wide and narrow', {
    timeout: 180_000,
  }, async () => {
    const stage = await play()
    const folder = mkdtempSync(join(tmpdir(), 'salto-test-'))
    const child = await startAddon({
      ...stage.env,
      DATABASE_URL: `file:${join(folder, 'salto.db')}`,
      SETTLE_SECONDS: '1',
    })
    const browser = await openBrowser(1)
    try {
      const page = await browser.context.newPage()
      page.setDefaultTimeout(15_000)
      const refused: string[] = []
      page.on('console', (message) => {
        if (/Content.Security.Policy/.test(message.text())) refused.push(message.text())
      })
      page.on('pageerror', (error) => refused.push(error.message))
      const found: string[] = []
      const answers: Promise<void>[] = []
      page.on('response', (response) => {
        const type = response.headers()['content-type'] ?? ''
        if (!response.url().startsWith(stage.addonUrl) || !type.startsWith('text/html')) return
        answers.push(
          response.text().then(
            (html) => void found.push(...complaints(new URL(response.url()).pathname, html)),
            () => {},
          ),
        )
      })
      await setUp(page, stage)
      const frameUrl = page.url().replace(/\?.*/, '')
      for (const [locale, colorScheme] of process.env.LONG ? moods : moods.slice(0, 2)) {
        await page.emulateMedia({ colorScheme })
        await page.goto(`${frameUrl}?locale=${locale}`)
        found.push(...(await tour(page, `${locale} ${colorScheme}`)))
      }
      await Promise.all(answers)
      expect([...new Set(found)]).toEqual([])
      expect(refused).toEqual([])
    } finally {
      await browser.context.close()
      await kill(child)
      await stage.stop()
      for (const each of [folder, browser.folder]) rmSync(each, { recursive: true, force: true })
    }
  })
})

/** Walks through the navigation; what is wrong with a page is said once per kind. */
const tour = async (page: Page, mood: string): Promise<string[]> => {
  const frame = inFrame(page)
  const found: string[] = []
  const open = async (name: string) => {
    if (name === 'why') {
      await open('activity')
      await frame.locator('button[hx-get="/why"]').click()
      return frame.locator('#door').waitFor()
    }
    const link = frame.locator(`a[href="/${name}"]`)
    await follow(link, link.and(frame.locator('[aria-current="page"]')))
  }
  for (const name of [...pages, 'help', 'why']) {
    const at = `${name} (${mood})`
    await page.setViewportSize({ width: 1280, height: 900 })
    await open(name)
    const { violations } = await new AxeBuilder({ page })
      .withTags(standards)
      .include('iframe')
      .analyze()
    for (const { id, nodes } of violations)
      found.push(`${at}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
    // At 200 % a window has half as many points; a phone has few as well.
    for (const [width, height] of [
      [640, 450],
      [390, 900],
    ] as const) {
      await page.setViewportSize({ width, height })
      const outside = await frame.locator('html').evaluate(beyond, width)
      found.push(...outside.map((what) => `${at}: ${what} at ${width}`))
    }
  }
  return found
}

/** What does not fit into a window so wide; what can be pushed along does. */
const beyond = async (html: Element, width: number): Promise<string[]> => {
  while (innerWidth > width) await new Promise((resolve) => addEventListener('resize', resolve))
  const isPushed = (element: Element) => /auto|scroll/.test(getComputedStyle(element).overflowX)
  const isOutside = (element: Element) => {
    const { left, right, width } = element.getBoundingClientRect()
    const isShown = width > 0 && element.checkVisibility()
    if (!isShown || (left >= -1 && right <= html.clientWidth + 1)) return false
    for (let at = element.parentElement; at; at = at.parentElement) if (isPushed(at)) return false
    return true
  }
  const listOutside = (within: Element) =>
    [...within.querySelectorAll('a, button, summary, input, select, textarea')]
      .filter(isOutside)
      .map((each) => `beyond the edge: ${each.outerHTML.slice(0, 80)}`)
  const inMenus = [...html.querySelectorAll<HTMLDetailsElement>('details.more')].map((menu) => {
    menu.open = true
    const outside = listOutside(menu)
    menu.open = false
    return outside
  })
  return [
    ...(html.scrollWidth > html.clientWidth + 1 ? ['wider than the window'] : []),
    ...listOutside(html),
    ...inMenus.flat(),
  ]
}

const complaints = (path: string, html: string): string[] => {
  const isWhole = html.startsWith('<!doctype')
  const { results } = validator.validateStringSync(isWhole ? html : `<div>${html}</div>`)
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, selector }) => `${path}: ${ruleId} ${message} ${selector}`),
  )
}
