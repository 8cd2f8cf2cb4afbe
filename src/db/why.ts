// What is stored about a person and a door, for `core/why.ts`.
import { openTimes } from '../core/doors.ts'
import type { PlanInterval } from '../core/entitlements.ts'
import type { AccessGroupId, LockId, MembershipId, SpaceId } from '../core/ids.ts'
import { findPlan, mappedGroups } from '../core/mappings.ts'
import { localDate } from '../core/temporal.ts'
import type { BookingWay, PlanWay, WhyFacts } from '../core/why.ts'
import type { Tx } from './open.ts'
import { getSnapshot, listBookingsOf, listSnapshot } from './snapshots.ts'
import { getActiveSite, intervalsOf, type SpaceRow } from './spaces.ts'
import { list, one, type Row } from './store.ts'

/** Bookings that ended this long ago tell nothing any more. */
const recentMs = 24 * 3600_000

export const readWhyFacts = async (
  tx: Tx,
  spaceId: SpaceId,
  { membershipId }: { membershipId: MembershipId },
  lockId: LockId,
  now: Date,
): Promise<WhyFacts | null> => {
  const space = await one(tx, 'spaces', { spaceId })
  const site = await getActiveSite(tx, spaceId)
  if (!space || !site) return null
  const { siteId, timeZone, info } = site
  const found = await list(tx, 'memberships', { spaceId, membershipId })
  const pairingId = found[0]?.pairingId ?? null
  const pairing = pairingId && (await one(tx, 'pairings', { spaceId, siteId, pairingId }))
  const memberships = pairingId ? await list(tx, 'memberships', { spaceId, pairingId }) : found
  const intervals = intervalsOf(space, memberships)
  const user =
    pairing?.siteUserId && (await getSnapshot(tx, spaceId, 'siteUser', pairing.siteUserId))
  const lock = await getSnapshot(tx, spaceId, 'lock', lockId)
  const shown = user && !user.goneAt ? user : null
  return {
    now,
    timeZone,
    siteIsValid: info.subscriptionValid,
    lockId,
    intervals,
    lock: lock && !lock.goneAt ? lock : null,
    hubOfflineSince: await hubOfflineSince(tx, spaceId),
    plans: await plansOf(tx, site, intervals, pairing || null),
    bookings: await bookingsOf(tx, site, memberships, lockId, now),
    pairing: pairing || null,
    lockedOut: pairing ? pairing.lockedOut : false,
    user: shown,
    tag: await tagOf(tx, spaceId, pairing || null, shown?.tagNumber ?? null),
  }
}

