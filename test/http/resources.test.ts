// Map resources: what is proposed, what follows before it is saved, and two admins at once.
import { beforeEach, expect, test } from 'vitest'
import {
  asId,
  type BookingId,
  type MembershipId,
  type PairingId,
  type ResourceId,
} from '../../src/core/ids.ts'
import { saveMemberships, saveSnapshot } from '../../src/db/snapshots.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, list, one, put } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<(typeof world)['openFrame']>>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
  await world.db.tx((tx) => change(tx, 'work', { spaceId: world.spaceId }, { runAt: null }))
})

const snapshot = (kind: 'lock' | 'resource', names: Record<string, string>) => {
  const items = Object.entries(names).map(([id, name]) =>
    kind === 'lock'
      ? { lockId: id, name, lockType: 'wall', online: true }
      : { resourceId: id, name },
  )
  return world.db.tx((tx) =>
    saveSnapshot(tx, world.spaceId, kind, items as never[], {
      readAt: world.clock.now(),
      idOf: (item) => (item as unknown as Record<string, string>)[`${kind}Id`] ?? '',
    }),
  )
}
const locks = { l1: 'Quay Room', l2: 'Twin', l3: 'twin', l4: 'Front' }
const listed = async () => {
  await snapshot('resource', { r1: 'Quay  room', r2: 'Twin', r3: 'Attic' })
  await snapshot('lock', locks)
}
const door = (resourceId: string, over: object = {}) =>
  world.db.tx((tx) =>
    put(tx, 'resourceDoors', {
      spaceId: world.spaceId,
      siteId: world.siteId,
      resourceId: asId<ResourceId>(resourceId),
      enabled: true,
      lockIds: [asId<never>('l1')],
      minutesBefore: 0,
      minutesAfter: 0,
      ...over,
    }),
  )
const stored = (id: string) =>
  one(world.db.read, 'resourceDoors', { resourceId: asId<ResourceId>(id) })
const at = (hours: number) => new Date(world.clock.now().getTime() + hours * 3600_000)

/** A booking of "Quay room" by somebody, connected or not. */
const booking = (bookingId: string, from: number, to: number, more: { connected?: boolean } = {}) =>
  world.db.tx(async (tx) => {
    const { spaceId, siteId } = world
    const membershipId = asId<MembershipId>(`m-${bookingId}`)
    const pairingId = asId<PairingId>(`x-${bookingId}`)
    const person = { name: `Member ${bookingId}`, email: null, cobotUserId: null, teamId: null }
    const plan = { planId: asId<never>('p1'), name: 'Flex', canceledTo: null }
    const term = {
      confirmedAt: at(0),
      startsOn: '2026-01-01',
      canceledTo: null,
      upcomingPlan: null,
    }
    const read = { readAt: at(0), timeZone: 'Europe/Berlin' }
    await saveMemberships(tx, spaceId, [{ membershipId, ...person, plan, ...term }], read)
    if (more.connected !== false) {
      await addPairing(tx, {
        spaceId,
        siteId,
        pairingId,
        bySetting: false,
        person: `membership:${membershipId}`,
      })
      await change(tx, 'pairings', { spaceId, pairingId }, { state: 'paired' })
      await change(tx, 'memberships', { spaceId, membershipId }, { pairingId })
    }
    await put(tx, 'bookings', {
      spaceId,
      bookingId: asId<BookingId>(bookingId),
      resourceId: asId<ResourceId>('r1'),
      membershipId,
      external: null,
      title: null,
      goneAt: null,
      readAt: at(0),
      startsAt: at(from),
      endsAt: at(to),
    })
  })

const rowOf = (page: string, id: string) =>
  new RegExp(`<tr id="resource-${id}".*?</tr>`, 's').exec(page)?.[0] ?? ''
