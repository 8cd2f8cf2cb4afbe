// Compares a KS site with the ledger in bulk and asks for looks only at what differs. It is also
// the probe by which a space that SALTO refused comes back by itself.
import { jitter } from '../core/backoff.ts'
import type { AccessGroupId } from '../core/ids.ts'
import type { AccessGroup, Site } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { bookingGroupName, isBookingGroupName } from '../core/schedule.ts'
import { bookingLeadMs } from '../core/steps.ts'
import { isTimeZone } from '../core/temporal.ts'
import { listBookings, listPlans, listResources } from '../db/cobot-snapshot.ts'
import { getConnection, setConnectionState } from '../db/connections.ts'
import { saveAccessGroups, saveLocks, saveSiteUsers, saveTags } from '../db/ks-snapshot.ts'
import { isLedgerEmpty, listBookingGroups, listGroupPlaces, listPairings } from '../db/ledger.ts'
import { listPlanGroups, listResourceDoors } from '../db/mappings.ts'
import { getActiveSite, listSites, removeSite, type SiteRow, saveSite } from '../db/spaces.ts'
import { wakeParked } from '../db/work.ts'
import { askSuspended } from './ask-suspended.ts'
import type { Look, TaskHandler } from './run.ts'

export const sweepKs: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  const { db, config, ports } = deps
  const again = jitter(config.ksSweepMs, ports.random.fraction())
  look.lookAgainAt(new Date(look.now().getTime() + again))
  await workLeavingSites(look)
  const before = await getActiveSite(db.read, spaceId)
  if (!before) return
  const { siteId } = before

  const readAt = look.now()
  const site = await look.ks.getSite(siteId)
  if (!site) {
    look.problem('P15', 'space', { side: 'salto', status: '404', code: '' })
    return
  }
  const me = await look.ks.getMe(siteId)
  const groups = await look.ks.listAccessGroups(siteId)
  const users = await look.ks.listSiteUsers(siteId)
  const tags = await look.ks.listTags(siteId)
  const locks = await look.ks.listLocks(siteId)
  const iqs = await look.ks.listIqs(siteId)
  const timeZone = site.timeZone && isTimeZone(site.timeZone) ? site.timeZone : before.timeZone
  await db.tx(async (tx) => {
    await saveSite(tx, spaceId, { ...site, timeZone }, readAt)
    await saveAccessGroups(tx, spaceId, siteId, groups, readAt)
    await saveSiteUsers(tx, spaceId, siteId, users, readAt)
    await saveTags(tx, spaceId, siteId, tags, readAt)
    await saveLocks(tx, spaceId, siteId, locks, readAt)
  })
  if (!site.subscriptionValid || !me) look.problem('P11', 'space', { site: site.name })
  for (const iq of iqs.filter(({ online }) => !online))
    look.problem('P07', `iq:${iq.iqId}`, { name: iq.name })
  for (const lock of locks.filter(({ online }) => !online))
    look.problem('P07', `lock:${lock.lockId}`, { name: lock.name })

  await comparePlans(look, before, groups)
  await comparePlaces(look, before, groups)
  await compareBookings(look, { ...before, timeZone }, groups)
  await compareDoors(look, before, new Set(locks.map(({ lockId }) => lockId)))
  await compareUsers(look, before, new Set(users.map(({ siteUserId }) => siteUserId)))
  if (hasFreeSeat(site)) await askSuspended(look)
  await db.tx(async (tx) => {
    const connection = await getConnection(tx, spaceId, 'salto')
    if (connection?.state === 'refused')
      await setConnectionState(tx, spaceId, 'salto', connection.version, 'ok')
    await wakeParked(tx, spaceId, 'salto', look.now())
  })
}

const hasFreeSeat = ({ seatsAllowed, seatsUsed }: Site) =>
  seatsAllowed === null || (seatsUsed !== null && seatsUsed < seatsAllowed)

/** A site that is being left is worked until nothing of ours is in it (R17). */
const workLeavingSites = async (look: Look): Promise<void> => {
  const { db } = look.deps
  const sites = await listSites(db.read, look.spaceId)
  for (const { siteId } of sites.filter(({ state }) => state === 'leaving')) {
    if (await isLedgerEmpty(db.read, look.spaceId, siteId)) {
      await db.tx((tx) => removeSite(tx, look.spaceId, siteId))
      continue
    }
    const pairings = await listPairings(db.read, look.spaceId)
    for (const pairing of pairings.filter((each) => each.siteId === siteId))
      look.ask('reconcilePairing', pairing.pairingId, priority.removal)
    for (const { bookingId } of await listBookingGroups(db.read, look.spaceId, { siteId }))
      look.ask('reconcileBooking', bookingId, priority.removal)
  }
}

