// What follows from what, as tables and properties; no doubles.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, cobotBuckets, takeToken } from '../../src/core/backoff.ts'
import { type KnownMembership, planIntervals } from '../../src/core/entitlements.ts'
import { isAdministrative, proveBookingGroup, provePlace, proveUser } from '../../src/core/fence.ts'
import { asId } from '../../src/core/ids.ts'
import type { SiteUser } from '../../src/core/model.ts'
import { alias, ksName, sameName } from '../../src/core/names.ts'
import { bookingGroupName, personMarker, wallWindow } from '../../src/core/schedule.ts'
import { nextBookingSteps, nextPlaceSteps } from '../../src/core/steps.ts'
import { toLocal } from '../../src/core/temporal.ts'
import type { Salto } from '../../src/salto/client.ts'

const at = (text: string) => new Date(`${text}Z`)
const zone = 'Europe/Berlin'

describe('entitlements', () => {
  const membership = (over: Partial<KnownMembership> = {}): KnownMembership => ({
    membershipId: asId('m'),
    name: null,
    email: null,
    cobotUserId: null,
    teamId: null,
    plan: { planId: asId('a'), name: 'A', canceledTo: null },
    upcomingPlan: null,
    confirmedAt: at('2026-11-01T00:00'),
    startsOn: '2026-11-10',
    canceledTo: null,
    endLearnedOn: null,
    planEndLearnedOn: null,
    goneAt: null,
    ...over,
  })
  const change = {
    plan: { planId: asId<never>('a'), name: 'A', canceledTo: '2026-12-01' },
    upcomingPlan: { planId: asId<never>('b'), name: 'B', canceledTo: null },
  }
  const read = (m: KnownMembership, lastDayIncluded = false) =>
    planIntervals(m, { timeZone: zone, lastDayIncluded }).map((i) => [
      i.planId,
      i.startsAt.toISOString().slice(0, 16),
      i.endsAt?.toISOString().slice(0, 16) ?? null,
    ])

  test.each([
    ['unconfirmed', membership({ confirmedAt: null }), []],
    ['gone', membership({ goneAt: at('2026-11-11T00:00') }), []],
    ['open', membership(), [['a', '2026-11-09T23:00', null]]],
    [
      'ending',
      membership({ canceledTo: '2026-12-24' }),
      [['a', '2026-11-09T23:00', '2026-12-23T23:00']],
    ],
    ['ended before it began', membership({ canceledTo: '2026-11-01' }), []],
    [
      'end first seen on its day',
      membership({ canceledTo: '2026-12-24', endLearnedOn: '2026-12-24' }),
      [['a', '2026-11-09T23:00', '2026-12-24T23:00']],
    ],
    [
      'changing plan',
      membership(change),
      [
        ['a', '2026-11-09T23:00', '2026-11-30T23:00'],
        ['b', '2026-11-30T23:00', null],
      ],
    ],
    [
      'ending before the change',
      membership({ ...change, canceledTo: '2026-11-20' }),
      [['a', '2026-11-09T23:00', '2026-11-19T23:00']],
    ],
  ] as const)('R19 %s', (_, m, expected) => expect(read(m)).toEqual(expected))

  test('R19 the last day counts where the space says so', () => {
    expect(read(membership({ canceledTo: '2026-12-24' }), true)).toEqual([
      ['a', '2026-11-09T23:00', '2026-12-24T23:00'],
    ])
  })
})

describe('wall clocks', () => {
  test('R16 the wall window holds every instant of the booking, and is exact outside repeated hours', () => {
    const start = at('2026-10-24T00:00').getTime()
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2880 }),
        fc.integer({ min: 1, max: 600 }),
        fc.nat(600),
        (from, length, inside) => {
          const startsAt = new Date(start + from * 60_000)
          const endsAt = new Date(startsAt.getTime() + length * 60_000)
          const { startLocal, endLocal } = wallWindow(startsAt, endsAt, zone)
          const local = toLocal(
            new Date(startsAt.getTime() + Math.min(inside, length) * 60_000),
            zone,
          )
          expect(startLocal <= local && local <= endLocal).toBe(true)
        },
      ),
    )
    expect(wallWindow(at('2026-10-25T01:30'), at('2026-10-25T04:00'), zone).exact).toBe(false)
    expect(wallWindow(at('2026-10-24T22:00'), at('2026-10-25T04:00'), zone).exact).toBe(true)
  })
})

