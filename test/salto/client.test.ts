import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from '../../src/core/errors.ts'
import { proveBookingGroup, provePlace, proveTag, proveUser } from '../../src/core/fence.ts'
import { asId, type TagId } from '../../src/core/ids.ts'
import type { SiteUser } from '../../src/core/model.ts'
import { isFreeTag, isNotYetThere } from '../../src/salto/assumed.ts'
import { loadContract } from '../support/contracts.ts'
import { strip } from '../support/strip.ts'
import { createWorld, ORIGIN } from './world.ts'

const contract = loadContract('salto-ks-connect-1.1.openapi.yaml')

let world: ReturnType<typeof createWorld>
beforeEach(() => {
  world = createWorld()
  world.server.listen({ onUnhandledFrame: 'error' })
})
afterEach(() => {
  world.server.close()
  const complaints = world.ks.journal
    .filter(({ path, status }) => path.startsWith('/connect/') && status >= 200 && status < 300)
    .flatMap(({ method, path, requestBody }) => {
      const body: unknown = requestBody ? JSON.parse(requestBody) : undefined
      return contract?.checkRequest(method, path.replace('/connect', ''), body) ?? []
    })
  expect(complaints).toEqual([])
})

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )
const nobody = '00000000-0000-4000-8000-000000000000'
const MARKER = '· C482913'

describe('reading', () => {
  test('sites, also as a bare array', async () => {
    const { salto, ks, siteId, ownerId } = world
    const site = {
      siteId,
      name: 'Loft',
      timeZone: 'Europe/Berlin',
      subscriptionValid: true,
      seatsAllowed: 40,
      installationState: 'released',
      ownerSaltoUserId: ownerId,
    }
    expect(await salto.listSites()).toMatchObject([site])
    ks.switches({ bareArrayOfSites: true })
    expect(await salto.listSites()).toMatchObject([site])
    expect(await salto.getSite(siteId)).toMatchObject({ ...site, seatsUsed: 1 })
    ks.setSite(siteId, { seats: null })
    expect(await salto.getSite(siteId)).toMatchObject({ seatsAllowed: null })
    expect(await salto.getMe(siteId)).toMatchObject({ firstName: 'Ada', saltoUserId: ownerId })
  })

  test('every page of the users, and those with an e-mail or a marker', async () => {
    const { salto, ks, siteId } = world
    for (let i = 0; i < 45; i++) {
      const alias = i === 7 ? "Kim O'Neil · C482913" : `Member · C${i}`
      ks.addSiteUser(siteId, {
        firstName: 'Kim',
        lastName: `${i}`,
        alias,
        email: `k${i}@x.example`,
      })
    }
    const users = await salto.listSiteUsers(siteId)
    expect(users).toHaveLength(46)
    expect(new Set(users.map((user) => user.siteUserId)).size).toBe(46)
    const kim = users.find((user) => user.alias?.includes("O'Neil"))!
    expect(kim).toMatchObject({
      firstName: 'Kim',
      email: 'k7@x.example',
      tagNumber: null,
      blocked: false,
      seat: 'subscribed',
      hasProfile: false,
      roles: [{ code: 'site_user', hierarchical: true }],
    })
    expect(kim.siteUserId).not.toBe(kim.saltoUserId)
    expect(await salto.findSiteUsersByMarker(siteId, MARKER)).toEqual([kim])
    expect(await salto.findSiteUsersByMarker(siteId, "O'Neil · C482913")).toEqual([kim])
    expect(await salto.getSiteUser(siteId, kim.siteUserId)).toEqual(kim)
    expect(await salto.getSiteUser(siteId, asId(nobody))).toBeNull()
  })

  test('tags, locks and hubs', async () => {
    const { salto, ks, siteId } = world
    const tagId = ks.addTag(siteId, { number: '00300123' })
    ks.addTag(siteId, { number: '00300124', blocked: true })
    ks.addTag(siteId, { number: '00300125', pod: true })
    const lockId = ks.addLock(siteId, { name: 'Front door' })
    ks.addLock(siteId, { name: 'Locker', type: 'locker_lock' })
    const { siteUserId } = ks.addSiteUser(siteId, { firstName: 'Kim', lastName: 'Key' })
    const tags = await salto.listTags(siteId)
    expect(tags.filter(isFreeTag)).toEqual([
      { tagId, number: '00300123', blocked: false, podTag: false, holder: null },
    ])
    ks.giveTag(siteId, tagId, siteUserId)
    const holder = { siteUserId, name: 'Kim Key' }
    expect(await salto.getTag(siteId, asId(tagId))).toMatchObject({ holder })
    expect(await salto.getTag(siteId, asId(nobody))).toBeNull()
    expect(await salto.listKeys(siteId, asId(siteUserId))).toMatchObject([
      { type: 'tag', credentialId: tagId, blocked: false },
    ])
    expect(await salto.listLocks(siteId)).toEqual([
      { lockId, name: 'Front door', lockType: 'wall_reader', online: true },
    ])
    ks.setIqOnline(siteId, false)
    expect(await salto.listIqs(siteId)).toMatchObject([{ name: 'Hub', online: false }])
  })

  test('access groups and what is in them', async () => {
    const { salto, ks, siteId, ownerId } = world
    const lockId = ks.addLock(siteId, { name: 'Front door' })
    const groupId = asId<never>(
      ks.addAccessGroup(siteId, {
        name: 'Flex',
        lockIds: [lockId],
        schedule: 'always',
        saltoUserIds: [ownerId],
      }),
    )
    ks.addAccessGroup(siteId, { name: 'flex' })
    const flex = { accessGroupId: groupId, name: 'Flex', lockCount: 1 }
    expect(await salto.listAccessGroups(siteId)).toMatchObject([flex, { name: 'flex' }])
    expect(await salto.findAccessGroupsByName(siteId, ' Flex')).toEqual([])
    expect(await salto.findAccessGroupsByName(siteId, 'Flex')).toEqual([flex])
    expect(await salto.getAccessGroup(siteId, groupId)).toEqual(flex)
    expect(await salto.getAccessGroup(siteId, asId(nobody))).toBeNull()
    expect(await salto.listGroupUsers(siteId, groupId)).toEqual([ownerId])
    expect(await salto.listGroupLocks(siteId, groupId)).toEqual([lockId])
    expect(await salto.listGroupSchedules(siteId, groupId)).toMatchObject([
      {
        weekdays: [true, true, true, true, true, true, true],
        startTime: '00:00:00',
        endTime: '23:59:59',
        startLocal: null,
        endLocal: null,
      },
    ])
    const me = await salto.getMe(siteId)
    expect(await salto.listGroupsOfSiteUser(siteId, me!.siteUserId)).toEqual([
      { accessGroupId: groupId, name: 'Flex' },
    ])
  })
})

