// Every write to KS is explained: what brought it up, what it rests on, what came of it. RELIABILITY
// I9, T27; and what is forgotten, and when.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { list, put, type Row } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { verifyAudit } from '../support/audit.ts'
import { hour, hub, minute, stage } from './stage.ts'

const { start, user, isIn, connected, giveTag, lookAt, rows } = stage()
const day = 24 * hour

const auditRows = async () => (await rows('audit')).sort((a, b) => a.number - b.number)

test('I9 every write has its cause, what it rests on, and what came of it; no row names anybody', async () => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  await giveTag(pairingId)
  const bookingId = world.book(membershipId, '2026-11-25T09:00:00Z', '2026-11-25T10:00:00Z')
  const gone = world.book(membershipId, '2026-11-25T12:00:00Z', '2026-11-25T13:00:00Z')
  await world.settle()
  world.cobot.deleteBooking(gone)
  await world.act((tx) => clicks.lockOut(tx, world.click(), pairingId, true))
  await world.settle()
  await world.act((tx) => clicks.lockOut(tx, world.click(), pairingId, false))
  await world.act((tx) => clicks.setTag(tx, world.click(), asId(world.tagIds[0]!), 'returning'))
  const { pairingId: tom, membershipId: tomId } = await connected('Tom Turner')
  world.cobot.deleteMembership(hub, tomId)
  await connected('Eve Ewing', { planId: world.flex })
  world.cobot.cancelMembership(hub, membershipId, '2026-11-26')
  await world.settle()
  await world.advanceTo('2026-11-25T23:30:00Z', hour)

  const all = await auditRows()
  const asked = all.filter(({ result }) => result === 'asked')
  expect(asked).toHaveLength(world.salto.writes())
  for (const each of all)
    expect(each, JSON.stringify(each)).toMatchObject({ reason: /./, cause: /./ })
  for (const [index, each] of asked.entries()) {
    const next = all[all.indexOf(each) + 1]
    expect(next, `an answer to ${index}`).toMatchObject({ action: each.action, result: 'done' })
    expect(next?.target).toMatchObject(each.target)
  }
  const from = new Date('2026-10-31T23:00:00Z').getTime()
  const basis = `${membershipId}/${world.fullTime}/${from}/`
  const of = (subject: string, action: string) =>
    all
      .filter((each) => each.subject === subject && each.action === action)
      .filter(({ result }) => result !== 'asked')
      .map(({ reason, cause }) => `${cause}: ${reason}`)
  expect(of(pairingId, 'createSiteUser')).toEqual([`admin Mara: entitled ${basis}`])
  expect(of(pairingId, 'joinAccessGroup')).toEqual([`admin Mara: entitled ${basis}`])
  expect(of(pairingId, 'assignTag')).toEqual(['admin Mara: admin assigned'])
  expect(of(pairingId, 'updateSiteUser')).toEqual([
    'admin Mara: admin locked out',
    'admin Mara: admin let in',
  ])
  expect(of(pairingId, 'takeTagOff')).toEqual(['admin Mara: admin took back'])
  expect(of(pairingId, 'leaveAccessGroup')).toEqual([
    expect.stringContaining(`date: dated, was ${membershipId}/`),
  ])
  expect(of(tom, 'leaveAccessGroup')).toEqual([expect.stringMatching(`: direct, was ${tomId}/`)])
  const hours = '2026-11-25T10:00:00/2026-11-25T11:00:00 Europe/Berlin'
  expect(of(bookingId, 'joinAccessGroup')).toEqual([
    `webhook created_booking: booking ${bookingId} ${hours}`,
  ])
  expect(of(gone, 'deleteAccessGroup')).toEqual([`webhook deleted_booking: booking ${gone} direct`])
  expect(all.find(({ action }) => action === 'createSchedule')).toBeDefined()
  expect(JSON.stringify(all.map(({ cause: _, ...each }) => each))).not.toMatch(
    /Mia|Tom|Eve|members\.example/,
  )
  expect(await verifyAudit(world.db.read, world.spaceId)).toBeNull()
})

