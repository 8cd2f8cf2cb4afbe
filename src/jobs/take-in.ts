// Takes what was read from Cobot into the snapshot, and asks for looks at whatever differs. Whoever
// comes back under a login we know joins the pairing of that person without a click (R10).
import type { MembershipId } from '../core/ids.ts'
import type { Booking, Membership } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import {
  getMembership,
  listBookings,
  listMemberships,
  type MembershipRow,
  markAbsentMemberships,
  pairMembership,
  saveBookings,
  saveMemberships,
  setMembershipGone,
} from '../db/cobot-snapshot.ts'
import type { Tx } from '../db/open.ts'
import type { Look } from './run.ts'

/** A booking that starts within this time goes before other grants. */
const soonMs = 30 * 60_000

/** Stores memberships; of a complete list also who is missing. Returns the missing ones. */
export const takeInMemberships = (
  look: Look,
  memberships: readonly Membership[],
  read: { readAt: Date; complete: boolean },
): Promise<MembershipId[]> =>
  look.deps.db.tx(async (tx) => {
    const { spaceId, space } = look
    const { readAt, complete } = read
    const changed = await saveMemberships(tx, spaceId, memberships, {
      readAt,
      timeZone: space.timeZone,
    })
    for (const membershipId of changed) {
      await joinKnownPerson(tx, look, membershipId)
      await askAbout(tx, look, membershipId)
    }
    const present = memberships.map(({ membershipId }) => membershipId)
    return complete ? markAbsentMemberships(tx, spaceId, present, readAt) : []
  })

const joinKnownPerson = async (tx: Tx, { spaceId }: Look, membershipId: MembershipId) => {
  const membership = await getMembership(tx, spaceId, membershipId)
  if (!membership?.cobotUserId || membership.pairingId) return
  const same = (await listMemberships(tx, spaceId)).find(
    (other) => other.pairingId && other.cobotUserId === membership.cobotUserId,
  )
  if (same) await pairMembership(tx, spaceId, membershipId, same.pairingId)
}

/** The pairing and the coming bookings of a membership. */
const askAbout = async (tx: Tx, look: Look, membershipId: MembershipId) => {
  const membership = await getMembership(tx, look.spaceId, membershipId)
  if (!membership) return
  const ends = membership.goneAt || membership.canceledTo || !membership.confirmedAt
  const urgency = ends ? priority.removal : priority.grant
  if (membership.pairingId) await look.askIn(tx, 'reconcilePairing', membership.pairingId, urgency)
  const bookings = await listBookings(tx, look.spaceId, {
    after: look.now(),
    membershipIds: [membershipId],
  })
  for (const { bookingId } of bookings) await look.askIn(tx, 'reconcileBooking', bookingId, urgency)
}

/** A membership is proven gone: its successor, if there is one, takes its place; else it ends now. */
export const takeOutMembership = (look: Look, membershipId: MembershipId): Promise<void> =>
  look.deps.db.tx(async (tx) => {
    const { spaceId } = look
    const gone = await getMembership(tx, spaceId, membershipId)
    if (!gone || gone.goneAt) return
    if (gone.pairingId) {
      const heir = (await listMemberships(tx, spaceId)).find((other) => isSuccessor(gone, other))
      if (heir) await pairMembership(tx, spaceId, heir.membershipId, gone.pairingId)
    }
    await setMembershipGone(tx, spaceId, membershipId, look.now())
    await askAbout(tx, look, membershipId)
  })

const isSuccessor = (gone: MembershipRow, other: MembershipRow) =>
  other.membershipId !== gone.membershipId &&
  !other.goneAt &&
  !other.absentAt &&
  !other.pairingId &&
  ((gone.cobotUserId !== null && gone.cobotUserId === other.cobotUserId) ||
    (gone.email !== null && gone.email.toLowerCase() === other.email?.toLowerCase()))

export const takeInBookings = (
  look: Look,
  bookings: readonly Booking[],
  readAt: Date,
): Promise<void> =>
  look.deps.db.tx(async (tx) => {
    const changed = await saveBookings(tx, look.spaceId, bookings, readAt)
    const soon = look.now().getTime() + soonMs
    for (const bookingId of changed) {
      const startsAt = bookings.find((each) => each.bookingId === bookingId)?.startsAt.getTime()
      const urgency = startsAt && startsAt < soon ? priority.soon : priority.grant
      await look.askIn(tx, 'reconcileBooking', bookingId, urgency)
    }
  })
