// Who came in, who was turned away, and what was connected: a line each in the log, by ids alone.
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ask } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld, PUBLIC } from './world.ts'

test('installing, connecting, choosing a site and opening the frame are one line each, with the person’s id', async () => {
  const { openFrame, logged, spaceId, siteId, mara } = await createWorld()
  await openFrame()
  const who = { spaceId, by: mara }
  expect(logged).toEqual([
    [who, 'installed'],
    [{ ...who, use: 'setup' }, 'signed in'],
    [who, 'SALTO KS was connected'],
    [{ ...who, siteId }, 'a site was chosen'],
    [{ ...who, use: 'frame' }, 'signed in'],
  ])
})

test('whoever is turned away is one line, with the reason; nobody is named, and no token is told', async () => {
  const { app, browser, openFrame, logged, cobot, clock, spaceId, mara } = await createWorld()
  const { get, token } = await openFrame()
  const otto = cobot.addUser({ name: 'Otto', email: 'otto@harbour.example' })
  const from = logged.length
  await browser(otto).embed()
  await browser(otto).embed(mara)
  await browser(otto).install()
  const left = await browser().ask('/embed?cobot_subdomain=harbour&cobot_user_id=x')
  const state = new URL(left.headers.get('Location') ?? '').searchParams.get('state')
  const back = `${PUBLIC}/oauth/cobot/callback?state=${state}`
  for (let times = 0; times < 2; times++) await browser().ask(`${back}&error=access_denied`)
  await app.request('/members')
  await app.request('/members', { headers: { Authorization: 'Bearer guess' } })
  await app.request('/hooks/cobot/guess/created_membership', { method: 'POST' })
  cobot.space('harbour')!.ownerId = otto
  cobot.removeAdmin('harbour', mara)
  await clock.advance(61_000)
  await get('/members')
  const nobody = { spaceId }
  expect(logged.slice(from)).toEqual([
    [{ spaceId, by: otto, why: 'notAdmin' }, 'turned away'],
    [{ spaceId, by: otto, why: 'otherUser' }, 'turned away'],
    [{ spaceId, by: otto, why: 'notAdmin' }, 'turned away'],
    [{ ...nobody, why: 'denied' }, 'turned away'],
    [{ ...nobody, why: 'usedUp' }, 'turned away'],
    [{ why: 'signedOut' }, 'turned away'],
    [{}, 'an event with a key of nobody'],
    [{ spaceId, by: mara, why: 'notAdmin' }, 'turned away'],
  ])
  const all = inspect(logged, { depth: 5 })
  for (const secret of ['Mara', 'Otto', '@', token, state]) expect(all).not.toContain(secret)
})

test('an admin who disconnects the space is one line', async () => {
  const { openFrame, logged, spaceId, mara } = await createWorld()
  const { get, post } = await openFrame()
  const form = await (await get('/settings/leaving')).text()
  const shown = /name="shown" value="([^"]*)"/.exec(form)?.[1] ?? ''
  await post('/settings/leaving', { mode: 'leave', shown })
  const facts = { spaceId, by: mara, mode: 'leave' }
  expect(logged.at(-1)).toEqual([facts, 'an admin disconnected the space'])
})

test('a space that Cobot uninstalled is one line', async () => {
  const { openFrame, logged, cobot, clock, db, deps, spaceId } = await createWorld()
  await openFrame()
  const worker = createWorker(deps, handlers)
  cobot.addFault({ status: 401, times: 20 })
  const look = { spaceId, task: 'checkInstalled', subject: 'space', priority: 1 } as const
  await db.tx((tx) => ask(tx, [{ ...look, runAt: clock.now(), cause: 'test' }], clock.now()))
  for (let minutes = 0; minutes < 2; minutes++) {
    await worker.drain()
    await clock.advance(61_000)
  }
  await worker.drain()
  const lines = logged.filter((line) => inspect(line).includes('uninstalled at Cobot'))
  expect(lines).toEqual([[{ spaceId }, 'the space was uninstalled at Cobot']])
})