test('I9 a write whose process died before the answer is in the audit, and so is what it rests on', async () => {
  const world = await start()
  const { membershipId, pairingId } = await connected('Mia Member')
  await connected('Eve Ewing', { planId: world.flex })
  const { fetch, clock } = world.deps.ports
  const died = Promise.withResolvers<void>()
  let isDead = false
  const ports = {
    ...world.deps.ports,
    // With the process its timers die: no time-out goes off, and nobody renews its lease.
    clock: {
      ...clock,
      after: (ms: number, then: () => void) => clock.after(ms, () => isDead || then()),
    },
    fetch: async (request: Request): Promise<Response> => {
      const answer = await fetch(request)
      if (request.method !== 'DELETE') return answer
      isDead = true
      died.resolve()
      return new Promise(() => {})
    },
  }
  world.cobot.deleteMembership(hub, membershipId)
  await world.cobot.deliverAll()
  const dying = createWorker({ ...world.deps, ports }, handlers)
  const live = async () => {
    for (let round = 0; round < 20 && !isDead; round++) {
      await dying.drain()
      await world.clock.advance(5000)
    }
  }
  await Promise.race([died.promise, live()])
  expect(isIn('Mia Member', 'Full Time')).toBe(false)
  expect((await auditRows()).at(-1)).toMatchObject({
    subject: pairingId,
    action: 'leaveAccessGroup',
    result: 'asked',
    reason: expect.stringContaining(`direct, was ${membershipId}/`),
  })
  await world.advance(2 * minute)
  expect(await verifyAudit(world.db.read, world.spaceId)).toBeNull()
})

test('I9 a refused write is in the audit as that', async () => {
  const world = await start()
  world.salto.addFault({
    path: 'access_groups/[^/]+/users$',
    status: 403,
    body: { ErrorCode: '9' },
  })
  const { pairingId } = await connected('Mia Member')
  const last = (await auditRows()).filter(({ action }) => action === 'joinAccessGroup')
  expect(last.map(({ subject, result }) => `${subject} ${result}`)).toEqual([
    `${pairingId} asked`,
    `${pairingId} Refused 403 9`,
  ])
  world.salto.clearFaults()
  await lookAt(`reconcilePairing:${pairingId}`)
})

test('people are forgotten 90 days after they ended, the audit after a year; who has a tag is not', async () => {
  const logged: object[] = []
  const log = { info: (facts: object) => void logged.push(facts), warn: () => {}, error: () => {} }
  const world = await start({ log: log as never })
  const { membershipId: ended } = await connected('Mia Member')
  const { membershipId: deleted } = await connected('Tom Turner')
  const unpaired = world.addMember('Una Unpaired')
  const known = (lastName: string) =>
    world.salto.addSiteUser(world.siteId, { firstName: 'Ilse', lastName })
  const link = async (lastName: string) => {
    const { siteUserId } = known(lastName)
    const { membershipId, pairingId } = await connected(`Ilse ${lastName}`)
    await world.act((tx) => clicks.linkCandidate(tx, world.click(), pairingId, siteUserId))
    await world.settle()
    return { membershipId, pairingId }
  }
  const adopted = await link('Bakker')
  const holding = await link('Holder')
  await giveTag(holding.pairingId)
  for (const id of [ended, unpaired, adopted.membershipId, holding.membershipId])
    world.cobot.cancelMembership(hub, id, '2026-11-26')
  world.cobot.deleteMembership(hub, deleted)
  const { membershipId: stays } = await connected('Sue Stayer')
  await world.settle()
  const ids = async () => (await rows('memberships')).map((each) => each.membershipId).sort()
  const secret = {
    stateHash: 's',
    purpose: 'install',
    subdomain: 'x',
    verifierSealed: '',
    nonce: '',
  }
  await world.act((tx) =>
    put(tx, 'authorizations', {
      ...(secret as Row<'authorizations'>),
      cobotUserId: null,
      locale: null,
      cookieHash: null,
      expiresAt: world.clock.now(),
    }),
  )
  await world.advance(80 * day, 10 * day)
  expect(await ids()).toHaveLength(6)
  await world.advance(20 * day, 2 * day)
  expect(await ids()).toEqual([holding.membershipId, stays].sort())
  expect((await rows('pairings')).map((each) => each.pairingId)).not.toContain(adopted.pairingId)
  expect(await list(world.db.read, 'authorizations', {})).toEqual([])
  expect(user('Sue Stayer')).toMatchObject({ subscriptionState: 'subscribed' })
  expect((await auditRows())[0]?.number).toBe(1)
  await world.advance(270 * day, 30 * day)
  const [first] = await auditRows()
  expect(first).toMatchObject({ action: 'cut', target: {} })
  expect(await verifyAudit(world.db.read, world.spaceId)).toBeNull()
  const { number, hash } = (await auditRows()).at(-1)!
  expect(logged).toContainEqual({ spaceId: world.spaceId, number, hash })
})