describe('people', () => {
  test('a user is made without an invitation, changed, invited, seated and deleted', async () => {
    const { salto, ks, siteId, addMia } = world
    const mia = await addMia()
    expect(mia).toMatchObject({ firstName: 'Mia', alias: 'Mia Member · C482913', email: null })
    expect(mia.seat).toBe('subscribed')
    expect(ks.outbox()).toEqual([])
    const { siteUserId } = mia
    await salto.updateSiteUser({ siteId, siteUserId, firstName: 'Maria', blocked: true })
    const read = async () => (await salto.getSiteUser(siteId, siteUserId))!
    expect(await read()).toMatchObject({ firstName: 'Maria', lastName: 'Member', blocked: true })
    const offered = await salto.listRoles(siteId)
    const app = ['site_user', 'site_mobile_user']
    const roleIds = offered.filter(({ code }) => app.includes(code)).map(({ roleId }) => roleId)
    await salto.updateSiteUser({ siteId, siteUserId, email: 'mia@mail.example', roleIds })
    expect(ks.outbox()).toMatchObject([{ to: 'mia@mail.example' }])
    expect((await read()).roles.map((role) => role.code)).toEqual(['site_user', 'site_mobile_user'])
    await salto.setSeat({ siteId, siteUserId, seat: 'suspended' })
    expect((await read()).seat).toBe('suspended')
    await salto.setSeat({ siteId, siteUserId, seat: 'subscribed' })
    expect((await read()).seat).toBe('subscribed')

    const ledger = { siteId, siteUserId, origin: 'made' as const, marker: MARKER }
    const proof = proveUser({ siteId, ledger, siteUser: await read() })!
    await salto.deleteSiteUser(proof)
    await salto.deleteSiteUser(proof)
    expect(await salto.getSiteUser(siteId, siteUserId)).toBeNull()
  })

  test('without a free seat a user is made suspended', async () => {
    const { ks, siteId, addMia } = world
    ks.setSite(siteId, { seats: 1 })
    expect((await addMia()).seat).toBe('suspended')
  })

  test('for a while after it was made a user is not there yet', async () => {
    const { ks, salto, siteId, addMia } = world
    ks.setConsistencyDelay(60_000)
    const { siteUserId, saltoUserId } = await addMia()
    const accessGroupId = asId<never>(ks.addAccessGroup(siteId, { name: 'Flex' }))
    const joined = await failure(salto.joinAccessGroup({ siteId, accessGroupId, saltoUserId }))
    const suspended = await failure(salto.setSeat({ siteId, siteUserId, seat: 'suspended' }))
    for (const error of [joined, suspended]) expect(isNotYetThere(error as Refused)).toBe(true)
  })

  test('a tag is given, refused while somebody holds it, blocked and taken off', async () => {
    const { salto, ks, siteId, addMia } = world
    const tagId = asId<TagId>(ks.addTag(siteId, { number: '00300123' }))
    const mia = await addMia()
    const { siteUserId } = mia
    await salto.assignTag({ siteId, siteUserId, tagId })
    expect((await salto.getSiteUser(siteId, siteUserId))?.tagNumber).toBe('00300123')
    const other = ks.addSiteUser(siteId, { firstName: 'Kim', lastName: 'Key' })
    const taken = salto.assignTag({ siteId, siteUserId: asId(other.siteUserId), tagId })
    expect(await failure(taken)).toBeInstanceOf(Refused)
    const [key] = await salto.listKeys(siteId, siteUserId)
    await salto.blockKey({ siteId, siteUserId, keyId: key!.keyId })
    expect((await salto.listKeys(siteId, siteUserId))[0]?.blocked).toBe(true)
    const tag = await salto.getTag(siteId, tagId)
    const proof = proveTag({ siteId, ledger: { siteId, tagId }, siteUser: mia, tag })!
    await salto.takeTagOff(proof)
    expect(ks.tags(siteId)).toMatchObject([{ number: '00300123', holder: null }])
    ks.removeSiteUser(siteId, siteUserId)
    await salto.takeTagOff(proof)
  })

  test('a PIN is made once the site has them and the user may use one, and comes as digits', async () => {
    const { salto, ks, siteId, addMia, clock } = world
    const mia = await addMia()
    const ledger = { siteId, siteUserId: mia.siteUserId, origin: 'made' as const, marker: MARKER }
    const proof = proveUser({ siteId, ledger, siteUser: mia })!
    ks.addLock(siteId, { name: 'Quay Room', type: 'escutcheon_pin' })
    expect(await failure(salto.givePin(proof, clock.now()))).toBeInstanceOf(Refused)
    expect((await salto.getSite(siteId))?.pinEnabled).toBe(false)
    ks.setSite(siteId, { pinEnabled: true })
    expect((await salto.getSite(siteId))?.pinEnabled).toBe(true)
    await salto.allowPin(proof)
    expect((await salto.getSiteUser(siteId, mia.siteUserId))?.usePin).toBe(true)
    expect((await salto.givePin(proof, clock.now())).pin).toMatch(/^\d{6}$/)
    ks.addFault({ method: 'PUT', status: 200, body: '"none"' })
    const error = await failure(salto.givePin(proof, clock.now()))
    expect(String(error)).toBe('Error: give PIN: answer lacks a body')
  })
})

