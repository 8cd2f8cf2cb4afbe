// A space, its sites, and one person's entitlements as the database knows them.
import { type KnownMembership, type PlanInterval, planIntervals } from '../core/entitlements.ts'
import { asId, type BookingId, type PairingId, type SpaceId } from '../core/ids.ts'
import type { Space } from '../core/model.ts'
import { personMarker } from '../core/schedule.ts'
import { type Visit, visitTime } from '../core/visits.ts'
import type { Tx } from './open.ts'
import { change, list, one, put, type Row, take } from './store.ts'

export type SpaceRow = Row<'spaces'>
export type SiteRow = Row<'sites'>

/** Every switch is off until somebody turns it on. */
export const usualSettings = { lastDayIncluded: false, connectNew: false, visitors: false }

/** Installs a space, or brings what Cobot says of it up to date; the hook key of old stays valid. */
export const saveSpace = async (
  tx: Tx,
  space: Space,
  hookKey: { hookKeySealed: string; hookKeyHash: string },
  now: Date,
): Promise<void> => {
  const before = await one(tx, 'spaces', { spaceId: space.spaceId })
  const fresh = { settings: usualSettings, ...hookKey, linkUserUrl: null, createdAt: now }
  await put(tx, 'spaces', { ...fresh, ...before, ...space, state: 'installed' })
}

/** The one site in use; others of the space are being left (R17). */
export const getActiveSite = (tx: Tx, spaceId: SpaceId): Promise<SiteRow | null> =>
  one(tx, 'sites', { spaceId, state: 'active' })

export const intervalsOf = (space: SpaceRow, memberships: readonly KnownMembership[]) =>
  memberships.flatMap((membership) =>
    planIntervals(membership, { timeZone: space.timeZone, ...space.settings }),
  )

/** All memberships of a pairing and the plans they give over time; several add up (D8). */
export const personOf = async (
  tx: Tx,
  space: SpaceRow,
  pairingId: PairingId,
): Promise<{ memberships: Row<'memberships'>[]; intervals: PlanInterval[] }> => {
  const memberships = await list(tx, 'memberships', { spaceId: space.spaceId, pairingId })
  return { memberships, intervals: intervalsOf(space, memberships) }
}

type Paired = Pick<Row<'pairings'>, 'spaceId' | 'siteId' | 'pairingId' | 'person'>

/** Somebody to be connected; the look at the pairing finds or makes the user. */
export const addPairing = (tx: Tx, paired: Paired, bySetting = false): Promise<unknown> =>
  put(tx, 'pairings', {
    ...{ ...paired, bySetting, marker: personMarker(paired.person), state: 'new' },
    ...{ candidates: [], notThem: false, siteUserId: null, saltoUserId: null, origin: null },
    ...{ creatingSince: null, madeAt: null, endedAt: null, seatedFor: null },
    ...{ lockedOut: false, lockedOutDone: true },
  })

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
): Promise<{ name: string; time: Visit | null } | undefined> => {
  const bookingId = visitorsBooking(person)
  if (!bookingId) return undefined
  const booking = await one(tx, 'bookings', { spaceId, bookingId })
  const { resourceId } = booking ?? {}
  const door = resourceId ? await one(tx, 'resourceDoors', { spaceId, siteId, resourceId }) : null
  const time = booking && !booking.goneAt && door && settings.visitors && visitTime(booking, door)
  return { name: booking?.external?.name ?? '', time: time || null }
}

/** Strikes a pairing from the ledger with all that hangs on it; its tags are free to give again. */
export const removePairing = async (tx: Tx, spaceId: SpaceId, pairingId: PairingId) => {
  await change(tx, 'memberships', { spaceId, pairingId }, { pairingId: null })
  for (const table of ['groupPlaces', 'tagHolders', 'pairings'] as const)
    await take(tx, table, { spaceId, pairingId })
}
