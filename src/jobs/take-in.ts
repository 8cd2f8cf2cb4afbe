// Takes what was read from Cobot into the snapshot, and asks in the same transaction for looks at
// whatever differs. Whoever comes back under a login we know joins that person's pairing (R10).
import { isActive } from '../core/entitlements.ts'
import { evidenceOf } from '../core/guard.ts'
import { asId, type MembershipId, type PairingId } from '../core/ids.ts'
import type { Booking, Membership } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { connectMembership } from '../db/clicks.ts'
import { announce } from '../db/guard.ts'
import type { Tx } from '../db/open.ts'
import { listBookingsOf, markAbsent, saveBookings, saveMemberships } from '../db/snapshots.ts'
import { intervalsOf } from '../db/spaces.ts'
import { change, list, one, present, type Row } from '../db/store.ts'
import type { Look } from './run.ts'

/** A booking that starts within this time goes before other grants. */
const soonMs = 30 * 60_000

/** Stores memberships; of a complete list also who is missing. Returns the missing ones. */
export const takeInMemberships = (
  look: Look,
  memberships: readonly Membership[],
  { readAt, complete }: { readAt: Date; complete: boolean },
): Promise<MembershipId[]> =>
  look.tx(async (tx) => {
    const { spaceId, space } = look
    const read = { readAt, timeZone: space.timeZone }
    const present = memberships.map(({ membershipId }) => membershipId)
    const before = await list(tx, 'memberships', { spaceId, membershipId: present, goneAt: null })
    const changed = await saveMemberships(tx, spaceId, memberships, read)
    const absent = complete ? await markAbsent(tx, spaceId, present, readAt) : []
    for (const membershipId of changed) await joinKnownPerson(tx, look, membershipId)
    await connectNew(tx, look, before, changed)
    const touched = [...changed, ...absent]
    await announceLosses(tx, look, { told: complete ? null : present, touched })
    for (const membershipId of changed) await askAbout(tx, look, membershipId)
    return absent
  })

/** Who would lose a place by what was just read; `told` are all it speaks of, null for everybody. */
const announceLosses = async (
  tx: Tx,
  look: Look,
  { told, touched }: { told: readonly MembershipId[] | null; touched: readonly MembershipId[] },
) => {
  const { spaceId, space } = look
  const now = look.now()
  const rules = { timeZone: space.timeZone, ...space.settings }
  const personsOf = async (membershipId: readonly MembershipId[]) =>
    (await list(tx, 'memberships', { spaceId, membershipId })).flatMap((m) => m.pairingId ?? [])
  const pairingId = [...new Set(await personsOf(touched))]
  const theirs = (await list(tx, 'memberships', { spaceId, pairingId })).map((each) =>
    each.absentAt ? { ...each, goneAt: each.absentAt } : each,
  )
  const places = await list(tx, 'groupPlaces', { spaceId, pairingId })
  const current = intervalsOf(space, theirs).filter((interval) => isActive(interval, now))
  const lost = places.filter(({ basis, joinedAt, ...place }) => {
    const own = current.filter((each) =>
      theirs.some((m) => m.membershipId === each.membershipId && m.pairingId === place.pairingId),
    )
    const isMoved = own.some(({ planId }) => basis.includes(`/${planId}/`))
    return !isMoved && evidenceOf({ basis, storedAt: joinedAt }, theirs, rules, now) === 'direct'
  })
  const changes = [...Map.groupBy(lost, (place) => place.pairingId)].map(([id, of]) => ({
    subject: `pairing:${id}`,
    evidence: 'direct' as const,
    accessGroupIds: of.map(({ accessGroupId }) => accessGroupId),
  }))
  const subjects = told && new Set((await personsOf(told)).map((id) => `pairing:${id}`))
  const isTold = (subject: string) => subjects?.has(subject) ?? subject.startsWith('pairing:')
  await announce(tx, spaceId, changes, isTold, now)
}

const joinKnownPerson = async (tx: Tx, { spaceId }: Look, membershipId: MembershipId) => {
  const membership = await one(tx, 'memberships', { spaceId, membershipId })
  if (!membership?.cobotUserId || membership.pairingId) return
  const { cobotUserId } = membership
  const same = await one(tx, 'memberships', { spaceId, cobotUserId, pairingId: present })
  if (same)
    await change(tx, 'memberships', { spaceId, membershipId }, { pairingId: same.pairingId })
}

