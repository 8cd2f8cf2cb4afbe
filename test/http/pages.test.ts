import { beforeEach, expect, test } from 'vitest'
import {
  asId,
  type MembershipId,
  type PairingId,
  type SiteUserId,
  type TagId,
} from '../../src/core/ids.ts'
import { replaceProblems } from '../../src/db/problems.ts'
import { saveMemberships, saveSnapshot } from '../../src/db/snapshots.ts'
import { change, one } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<(typeof world)['openFrame']>>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
  await settle()
})

/** Nothing is due any more. */
const settle = () =>
  world.db.tx((tx) => change(tx, 'work', { spaceId: world.spaceId }, { runAt: null }))
const textOf = async (path: string) => (await frame.get(path)).text()
const rowOf = (page: string, id: string) =>
  new RegExp(`<tr id="${id}".*?</tr>`, 's').exec(page)?.[0] ?? ''

const snapshot = async (
  kind: 'lock' | 'plan' | 'resource' | 'tag' | 'webhook',
  items: object[],
  idKey: string,
) =>
  world.db.tx((tx) =>
    saveSnapshot(tx, world.spaceId, kind, items as never[], {
      readAt: world.clock.now(),
      idOf: (item) => (item as Record<string, string>)[idKey] ?? '',
    }),
  )
/** SALTO KS has been read by a sweep. */
const sweep = () => {
  const { db, spaceId, clock } = world
  return db.tx((tx) => change(tx, 'sites', { spaceId }, { readAt: clock.now() }))
}
const lock = (id: string, name: string) => ({ lockId: id, name, lockType: 'wall', online: true })
const tag = (id: string, number: string, more = {}) => ({
  tagId: id,
  number,
  blocked: false,
  podTag: false,
  holder: null,
  ...more,
})
const member = async (id: string, more: object = {}, spaceId = world.spaceId) =>
  world.db.tx((tx) =>
    saveMemberships(
      tx,
      spaceId,
      [
        {
          membershipId: asId<MembershipId>(id),
          name: 'Mia Member',
          email: null,
          cobotUserId: null,
          teamId: null,
          upcomingPlan: null,
          canceledTo: null,
          plan: { planId: asId('p1'), name: 'Flex', canceledTo: null },
          confirmedAt: world.clock.now(),
          startsOn: '2026-01-01',
          ...more,
        },
      ],
      { readAt: world.clock.now(), timeZone: 'Europe/Berlin' },
    ),
  )
const connect = async (id: string, more: object = {}) => {
  await frame.post(`/members/${id}/connect`)
  await settle()
  const membership = await one(world.db.read, 'memberships', { membershipId: asId(id) })
  const pairingId = membership?.pairingId as PairingId
  const paired = { state: 'paired', siteUserId: asId<SiteUserId>(`su-${id}`), ...more } as const
  await world.db.tx((tx) => change(tx, 'pairings', { pairingId }, paired))
  return pairingId
}

// Overview

test('the overview says what is ready and what is not', async () => {
  await snapshot('lock', [lock('l1', 'Front')], 'lockId')
  await member('m1')
  const page = await textOf('/overview')
  expect(page).toContain('The site is Loft (Europe/Berlin).')
  expect(page).toContain('Locks found: 1.')
  expect(page).toContain('No access group with locks for: Flex.')
  expect(page).toContain('There are no free tags')
  expect(page).toContain('There was no full check yet.')
  expect(page).toContain('hx-trigger="every 5s"')
  await snapshot('resource', [{ resourceId: 'r1', name: 'Quay Room' }], 'resourceId')
  expect(await textOf('/overview')).toContain('There was no full check yet.')
  await sweep()
  expect(await textOf('/overview')).toMatch(/every 30s.*Last full check: Mon, 2 Mar 2026, 10:00/s)
})

test('a space with plans and nothing to book has had its full check, too', async () => {
  await snapshot('plan', [{ planId: 'p1', name: 'Flex' }], 'planId')
  await sweep()
  expect(await textOf('/overview')).toContain('Last full check: Mon, 2 Mar 2026, 10:00')
})

