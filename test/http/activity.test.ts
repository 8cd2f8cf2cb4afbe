// E1, E2: what changed, when, for whom and why; by person and cause, a page at a time, and as a file.
import { beforeEach, expect, test } from 'vitest'
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import { type AuditEntry, appendAudit } from '../../src/db/audit.ts'
import { saveBookings, saveMemberships, saveOne } from '../../src/db/snapshots.ts'
import { addPairing, removePairing } from '../../src/db/spaces.ts'
import { change, take } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<(typeof world)['openFrame']>>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
})

const text = async (path: string) => (await frame.get(path)).text()
const linesOf = (page: string) =>
  [...page.matchAll(/<tr><td.*?<\/tr>/gs)].map(([row]) =>
    row
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  )

const person = async (id: string, name: string) => {
  const { db, spaceId, siteId, clock } = world
  const membershipId = asId<MembershipId>(`m-${id}`)
  const pairingId = asId<PairingId>(`p-${id}`)
  const membership = {
    membershipId,
    name,
    email: null,
    cobotUserId: null,
    teamId: null,
    plan: { planId: asId<never>('full'), name: 'Full Time', canceledTo: null },
    upcomingPlan: null,
    confirmedAt: clock.now(),
    startsOn: '2026-01-01',
    canceledTo: null,
  }
  await db.tx(async (tx) => {
    const read = { readAt: clock.now(), timeZone: 'Europe/Berlin' }
    await saveMemberships(tx, spaceId, [membership], read)
    await addPairing(tx, {
      spaceId,
      siteId,
      pairingId,
      bySetting: false,
      person: `membership:${membershipId}`,
    })
    const saltoUserId = asId<never>(`salto-${id}`)
    await change(tx, 'pairings', { spaceId, pairingId }, { saltoUserId })
    await change(tx, 'memberships', { spaceId, membershipId }, { pairingId })
  })
  return { membershipId, pairingId }
}

const snapshot = (kind: 'accessGroup' | 'tag' | 'resource' | 'lock', id: string, data: object) =>
  world.db.tx((tx) =>
    saveOne(tx, world.spaceId, kind, id, { data: data as never, readAt: world.clock.now() }),
  )

const write = async (entry: Partial<AuditEntry>, result: string | null = 'done') => {
  const row: AuditEntry = {
    at: world.clock.now(),
    cause: 'sweep',
    task: 'reconcilePairing',
    subject: 'p-mia',
    action: 'joinAccessGroup',
    target: {},
    reason: 'entitled m-mia/full/1/',
    result: 'asked',
    ...entry,
  }
  await world.db.tx(async (tx) => {
    await appendAudit(tx, world.spaceId, row)
    if (result) await appendAudit(tx, world.spaceId, { ...row, result })
  })
}

test('each change is one line: when, who, what, why, and what came of it', async () => {
  await person('mia', 'Mia Member')
  await snapshot('accessGroup', 'g1', { name: 'Full Time' })
  await snapshot('tag', 't1', { number: '0421' })
  await write({ target: { accessGroupId: 'g1' }, cause: 'webhook confirmed_membership' })
  await write({ action: 'takeTagOff', target: { tagId: 't1' }, cause: `admin ${world.mara}` })
  await write({ action: 'setSeat', target: { seat: 'subscribed' } }, 'Refused 403 2212')
  await write({ action: 'leaveAccessGroup', target: { accessGroupId: 'g1' }, cause: 'date' })
  await world.clock.advance(60_000)
  await write({ action: 'updateSiteUser', target: { blocked: 'true' } }, null)
  const at = 'Mon, 2 Mar 2026, 10:00 Mia Member'
  expect(linesOf(await text('/activity'))).toEqual([
    'Mon, 2 Mar 2026, 10:01 Mia Member was locked out Full comparison under way',
    `${at} was taken out of Full Time A date was reached done`,
    `${at} Tried: got a seat Full comparison refused: no free seat or subscription in SALTO KS`,
    `${at} tag 0421 was taken back By Mara done`,
    `${at} was put into Full Time Cobot: the membership was confirmed done`,
  ])
  await world.clock.advance(180_000)
  expect(linesOf(await text('/activity'))[0]).toContain('Tried: was locked out')
  await write({ action: 'updateSiteUser', target: {}, reason: 'admin invited' })
  expect(linesOf(await text('/activity'))[0]).toContain('was invited to the app')
})

