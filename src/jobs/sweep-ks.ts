// Compares a KS site with the ledger in bulk and asks for looks only at what differs. It is also
// the probe by which a space that SALTO refused comes back by itself.
import { jitter } from '../core/backoff.ts'
import type { AccessGroupId } from '../core/ids.ts'
import { mappedGroups } from '../core/mappings.ts'
import type { AccessGroup, GroupAccess, Site } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { bookingGroupName, isBookingGroupName } from '../core/schedule.ts'
import { isTimeZone } from '../core/temporal.ts'
import { noteLetIn } from '../db/connections.ts'
import { getSnapshot, listBookings, saveSnapshot } from '../db/snapshots.ts'
import { getActiveSite, type SiteRow } from '../db/spaces.ts'
import { change, list, one, put, type Row } from '../db/store.ts'
import { visitorOf } from '../db/visitors.ts'
import { comparePeople } from './compare-people.ts'
import { compareLeftoverUsers } from './leftover-users.ts'
import { opensSomething, readGroupAccess } from './reconcile-plan.ts'
import { removeTwins } from './remove-twins.ts'
import type { Look, TaskHandler } from './run.ts'
import { askSuspended } from './seats.ts'

const dayMs = 24 * 3600_000

export const sweepKs: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  const { config, ports } = deps
  const again = jitter(config.ksSweepMs, ports.random.fraction())
  look.lookAgainAt(new Date(look.now().getTime() + again))
  const before = await getActiveSite(look.read, spaceId)
  if (!before) return
  const { siteId } = before

  const readAt = look.now()
  const info = await look.ks.getSite(siteId)
  const me = info && (await look.ks.getMe(siteId))
  if (!info || !me || !info.subscriptionValid)
    look.problem('P11', 'space', { site: before.info.name })
  if (!info) return
  const pairings = await list(look.read, 'pairings', { spaceId, siteId })
  const groups = await look.ks.listAccessGroups(siteId)
  const users = await look.ks.listSiteUsers(siteId)
  const tags = await look.ks.listTags(siteId)
  const locks = await look.ks.listLocks(siteId)
  const iqs = await look.ks.listIqs(siteId)
  await compareLeftoverUsers(look, before, users, pairings)
  const access: GroupAccess[] = []
  const mapped = (await list(look.read, 'planGroups', { spaceId, siteId })).flatMap(mappedGroups)
  for (const { accessGroupId } of groups)
    if (mapped.includes(accessGroupId))
      access.push(await readGroupAccess(look, before, accessGroupId))
  const timeZone = info.timeZone && isTimeZone(info.timeZone) ? info.timeZone : before.timeZone
  await look.tx(async (tx) => {
    await change(tx, 'sites', { spaceId, siteId }, { timeZone, info, readAt })
    await saveSnapshot(tx, spaceId, 'accessGroup', groups, { readAt, idOf: (g) => g.accessGroupId })
    await saveSnapshot(tx, spaceId, 'groupAccess', access, { readAt, idOf: (g) => g.accessGroupId })
    await saveSnapshot(tx, spaceId, 'siteUser', users, { readAt, idOf: (u) => u.siteUserId })
    await saveSnapshot(tx, spaceId, 'tag', tags, { readAt, idOf: (tag) => tag.tagId })
    await saveSnapshot(tx, spaceId, 'lock', locks, { readAt, idOf: (lock) => lock.lockId })
  })
  const offline = [
    ...iqs.map((iq) => ({ id: iq.iqId, ...iq })),
    ...locks.map((lock) => ({ id: lock.lockId, ...lock })),
  ]
  for (const { id, name } of offline.filter(({ online }) => !online))
    look.problem('P07', `hardware:${id}`, { name })

  const site = { ...before, timeZone }
  await comparePlans(look, site, access)
  await comparePeople(look, site, { groups, users, tags })
  await removeTwins(look, site, users)
  await compareBookings(look, site, groups)
  await compareDoors(look, site, new Set(locks.map(({ lockId }) => lockId)))
  if (hasFreeSeat(info)) await askSuspended(look)
  const refused = { spaceId, side: 'salto', state: 'refused' } as const
  if (await one(look.read, 'connections', refused))
    await look.tx((tx) => noteLetIn(tx, spaceId, 'salto', look.now()))
}

const hasFreeSeat = ({ seatsAllowed, seatsUsed }: Site) =>
  seatsAllowed === null || (seatsUsed !== null && seatsUsed < seatsAllowed)

/** Mapped groups that vanished, came back, or began or ceased to open something. */
const comparePlans = async (look: Look, { siteId }: SiteRow, access: GroupAccess[]) => {
  const { spaceId } = look
  for (const row of await list(look.read, 'planGroups', { spaceId, siteId })) {
    const ids = mappedGroups(row)
    const found = access.filter(({ accessGroupId }) => ids.includes(accessGroupId))
    const isOpen = row.chosen?.length === 0 || (found.some(opensSomething) && !row.opensNothing)
    const asBefore = row.state === 'ready' && isOpen && found.length === ids.length
    if (!asBefore) look.ask('reconcilePlan', row.planId, priority.difference)
  }
}

