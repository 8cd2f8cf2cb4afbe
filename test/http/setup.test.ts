import { beforeEach, expect, test } from 'vitest'
import { list, one, put } from '../../src/db/store.ts'
import { createWorld, OWNER, PUBLIC } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})

const setup = '/setup?subdomain=harbour'
const connected = async () => {
  const admin = world.browser()
  await admin.install()
  await admin.connectSalto()
  return admin
}

test('whoever is not signed in is sent to Cobot first', async () => {
  const answer = await world.app.request(setup)
  expect(answer.status).toBe(303)
  expect(answer.headers.get('Location')).toBe('/install?subdomain=harbour')
})

test('first SALTO is connected, then the site is chosen; the only one is preselected', async () => {
  const admin = world.browser()
  await admin.install()
  expect(await (await admin.ask(setup)).text()).toContain('Connect to SALTO KS')
  expect((await admin.connectSalto()).headers.get('Location')).toBe(setup)
  const page = await (await admin.ask(setup)).text()
  expect(page).toContain('SALTO KS site')
  expect(page).toMatch(/<option value="[^"]+" selected="">Loft · Europe\/Berlin/)
  expect(page).toContain('1 of 40 seats used')
})

test('denying at SALTO ends on a page that offers another try', async () => {
  const admin = world.browser()
  await admin.install()
  const answer = await admin.connectSalto(false)
  expect(answer.status).toBe(403)
  expect(await answer.text()).toContain('href="/oauth/salto?subdomain=harbour"')
  expect(await list(world.db.read, 'connections', { side: 'salto' })).toEqual([])
})

test('sites that cannot work are shown with the reason, and none is preselected', async () => {
  const { ks, ownerId, db, spaceId } = world
  const more = { timeZone: 'Europe/Berlin', seats: 5, ownerId }
  ks.addSite({ ...more, name: 'Ended', subscriptionValid: false })
  ks.addSite({ ...more, name: 'Early', installationState: 'installation' })
  ks.addSite({ ...more, name: 'Nowhere', timeZone: 'Atlantis/City' })
  ks.addSite({ ...more, name: 'Also good' })
  const other = ks.addSite({ ...more, name: 'Foreign' })
  const guestsOnly = ks.addSite({ ...more, name: 'Guest' })
  const people = ks.users(guestsOnly)
  ks.setRoles(guestsOnly, people[0]!.siteUserId, ['site_user'])
  const boss = ks.addUserProfile({
    email: 'boss@guest.example',
    password: 'x',
    firstName: 'B',
    lastName: 'B',
  })
  void boss
  const admin = await connected()
  const [site] = await list(db.read, 'sites', {})
  expect(site).toBeUndefined()
  await db.tx((tx) =>
    put(tx, 'sites', {
      spaceId: 'somebody-else' as never,
      siteId: other as never,
      state: 'active',
      timeZone: 'UTC',
      info: {} as never,
      readAt: world.clock.now(),
    }),
  )
  void spaceId
  const page = await (await admin.ask(setup)).text()
  const option = (name: string) => new RegExp(`<option[^>]*>${name}[^<]*`).exec(page)?.[0]
  expect(option('Ended')).toMatch(/disabled.*renew the subscription/)
  expect(option('Early')).toMatch(/disabled.*installation is not finished/)
  expect(option('Nowhere')).toMatch(/disabled.*time zone is not known/)
  expect(option('Foreign')).toMatch(/disabled.*another space uses it/)
  expect(option('Loft')).not.toContain('disabled')
  expect(page).not.toContain('selected=""')
})

test('whoever came with an account that has no site can come with another one', async () => {
  const { ks } = world
  const stranger = { email: 'stranger@loft.example', password: 'x' }
  ks.addUserProfile({ ...stranger, firstName: 'S', lastName: 'T' })
  const admin = world.browser()
  await admin.install()
  const left = await admin.ask('/oauth/salto?subdomain=harbour')
  await admin.ask(await ks.signIn(left.headers.get('Location') ?? '', { ...stranger, allow: true }))
  const page = await (await admin.ask(setup)).text()
  expect(page).toContain('has no site in SALTO KS')
  expect(page).toMatch(/href="\/oauth\/salto\?subdomain=harbour"[^>]*>Reconnect SALTO KS/)
})

