// From when, until when and when next: held against asking at every instant of a scan.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { opensAt, type WhyFacts, why } from '../../src/core/why.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const berlin = 'Europe/Berlin'

const facts = (over: Partial<WhyFacts>): WhyFacts => ({
  now: new Date(0),
  timeZone: berlin,
  siteIsValid: true,
  lockId: asId<never>('door'),
  lock: { online: true },
  hubOfflineSince: null,
  intervals: [],
  plans: [],
  bookings: [],
  pairing: { state: 'paired', saltoUserId: asId<never>('mia') },
  lockedOut: false,
  tag: 'fine',
  user: {
    siteUserId: asId<never>('u'),
    saltoUserId: asId<never>('mia'),
    firstName: '',
    lastName: '',
    email: null,
    alias: null,
    tagNumber: '1',
    blocked: false,
    seat: 'subscribed',
    roles: [],
    hasProfile: false,
    usePin: false,
  },
  ...over,
})

/** Around both changes of the clocks, and in ordinary weeks. */
const start = fc
  .constantFrom('2026-03-28', '2026-10-24', '2026-06-10')
  .map((d) => new Date(`${d}T10:00Z`))
const clockTime = fc.integer({ min: 0, max: 23 }).map((h) => String(h).padStart(2, '0'))
const schedule = fc.record({
  timeScheduleId: fc.constant(asId<never>('s')),
  weekdays: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
  startTime: clockTime.map((h) => `${h}:00:00`),
  endTime: clockTime.map((h) => `${h}:59:59`),
  startLocal: fc.constant(null),
  endLocal: fc.constant(null),
})
const hoursFrom = (from: number, to: number) => fc.integer({ min: from, max: to })

test('the stretch that is open and the next one are what a scan finds', () => {
  const world = fc.record({
    now: start,
    schedules: fc.array(schedule, { maxLength: 2 }),
    begins: hoursFrom(-100, 60),
    lasts: fc.option(hoursFrom(1, 200)),
    booked: fc.array(fc.tuple(hoursFrom(-5, 100), hoursFrom(1, 6)), { maxLength: 2 }),
  })
  fc.assert(
    fc.property(world, ({ now, schedules, begins, lasts, booked }) => {
      const at = (hours: number) => new Date(now.getTime() + hours * hour)
      const interval = {
        membershipId: asId<never>('m'),
        planId: asId<never>('p'),
        planName: 'Full Time',
        startsAt: at(begins),
        endsAt: lasts === null ? null : at(begins + lasts),
      }
      const isPlaced = interval.startsAt <= now && (!interval.endsAt || now < interval.endsAt)
      const group = asId<never>('g')
      const given = facts({
        now,
        intervals: [interval],
        plans: [
          {
            kind: 'plan',
            planName: 'Full Time',
            interval,
            mapping: 'ready',
            access: { accessGroupId: group, lockIds: [asId<never>('door')], schedules },
            place: isPlaced ? { joinedAt: interval.startsAt, isByHand: false } : null,
          },
        ],
        bookings: booked.map(([from, long], index) => ({
          kind: 'booking',
          bookingId: asId<never>(`b${index}`),
          bookedAt: at(from),
          startsAt: at(from),
          endsAt: at(from + long),
          group: {
            written: {
              startLocal: '',
              endLocal: '',
              lockIds: [asId<never>('door')],
              saltoUserId: asId<never>('mia'),
            },
            isByHand: false,
          },
        })),
      })
      const opensAtMs = (ms: number) => opensAt(given, new Date(ms))
      const answer = why(given, now)
      const turns: number[] = []
      const horizon = now.getTime() + 7 * day
      let before = answer.opens
      // A booking's last second is inside, so a turn lies on a full hour or one second behind it.
      for (let ms = now.getTime(); ms <= horizon; ms += hour)
        for (const instant of [ms, ms + 1000]) {
          const opens = opensAtMs(instant)
          if (opens !== before) turns.push(instant)
          before = opens
        }
      const [first, second] = turns
      const seen = (found: Date | null | undefined) =>
        found && found.getTime() <= horizon ? found.getTime() : undefined
      if (answer.opens) {
        expect(seen(answer.until)).toBe(first)
        expect(seen(answer.next?.from)).toBe(second)
      } else {
        expect(answer.until).toBeNull()
        expect(seen(answer.next?.from)).toBe(first)
        expect(seen(answer.next?.until)).toBe(second)
      }
    }),
    { numRuns: 40 },
  )
})

test('somebody of whom nothing is known is told so, link by link', () => {
  const answer = why(facts({ pairing: null, user: null, tag: 'none', lock: null }), new Date(0))
  expect(answer).toMatchObject({ opens: false, broken: 'membership', way: null, next: null })
  expect(answer.chain.map(({ link, ok, detail }) => `${link} ${ok ? 'ok' : detail}`)).toEqual([
    'membership none',
    'plan unmapped',
    'group ok',
    'locks gone',
    'hours closed',
    'connected notConnected',
    'tag none',
    'seat ok',
    'blocked ok',
    'hardware ok',
  ])
})
