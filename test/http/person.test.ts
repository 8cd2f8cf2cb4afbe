// What we hold about one person, as a file: all of it, nobody else, and nothing secret.
import { beforeEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { type AuditEntry, appendAudit } from '../../src/db/audit.ts'
import { replaceProblems } from '../../src/db/problems.ts'
import { saveSnapshot } from '../../src/db/snapshots.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, list, put } from '../../src/db/store.ts'
import { stage } from './people.ts'

const id = asId as (value: string) => never
let on: Awaited<ReturnType<typeof stage>>
beforeEach(async () => {
  on = await stage()
})

const download = async (of: string, frame = on.frame) => {
  const answer = await frame.get(`/members/${of}/file`)
  const text = await answer.text()
  return { answer, text, file: answer.ok ? JSON.parse(text) : null }
}

/** Two people with everything, whose ways cross: a tag, a booking that was handed over, a name. */
const fill = async () => {
  const { db, spaceId, siteId, clock, mara } = on.world
  const now = clock.now()
  const until = new Date(now.getTime() + 3600_000)
  await on.groups({ accessGroupId: 'g1', name: 'Flex doors' })
  await on.memberships([
    { membershipId: 'mia', email: 'mia@members.example', cobotUserId: 'c-mia' },
    { membershipId: 'mia2', cobotUserId: 'c-mia', name: 'Mia Married' },
    { membershipId: 'otto', name: 'Otto Other', email: 'otto@members.example' },
    { membershipId: 'nora', name: 'Nora New' },
  ])
  const pairings: Record<string, string> = {}
  for (const who of ['mia', 'otto'])
    pairings[who] = await on.connect(who, { saltoUserId: id(`p-su-${who}`) })
  await on.users(
    on.user('su-mia', { email: 'mia@members.example', tagNumber: '001' }),
    on.user('su-otto', { firstName: 'Otto', lastName: 'Other', tagNumber: '002' }),
  )
  const other = { siteUserId: id('su-x'), saltoUserId: id('p-x'), name: 'Mia Double' }
  const candidate = { ...other, email: 'double@keys.example', tagNumber: '9', groups: [] }
  await db.tx(async (tx) => {
    await change(
      tx,
      'pairings',
      { pairingId: id(pairings.mia!) },
      { candidates: [{ ...candidate, reason: 'name' }] },
    )
    const room = { resourceId: 'room', name: 'Quay room' }
    const read = { readAt: now, idOf: () => 'room' }
    await saveSnapshot(tx, spaceId, 'resource', [room as never], read)
    for (const who of ['mia', 'otto']) {
      const key = { spaceId, siteId, pairingId: id(pairings[who]!) }
      const place = { accessGroupId: id('g1'), origin: 'made', basis: `${who}/p1`, joinedAt: now }
      await put(tx, 'groupPlaces', { ...key, ...place, unwantedSince: null } as never)
      const tag = { tagId: id(`tag-${who}`), number: `70${who}`, state: 'held' as const }
      await put(tx, 'tagHolders', { ...key, ...tag, doneAt: now })
      await put(tx, 'bookings', {
        spaceId,
        bookingId: id(`b-${who}`),
        resourceId: id('room'),
        membershipId: id(who),
        external: null,
        startsAt: now,
        endsAt: until,
        title: `Plans of ${who}`,
        readAt: now,
        goneAt: null,
      })
      const source = `reconcilePairing:${pairings[who]}`
      const params = { name: who, tag: '1', holder: who === 'mia' ? 'Otto Other' : 'Mia Member' }
      const said = [{ code: 'P19' as const, subject: `pairing:${pairings[who]}`, params }]
      await replaceProblems(tx, spaceId, source, said, now)
    }
    const write = async (more: Partial<AuditEntry>) => {
      const usual = { at: now, cause: 'sweep', task: 'reconcilePairing', subject: pairings.mia! }
      const rest = { action: 'joinAccessGroup', target: {}, reason: null, result: 'asked' }
      await appendAudit(tx, spaceId, { ...usual, ...rest, ...more })
      clock.set(new Date(clock.now().getTime() + 1))
    }
    const mia = { saltoUserId: 'p-su-mia', accessGroupId: 'g1' }
    const otto = { saltoUserId: 'p-su-otto', accessGroupId: 'g1' }
    await write({ target: mia, cause: `admin ${mara}` })
    await write({ target: mia, result: 'done' })
    await write({ target: otto, subject: pairings.otto! })
    // Mia's booking was Otto's before, and one of Otto's was hers.
    const booking = { task: 'reconcileBooking', action: 'addGroupUser' }
    await write({ ...booking, subject: 'b-mia', action: 'removeGroupUser', target: otto })
    await write({ ...booking, subject: 'b-mia', target: mia })
    await write({ ...booking, subject: 'b-otto', action: 'removeGroupUser', target: mia })
    await write({ ...booking, subject: 'b-otto', target: otto })
    // She is an admin as well, and locked Otto out.
    await write({ cause: 'admin c-mia', subject: pairings.otto!, target: otto })
    const admin = { spaceId, kind: 'admin' as const, readAt: now, goneAt: null }
    await put(tx, 'snapshots', { ...admin, id: 'c-mia', data: { name: 'Mia Member' } })
    await put(tx, 'guard', {
      spaceId,
      subject: `pairing:${pairings.mia}`,
      evidence: 'inferred',
      state: 'held',
      accessGroupIds: [id('g1')],
      at: now,
    })
  })
  return pairings
}

test('all that is held about a person is in one file, with names, and times that are unmistakable', async () => {
  await fill()
  const { answer, file } = await download('mia')
  expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
  expect(answer.headers.get('Content-Disposition')).toBe(
    'attachment; filename="person-harbour-mia-2026-03-02.json"',
  )
  const now = '2026-03-02T09:00:00.000Z'
  expect(file).toMatchObject({
    space: 'Harbour Hub',
    timeZone: 'Europe/Berlin',
    memberships: [
      { membershipId: 'mia', email: 'mia@members.example', plan: { name: 'Flex' } },
      { membershipId: 'mia2', name: 'Mia Married' },
    ],
    connections: [
      {
        site: 'Loft',
        siteUserId: 'su-mia',
        saltoUserId: 'p-su-mia',
        state: 'paired',
        groups: [{ name: 'Flex doors', origin: 'made', joinedAt: now }],
        tags: [{ number: '70mia', state: 'held' }],
      },
    ],
    saltoKs: [{ email: 'mia@members.example', tagNumber: '001' }],
    bookings: [{ resource: 'Quay room', title: 'Plans of mia', startsAt: now }],
    problems: [{ code: 'P19', text: expect.stringContaining('belongs to somebody else') }],
    heldBack: [{ state: 'held', groups: ['Flex doors'] }],
    asAdmin: { names: [{ name: 'Mia Member' }], changesMade: [{ action: 'joinAccessGroup' }] },
  })
  expect(file.changes.map(({ what }: { what: string }) => what)).toHaveLength(3)
  expect(file.changes.at(-1)).toMatchObject({ why: 'By an admin', at: now, result: 'done' })
  expect(file.looks.map(({ task }: { task: string }) => task)).toContain('reconcilePairing')
})

test('nobody else is in it, neither a booker before, nor an admin, nor who might be the same', async () => {
  const pairings = await fill()
  const { text } = await download('mia')
  for (const other of [/otto/i, /Nora/, /Mara/, /Double|su-x/, RegExp(pairings.otto!)])
    expect([other, other.test(text)]).toEqual([other, false])
  expect((await download('otto')).text).not.toMatch(/mia|Married/i)
  // Somebody who was never connected has a membership, and no more.
  const { file } = await download('nora')
  expect(file).toMatchObject({ memberships: [{ name: 'Nora New' }], connections: [], changes: [] })
})

test('no secret of ours is in it, and no key of a session', async () => {
  const { db, mara, spaceId } = on.world
  await fill()
  // The admin who looks is a member, too.
  await db.tx((tx) =>
    change(tx, 'memberships', { spaceId, membershipId: id('mia') }, { cobotUserId: id(mara) }),
  )
  const { file, text } = await download('mia')
  expect(file.asAdmin).toMatchObject({ sessions: [{ use: 'setup' }, { use: 'frame' }] })
  expect(file.asAdmin.permissionsGiven).toMatchObject([{ side: 'cobot' }])
  for (const name of ['spaces', 'sessions', 'connections', 'authorizations'] as const)
    for (const row of await list(db.read, name, {}))
      for (const [column, value] of Object.entries(row))
        if (/Sealed|Hash$/.test(column) && value)
          expect([column, text.includes(String(value))]).toEqual([column, false])
  expect(text).not.toContain(on.frame.token)
})

test('a visitor has a file as well, of the booking and what was made for it', async () => {
  const { db, spaceId, siteId, clock } = on.world
  const visit = { startsAt: clock.now(), endsAt: new Date(clock.now().getTime() + 3600_000) }
  const external = { externalBookingId: id('e1'), status: 'approved' as const, name: 'Vic Visitor' }
  await db.tx(async (tx) => {
    await put(tx, 'bookings', {
      spaceId,
      bookingId: id('v1'),
      resourceId: id('room'),
      membershipId: null,
      external,
      ...visit,
      title: null,
      readAt: clock.now(),
      goneAt: null,
    })
    await addPairing(tx, { spaceId, siteId, pairingId: id('pv'), person: 'visitor:v1' })
  })
  expect(await on.text('/members')).toContain('data-download="/members/visitor:v1/file"')
  const { answer, file } = await download('visitor:v1')
  expect(answer.headers.get('Content-Disposition')).toContain('person-harbour-visitor-v1-')
  expect(file).toMatchObject({
    memberships: [],
    connections: [{ site: 'Loft', person: 'visitor:v1' }],
    bookings: [{ external: { name: 'Vic Visitor' } }],
  })
})

test('the file is offered for everybody in the list, whatever their state', async () => {
  await on.memberships([
    { membershipId: 'm1' },
    { membershipId: 'm2', confirmedAt: null },
    { membershipId: 'm3', name: 'Lee Low' },
  ])
  await on.connect('m3')
  const page = await on.text('/members')
  for (const who of ['m1', 'm2', 'm3'])
    expect(on.rowOf(page, `member-${who}`)).toMatch(
      RegExp(`data-download="/members/${who}/file"[^>]*>\\s*Download what we hold`),
    )
  for (const nobody of ['m9', 'visitor:m1', 'visitor:'])
    expect((await download(nobody)).answer.status).toBe(404)
})

test('to erase is offered beside it and asked about by name; the row says so until it is done', async () => {
  await fill()
  const { db, spaceId, mara } = on.world
  const row = on.rowOf(await on.text('/members'), 'member-mia')
  expect(row).toMatch(
    /data-confirm="What the add-on gave to Mia Member [^"]*" data-verb="Erase what we hold about Mia Member"/,
  )
  for (let twice = 0; twice < 2; twice++) {
    const answer = await on.frame.post('/members/mia/erase')
    expect(await answer.text()).toMatch(/hx-trigger="every 2s".*What we hold is being erased/s)
  }
  const pairingId = await on.pairingOf('mia')
  const [pairing] = await list(db.read, 'pairings', { spaceId, pairingId: id(pairingId!) })
  expect(pairing?.state).toBe('leaving')
  const work = await list(db.read, 'work', { spaceId, task: 'tidyUp' })
  const marks = work.flatMap(({ subject, cause }) => (subject === 'space' ? [] : [subject, cause]))
  const by = `admin ${mara}`
  expect(marks.sort()).toEqual([by, by, `mia2:${pairingId}`, `mia:${pairingId}`])
  expect(on.rowOf(await on.text('/members'), 'member-otto')).not.toContain('being erased')
})

