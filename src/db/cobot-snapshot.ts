// What Cobot last said: plans, memberships, resources, bookings. Rows carry the start of the read
// they come from; an older read never overwrites, and proves no absence (R15).
import { and, asc, eq, gt, gte, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { KnownMembership } from '../core/entitlements.ts'
import type { BookingId, MembershipId, PairingId, ResourceId, SpaceId } from '../core/ids.ts'
import type { Booking, Membership, Plan, Resource } from '../core/model.ts'
import { localDate } from '../core/temporal.ts'
import type { Tx } from './open.ts'

export type MembershipRow = Tx['t']['memberships']['$inferSelect']
export type BookingRow = Tx['t']['bookings']['$inferSelect']
export type PlanRow = Tx['t']['plans']['$inferSelect']
export type ResourceRow = Tx['t']['resources']['$inferSelect']

/**
 * Stores memberships as read; returns the ids of those that differ from before. The day on which an
 * end is first seen is remembered (R19), in the space's time zone.
 */
export const saveMemberships = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  memberships: readonly Membership[],
  read: { readAt: Date; timeZone: string },
): Promise<MembershipId[]> => {
  const { readAt, timeZone } = read
  const today = localDate(readAt, timeZone)
  const ids = memberships.map(({ membershipId }) => membershipId)
  const known = new Map(
    (
      await q
        .select()
        .from(t.memberships)
        .where(and(eq(t.memberships.spaceId, spaceId), inArray(t.memberships.membershipId, ids)))
    ).map((row) => [row.membershipId, row]),
  )
  const changed: MembershipId[] = []
  for (const membership of memberships) {
    const before = known.get(membership.membershipId)
    if (before && before.readAt > readAt) continue
    const learned = {
      endLearnedOn: learnedOn(membership.canceledTo, before?.canceledTo, before?.endLearnedOn),
      planEndLearnedOn: learnedOn(
        membership.plan.canceledTo,
        before?.plan.canceledTo,
        before?.planEndLearnedOn,
      ),
    }
    if (before && isSame(membership, before)) continue
    changed.push(membership.membershipId)
    const row = { ...membership, ...learned, readAt, absentAt: null, goneAt: null }
    await q
      .insert(t.memberships)
      .values({ spaceId, ...row })
      .onConflictDoUpdate({ target: [t.memberships.spaceId, t.memberships.membershipId], set: row })
  }
  await q
    .update(t.memberships)
    .set({ readAt, absentAt: null })
    .where(
      and(
        eq(t.memberships.spaceId, spaceId),
        inArray(t.memberships.membershipId, ids),
        lt(t.memberships.readAt, readAt),
      ),
    )
  return changed

  function learnedOn(end: string | null, before?: string | null, learned?: string | null) {
    return end === null ? null : end === before ? (learned ?? today) : today
  }
}

const isSame = (read: Membership, row: MembershipRow) =>
  !row.goneAt &&
  Object.entries(read).every(
    ([field, value]) => stable(value) === stable(row[field as keyof Membership]),
  )

/** JSON with sorted keys: PostgreSQL gives the keys of a JSON column back in its own order. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v) && !(v instanceof Date)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )

/** Marks the memberships that a complete list did not have; returns those nobody has mourned yet. */
export const markAbsentMemberships = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  present: readonly MembershipId[],
  readAt: Date,
): Promise<MembershipId[]> => {
  const there = new Set(present)
  const rows = await q
    .select()
    .from(t.memberships)
    .where(
      and(
        eq(t.memberships.spaceId, spaceId),
        isNull(t.memberships.goneAt),
        lt(t.memberships.readAt, readAt),
      ),
    )
  const absent = rows.map((row) => row.membershipId).filter((id) => !there.has(id))
  await q
    .update(t.memberships)
    .set({ absentAt: readAt })
    .where(and(eq(t.memberships.spaceId, spaceId), inArray(t.memberships.membershipId, absent)))
  return absent
}

export const setMembershipGone = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  membershipId: MembershipId,
  goneAt: Date,
) => {
  await q
    .update(t.memberships)
    .set({ goneAt })
    .where(and(eq(t.memberships.spaceId, spaceId), eq(t.memberships.membershipId, membershipId)))
}

