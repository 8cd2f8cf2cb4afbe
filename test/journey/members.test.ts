// Connect members, in Cobot's frame.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subdomain } from '../demo/seed.ts'
import { until } from '../support/addon.ts'
import { executablePath } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('members', () => {
  let s: Scene
  beforeAll(async () => {
    s = await openScene()
  })
  afterAll(() => s.close())

  test('D1 everybody is in one table that can be searched and filtered', async () => {
    await s.open('Connect members')
    await s.frame.getByText('12 memberships').waitFor()
    const search = s.frame.getByRole('searchbox', { name: 'Search members' })
    await search.fill('petro')
    await s.frame.getByText('1 membership', { exact: true }).waitFor()
    await s.row('Olga Petrova').waitFor()
    await search.fill('')
    await s.frame.getByLabel('Show').selectOption({ label: 'Ending soon' })
    await s.frame.getByText('1 membership', { exact: true }).waitFor()
    expect(await s.row('Yuki Tanaka').innerText()).toMatch(/ends/)
  })

  test('D2 connecting puts somebody into the group of the plan; pressing twice does it once', async () => {
    await s.open('Connect members')
    await s
      .row('Mia Member')
      .getByRole('button', { name: /^Connect to Salto/ })
      .dblclick()
    await s.isIn('Mia Member', 'Full Time')
    await s.row('Mia Member').getByText('nothing to open a door with').waitFor()
    expect(s.users('Mia Member')).toHaveLength(1)
  })

  test('D2 whom SALTO KS may know already is linked only when an admin says so', async () => {
    const ilse = s.row('Ilse Bakker')
    await s.press(ilse, /^Connect to Salto/)
    await ilse.getByText('needs a choice').waitFor()
    expect(await ilse.innerText()).toMatch(/Same e-mail address/)
    expect(s.groupsOf('Ilse Bakker')).toEqual([])
    await s.press(ilse, /^Link/)
    await s.isIn('Ilse Bakker', 'Full Time')
    expect(s.users('Ilse Bakker')).toHaveLength(1)
  })

  test('D2 whoever is somebody else becomes a person of their own', async () => {
    s.salto.addSiteUser(s.siteId, { firstName: 'Ana', lastName: 'Sousa' })
    await s.checkNow()
    await s.open('Connect members')
    const ana = s.row('Ana Sousa')
    await s.press(ana, /^Connect to Salto/)
    await s.press(ana, /^Not the same person/)
    await until('two of that name', () => s.users('Ana Sousa').length === 2)
    const known = s.users('Ana Sousa').find(({ alias }) => !alias)
    await until('the new one in the group', () => {
      const made = s.users('Ana Sousa').find(({ alias }) => alias)?.saltoUserId ?? ''
      return s.salto.groupByName(s.siteId, 'Night Owl')?.users.includes(made)
    })
    expect(s.salto.groupByName(s.siteId, 'Night Owl')?.users).not.toContain(known?.saltoUserId)
  })

  test('D3 a tag is assigned, changed and taken back', async () => {
    await s.open('Connect members')
    await s.assign('Mia Member', '02300003')
    await s.hasTag('Mia Member', '02300003')
    await s.row('Mia Member').getByText('02300003').waitFor()
    await s.assign('Mia Member', '02300004')
    await s.hasTag('Mia Member', '02300004')
    await s.row('Mia Member').getByText('02300004').waitFor()
    await s.press(s.row('Mia Member'), /^Take tag back/)
    await s.hasTag('Mia Member', null)
  })

  test('D3 a tag that meanwhile is with somebody else comes back with what was typed and why', async () => {
    await s.connect('Tom Turner', 'Full Time')
    const tom = s.row('Tom Turner')
    await s.press(tom, /^Assign tag/)
    const typed = tom.getByRole('combobox', { name: 'Tag' })
    await typed.fill('02300005')
    await s.assign('Mia Member', '02300005')
    await s.hasTag('Mia Member', '02300005')
    await tom.getByRole('button', { name: 'Assign', exact: true }).click()
    await tom.getByText('Tag 02300005 belongs to Mia Member.').waitFor()
    expect(await typed.inputValue()).toBe('02300005')
    await typed.fill('02300006')
    await tom.getByRole('button', { name: 'Assign', exact: true }).click()
    await s.hasTag('Tom Turner', '02300006')
  })

  test('D3 a lost tag is blocked at once', async () => {
    await s.press(s.row('Tom Turner'), /^Report lost/)
    await s.frame.getByText('Tag 02300006 of Tom Turner is blocked at once').waitFor()
    await s.confirm(/^Report lost/)
    await s.row('Tom Turner').getByText('lost, blocked').waitFor()
    const attempt = { lockId: s.seeded.lockIds[0] ?? '', tagNumber: '02300006' }
    await until('the block', () => !s.salto.door(attempt).opened)
  })

  test('D4 nobody gets mail, and there is a text for Cobot to paste', async () => {
    expect(s.salto.outbox()).toEqual([])
    expect(s.users('Mia Member')[0]?.email ?? null).toBeNull()
    expect(s.users('Mia Member')[0]?.alias).toMatch(/^Mia Member · C\d+/)
    await s.frame.getByText('Text for Cobot').click()
    const text = s.frame.getByRole('textbox', { name: /Text for Cobot/ })
    expect(await text.inputValue()).toMatch(/Our doors open with a tag/)
    await s.frame.getByRole('button', { name: 'Copy' }).click()
    await s.frame.getByText(/The text is (copied|selected)/).waitFor()
  })

  test('D4 inviting to the app is a switch of the space and an action of its own', async () => {
    await s.open('Settings')
    await s.frame.getByLabel('Admins may invite members to the SALTO app').check()
    await s.frame.getByRole('button', { name: 'Save' }).click()
    await s.open('Connect members')
    await s.press(s.row('Mia Member'), /^Invite to app/)
    await s.confirm(/^Invite to app/)
    await until('the invitation', () => s.salto.outbox().length === 1)
  })

  test('D7 cancelling ends access and keeps the tag with the name; undoing brings all back', async () => {
    const [before] = s.users('Mia Member')
    const id = s.membershipOf('Mia Member')
    s.cobot.cancelMembership(subdomain, id, yesterday)
    await s.isIn('Mia Member')
    await until('the seat', () => s.users('Mia Member')[0]?.subscriptionState === 'suspended')
    await s.see('Assign tags', s.row('02300005').getByText('still with Mia Member'))
    s.cobot.uncancelMembership(subdomain, id)
    await s.isIn('Mia Member', 'Full Time')
    expect(s.users('Mia Member')[0]?.siteUserId).toBe(before?.siteUserId)
    expect(s.users('Mia Member')[0]?.tagNumber).toBe('02300005')
  })

  test('D3 D7 a tag that never came back is offered to nobody until it is taken back', async () => {
    s.cobot.deleteMembership(subdomain, s.membershipOf('Mia Member'))
    await s.isIn('Mia Member')
    const row = s.row('02300005')
    await s.see('Assign tags', row.getByText('still with Mia Member'))
    await s.open('Connect members')
    await s.assign('Ilse Bakker', '02300005')
    await s.row('Ilse Bakker').getByText('belongs to Mia Member').waitFor()
    await s.open('Assign tags')
    await s.press(row, /^Take tag back/)
    await s.see('Assign tags', row.getByText('free', { exact: true }))
  })

  test('D8 memberships of one person add up, and people without e-mail are like all others', async () => {
    const planId = s.seeded.planIds.get('Night Owl') ?? null
    const tom = {
      name: 'Tom Turner',
      email: 'tom.turner@members.example',
      userId: s.seeded.otherId,
    }
    s.cobot.addMembership(subdomain, { ...tom, planId })
    await s.isIn('Tom Turner', 'Full Time', 'Night Owl')
    expect(s.users('Tom Turner')).toHaveLength(1)
    await s.connect('Sam Rivers', 'Flex 8')
  })

  test('D9 the selected are connected after a preview, and so are all', async () => {
    await s.open('Connect members')
    await s.frame.getByRole('checkbox', { name: 'Jonas Weiß' }).check()
    await s.frame.getByRole('checkbox', { name: 'Priya Raman' }).check()
    await s.frame.getByRole('button', { name: 'Connect selected' }).click()
    await s.frame.getByRole('heading', { name: 'Connect 2 people?' }).waitFor()
    expect(s.users('Jonas Weiß')).toEqual([])
    await s.frame.getByRole('button', { name: 'Connect 2 people' }).click()
    await s.isIn('Jonas Weiß', 'Part Time')
    await s.isIn('Priya Raman', 'Part Time')
    s.salto.addSiteUser(s.siteId, { firstName: 'Yuki', lastName: 'Tanaka' })
    await s.checkNow()
    const isListed = s.db.prepare("select 1 from snapshots where data like '%Yuki%Tanaka%'")
    await until('SALTO’s Yuki in the comparison', () => isListed.get())
    await s.open('Connect members')
    await s.frame.getByRole('button', { name: 'Connect all' }).click()
    await s.frame.getByText('Yuki Tanaka Same name.').waitFor()
    const asked = s.frame.getByRole('dialog', { name: /^Connect \d+ people\?/ })
    await asked.getByRole('button', { name: /^Connect \d+ people/ }).dblclick()
    await s.isIn('Chidi Okafor', 'Night Owl')
    expect(s.users('Chidi Okafor')).toHaveLength(1)
    expect(s.users('Yuki Tanaka')).toHaveLength(1)
  })

  test('D9 new members are connected by themselves when the space wants it', async () => {
    await s.open('Settings')
    await s.frame.getByLabel('Connect new members by themselves').check()
    await s.frame.getByRole('button', { name: 'Save' }).click()
    await s.frame.getByText('Saved.').waitFor()
    const planId = s.seeded.planIds.get('Full Time') ?? null
    s.cobot.addMembership(subdomain, { name: 'Nia New', email: 'nia@members.example', planId })
    await s.isIn('Nia New', 'Full Time')
  })

  test('D10 disconnecting one takes out what we put in and leaves the rest', async () => {
    const [ilse] = s.users('Ilse Bakker')
    const club = s.salto.addAccessGroup(s.siteId, { name: 'Bike club' })
    s.salto.addToGroup(s.siteId, club, ilse?.saltoUserId ?? '')
    await s.open('Connect members')
    await s.press(s.row('Ilse Bakker'), /^Disconnect/)
    await s.frame.getByText('What the add-on gave to Ilse Bakker').waitFor()
    await s.confirm(/^Cancel/)
    expect(s.groupsOf('Ilse Bakker')).toEqual(['Bike club', 'Full Time'])
    await s
      .row('Ilse Bakker')
      .getByRole('button', { name: /^Disconnect/ })
      .click()
    await s.confirm(/^Disconnect/)
    await s.isIn('Ilse Bakker', 'Bike club')
    await s.see('Activity', s.row('Ilse Bakker').getByText('was taken out of Full Time'))
    // Whom the add-on made is gone altogether.
    await s.open('Connect members')
    await s.press(s.row('Jonas Weiß'), /^Disconnect/)
    await s.confirm(/^Disconnect/)
    await until('Jonas gone', () => s.users('Jonas Weiß').length === 0)
  })

  test('D11 access taken away by hand stays away until an admin restores it', async () => {
    const group = s.salto.groupByName(s.siteId, 'Part Time')?.id ?? ''
    s.salto.removeFromGroup(s.siteId, group, s.users('Priya Raman')[0]?.saltoUserId ?? '')
    const told = s.frame.getByRole('listitem').filter({ hasText: 'Priya Raman was taken out of' })
    await s.notice(told)
    expect(s.groupsOf('Priya Raman')).toEqual([])
    await told.getByRole('button', { name: 'Restore' }).click()
    await s.isIn('Priya Raman', 'Part Time')
  })

  test('D12 somebody is locked out within seconds, and let in again', async () => {
    await s.open('Connect members')
    const tom = s.row('Tom Turner')
    for (const name of [/^Assign tag/, /^Lock out now/, /^Disconnect/])
      await tom.getByRole('button', { name }).waitFor()
    await s.press(tom, /^Lock out now/)
    await s.confirm(/^Lock out now/)
    const at = Date.now()
    await until('the block', () => s.users('Tom Turner')[0]?.blocked)
    expect(Date.now() - at).toBeLessThan(3000)
    await tom.getByText('locked out').waitFor()
    await s.press(tom, /^Let in again/)
    await until('no block', () => !s.users('Tom Turner')[0]?.blocked)
  })
})

const yesterday = new Date(Date.now() - 24 * 3600_000).toISOString().slice(0, 10)
