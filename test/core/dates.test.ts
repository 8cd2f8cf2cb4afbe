// When something is wanted, to the instant: bookings, ends, and what counts as done by hand.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, jitter, takeToken } from '../../src/core/backoff.ts'
import {
  desiredPlaces,
  isActive,
  lastEnd,
  nextChange,
  type PlanInterval,
} from '../../src/core/entitlements.ts'
import { asId } from '../../src/core/ids.ts'
import { ksName, normalName, sameName } from '../../src/core/names.ts'
import {
  type AppliedPlace,
  bookedUntil,
  desiredBooking,
  mayLeave,
  nextPlaceSteps,
} from '../../src/core/steps.ts'

const at = (text: string) => new Date(`${text}Z`)
const minute = 60_000
const interval = (startsAt: string, endsAt: string | null, planId = 'a'): PlanInterval => ({
  membershipId: asId('m'),
  planId: asId(planId),
  planName: planId,
  startsAt: at(startsAt),
  endsAt: endsAt === null ? null : at(endsAt),
})

describe('bookings', () => {
  const facts = (over: Partial<Parameters<typeof desiredBooking>[0]> = {}) => ({
    startsAt: at('2026-11-26T09:00'),
    endsAt: at('2026-11-26T10:00'),
    minutesBefore: 10,
    minutesAfter: 5,
    lockIds: [asId<never>('l')],
    saltoUserId: asId<never>('mia'),
    zone: 'Europe/Berlin',
    intervals: [interval('2026-11-01T00:00', null)],
    ...over,
  })
  /** Is there a group to be, with the person in it; until when it stands; when to look again. */
  const reckon = (now: string, over = {}) => {
    const { window, keepUntil, nextAt } = desiredBooking(facts(over), at(now))
    const short = (date: Date | null) => date?.toISOString().slice(0, 16) ?? null
    return [window && (window.saltoUserId ? 'in' : 'out'), short(keepUntil), short(nextAt)]
  }

  test.each([
    ['a month before', '2026-10-26T09:00', {}, [null, null, '2026-11-19T08:50']],
    ['a minute before the week', '2026-11-19T08:49', {}, [null, null, '2026-11-19T08:50']],
    ['at the week', '2026-11-19T08:50', {}, ['in', null, '2026-11-26T10:05']],
    ['running', '2026-11-26T09:30', {}, ['in', null, '2026-11-26T10:05']],
    ['over', '2026-11-26T10:05', {}, [null, '2026-11-27T10:05', '2026-11-27T10:05']],
    ['a day over', '2026-11-27T10:05', {}, [null, null, null]],
    ['without a lock', '2026-11-26T09:30', { lockIds: [] }, [null, null, null]],
    ['not connected', '2026-11-26T09:30', { saltoUserId: null }, ['out', null, '2026-11-26T10:05']],
    [
      'R16 ends before it starts',
      '2026-11-26T09:30',
      { endsAt: at('2026-11-26T08:30') },
      [null, null, null],
    ],
    [
      'R14 begins with the end of the membership',
      '2026-11-26T08:55',
      { intervals: [interval('2026-11-01T00:00', '2026-11-26T09:00')] },
      [null, null, null],
    ],
    [
      'R14 begun before that, it lasts',
      '2026-11-26T09:30',
      { intervals: [interval('2026-11-01T00:00', '2026-11-26T09:01')] },
      ['in', null, '2026-11-26T10:05'],
    ],
  ] as const)('%s', (_, now, over, expected) => expect(reckon(now, over)).toEqual(expected))

  test('R16 an edge in the repeated hour: nobody inside before and after, looked at on both edges', () => {
    const autumn = {
      startsAt: at('2026-10-25T01:30'),
      endsAt: at('2026-10-25T02:30'),
      minutesBefore: 0,
      minutesAfter: 0,
      intervals: [interval('2026-10-01T00:00', null)],
    }
    expect(reckon('2026-10-25T00:30', autumn)).toEqual(['out', null, '2026-10-25T01:30'])
    expect(reckon('2026-10-25T01:30', autumn)).toEqual(['in', null, '2026-10-25T02:30'])
    expect(reckon('2026-10-25T02:30', autumn)[0]).toBeNull()
  })

  test('R3 between now and nextAt the answer is the same, whatever the booking', () => {
    const around = fc.integer({ min: -14 * 24 * 60, max: 3 * 24 * 60 })
    fc.assert(
      fc.property(
        around,
        fc.integer({ min: 1, max: 900 }),
        fc.double({ max: 1, min: 0 }),
        (now, length, part) => {
          const startsAt = at('2026-10-25T00:30')
          const endsAt = new Date(startsAt.getTime() + length * minute)
          const booking = facts({
            startsAt,
            endsAt,
            intervals: [interval('2026-10-01T00:00', null)],
          })
          const from = startsAt.getTime() + now * minute
          const first = desiredBooking(booking, new Date(from))
          const until = first.nextAt?.getTime() ?? from + 90 * 24 * 60 * minute
          expect(until).toBeGreaterThan(from)
          const between = new Date(from + Math.floor((until - 1 - from) * (part || 0)))
          expect(desiredBooking(booking, between)).toEqual(first)
        },
      ),
    )
  })
})