export const pairMembership = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  membershipId: MembershipId,
  pairingId: PairingId | null,
) => {
  await q
    .update(t.memberships)
    .set({ pairingId })
    .where(and(eq(t.memberships.spaceId, spaceId), eq(t.memberships.membershipId, membershipId)))
}

export const getMembership = async ({ q, t }: Tx, spaceId: SpaceId, membershipId: MembershipId) =>
  (
    await q
      .select()
      .from(t.memberships)
      .where(and(eq(t.memberships.spaceId, spaceId), eq(t.memberships.membershipId, membershipId)))
  )[0] ?? null

/** Everybody, by name; those who are gone included. */
export const listMemberships = ({ q, t }: Tx, spaceId: SpaceId): Promise<MembershipRow[]> =>
  q
    .select()
    .from(t.memberships)
    .where(eq(t.memberships.spaceId, spaceId))
    .orderBy(asc(t.memberships.name), asc(t.memberships.membershipId))

export const listMembershipsOfPairing = (
  { q, t }: Tx,
  spaceId: SpaceId,
  pairingId: PairingId,
): Promise<(MembershipRow & KnownMembership)[]> =>
  q
    .select()
    .from(t.memberships)
    .where(and(eq(t.memberships.spaceId, spaceId), eq(t.memberships.pairingId, pairingId)))

// Plans and resources ------------------------------------------------------------------------------

/** Stores the complete list of plans; those missing from it are gone. */
export const savePlans = async ({ q, t }: Tx, spaceId: SpaceId, plans: Plan[], readAt: Date) => {
  for (const plan of plans) {
    const row = { name: plan.name, hidden: plan.hidden, readAt, goneAt: null }
    await q
      .insert(t.plans)
      .values({ spaceId, planId: plan.planId, ...row })
      .onConflictDoUpdate({
        target: [t.plans.spaceId, t.plans.planId],
        set: row,
        setWhere: sql`${t.plans.readAt} <= excluded.read_at`,
      })
  }
  await q
    .update(t.plans)
    .set({ goneAt: readAt })
    .where(and(eq(t.plans.spaceId, spaceId), lt(t.plans.readAt, readAt), isNull(t.plans.goneAt)))
}

export const listPlans = ({ q, t }: Tx, spaceId: SpaceId): Promise<PlanRow[]> =>
  q.select().from(t.plans).where(eq(t.plans.spaceId, spaceId)).orderBy(asc(t.plans.name))

/** Stores the complete list of resources; returns those that came, went or were renamed. */
export const saveResources = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  resources: Resource[],
  readAt: Date,
): Promise<ResourceId[]> => {
  const before = new Map(
    (await listResources({ q, t } as Tx, spaceId)).map((row) => [row.resourceId, row]),
  )
  for (const { resourceId, name } of resources) {
    const row = { name, readAt, goneAt: null }
    await q
      .insert(t.resources)
      .values({ spaceId, resourceId, ...row })
      .onConflictDoUpdate({
        target: [t.resources.spaceId, t.resources.resourceId],
        set: row,
        setWhere: sql`${t.resources.readAt} <= excluded.read_at`,
      })
  }
  await q
    .update(t.resources)
    .set({ goneAt: readAt })
    .where(
      and(
        eq(t.resources.spaceId, spaceId),
        lt(t.resources.readAt, readAt),
        isNull(t.resources.goneAt),
      ),
    )
  const present = new Set(resources.map(({ resourceId }) => resourceId))
  return [
    ...resources.filter(({ resourceId }) => before.get(resourceId)?.goneAt !== null),
    ...[...before.values()].filter((row) => !row.goneAt && !present.has(row.resourceId)),
  ].map(({ resourceId }) => resourceId)
}

export const listResources = ({ q, t }: Tx, spaceId: SpaceId): Promise<ResourceRow[]> =>
  q
    .select()
    .from(t.resources)
    .where(eq(t.resources.spaceId, spaceId))
    .orderBy(asc(t.resources.name))

