// One booking ⇄ one group `Cobot <12 digits>` with exactly its person, its locks, its hours.
import { RetryLater } from '../core/errors.ts'
import { type GroupProof, proveBookingGroup, provePlace } from '../core/fence.ts'
import type { Evidence } from '../core/guard.ts'
import { type AccessGroupId, asId, type BookingId, type PairingId } from '../core/ids.ts'
import type { AccessGroup } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { type BookingWindow, bookingGroupName } from '../core/schedule.ts'
import * as steps from '../core/steps.ts'
import { toLocal } from '../core/temporal.ts'
import type { Visit } from '../core/visits.ts'
import { lastWriteAt } from '../db/audit.ts'
import { noteOutcome } from '../db/sites.ts'
import { getSnapshot, listSnapshot } from '../db/snapshots.ts'
import { addPairing, getActiveSite, intervalsOf, personOf, type SiteRow } from '../db/spaces.ts'
import { change, list, one, put, type Row, take } from '../db/store.ts'
import { visitOf, visitorOf } from '../db/visitors.ts'
import { guardBooking } from './guard.ts'
import { askNextStep, type Came, leaveOrTakeOut } from './leaving.ts'
import { type Look, settleFirst, type TaskHandler } from './run.ts'

type Group = Row<'bookingGroups'>
type SiteId = SiteRow['siteId']

export const reconcileBooking: TaskHandler = async (look) => {
  const { read, spaceId } = look
  const bookingId = asId<BookingId>(look.work.subject)
  const site = await getActiveSite(read, spaceId)
  const rows = await list(read, 'bookingGroups', { spaceId, bookingId })
  for (const row of rows.filter((each) => each.siteId !== site?.siteId))
    await look.attempt(() => leaveBooking(look, row))
  if (!site) return
  const row = rows.find((each) => each.siteId === site.siteId) ?? null
  const booking = await one(read, 'bookings', { spaceId, bookingId })
  const desired = await desire(look, site, bookingId, booking)
  const { window, keepUntil, evidence } = desired
  look.lookAgainAt(desired.nextAt)
  const loses = row?.written?.saltoUserId && row.written.saltoUserId !== window?.saltoUserId
  if (row && !(await guardBooking(look, row, loses ? evidence : null))) return
  // A group is for somebody: it is made when they are connected, and goes when they are no more.
  if (window && desired.isConnected) await converge(look, site, bookingId, window, row)
  else if (row && (!keepUntil || (await opensAgain(look, site, row)))) {
    const isOver = booking && booking.endsAt <= look.now()
    await removeGroup(look, row, isOver ? `ended ${booking.endsAt.toISOString()}` : evidence)
    await look.tx((tx) => take(tx, 'bookingGroups', { spaceId, siteId: site.siteId, bookingId }))
  } else if (row) await removeDoubles(look, row)
}

/** The site is being left: the group goes, or stays as an admin wishes. */
const leaveBooking = async (look: Look, row: Group): Promise<void> => {
  const { spaceId, siteId, bookingId, name } = row
  askNextStep(look)
  const came = await leaveOrTakeOut(look, siteId, () => removeGroup(look, row, 'site left'))
  await look.tx(async (tx) => {
    await noteOutcome(tx, { spaceId, siteId, subject: `booking:${bookingId}`, name }, came)
    await take(tx, 'bookingGroups', { spaceId, siteId, bookingId })
  })
}

/**
 * What Cobot, the mapping and the pairing say about this booking, and on what evidence somebody
 * would lose it; who is missing is said as well.
 */