test('Configure site stores it, makes one link in Cobot and goes there', async () => {
  const { cobot, db, spaceId, siteId } = world
  const admin = await connected()
  const answer = await admin.configure()
  const [link] = cobot.navigationLinks('harbour')
  expect(answer.status).toBe(303)
  expect(answer.headers.get('Location')).toContain(`/navigation_links/${link?.id}`)
  expect(link).toMatchObject({
    section: 'admin/manage',
    label: 'Salto',
    iframeUrl: `${PUBLIC}/embed`,
  })
  expect(await one(db.read, 'sites', { spaceId, siteId })).toMatchObject({ state: 'active' })
  expect((await world.work()).map(({ task }) => task).sort()).toEqual(['sweepCobot', 'sweepKs'])
  await admin.configure()
  expect(cobot.navigationLinks('harbour')).toHaveLength(1)
})

test('a site that cannot be used is refused, whatever the form says', async () => {
  const { ks, ownerId, db } = world
  const ended = { name: 'Ended', timeZone: 'Europe/Berlin', seats: 5, ownerId }
  const siteId = ks.addSite({ ...ended, subscriptionValid: false })
  const admin = await connected()
  const answer = await admin.configure(siteId)
  expect(answer.status).toBe(422)
  expect(await list(db.read, 'sites', {})).toEqual([])
})

test('a configured site is shown again; another one says first what the change removes', async () => {
  const { ks, ownerId } = world
  const admin = await connected()
  await admin.configure()
  const page = await (await admin.ask(setup)).text()
  for (const words of ['Keep this site', 'Reconnect SALTO KS', 'Choose another site'])
    expect(page).toContain(words)
  ks.addSite({ name: 'Annex', timeZone: 'Europe/Berlin', seats: 5, ownerId })
  const { db, spaceId, siteId } = world
  const pairing = { pairingId: 'p1', person: 'user:u1', marker: '· C1', candidates: [] }
  await db.tx((tx) =>
    put(tx, 'pairings', {
      ...({ spaceId, siteId, ...pairing, state: 'paired', origin: 'made' } as never as object),
      notThem: false,
      lockedOut: false,
      lockedOutDone: true,
      siteUserId: 'u1',
    } as never),
  )
  const choosing = await (await admin.ask(`${setup}&choose`)).text()
  expect(choosing).toContain('Removing does this at Loft:')
  expect(choosing).toMatch(/Removed<\/dt><dd><strong>People \(1\):/)
  expect(choosing).toContain('data-verb="Leave and remove 1 person"')
  expect(choosing).toMatch(/<option[^>]*disabled[^>]*>Loft[^<]*in use now/)
})

test('another site is taken for exactly what was shown, and the old one is left', async () => {
  const { ks, ownerId, db, spaceId, siteId } = world
  const admin = await connected()
  await admin.configure()
  const annex = ks.addSite({ name: 'Annex', timeZone: 'Europe/Berlin', seats: 5, ownerId })
  const choosing = await (await admin.ask(`${setup}&choose`)).text()
  const shown = /name="shown" value="([^"]+)"/.exec(choosing)?.[1] ?? ''
  const choose = (set: string) =>
    admin.post('/setup/site?subdomain=harbour', { siteId: annex, shown: set })
  expect((await choose('something else')).status).toBe(422)
  expect(await one(db.read, 'sites', { spaceId, siteId })).toMatchObject({ state: 'active' })
  expect((await choose(shown)).status).toBe(303)
  expect(await one(db.read, 'sites', { spaceId, siteId })).toMatchObject({ state: 'leaving' })
  expect(await one(db.read, 'receipts', { spaceId, siteId })).toMatchObject({
    mode: 'remove',
    whole: false,
    endedAt: null,
  })
  expect(await (await admin.ask(setup)).text()).toContain('Leaving Loft')
})