/** Booking groups that may differ: gone, of another zone, or open soon; and leftovers (R16, R18). */
const compareBookings = async (look: Look, site: SiteRow, groups: AccessGroup[]) => {
  const { read, spaceId } = look
  const { siteId, timeZone } = site
  const there = new Set<string>(groups.map((each) => each.accessGroupId))
  const rows = await list(read, 'bookingGroups', { spaceId, siteId })
  const bookings = await listBookings(read, spaceId, { after: new Date(0) })
  const said = new Set(
    (await list(read, 'problems', { spaceId, code: 'P10' })).map((p) => p.subject),
  )
  const now = look.now()
  const isSoon = ({ startsAt, endsAt }: Row<'bookings'>) =>
    now <= endsAt && startsAt.getTime() < now.getTime() + dayMs
  const soon = new Set(bookings.filter(isSoon).map(({ bookingId }) => bookingId))
  for (const row of rows) {
    const isGone =
      row.accessGroupId && !there.has(row.accessGroupId) && !said.has(`booking:${row.bookingId}`)
    // Those that run or start soonest were asked for first and go first (R16).
    if (row.zone !== timeZone) look.ask('reconcileBooking', row.bookingId, priority.soon)
    else if (isGone || soon.has(row.bookingId))
      look.ask('reconcileBooking', row.bookingId, priority.difference)
  }
  const known = new Map(rows.map((row) => [row.name, row]))
  // Made twice, where the second showed late: the look of its booking keeps one (R7).
  for (const { name, accessGroupId } of groups) {
    const row = known.get(name)
    if (row?.accessGroupId && row.accessGroupId !== accessGroupId)
      look.ask('reconcileBooking', row.bookingId, priority.difference)
  }
  const leftovers = groups.filter(({ name }) => isBookingGroupName(name) && !known.has(name))
  const byName = new Map(bookings.map((each) => [bookingGroupName(each.bookingId), each]))
  const doors = await list(read, 'resourceDoors', { spaceId, siteId, enabled: true })
  const opening = new Set(doors.filter((d) => d.lockIds.length > 0).map((d) => d.resourceId))
  for (const { name, accessGroupId } of leftovers) {
    const booking = byName.get(name)
    const isOver = booking && booking.endsAt <= now
    // The mapping may be what an old backup lacks: nobody loses a door by that, an admin is asked.
    const isMapped = booking && (isOver || opening.has(booking.resourceId))
    const isPlain = isMapped && (isOver || (await isForOurs(look, site, booking, accessGroupId)))
    if (isMapped) look.ask('reconcileBooking', booking.bookingId, priority.difference)
    if (!isPlain) {
      look.problem('P10', `leftover:${accessGroupId}`, { group: name, leftover: 'yes' })
      continue
    }
    // Of what nothing is wanted any more, the look finds it by this.
    const { bookingId } = booking
    const row = { spaceId, siteId, bookingId, accessGroupId, name, zone: timeZone }
    await look.tx(async (tx) => {
      if (!(await one(tx, 'bookingGroups', { spaceId, siteId, bookingId })))
        await put(tx, 'bookingGroups', { ...row, written: null, creatingSince: null })
    })
  }
}

/** The booking is held by somebody connected, or nobody is in its group but people of ours. */
const isForOurs = async (
  { read, spaceId, ks }: Look,
  { siteId }: SiteRow,
  { bookingId, membershipId }: Row<'bookings'>,
  accessGroupId: AccessGroupId,
): Promise<boolean> => {
  const membership = membershipId && (await one(read, 'memberships', { spaceId, membershipId }))
  const paired = await list(read, 'pairings', { spaceId, siteId, state: 'paired' })
  const isHeld = paired.some(({ pairingId, person }) =>
    membership ? membership.pairingId === pairingId : person === visitorOf(bookingId),
  )
  if (isHeld) return true
  // Who is inside and not connected may be who holds it, by a click that an old backup lacks.
  const ours = new Set(paired.map(({ saltoUserId }) => saltoUserId))
  return (await ks.listGroupUsers(siteId, accessGroupId)).every((each) => ours.has(each))
}

/** Resources that are gone in Cobot, locks that are gone in KS (P20). */
const compareDoors = async (look: Look, { siteId }: SiteRow, locks: ReadonlySet<string>) => {
  const { read, spaceId } = look
  for (const door of await list(read, 'resourceDoors', { spaceId, siteId, enabled: true })) {
    const resource = await getSnapshot(read, spaceId, 'resource', door.resourceId)
    const lockIsGone = door.lockIds.some((lockId) => !locks.has(lockId))
    if (resource && (resource.goneAt || lockIsGone))
      look.problem('P20', `resource:${door.resourceId}`, {
        resource: resource.name,
        what: resource.goneAt ? 'resource' : 'lock',
      })
  }
}
