// Connect members: finding people in a long list, and connecting many at once (D1, D9).
import { beforeEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { replaceProblems } from '../../src/db/problems.ts'
import { change, list } from '../../src/db/store.ts'
import { stage } from './people.ts'

let on: Awaited<ReturnType<typeof stage>>
beforeEach(async () => {
  on = await stage()
})

const namesIn = (page: string) =>
  [...page.matchAll(/<tr id="member-(\w+)"/g)].map(([, id]) => id ?? '')
const post = async (path: string, fields: [string, string][]) => {
  const answer = await on.frame.post(path, fields)
  return { status: answer.status, page: await answer.text() }
}
const preview = (...ids: string[]) =>
  post(
    '/members/preview',
    ids.map((id) => ['membershipId', id]),
  )
const confirm = (...ids: string[]) =>
  post('/members/connections', [['membershipIds', ids.join(' ')]])
const pairings = () => list(on.world.db.read, 'pairings', { spaceId: on.world.spaceId })
const progress = () => on.text('/members/progress')

test('D1 nothing to open with: connected, with neither a tag nor the app', async () => {
  const ids = ['none', 'tag', 'old', 'salto', 'app', 'away']
  await on.memberships(ids.map((membershipId) => ({ membershipId, name: `Has ${membershipId}` })))
  for (const id of ids.slice(0, 5)) await on.connect(id)
  await on.users(
    on.user('su-none'),
    on.user('su-tag'),
    on.user('su-old', { email: 'x@members.example', tagNumber: '002' }),
    on.user('su-salto', { tagNumber: '777' }),
    on.user('su-app', { hasProfile: true }),
  )
  await on.tags(on.tag('001'), on.tag('002'))
  await on.frame.post('/members/tag/tag', { tag: '001' })
  await on.frame.post('/members/old/tag', { tag: '002' })
  await on.frame.post('/members/old/lost')
  await on.settle()
  expect(namesIn(await on.text('/members?filter=nothing'))).toEqual(['none', 'old'])
  expect(await on.text('/members/salto')).toMatch(/777.*given in SALTO KS/s)
  expect(await on.text('/members/app')).toContain('uses the app')
})

test('fifty rows a page, leafing keeps search and filter, and typing exchanges the list alone', async () => {
  await on.memberships(
    Array.from({ length: 130 }, (_, n) => ({ membershipId: `m${n}`, name: `Person ${n}` })),
  )
  const page = await on.text('/members?search=person&filter=notConnected&from=50')
  expect(namesIn(page)).toHaveLength(50)
  expect(page).toContain('130 memberships')
  expect(page).toContain('51–100 of 130')
  for (const from of [0, 100]) {
    const vals = JSON.stringify({ search: 'person', filter: 'notConnected', from })
    expect(page).toContain(`hx-vals="${vals.replaceAll('"', '&quot;')}"`)
  }
  const last = await on.text('/members?search=person&from=100')
  expect(namesIn(last)).toHaveLength(30)
  expect(last).not.toContain('Next page')
  expect(namesIn(await on.text('/members?from=9000'))).toHaveLength(30)
  expect(page).toMatch(
    /<form class="bar" hx-get="\/members"[^>]*hx-target="#list"[^>]*hx-select="#list"/,
  )
  expect(await on.text('/members?search=Person%20%207')).toContain('11 memberships')
})

test('D9 the preview says who, how many seats, which groups are made, and who is left out by name', async () => {
  const { world } = on
  await on.plans({ planId: 'p1', name: 'Flex' }, { planId: 'p2', name: 'Studio' })
  await on.groups({ accessGroupId: 'g2', name: 'studio' })
  await on.users(
    on.user('su1', { email: 'KIM@members.example', firstName: 'K' }),
    on.user('su2', { firstName: 'Lee', lastName: 'Low' }),
    on.user('su3', {
      firstName: 'Ada',
      lastName: 'Min',
      roles: [{ code: 'site_admin', hierarchical: true }],
    }),
  )
  const studio = { planId: asId('p2'), name: 'Studio', canceledTo: null }
  await on.memberships([
    { membershipId: 'm1', name: 'Ann Able', cobotUserId: 'u1' },
    { membershipId: 'm2', name: 'Ann Able', cobotUserId: 'u1', plan: studio },
    { membershipId: 'm3', name: 'Kim Keen', email: 'kim@members.example' },
    { membershipId: 'm4', name: 'lee  low' },
    { membershipId: 'm5', name: 'Ada Min' },
    { membershipId: 'm6', name: 'Waits', confirmedAt: null },
  ])
  const site = (await list(world.db.read, 'sites', { spaceId: world.spaceId }))[0]
  const info = { ...site!.info, seatsAllowed: 10, seatsUsed: 9 }
  await world.db.tx((tx) => change(tx, 'sites', { spaceId: world.spaceId }, { info }))
  const { page } = await post('/members/preview', [['all', 'yes']])
  expect(page).toContain('Connect 2 people?')
  expect(page).toContain('2 seats are needed in SALTO KS; free: 1.')
  expect(page).toContain('1 person gets in only when a seat becomes free.')
  expect(page).toMatch(/groups will be made in SALTO KS[^<]*: Flex\./)
  expect(page).toMatch(
    /2 people are left out.*Kim Keen.*Same e-mail address.*lee {2}low.*Same name/s,
  )
  expect(page).toContain('value="m5 m1 m2"')
  expect(page).toContain('>Connect 2 people</button>')
  expect(await pairings()).toEqual([])
})

test('D9 connect selected connects exactly those who were shown, in one go, and pressing twice does it once', async () => {
  await on.memberships(
    ['m1', 'm2', 'm3'].map((membershipId) => ({ membershipId, name: membershipId })),
  )
  expect(await preview()).toMatchObject({
    status: 422,
    page: expect.stringContaining('Choose somebody first'),
  })
  const shown = await preview('m1', 'm3', 'm9')
  expect(shown.page).toContain('value="m1 m3"')
  const { page } = await confirm('m1', 'm3')
  expect(page).toMatch(/<progress max="2" value="0".*0 of 2 connected/s)
  const first = await pairings()
  expect(first).toHaveLength(2)
  expect(await on.pairingOf('m2')).toBeNull()
  expect(await on.world.work()).toContainEqual({
    task: 'reconcilePairing',
    subject: await on.pairingOf('m3'),
    cause: `admin ${on.world.mara}`,
    priority: 2,
  })
  await confirm('m1', 'm3')
  expect(await pairings()).toEqual(first)
})

test('D9 many are connected in parts: cut short, the next click connects the rest, and each once', async () => {
  const { db } = on.world
  const ids = Array.from({ length: 120 }, (_, n) => `m${n}`)
  await on.memberships(ids.map((membershipId) => ({ membershipId, name: membershipId })))
  let parts = 0
  const { tx } = db
  db.tx = (work) => (++parts === 3 ? Promise.reject(new Error('cut short')) : tx(work))
  expect((await confirm(...ids)).status).toBe(500)
  const first = await pairings()
  expect(first.length).toBeGreaterThan(0)
  expect(first.length).toBeLessThanOrEqual(100)
  db.tx = tx
  expect((await confirm(...ids)).page).toContain('0 of 120 connected')
  expect(await pairings()).toHaveLength(120)
  expect(await pairings()).toEqual(expect.arrayContaining(first))
})

test('D9 somebody whom KS may know by the time of the click is left alone', async () => {
  await on.memberships([{ membershipId: 'm1', name: 'Mia Member' }])
  expect((await preview('m1')).page).toContain('Connect 1 person?')
  await on.users(on.user('su1'))
  await confirm('m1')
  expect(await pairings()).toEqual([])
  const { page } = await preview('m1')
  expect(page).toContain('Nobody can be connected without a question')
  expect(page).not.toContain('type="submit"')
})

test('D9 progress is told from what is stored, wherever the admin was meanwhile, and ends with the last one', async () => {
  const { world } = on
  const { db, spaceId, clock } = world
  const ids = ['m1', 'm2', 'm3', 'm4']
  await on.memberships(ids.map((membershipId) => ({ membershipId, name: membershipId })))
  await on.connect('m4')
  await confirm('m1', 'm2', 'm3')
  const set = async (id: string, row: object, runAt: Date | null) => {
    const pairingId = await on.pairingOf(id)
    await db.tx(async (tx) => {
      await change(tx, 'pairings', { pairingId: asId<never>(pairingId ?? '') }, row)
      await change(tx, 'work', { spaceId, subject: pairingId ?? '' }, { runAt })
    })
  }
  await set('m1', { state: 'paired', siteUserId: asId('su1') }, null)
  expect(await progress()).toMatch(
    /hx-get="\/members\/progress" hx-trigger="every 2s".*1 of 3 connected</s,
  )
  await set('m2', { state: 'choosing' }, null)
  expect(await on.text('/members')).toContain('1 of 3 connected, 1 needs you')
  const source = `reconcilePairing:${await on.pairingOf('m3')}`
  const said = { code: 'P15', subject: 'pairing:m3', params: {} } as const
  await db.tx((tx) => replaceProblems(tx, spaceId, source, [said], clock.now()))
  expect(await progress()).toBe('<div id="progress"></div>')
  await db.tx((tx) => replaceProblems(tx, spaceId, source, [], clock.now()))
  expect(await progress()).toContain('1 of 3 connected, 1 needs you')
  // A later look at somebody who is through brings nothing back.
  await set('m3', { state: 'paired', siteUserId: asId('su3') }, null)
  await set('m1', { state: 'paired' }, clock.now())
  expect(await progress()).toBe('<div id="progress"></div>')
})

test('D4 inviting to the app is offered where the switch is on and Cobot knows an address, and asked about first', async () => {
  const { db, spaceId } = on.world
  const email = 'mia@members.example'
  await on.memberships([{ membershipId: 'm1', email }, { membershipId: 'm2' }])
  const pairingId = await on.connect('m1')
  await on.connect('m2')
  const stored = async () => (await list(db.read, 'pairings', { pairingId }))[0]?.invite
  expect(await on.text('/members')).not.toContain('Invite to app')
  await on.frame.post('/members/m1/invite')
  expect(await stored()).toBeNull()
  const settings = { lastDayIncluded: false, invite: true }
  await db.tx((tx) => change(tx, 'spaces', { spaceId }, { settings }))
  const page = await on.text('/members')
  expect(page.match(/Invite to app <span/g)).toHaveLength(1)
  expect(on.rowOf(page, 'member-m1')).toMatch(
    /data-confirm="SALTO sends an e-mail to mia@members.example[^"]*" data-verb="Invite to app"/,
  )
  await on.frame.post('/members/m1/invite')
  expect(await stored()).toBe('asked')
  expect(await on.world.work()).toContainEqual(
    expect.objectContaining({ subject: pairingId, cause: `admin ${on.world.mara}` }),
  )
  expect(await on.text('/members/m1')).toMatch(/being invited to the app(?!.*Invite to app)/s)
})
