// One person's entitlements as the database knows them: memberships, plans over time, bookings.
import { type KnownMembership, type PlanInterval, planIntervals } from '../core/entitlements.ts'
import type { PairingId, SpaceId } from '../core/ids.ts'
import { listMembershipsOfPairing, type MembershipRow } from './cobot-snapshot.ts'
import type { Tx } from './open.ts'
import type { SpaceRow } from './spaces.ts'

export const rulesOf = (space: SpaceRow) => ({
  timeZone: space.timeZone,
  lastDayIncluded: space.settings.lastDayIncluded,
})

export const intervalsOf = (space: SpaceRow, memberships: readonly KnownMembership[]) =>
  memberships.flatMap((membership) => planIntervals(membership, rulesOf(space)))

/** All memberships of a pairing and the plans they give over time; several add up (D8). */
export const personOf = async (
  tx: Tx,
  space: SpaceRow,
  pairingId: PairingId,
): Promise<{ memberships: MembershipRow[]; intervals: PlanInterval[] }> => {
  const spaceId: SpaceId = space.spaceId
  const memberships = await listMembershipsOfPairing(tx, spaceId, pairingId)
  return { memberships, intervals: intervalsOf(space, memberships) }
}