test('while work is due the overview looks again soon', async () => {
  const page = await (await frame.post('/overview/checks')).text()
  expect(page).toContain('2 looks are due.')
  expect(page).toContain('hx-trigger="every 5s"')
})

// Connect members

test('current and upcoming members are listed, the ended and the gone are not', async () => {
  await member('m1')
  await member('m2', { name: 'Later', startsOn: '2026-05-01' })
  await member('m3', { name: 'Earlier', canceledTo: '2026-02-01' })
  await member('m4', { name: 'Waiting', confirmedAt: null })
  await member('m5', { name: 'Leaving', canceledTo: '2026-03-20' })
  const page = await textOf('/members')
  expect(page).not.toContain('Earlier')
  expect(rowOf(page, 'member-m4')).toContain('waiting for approval')
  expect(rowOf(page, 'member-m4')).not.toContain('/m4/connect')
  expect(rowOf(page, 'member-m5')).toContain('ends Fri, 20 Mar 2026')
  expect(rowOf(page, 'member-m1')).toMatch(/Connect to Salto <span class="unseen">Mia Member/)
  expect(await textOf('/members?search=LAT')).toContain('1 membership<')
  expect(await textOf('/members?filter=endingSoon')).not.toContain('Mia Member')
})

test('Connect to Salto makes a pairing, and the row asks again while work is due', async () => {
  await member('m1')
  const row = await (await frame.post('/members/m1/connect')).text()
  expect(row).toContain('working…')
  expect(row).toMatch(/hx-get="\/members\/m1" hx-trigger="every 2s"/)
  const membership = await one(world.db.read, 'memberships', { membershipId: asId('m1') })
  expect(await world.work()).toContainEqual({
    task: 'reconcilePairing',
    subject: membership?.pairingId,
    cause: `admin ${world.mara}`,
    priority: 2,
  })
})

test('a look that was put off is not over: the row goes on asking', async () => {
  await member('m1')
  await frame.post('/members/m1/connect')
  const { db, spaceId, clock } = world
  const runAt = new Date(clock.now().getTime() + 60_000)
  await db.tx((tx) => change(tx, 'work', { spaceId, task: 'reconcilePairing' }, { runAt }))
  expect(await textOf('/members/m1')).toMatch(/every 2s.*working…/s)
  const pairingId = await connect('m1')
  expect(await textOf('/members/m1')).not.toContain('every 2s')
  await db.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, { state: 'leaving' }))
  expect(await textOf('/members/m1')).toMatch(/every 2s.*leaving…/s)
})

test('where KS may know the person both sides are shown, and the admin decides', async () => {
  await member('m1', { email: 'mia@member.example' })
  const candidate = {
    siteUserId: asId('su1'),
    saltoUserId: asId('pu1'),
    name: 'M. Member',
    tagNumber: null,
    email: 'mia@member.example',
    reason: 'email',
    groups: ['Flex'],
  }
  const choosing = { state: 'choosing', candidates: [candidate] as never[], siteUserId: null }
  const pairingId = await connect('m1', choosing)
  const page = await textOf('/members')
  for (const words of ['needs a choice', 'M. Member', 'Not the same person', 'decides about: Flex'])
    expect(page).toContain(words)
  await frame.post('/members/m1/link', { siteUserId: 'guess' })
  expect(await one(world.db.read, 'pairings', { pairingId })).toMatchObject({ state: 'choosing' })
  await frame.post('/members/m1/link', { siteUserId: 'su1' })
  expect(await one(world.db.read, 'pairings', { pairingId })).toMatchObject({
    state: 'paired',
    origin: 'adopted',
    siteUserId: 'su1',
  })
})