/** Whoever becomes a member is connected by themselves, where an admin wants that (D9). */
const connectNew = async (
  tx: Tx,
  look: Look,
  before: readonly Row<'memberships'>[],
  changed: readonly MembershipId[],
) => {
  const { spaceId, space } = look
  if (!space.settings.connectNew) return
  const confirmed = before.filter((each) => each.confirmedAt)
  const known = new Set(confirmed.map(({ membershipId }) => membershipId))
  const membershipId = changed.filter((id) => !known.has(id))
  const unpaired = { spaceId, membershipId, pairingId: null, goneAt: null, confirmedAt: present }
  for (const each of await list(tx, 'memberships', unpaired)) {
    const click = { spaceId, by: 'connectNew', now: look.now(), bySetting: true }
    await connectMembership(tx, click, each.membershipId, newPairingId(look))
  }
}

export const newPairingId = ({ deps }: Look): PairingId =>
  asId(Buffer.from(deps.ports.random.bytes(16)).toString('base64url'))

/** The pairing of a membership, and the coming bookings of that person: memberships add up (D8). */
const askAbout = async (tx: Tx, look: Look, membershipId: MembershipId) => {
  const { spaceId } = look
  const membership = await one(tx, 'memberships', { spaceId, membershipId })
  if (!membership) return
  const { pairingId } = membership
  const ends = membership.goneAt || membership.canceledTo || !membership.confirmedAt
  const urgency = ends ? priority.removal : priority.grant
  if (pairingId) await look.askIn(tx, 'reconcilePairing', pairingId, urgency)
  const theirs = pairingId ? await list(tx, 'memberships', { spaceId, pairingId }) : [membership]
  const bookings = await listBookingsOf(tx, spaceId, theirs, look.now())
  for (const { bookingId } of bookings) await look.askIn(tx, 'reconcileBooking', bookingId, urgency)
}

/** A membership is proven gone: a successor takes its place, else it ends now. */
export const takeOutMembership = (look: Look, membershipId: MembershipId): Promise<void> =>
  look.tx(async (tx) => {
    const { spaceId } = look
    const gone = await one(tx, 'memberships', { spaceId, membershipId, goneAt: null })
    if (!gone) return
    const { pairingId } = gone
    const others = await list(tx, 'memberships', { spaceId, goneAt: null, absentAt: null })
    const heir = others.find((other) => isSuccessor(gone, other))
    if (pairingId && heir)
      await change(tx, 'memberships', { spaceId, membershipId: heir.membershipId }, { pairingId })
    const now = look.now()
    await change(tx, 'memberships', { spaceId, membershipId }, { goneAt: now, readAt: now })
    await askAbout(tx, look, membershipId)
    // Whose its bookings are now, and whether they are still there, only Cobot can say.
    const booked = await listBookingsOf(tx, spaceId, [gone], look.now())
    if (booked.length > 0) await look.askIn(tx, 'sweepCobot', 'bookings', priority.removal)
  })

const isSuccessor = (gone: Row<'memberships'>, other: Row<'memberships'>) =>
  other.membershipId !== gone.membershipId &&
  !other.pairingId &&
  ((gone.cobotUserId !== null && gone.cobotUserId === other.cobotUserId) ||
    (gone.email !== null && gone.email.toLowerCase() === other.email?.toLowerCase()))

export const takeInBookings = (
  look: Look,
  bookings: readonly Booking[],
  readAt: Date,
): Promise<void> =>
  look.tx(async (tx) => {
    const { spaceId } = look
    const soon = look.now().getTime() + soonMs
    const ids = bookings.map(({ bookingId }) => bookingId)
    const before = await list(tx, 'bookings', { spaceId, bookingId: ids })
    // A state of a visitor's booking that we do not understand changes nothing.
    const read = bookings.map((booking) => {
      const known = before.find((each) => each.bookingId === booking.bookingId)
      return booking.external?.status === 'unknown' && known?.external
        ? { ...booking, external: known.external }
        : booking
    })
    const changed = await saveBookings(tx, spaceId, read, readAt)
    const touched = [...before, ...bookings].filter((each) => changed.includes(each.bookingId))
    await askWhoIsInside(tx, look, touched)
    for (const bookingId of changed) {
      const startsAt = bookings.find((each) => each.bookingId === bookingId)?.startsAt.getTime()
      const urgency = startsAt && startsAt < soon ? priority.soon : priority.grant
      await look.askIn(tx, 'reconcileBooking', bookingId, urgency)
    }
  })

/** A booking that runs may be what somebody's seat rests on (R14). */
export const askWhoIsInside = async (
  tx: Tx,
  look: Look,
  bookings: readonly Pick<Booking, 'membershipId' | 'startsAt' | 'endsAt'>[],
): Promise<void> => {
  const now = look.now()
  const running = bookings.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
  const membershipId = running.flatMap((booking) => booking.membershipId ?? [])
  for (const { pairingId } of await list(tx, 'memberships', {
    spaceId: look.spaceId,
    membershipId,
  }))
    if (pairingId) await look.askIn(tx, 'reconcilePairing', pairingId, priority.cosmetic)
}
