// Visitors (C5): the pairing of a visitor is for one booking, and has no membership.
import { asId, type BookingId, type LockId, type SpaceId } from '../core/ids.ts'
import { hasKeypad, type Visit, visitTime } from '../core/visits.ts'
import type { Tx } from './open.ts'
import { listSnapshot } from './snapshots.ts'
import type { SiteRow, SpaceRow } from './spaces.ts'
import { list, one, type Row } from './store.ts'

/** The person of a visitor's booking, as pairings name it (C5). */
export const visitorOf = (bookingId: BookingId): string => `visitor:${bookingId}`

/** The booking of a visitor; null for everybody else. */
export const visitorsBooking = (person: string): BookingId | null =>
  person.startsWith('visitor:') ? asId(person.slice('visitor:'.length)) : null

/** A visitor and the time of the visit, null when there is none; undefined: no visitor at all. */
export const visitOf = async (
  tx: Tx,
  { spaceId, settings }: SpaceRow,
  { siteId, person }: Pick<Row<'pairings'>, 'siteId' | 'person'>,
): Promise<{ name: string; time: Visit | null; lockIds: LockId[] } | undefined> => {
  const bookingId = visitorsBooking(person)
  if (!bookingId) return undefined
  const booking = await one(tx, 'bookings', { spaceId, bookingId })
  const { resourceId } = booking ?? {}
  const door = resourceId ? await one(tx, 'resourceDoors', { spaceId, siteId, resourceId }) : null
  const time = booking && !booking.goneAt && door && settings.visitors && visitTime(booking, door)
  const name = booking?.external?.name ?? ''
  return { name, time: time || null, lockIds: door?.lockIds ?? [] }
}

/** Until when, and at which doors, a PIN would open for a visitor; null when it would not. */
export const pinFor = async (
  tx: Tx,
  space: SpaceRow,
  site: SiteRow,
  pairing: Row<'pairings'>,
  now: Date,
): Promise<{ until: Date; doors: string[] } | null> => {
  const isThere = pairing.siteUserId && pairing.state === 'paired' && !pairing.lockedOut
  if (!isThere || !site.info.pinEnabled || site.siteId !== pairing.siteId) return null
  const visit = await visitOf(tx, space, pairing)
  if (!visit?.time || visit.time.endsAt <= now) return null
  const doors = (await listSnapshot(tx, space.spaceId, 'lock'))
    .filter((lock) => visit.lockIds.includes(lock.lockId) && hasKeypad(lock))
    .map(({ name }) => name)
  return doors.length > 0 ? { until: visit.time.endsAt, doors } : null
}

/** The visitors among these, with their bookings; a booking that is long over is forgotten. */
export const listVisitors = async (
  tx: Tx,
  spaceId: SpaceId,
  pairings: Iterable<Row<'pairings'>>,
): Promise<{ pairing: Row<'pairings'>; booking: Row<'bookings'> }[]> => {
  const theirs = [...pairings].flatMap((pairing) => {
    const bookingId = visitorsBooking(pairing.person)
    return bookingId ? [{ pairing, bookingId }] : []
  })
  const bookingId = theirs.map((each) => each.bookingId)
  const bookings = await list(tx, 'bookings', { spaceId, bookingId })
  return theirs.flatMap(({ pairing, bookingId: id }) => {
    const booking = bookings.find((each) => each.bookingId === id)
    return booking ? [{ pairing, booking }] : []
  })
}