test('who ended is found by a filter of their own, with the file and the way to erase, and no more', async () => {
  const { db, spaceId, clock } = on.world
  const ids = ['gone', 'past', 'here', 'never']
  await on.memberships([
    { membershipId: 'gone', name: 'Gus Gone' },
    { membershipId: 'past', canceledTo: '2026-02-20' },
    { membershipId: 'here' },
    { membershipId: 'never', confirmedAt: null, canceledTo: '2026-02-20' },
  ])
  for (const who of ['gone', 'here']) await on.connect(who)
  const gone = { spaceId, membershipId: id('gone') }
  await db.tx((tx) => change(tx, 'memberships', gone, { goneAt: clock.now() }))
  const shown = async (query: string) => {
    const page = await on.text(`/members${query}`)
    return ids.filter((each) => on.rowOf(page, `member-${each}`))
  }
  expect(await shown('')).toEqual(['here'])
  expect(await shown('?filter=ended')).toEqual(['gone', 'past', 'never'])
  expect(await shown('?filter=ended&search=gus')).toEqual(['gone'])
  const row = on.rowOf(await on.text('/members?filter=ended'), 'member-gone')
  expect(row).toMatch(/ended.*\/members\/gone\/file.*\/members\/gone\/erase/s)
  expect(row).not.toMatch(/disconnect|lock-out|\/tag/)
  await on.frame.post('/members/gone/erase')
  expect(on.rowOf(await on.text('/members?filter=ended'), 'member-gone')).toContain('leaving…')
})
