// Plans: what is shown of each, what follows before it is saved, and two admins at once.
import { beforeEach, expect, test } from 'vitest'
import type {
  AccessGroupId,
  PairingId,
  PlanId,
  SaltoUserId,
  SiteUserId,
} from '../../src/core/ids.ts'
import { asId } from '../../src/core/ids.ts'
import { saveMemberships, saveSnapshot } from '../../src/db/snapshots.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, list, one, put } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

let world: Awaited<ReturnType<typeof createWorld>>
let frame: Awaited<ReturnType<(typeof world)['openFrame']>>
beforeEach(async () => {
  world = await createWorld()
  frame = await world.openFrame()
  await snapshot('plan', [
    { planId: 'p1', name: 'Full Time', hidden: false },
    { planId: 'p2', name: 'Flex', hidden: false },
  ])
  await snapshot('accessGroup', [group('g1', 'Full Time', 2), group('g2', 'Studio', 0), booked])
  await world.db.tx((tx) => change(tx, 'work', { spaceId: world.spaceId }, { runAt: null }))
})

const group = (accessGroupId: string, name: string, lockCount: number) => ({
  accessGroupId,
  name,
  lockCount,
})
const booked = group('g9', 'Cobot 123456789012', 1)
const idKeys = { plan: 'planId', accessGroup: 'accessGroupId', groupAccess: 'accessGroupId' }
const snapshot = (kind: keyof typeof idKeys, items: object[]) =>
  world.db.tx((tx) =>
    saveSnapshot(tx, world.spaceId, kind, items as never[], {
      readAt: world.clock.now(),
      idOf: (item) => (item as unknown as Record<string, string>)[idKeys[kind]] ?? '',
    }),
  )

/** Somebody on "Full Time", connected, in the groups that are named. */
const member = (name: string, inside: string[], planId: string | null = 'p1') =>
  world.db.tx(async (tx) => {
    const { spaceId, siteId, clock } = world
    const at = clock.now()
    const ids = { membershipId: asId<never>(`m-${name}`), pairingId: asId<PairingId>(`x-${name}`) }
    const { pairingId } = ids
    const plan = {
      planId: planId === null ? null : asId<PlanId>(planId),
      name: 'Full Time',
      canceledTo: null,
    }
    const membership = {
      membershipId: ids.membershipId,
      name,
      email: null,
      cobotUserId: null,
      teamId: null,
      plan: planId ? plan : { ...plan, name: 'Bespoke' },
      upcomingPlan: null,
      confirmedAt: at,
      startsOn: '2026-01-01',
      canceledTo: null,
    }
    await saveMemberships(tx, spaceId, [membership], { readAt: at, timeZone: 'Europe/Berlin' })
    await change(tx, 'memberships', { spaceId, membershipId: ids.membershipId }, { pairingId })
    const person = `membership:${name}`
    await addPairing(tx, { spaceId, siteId, pairingId, person, bySetting: false })
    const siteUser = { siteUserId: asId<SiteUserId>(name), saltoUserId: asId<SaltoUserId>(name) }
    await change(tx, 'pairings', { spaceId, pairingId }, { state: 'paired', ...siteUser })
    for (const id of inside)
      await put(tx, 'groupPlaces', {
        spaceId,
        siteId,
        pairingId,
        accessGroupId: asId(id),
        origin: 'made',
        basis: '',
        joinedAt: at,
        unwantedSince: null,
      })
  })
const mapping = (planId: string, over: object) =>
  world.db.tx((tx) =>
    put(tx, 'planGroups', {
      spaceId: world.spaceId,
      siteId: world.siteId,
      planId: asId<PlanId>(planId),
      accessGroupId: null,
      chosen: null,
      name: 'Full Time',
      origin: 'matched',
      state: 'ready',
      opensNothing: false,
      changedAt: world.clock.now(),
      ...over,
    }),
  )
const mapped = (planId = 'p1') => one(world.db.read, 'planGroups', { planId: asId(planId) })

const rowOf = (page: string, planId: string) =>
  new RegExp(`<tr id="plan-${planId === '*' ? 'other' : planId}".*?</tr>`, 's').exec(page)?.[0] ??
  ''