/** Mapped groups that vanished, came back, or began or ceased to open something. */
const comparePlans = async (look: Look, { siteId }: SiteRow, groups: AccessGroup[]) => {
  const { read } = look.deps.db
  const plans = new Set((await listPlans(read, look.spaceId)).map(({ planId }) => planId))
  for (const row of await listPlanGroups(read, look.spaceId, siteId)) {
    const group = groups.find((each) => each.accessGroupId === row.accessGroupId)
    const asBefore =
      row.state === 'ready' && group && !row.opensNothing && (group.lockCount ?? 0) > 0
    if (!asBefore && plans.has(row.planId))
      look.ask('reconcilePlan', row.planId, priority.difference)
  }
}

/** Places of ours that KS does not show: the pairing's own look decides what that means (R15). */
const comparePlaces = async (look: Look, { siteId }: SiteRow, groups: AccessGroup[]) => {
  const { read } = look.deps.db
  const places = (await listGroupPlaces(read, look.spaceId)).filter(
    (each) => each.siteId === siteId && each.joinedAt,
  )
  const saltoUserIds = new Map(
    (await listPairings(read, look.spaceId)).map((each) => [each.pairingId, each.saltoUserId]),
  )
  for (const accessGroupId of new Set(places.map((each) => each.accessGroupId))) {
    const inside = groups.some((each) => each.accessGroupId === accessGroupId)
      ? new Set(await look.ks.listGroupUsers(siteId, accessGroupId))
      : new Set()
    for (const place of places.filter((each) => each.accessGroupId === accessGroupId))
      if (!inside.has(saltoUserIds.get(place.pairingId)) && !place.changedByHandAt)
        look.ask('reconcilePairing', place.pairingId, priority.difference)
  }
}

/** Booking groups that vanished or were reckoned in another zone; leftovers without a row (R16, R18). */
const compareBookings = async (look: Look, site: SiteRow, groups: AccessGroup[]) => {
  const { read } = look.deps.db
  const { siteId, timeZone } = site
  const now = look.now()
  const there = new Set<AccessGroupId>(groups.map((each) => each.accessGroupId))
  const rows = await listBookingGroups(read, look.spaceId, { siteId })
  for (const row of rows) {
    const gone = row.accessGroupId && !there.has(row.accessGroupId) && !row.changedByHandAt
    if (row.zone !== timeZone) look.ask('reconcileBooking', row.bookingId, priority.soon)
    else if (gone) look.ask('reconcileBooking', row.bookingId, priority.difference)
  }
  const known = new Set(rows.map(({ name }) => name))
  const leftovers = groups.filter(({ name }) => isBookingGroupName(name) && !known.has(name))
  if (leftovers.length === 0) return
  const after = new Date(now.getTime() - bookingLeadMs)
  const bookings = await listBookings(read, look.spaceId, { after })
  const byName = new Map(bookings.map(({ bookingId }) => [bookingGroupName(bookingId), bookingId]))
  for (const { name, accessGroupId } of leftovers) {
    const bookingId = byName.get(name)
    if (bookingId) look.ask('reconcileBooking', bookingId, priority.difference)
    else look.problem('P10', `leftover:${accessGroupId}`, { group: name, leftover: 'yes' })
  }
}

/** Resources that are gone in Cobot, locks that are gone in KS (P20). */
const compareDoors = async (look: Look, { siteId }: SiteRow, locks: ReadonlySet<string>) => {
  const { read } = look.deps.db
  const resources = new Map(
    (await listResources(read, look.spaceId)).map((each) => [each.resourceId, each]),
  )
  for (const door of await listResourceDoors(read, look.spaceId, siteId)) {
    const resource = resources.get(door.resourceId)
    const lockGone = door.lockIds.some((lockId) => !locks.has(lockId))
    if (door.enabled && resource && (resource.goneAt || lockGone))
      look.problem('P20', `resource:${door.resourceId}`, {
        resource: resource.name,
        what: resource.goneAt ? 'resource' : 'lock',
      })
  }
}

/** Users of ours that KS does not list any more. */
const compareUsers = async (look: Look, { siteId }: SiteRow, users: ReadonlySet<string>) => {
  for (const pairing of await listPairings(look.deps.db.read, look.spaceId))
    if (pairing.siteId === siteId && pairing.siteUserId && !users.has(pairing.siteUserId))
      look.ask('reconcilePairing', pairing.pairingId, priority.difference)
}
