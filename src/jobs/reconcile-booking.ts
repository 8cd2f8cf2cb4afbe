// One booking ⇄ one group `Cobot <12 digits>` with exactly its person, its locks, its hours.
import { RetryLater } from '../core/errors.ts'
import { type GroupProof, proveBookingGroup, provePlace } from '../core/fence.ts'
import { type AccessGroupId, asId, type BookingId } from '../core/ids.ts'
import type { AccessGroup } from '../core/model.ts'
import { type BookingWindow, bookingGroupName } from '../core/schedule.ts'
import {
  type BookingStep,
  desiredBooking,
  nextBookingSteps,
  sameWindow,
  secondLookMs,
  settlingMs,
} from '../core/steps.ts'
import { type BookingRow, getBooking, getMembership, listResources } from '../db/cobot-snapshot.ts'
import { intervalsOf, personOf } from '../db/entitled.ts'
import { listLocks } from '../db/ks-snapshot.ts'
import {
  type BookingGroupRow,
  getPairing,
  listBookingGroups,
  listPairings,
  type PairingRow,
  removeBookingGroup,
  saveBookingGroup,
  updateBookingGroup,
} from '../db/ledger.ts'
import { getResourceDoor } from '../db/mappings.ts'
import { getActiveSite, type SiteRow } from '../db/spaces.ts'
import type { Look, TaskHandler } from './run.ts'

export const reconcileBooking: TaskHandler = async (look) => {
  const { read } = look.deps.db
  const bookingId = asId<BookingId>(look.work.subject)
  const site = await getActiveSite(read, look.spaceId)
  const rows = await listBookingGroups(read, look.spaceId, { bookingId })
  for (const row of rows.filter((each) => each.siteId !== site?.siteId))
    await look.attempt(() => removeGroup(look, row))
  if (!site) return
  const row = rows.find((each) => each.siteId === site.siteId) ?? null
  const booking = await getBooking(read, look.spaceId, bookingId)
  const desired = booking && !booking.goneAt ? await desire(look, site, booking) : null
  look.lookAgainAt(desired?.nextAt ?? null)
  if (desired?.window) {
    // Nobody connected and nothing there yet: the group is made when there is somebody for it.
    if (row || desired.connected) await converge(look, site, bookingId, desired.window, row)
  } else if (row && desired?.keepUntil) {
    look.lookAgainAt(desired.keepUntil)
  } else if (row) {
    await removeGroup(look, row)
  }
}

/** What Cobot, the mapping and the pairing say about this booking; who is missing is said as well. */
const desire = async (look: Look, site: SiteRow, booking: BookingRow) => {
  const { read } = look.deps.db
  const { spaceId, space } = look
  if (!booking.membershipId) return null
  const door = await getResourceDoor(read, spaceId, site.siteId, booking.resourceId)
  const resource = (await listResources(read, spaceId)).find(
    (each) => each.resourceId === booking.resourceId,
  )
  if (!door?.enabled || resource?.goneAt) return null
  const locks = new Set((await listLocks(read, spaceId, site.siteId)).map((each) => each.lockId))
  const membership = await getMembership(read, spaceId, booking.membershipId)
  const pairing = membership?.pairingId && (await getPairing(read, spaceId, membership.pairingId))
  const intervals = pairing
    ? (await personOf(read, space, pairing.pairingId)).intervals
    : membership
      ? intervalsOf(space, [membership])
      : []
  const person = pairing && isUsable(pairing, site) ? pairing : null
  const desired = desiredBooking(
    {
      ...{ startsAt: booking.startsAt, endsAt: booking.endsAt, intervals, zone: site.timeZone },
      minutesBefore: door.minutesBefore,
      minutesAfter: door.minutesAfter,
      lockIds: door.lockIds.filter((lockId) => locks.has(lockId)),
      saltoUserId: person?.saltoUserId ?? null,
    },
    look.now(),
  )
  const wanted = desired.window || !membership
  if (wanted && !person?.saltoUserId && booking.endsAt > look.now())
    look.problem('P17', `booking:${booking.bookingId}`, {
      name: membership?.name ?? '',
      resource: resource?.name ?? '',
      startsAt: booking.startsAt.toISOString(),
      membershipId: booking.membershipId,
      known: membership ? 'yes' : 'no',
    })
  return { ...desired, connected: person?.saltoUserId != null }
}