const read = async () => (await frame.get('/plans')).text()
/** What a browser sends of a page, with other groups chosen for some plans. */
const fieldsOf = (page: string, chosen: Record<string, string[]>): [string, string][] =>
  [...page.matchAll(/name="was:([^"]*)" value="([^"]*)"/g)].flatMap(([, planId = '', was = '']) => {
    const selected = [...rowOf(page, planId).matchAll(/name="groups:[^"]*" value="([^"]*)"/g)]
    const values = chosen[planId] ?? selected.map(([, value = '']) => value)
    const groups = values.map((value): [string, string] => [`groups:${planId}`, value])
    return [[`was:${planId}`, was], ...groups]
  })
const save = async (page: string, chosen: Record<string, string[]>, set?: string) => {
  const confirmed: [string, string][] = set === undefined ? [] : [['confirmed', set]]
  const answer = await frame.post('/plans', [...fieldsOf(page, chosen), ...confirmed])
  const text = await answer.text()
  const asked = /<dialog id="preview".*?<\/dialog>/s.exec(text)?.[0] ?? ''
  const verb = /name="confirmed" value="([^"]*)"[^>]*>([^<]*)/.exec(asked)
  return { status: answer.status, text, asked, set: verb?.[1] ?? '', verb: verb?.[2] ?? '' }
}

test('D6 a row per plan says who is on it, what it opens, and what is wrong with that', async () => {
  const always = { weekdays: Array(7).fill(true), startTime: '00:00:00', endTime: '23:59:59' }
  const office = { ...always, startTime: '08:00:00', endTime: '18:00:00' }
  office.weekdays = [true, true, true, true, true, false, false]
  const limits = { startLocal: null, endLocal: null }
  await mapping('p1', { accessGroupId: 'g1' })
  await mapping('p2', { chosen: ['g1', 'g2'], opensNothing: true })
  await snapshot('groupAccess', [
    { accessGroupId: 'g1', lockIds: ['l1', 'l2'], schedules: [{ ...office, ...limits }] },
    { accessGroupId: 'g2', lockIds: [], schedules: [{ ...always, ...limits }] },
  ])
  await member('Mia', ['g1'])
  await member('Tom', [], null)
  const page = await read()
  expect(rowOf(page, 'p1')).toMatch(/Full Time.*1 person is on it, 1 of them connected/s)
  expect(rowOf(page, 'p1')).toContain('2 locks, Mon–Fri 08:00–18:00')
  expect(rowOf(page, 'p1')).toContain('Access groups: Full Time: ')
  expect(rowOf(page, 'p2')).toMatch(/Studio<span class="hint">no locks yet/)
  expect(rowOf(page, 'p2')).toMatch(/opens nothing.*href="https:\/\/ks.example\/app"/s)
  expect(rowOf(page, '*')).toMatch(/All other plans.*1 person is on it/s)
  expect(page, 'groups of bookings are not offered').not.toContain('Cobot 123456789012')
  expect(page.match(/aria-current="page"/g)).toHaveLength(1)
})

test('D6 Save says who gains and who loses before anything is stored; the button does exactly that', async () => {
  await mapping('p1', { accessGroupId: 'g1' })
  for (const name of ['Mia', 'Tom', 'Ana', 'Olga']) await member(name, ['g1'])
  const page = await read()
  const first = await save(page, { p1: ['g2'] })
  expect(first.asked).toContain('4 people gain Studio.')
  expect(first.asked).toMatch(/4 people lose Full Time\..*<li>Ana<\/li><li>Mia<\/li>/s)
  expect(first.verb).toBe('Move 4 people')
  expect(rowOf(first.text, 'p1')).toContain('value="g2" checked')
  expect(await mapped()).toMatchObject({ chosen: null })
  expect(await world.work()).not.toContainEqual(expect.objectContaining({ cause: /admin/ }))

  const done = await save(page, { p1: ['g2'] }, first.set)
  expect(done.text).toContain('4 people are being moved')
  expect(await mapped()).toMatchObject({ chosen: ['g2'], accessGroupId: 'g1' })
  const asked = (await world.work()).map(({ task, subject }) => `${task} ${subject}`)
  expect(asked).toEqual(expect.arrayContaining(['reconcilePairing x-Mia', 'reconcilePlan p1']))
  const guard = await list(world.db.read, 'guard', { state: 'allowed' })
  expect(guard).toHaveLength(8)
  expect(guard).toContainEqual(
    expect.objectContaining({ subject: 'pairing:x-Ana', accessGroupIds: ['g1'] }),
  )
})

test('D6 who comes in between the question and the answer is asked about as well', async () => {
  await mapping('p1', { accessGroupId: 'g1' })
  await member('Mia', ['g1'])
  const page = await read()
  const first = await save(page, { p1: ['nothing'] })
  expect(first.verb).toBe('Remove 1 person')
  await member('Tom', ['g1'])
  const second = await save(page, { p1: ['nothing'] }, first.set)
  expect(second.asked).toMatch(/Something has changed.*2 people lose/s)
  expect(await mapped()).toMatchObject({ chosen: null })
  await save(page, { p1: ['nothing'] }, second.set)
  expect(await mapped()).toMatchObject({ chosen: [] })
})