// Bookings -----------------------------------------------------------------------------------------

/** Stores bookings as read; returns the ids of those that differ from before. */
export const saveBookings = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  bookings: readonly Booking[],
  readAt: Date,
): Promise<BookingId[]> => {
  const ids = bookings.map(({ bookingId }) => bookingId)
  const known = new Map(
    (
      await q
        .select()
        .from(t.bookings)
        .where(and(eq(t.bookings.spaceId, spaceId), inArray(t.bookings.bookingId, ids)))
    ).map((row) => [row.bookingId, row]),
  )
  const changed: BookingId[] = []
  for (const booking of bookings) {
    const before = known.get(booking.bookingId)
    if (before && before.readAt > readAt) continue
    const same =
      before &&
      !before.goneAt &&
      Object.entries(booking).every(
        ([field, value]) => stable(value) === stable(before[field as keyof Booking]),
      )
    if (same) continue
    changed.push(booking.bookingId)
    const row = { ...booking, readAt, goneAt: null }
    await q
      .insert(t.bookings)
      .values({ spaceId, ...row })
      .onConflictDoUpdate({ target: [t.bookings.spaceId, t.bookings.bookingId], set: row })
  }
  await q
    .update(t.bookings)
    .set({ readAt })
    .where(
      and(
        eq(t.bookings.spaceId, spaceId),
        inArray(t.bookings.bookingId, ids),
        lt(t.bookings.readAt, readAt),
      ),
    )
  return changed
}

/** Stored bookings overlapping the range of a complete list that lie before it in time of reading. */
export const listBookingsUnseen = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  range: { from: Date; to: Date; readAt: Date },
): Promise<BookingId[]> =>
  (
    await q
      .select({ bookingId: t.bookings.bookingId })
      .from(t.bookings)
      .where(
        and(
          eq(t.bookings.spaceId, spaceId),
          isNull(t.bookings.goneAt),
          gt(t.bookings.endsAt, range.from),
          lt(t.bookings.startsAt, range.to),
          lt(t.bookings.readAt, range.readAt),
        ),
      )
  ).map((row) => row.bookingId)

export const setBookingGone = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  bookingId: BookingId,
  goneAt: Date,
) => {
  await q
    .update(t.bookings)
    .set({ goneAt })
    .where(and(eq(t.bookings.spaceId, spaceId), eq(t.bookings.bookingId, bookingId)))
}

export const getBooking = async ({ q, t }: Tx, spaceId: SpaceId, bookingId: BookingId) =>
  (
    await q
      .select()
      .from(t.bookings)
      .where(and(eq(t.bookings.spaceId, spaceId), eq(t.bookings.bookingId, bookingId)))
  )[0] ?? null

/** Bookings that have not ended by `after`, of a resource, of memberships, or of everybody. */
export const listBookings = (
  { q, t }: Tx,
  spaceId: SpaceId,
  filter: { after: Date; resourceId?: ResourceId; membershipIds?: MembershipId[] },
): Promise<BookingRow[]> =>
  q
    .select()
    .from(t.bookings)
    .where(
      and(
        eq(t.bookings.spaceId, spaceId),
        isNull(t.bookings.goneAt),
        gte(t.bookings.endsAt, filter.after),
        filter.resourceId ? eq(t.bookings.resourceId, filter.resourceId) : undefined,
        filter.membershipIds ? inArray(t.bookings.membershipId, filter.membershipIds) : undefined,
      ),
    )
    .orderBy(asc(t.bookings.startsAt))

/** Drops what ended long ago and left nothing in KS. */
export const forgetOldBookings = async ({ q, t }: Tx, spaceId: SpaceId, before: Date) => {
  const kept = q.select({ id: t.bookingGroups.bookingId }).from(t.bookingGroups)
  await q
    .delete(t.bookings)
    .where(
      and(
        eq(t.bookings.spaceId, spaceId),
        or(lte(t.bookings.endsAt, before), lt(t.bookings.goneAt, before)),
        sql`${t.bookings.bookingId} not in ${kept}`,
      ),
    )
}
