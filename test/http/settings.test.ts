// Settings, and the way out: from the question to the receipt.
import { beforeEach, expect, test } from 'vitest'
import { openHookKey } from '../../src/connections/hooks.ts'
import { list, one } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<typeof world.openFrame>>
let worker: ReturnType<typeof createWorker>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
  worker = createWorker(world.deps, handlers)
})

/** Runs what is due, and what is put off by seconds; the page stays open meanwhile. */
const settle = async () => {
  await frame.post('/session')
  for (let round = 0; round < 20; round++) {
    await worker.drain()
    await world.clock.advance(10_000)
  }
}
const textOf = async (path: string) => (await frame.get(path)).text()
const space = async () => (await one(world.db.read, 'spaces', { spaceId: world.spaceId }))!
const shownIn = (page: string) => /name="shown" value="([^"]+)"/.exec(page)?.[1] ?? ''

/** Mia is connected; the plan had no group, so we made one. */
const connectMia = async (over: { canceledTo?: string } = {}) => {
  const planId = world.cobot.addPlan('harbour', { name: 'Flex' })
  const mia = world.cobot.addMembership('harbour', {
    name: 'Mia Member',
    email: 'mia@members.example',
    planId,
    startsAt: '2026-01-01',
    ...over,
  })
  await frame.post('/overview/checks')
  await settle()
  await frame.post(`/members/${mia}/connect`)
  await settle()
  expect(world.ks.groupByName(world.siteId, 'Flex')?.users).toHaveLength(1)
  return mia
}