describe('steps', () => {
  test('applying the steps for places leaves what is desired, and nothing of others is touched', () => {
    const groups = fc.subarray(['a', 'b', 'c', 'd'])
    fc.assert(
      fc.property(groups, groups, groups, (desired, observed, applied) => {
        const places = new Map(
          desired.map((id) => [asId<never>(id), { accessGroupId: asId<never>(id), basis: 'x' }]),
        )
        const none = { unwantedSince: null, joinedAt: null }
        const ledger = applied.map((id) => ({
          accessGroupId: asId<never>(id),
          origin: 'made' as const,
          basis: 'x',
          ...none,
        }))
        const facts = {
          desired: places,
          observed: new Set(observed.map((id) => asId<never>(id))),
          left: new Set<never>(),
          applied: ledger,
          mapped: new Set(['a', 'b', 'c'].map((id) => asId<never>(id))),
        }
        const steps = nextPlaceSteps({ ...facts, now: at('2026-11-24T09:00') })
        const after = new Set<string>(observed)
        for (const step of steps) {
          if (step.kind === 'join') after.add(step.accessGroupId)
          if (step.kind === 'leave') after.delete(step.accessGroupId)
        }
        for (const id of desired) expect(after.has(id)).toBe(true)
        for (const id of observed.filter((each) => !applied.includes(each)))
          expect(after.has(id)).toBe(true)
        for (const id of applied.filter((each) => !desired.includes(each)))
          expect(after.has(id)).toBe(false)
        const foreign = observed.filter((id) => ![...desired, ...applied, 'd'].includes(id))
        const extra = steps.filter(({ kind }) => kind === 'extra')
        expect(extra.map(({ accessGroupId }) => accessGroupId)).toEqual(foreign)
        const kinds = steps.map(({ kind }) => kind)
        expect(kinds.lastIndexOf('join') < (kinds.indexOf('leave') + 1 || Infinity)).toBe(true)
      }),
    )
  })

  test('R7 persons go out first and come in last, and one schedule is left', () => {
    const window = {
      startLocal: '2026-11-26T10:00:00',
      endLocal: '2026-11-26T11:00:00',
      lockIds: [asId<never>('l1')],
      saltoUserId: asId<never>('mia'),
    }
    const wrong = {
      timeScheduleId: asId<never>('s1'),
      weekdays: Array(7).fill(true),
      startTime: '00:00:00',
      endTime: '23:59:59',
      startLocal: null,
      endLocal: null,
    }
    const observed = {
      saltoUserIds: [asId<never>('tom')],
      lockIds: [asId<never>('l2')],
      schedules: [wrong, { ...wrong, timeScheduleId: asId<never>('s2') }],
    }
    expect(nextBookingSteps(window, observed).map(({ kind }) => kind)).toEqual([
      'personOut',
      'lockOut',
      'dropSchedule',
      'setSchedule',
      'lockIn',
      'personIn',
    ])
    const right = { ...wrong, startLocal: window.startLocal, endLocal: window.endLocal }
    expect(
      nextBookingSteps(window, {
        saltoUserIds: [asId('mia')],
        lockIds: [asId('l1')],
        schedules: [right],
      }),
    ).toEqual([])
  })
})

