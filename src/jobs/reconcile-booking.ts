// One booking ⇄ one group `Cobot <12 digits>` with exactly its person, its locks, its hours.
import { RetryLater } from '../core/errors.ts'
import { type GroupProof, proveBookingGroup, provePlace } from '../core/fence.ts'
import { type AccessGroupId, asId, type BookingId } from '../core/ids.ts'
import type { AccessGroup } from '../core/model.ts'
import { type BookingWindow, bookingGroupName } from '../core/schedule.ts'
import * as steps from '../core/steps.ts'
import { getSnapshot, listSnapshot } from '../db/snapshots.ts'
import { getActiveSite, intervalsOf, personOf, type SiteRow } from '../db/spaces.ts'
import { change, list, one, put, type Row, take } from '../db/store.ts'
import { type Look, settleFirst, type TaskHandler } from './run.ts'

type Group = Row<'bookingGroups'>
type SiteId = SiteRow['siteId']

export const reconcileBooking: TaskHandler = async (look) => {
  const { read } = look.deps.db
  const { spaceId } = look
  const bookingId = asId<BookingId>(look.work.subject)
  const site = await getActiveSite(read, spaceId)
  const rows = await list(read, 'bookingGroups', { spaceId, bookingId })
  for (const row of rows.filter((each) => each.siteId !== site?.siteId))
    await look.attempt(() => removeGroup(look, row, 'site left'))
  if (!site) return
  const row = rows.find((each) => each.siteId === site.siteId) ?? null
  const booking = await one(read, 'bookings', { spaceId, bookingId, goneAt: null })
  const desired = booking && (await desire(look, site, booking))
  look.lookAgainAt(desired?.nextAt ?? null)
  if (desired?.window) {
    // Nobody connected and nothing there yet: the group is made when there is somebody for it.
    if (row || desired.isConnected) await converge(look, site, bookingId, desired.window, row)
  } else if (row && !desired?.keepUntil) {
    const isOver = booking && booking.endsAt <= look.now()
    const ended = isOver ? `ended ${booking.endsAt.toISOString()}` : 'no longer entitled'
    await removeGroup(look, row, booking ? ended : 'gone')
  }
}

/** What Cobot, the mapping and the pairing say about this booking; who is missing is said as well. */
const desire = async (look: Look, site: SiteRow, booking: Row<'bookings'>) => {
  const { read } = look.deps.db
  const { spaceId, space } = look
  const { siteId, timeZone: zone } = site
  const { bookingId, resourceId, membershipId, startsAt, endsAt } = booking
  const door = await one(read, 'resourceDoors', { spaceId, siteId, resourceId, enabled: true })
  const resource = await getSnapshot(read, spaceId, 'resource', resourceId)
  if (!membershipId || !door || resource?.goneAt) return null
  const membership = await one(read, 'memberships', { spaceId, membershipId })
  const pairingId = membership?.pairingId
  const pairing =
    pairingId && (await one(read, 'pairings', { spaceId, siteId, pairingId, state: 'paired' }))
  const intervals = pairing
    ? (await personOf(read, space, pairing.pairingId)).intervals
    : intervalsOf(space, membership ? [membership] : [])
  const known = new Set((await listSnapshot(read, spaceId, 'lock')).map(({ lockId }) => lockId))
  const lockIds = door.lockIds.filter((lockId) => known.has(lockId))
  const saltoUserId = pairing?.saltoUserId || null
  const facts = { ...door, startsAt, endsAt, lockIds, saltoUserId, intervals, zone }
  const desired = steps.desiredBooking(facts, look.now())
  if ((desired.window || (!membership && endsAt > look.now())) && !saltoUserId)
    look.problem('P17', `booking:${bookingId}`, {
      ...{ name: membership?.name ?? '', resource: resource?.name ?? '' },
      ...{ startsAt: startsAt.toISOString(), membershipId, isKnown: membership ? 'yes' : '' },
    })
  return { ...desired, isConnected: saltoUserId !== null }
}

/** Brings the group into the desired shape, whatever shape it is in. */
const converge = async (
  look: Look,
  { siteId, timeZone: zone }: SiteRow,
  bookingId: BookingId,
  window: BookingWindow,
  before: Group | null,
): Promise<void> => {
  const { db } = look.deps
  const name = bookingGroupName(bookingId)
  look.because(`booking ${bookingId} ${window.startLocal}/${window.endLocal} ${zone}`)
  const fresh: Group = {
    ...{ spaceId: look.spaceId, siteId, bookingId, name, zone, accessGroupId: null },
    ...{ creatingSince: null, written: null, writtenAt: null },
    ...{ missingSince: null, changedByHandAt: null },
  }
  const groups = (await look.ks.findAccessGroupsByName(siteId, name))
    .filter((group) => group.name === name)
    .sort((a, b) => (a.accessGroupId < b.accessGroupId ? -1 : 1))
  const kept = groups.find((each) => each.accessGroupId === before?.accessGroupId) ?? groups[0]
  const isAsWritten =
    before?.written && before.zone === zone && steps.sameWindow(before.written, window)
  if (before && isAsWritten && !kept) return changedByHand(look, before)
  const group = kept ?? (await createGroup(look, before ?? fresh))
  const { accessGroupId } = group
  const row = { ...(before ?? fresh), accessGroupId, zone }
  for (const double of groups.filter((each) => each !== kept))
    await look.attempt(() => deleteOwn(look, row, double))

  const proof = proveBookingGroup({ siteId, ledger: row, group })
  if (!proof) throw new Error(`group ${accessGroupId} is not the one of ${bookingId}`)
  const open = steps.nextBookingSteps(window, await observe(look, siteId, accessGroupId))
  if (open.length > 0) {
    if (isAsWritten) return changedByHand(look, row)
    await db.tx((tx) => put(tx, 'bookingGroups', { ...row, written: null, creatingSince: null }))
    for (const step of open) await apply(look, proof, step)
    const left = steps.nextBookingSteps(window, await observe(look, siteId, accessGroupId))
    if (left.length > 0) throw new RetryLater('SALTO does not show all of a group yet', 5000)
  }
  const settled = {
    written: window,
    missingSince: null,
    changedByHandAt: null,
    creatingSince: null,
  }
  const writtenAt = open.length > 0 || !row.writtenAt ? look.now() : row.writtenAt
  await db.tx((tx) => put(tx, 'bookingGroups', { ...row, ...settled, writtenAt }))
}