test('the page shows the switches, both connections, and whom the last day concerns', async () => {
  await connectMia({ canceledTo: '2026-03-31' })
  const page = await textOf('/settings')
  expect(page).toMatch(/The last day counts.*At the moment it concerns 1 person: Mia Member\./s)
  expect(page).toContain('Loft · Europe/Berlin')
  expect(page.match(/state good">connected/g)).toHaveLength(2)
  expect(page).toContain('href="/setup?subdomain=harbour" target="_blank"')
  expect(page).toMatch(/<a href="\/settings"[^>]*aria-current="page">Settings<\/a><\/nav>/)
})

test('Save stores every switch, and asks for the looks that the last day touches', async () => {
  await connectMia({ canceledTo: '2026-03-31' })
  const saved = await frame.post('/settings', { lastDayIncluded: 'on', connectNew: 'on' })
  expect(await saved.text()).toMatch(/Saved\. Everybody whom it concerns.*/s)
  expect((await space()).settings).toMatchObject({ lastDayIncluded: true, connectNew: true })
  const due = await list(world.db.read, 'work', {
    spaceId: world.spaceId,
    runAt: world.clock.now(),
  })
  expect(due.map(({ task }) => task)).toEqual(['reconcilePairing'])
  await frame.post('/settings', {})
  expect((await space()).settings).toMatchObject({ lastDayIncluded: false, connectNew: false })
})

test('the question names people, groups and tags, and what stays because others use it', async () => {
  await connectMia()
  const group = world.ks.groupByName(world.siteId, 'Flex')!
  const ask = async () => (await textOf('/settings/leaving')).replaceAll(/<[^>]+>/g, ' ')
  expect(await ask()).toMatch(/Removed\s+People \(1\):\s+Mia Member\s+Access groups .*1\):\s+Flex/)
  const [owner] = world.ks.users(world.siteId)
  world.ks.addToGroup(world.siteId, group.id, owner!.saltoUserId)
  expect(await ask()).toContain('Flex (somebody else is in it)')
  const page = await textOf('/settings/leaving')
  expect(page).toContain('data-verb="Disconnect and remove 1 person"')
  expect(page).toMatch(/value="remove" checked="".*Remove what this add-on made/s)
  expect(page).toContain('Leave everything as it is')
})

test('only what was shown is done: another set, or no choice, comes back with the reason', async () => {
  await connectMia()
  const shown = shownIn(await textOf('/settings/leaving'))
  const other = await frame.post('/settings/leaving', { mode: 'remove', shown: 'x' })
  expect([other.status, await other.text()]).toEqual([422, expect.stringContaining('Meanwhile')])
  const none = await frame.post('/settings/leaving', { shown })
  expect([none.status, await none.text()]).toEqual([422, expect.stringContaining('Choose what')])
  expect(await list(world.db.read, 'receipts', {})).toEqual([])
})

test('I2 minutes for resources to come are proposed on Map resources; what is mapped keeps its own', async () => {
  const { cobot, ks, siteId } = world
  cobot.addResource('harbour', { name: 'Attic' })
  cobot.addResource('harbour', { name: 'Cellar' })
  for (const name of ['Attic', 'Cellar']) ks.addLock(siteId, { name })
  await frame.post('/overview/checks')
  await settle()
  const minutes = async () => {
    const page = await textOf('/resources')
    return [...page.matchAll(/name="(before|after):[^"]*" value="(\d+)"/g)].map(([, , m]) => m)
  }
  const save = async (on: string[]) => {
    const page = await textOf('/resources')
    const fields = [...page.matchAll(/name="((?:was|before|after|locks):[^"]*)" value="([^"]*)"/g)]
    const rows = fields.map(([, name = '', value = '']): [string, string] => [name, value])
    await frame.post('/resources', [...rows, ...on.map((id): [string, string] => ['enabled', id])])
  }
  const [attic = ''] = /(?<=name="was:)[^"]+/.exec(await textOf('/resources')) ?? []
  await save([attic])
  const wrong = await frame.post('/settings', { minutesBefore: '5', minutesAfter: '-3' })
  expect([wrong.status, await wrong.text()]).toEqual([
    422,
    expect.stringMatching(/value="5".*value="-3"[^>]*aria-invalid="true".*from 0 to 240/s),
  ])
  expect(await minutes()).toEqual(['0', '0', '0', '0'])
  await frame.post('/settings', { minutesBefore: '10', minutesAfter: '5' })
  expect(await minutes()).toEqual(['0', '0', '10', '5'])
  await frame.post('/settings', {})
  expect(await textOf('/settings')).toContain('name="minutesBefore" value="10"')
})

test('from Disconnect site to the receipt, which is there until the page is closed', async () => {
  await connectMia()
  const hookKey = await openHookKey(world.deps, await space())
  expect(world.cobot.navigationLinks('harbour')).toHaveLength(1)
  const shown = shownIn(await textOf('/settings/leaving'))
  const begun = await (await frame.post('/settings/leaving', { mode: 'remove', shown })).text()
  expect(begun).toMatch(/hx-get="\/settings\/progress" hx-trigger="every 5s".*0 of 2 done/s)
  expect(begun).not.toContain('The last day counts')
  await settle()
  const done = await textOf('/settings/progress')
  expect(done).not.toContain('every 5s')
  expect(done).toContain('This space is disconnected')
  expect(done).toMatch(/Removed<\/dt>.*Mia Member.*Flex.*Webhooks and the link in Cobot/s)
  expect(world.ks.users(world.siteId).map(({ alias }) => alias)).toEqual([null])
  expect(world.ks.groupByName(world.siteId, 'Flex')).toBeNull()
  expect(world.cobot.navigationLinks('harbour')).toEqual([])
  expect(world.cobot.subscriptions('harbour')).toEqual([])
  const file = await frame.get(`/settings/receipts/${world.siteId}`)
  expect(file.headers.get('Content-Type')).toContain('text/plain')
  expect(await file.text()).toMatch(/Harbour Hub\nReceipt: Loft.*People \(1\):\n {4}Mia Member\n/s)

  expect(await textOf('/settings')).toContain('This space is disconnected')
  const members = await frame.get('/members')
  expect([members.status, await members.text()]).toEqual([
    410,
    expect.stringContaining('Install the add-on again'),
  ])
  expect((await frame.post('/settings', { connectNew: 'on' })).status).toBe(410)
  const webhook = { method: 'POST', body: '{}' }
  const answer = await world.app.request(`/hooks/cobot/${hookKey}/created_membership`, webhook)
  expect(answer.status).toBe(410)
})

test('at the set-up it is the same: Disconnect, progress, receipt; then it can be installed again', async () => {
  await connectMia()
  const admin = world.browser()
  await admin.install()
  const setup = '/setup?subdomain=harbour'
  expect(await (await admin.ask(setup)).text()).toContain('href="/setup/leaving?subdomain=harbour"')
  const at = '/setup/leaving?subdomain=harbour'
  const question = await (await admin.ask(at)).text()
  expect(question).toContain('Mia Member')
  expect((await admin.post(at, { mode: 'leave', shown: 'x' })).status).toBe(422)
  const left = await admin.post(at, { mode: 'leave', shown: shownIn(question) })
  expect(left.headers.get('Location')).toBe(setup)
  expect(await (await admin.ask(setup)).text()).toContain('Disconnecting Loft')
  await settle()
  const page = await (await admin.ask(setup)).text()
  expect(page).toMatch(/Stays in SALTO KS<\/dt>.*Mia Member \(left as it is\)/s)
  const receipt = await admin.ask(`/setup/receipts/${world.siteId}?subdomain=harbour`)
  expect(await receipt.text()).toContain('Mia Member (left as it is)')
  expect(world.ks.groupByName(world.siteId, 'Flex')?.users).toHaveLength(1)
  expect((await admin.ask('/oauth/salto?subdomain=harbour')).headers.get('Location')).toBe(
    '/install?subdomain=harbour',
  )
  await admin.install()
  expect(await space()).toMatchObject({ state: 'installed' })
  expect(await (await admin.ask(setup)).text()).toContain('Connect to SALTO KS')
})

test('while SALTO KS is away the page says that it goes on', async () => {
  await connectMia()
  world.ks.addFault({ method: 'DELETE', path: '/users/', status: 500 })
  const shown = shownIn(await textOf('/settings/leaving'))
  await frame.post('/settings/leaving', { mode: 'remove', shown })
  await settle()
  expect(await textOf('/settings/progress')).toContain('Something could not be done yet.')
  expect(await space()).toMatchObject({ state: 'installed' })
})
