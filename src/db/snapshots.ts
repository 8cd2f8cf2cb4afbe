// What the two sides last said. Rows carry the start of the read they come from; an older read never
// overwrites a newer one, and proves no absence (R15).
import { minutesMax } from '../core/doors.ts'
import type { BookingId, MembershipId, SpaceId } from '../core/ids.ts'
import type { Booking, Membership } from '../core/model.ts'
import { addDays, localDate } from '../core/temporal.ts'
import type { Tx } from './open.ts'
import { above, below, change, from, list, one, put, type Row, take } from './store.ts'
import type { Snapshots } from './tables.ts'
import { keepPeopleDays } from './tidy.ts'

type Kind = keyof Snapshots

/**
 * Stores a complete list of one kind; what is missing from it is gone, and forgotten after a month.
 * Returns the ids of what came, went or changed.
 */
export const saveSnapshot = async <K extends Kind>(
  tx: Tx,
  spaceId: SpaceId,
  kind: K,
  items: readonly Snapshots[K][],
  read: { readAt: Date; idOf: (item: Snapshots[K]) => string },
): Promise<string[]> => {
  const { readAt, idOf } = read
  const before = new Map((await list(tx, 'snapshots', { spaceId, kind })).map((r) => [r.id, r]))
  const changed: string[] = []
  for (const data of items) {
    const id = idOf(data)
    const known = before.get(id)
    before.delete(id)
    if (known && (known.readAt > readAt || (!known.goneAt && stable(known.data) === stable(data))))
      continue
    changed.push(id)
    await put(tx, 'snapshots', { spaceId, kind, id, data, readAt, goneAt: null })
  }
  const gone = [...before.values()].filter((row) => !row.goneAt && row.readAt <= readAt)
  for (const { id } of gone)
    await change(tx, 'snapshots', { spaceId, kind, id }, { goneAt: readAt })
  const all = { spaceId, kind }
  await change(tx, 'snapshots', { ...all, goneAt: null, readAt: below(readAt) }, { readAt })
  const longAgo = new Date(readAt.getTime() - 30 * 24 * 3600_000)
  await take(tx, 'snapshots', { ...all, goneAt: below(longAgo) })
  return [...changed, ...gone.map(({ id }) => id)]
}

/** Stores one of a kind, read or written between two complete lists. */
export const saveOne = async <K extends Kind>(
  tx: Tx,
  spaceId: SpaceId,
  kind: K,
  id: string,
  read: { data: Snapshots[K]; readAt: Date },
): Promise<void> => put(tx, 'snapshots', { spaceId, kind, id, ...read, goneAt: null })

/** What the last complete list had. */
export const listSnapshot = async <K extends Kind>(tx: Tx, spaceId: SpaceId, kind: K) =>
  (await list(tx, 'snapshots', { spaceId, kind, goneAt: null })).map(
    (row) => row.data as Snapshots[K],
  )

export const getSnapshot = async <K extends Kind>(
  tx: Tx,
  spaceId: SpaceId,
  kind: K,
  id: string,
): Promise<(Snapshots[K] & { goneAt: Date | null }) | null> => {
  const row = await one(tx, 'snapshots', { spaceId, kind, id })
  return row && { ...(row.data as Snapshots[K]), goneAt: row.goneAt }
}

/** JSON with sorted keys: PostgreSQL gives the keys of a JSON column back in an order of its own. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )

const same = (read: object, row: object) =>
  Object.entries(read).every(
    ([field, value]) => stable(value) === stable((row as Record<string, unknown>)[field]),
  )

// Memberships --------------------------------------------------------------------------------------

/**
 * Stores memberships as read; returns those that differ from before. The day on which an end is
 * first seen, in the space's time zone, is remembered (R19).
 */