const read = async () => (await frame.get('/resources')).text()
/** What is chosen in a row that nobody opened. */
const chosenIn = (row: string) =>
  [...row.matchAll(/name="locks:[^"]*" value="([^"]*)"/g)].map(([, each = '']) => each)
type Typed = { on?: boolean; locks?: string[]; before?: string; after?: string }
/** What a browser sends of a page, with some rows typed otherwise. */
const fieldsOf = (page: string, typed: Record<string, Typed>): [string, string][] =>
  [...page.matchAll(/name="was:([^"]*)" value="([^"]*)"/g)].flatMap(([, id = '', was = '']) => {
    const row = rowOf(page, id)
    const { on = row.includes(`value="${id}" checked`), ...rest } = typed[id] ?? {}
    const value = (name: string) =>
      new RegExp(`${name}:${id}" value="([^"]*)"`).exec(row)?.[1] ?? ''
    const selected = chosenIn(row)
    const fields: [string, string][] = [
      [`was:${id}`, was],
      [`before:${id}`, rest.before ?? value('before')],
      [`after:${id}`, rest.after ?? value('after')],
      ...(rest.locks ?? selected).map((each): [string, string] => [`locks:${id}`, each]),
    ]
    return on ? [...fields, ['enabled', id]] : fields
  })
const save = async (page: string, typed: Record<string, Typed>, set?: string) => {
  const confirmed: [string, string][] = set === undefined ? [] : [['confirmed', set]]
  const answer = await frame.post('/resources', [...fieldsOf(page, typed), ...confirmed])
  const text = await answer.text()
  const asked = /<dialog id="preview".*?<\/dialog>/s.exec(text)?.[0] ?? ''
  const verb = /name="confirmed" value="([^"]*)"[^>]*>([^<]*)/.exec(asked)
  return { status: answer.status, text, asked, set: verb?.[1] ?? '', verb: verb?.[2] ?? '' }
}

test('B1 B2 the lock of the same name is preselected; none or several say so', async () => {
  await listed()
  const page = await read()
  expect(chosenIn(rowOf(page, 'r1'))).toEqual(['l1'])
  expect(rowOf(page, 'r2')).toContain('Several locks have this name')
  expect(rowOf(page, 'r2')).toContain('>no lock</span>')
  expect(rowOf(page, 'r3')).toContain('No lock has this name')
  expect(rowOf(page, 'r3')).toContain('Locks: Attic: ')
})

test('B3 the whole list of locks comes when a row is opened, with what is chosen there, and ends nowhere', async () => {
  await listed()
  const page = await read()
  const [, from = ''] = /hx-get="([^"]*)"/.exec(rowOf(page, 'r1')) ?? []
  expect(from).toBe('/resources/r1/locks?chosen=l1')
  const list = await (await frame.get(`${from}&chosen=l4`)).text()
  const boxes = [...list.matchAll(/name="locks:r1" value="(\w+)"( checked)?/g)]
  expect(boxes.map(([, id, checked]) => id + (checked ?? ''))).toEqual([
    'l4 checked',
    'l1 checked',
    'l3',
    'l2',
  ])
  expect(list).toContain('<legend class="unseen">Locks: Quay  room</legend>')
  expect((await frame.get('/resources/r9/locks')).status).toBe(404)
})

test('B3 Save stores the whole table, several locks and minutes; without bookings nothing is asked', async () => {
  await listed()
  const { db, spaceId, siteId } = world
  const typed = { r1: { on: true, locks: ['l1', 'l4'], before: '10', after: '5' } }
  const answer = await save(await read(), typed)
  expect(answer.status).toBe(200)
  expect(answer.text).toContain('Saved.')
  const doors = await list(db.read, 'resourceDoors', { spaceId, siteId })
  expect(doors.map(({ resourceId }) => resourceId)).toEqual(['r1'])
  expect(await stored('r1')).toMatchObject({ enabled: true, minutesBefore: 10, minutesAfter: 5 })
  expect((await stored('r1'))?.lockIds.sort()).toEqual(['l1', 'l4'])
  expect((await save(answer.text, {})).text).toContain('Nothing was changed.')
})

test('B4 Save says which bookings get access and which lose it, before it is done', async () => {
  await listed()
  await booking('b1', 1, 2)
  await booking('b2', 400, 401)
  await booking('b3', 5, 6, { connected: false })
  await booking('b4', -3, -2)
  const page = await read()
  const first = await save(page, { r1: { on: true } })
  expect(first.asked).toContain('2 upcoming bookings get access.')
  expect(first.asked).toContain('Member b1 · Quay  room · Mon, 2 Mar 2026, 11:00')
  expect(first.asked).toContain('1 upcoming booking is by somebody who is not connected.')
  expect(first.asked).not.toContain('Member b4')
  expect(first.verb).toBe('Give access to 2 bookings')
  expect(await stored('r1')).toBeNull()
  const done = await save(page, { r1: { on: true } }, first.set)
  expect(done.text).toContain('Saved.')
  expect(await world.work()).toContainEqual(
    expect.objectContaining({ task: 'reconcileBooking', subject: 'b1' }),
  )
  const other = await save(done.text, { r1: { locks: ['l1', 'l4'] } })
  expect(other.asked).toContain('2 upcoming bookings open other locks, or at other times.')
  expect(other.verb).toBe('Change access of 2 bookings')
  const off = await save(done.text, { r1: { on: false } })
  expect(off.asked).toContain('2 upcoming bookings lose access.')
  expect(off.verb).toBe('End access of 2 bookings')
  await booking('b5', 7, 8)
  const late = await save(done.text, { r1: { on: false } }, off.set)
  expect(late.asked).toMatch(/Something has changed.*3 upcoming bookings lose access/s)
  await save(done.text, { r1: { on: false } }, late.set)
  expect(await stored('r1')).toMatchObject({ enabled: false })
  const allowed = await list(world.db.read, 'guard', { state: 'allowed' })
  expect(allowed.map(({ subject }) => subject).sort()).toEqual([
    'booking:b1',
    'booking:b2',
    'booking:b5',
  ])
})