describe('fence', () => {
  const siteUser = (over: Partial<SiteUser> = {}): SiteUser => ({
    siteUserId: asId('su'),
    saltoUserId: asId('u'),
    firstName: 'Mia',
    lastName: 'M',
    email: null,
    alias: 'Mia · C123456789',
    tagNumber: null,
    blocked: false,
    seat: 'subscribed',
    hasProfile: false,
    usePin: false,
    roles: [{ roleId: asId('r'), code: 'site_user', hierarchical: true }],
    ...over,
  })
  const admin = siteUser({ roles: [{ roleId: asId('r'), code: 'site_admin', hierarchical: true }] })
  const place = {
    siteId: asId<never>('s'),
    ledger: { siteId: asId<never>('s'), accessGroupId: asId<never>('g') },
  }

  test('R2 no proof without ledger, fresh read, the same site and a plain role', () => {
    const observed = new Set([asId<never>('g')])
    expect(provePlace({ ...place, siteUser: siteUser(), observed })).not.toBeNull()
    expect(provePlace({ ...place, siteUser: siteUser(), observed: new Set() })).toBeNull()
    expect(
      provePlace({ ...place, siteId: asId('other'), siteUser: siteUser(), observed }),
    ).toBeNull()
    expect(provePlace({ ...place, siteUser: admin, observed })).toBeNull()
    expect(isAdministrative(admin)).toBe(true)
  })

  test('R2 a group goes by its name, a user by the marker and only if we made it', () => {
    const group = { accessGroupId: asId<never>('g'), name: 'Cobot 1', lockCount: 0 }
    const ledger = { siteId: asId<never>('s'), accessGroupId: asId<never>('g'), name: 'Cobot 1' }
    expect(proveBookingGroup({ siteId: asId('s'), ledger, group })).not.toBeNull()
    expect(
      proveBookingGroup({ siteId: asId('s'), ledger, group: { ...group, name: 'Board' } }),
    ).toBeNull()
    const made = {
      siteId: asId<never>('s'),
      siteUserId: asId<never>('su'),
      origin: 'made' as const,
      marker: '· C123456789',
    }
    expect(proveUser({ siteId: asId('s'), ledger: made, siteUser: siteUser() })).not.toBeNull()
    expect(
      proveUser({
        siteId: asId('s'),
        ledger: { ...made, origin: 'adopted' },
        siteUser: siteUser(),
      }),
    ).toBeNull()
    expect(
      proveUser({ siteId: asId('s'), ledger: made, siteUser: siteUser({ alias: 'Mia' }) }),
    ).toBeNull()
  })

  test('R2 a removal without a proof does not compile', () => {
    const wrong = (salto: Salto) => {
      // @ts-expect-error plain ids are no proof
      void salto.deleteAccessGroup({ siteId: asId('s'), accessGroupId: asId('g') })
      // @ts-expect-error plain ids are no proof
      void salto.leaveAccessGroup({
        siteId: asId('s'),
        accessGroupId: asId('g'),
        saltoUserId: asId('u'),
      })
    }
    expect(wrong).toBeTypeOf('function')
  })
})

describe('names and budgets', () => {
  const marker = personMarker('user:1')
  test.each([
    ['Mia Member', null, ['Mia', 'Member'], `Mia Member ${marker}`],
    ['  Ana  Maria   Sousa ', null, ['Ana Maria', 'Sousa'], `Ana Maria Sousa ${marker}`],
    ['Cher', null, ['Cher', '(Cobot)'], `Cher ${marker}`],
    [null, 'sam@members.example', ['sam', '(Cobot)'], `sam ${marker}`],
  ] as const)('%s, %s', (name, email, [firstName, lastName], shown) => {
    expect(ksName({ name, email, marker })).toEqual({ firstName, lastName })
    expect(alias({ name, email, marker })).toBe(shown)
  })

  test('R11 the same booking and person always have the same marker', () => {
    expect(bookingGroupName(asId('b1'))).toMatch(/^Cobot \d{12}$/)
    expect(bookingGroupName(asId('b1'))).toBe(bookingGroupName(asId('b1')))
    expect(bookingGroupName(asId('b1'))).not.toBe(bookingGroupName(asId('b2')))
    expect(marker).toMatch(/^· C\d{9}$/)
    expect(sameName(' Full  time', 'FULL TIME ')).toBe(true)
  })

  test('R13 never more calls in a minute than Cobot allows, whatever the rhythm', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 300 }), (gaps) => {
        let bucket = null
        let ms = 0
        const taken: number[] = []
        for (const gap of gaps) {
          ms += gap
          const taking = takeToken(bucket, cobotBuckets.any, new Date(ms))
          bucket = taking.bucket
          if (taking.waitMs === 0) taken.push(ms)
        }
        for (const start of taken)
          expect(
            taken.filter((each) => each >= start && each < start + 60_000).length,
          ).toBeLessThanOrEqual(60)
      }),
    )
    expect(backoffMs(0, 1)).toBe(1000)
    expect(backoffMs(50, 1)).toBe(300_000)
  })

  test('R13 two processes whose clocks differ by seconds take no more than one would', () => {
    const start = at('2026-11-24T09:00').getTime()
    let bucket: Parameters<typeof takeToken>[0] = null
    let taken = 0
    for (let ms = 0; ms < 60_000; ms += 100) {
      const aheadMs = (ms / 100) % 2 === 0 ? 3000 : 0
      const taking = takeToken(bucket, cobotBuckets.any, new Date(start + ms + aheadMs))
      bucket = taking.bucket
      if (taking.waitMs === 0) taken += 1
    }
    expect(taken).toBeLessThanOrEqual(60)
    // Far ahead is a clock that was wrong: nobody waits until time has caught up.
    const wrong = { tokens: 0, filledAt: new Date(start + 3600_000), notBefore: null }
    const [first, later] = [0, 2000].map((ms) => new Date(start + ms))
    const reset = takeToken(wrong, cobotBuckets.any, first!)
    expect(takeToken(reset.bucket, cobotBuckets.any, later!).waitMs).toBe(0)
  })
})