export const saveMemberships = async (
  tx: Tx,
  spaceId: SpaceId,
  memberships: readonly Membership[],
  read: { readAt: Date; timeZone: string },
): Promise<MembershipId[]> => {
  const { readAt } = read
  const today = localDate(readAt, read.timeZone)
  const learned = (end: string | null, before?: string | null, learnedOn?: string | null) =>
    end === null ? null : end === before ? (learnedOn ?? today) : today
  const ids = memberships.map(({ membershipId }) => membershipId)
  await tx.lock(`${spaceId} memberships`)
  const rows = await list(tx, 'memberships', { spaceId, membershipId: ids })
  const known = new Map(rows.map((row) => [row.membershipId, row]))
  const changed: MembershipId[] = []
  for (const membership of memberships) {
    const { membershipId, plan, canceledTo } = membership
    const row = known.get(membershipId)
    if (row && (row.readAt > readAt || (!row.goneAt && same(membership, row)))) continue
    if (!row && canceledTo && canceledTo < addDays(today, -keepPeopleDays)) continue
    changed.push(membershipId)
    const read = {
      spaceId,
      ...membership,
      readAt,
      absentAt: null,
      goneAt: null,
      endLearnedOn: learned(canceledTo, row?.canceledTo, row?.endLearnedOn),
      planEndLearnedOn: learned(plan.canceledTo, row?.plan.canceledTo, row?.planEndLearnedOn),
      pairingId: null,
    }
    // Who is connected is an admin's click, which may come while this is being written.
    await put(tx, 'memberships', read, ['pairingId'])
  }
  const older = { spaceId, membershipId: ids, readAt: below(readAt) }
  await change(tx, 'memberships', older, { readAt, absentAt: null })
  return changed
}

/** Marks the memberships that a complete list did not have, and returns them. */
export const markAbsent = async (
  tx: Tx,
  spaceId: SpaceId,
  present: readonly MembershipId[],
  readAt: Date,
): Promise<MembershipId[]> => {
  const there = new Set(present)
  const older = { spaceId, goneAt: null, readAt: below(readAt) }
  const absent = (await list(tx, 'memberships', older))
    .map((row) => row.membershipId)
    .filter((membershipId) => !there.has(membershipId))
  await change(tx, 'memberships', { spaceId, membershipId: absent }, { absentAt: readAt })
  return absent
}

// Bookings -----------------------------------------------------------------------------------------

/** Stores bookings as read; returns those that differ from before. */
export const saveBookings = async (
  tx: Tx,
  spaceId: SpaceId,
  bookings: readonly Booking[],
  readAt: Date,
): Promise<BookingId[]> => {
  const ids = bookings.map(({ bookingId }) => bookingId)
  await tx.lock(`${spaceId} bookings`)
  const rows = await list(tx, 'bookings', { spaceId, bookingId: ids })
  const known = new Map(rows.map((row) => [row.bookingId, row]))
  const changed: BookingId[] = []
  for (const booking of bookings) {
    const row = known.get(booking.bookingId)
    if (row && (row.readAt > readAt || (!row.goneAt && same(booking, row)))) continue
    changed.push(booking.bookingId)
    await put(tx, 'bookings', { spaceId, ...booking, readAt, goneAt: null })
  }
  const older = { spaceId, bookingId: ids, readAt: below(readAt) }
  await change(tx, 'bookings', older, { readAt })
  return changed
}

/** Bookings overlapping the range that a complete list of it, read at `readAt`, did not have. */
export const listUnseenBookings = (
  tx: Tx,
  spaceId: SpaceId,
  range: { from: Date; to: Date; readAt: Date },
): Promise<Row<'bookings'>[]> =>
  list(tx, 'bookings', {
    spaceId,
    goneAt: null,
    readAt: below(range.readAt),
    endsAt: above(range.from),
    startsAt: below(range.to),
  })

/**
 * Bookings for which a door may be open after that time, whatever minutes its mapping adds; soonest
 * first: of a resource, of memberships, or all.
 */
export const listBookings = async (
  tx: Tx,
  spaceId: SpaceId,
  filter: { after: Date } & Partial<{
    resourceId: Booking['resourceId']
    membershipId: readonly MembershipId[]
  }>,
): Promise<Row<'bookings'>[]> => {
  const { after, ...where } = filter
  const endsAt = from(new Date(after.getTime() - minutesMax * 60_000))
  const open = { spaceId, goneAt: null, endsAt }
  const rows = await list(tx, 'bookings', { ...open, ...where })
  return rows.sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())
}

/** Bookings of these people for which a door may be open after that time. */
export const listBookingsOf = (
  tx: Tx,
  spaceId: SpaceId,
  memberships: readonly Pick<Membership, 'membershipId'>[],
  after: Date,
): Promise<Row<'bookings'>[]> =>
  listBookings(tx, spaceId, { after, membershipId: memberships.map((each) => each.membershipId) })

/** Forgets what ended before then and left nothing in KS. */
export const forgetBookings = async (tx: Tx, spaceId: SpaceId, before: Date): Promise<void> => {
  const rows = await list(tx, 'bookings', { spaceId, endsAt: below(before) })
  const kept = new Set((await list(tx, 'bookingGroups', { spaceId })).map((row) => row.bookingId))
  const bookingId = rows.map((row) => row.bookingId).filter((id) => !kept.has(id))
  await take(tx, 'bookings', { spaceId, bookingId })
}
