// The frame in Firefox, which keeps the cookies of every site in a jar of their own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFirefox } from '../support/prepare.ts'
import { executablePath } from './browser.ts'
import { openFirefox } from './firefox.ts'
import { openScene, type Scene } from './scene.ts'

const firefox = process.env.LONG ? findFirefox() : null
if (!firefox)
  console.log(
    `skipped: the frame in Firefox, ${process.env.LONG ? 'for want of it' : 'without LONG=1'}`,
  )

describe.skipIf(!executablePath || !firefox)('Firefox', () => {
  let s: Scene
  let fox: Awaited<ReturnType<typeof openFirefox>>
  beforeAll(async () => {
    ;[s, fox] = await Promise.all([openScene(), openFirefox(firefox ?? '')])
  })
  afterAll(async () => {
    await fox.close()
    await s.close()
  })

  test('an admin is signed in within the frame, sees a page, and connects somebody', async () => {
    await fox.goTo(s.frameUrl)
    await fox.click('page', { role: 'button', name: 'Log in as Mara Harbour' })
    // After a redirect by another site Firefox keeps back Cobot's cookie (Lax): Cobot asks again.
    await fox.click('frame', { role: 'button', name: 'Log in as Mara Harbour' })
    await fox.find('frame', { role: 'heading', name: 'Overview' })
    await fox.click('frame', { role: 'link', name: 'Connect members' })
    await fox.find('frame', { role: 'heading', name: 'Connect members' })
    await fox.click('frame', { role: 'button', name: 'Connect to Salto Mia Member' })
    await s.isIn('Mia Member', 'Full Time')
    expect(s.users('Mia Member')).toHaveLength(1)
  })
})
