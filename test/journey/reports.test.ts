// What the add-on tells: plans, problems, activity, reasons and words, in Cobot's frame.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subdomain } from '../demo/seed.ts'
import { until } from '../support/addon.ts'
import { executablePath, inFrame } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('plans, reports and words', () => {
  let s: Scene
  const problem = (text: string) => s.frame.getByRole('listitem').filter({ hasText: text })
  const save = () => s.frame.getByRole('button', { name: 'Save' }).click()
  beforeAll(async () => {
    s = await openScene()
    await s.connect('Mia Member', 'Full Time')
  })
  afterAll(() => s.close())

  test('E3 Why? names the first thing that is missing, with the way to mend it', async () => {
    await s.press(s.row('Mia Member'), /^Why/)
    await s.frame.getByLabel('Door').selectOption({ label: 'Front door' })
    await s.frame.getByText('Mia Member has no tag and no app to open with.').waitFor()
    await s.frame.getByRole('heading', { name: /\bNo$/ }).waitFor()
    await s.frame.getByRole('button', { name: 'Connect members' }).click()
  })

  test('H1 a problem has one sentence and one action, and is gone once it is healed', async () => {
    const told = problem('Mia Member is connected but has nothing to open a door with')
    await s.see('Problems', told)
    await told.getByRole('button').click()
    await s.row('Mia Member').waitFor()
    await s.assign('Mia Member', '02300003')
    await s.hasTag('Mia Member', '02300003')
    await until('healed', async () => {
      await s.open('Problems')
      return (await told.count()) === 0
    })
    await s.open('Connect members')
    await s.press(s.row('Mia Member'), /^Why/)
    await s.frame.getByLabel('Door').selectOption({ label: 'Front door' })
    await s.frame.getByRole('heading', { name: /\bYes/ }).waitFor()
  })

  test('H2 what somebody did by hand can be left as it is', async () => {
    const full = s.salto.groupByName(s.siteId, 'Full Time')?.id ?? ''
    s.salto.removeFromGroup(s.siteId, full, s.users('Mia Member')[0]?.saltoUserId ?? '')
    const told = problem('Mia Member was taken out of Full Time')
    await s.notice(told)
    await told.getByRole('button', { name: 'Leave' }).click()
    await s.frame.getByText('It stays as it is in SALTO KS.').waitFor()
    await s.frame.getByText(/^Left as it is/).click()
    await told.getByRole('button', { name: 'Restore' }).click()
    await s.isIn('Mia Member', 'Full Time')
  })

  test('H3 the state of both sides, the last full check, and Check now', async () => {
    await s.checkNow()
    const list = s.frame.getByRole('list')
    for (const text of ['Cobot is connected.', 'SALTO KS is connected.', 'Last full check:'])
      await list.getByText(text).waitFor()
  })

  test('D5 a plan change moves the member; a plan without a group gets an empty one', async () => {
    const change = (plan: string) => {
      const id = s.membershipOf('Mia Member')
      s.cobot.changePlan(subdomain, id, s.seeded.planIds.get(plan) ?? '')
    }
    change('Part Time')
    await s.isIn('Mia Member', 'Part Time')
    change('Flex 8')
    await s.isIn('Mia Member', 'Flex 8')
    const made = s.salto.groupByName(s.siteId, 'Flex 8')
    expect(made).toMatchObject({ locks: [], schedules: [expect.anything()] })
    await s.see('Problems', problem('The access group Flex 8 opens nothing.'))
    change('Full Time')
    await s.isIn('Mia Member', 'Full Time')
  })

  test('D6 a plan can open other groups, and a new name loses nothing', async () => {
    const row = s.row('Full Time')
    const answer = s.frame.getByRole('heading', { name: 'What follows' })
    await s.open('Plans')
    await s.choose(row, 'Full Time', 'Night Owl')
    await save()
    await answer.waitFor()
    await s.confirm(/person/)
    await s.isIn('Mia Member', 'Full Time', 'Night Owl')
    const owl = s.salto.groupByName(s.siteId, 'Night Owl')?.id ?? ''
    s.salto.renameAccessGroup(s.siteId, owl, 'Owls')
    s.cobot.renamePlan(subdomain, s.seeded.planIds.get('Full Time') ?? '', 'All Hours')
    await s.checkNow()
    await s.see('Plans', s.row('All Hours').getByText('Owls').last())
    expect(s.groupsOf('Mia Member')).toEqual(['Full Time', 'Owls'])
    await s.choose(s.row('All Hours'), 'Opens nothing')
    await save()
    await answer.waitFor()
    await s.confirm(/^Remove 1 person/)
    await s.isIn('Mia Member')
  })

  test('E1 presence is looked up in SALTO KS, by a link', async () => {
    await s.open('Activity')
    const link = s.frame.getByRole('link', { name: 'Events in SALTO KS' })
    expect(await link.getAttribute('href')).toContain(s.siteId)
    expect(s.cobot.readJournal().some(({ path }) => /check_?ins/.test(path))).toBe(false)
  })

  test('E2 Activity says who changed what and why, can be searched and saved', async () => {
    await s.row('Mia Member').getByText('By Mara Harbour').first().waitFor()
    await s.frame.getByRole('searchbox', { name: 'Search people' }).fill('nobody of this name')
    await s.frame.getByText('No change fits this search.').waitFor()
    await s.frame.getByRole('searchbox', { name: 'Search people' }).fill('mia')
    await s.row('Mia Member').first().waitFor()
    const download = s.page.waitForEvent('download')
    await s.frame.getByRole('button', { name: 'Export as CSV' }).click()
    const file = await readFile(await (await download).path(), 'utf8')
    expect(file).toContain('was put into Full Time')
  })

  test('Back and reload repeat nothing', async () => {
    await s.open('Connect members')
    await s.press(s.row('Jonas Weiß'), /^Connect to Salto/)
    await s.isIn('Jonas Weiß', 'Part Time')
    const writes = s.salto.writes()
    await s.page.reload()
    await s.frame.getByRole('heading', { name: 'Overview' }).waitFor()
    await s.openCobot('members')
    await s.page.goBack({ waitUntil: 'commit' })
    await s.page.waitForURL(/navigation_links/)
    await s.frame.getByRole('heading').first().waitFor()
    await s.page.goto(s.frameUrl)
    await s.frame.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(s.salto.writes()).toBe(writes)
  })

  test('I3 Cobot’s language decides, and days are written as the space does', async () => {
    await s.page.goto(`${s.frameUrl.replace(/\?.*/, '')}?locale=de`)
    const german = inFrame(s.page)
    await german.getByRole('link', { name: 'Mitglieder verbinden' }).click()
    await german.getByRole('columnheader', { name: 'Tarif' }).waitFor()
    expect(await german.locator('html').getAttribute('lang')).toBe('de')
    await s.page.goto(s.frameUrl)
    await s.frame.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  test('J the words on the page', async () => {
    const names = await s.frame.getByRole('navigation').getByRole('link').allInnerTexts()
    expect(names.map((name) => name.replace(/\d+$/, '').trim())).toEqual([
      'Overview',
      'Map resources',
      'Connect members',
      'Assign tags',
      'Plans',
      'Problems',
      'Activity',
      'Settings',
    ])
    for (const name of names) await s.open(name.replace(/\d+$/, '').trim())
    await s.frame.getByRole('button', { name: 'Disconnect site' }).click()
    await s.frame.getByRole('radio', { name: 'Remove what this add-on made' }).waitFor()
    await s.frame.getByRole('radio', { name: 'Leave everything as it is' }).waitFor()
  })
})
