// The same cases on both dialects, with the migrations that production runs.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { minutesMax } from '../../src/core/doors.ts'
import {
  asId,
  type MembershipId,
  type PairingId,
  type SiteId,
  type SpaceId,
  type TagId,
} from '../../src/core/ids.ts'
import type { Booking, Membership } from '../../src/core/model.ts'
import { priority } from '../../src/core/problems.ts'
import { appendAudit, chain, cutAudit } from '../../src/db/audit.ts'
import { closeBudget, takeFromBudget } from '../../src/db/budgets.ts'
import { electRefresher, saveConnection, storeRefreshed } from '../../src/db/connections.ts'
import type { Db, Tx } from '../../src/db/open.ts'
import { replaceProblems } from '../../src/db/problems.ts'
import {
  activateSite,
  giveUpSite,
  leaveSite,
  listLedger,
  listUndone,
  setOfLedger,
  strikeSite,
} from '../../src/db/sites.ts'
import * as snapshots from '../../src/db/snapshots.ts'
import { getActiveSite, removePairing, saveSpace } from '../../src/db/spaces.ts'
import {
  above,
  absentOrBelow,
  add,
  below,
  change,
  from,
  last,
  list,
  one,
  present,
  put,
  take,
} from '../../src/db/store.ts'
import * as work from '../../src/db/work.ts'
import { verifyAudit } from '../support/audit.ts'
import { dialects, openTestDatabase } from '../support/database.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 9, minute))
let spaces = 0
const newSpace = () => asId<SpaceId>(`space-${++spaces}`)
const ids = <T extends { subject: string }>(rows: T[]) => rows.map(({ subject }) => subject)

const membership = (id: string, over: Partial<Membership> = {}): Membership => ({
  membershipId: asId(id),
  name: 'Mia Member',
  email: 'mia@members.example',
  cobotUserId: null,
  teamId: null,
  plan: { planId: asId('full-time'), name: 'Full Time', canceledTo: null },
  upcomingPlan: null,
  confirmedAt: at(0),
  startsOn: '2026-11-01',
  canceledTo: null,
  ...over,
})

const booking = (id: string, over: Partial<Booking> = {}): Booking => ({
  bookingId: asId(id),
  resourceId: asId('quay-room'),
  membershipId: asId('mia'),
  external: null,
  startsAt: at(10),
  endsAt: at(50),
  title: null,
  ...over,
})

const siteOf = (siteId: string) => ({
  siteId: asId<never>(siteId),
  name: siteId,
  timeZone: 'Europe/Berlin',
  subscriptionValid: true,
  seatsAllowed: 5,
  seatsUsed: 1,
  ownerSaltoUserId: null,
  pinEnabled: false,
  installationState: 'released' as const,
})

