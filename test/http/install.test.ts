import { beforeEach, expect, test } from 'vitest'
import { list, one } from '../../src/db/store.ts'
import { createWorld, PUBLIC } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
beforeEach(async () => {
  world = await createWorld()
})

test('the start page asks for the subdomain and takes it from the address', async () => {
  const page = await (await world.app.request('/?cobot_subdomain=harbour')).text()
  expect(page).toContain('<h1>SALTO KS for Cobot</h1>')
  expect(page).toContain('Get started')
  expect(page).toMatch(/name="subdomain" value="harbour"/)
})

test('a subdomain that cannot be one comes back with the reason and what was typed', async () => {
  const answer = await world.app.request('/install?subdomain=my%20"space')
  expect(answer.status).toBe(422)
  const page = await answer.text()
  expect(page).toContain('value="my &quot;space"')
  expect(page).toContain('only letters, digits and hyphens')
})

test('the whole address of a space is as good as its subdomain', async () => {
  const answer = await world.app.request('/install?subdomain=https://Harbour.cobot.me/admin')
  expect(answer.status).toBe(302)
  expect(answer.headers.get('Location')).toContain('/harbour/oauth/authorize')
})

test('a server that installs is told where an admin finishes', async () => {
  const request = { method: 'POST' }
  const answer = await world.app.request('/hooks/cobot/install?subdomain=harbour', request)
  expect(answer.status).toBe(202)
  expect(await answer.json()).toEqual({ url: `${PUBLIC}/install?subdomain=harbour` })
  expect(await list(world.db.read, 'spaces', {})).toEqual([])
})

test('an admin installs: space, space token, first comparison, and on to the set-up', async () => {
  const { browser, db, spaceId, cobot } = world
  const answer = await browser().install()
  expect(answer.status).toBe(302)
  expect(answer.headers.get('Location')).toBe('/setup?subdomain=harbour')
  expect(await one(db.read, 'spaces', { spaceId })).toMatchObject({
    subdomain: 'harbour',
    timeZone: 'Europe/Berlin',
    state: 'installed',
  })
  expect(await one(db.read, 'connections', { spaceId, side: 'cobot' })).toMatchObject({
    state: 'ok',
    owner: world.mara,
  })
  expect(await world.work()).toMatchObject([{ task: 'sweepCobot', subject: 'space' }])
  expect(cobot.tokens().filter((token) => token.spaceId === spaceId)).toHaveLength(1)
})

test('cookies are strict: Lax, not for scripts, for this host alone', async () => {
  const answer = await world.browser().install()
  const [cookie] = answer.headers.getSetCookie().filter((each) => each.includes('setup'))
  expect(cookie).toMatch(/^__Host-setup=/)
  for (const word of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/'])
    expect(cookie).toContain(word)
})

test('installing again keeps the space and its hook key, and revokes the token it replaces', async () => {
  const { browser, db, spaceId, cobot } = world
  await browser().install()
  const before = await one(db.read, 'spaces', { spaceId })
  await browser().install()
  const after = await one(db.read, 'spaces', { spaceId })
  expect(after?.hookKeyHash).toBe(before?.hookKeyHash)
  expect(cobot.tokens().filter((token) => token.spaceId === spaceId)).toHaveLength(1)
})

test('somebody who is no admin installs nothing, and their token is revoked', async () => {
  const { browser, cobot, db } = world
  const otto = cobot.addUser({ name: 'Otto', email: 'otto@harbour.example' })
  const answer = await browser(otto).install()
  expect(answer.status).toBe(403)
  expect(await answer.text()).toContain('Only for admins')
  expect(await list(db.read, 'spaces', {})).toEqual([])
  expect(cobot.tokens().filter((token) => token.userId === otto)).toEqual([])
})

const backWith = async (change: (url: URL) => void) => {
  const person = world.browser()
  const left = await person.ask('/install?subdomain=harbour')
  const back = new URL(await person.throughCobot(left.headers.get('Location')))
  change(back)
  return { person, back }
}
const bodyOf = async (answer: Response) => [answer.status, await answer.text()] as const

test('a denied permission ends on a page that says so and offers another try', async () => {
  const { person, back } = await backWith(({ searchParams }) => {
    searchParams.delete('code')
    searchParams.set('error', 'access_denied')
  })
  const [status, page] = await bodyOf(await person.ask(back.href))
  expect(status).toBe(403)
  expect(page).toContain('Not allowed')
  expect(page).toContain('href="/install?subdomain=harbour"')
})

test('an answer works once', async () => {
  const { person, back } = await backWith(() => {})
  expect((await person.ask(back.href)).status).toBe(302)
  const [status, page] = await bodyOf(await person.ask(back.href))
  expect(status).toBe(400)
  expect(page).toContain('Already used')
  expect(page).toContain('href="/install?subdomain=harbour"')
})

test('an answer that comes after ten minutes is too late', async () => {
  const { person, back } = await backWith(() => {})
  await world.clock.advance(11 * 60_000)
  expect((await bodyOf(await person.ask(back.href)))[1]).toContain('That took too long')
})

test('an answer in another browser is not accepted', async () => {
  const { back } = await backWith(() => {})
  const [status, page] = await bodyOf(await world.browser().ask(back.href))
  expect(status).toBe(400)
  expect(page).toContain('Allow cookies for')
})

test('Cobot away during the install ends on a page that says so', async () => {
  const { person, back } = await backWith(() => {})
  world.cobot.addFault({ path: '/api/user', status: 500 })
  const [status, page] = await bodyOf(await person.ask(back.href))
  expect(status).toBe(503)
  expect(page).toContain('No answer from Cobot')
  expect(page).toContain('href="/install?subdomain=harbour"')
})