const isUsable = (pairing: PairingRow, site: SiteRow) =>
  pairing.siteId === site.siteId && pairing.state === 'paired' && pairing.order === 'none'

/** Brings the group into the desired shape, whatever shape it is in. */
const converge = async (
  look: Look,
  site: SiteRow,
  bookingId: BookingId,
  window: BookingWindow,
  before: BookingGroupRow | null,
): Promise<void> => {
  const { db } = look.deps
  const { spaceId } = look
  const { siteId, timeZone } = site
  const name = bookingGroupName(bookingId)
  const found = await findGroups(look, siteId, name, before)
  const unchanged =
    before?.written && before.zone === timeZone && sameWindow(before.written, window)
  if (found.length === 0 && before?.accessGroupId && unchanged) {
    await changedByHand(look, before)
    return
  }
  const fresh: BookingGroupRow = {
    ...{ spaceId, siteId, bookingId, name, zone: timeZone },
    ...{ accessGroupId: null, creatingSince: null, written: null, writtenAt: null },
    ...{ missingSince: null, changedByHandAt: null },
  }
  const kept = found.find((each) => each.accessGroupId === before?.accessGroupId) ?? found[0]
  const group = kept ?? (await createGroup(look, before ?? fresh))
  const row = { ...(before ?? fresh), accessGroupId: group.accessGroupId, zone: timeZone }
  for (const double of found.filter((each) => each !== kept))
    await look.attempt(() => removeDouble(look, row, double))

  const proof = proveBookingGroup({ siteId, ledger: row, group })
  if (!proof) throw new Error(`group ${group.accessGroupId} is not the one of ${bookingId}`)
  const steps = nextBookingSteps(window, await observe(look, siteId, group.accessGroupId))
  if (steps.length > 0 && unchanged && kept) {
    await changedByHand(look, row)
    return
  }
  if (steps.length > 0) {
    await db.tx((tx) => saveBookingGroup(tx, { ...row, written: null, creatingSince: null }))
    for (const step of steps) await apply(look, proof, step)
    const left = nextBookingSteps(window, await observe(look, siteId, group.accessGroupId))
    if (left.length > 0) throw new RetryLater('SALTO does not show all of a group yet', 5000)
  }
  const settled = {
    written: window,
    missingSince: null,
    changedByHandAt: null,
    creatingSince: null,
  }
  const writtenAt = steps.length > 0 || !row.writtenAt ? look.now() : row.writtenAt
  await db.tx((tx) => saveBookingGroup(tx, { ...row, ...settled, writtenAt }))
}

/** All groups with the booking's name, the oldest id first; the ledger's own even if renamed back. */
const findGroups = async (
  look: Look,
  siteId: SiteRow['siteId'],
  name: string,
  row: BookingGroupRow | null,
): Promise<AccessGroup[]> => {
  const named = await look.ks.findAccessGroupsByName(siteId, name)
  if (named.length === 0 && row?.accessGroupId) {
    const known = await look.ks.getAccessGroup(siteId, row.accessGroupId)
    if (known && known.name === name) return [known]
  }
  return named
    .filter((group) => group.name === name)
    .sort((a, b) => (a.accessGroupId < b.accessGroupId ? -1 : 1))
}

/** Intention first; a create whose answer was lost is looked for before it is repeated. */
const createGroup = async (look: Look, row: BookingGroupRow): Promise<AccessGroup> => {
  const { db, config } = look.deps
  if (row.creatingSince) {
    const sinceMs = look.now().getTime() - row.creatingSince.getTime()
    if (sinceMs < config.settleMs)
      throw new RetryLater('a group may still be appearing', config.settleMs - sinceMs)
  }
  const intent = { ...row, accessGroupId: null, creatingSince: look.now(), written: null }
  await db.tx((tx) => saveBookingGroup(tx, intent))
  const group = await look.ksWrite.createAccessGroup({ siteId: row.siteId, name: row.name })
  const { accessGroupId } = group
  await db.tx((tx) => updateBookingGroup(tx, row, { accessGroupId, creatingSince: null }))
  return group
}

const observe = async (look: Look, siteId: SiteRow['siteId'], accessGroupId: AccessGroupId) => {
  const [saltoUserIds, lockIds, schedules] = await Promise.all([
    look.ks.listGroupUsers(siteId, accessGroupId),
    look.ks.listGroupLocks(siteId, accessGroupId),
    look.ks.listGroupSchedules(siteId, accessGroupId),
  ])
  return { saltoUserIds, lockIds, schedules }
}