test('B3 B4 fewer minutes end what runs only by them', async () => {
  await listed()
  await door('r1', { minutesAfter: 60 })
  await booking('b1', -2, -0.5)
  const page = await read()
  const asked = await save(page, { r1: { after: '0' } })
  expect(asked.asked).toContain('1 upcoming booking loses access.')
  await save(page, { r1: { after: '0' } }, asked.set)
  expect(await world.work()).toContainEqual(expect.objectContaining({ subject: 'b1', priority: 1 }))
})

test('what another admin saved meanwhile is shown beside what was typed; nothing is lost', async () => {
  await listed()
  await door('r1')
  await door('r2', { lockIds: [asId<never>('l2')] })
  const mine = await read()
  await save(mine, { r1: { locks: ['l4'], after: '15' }, r2: { on: false } })
  const late = await save(mine, { r1: { before: '30' } })
  expect(late.status).toBe(409)
  expect(late.text).toContain('Somebody else saved this page meanwhile')
  expect(rowOf(late.text, 'r1')).toContain(
    'Stored meanwhile: switched on; Front; minutes 0 and 15.',
  )
  expect(rowOf(late.text, 'r1')).toContain('value="30"')
  expect(rowOf(late.text, 'r2'), 'not touched here: theirs').not.toContain('value="r2" checked')
  await save(late.text, {})
  expect(await stored('r1')).toMatchObject({ lockIds: ['l1'], minutesBefore: 30, minutesAfter: 0 })
  expect(await stored('r2')).toMatchObject({ enabled: false })
})

test('B4 C3 bookings by people who are not connected are told of, though nothing has to be asked', async () => {
  await listed()
  await booking('b1', 60, 120, { connected: false })
  const saved = await save(await read(), { r1: { on: true } })
  expect(saved.asked).toBe('')
  expect(saved.text).toContain('1 upcoming booking is by somebody who is not connected.')
})

test('B2 B3 nothing is saved while a row is wrong; it comes back as typed, with the reason', async () => {
  await listed()
  const answer = await save(await read(), { r3: { on: true }, r1: { before: '500' } })
  expect(answer.status).toBe(422)
  expect(rowOf(answer.text, 'r3')).toMatch(/checked="".*Choose a lock before/s)
  expect(rowOf(answer.text, 'r1')).toMatch(/value="500"[^>]*aria-invalid.*from 0 to 240/s)
  expect(await list(world.db.read, 'resourceDoors', {})).toEqual([])
})

test('B5 a resource deleted in Cobot and a lock gone from KS say so in their rows; others can be saved', async () => {
  await listed()
  await door('r1')
  await door('r2', { lockIds: [asId<never>('l2')] })
  await door('r3', { enabled: false })
  await snapshot('resource', { r1: 'Quay  room', r4: 'Cellar' })
  await snapshot('lock', { l1: 'Quay Room', l4: 'Front' })
  await door('r1', { lockIds: [asId<never>('l1'), asId<never>('l2')] })
  const page = await read()
  expect(rowOf(page, 'r2')).toContain('This resource is gone from Cobot. Switch it off.')
  expect(rowOf(page, 'r1')).toMatch(/Twin \(gone.*value="l2".*A lock that was chosen is gone/s)
  expect(rowOf(page, 'r3'), 'switched off and gone: no row').toBe('')
  const saved = await save(page, { r4: { on: true, locks: ['l4'] } })
  expect(saved.text).toContain('Saved.')
  expect(await stored('r1')).toMatchObject({ enabled: true, lockIds: ['l1', 'l2'] })
  expect(rowOf((await save(saved.text, { r2: { on: false } })).text, 'r2')).toBe('')
})

test('without resources or locks the page says where they come from', async () => {
  expect(await read()).toContain('nothing to book')
  await snapshot('resource', { r1: 'Attic' })
  expect(await read()).toContain('No locks were found')
})