test('the changes of a booking name who booked, the resource and the hours', async () => {
  const { membershipId } = await person('mia', 'Mia Member')
  await snapshot('resource', 'r1', { resourceId: 'r1', name: 'Meeting Room 1' })
  await snapshot('lock', 'l1', { name: 'Oak door' })
  const booking = {
    bookingId: asId<never>('b1'),
    resourceId: asId<never>('r1'),
    membershipId,
    external: null,
    title: null,
    startsAt: new Date('2026-03-03T13:00:00Z'),
    endsAt: new Date('2026-03-03T15:00:00Z'),
  }
  await world.db.tx((tx) => saveBookings(tx, world.spaceId, [booking], world.clock.now()))
  const reason = 'booking b1 2026-03-03T14:00:00/2026-03-03T16:00:00 Europe/Berlin'
  const about = { task: 'reconcileBooking', subject: 'b1', reason }
  const inside = { accessGroupId: 'g9', saltoUserId: 'salto-mia' }
  await write({ ...about, action: 'createAccessGroup' })
  await write({ ...about, action: 'addGroupLock', target: { lockId: 'l1' } })
  await write({ ...about, target: inside })
  await write({ ...about, action: 'deleteAccessGroup', reason: 'booking b1 ended 2026-03-03' })
  const who = 'Mia Member Meeting Room 1, Tue, 3 Mar 2026, 14:00–16:00'
  const lines = linesOf(await text('/activity?search=mia')).map((line) => line.slice(23))
  expect(lines).toEqual([
    `${who} booking group was removed Full comparison done`,
    `${who} was put into the booking group Full comparison done`,
    `${who} Oak door opens for the booking Full comparison done`,
    `${who} booking group was made Full comparison done`,
  ])
  // What is forgotten of a booking its own group still tells.
  await world.db.tx((tx) => take(tx, 'bookings', { spaceId: world.spaceId }))
  const [removed, , , made] = linesOf(await text('/activity'))
  expect(removed).toContain('Mia Member booking group was removed')
  expect(made).toContain('Mia Member Tue, 3 Mar 2026, 14:00–16:00 booking group was made')
})

test('somebody who was disconnected keeps the name until forgotten', async () => {
  const { pairingId } = await person('mia', 'Mia Member')
  await write({ target: { accessGroupId: 'g1' } })
  await write({ action: 'deleteSiteUser', reason: 'admin disconnected' })
  await world.db.tx((tx) => removePairing(tx, world.spaceId, pairingId))
  expect(linesOf(await text('/activity?search=MEMBER'))).toHaveLength(2)
  await world.db.tx((tx) => take(tx, 'memberships', { spaceId: world.spaceId }))
  const lines = linesOf(await text('/activity'))
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line).toContain('somebody who left')
  expect(await text('/activity?search=MEMBER')).toContain('No change fits this search.')
})

test('the person and the kind of cause filter, in German too', async () => {
  await person('mia', 'Mia Member')
  await person('jo', 'Jörg Öhm')
  await write({ cause: 'admin somebody' })
  await write({ subject: 'p-jo', cause: 'webhook created_membership' })
  await write({ subject: 'p-jo', cause: 'start' })
  const found = async (query: string) =>
    linesOf(await text(`/activity?${query}`)).map((line) => /Mia|Jörg/.exec(line)?.[0])
  expect(await found('search=ÖHM')).toEqual(['Jörg', 'Jörg'])
  expect(await found('cause=admin')).toEqual(['Mia'])
  expect(await found('search=jörg&cause=webhook')).toEqual(['Jörg'])
  expect(await found('cause=comparison')).toEqual(['Jörg'])
  expect(await found('cause=date')).toEqual([])
  frame = await world.openFrame('de')
  expect(linesOf(await text('/activity?cause=admin'))[0]).toContain('Durch ein Admin'.slice(0, 5))
})

test('a hundred lines a page, the newest first', async () => {
  await person('mia', 'Mia Member')
  for (let n = 0; n < 101; n++) await write({ target: { accessGroupId: `g${n}` } }, null)
  const first = await text('/activity?search=mia')
  expect(linesOf(first)).toHaveLength(100)
  expect(first).not.toContain('>Newest<')
  const vals = /hx-vals="([^"]+)">Older/.exec(first)?.[1]?.replaceAll('&quot;', '"') ?? '{}'
  const second = await text(`/activity?${new URLSearchParams(JSON.parse(vals))}`)
  expect(linesOf(second)).toHaveLength(1)
  expect(second).toContain('>Newest<')
  expect(second).not.toContain('>Older<')
})

test('the file holds all that is found, safe for spreadsheets, and only for an admin', async () => {
  await person('mia', '=HYPERLINK("http://evil.example")')
  await person('tom', 'Tom Turner')
  for (let n = 0; n < 120; n++) await write({ target: { accessGroupId: `g${n}` } })
  await write({ subject: 'p-tom' })
  const path = '/activity/file?search=hyper&cause=all'
  const answer = await frame.get(path)
  expect(answer.headers.get('Content-Type')).toBe('text/csv; charset=utf-8')
  expect(answer.headers.get('Content-Disposition')).toContain(
    'filename="activity-harbour-2026-03-02.csv"',
  )
  const lines = (await answer.text()).trimEnd().split('\r\n')
  expect(lines[0]).toBe('When (Europe/Berlin),Who,Booking,What,Why,Result')
  expect(lines).toHaveLength(121)
  expect(lines[1]).toBe(
    `2026-03-02 10:00:00,"'=HYPERLINK(""http://evil.example"")",,was put into (not there any more),Full comparison,done`,
  )
  expect((await world.app.request(path)).status).toBe(401)
})

test('Activity leads to the events of the site in SALTO KS', async () => {
  const page = await text('/activity')
  expect(page).toContain(`href="https://ks.example/app/sites/${world.siteId}/events"`)
  expect(page).toContain('Nothing was changed in SALTO KS yet.')
})