const apply = async (look: Look, proof: GroupProof, step: BookingStep): Promise<void> => {
  const { siteId, accessGroupId } = proof
  const { ksWrite } = look
  switch (step.kind) {
    case 'personOut':
      await ksWrite.removeGroupUser(proof, step.saltoUserId)
      return
    case 'lockOut':
      await ksWrite.removeGroupLock(proof, step.lockId)
      return
    case 'dropSchedule':
      await ksWrite.deleteSchedule(proof, step.timeScheduleId)
      return
    case 'setSchedule': {
      const { startLocal, endLocal } = step
      if (step.timeScheduleId)
        await ksWrite.updateSchedule(proof, step.timeScheduleId, { startLocal, endLocal })
      else await ksWrite.createSchedule({ siteId, accessGroupId, startLocal, endLocal })
      return
    }
    case 'lockIn':
      await ksWrite.addGroupLock({ siteId, accessGroupId, lockId: step.lockId })
      return
    case 'personIn':
      await ksWrite.joinAccessGroup({ siteId, accessGroupId, saltoUserId: step.saltoUserId })
      return
  }
}

/** Nothing changed in Cobot, and yet KS shows something else: two looks, then it is said (R15, R20). */
const changedByHand = async (look: Look, row: BookingGroupRow): Promise<void> => {
  const { db } = look.deps
  const now = look.now()
  const settledAt = (row.writtenAt?.getTime() ?? 0) + settlingMs
  const secondAt = (row.missingSince ?? now).getTime() + secondLookMs
  const sureAt = new Date(Math.max(settledAt, secondAt))
  const sure = row.changedByHandAt !== null || (row.missingSince !== null && now >= sureAt)
  if (!sure) look.lookAgainAt(sureAt)
  else look.problem('P10', `booking:${row.bookingId}`, { group: row.name })
  await db.tx((tx) =>
    updateBookingGroup(tx, row, {
      missingSince: row.missingSince ?? now,
      changedByHandAt: sure ? (row.changedByHandAt ?? now) : null,
    }),
  )
}

const removeDouble = (look: Look, row: BookingGroupRow, group: AccessGroup) => {
  const ledger = { ...row, accessGroupId: group.accessGroupId }
  const proof = proveBookingGroup({ siteId: row.siteId, ledger, group })
  return proof ? look.ksWrite.deleteAccessGroup(proof) : Promise.resolve()
}

/** Takes the whole group away; of one that somebody renamed only our person. */
const removeGroup = async (look: Look, row: BookingGroupRow): Promise<void> => {
  const { db, config } = look.deps
  const { siteId } = row
  const named = await look.ks.findAccessGroupsByName(siteId, row.name)
  const stored = row.accessGroupId && (await look.ks.getAccessGroup(siteId, row.accessGroupId))
  const groups = new Map(named.map((group) => [group.accessGroupId, group]))
  if (stored) groups.set(stored.accessGroupId, stored)
  for (const group of groups.values()) {
    const ledger = { ...row, accessGroupId: group.accessGroupId }
    const proof = proveBookingGroup({ siteId, ledger, group })
    if (proof) await look.ksWrite.deleteAccessGroup(proof)
    else await leaveRenamed(look, row, group.accessGroupId)
  }
  if (groups.size === 0 && row.creatingSince) {
    const sinceMs = look.now().getTime() - row.creatingSince.getTime()
    if (sinceMs < config.settleMs)
      throw new RetryLater('a group may still be appearing', config.settleMs - sinceMs)
  }
  await db.tx((tx) => removeBookingGroup(tx, row))
}

const leaveRenamed = async (look: Look, row: BookingGroupRow, accessGroupId: AccessGroupId) => {
  const { siteId, spaceId, written } = row
  const inside = await look.ks.listGroupUsers(siteId, accessGroupId)
  const pairing = (await listPairings(look.deps.db.read, spaceId)).find(
    ({ saltoUserId }) => saltoUserId !== null && saltoUserId === written?.saltoUserId,
  )
  const siteUser = pairing?.siteUserId && (await look.ks.getSiteUser(siteId, pairing.siteUserId))
  if (!siteUser || !inside.includes(siteUser.saltoUserId)) return
  const observed = new Set([accessGroupId])
  const proof = provePlace({ siteId, ledger: { siteId, accessGroupId }, siteUser, observed })
  if (proof) await look.ksWrite.leaveAccessGroup(proof)
}
