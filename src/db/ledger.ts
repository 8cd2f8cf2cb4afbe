// What we put into KS: pairings (site users), places in plan groups, booking groups, tags. Only
// what stands here is ever taken away (R2).
import { and, eq, inArray, isNotNull, or } from 'drizzle-orm'
import type { AccessGroupId, BookingId, PairingId, SiteId, SpaceId, TagId } from '../core/ids.ts'
import type { Tx } from './open.ts'

export type PairingRow = Tx['t']['pairings']['$inferSelect']
export type GroupPlaceRow = Tx['t']['groupPlaces']['$inferSelect']
export type BookingGroupRow = Tx['t']['bookingGroups']['$inferSelect']
export type TagHolderRow = Tx['t']['tagHolders']['$inferSelect']

// Pairings -----------------------------------------------------------------------------------------

export const addPairing = async ({ q, t }: Tx, row: PairingRow): Promise<void> => {
  await q.insert(t.pairings).values(row)
}

export const getPairing = async ({ q, t }: Tx, spaceId: SpaceId, pairingId: PairingId) =>
  (
    await q
      .select()
      .from(t.pairings)
      .where(and(eq(t.pairings.spaceId, spaceId), eq(t.pairings.pairingId, pairingId)))
  )[0] ?? null

export const findPairingOf = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  persons: string[],
): Promise<PairingRow | null> =>
  (
    await q
      .select()
      .from(t.pairings)
      .where(
        and(
          eq(t.pairings.spaceId, spaceId),
          eq(t.pairings.siteId, siteId),
          inArray(t.pairings.person, persons),
        ),
      )
  )[0] ?? null

export const listPairings = ({ q, t }: Tx, spaceId: SpaceId): Promise<PairingRow[]> =>
  q.select().from(t.pairings).where(eq(t.pairings.spaceId, spaceId))

export const updatePairing = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  pairingId: PairingId,
  set: Partial<Omit<PairingRow, 'spaceId' | 'pairingId'>>,
): Promise<void> => {
  await q
    .update(t.pairings)
    .set(set)
    .where(and(eq(t.pairings.spaceId, spaceId), eq(t.pairings.pairingId, pairingId)))
}

/** Strikes a pairing from the ledger with all that hangs on it; its tags are free to give again. */
export const removePairing = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  pairingId: PairingId,
): Promise<void> => {
  const of = (table: Tx['t']['pairings' | 'groupPlaces' | 'tagHolders' | 'memberships']) =>
    and(eq(table.spaceId, spaceId), eq(table.pairingId, pairingId))
  await q.update(t.memberships).set({ pairingId: null }).where(of(t.memberships))
  await q.delete(t.groupPlaces).where(of(t.groupPlaces))
  await q.delete(t.tagHolders).where(of(t.tagHolders))
  await q.delete(t.pairings).where(of(t.pairings))
}

// Places -------------------------------------------------------------------------------------------

export const listGroupPlaces = (
  { q, t }: Tx,
  spaceId: SpaceId,
  pairingId?: PairingId,
): Promise<GroupPlaceRow[]> =>
  q
    .select()
    .from(t.groupPlaces)
    .where(
      and(
        eq(t.groupPlaces.spaceId, spaceId),
        pairingId ? eq(t.groupPlaces.pairingId, pairingId) : undefined,
      ),
    )

export const saveGroupPlace = async ({ q, t }: Tx, row: GroupPlaceRow): Promise<void> => {
  const { spaceId, siteId, pairingId, accessGroupId } = t.groupPlaces
  await q
    .insert(t.groupPlaces)
    .values(row)
    .onConflictDoUpdate({ target: [spaceId, siteId, pairingId, accessGroupId], set: row })
}

const place = (
  { t }: Tx,
  row: Pick<GroupPlaceRow, 'spaceId' | 'siteId' | 'pairingId' | 'accessGroupId'>,
) =>
  and(
    eq(t.groupPlaces.spaceId, row.spaceId),
    eq(t.groupPlaces.siteId, row.siteId),
    eq(t.groupPlaces.pairingId, row.pairingId),
    eq(t.groupPlaces.accessGroupId, row.accessGroupId),
  )

export const updateGroupPlace = async (
  tx: Tx,
  row: Parameters<typeof place>[1],
  set: Partial<GroupPlaceRow>,
): Promise<void> => {
  await tx.q.update(tx.t.groupPlaces).set(set).where(place(tx, row))
}

export const removeGroupPlace = async (tx: Tx, row: Parameters<typeof place>[1]): Promise<void> => {
  await tx.q.delete(tx.t.groupPlaces).where(place(tx, row))
}

/** Is anybody of ours in this group, or on the way into it? */
export const listPairingsInGroup = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  accessGroupId: AccessGroupId,
): Promise<PairingId[]> =>
  (
    await q
      .select({ pairingId: t.groupPlaces.pairingId })
      .from(t.groupPlaces)
      .where(
        and(eq(t.groupPlaces.spaceId, spaceId), eq(t.groupPlaces.accessGroupId, accessGroupId)),
      )
  ).map((row) => row.pairingId)