const desire = async (
  look: Look,
  site: SiteRow,
  bookingId: BookingId,
  booking: Row<'bookings'> | null,
) => {
  const { read } = look
  const nothing = (evidence: Evidence) => ({
    window: null,
    keepUntil: null,
    nextAt: null,
    isConnected: false,
    evidence,
  })
  if (!booking) return nothing(isLeftover(bookingId) ? 'admin' : 'inferred')
  const { spaceId, space } = look
  const { siteId, timeZone: zone } = site
  const person = visitorOf(bookingId)
  const visitor = booking.external && (await one(read, 'pairings', { spaceId, siteId, person }))
  if (visitor) look.ask('reconcilePairing', visitor.pairingId, priority.soon)
  if (booking.goneAt) return nothing('direct')
  const { resourceId, membershipId, startsAt, endsAt, external } = booking
  const door = await one(read, 'resourceDoors', { spaceId, siteId, resourceId })
  if (!membershipId && !external) return nothing('direct')
  if (!door) return nothing('inferred')
  if (!door.enabled || door.lockIds.length === 0) return nothing('admin')
  const resource = await getSnapshot(read, spaceId, 'resource', resourceId)
  if (!membershipId) {
    const { time } = (await visitOf(read, space, { siteId, person })) ?? {}
    const saltoUserId = (visitor?.state === 'paired' && visitor.saltoUserId) || null
    if (time && !visitor) await welcome(look, site, bookingId, time)
    const facts = { ...door, startsAt, endsAt, zone, saltoUserId, intervals: time ? [time] : [] }
    const isConnected = saltoUserId !== null
    return { ...steps.desiredBooking(facts, look.now()), isConnected, evidence: 'direct' as const }
  }
  const membership = await one(read, 'memberships', { spaceId, membershipId })
  const pairingId = membership?.pairingId
  const known = pairingId && (await one(read, 'pairings', { spaceId, siteId, pairingId }))
  const pairing = known && known.state === 'paired' ? known : null
  const intervals = pairing
    ? (await personOf(read, space, pairing.pairingId)).intervals
    : intervalsOf(space, membership ? [membership] : [])
  const saltoUserId = pairing?.saltoUserId || null
  const facts = { ...door, startsAt, endsAt, saltoUserId, intervals, zone }
  const desired = steps.desiredBooking(facts, look.now())
  if ((desired.window || (!membership && endsAt > look.now())) && !saltoUserId)
    look.problem('P17', `booking:${bookingId}`, {
      name: membership?.name ?? '',
      resource: resource?.name ?? '',
      startsAt: startsAt.toISOString(),
      membershipId,
      isKnown: membership ? 'yes' : '',
      // Somebody pressed *Connect*: what is in the way stands in their row.
      isAsked: known ? 'yes' : '',
    })
  const evidence: Evidence = !membership ? 'inferred' : pairing ? 'direct' : 'admin'
  return { ...desired, isConnected: saltoUserId !== null, evidence }
}

/** A visitor is connected by the booking itself, the day before it (C5). */
const welcome = async (look: Look, { siteId }: SiteRow, bookingId: BookingId, time: Visit) => {
  const { spaceId } = look
  if (time.startsAt > look.now()) return look.lookAgainAt(time.startsAt)
  if (time.endsAt <= look.now()) return
  const pairingId = asId<PairingId>(`${siteId}/${bookingId}`)
  await look.tx(async (tx) => {
    const person = visitorOf(bookingId)
    await addPairing(tx, { spaceId, siteId, pairingId, person, bySetting: true })
    await look.askIn(tx, 'reconcilePairing', pairingId, priority.soon)
  })
}

/** A group that an admin chose to have removed stands in the ledger under a booking of its own. */
const isLeftover = (bookingId: BookingId) => bookingId.startsWith('leftover-')