describe('access groups', () => {
  const makeGroup = async (name: string) => {
    const { salto, siteId } = world
    const group = await salto.createAccessGroup({ siteId, name })
    const ledger = { siteId, accessGroupId: group.accessGroupId, name }
    return { ...group, siteId, proof: proveBookingGroup({ siteId, ledger, group })! }
  }
  const placeOf = (siteUser: SiteUser, group: { accessGroupId: never | string }) => {
    const { siteId } = world
    const accessGroupId = asId<never>(group.accessGroupId)
    const ledger = { siteId, accessGroupId }
    return provePlace({ siteId, ledger, siteUser, observed: new Set([accessGroupId]) })!
  }

  test('joining twice and leaving twice come to the same', async () => {
    const { salto, ks, siteId, addMia, server } = world
    const { accessGroupId } = await makeGroup('Flex')
    const mia = await addMia()
    const place = { siteId, accessGroupId, saltoUserId: mia.saltoUserId }
    await salto.joinAccessGroup(place)
    await salto.joinAccessGroup(place)
    server.use(
      http.post(`${ORIGIN}/connect/*/users`, () =>
        HttpResponse.json({ ErrorCode: '1101' }, { status: 400 }),
      ),
    )
    await salto.joinAccessGroup(place)
    await expect(
      salto.joinAccessGroup({ ...place, saltoUserId: asId(nobody) }),
    ).rejects.toBeInstanceOf(Refused)
    expect(ks.groupByName(siteId, 'Flex')?.users).toEqual([mia.saltoUserId])
    await salto.leaveAccessGroup(placeOf(mia, { accessGroupId }))
    await salto.leaveAccessGroup(placeOf(mia, { accessGroupId }))
    expect(ks.groupByName(siteId, 'Flex')?.users).toEqual([])
  })

  test('a group of our own: locks, one schedule, persons; then all of it out again', async () => {
    const { salto, ks, siteId, addMia } = world
    const lockId = asId<never>(ks.addLock(siteId, { name: 'Quay Room' }))
    const { accessGroupId, proof } = await makeGroup('Cobot 123456789012')
    const group = { siteId, accessGroupId }
    const { saltoUserId } = await addMia()
    await salto.addGroupLock({ ...group, lockId })
    await salto.addGroupLock({ ...group, lockId })
    const window = { startLocal: '2026-03-09T09:00:00', endLocal: '2026-03-09T11:00:00' }
    const { timeScheduleId, ...made } = await salto.createSchedule({ ...group, ...window })
    expect(made).toMatchObject({ ...window, startTime: '00:00:00', endTime: '23:59:59' })
    await salto.joinAccessGroup({ ...group, saltoUserId })
    expect(ks.groupByName(siteId, 'Cobot 123456789012')).toMatchObject({
      users: [saltoUserId],
      locks: [lockId],
    })

    await salto.updateSchedule(proof, timeScheduleId, { startLocal: null, endLocal: null })
    const [always] = await salto.listGroupSchedules(siteId, accessGroupId)
    expect(always).toMatchObject({ timeScheduleId, startLocal: null, endLocal: null })
    for (let twice = 0; twice < 2; twice++) {
      await salto.removeGroupUser(proof, saltoUserId)
      await salto.removeGroupLock(proof, lockId)
      await salto.deleteSchedule(proof, timeScheduleId)
    }
    expect(ks.groupByName(siteId, 'Cobot 123456789012')).toMatchObject({
      users: [],
      locks: [],
      schedules: [],
    })
    await salto.deleteAccessGroup(proof)
    await salto.deleteAccessGroup(proof)
    expect(ks.groups(siteId)).toEqual([])
  })
})