/** Intention first; a create whose answer was lost is looked for before it is repeated. */
const createGroup = async (look: Look, row: Group): Promise<AccessGroup> => {
  const { db } = look.deps
  if (row.creatingSince) settleFirst(look, row.creatingSince)
  const intent = { ...row, accessGroupId: null, creatingSince: look.now(), written: null }
  await db.tx((tx) => put(tx, 'bookingGroups', intent))
  const group = await look.ksWrite.createAccessGroup({ siteId: row.siteId, name: row.name })
  const { accessGroupId } = group
  await store(look, row, { accessGroupId, creatingSince: null })
  return group
}

const store = (look: Look, { spaceId, siteId, bookingId }: Group, set: Partial<Group>) =>
  look.deps.db.tx((tx) => change(tx, 'bookingGroups', { spaceId, siteId, bookingId }, set))

const observe = async ({ ks }: Look, siteId: SiteId, accessGroupId: AccessGroupId) => {
  const [saltoUserIds, lockIds, schedules] = await Promise.all([
    ks.listGroupUsers(siteId, accessGroupId),
    ks.listGroupLocks(siteId, accessGroupId),
    ks.listGroupSchedules(siteId, accessGroupId),
  ])
  return { saltoUserIds, lockIds, schedules }
}

const apply = ({ ksWrite }: Look, proof: GroupProof, step: steps.BookingStep): Promise<unknown> => {
  const { siteId, accessGroupId } = proof
  const group = { siteId, accessGroupId }
  switch (step.kind) {
    case 'personOut':
      return ksWrite.removeGroupUser(proof, step.saltoUserId)
    case 'lockOut':
      return ksWrite.removeGroupLock(proof, step.lockId)
    case 'dropSchedule':
      return ksWrite.deleteSchedule(proof, step.timeScheduleId)
    case 'setSchedule': {
      const { startLocal, endLocal, timeScheduleId } = step
      return timeScheduleId
        ? ksWrite.updateSchedule(proof, timeScheduleId, { startLocal, endLocal })
        : ksWrite.createSchedule({ ...group, startLocal, endLocal })
    }
    case 'lockIn':
      return ksWrite.addGroupLock({ ...group, lockId: step.lockId })
    case 'personIn':
      return ksWrite.joinAccessGroup({ ...group, saltoUserId: step.saltoUserId })
  }
}

/** Nothing changed in Cobot, and yet KS shows something else: two looks, then it is said (R15, R20). */
const changedByHand = async (look: Look, row: Group): Promise<void> => {
  const now = look.now()
  const missingSince = row.missingSince ?? now
  const settledMs = (row.writtenAt?.getTime() ?? 0) + steps.settlingMs
  const sureAt = new Date(Math.max(settledMs, missingSince.getTime() + steps.secondLookMs))
  const isSure = row.changedByHandAt !== null || now >= sureAt
  if (isSure) look.problem('P10', `booking:${row.bookingId}`, { group: row.name })
  else look.lookAgainAt(sureAt)
  const changedByHandAt = isSure ? (row.changedByHandAt ?? now) : null
  await store(look, row, { missingSince, changedByHandAt })
}

/** Takes the whole group away; of one that somebody renamed only our person. */
const removeGroup = async (look: Look, row: Group, why: string): Promise<void> => {
  const { spaceId, siteId, bookingId, accessGroupId } = row
  look.because(`booking ${bookingId} ${why}`)
  const groups = await look.ks.findAccessGroupsByName(siteId, row.name)
  const stored = accessGroupId && (await look.ks.getAccessGroup(siteId, accessGroupId))
  if (stored && stored.name !== row.name) await leaveRenamed(look, row, stored.accessGroupId)
  for (const group of groups) await deleteOwn(look, row, group)
  if (groups.length === 0 && row.creatingSince) settleFirst(look, row.creatingSince)
  await look.deps.db.tx((tx) => take(tx, 'bookingGroups', { spaceId, siteId, bookingId }))
}

const deleteOwn = async (look: Look, row: Group, group: AccessGroup): Promise<void> => {
  const ledger = { ...row, accessGroupId: group.accessGroupId }
  const proof = proveBookingGroup({ siteId: row.siteId, ledger, group })
  if (proof) await look.ksWrite.deleteAccessGroup(proof)
}

const leaveRenamed = async (look: Look, row: Group, accessGroupId: AccessGroupId) => {
  const { siteId, written } = row
  const inside = await look.ks.listGroupUsers(siteId, accessGroupId)
  const saltoUserId = written?.saltoUserId
  const pairing = saltoUserId && (await one(look.deps.db.read, 'pairings', { siteId, saltoUserId }))
  const siteUser = pairing?.siteUserId && (await look.ks.getSiteUser(siteId, pairing.siteUserId))
  if (!siteUser || !inside.includes(siteUser.saltoUserId)) return
  const observed = new Set([accessGroupId])
  const proof = provePlace({ siteId, ledger: { siteId, accessGroupId }, siteUser, observed })
  if (proof) await look.ksWrite.leaveAccessGroup(proof)
}
