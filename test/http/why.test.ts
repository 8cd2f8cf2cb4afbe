// E3 on the page: yes or no in one sentence, then each link, and the first one that is broken.
import { beforeEach, expect, test } from 'vitest'
import { asId, type LockId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import { saveMemberships, saveOne } from '../../src/db/snapshots.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, put } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<(typeof world)['openFrame']>>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
  await hours('08:00:00', '18:00:59')
  await keep('lock', 'l1', { lockId: 'l1', name: 'Front door', lockType: 'wall', online: true })
  await keep('lock', 'l2', { lockId: 'l2', name: 'Attic', lockType: 'wall', online: false })
})

const keep = (kind: 'lock' | 'groupAccess' | 'siteUser', id: string, data: object) =>
  world.db.tx((tx) =>
    saveOne(tx, world.spaceId, kind, id, { data: data as never, readAt: world.clock.now() }),
  )
const hours = (startTime: string, endTime: string) => {
  const schedule = { timeScheduleId: 's', weekdays: [true, true, true, true, true, false, false] }
  const schedules = [{ ...schedule, startTime, endTime, startLocal: null, endLocal: null }]
  const lockIds = [asId<LockId>('l1')]
  return keep('groupAccess', 'g1', { accessGroupId: 'g1', lockIds, schedules })
}

/** A member on Full Time, with a place in its group when connected. */
const member = async (id: string, name: string, isConnected = true) => {
  const { db, spaceId, siteId, clock } = world
  const membershipId = asId<MembershipId>(id)
  const pairingId = asId<PairingId>(`p-${id}`)
  const [planId, accessGroupId] = [asId<never>('full'), asId<never>('g1')]
  const now = clock.now()
  const plan = { planId, name: 'Full Time', canceledTo: null }
  const membership = {
    membershipId,
    name,
    email: `${id}@members.example`,
    cobotUserId: null,
    teamId: null,
    plan,
    upcomingPlan: null,
    confirmedAt: now,
    startsOn: '2026-01-01',
    canceledTo: null,
  }
  const user = {
    siteUserId: `u-${id}`,
    saltoUserId: `s-${id}`,
    firstName: name,
    lastName: '',
    email: null,
    alias: name,
    tagNumber: null,
    blocked: false,
    seat: 'subscribed',
    roles: [],
    hasProfile: true,
  }
  await db.tx(async (tx) => {
    await saveMemberships(tx, spaceId, [membership], { readAt: now, timeZone: 'Europe/Berlin' })
    await put(tx, 'planGroups', {
      spaceId,
      siteId,
      planId,
      accessGroupId,
      name: 'Full Time',
      origin: 'matched',
      state: 'ready',
      opensNothing: false,
      chosen: null,
      changedAt: now,
    })
    if (!isConnected) return
    await addPairing(tx, {
      spaceId,
      siteId,
      pairingId,
      bySetting: false,
      person: `membership:${id}`,
    })
    const paired = { siteUserId: asId<never>(`u-${id}`), saltoUserId: asId<never>(`s-${id}`) }
    await change(tx, 'pairings', { spaceId, pairingId }, { ...paired, state: 'paired' })
    await change(tx, 'memberships', { spaceId, membershipId }, { pairingId })
    const place = { spaceId, siteId, pairingId, accessGroupId, origin: 'made' } as const
    const joinedAt = new Date('2026-02-01T00:00:00Z')
    await put(tx, 'groupPlaces', { ...place, basis: '', joinedAt, unwantedSince: null })
  })
  if (isConnected) await keep('siteUser', `u-${id}`, user)
}

const page = async (query: Record<string, string>) =>
  (await frame.get(`/why?${new URLSearchParams(query)}`)).text()
const answerOf = (html: string) => /<h2 id="answer"[^>]*>([^<]+)/.exec(html)?.[1]
const brokenOf = (html: string) => /<li class="broken">.*?<\/li>/s.exec(html)?.[0] ?? ''

test('yes, until the hours end; at another time no, and when next', async () => {
  await member('m1', 'Mia Member')
  const mia = { membershipId: 'm1', lockId: 'l1' }
  const now = await page(mia)
  expect(answerOf(now)).toBe('Yes, until 18:00')
  expect(now).toContain('Does Front door open for Mia Member now?')
  expect(now).toContain('Through the plan Full Time:')
  expect(now.match(/>OK</g)).toHaveLength(10)
  expect(brokenOf(now)).toBe('')
  const evening = await page({ ...mia, at: '2026-03-02T20:30' })
  expect(answerOf(evening)).toBe('No. Next: Tue, 3 Mar 2026, 08:00–18:00')
  expect(evening).toContain('on Mon, 2 Mar 2026, 20:30?')
  expect(evening).toContain('value="2026-03-02T20:30"')
  expect(brokenOf(evening)).toContain('The access group does not open at this time.')
  expect(brokenOf(evening)).toMatch(/href="https:\/\/ks.example\/app"[^>]*>Open SALTO KS/)
  expect(answerOf(await page({ ...mia, at: 'soon' }))).toBe('Yes, until 18:00')
})

test('the first broken link says what is wrong and leads to where it is mended', async () => {
  await member('m1', 'Mia Member', false)
  const html = await page({ membershipId: 'm1', lockId: 'l1' })
  expect(answerOf(html)).toBe('No')
  expect(brokenOf(html)).toContain('Mia Member is not connected.')
  expect(brokenOf(html)).toContain('hx-get="/members?search=Mia+Member"')
  expect(html.match(/class="broken"/g)).toHaveLength(1)
  await member('m2', 'Tom Turner')
  expect(brokenOf(await page({ membershipId: 'm2', lockId: 'l2' }))).toContain(
    'Attic is not in the access group.',
  )
})

test('people are found while typing; a single one is chosen, and many are cut short', async () => {
  await member('m1', 'Mia Member')
  await member('m2', 'Tom Turner')
  const chosen = (html: string) => /<option value="(m\d+)" selected/.exec(html)?.[1]
  expect(chosen(await page({}))).toBeUndefined()
  expect(await page({})).toContain('Choose a person and a door to see')
  expect(chosen(await page({ search: 'TURN' }))).toBe('m2')
  expect(chosen(await page({ search: 'tom', membershipId: 'm1' }))).toBe('m2')
  expect(chosen(await page({ search: 'm', membershipId: 'm1' }))).toBe('m1')
  expect(await page({ search: 'nobody' })).toContain('Nobody to show here.')
  for (let n = 10; n < 60; n++) await member(`m${n}`, `Ann ${n}`, false)
  const many = await page({ search: 'ann 1', membershipId: 'm59' })
  expect(many.match(/<option value="m/g)).toHaveLength(10)
  expect(await page({})).toContain('2 more. Type a name.')
  expect(chosen(await page({ membershipId: 'm2' }))).toBe('m2')
})

test('a member and Activity lead to Why?', async () => {
  await member('m1', 'Mia Member')
  expect(await (await frame.get('/members')).text()).toContain('hx-get="/why?membershipId=m1"')
  expect(await (await frame.get('/activity')).text()).toContain('hx-get="/why"')
})
