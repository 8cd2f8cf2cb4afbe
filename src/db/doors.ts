// Which locks a resource's bookings open, as an admin chose it; and what follows for bookings.
import { type DoorMove, doorMove } from '../core/doors.ts'
import type { BookingId, ResourceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { getSnapshot, listBookings, listSnapshot } from './snapshots.ts'
import { intervalsOf, type SiteRow, type SpaceRow } from './spaces.ts'
import { list, one, type Row, take } from './store.ts'

export type DoorChoice = Omit<Row<'resourceDoors'>, 'spaceId' | 'siteId'>

export type BookingMove = {
  bookingId: BookingId
  resourceId: ResourceId
  /** '' when nobody knows it. */
  name: string
  startsAt: Date
  /** `waits`: it would gain access, but its person is not connected. */
  kind: DoorMove | 'waits'
}

/** What these choices would do to bookings, soonest first. */
export const listBookingMoves = async (
  tx: Tx,
  space: SpaceRow,
  { siteId }: Pick<SiteRow, 'siteId'>,
  choices: readonly DoorChoice[],
  now: Date,
): Promise<BookingMove[]> => {
  const { spaceId } = space
  const memberships = await list(tx, 'memberships', { spaceId })
  const paired = await list(tx, 'pairings', { spaceId, siteId, state: 'paired' })
  const isPaired = new Set(paired.map(({ pairingId }) => pairingId))
  const moves: BookingMove[] = []
  for (const after of choices) {
    const { resourceId } = after
    const before = await one(tx, 'resourceDoors', { spaceId, siteId, resourceId })
    const bookings = await listBookings(tx, spaceId, { after: now, resourceId })
    for (const { bookingId, membershipId, external, startsAt, endsAt } of bookings) {
      const membership = memberships.find((each) => each.membershipId === membershipId)
      const pairingId = membership?.pairingId
      const theirs = pairingId
        ? memberships.filter((each) => each.pairingId === pairingId)
        : memberships.filter((each) => each === membership)
      // A visitor is connected by the booking itself (C5).
      const isVisit = !membershipId && external?.status === 'approved' && space.settings.visitors
      const intervals = isVisit ? [{ startsAt, endsAt: null }] : intervalsOf(space, theirs)
      const kind = doorMove({ startsAt, endsAt, intervals }, before, after, now)
      const isConnected = isVisit || (pairingId && isPaired.has(pairingId))
      const name = membership?.name ?? external?.name ?? ''
      const move = { bookingId, resourceId, name, startsAt }
      if (kind && isConnected) moves.push({ ...move, kind })
      else if (kind === 'gains') moves.push({ ...move, kind: 'waits' })
    }
  }
  return moves.sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())
}

/** Nothing of this row is gone any more, or it is switched off: what was said of it is over (P20). */
export const forgetLoss = async (
  tx: Tx,
  spaceId: SpaceRow['spaceId'],
  { resourceId, enabled, lockIds }: DoorChoice,
): Promise<void> => {
  const resource = await getSnapshot(tx, spaceId, 'resource', resourceId)
  const there = new Set((await listSnapshot(tx, spaceId, 'lock')).map(({ lockId }) => lockId))
  const isWhole = resource?.goneAt === null && lockIds.every((id) => there.has(id))
  if (isWhole || !enabled)
    await take(tx, 'problems', { spaceId, code: 'P20', subject: `resource:${resourceId}` })
}