test('R17 of two spaces that take one site at the same time one gets it, the other is told', async () => {
  const { cobot, db, deps, siteId, spaceId } = world
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@pier.example' })
  const pier = { subdomain: 'pier', name: 'Pier', timeZone: 'Europe/Berlin', ownerId: vera }
  cobot.addSpace(pier)
  const admins = { harbour: world.browser(), pier: world.browser(vera) }
  for (const [subdomain, admin] of Object.entries(admins)) {
    await admin.install(subdomain)
    const left = await admin.ask(`/oauth/salto?subdomain=${subdomain}`)
    await admin.ask(
      await world.ks.signIn(left.headers.get('Location') ?? '', { ...OWNER, allow: true }),
    )
  }
  // Both have looked whose the site is before either takes it.
  const { fetch } = deps.ports
  const both = Promise.withResolvers<void>()
  let looking = 0
  deps.ports.fetch = async (request) => {
    if (request.url.endsWith('/me') && ++looking === 2) setImmediate(both.resolve)
    if (request.url.endsWith('/me')) await both.promise
    return fetch(request)
  }
  const answers = await Promise.all(
    Object.entries(admins).map(([subdomain, admin]) =>
      admin.post(`/setup/site?subdomain=${subdomain}`, { siteId }),
    ),
  )
  expect(looking).toBeGreaterThanOrEqual(2)
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 422])
  const loser = await answers.find(({ status }) => status === 422)!.text()
  expect(loser).toMatch(/<option[^>]*disabled[^>]*>Loft[^<]*another space uses it/)
  expect(loser).toContain('This site cannot be used')
  expect(await list(db.read, 'sites', {})).toHaveLength(1)
  const lost = answers[0]!.status === 422 ? { spaceId } : { subdomain: 'pier' }
  const space = (await one(db.read, 'spaces', lost))!
  expect(await list(db.read, 'receipts', { spaceId: space.spaceId })).toEqual([])
})

test('a form posted from somewhere else changes nothing', async () => {
  const admin = await connected()
  const answer = await admin.ask('/setup/site?subdomain=harbour', {
    method: 'POST',
    headers: { Origin: 'https://evil.example' },
    body: new URLSearchParams({ siteId: world.siteId }),
  })
  expect(answer.status).toBe(403)
  expect(await list(world.db.read, 'sites', {})).toEqual([])
})

test('the set-up is closed to somebody who is no admin any more', async () => {
  const { cobot } = world
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@harbour.example' })
  cobot.addAdmin('harbour', vera)
  const admin = world.browser(vera)
  await admin.install()
  cobot.removeAdmin('harbour', vera)
  await world.clock.advance(61_000)
  const answer = await admin.ask(setup)
  expect(answer.headers.get('Location')).toBe('/install?subdomain=harbour')
  expect(await list(world.db.read, 'sessions', {})).toEqual([])
})

test('SALTO is not connected for somebody who is no admin any more when they come back', async () => {
  const { cobot, ks, db } = world
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@harbour.example' })
  cobot.addAdmin('harbour', vera)
  const admin = world.browser(vera)
  await admin.install()
  const left = await admin.ask('/oauth/salto?subdomain=harbour')
  const back = await ks.signIn(left.headers.get('Location') ?? '', { ...OWNER, allow: true })
  cobot.removeAdmin('harbour', vera)
  const answer = await admin.ask(back)
  expect(answer.headers.get('Location')).toBe('/install?subdomain=harbour')
  expect(await list(db.read, 'connections', { side: 'salto' })).toEqual([])
})

test('a form without a site configures nothing', async () => {
  const admin = await connected()
  expect((await admin.post('/setup/site?subdomain=harbour', {})).status).toBe(422)
  expect(await list(world.db.read, 'sites', {})).toEqual([])
  expect(world.cobot.navigationLinks('harbour')).toEqual([])
})

test('SALTO away during the set-up ends on a page that offers another try', async () => {
  const admin = await connected()
  world.ks.addFault({ path: '/connect/', status: 500 })
  const answer = await admin.ask(setup)
  expect(answer.status).toBe(503)
  const page = await answer.text()
  expect(page).toContain('No answer from SALTO KS')
  expect(page).toContain('href="/setup?subdomain=harbour"')
})