describe.each(dialects)('%s', (dialect) => {
  let db: Db
  const tx = <T>(run: (tx: Tx) => Promise<T>) => db.tx(run)
  beforeAll(async () => {
    db = await openTestDatabase(dialect)
  })
  afterAll(() => db.close())

  describe('transactions', () => {
    test('all or nothing', async () => {
      const spaceId = newSpace()
      const problem = { spaceId, code: 'P11', subject: 'space', source: 'x', params: {} } as const
      const failing = tx(async (t) => {
        await put(t, 'problems', {
          ...problem,
          since: at(0),
          shownAt: null,
          leftAt: null,
          toldAt: null,
        })
        throw new Error('changed our mind')
      })
      await expect(failing).rejects.toThrow('changed our mind')
      expect(await list(db.read, 'problems', { spaceId })).toEqual([])
    })
  })

  describe('store', () => {
    const problem = (spaceId: SpaceId, subject: string) => ({
      spaceId,
      code: 'P11' as const,
      subject,
      source: 's',
      params: { a: 'b' },
      since: at(0),
      shownAt: null,
      leftAt: null,
      toldAt: null,
    })

    test('rows are found by what they equal, by null and by one of several', async () => {
      const spaceId = newSpace()
      await tx((t) => snapshots.saveBookings(t, spaceId, [booking('a'), booking('b')], at(0)))
      await tx((t) => change(t, 'bookings', { spaceId, bookingId: asId('b') }, { goneAt: at(1) }))
      const found = (where: object) => list(db.read, 'bookings', { spaceId, ...where })
      expect(await found({ goneAt: null })).toHaveLength(1)
      expect(await found({ bookingId: ['a', 'b', 'c'] })).toHaveLength(2)
      expect(await found({ bookingId: [] })).toHaveLength(0)
    })

    test('rows are found by what lies beyond a value, each time by the value given', async () => {
      const spaceId = newSpace()
      const rows = [0, 1, 2, 3, 4].map((n) => booking(`${n}`, { endsAt: at(50 + n) }))
      await tx((t) => snapshots.saveBookings(t, spaceId, rows, at(0)))
      await tx((t) => change(t, 'bookings', { spaceId, bookingId: asId('4') }, { goneAt: at(1) }))
      const found = async (where: object) =>
        (await list(db.read, 'bookings', { spaceId, ...where })).map((row) => row.bookingId).sort()
      expect(await found({ endsAt: below(at(52)) })).toEqual(['0', '1'])
      expect(await found({ endsAt: below(at(51)) })).toEqual(['0'])
      expect(await found({ endsAt: above(at(52)) })).toEqual(['3', '4'])
      expect(await found({ endsAt: from(at(52)) })).toEqual(['2', '3', '4'])
      expect(await found({ goneAt: present })).toEqual(['4'])
      expect(await found({ goneAt: absentOrBelow(at(1)) })).toEqual(['0', '1', '2', '3'])
      for (const ids of [['0'], ['0', '1', '2'], ['1', '2', '3', '4', 'nobody']])
        expect(await found({ bookingId: ids })).toEqual(ids.filter((id) => id !== 'nobody'))
      expect(
        (await last(db.read, 'bookings', { spaceId, goneAt: null }, 'endsAt'))?.bookingId,
      ).toBe('3')
    })

    test('adding twice says that it was there; putting replaces', async () => {
      const spaceId = newSpace()
      const row = problem(spaceId, 'space')
      expect(await tx((t) => add(t, 'problems', row))).toBe(true)
      expect(await tx((t) => add(t, 'problems', { ...row, params: {} }))).toBe(false)
      expect((await one(db.read, 'problems', { spaceId }))?.params).toEqual({ a: 'b' })
      await tx((t) => put(t, 'problems', { ...row, params: { c: 'd' } }))
      expect((await one(db.read, 'problems', { spaceId }))?.params).toEqual({ c: 'd' })
    })

    test('changing and taking count and return what matched', async () => {
      const spaceId = newSpace()
      for (const subject of ['a', 'b', 'c'])
        await tx((t) => add(t, 'problems', problem(spaceId, subject)))
      expect(await tx((t) => change(t, 'problems', { spaceId }, { source: 'z' }))).toBe(3)
      expect(
        ids(await tx((t) => take(t, 'problems', { spaceId, subject: ['a', 'c'] }))).sort(),
      ).toEqual(['a', 'c'])
      expect(ids(await list(db.read, 'problems', { spaceId }))).toEqual(['b'])
    })

    test('a change without a condition is refused', async () => {
      await expect(tx((t) => take(t, 'problems', {}))).rejects.toThrow('all rows')
      await expect(tx((t) => change(t, 'problems', {}, { source: 'z' }))).rejects.toThrow(
        'all rows',
      )
    })

    test('a tag has one holder', async () => {
      const row = (pairingId: string) => ({
        spaceId: newSpace(),
        siteId: asId<never>('site-tags'),
        tagId: asId<never>('tag-1'),
        number: '02300001',
        pairingId: asId<never>(pairingId),
        state: 'held' as const,
        doneAt: null,
      })
      expect(await tx((t) => add(t, 'tagHolders', row('mia')))).toBe(true)
      expect(await tx((t) => add(t, 'tagHolders', row('tom')))).toBe(false)
    })
  })

  describe('work', () => {
    const asked = (spaceId: SpaceId, subject: string, over: object = {}) => ({
      spaceId,
      task: 'reconcileBooking' as const,
      subject,
      runAt: at(0),
      cause: 'test',
      priority: priority.grant,
      ...over,
    })
    const claimFirst = (spaceId: SpaceId, now: Date, token = 'token', until = at(59)) =>
      tx(async (t) => {
        const { rows } = await work.listDue(t, now, 100)
        const row = rows.find((each) => each.spaceId === spaceId)
        return row ? work.lease(t, row, { token: `${spaceId} ${token}`, until }) : null
      })
    const done = { runAt: null, attempts: 0, lastError: null }

    test('asked twice it is one row, due at the earlier time and the higher priority', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a', { runAt: at(5) })], at(0)))
      await tx((t) =>
        work.ask(t, [asked(spaceId, 'a', { runAt: at(3), priority: priority.removal })], at(1)),
      )
      await tx((t) => work.ask(t, [asked(spaceId, 'a', { runAt: at(9) })], at(2)))
      const rows = await list(db.read, 'work', { spaceId })
      expect(rows).toMatchObject([{ runAt: at(3), priority: priority.removal, revision: 3 }])
    })

    test('a subject is leased to one, and free again when the lease runs out', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(0)))
      expect(await claimFirst(spaceId, at(1), 'one', at(10))).not.toBeNull()
      expect(await claimFirst(spaceId, at(2), 'two')).toBeNull()
      expect(await claimFirst(spaceId, at(11), 'three')).toMatchObject({ subject: 'a' })
    })

    test('settled it rests until its next date; a lost lease settles nothing', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(0)))
      const claim = await claimFirst(spaceId, at(1))
      await tx((t) => work.settle(t, claim!, { ...done, runAt: at(30) }))
      expect(await claimFirst(spaceId, at(29))).toBeNull()
      expect(await claimFirst(spaceId, at(31), 'other')).not.toBeNull()
      const late = tx((t) => work.settle(t, claim!, { ...done }))
      await expect(late).rejects.toThrow(work.LeaseLost)
    })

    test('asked for while it runs, it runs once more', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(0)))
      const claim = await claimFirst(spaceId, at(1))
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(2)))
      await tx((t) => work.settle(t, claim!, { ...done }))
      const again = await claimFirst(spaceId, at(4), 'again')
      expect(again).toMatchObject({ subject: 'a', revision: 2 })
      await tx((t) => work.settle(t, again!, { ...done }))
      expect(await claimFirst(spaceId, at(58))).toBeNull()
    })

    test('renewing keeps a lease; a start clears them all', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(0)))
      await claimFirst(spaceId, at(1), 'one', at(10))
      await tx((t) => work.renewLease(t, `${spaceId} one`, at(20)))
      expect(await claimFirst(spaceId, at(11), 'two')).toBeNull()
      await tx((t) => work.clearLeases(t))
      expect(await claimFirst(spaceId, at(11), 'two')).not.toBeNull()
    })

    test('the most urgent comes first, and what is due is counted', async () => {
      const spaceId = newSpace()
      const asks = [asked(spaceId, 'late', { runAt: at(40) }), asked(spaceId, 'b')]
      await tx((t) =>
        work.ask(t, [...asks, asked(spaceId, 'lost', { priority: priority.emergency })], at(0)),
      )
      const { rows } = await tx((t) => work.listDue(t, at(1), 100))
      expect(ids(rows.filter((row) => row.spaceId === spaceId))).toEqual(['lost', 'b'])
      expect(await work.countDue(db.read, spaceId, 'reconcileBooking', at(1))).toBe(2)
      expect(await work.countDue(db.read, spaceId, null, at(41))).toBe(3)
      expect((await work.nextRunAt(db.read, at(0)))!.getTime()).toBeLessThanOrEqual(at(0).getTime())
    })

    test('what was parked on a side wakes, the rest sleeps on', async () => {
      const spaceId = newSpace()
      await tx((t) => work.ask(t, [asked(spaceId, 'a')], at(0)))
      const claim = await claimFirst(spaceId, at(1))
      const parked = { ...done, runAt: at(45), lastError: 'reconnect salto', now: at(2) }
      await tx((t) => work.settle(t, claim!, parked))
      await tx((t) => work.wakeParked(t, spaceId, 'cobot', at(3)))
      expect(await claimFirst(spaceId, at(4))).toBeNull()
      await tx((t) => work.wakeParked(t, spaceId, 'salto', at(3)))
      expect(await claimFirst(spaceId, at(4))).not.toBeNull()
    })
  })

  describe('snapshots', () => {
    const read = (minute: number) => ({ readAt: at(minute), timeZone: 'Europe/Berlin' })

    test('only what differs is reported, and an older read changes nothing', async () => {
      const spaceId = newSpace()
      const save = (name: string, minute: number) =>
        tx((t) => snapshots.saveMemberships(t, spaceId, [membership('m', { name })], read(minute)))
      expect(await save('Mia', 5)).toEqual(['m'])
      expect(await save('Mia', 6)).toEqual([])
      expect(await save('Maria', 7)).toEqual(['m'])
      expect(await save('Mia', 6)).toEqual([])
      expect((await one(db.read, 'memberships', { spaceId }))?.name).toBe('Maria')
    })

    test('the day on which an end was first seen stays with that end', async () => {
      const spaceId = newSpace()
      const save = (canceledTo: string | null, day: number) =>
        tx((t) =>
          snapshots.saveMemberships(t, spaceId, [membership('m', { canceledTo })], {
            ...read(0),
            readAt: new Date(Date.UTC(2026, 10, day, 23, 30)),
          }),
        )
      const learned = async () => (await one(db.read, 'memberships', { spaceId }))?.endLearnedOn
      await save('2026-12-24', 1)
      expect(await learned()).toBe('2026-11-02')
      await save('2026-12-24', 5)
      expect(await learned()).toBe('2026-11-02')
      await save('2026-12-31', 6)
      expect(await learned()).toBe('2026-11-07')
      await save(null, 7)
      expect(await learned()).toBeNull()
    })

    test('a complete list marks who is missing, but not who was read later', async () => {
      const spaceId = newSpace()
      await tx((t) =>
        snapshots.saveMemberships(t, spaceId, [membership('a'), membership('b')], read(1)),
      )
      await tx((t) => snapshots.saveMemberships(t, spaceId, [membership('c')], read(9)))
      const present = [asId<MembershipId>('a')]
      await tx((t) => snapshots.saveMemberships(t, spaceId, [membership('a')], read(5)))
      expect(await tx((t) => snapshots.markAbsent(t, spaceId, present, at(5)))).toEqual(['b'])
    })

    test('a list replaces its kind; what comes back is there again', async () => {
      const spaceId = newSpace()
      const plan = (planId: string, name = planId) => ({
        planId: asId<never>(planId),
        name,
        hidden: false,
      })
      const save = (plans: ReturnType<typeof plan>[], minute: number) =>
        tx((t) =>
          snapshots.saveSnapshot(t, spaceId, 'plan', plans, {
            readAt: at(minute),
            idOf: (p) => p.planId,
          }),
        )
      const names = async () =>
        (await snapshots.listSnapshot(db.read, spaceId, 'plan')).map((p) => p.name).sort()
      expect(await save([plan('a'), plan('b')], 1)).toEqual(['a', 'b'])
      expect(await save([plan('a'), plan('c')], 2)).toEqual(['c', 'b'])
      expect(await names()).toEqual(['a', 'c'])
      expect((await snapshots.getSnapshot(db.read, spaceId, 'plan', 'b'))?.goneAt).toEqual(at(2))
      expect(await save([plan('a'), plan('b'), plan('c', 'C')], 3)).toEqual(['b', 'c'])
      expect(await save([], 2)).toEqual([])
      expect(await names()).toEqual(['C', 'a', 'b'])
    })

    test('bookings: unseen ones only inside the range, listed by what is asked', async () => {
      const spaceId = newSpace()
      const later = { startsAt: at(100), endsAt: at(110), resourceId: asId<never>('other') }
      await tx((t) =>
        snapshots.saveBookings(t, spaceId, [booking('a'), booking('b', later)], at(0)),
      )
      const range = { from: at(0), to: at(60), readAt: at(5) }
      const unseen = await snapshots.listUnseenBookings(db.read, spaceId, range)
      expect(unseen.map((row) => row.bookingId)).toEqual(['a'])
      const open = (filter: object) =>
        snapshots.listBookings(db.read, spaceId, { after: at(0), ...filter })
      expect(await open({})).toHaveLength(2)
      expect(await open({ resourceId: 'other' })).toHaveLength(1)
      expect(await open({ membershipId: [] })).toHaveLength(0)
      // A door may stay open for a while after what was booked.
      expect(await open({ after: at(60) })).toHaveLength(2)
      expect(await open({ after: at(100 + minutesMax) })).toHaveLength(1)
    })

    test('old bookings are forgotten unless something of them stands in KS', async () => {
      const spaceId = newSpace()
      await tx((t) => snapshots.saveBookings(t, spaceId, [booking('a'), booking('b')], at(0)))
      const none = { creatingSince: null, written: null }
      await tx((t) =>
        put(t, 'bookingGroups', {
          spaceId,
          siteId: asId('s'),
          bookingId: asId('b'),
          accessGroupId: null,
          name: 'Cobot 1',
          ...none,
          zone: 'UTC',
        }),
      )
      await tx((t) => snapshots.forgetBookings(t, spaceId, at(200)))
      expect((await list(db.read, 'bookings', { spaceId })).map((row) => row.bookingId)).toEqual([
        'b',
      ])
    })
  })

  describe('connections', () => {
    const tokens = { accessSealed: 'a1', accessExpiresAt: at(30), refreshSealed: 'r1', owner: null }

    test('one refresher per version; who comes late stores nothing', async () => {
      const key = { spaceId: newSpace(), side: 'salto' } as const
      await tx((t) => saveConnection(t, key, tokens, at(0)))
      const elect = (now: number) =>
        tx((t) => electRefresher(t, { ...key, version: 1 }, { now: at(now), until: at(now + 1) }))
      expect(await elect(1)).toBe(true)
      expect(await elect(1)).toBe(false)
      expect(await elect(3)).toBe(true)
      const fresh = { ...tokens, accessSealed: 'a2' }
      expect(await tx((t) => storeRefreshed(t, { ...key, version: 1 }, fresh, at(4)))).toBe(true)
      expect(await tx((t) => storeRefreshed(t, { ...key, version: 1 }, 'refused', at(5)))).toBe(
        false,
      )
      expect(await one(db.read, 'connections', key)).toMatchObject({
        accessSealed: 'a2',
        version: 2,
        state: 'ok',
      })
    })

    test('a new permission takes the place of a refused one', async () => {
      const key = { spaceId: newSpace(), side: 'salto' } as const
      await tx((t) => saveConnection(t, key, tokens, at(0)))
      await tx((t) => storeRefreshed(t, { ...key, version: 1 }, 'refused', at(1)))
      await tx((t) => saveConnection(t, key, { ...tokens, accessSealed: 'a9' }, at(2)))
      expect(await one(db.read, 'connections', key)).toMatchObject({
        state: 'ok',
        accessSealed: 'a9',
        version: 2,
      })
    })
  })

  test('a budget is shared, fills again, and closes when told to', async () => {
    const key = `any:${newSpace()}`
    const rule = { perMs: 1 / 60_000, capacity: 2 }
    const ask = (minute: number) => tx((t) => takeFromBudget(t, key, rule, at(minute)))
    expect([await ask(0), await ask(0)]).toEqual([0, 0])
    expect(await ask(0)).toBe(60_000)
    expect(await ask(1)).toBe(0)
    await tx((t) => closeBudget(t, key, at(1), at(9)))
    expect(await ask(5)).toBe(4 * 60_000)
    expect(await ask(9)).toBe(0)
  })

  test('problems are replaced by the look that said them, and keep their beginning', async () => {
    const spaceId = newSpace()
    const say = (source: string, codes: ('P03' | 'P22')[], minute: number) =>
      tx((t) =>
        replaceProblems(
          t,
          spaceId,
          source,
          codes.map((code) => ({ code, subject: source, params: {} })),
          at(minute),
        ),
      )
    await say('a', ['P03', 'P22'], 1)
    await say('b', ['P22'], 2)
    await say('a', ['P22'], 3)
    const rows = await list(db.read, 'problems', { spaceId })
    expect(rows.map((row) => [row.source, row.code, row.since]).sort()).toEqual([
      ['a', 'P22', at(1)],
      ['b', 'P22', at(2)],
    ])
  })

  test('the audit is a chain of hashes per space', async () => {
    const spaceId = newSpace()
    const entry = (action: string) => ({
      at: at(1),
      cause: 'admin Mara',
      task: 'reconcilePairing',
      subject: 'p',
      action,
      target: { siteUserId: 'u', accessGroupId: 'g' },
      reason: null,
      result: 'done',
    })
    await Promise.all(
      ['one', 'two', 'three'].map((action) => tx((t) => appendAudit(t, spaceId, entry(action)))),
    )
    const rows = (await list(db.read, 'audit', { spaceId })).sort((a, b) => a.number - b.number)
    expect(rows.map(({ number }) => number)).toEqual([1, 2, 3])
    let before = ''
    for (const { spaceId: _, number, hash, ...row } of rows) {
      expect(hash).toBe(chain(before, number, row))
      before = hash
    }
  })

  test('T27 a changed, missing or added row breaks the chain, and a cut does not', async () => {
    const spaceId = newSpace()
    const entry = (n: number) => ({
      at: at(n),
      cause: 'date',
      task: 't',
      subject: 's',
      action: `a${n}`,
      target: { b: 'x', a: 'y' },
      reason: n === 1 ? null : `r${n}`,
      result: 'done',
    })
    const key = (number: number) => ({ spaceId, number })
    const verify = () => verifyAudit(db.read, spaceId)
    for (const n of [1, 2, 3, 4, 5]) await tx((t) => appendAudit(t, spaceId, entry(n)))
    expect(await verify()).toBeNull()
    for (const set of [{ reason: 'another' }, { reason: null }, { result: 'x' }, { target: {} }]) {
      const [row] = await list(db.read, 'audit', key(3))
      await tx((t) => change(t, 'audit', key(3), set))
      expect(await verify()).toBe(3)
      await tx((t) => put(t, 'audit', row!))
      expect(await verify()).toBeNull()
    }
    const [gone] = await tx((t) => take(t, 'audit', key(1)))
    expect(await verify()).toBe(2)
    await tx((t) => put(t, 'audit', gone!))
    const [third] = await tx((t) => take(t, 'audit', key(3)))
    expect(await verify()).toBe(4)
    await tx((t) => put(t, 'audit', third!))

    await tx((t) => cutAudit(t, spaceId, at(4)))
    await tx((t) => cutAudit(t, spaceId, at(4)))
    const left = (await list(db.read, 'audit', { spaceId })).sort((a, b) => a.number - b.number)
    expect(left.map(({ number, action }) => `${number} ${action}`)).toEqual([
      '3 cut',
      '4 a4',
      '5 a5',
    ])
    expect(left[0]).toMatchObject({ target: {}, reason: null, subject: '' })
    expect(await verify()).toBeNull()
    await tx((t) => appendAudit(t, spaceId, entry(6)))
    expect(await verify()).toBeNull()
    await tx((t) => take(t, 'audit', key(3)))
    expect(await verify()).toBe(4)
  })

  test('a space keeps its hook key; a new site makes the old one a leaving one', async () => {
    const spaceId = newSpace()
    const space = { spaceId, subdomain: `${spaceId}`, name: 'Hub', timeZone: 'Europe/Berlin' }
    const facts = { ...space, locale: 'en', hourFormat: 24 as const }
    const key = (n: number) => ({
      hookKeySealed: `s${n} ${spaceId}`,
      hookKeyHash: `h${n} ${spaceId}`,
    })
    await tx((t) => saveSpace(t, facts, key(1), at(0)))
    await tx((t) => saveSpace(t, { ...facts, name: 'Harbour Hub' }, key(2), at(1)))
    expect(await one(db.read, 'spaces', { spaceId })).toMatchObject({
      name: 'Harbour Hub',
      ...key(1),
    })
    const site = (name: string) => ({ ...siteOf(`${spaceId} ${name}`), name })
    await tx((t) => activateSite(t, spaceId, site('old'), at(2)))
    await tx((t) => activateSite(t, spaceId, site('new'), at(3)))
    expect((await getActiveSite(db.read, spaceId))?.info.name).toBe('new')
    const [left] = await list(db.read, 'sites', { spaceId, state: 'leaving' })
    const there = { spaceId, siteId: left!.siteId }
    expect(left?.info.name).toBe('old')
    const receipt = () => one(db.read, 'receipts', there)
    expect(await receipt()).toMatchObject({ mode: 'remove', whole: false, endedAt: null })
    await tx((t) => strikeSite(t, there, at(4)))
    expect(await receipt()).toMatchObject({ siteName: 'old', endedAt: at(4), notes: [] })
    expect(await list(db.read, 'sites', { spaceId })).toHaveLength(1)
    await tx((t) => activateSite(t, spaceId, site('old'), at(5)))
    expect(await receipt()).toBeNull()
  })

  test('R17 a site that two spaces take at once goes to one of them, and the other keeps its own', async () => {
    const spaces = [newSpace(), newSpace()]
    for (const each of spaces) await tx((t) => activateSite(t, each, siteOf(`${each} own`), at(1)))
    const wanted = siteOf(`wanted by ${spaces}`)
    const came = await Promise.all(
      spaces.map((each) => tx((t) => activateSite(t, each, wanted, at(2)))),
    )
    expect(came.toSorted()).toEqual([false, true])
    const loser = spaces[came.indexOf(false)]!
    expect((await getActiveSite(db.read, loser))?.siteId).toBe(`${loser} own`)
    expect(await list(db.read, 'receipts', { spaceId: loser })).toEqual([])
  })

  test('what is at a site is listed by name, worked off, and what cannot be is given up', async () => {
    const spaceId = newSpace()
    const key = { spaceId, siteId: asId<SiteId>(`${spaceId} site`) }
    const pairingId = asId<PairingId>(`pairing ${spaceId}`)
    await tx((t) =>
      snapshots.saveMemberships(t, spaceId, [membership('m')], { readAt: at(0), timeZone: 'UTC' }),
    )
    await tx((t) => change(t, 'memberships', { spaceId }, { pairingId, name: 'Mia' }))
    await tx(async (t) => {
      const none = { candidates: [], notThem: false, lockedOut: false, lockedOutDone: true }
      const user = { siteUserId: `${spaceId} u`, saltoUserId: 's', origin: 'made', marker: '· C1' }
      const who = { ...key, pairingId, person: 'user:1', state: 'paired' }
      await put(t, 'pairings', { ...who, ...user, ...none } as never)
      const tagId = asId<TagId>(`${spaceId} tag`)
      const tag = {
        ...key,
        tagId,
        number: '0230',
        pairingId,
        state: 'held',
        doneAt: at(0),
      } as const
      await put(t, 'tagHolders', tag)
      const info = { name: 'Loft' } as never
      await put(t, 'sites', { ...key, state: 'active', timeZone: 'UTC', info, readAt: at(0) })
    })
    const lines = await listLedger(db.read, key)
    expect(lines.map(({ name, holder }) => [name, holder])).toEqual([
      ['0230', 'Mia'],
      ['Mia', null],
    ])
    expect(setOfLedger([...lines].reverse())).toBe(setOfLedger(lines))
    expect(setOfLedger(lines.slice(1))).not.toBe(setOfLedger(lines))
    const click = { spaceId, by: 'u1', now: at(1) }
    const site = await getActiveSite(db.read, spaceId)
    await tx((t) => leaveSite(t, click, site, { mode: 'remove', whole: true }))
    expect(await listUndone(db.read, key)).toEqual([['reconcilePairing', pairingId]])
    await tx((t) => giveUpSite(t, key))
    expect(await listUndone(db.read, key)).toEqual([])
    const came = await list(db.read, 'receiptLines', { spaceId })
    expect(came.map(({ name, outcome, why }) => [name, outcome, why]).sort()).toEqual([
      ['0230', 'out', null],
      ['Mia', 'left', 'refused'],
    ])
  })

  test('a pairing goes with all that hangs on it', async () => {
    const spaceId = newSpace()
    const pairingId = asId<never>(`pairing ${spaceId}`)
    await tx((t) =>
      snapshots.saveMemberships(t, spaceId, [membership('m')], { readAt: at(0), timeZone: 'UTC' }),
    )
    await tx((t) => change(t, 'memberships', { spaceId }, { pairingId }))
    const held = {
      siteId: asId<never>('s'),
      tagId: asId<never>(`tag ${spaceId}`),
      number: '1',
      pairingId,
    }
    await tx((t) => add(t, 'tagHolders', { spaceId, ...held, state: 'held', doneAt: null }))
    await tx((t) => removePairing(t, spaceId, pairingId))
    expect(await list(db.read, 'tagHolders', { spaceId })).toEqual([])
    expect((await one(db.read, 'memberships', { spaceId }))?.pairingId).toBeNull()
  })
})