/** Brings the group into the desired shape, whatever shape it is in. */
const converge = async (
  look: Look,
  { siteId, timeZone: zone }: SiteRow,
  bookingId: BookingId,
  window: BookingWindow,
  before: Group | null,
): Promise<void> => {
  const name = bookingGroupName(bookingId)
  look.because(`booking ${bookingId} ${window.startLocal}/${window.endLocal} ${zone}`)
  const fresh: Group = {
    spaceId: look.spaceId,
    siteId,
    bookingId,
    name,
    zone,
    accessGroupId: null,
    creatingSince: null,
    written: null,
  }
  const groups = (await findGroups(look, siteId, name, before)).sort((a, b) =>
    a.accessGroupId < b.accessGroupId ? -1 : 1,
  )
  const kept = groups.find((each) => each.accessGroupId === before?.accessGroupId) ?? groups[0]
  const isAsWritten =
    before?.written && before.zone === zone && steps.sameWindow(before.written, window)
  if (before && isAsWritten && !kept) return changedByHand(look, before)
  // Of a group that somebody renamed our person goes: nothing else would ever take them out.
  if (before && kept?.accessGroupId !== before.accessGroupId) await leaveRenamed(look, before)
  const group = kept ?? (await createGroup(look, before ?? fresh))
  const { accessGroupId } = group
  // Kept until all of it was seen: what disappears before that may only not show yet.
  const creatingSince = kept ? (before?.creatingSince ?? null) : look.now()
  const row = { ...(before ?? fresh), accessGroupId, zone, creatingSince }
  for (const double of groups.filter((each) => each !== kept))
    await look.attempt(() => deleteOwn(look, row, double))

  const proof = proveBookingGroup({ siteId, ledger: row, group })
  if (!proof) throw new Error(`group ${accessGroupId} is not the one of ${bookingId}`)
  const stepsFrom = async (observed: steps.ObservedBooking) => {
    const locks = new Set(
      (await listSnapshot(look.read, look.spaceId, 'lock')).map((l) => l.lockId),
    )
    // A lock that KS lists no more is a problem of its mapping; nothing else depends on it (B5).
    return steps
      .nextBookingSteps(window, observed)
      .filter((step) => step.kind !== 'lockIn' || locks.has(step.lockId))
  }
  const observed = await observe(look, siteId, accessGroupId)
  const open = await stepsFrom(observed)
  if (open.length > 0) {
    if (isAsWritten) return changedByHand(look, row, observed)
    await look.tx((tx) => put(tx, 'bookingGroups', { ...row, written: null }))
    for (const step of open) await apply(look, proof, step)
    const left = await stepsFrom(await observe(look, siteId, accessGroupId))
    if (left.length > 0) throw new RetryLater('SALTO does not show all of a group yet', 5000)
  } else if (before?.written && !isAsWritten) {
    // Changed and changed back at once: what looks right may be older than what we wrote in between.
    const wroteAt = await lastWriteAt(look.read, look.spaceId, `reconcileBooking:${bookingId}`)
    if (wroteAt) settleFirst(look, wroteAt)
  }
  await look.tx((tx) => put(tx, 'bookingGroups', { ...row, written: window, creatingSince: null }))
}

/** All of the name, and the ledger's, which a search may not show for a while after it was made. */
const findGroups = async (look: Look, siteId: SiteId, name: string, before: Group | null) => {
  const found = await look.ks.findAccessGroupsByName(siteId, name)
  const { accessGroupId = null } = before ?? {}
  const isFound = found.some((group) => group.accessGroupId === accessGroupId)
  const stored =
    accessGroupId && !isFound ? await look.ks.getAccessGroup(siteId, accessGroupId) : null
  return [...found, ...(stored ? [stored] : [])].filter((group) => group.name === name)
}

/** Intention first; a create whose answer was lost is looked for before it is repeated. */
const createGroup = async (look: Look, row: Group): Promise<AccessGroup> => {
  if (row.creatingSince) settleFirst(look, row.creatingSince)
  const intent = { ...row, accessGroupId: null, creatingSince: look.now(), written: null }
  await look.tx((tx) => put(tx, 'bookingGroups', intent))
  const group = await look.ksWrite.createAccessGroup({ siteId: row.siteId, name: row.name })
  await store(look, row, { accessGroupId: group.accessGroupId })
  return group
}

const store = (look: Look, { spaceId, siteId, bookingId }: Group, set: Partial<Group>) =>
  look.tx((tx) => change(tx, 'bookingGroups', { spaceId, siteId, bookingId }, set))

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