describe('people', () => {
  const ended = [interval('2026-11-01T00:00', '2026-12-01T00:00')]
  const night = ['2026-11-30T23:00', '2026-12-01T03:00'] as const
  test.each([
    ['without bookings', ended, [], null],
    ['begun before the end', ended, [night], '2026-12-01T03:00'],
    ['beginning with the end', ended, [['2026-12-01T00:00', '2026-12-01T09:00']], null],
    ['not begun yet', ended, [['2026-12-01T02:30', '2026-12-01T09:00']], null],
    ['two of them', ended, [night, ['2026-11-30T20:00', '2026-12-01T04:00']], '2026-12-01T04:00'],
    ['between two memberships', [...ended, interval('2026-12-20T00:00', null)], [night], night[1]],
  ] as const)('R14 who stays past a membership’s end: %s', (_, intervals, bookings, expected) => {
    const booked = bookings.map(([from, to]) => ({ startsAt: at(from), endsAt: at(to) }))
    const until = bookedUntil(intervals, booked, at('2026-12-01T02:00'))
    expect(until).toEqual(expected && at(expected))
  })

  test('D8 plans add up, and a place rests on all memberships that give it', () => {
    const first = interval('2026-11-01T00:00', null)
    const second = { ...interval('2026-11-10T00:00', null), membershipId: asId<never>('n') }
    const other = interval('2026-12-01T00:00', null, 'b')
    const places = (now: string) =>
      desiredPlaces([second, other, first], ({ planId }) => [asId(`g-${planId}`)], at(now))
    expect([...places('2026-11-05T00:00').keys()]).toEqual(['g-a'])
    expect([...places('2026-12-05T00:00').keys()].sort()).toEqual(['g-a', 'g-b'])
    const basis = (now: string) => places(now).get(asId('g-a'))?.basis
    expect(basis('2026-11-05T00:00')).not.toBe(basis('2026-11-20T00:00'))
    expect(basis('2026-11-20T00:00')?.split(' ')).toHaveLength(2)
  })

  test('R3 nothing begins or ends before nextChange says so', () => {
    const days = fc.integer({ min: 0, max: 60 })
    const some = fc.array(fc.tuple(days, fc.option(days)), { maxLength: 5 })
    const start = at('2026-11-01T00:00').getTime()
    const day = (n: number) => new Date(start + n * 24 * 60 * minute)
    fc.assert(
      fc.property(some, days, (pairs, today) => {
        const intervals = pairs.map(([from, length]) => ({
          ...interval('2026-11-01T00:00', null),
          startsAt: day(from),
          endsAt: length === null ? null : day(from + length + 1),
        }))
        const now = day(today)
        const active = (when: Date) => intervals.filter((each) => isActive(each, when)).length
        const next = nextChange(intervals, now)
        const justBefore = next ? new Date(next.getTime() - 1) : day(400)
        if (active(justBefore) !== active(now)) expect(next).toBeNull()
        expect(intervals.filter((each) => isActive(each, justBefore))).toEqual(
          intervals.filter((each) => isActive(each, now)),
        )
        const end = lastEnd(intervals)
        if (end) expect(active(end)).toBe(0)
      }),
    )
  })
})