// Booking groups -----------------------------------------------------------------------------------

export const listBookingGroups = (
  { q, t }: Tx,
  spaceId: SpaceId,
  filter: { bookingId?: BookingId; siteId?: SiteId } = {},
): Promise<BookingGroupRow[]> =>
  q
    .select()
    .from(t.bookingGroups)
    .where(
      and(
        eq(t.bookingGroups.spaceId, spaceId),
        filter.bookingId ? eq(t.bookingGroups.bookingId, filter.bookingId) : undefined,
        filter.siteId ? eq(t.bookingGroups.siteId, filter.siteId) : undefined,
      ),
    )

export const saveBookingGroup = async ({ q, t }: Tx, row: BookingGroupRow): Promise<void> => {
  const { spaceId, siteId, bookingId } = t.bookingGroups
  await q
    .insert(t.bookingGroups)
    .values(row)
    .onConflictDoUpdate({ target: [spaceId, siteId, bookingId], set: row })
}

const group = ({ t }: Tx, row: Pick<BookingGroupRow, 'spaceId' | 'siteId' | 'bookingId'>) =>
  and(
    eq(t.bookingGroups.spaceId, row.spaceId),
    eq(t.bookingGroups.siteId, row.siteId),
    eq(t.bookingGroups.bookingId, row.bookingId),
  )

export const updateBookingGroup = async (
  tx: Tx,
  row: Parameters<typeof group>[1],
  set: Partial<BookingGroupRow>,
): Promise<void> => {
  await tx.q.update(tx.t.bookingGroups).set(set).where(group(tx, row))
}

export const removeBookingGroup = async (
  tx: Tx,
  row: Parameters<typeof group>[1],
): Promise<void> => {
  await tx.q.delete(tx.t.bookingGroups).where(group(tx, row))
}

// Tags ---------------------------------------------------------------------------------------------

export const listTagHolders = (
  { q, t }: Tx,
  spaceId: SpaceId,
  pairingId?: PairingId,
): Promise<TagHolderRow[]> =>
  q
    .select()
    .from(t.tagHolders)
    .where(
      and(
        eq(t.tagHolders.spaceId, spaceId),
        pairingId ? eq(t.tagHolders.pairingId, pairingId) : undefined,
      ),
    )

export const getTagHolder = async ({ q, t }: Tx, siteId: SiteId, tagId: TagId) =>
  (
    await q
      .select()
      .from(t.tagHolders)
      .where(and(eq(t.tagHolders.siteId, siteId), eq(t.tagHolders.tagId, tagId)))
  )[0] ?? null

/** One row per tag: a second holder is refused by the table itself (R5). False when it is taken. */
export const addTagHolder = async ({ q, t }: Tx, row: TagHolderRow): Promise<boolean> =>
  (
    await q
      .insert(t.tagHolders)
      .values(row)
      .onConflictDoNothing()
      .returning({ tagId: t.tagHolders.tagId })
  ).length === 1

export const updateTagHolder = async (
  { q, t }: Tx,
  row: Pick<TagHolderRow, 'siteId' | 'tagId' | 'pairingId'>,
  set: Partial<TagHolderRow>,
): Promise<void> => {
  await q
    .update(t.tagHolders)
    .set(set)
    .where(
      and(
        eq(t.tagHolders.siteId, row.siteId),
        eq(t.tagHolders.tagId, row.tagId),
        eq(t.tagHolders.pairingId, row.pairingId),
      ),
    )
}

export const removeTagHolder = async (
  { q, t }: Tx,
  row: Pick<TagHolderRow, 'siteId' | 'tagId' | 'pairingId'>,
): Promise<void> => {
  await q
    .delete(t.tagHolders)
    .where(
      and(
        eq(t.tagHolders.siteId, row.siteId),
        eq(t.tagHolders.tagId, row.tagId),
        eq(t.tagHolders.pairingId, row.pairingId),
      ),
    )
}

/** Pairings that have work of an admin's hand left on them, or something to show in KS. */
export const isLedgerEmpty = async ({ q, t }: Tx, spaceId: SpaceId, siteId: SiteId) => {
  const rows = await Promise.all([
    q
      .select({ id: t.pairings.pairingId })
      .from(t.pairings)
      .where(
        and(
          eq(t.pairings.spaceId, spaceId),
          eq(t.pairings.siteId, siteId),
          or(isNotNull(t.pairings.siteUserId), isNotNull(t.pairings.creatingSince)),
        ),
      )
      .limit(1),
    q
      .select({ id: t.bookingGroups.bookingId })
      .from(t.bookingGroups)
      .where(and(eq(t.bookingGroups.spaceId, spaceId), eq(t.bookingGroups.siteId, siteId)))
      .limit(1),
  ])
  return rows.every((found) => found.length === 0)
}