test('a free tag is assigned by its number; others are refused with the reason', async () => {
  await member('m1')
  await member('m2', { name: 'Noa Next' })
  const pairingId = await connect('m1')
  await connect('m2')
  await snapshot(
    'tag',
    [
      tag('t1', '000123'),
      tag('t2', '000456', { holder: { siteUserId: 'x', name: 'Kim Keys' } }),
      tag('t3', '000789', { blocked: true }),
    ],
    'tagId',
  )
  const open = await textOf('/members/m1/tag')
  expect(open).toMatch(/<input name="tag" list="tags-m1"/)
  expect(open.match(/<option/g)).toHaveLength(1)
  const assign = async (id: string, number: string) => {
    const answer = await frame.post(`/members/${id}/tag`, { tag: number })
    return [answer.status, await answer.text()] as const
  }
  expect(await assign('m1', '000123')).toMatchObject([200, expect.stringContaining('000123')])
  expect(await one(world.db.read, 'tagHolders', { tagId: asId<TagId>('t1') })).toMatchObject({
    pairingId,
    state: 'held',
  })
  const [status, text] = await assign('m2', '000123')
  expect(status).toBe(422)
  expect(text).toContain('Tag 000123 belongs to Mia Member.')
  expect(text).toContain('value="000123"')
  expect((await assign('m2', '000456'))[1]).toContain('belongs to Kim Keys')
  expect((await assign('m2', '000789'))[1]).toContain('is blocked')
  expect((await assign('m2', '1'))[1]).toContain('There is no tag 1')
  expect((await assign('m2', ' '))[1]).toContain('Type the printed number.')
})

test('locking out, tags lost and taken back, and disconnecting are stored at once', async () => {
  await member('m1')
  const pairingId = await connect('m1')
  await snapshot('tag', [tag('t1', '000123')], 'tagId')
  await frame.post('/members/m1/tag', { tag: '000123' })
  const holder = () => one(world.db.read, 'tagHolders', { tagId: asId<TagId>('t1') })
  const pairing = () => one(world.db.read, 'pairings', { pairingId })
  await frame.post('/members/m1/lock-out')
  expect(await pairing()).toMatchObject({ lockedOut: true })
  expect(await world.work()).toContainEqual(expect.objectContaining({ priority: 0 }))
  await settle()
  expect(await textOf('/members/m1')).toContain('Let in again')
  await frame.post('/members/m1/let-in')
  expect(await pairing()).toMatchObject({ lockedOut: false })
  await frame.post('/members/m1/lost')
  expect(await holder()).toMatchObject({ state: 'lost' })
  await frame.post('/members/m1/return')
  await frame.post('/members/m1/disconnect')
  expect(await pairing()).toMatchObject({ state: 'leaving' })
})

test('of several problems of a person the row shows another one than the missing tag', async () => {
  await member('m1')
  const pairingId = await connect('m1')
  const about = { subject: `pairing:${pairingId}`, params: { name: 'Mia Member' } }
  const found = [{ code: 'P03', ...about } as const, { code: 'P22', ...about } as const]
  const source = `reconcilePairing:${pairingId}`
  await world.db.tx((tx) => replaceProblems(tx, world.spaceId, source, found, world.clock.now()))
  expect(await textOf('/members')).toContain('There is no free seat for Mia Member.')
})

test('names are text, whatever is in them', async () => {
  await member('m1', {
    name: '<img src=x onerror=alert(1)>"',
    email: '"><script>alert(2)</script>',
  })
  const page = await textOf('/members')
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;')
  expect(page).not.toMatch(/<img|<script/)
})

test("another space's rows are never seen or changed", async () => {
  const foreign = asId<never>('another-space')
  await member('m9', { name: 'Foreign' }, foreign)
  expect(await textOf('/members')).not.toContain('Foreign')
  expect(await textOf('/members/m9')).toBe('')
  expect((await frame.post('/members/m9/connect')).status).toBe(404)
  const membership = await one(world.db.read, 'memberships', { membershipId: asId('m9') })
  expect(membership?.pairingId).toBeNull()
})

test('D4 a text for the confirmation mail of Cobot is there to copy, in both languages', async () => {
  const page = await textOf('/members')
  expect(page).toContain('Customize » Emails » Membership Confirmation')
  expect(page).toMatch(/<textarea id="mail-text"[^>]*>[^<]+Lost your tag\?/)
  expect(page).toMatch(/data-copy="mail-text"[^>]*>Copy</)
  frame = await world.openFrame('de')
  expect(await textOf('/members')).toContain('Tag verloren?')
})

// Problems

const problem = (code: 'P10' | 'P17' | 'P20' | 'P15' | 'P01', subject: string, params = {}) =>
  world.db.tx((tx) =>
    replaceProblems(
      tx,
      world.spaceId,
      `reconcileBooking:${code}`,
      [{ code, subject, params }],
      world.clock.now(),
    ),
  )