describe('by hand', () => {
  const now = at('2026-11-24T09:00')
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
  const id = asId<never>('g')
  const place = (over: Partial<AppliedPlace>): AppliedPlace => ({
    accessGroupId: id,
    origin: 'made',
    basis: 'x',
    joinedAt: ago(600),
    unwantedSince: null,
    ...over,
  })
  const steps = (
    over: Partial<AppliedPlace>,
    isInside = false,
    isWanted = true,
    isLeft = false,
  ) => {
    const wanted = { accessGroupId: id, basis: 'x' }
    const found = nextPlaceSteps({
      desired: new Map(isWanted ? [[id, wanted]] : []),
      observed: new Set(isInside ? [id] : []),
      left: new Set(isLeft ? [id] : []),
      applied: [place(over)],
      mapped: new Set([id]),
      now,
    })
    return found.map(({ kind }) => kind)
  }

  test.each([
    ['there', {}, true, []],
    ['missing', {}, false, ['missing']],
    ['missing and rests on something new', { basis: 'y' }, false, ['join']],
    ['there and rests on something new', { basis: 'y' }, true, ['keep']],
    ['never answered', { joinedAt: null }, false, ['join']],
  ] as const)('R15 R20 %s', (_, over, isInside, expected) =>
    expect(steps(over, isInside)).toEqual(expected),
  )

  test('R15 where we have just taken somebody out no read is believed that shows them inside', () => {
    expect(steps({}, true, true, true)).toEqual(['join'])
    expect(steps({}, false, true, true)).toEqual(['join'])
  })

  test('R11 what is not wanted any more goes if KS shows it, else it is struck', () => {
    expect(steps({}, true, false)).toEqual(['leave'])
    expect(steps({}, false, false)).toEqual(['forget'])
  })

  test.each([
    [false, 0, true],
    [true, 0, false],
    [true, 299, false],
    [true, 300, true],
  ])('R6 new place failed: %s, unwanted for %i s: goes %s', (joinFailed, seconds, goes) => {
    expect(mayLeave({ joinFailed, unwantedSince: ago(seconds), now })).toBe(goes)
  })
})

describe('names and pauses', () => {
  test('every name gives KS two that are not empty, and names compare as people do', () => {
    fc.assert(
      fc.property(fc.option(fc.string()), fc.option(fc.emailAddress()), (name, email) => {
        const { firstName, lastName } = ksName({ name, email, marker: '· C1' })
        expect(firstName.trim().length * lastName.trim().length).toBeGreaterThan(0)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(sameName(name, `  ${name.trim().replaceAll(' ', '  ')} `)).toBe(true)
        expect(normalName(normalName(name))).toBe(normalName(name))
      }),
    )
  })

  test('R13 a wait is long enough, and "not before" holds', () => {
    const rule = { perMs: 1 / 1000, capacity: 3 }
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { minLength: 1 }), fc.nat(1), (gaps, reserve) => {
        let bucket = null
        let ms = 0
        for (const gap of gaps) {
          ms += gap
          const taking = takeToken(bucket, rule, new Date(ms), reserve)
          bucket = taking.bucket
          if (taking.waitMs === 0) continue
          ms += taking.waitMs
          const again = takeToken(bucket, rule, new Date(ms), reserve)
          expect(again.waitMs).toBe(0)
          bucket = again.bucket
        }
      }),
      // Here the sum of the fractions falls short of one.
      { examples: [[[0, 0, 0, 704, 38, 0], 0]] },
    )
    const closed = { tokens: 3, filledAt: new Date(0), notBefore: new Date(5000) }
    expect(takeToken(closed, rule, new Date(2000)).waitMs).toBe(3000)
    expect(takeToken(closed, rule, new Date(5000)).waitMs).toBe(0)
  })

  test('back-off grows to five minutes and jitter stays within a tenth', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.nat(100), fraction, (attempts, f) => {
        const ms = backoffMs(attempts, f)
        expect(ms >= 500 && ms <= 300_000).toBe(true)
        expect(ms).toBeLessThanOrEqual(Math.max(500, 1000 * 2 ** attempts))
        const swept = jitter(300_000, f)
        expect(swept >= 270_000 && swept <= 330_000).toBe(true)
      }),
    )
  })
})