/** Everybody who is a member now or later, or is still connected; once, however many memberships. */
export const listPeople = async (tx: Tx, { spaceId, timeZone }: SpaceRow, now: Date) => {
  const today = localDate(now, timeZone)
  const rows = (await list(tx, 'memberships', { spaceId })).filter(
    ({ pairingId, goneAt, canceledTo }) =>
      pairingId !== null || (!goneAt && (canceledTo === null || canceledTo >= today)),
  )
  const people = new Map(rows.map((row) => [row.pairingId ?? row.membershipId, row]))
  return [...people.values()]
    .map(({ membershipId: id, name, email, plan }) => ({
      id,
      name: name ?? email ?? id,
      words: [name, email, plan.name].join(' '),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Each plan with its group, and the places that stand without one. */
const plansOf = async (
  tx: Tx,
  { spaceId, siteId }: Row<'sites'>,
  intervals: readonly PlanInterval[],
  pairing: Row<'pairings'> | null,
): Promise<PlanWay[]> => {
  const mapped = await list(tx, 'planGroups', { spaceId, siteId })
  const plans = await listSnapshot(tx, spaceId, 'plan')
  const access = await listSnapshot(tx, spaceId, 'groupAccess')
  const { pairingId } = pairing ?? {}
  const places = pairingId ? await list(tx, 'groupPlaces', { spaceId, siteId, pairingId }) : []
  const subjects = await differing(tx, spaceId)
  const standing = places.map((each) => ({
    ...each,
    isByHand: subjects.has(`pairing:${pairingId}:place:${each.accessGroupId}`),
  }))
  const groups = (await listSnapshot(tx, spaceId, 'accessGroup')).map((each) => each.accessGroupId)
  const way = (
    interval: PlanInterval | null,
    row: Row<'planGroups'> | undefined,
    id?: AccessGroupId,
  ): PlanWay => ({
    kind: 'plan',
    interval,
    planName: interval?.planName ?? row?.name ?? '',
    mapping: mappingOf(row, id && groups.includes(id)),
    access: access.find((each) => each.accessGroupId === id) ?? null,
    place: standing.find((each) => each.accessGroupId === id) ?? null,
  })
  const given = intervals.flatMap((interval) => {
    const planId = findPlan(interval, plans)
    const row = mapped.find((each) => each.planId === planId)
    const ids = row ? mappedGroups(row) : []
    return (ids.length > 0 ? ids : [undefined]).map((id) => ({ interval, row, id }))
  })
  const left = places
    .map(({ accessGroupId }) => accessGroupId)
    .filter((accessGroupId) => !given.some(({ id }) => id === accessGroupId))
    .map((id) =>
      way(
        null,
        mapped.find((row) => mappedGroups(row).includes(id)),
        id,
      ),
    )
  return [...given.map(({ interval, row, id }) => way(interval, row, id)), ...left]
}

/** Of several groups that an admin chose, each is there or missing by itself. */
const mappingOf = (
  row: Row<'planGroups'> | undefined,
  isThere: boolean | undefined,
): PlanWay['mapping'] => {
  if (!row || row.chosen?.length === 0) return 'none'
  if (!row.chosen) return row.state
  return isThere ? 'ready' : 'missing'
}

/** What is known to have been changed by hand in KS. */
const differing = async (tx: Tx, spaceId: SpaceId): Promise<ReadonlySet<string>> => {
  const rows = (await list(tx, 'problems', { spaceId, code: 'P10' })).filter((row) => row.shownAt)
  return new Set(rows.map(({ subject }) => subject))
}

const bookingsOf = async (
  tx: Tx,
  { spaceId, siteId }: Row<'sites'>,
  memberships: readonly Row<'memberships'>[],
  lockId: LockId,
  now: Date,
): Promise<BookingWay[]> => {
  const all = await list(tx, 'resourceDoors', { spaceId, siteId, enabled: true })
  const doors = all.filter(({ lockIds }) => lockIds.includes(lockId))
  const after = new Date(now.getTime() - recentMs)
  const ways: BookingWay[] = []
  const subjects = await differing(tx, spaceId)
  for (const booking of await listBookingsOf(tx, spaceId, memberships, after)) {
    const { bookingId, startsAt: bookedAt } = booking
    const door = doors.find(({ resourceId }) => resourceId === booking.resourceId)
    if (!door) continue
    const group = await one(tx, 'bookingGroups', { spaceId, siteId, bookingId })
    ways.push({
      kind: 'booking',
      bookingId,
      bookedAt,
      ...openTimes(booking, door),
      group: group && { ...group, isByHand: subjects.has(`booking:${bookingId}`) },
    })
  }
  return ways
}

/** Hardware that is offline and no lock is a hub. */
const hubOfflineSince = async (tx: Tx, spaceId: SpaceId): Promise<Date | null> => {
  const locks = (await listSnapshot(tx, spaceId, 'lock')).map(({ lockId }) => `hardware:${lockId}`)
  const offline = await list(tx, 'problems', { spaceId, code: 'P07' })
  const hubs = offline.filter(({ subject }) => !locks.includes(subject))
  return hubs.sort((a, b) => a.since.getTime() - b.since.getTime())[0]?.since ?? null
}

const tagOf = async (
  tx: Tx,
  spaceId: SpaceId,
  pairing: Row<'pairings'> | null,
  number: string | null,
): Promise<WhyFacts['tag']> => {
  if (!number || !pairing) return 'none'
  const { pairingId } = pairing
  if (await one(tx, 'tagHolders', { spaceId, pairingId, number, state: 'lost' })) return 'lost'
  const tag = (await listSnapshot(tx, spaceId, 'tag')).find((each) => each.number === number)
  return tag?.blocked ? 'blocked' : 'fine'
}