test('D6 what another admin saved meanwhile is shown beside what was chosen here; nothing is lost', async () => {
  await mapping('p1', { accessGroupId: 'g1' })
  await mapping('p2', { accessGroupId: null, state: 'several', name: 'Flex' })
  const mine = await read()
  await save(mine, { p1: ['g1', 'g2'], p2: ['g2'] })
  expect(await mapped()).toMatchObject({ chosen: ['g1', 'g2'] })
  const late = await save(mine, { p1: ['nothing'] })
  expect(late.status).toBe(409)
  expect(late.text).toContain('Somebody else saved this page meanwhile')
  expect(rowOf(late.text, 'p1')).toContain('value="nothing" checked')
  expect(rowOf(late.text, 'p1')).toContain(
    'Stored meanwhile: Full Time (2 locks), Studio (0 locks).',
  )
  expect(rowOf(late.text, 'p2'), 'not touched here: theirs').toContain('value="g2" checked')
  await save(late.text, {})
  expect(await mapped()).toMatchObject({ chosen: [] })
  expect(await mapped('p2')).toMatchObject({ chosen: ['g2'] })
})

test.each([
  [[], 'Choose a group'],
  [['name', 'g2'], 'Choose either'],
  [['g9'], 'Choose a group'],
  [['of another site'], 'Choose a group'],
])('D6 %s is refused beside the field, and the others stay as typed', async (values, reason) => {
  const answer = await save(await read(), { p1: values, p2: ['g2'] })
  expect(answer.status).toBe(422)
  expect(rowOf(answer.text, 'p1')).toContain(reason)
  expect(rowOf(answer.text, 'p2')).toContain('value="g2" checked')
  expect(await list(world.db.read, 'planGroups', {})).toEqual([])
})

test('D6 all groups come when a row is opened; by name and nothing are chosen alone', async () => {
  const [, from = ''] = /hx-get="([^"]*)"/.exec(rowOf(await read(), '*')) ?? []
  expect(from).toBe('/plans/*/groups?chosen=name')
  const list = await (await frame.get(from)).text()
  const boxes = [...list.matchAll(/value="(\w+)"( checked="")?( data-alone)?/g)]
  expect(boxes.map(([, ...each]) => each.filter(Boolean).join(''))).toEqual([
    'name checked="" data-alone',
    'nothing data-alone',
    'g1',
    'g2',
  ])
  expect((await frame.get('/plans/p9/groups')).status).toBe(404)
})

test('D6 by name again: a plan without a group of its own forgets its row and what was said of it', async () => {
  await mapping('p2', { chosen: ['g2'] })
  const said = { spaceId: world.spaceId, code: 'P18', subject: 'plan:p2', params: {} } as const
  const at = world.clock.now()
  await world.db.tx((tx) =>
    put(tx, 'problems', {
      ...said,
      source: 'reconcilePlan:p2',
      since: at,
      shownAt: at,
      leftAt: null,
      toldAt: null,
    }),
  )
  await save(await read(), { p2: ['name'] })
  expect(await mapped('p2')).toBeNull()
  expect(await list(world.db.read, 'problems', { code: 'P18' })).toEqual([])
})

test('a group that is gone stays chosen until somebody chooses otherwise, and says so', async () => {
  await mapping('p1', { chosen: ['g1', 'g2'] as AccessGroupId[], state: 'missing' })
  await snapshot('accessGroup', [group('g1', 'Full Time', 2)])
  const page = await read()
  expect(rowOf(page, 'p1')).toContain('Studio (gone from SALTO KS)')
  expect(rowOf(page, 'p1')).toContain('An access group is gone from SALTO KS')
  expect((await save(page, {})).text).toContain('Nothing was changed.')
  expect(await mapped()).toMatchObject({ chosen: ['g1', 'g2'] })
})

test('A6 the overview leads to Plans when a plan opens nothing', async () => {
  await member('Mia', [])
  await snapshot('accessGroup', [])
  const page = await (await frame.get('/overview')).text()
  expect(page).toMatch(/No access group with locks for: Full Time.*hx-get="\/plans">Plans/s)
  await mapping('p1', { chosen: [] })
  expect(await (await frame.get('/overview')).text()).not.toContain('No access group with locks')
})

test('R8 a plan that nobody needed yet shows the group of its name, others open nothing', async () => {
  const page = await read()
  expect(rowOf(page, 'p1')).toMatch(/<\/details>.*Full Time.*2 locks/s)
  expect(rowOf(page, 'p2')).toMatch(/<\/details>.*Opens nothing/s)
})