/** Nothing changed in Cobot, and yet KS shows something else, or nothing at all (R20). */
const changedByHand = async (
  look: Look,
  { spaceId, bookingId, name: group }: Group,
  observed: steps.ObservedBooking = { saltoUserIds: [], lockIds: [], schedules: [] },
): Promise<void> => {
  const { read } = look
  const { resourceId = '', startsAt } = (await one(read, 'bookings', { spaceId, bookingId })) ?? {}
  const resource = (await getSnapshot(read, spaceId, 'resource', resourceId))?.name ?? ''
  const { saltoUserIds, lockIds, schedules } = observed
  const hours = schedules.map((schedule) => JSON.stringify(schedule))
  // In no order of KS's: other content is another change, which somebody who left this one did not see.
  const shows = [...saltoUserIds, ...lockIds, ...hours].sort().join(' ')
  const params = { group, resource, startsAt: startsAt?.toISOString() ?? '', shows }
  look.suspect(`booking:${bookingId}`, { ...params, change: 'booking' })
}

/**
 * A group that stays for a day after its booking must open nothing any more. It goes at the end when
 * its hours are still to come on the site's clock, because the booking was moved back or the site's
 * zone has changed (R16), and when somebody widened it by hand.
 */
const opensAgain = async (
  look: Look,
  { timeZone }: SiteRow,
  { siteId, accessGroupId, written }: Group,
): Promise<boolean> => {
  if (!accessGroupId || !written || written.endLocal > toLocal(look.now(), timeZone)) return true
  if (!(await look.ks.getAccessGroup(siteId, accessGroupId))) return true
  const observed = await observe(look, siteId, accessGroupId)
  return steps.nextBookingSteps(written, observed).length > 0
}

/** Takes the whole group away; of one that somebody renamed only our person. */
const removeGroup = async (look: Look, row: Group, why: string): Promise<Came> => {
  look.because(`booking ${row.bookingId} ${why}`)
  const groups = await findGroups(look, row.siteId, row.name, row)
  const isRenamed = await leaveRenamed(look, row)
  // Intention first: should the answer get lost, that the group is gone is nobody else's doing.
  if (groups.length > 0) await store(look, row, { written: null })
  for (const group of groups) await deleteOwn(look, row, group)
  if (groups.length === 0 && row.creatingSince) settleFirst(look, row.creatingSince)
  return isRenamed ? { outcome: 'left', why: 'renamed' } : { outcome: 'removed' }
}

/** Of a group that was made twice the ledger's one stays for its day (R7). */
const removeDoubles = async (look: Look, row: Group): Promise<void> => {
  const groups = await findGroups(look, row.siteId, row.name, row)
  look.because(`booking ${row.bookingId} twice`)
  for (const group of groups)
    if (group.accessGroupId !== row.accessGroupId) await deleteOwn(look, row, group)
}

const deleteOwn = async (look: Look, row: Group, group: AccessGroup): Promise<void> => {
  const ledger = { ...row, accessGroupId: group.accessGroupId }
  const proof = proveBookingGroup({ siteId: row.siteId, ledger, group })
  if (proof) await look.ksWrite.deleteAccessGroup(proof)
}

/** Takes our person out of a group that somebody renamed; true when it is such a one. */
const leaveRenamed = async (look: Look, { siteId, written, accessGroupId, name }: Group) => {
  const stored = accessGroupId && (await look.ks.getAccessGroup(siteId, accessGroupId))
  if (!stored || stored.name === name) return false
  const inside = await look.ks.listGroupUsers(siteId, accessGroupId)
  const saltoUserId = written?.saltoUserId
  const pairing = saltoUserId && (await one(look.read, 'pairings', { siteId, saltoUserId }))
  const siteUser = pairing?.siteUserId && (await look.ks.getSiteUser(siteId, pairing.siteUserId))
  if (!siteUser || !inside.includes(siteUser.saltoUserId)) return true
  const observed = new Set([accessGroupId])
  const proof = provePlace({ siteId, ledger: { siteId, accessGroupId }, siteUser, observed })
  if (proof) await look.ksWrite.leaveAccessGroup(proof)
  return true
}