test('each problem is one sentence and one action, and the badge counts them', async () => {
  expect(await textOf('/problems')).toContain('Nothing to do.')
  await problem('P17', 'booking:b1', {
    name: 'Mia',
    resource: 'Quay',
    startsAt: '2026-03-03T08:00:00Z',
    membershipId: 'm1',
  })
  await problem('P20', 'resource:r1', { resource: 'Attic', what: 'lock' })
  await problem('P01', 'space')
  const page = await textOf('/problems')
  expect(page).toContain('Mia has booked Quay for Tue, 3 Mar 2026, 09:00, but is not connected.')
  expect(page).toContain('A lock of Attic is gone in SALTO KS.')
  expect(page).toContain('href="/setup?subdomain=harbour" target="_blank"')
  expect(await textOf('/overview')).toContain('<span class="badge">3</span>')
})

test('Connect at a problem connects the booker, Try again looks again', async () => {
  await member('m1')
  await problem('P17', 'booking:b1', { membershipId: 'm1', name: 'Mia' })
  await problem('P15', 'b2')
  await frame.post('/problems', { code: 'P17', subject: 'booking:b1' })
  const membership = await one(world.db.read, 'memberships', { membershipId: asId('m1') })
  expect(membership?.pairingId).toBeTruthy()
  await frame.post('/problems', { code: 'P15', subject: 'b2' })
  expect(await world.work()).toContainEqual(
    expect.objectContaining({ task: 'reconcileBooking', subject: 'P15' }),
  )
})

test('P10 Leave takes a difference out of list and badge into a part of its own, Restore works from there', async () => {
  const subject = 'pairing:p1:place:g1'
  await problem('P10', subject, { name: 'Mia', change: 'in', group: 'Night Owl' })
  const page = await textOf('/problems')
  expect(page).toContain('Mia was added to Night Owl in SALTO KS.')
  expect(page).toContain(
    'data-confirm="What Mia was given by hand in SALTO KS is taken away again."',
  )
  expect(page).toContain('>Leave</button>')
  const left = await (await frame.post('/problems', { code: 'P10', subject, leave: 'yes' })).text()
  expect(left).toContain('Nothing to do.')
  expect(left).toContain('Left as it is (1)')
  expect(left).toContain('Mia was added to Night Owl in SALTO KS.')
  expect(left).not.toContain('>Leave</button>')
  expect(left).not.toContain('class="badge"')
  expect(await world.work()).not.toContainEqual(
    expect.objectContaining({ task: 'reconcilePairing', subject: 'p1' }),
  )
  await frame.post('/problems', { code: 'P10', subject })
  expect(await world.work()).toContainEqual(
    expect.objectContaining({ task: 'reconcilePairing', subject: 'p1' }),
  )
})

test('R18 P10 a user of ours whom nobody is connected to goes by Remove, asked about first', async () => {
  const subject = 'leftover:u9'
  await problem('P10', subject, { name: 'Mia', marker: '· C123456789', leftover: 'user' })
  const page = await textOf('/problems')
  expect(page).toContain('The user Mia in SALTO KS was made by this add-on')
  expect(page).toContain(
    'data-confirm="The user Mia is deleted in SALTO KS, with the access it has there."',
  )
  await frame.post('/problems', { code: 'P10', subject })
  const { spaceId } = world
  expect(await one(world.db.read, 'pairings', { spaceId, marker: '· C123456789' })).toMatchObject({
    siteUserId: 'u9',
    state: 'leaving',
  })
})

test('P10 only what takes away is asked about first', async () => {
  const asked = async (subject: string, params: object) => {
    await problem('P10', subject, params)
    return (await textOf('/problems')).includes('data-confirm')
  }
  expect(await asked('pairing:p1:place:g1', { name: 'Mia', change: 'out', group: 'G' })).toBe(false)
  expect(await asked('pairing:p1:seat', { name: 'Mia', change: 'seatOn' })).toBe(true)
  expect(await asked('leftover:g2', { group: 'Cobot 1', leftover: 'yes' })).toBe(true)
})