describe('when SALTO is not as it should be', () => {
  test('a link to another host is followed on ours, and no token leaves', async () => {
    const { salto, siteId, server } = world
    const strangers: string[] = []
    server.use(
      http.all('https://evil.example/*', ({ request }) => {
        strangers.push(request.url)
        return HttpResponse.json({ items: [], next_page_link: null })
      }),
      http.get(`${ORIGIN}/connect/v1.2/sites/${siteId}/iqs`, ({ request }) => {
        const isSecond = new URL(request.url).searchParams.has('$skip')
        const next_page_link = isSecond ? null : 'https://evil.example/iqs?$skip=1'
        const items = [{ id: isSecond ? 'iq2' : 'iq1', customer_reference: null, online: true }]
        return HttpResponse.json({ items, next_page_link })
      }),
    )
    expect(await salto.listIqs(siteId)).toMatchObject([{ iqId: 'iq1' }, { iqId: 'iq2' }])
    expect(strangers).toEqual([])
  })

  test.each([
    ['somebody joins', 21, () => world.ks.addTag(world.siteId, { number: '99999999' })],
    ['nobody moves', 21, () => {}],
  ])('a list that is read while %s is whole', async (_, tags, meanwhile) => {
    const { salto, ks, siteId, server } = world
    for (let n = 0; n < tags; n++) ks.addTag(siteId, { number: String(10_000_000 + n) })
    let pages = 0
    server.use(
      http.get(`${ORIGIN}/connect/*`, async ({ request }) => {
        const answer = await ks.handle(request)
        pages += 1
        if (pages === 1) meanwhile()
        return answer
      }),
    )
    const numbers = (await salto.listTags(siteId)).map(({ number }) => number)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toHaveLength(_ === 'nobody moves' ? tags : tags + 1)
  })

  test.each([
    ['more than came', [{ count: 3 }, { count: 3 }]],
    ['another number on each page', [{ count: 2 }, { count: 1 }]],
    ['one of them twice', [{}, { items: [{ id: 'iq0', customer_reference: '', online: true }] }]],
  ])('a list that announces %s is read once more, then refused', async (_, over) => {
    const { salto, siteId, server } = world
    let calls = 0
    server.use(
      http.get(`${ORIGIN}/connect/*`, () => {
        const page = calls++ % 2
        const items = [{ id: `iq${page}`, customer_reference: '', online: true }]
        const next_page_link = page === 0 ? '?$skip=1' : null
        return HttpResponse.json({ items, next_page_link, ...over[page] })
      }),
    )
    await expect(salto.listIqs(siteId)).rejects.toThrow('list IQs: list incomplete')
    expect(calls).toBe(4)
  })

  const readers = {
    'get site': () => world.salto.getSite(world.siteId),
    'list site users': () => world.salto.listSiteUsers(world.siteId),
    'list tags': () => world.salto.listTags(world.siteId),
    'list locks': () => world.salto.listLocks(world.siteId),
    'list IQs': () => world.salto.listIqs(world.siteId),
    'list access groups': () => world.salto.listAccessGroups(world.siteId),
    'list group users': (id: string) => world.salto.listGroupUsers(world.siteId, asId(id)),
    'list group locks': (id: string) => world.salto.listGroupLocks(world.siteId, asId(id)),
    'list group schedules': (id: string) => world.salto.listGroupSchedules(world.siteId, asId(id)),
  }
  test.each<[keyof typeof readers, string]>([
    ['get site', 'subscription_valid'],
    ['get site', 'subscribed_user_amount'],
    ...['next_page_link', 'items', 'items.*.id'].flatMap(
      (field): [keyof typeof readers, string][] => [
        ['list site users', field],
        ['list group users', field],
        ['list group locks', field],
        ['list group schedules', field],
      ],
    ),
    ...[
      'user',
      'user.id',
      'user.email',
      'user.tag_number',
      'user.has_profile',
      'alias',
      'roles',
      'blocked',
      'subscription_state',
    ].map((field): [keyof typeof readers, string] => ['list site users', `items.*.${field}`]),
    ...['tag_number', 'blocked', 'is_pod_tag'].map((field): [keyof typeof readers, string] => [
      'list tags',
      `items.*.${field}`,
    ]),
    ['list locks', 'items.*.lock_type'],
    ['list locks', 'items.*.online'],
    ['list IQs', 'items.*.online'],
    ['list access groups', 'items.*.customer_reference'],
    ['list group schedules', 'items.*.sunday'],
    ['list group schedules', 'items.*.end_time'],
  ])('%s without %s is an error that names the call', async (name, field) => {
    const { salto, ks, siteId, server, addMia } = world
    await addMia()
    const lockId = ks.addLock(siteId, { name: 'Front door' })
    ks.addTag(siteId, { number: '02300001' })
    const [mia] = (await salto.listSiteUsers(siteId)).slice(-1)
    const groupId = ks.addAccessGroup(siteId, {
      name: 'Flex',
      lockIds: [lockId],
      schedule: 'always' as const,
    })
    await salto.joinAccessGroup({
      siteId,
      accessGroupId: asId(groupId),
      saltoUserId: mia?.saltoUserId ?? asId(''),
    })
    const read = () => readers[name](groupId)
    await read()
    server.use(
      http.get(`${ORIGIN}/connect/*`, async ({ request }) => {
        const answer = await ks.handle(request)
        return HttpResponse.json(strip(await answer.json(), field) as object)
      }),
    )
    const error = await failure(read())
    expect(error).toBeInstanceOf(Unavailable)
    expect(String(error)).toContain(`${name}: answer lacks `)
  })

  test('a tag whose holder is not mentioned is free only if there is no key either', async () => {
    const { salto, ks, siteId, server } = world
    ks.addTag(siteId, { number: '02300001' })
    let lacking = ['items.*.site_user']
    server.use(
      http.get(`${ORIGIN}/connect/*`, async ({ request }) => {
        const answer: unknown = await (await ks.handle(request)).json()
        return HttpResponse.json(lacking.reduce(strip, answer) as object)
      }),
    )
    expect(await salto.listTags(siteId)).toMatchObject([{ holder: null }])
    lacking = ['items.*.site_user', 'items.*.site_user_key_id']
    await expect(salto.listTags(siteId)).rejects.toThrow('list tags: answer lacks siteUser')
  })

  test('a list without an end is refused as incomplete', async () => {
    const { salto, siteId, server } = world
    server.use(
      http.get(`${ORIGIN}/connect/*`, () =>
        HttpResponse.json({ items: [], next_page_link: '?$skip=0' }),
      ),
    )
    await expect(salto.listLocks(siteId)).rejects.toThrow('list locks: list incomplete')
  })

  test('unknown values are unknown, missing fields name the call', async () => {
    const { salto, siteId, server, addMia } = world
    const mia = await addMia()
    server.use(
      http.get(`${ORIGIN}/connect/*/keys`, () =>
        HttpResponse.json({
          items: [{ id: 'k', key_id: 'c', type: 'iris', blocked: false }],
          next_page_link: null,
        }),
      ),
      http.get(`${ORIGIN}/connect/*/tags`, () =>
        HttpResponse.json({ items: [{ id: 't' }], next_page_link: null }),
      ),
      http.get(`${ORIGIN}/connect/*/locks`, () => HttpResponse.json({ locks: [] })),
    )
    expect(await salto.listKeys(siteId, mia.siteUserId)).toMatchObject([{ type: 'unknown' }])
    await expect(salto.listTags(siteId)).rejects.toThrow(
      'list tags: answer lacks tagNumber, blocked',
    )
    await expect(salto.listLocks(siteId)).rejects.toThrow('list locks: answer lacks items')
  })

  test('codes may be numbers, and an empty 401 asks for connecting again', async () => {
    const { salto, ks, siteId } = world
    ks.switches({ numericErrorCode: true })
    ks.setSite(siteId, { subscriptionValid: false })
    const error = await failure(salto.createAccessGroup({ siteId, name: 'Flex' }))
    expect(error).toMatchObject({ status: 403, code: '2212' })
    ks.revokeAllTokens()
    expect(await failure(salto.listSites())).toBeInstanceOf(ReconnectNeeded)
  })

  test('pauses, failures and lost answers', async () => {
    const { salto, ks, siteId, clock } = world
    await salto.listSites()
    ks.addFault({ status: 429, headers: { 'retry-after': '5' }, times: 1 })
    const pause = await failure(salto.listSites())
    expect(pause).toBeInstanceOf(RetryLater)
    expect(pause).toMatchObject({ afterMs: 5_000 })
    ks.addFault({ status: 500, body: { ErrorCode: '2201' }, times: 1 })
    expect(await failure(salto.listSites())).toBeInstanceOf(Unavailable)
    ks.addFault({ loseAnswer: true, times: 1 })
    expect(await failure(salto.createAccessGroup({ siteId, name: 'Flex' }))).toBeInstanceOf(
      Unavailable,
    )
    expect(await salto.findAccessGroupsByName(siteId, 'Flex')).toHaveLength(1)
    ks.addFault({ hang: true, times: 1 })
    const hanging = failure(salto.listSites())
    await clock.advance(15_000)
    expect(await hanging).toBeInstanceOf(Unavailable)
  })
})
