// What an admin's click stores, and what it asks for: always in one transaction. The work itself is
// done by the subject's next look.
import type * as id from '../core/ids.ts'
import type { Settings } from '../core/model.ts'
import { type Priority, priority, type Task } from '../core/problems.ts'
import { askFor, type Click } from './click.ts'
import { type DoorChoice, forgetLoss, listBookingMoves } from './doors.ts'
import { allowConfirmed } from './guard.ts'
import type { Db, Tx } from './open.ts'
import { listBookings, listBookingsOf } from './snapshots.ts'
import { addPairing, getActiveSite, pairAnew, personKeys } from './spaces.ts'
import { add, change, list, one, put, type Row, take } from './store.ts'

const askPairing = (tx: Tx, click: Click, pairingId: id.PairingId, urgency?: Priority) =>
  askFor(tx, click, 'reconcilePairing', pairingId, urgency)

/** *Connect to Salto*: a pairing for the person behind a membership; known persons join theirs (R10). */
export const connectMembership = async (
  tx: Tx,
  click: Click,
  membershipId: id.MembershipId,
  newPairingId: id.PairingId,
): Promise<id.PairingId | null> => {
  const { spaceId } = click
  const site = await getActiveSite(tx, spaceId)
  const membership = await one(tx, 'memberships', { spaceId, membershipId, goneAt: null })
  if (!site || !membership) return null
  const { siteId } = site
  const { cobotUserId } = membership
  const [person] = personKeys(membership)
  await tx.lock(`${spaceId} ${person}`)
  const known =
    (membership.pairingId &&
      (await one(tx, 'pairings', { spaceId, siteId, pairingId: membership.pairingId }))) ||
    (await one(tx, 'pairings', { spaceId, siteId, person }))
  const pairingId = known?.pairingId ?? newPairingId
  const { bySetting = false } = click
  if (!known) await addPairing(tx, { spaceId, pairingId, siteId, person, bySetting })
  // Connected again before the disconnecting was done: it is called off.
  if (known?.state === 'leaving') {
    const state = known.siteUserId ? 'paired' : 'new'
    await change(tx, 'pairings', { spaceId, pairingId }, { state })
  }
  const same = cobotUserId ? { spaceId, cobotUserId } : { spaceId, membershipId }
  await change(tx, 'memberships', { ...same, goneAt: null }, { pairingId })
  await askPairing(tx, click, pairingId)
  await askBookings(tx, click, pairingId)
  return pairingId
}

const askBookings = async (tx: Tx, click: Click, pairingId: id.PairingId) => {
  const { spaceId, now } = click
  const memberships = await list(tx, 'memberships', { spaceId, pairingId })
  for (const { bookingId } of await listBookingsOf(tx, spaceId, memberships, now))
    await askFor(tx, click, 'reconcileBooking', bookingId)
}

/** So many are connected at a time, so that nobody else waits long for the database. */
const atOnce = 50

/**
 * *Connect 12 people*: the page shows how far they are, whenever it is opened (D9). Cut short, it has
 * connected whole people, and the click can be made again.
 */
export const connectMany = async (
  db: Pick<Db, 'tx'>,
  click: Click,
  membershipIds: readonly id.MembershipId[],
  newId: () => id.PairingId,
): Promise<void> => {
  const { spaceId, now: batchAt } = click
  for (let from = 0; from < membershipIds.length; from += atOnce)
    await db.tx(async (tx) => {
      for (const membershipId of membershipIds.slice(from, from + atOnce)) {
        const pairingId = await connectMembership(tx, click, membershipId, newId())
        if (pairingId) await change(tx, 'pairings', { spaceId, pairingId }, { batchAt })
      }
    })
}

/** *Link*: an existing site user is this person; from now on the membership decides its groups (R1). */
export const linkCandidate = async (
  tx: Tx,
  click: Click,
  pairingId: id.PairingId,
  siteUserId: string,
): Promise<boolean> => {
  const { spaceId } = click
  const pairing = await one(tx, 'pairings', { spaceId, pairingId, state: 'choosing' })
  const chosen = pairing?.candidates.find((each) => each.siteUserId === siteUserId)
  const taken = chosen && (await one(tx, 'pairings', { siteUserId: chosen.siteUserId }))
  if (!pairing || !chosen || taken) return false
  const user = { siteUserId: chosen.siteUserId, saltoUserId: chosen.saltoUserId }
  const linked = { state: 'paired', origin: 'adopted', ...user } as const
  await change(tx, 'pairings', { spaceId, pairingId }, { ...linked, candidates: [] })
  await askPairing(tx, click, pairingId)
  await askBookings(tx, click, pairingId)
  return true
}

/** *Not the same person*: a user of their own is made. */
export const refuseCandidates = async (tx: Tx, click: Click, pairingId: id.PairingId) => {
  const { spaceId } = click
  const choosing = { spaceId, pairingId, state: 'choosing' } as const
  await change(tx, 'pairings', choosing, { state: 'new', notThem: true, candidates: [] })
  await askPairing(tx, click, pairingId)
}

/** *Assign*: the person's tag from now on; one before it goes back. The holder, if somebody has it. */
export const giveTag = async (
  tx: Tx,
  click: Click,
  pairingId: id.PairingId,
  { tagId, number }: { tagId: id.TagId; number: string },
): Promise<Row<'tagHolders'> | null> => {
  const { spaceId } = click
  const pairing = await one(tx, 'pairings', { spaceId, pairingId })
  if (!pairing) return null
  const { siteId } = pairing
  const held = { spaceId, siteId, pairingId, tagId, number, state: 'held', doneAt: null } as const
  if (!(await add(tx, 'tagHolders', held))) {
    const holder = await one(tx, 'tagHolders', { siteId, tagId })
    if (holder?.pairingId !== pairingId || holder.state !== 'returning') return holder
    await put(tx, 'tagHolders', held)
  }
  const had = { spaceId, pairingId, state: ['held', 'notReturned'] } as const
  const back = { state: 'returning', doneAt: null } as const
  for (const other of await list(tx, 'tagHolders', had))
    if (other.tagId !== tagId) await change(tx, 'tagHolders', { siteId, tagId: other.tagId }, back)
  await askPairing(tx, click, pairingId)
  return null
}

/** *Take tag back* and *Report lost*. */
export const setTag = async (
  tx: Tx,
  click: Click,
  tagId: id.TagId,
  state: 'returning' | 'lost',
): Promise<void> => {
  const { spaceId } = click
  const row = await one(tx, 'tagHolders', { spaceId, tagId })
  if (!row) return
  await change(tx, 'tagHolders', { spaceId, tagId }, { state, doneAt: null })
  const urgency = state === 'lost' ? priority.emergency : priority.removal
  await askPairing(tx, click, row.pairingId, urgency)
}

/** *Lock out now* and *Let in again*: before everything else. */
export const lockOut = async (
  tx: Tx,
  click: Click,
  pairingId: id.PairingId,
  lockedOut: boolean,
) => {
  const { spaceId } = click
  await change(tx, 'pairings', { spaceId, pairingId }, { lockedOut, lockedOutDone: false })
  await askPairing(tx, click, pairingId, priority.emergency)
}

/** *Invite to app*: SALTO writes to the person, once. */
export const inviteToApp = async (tx: Tx, click: Click, pairingId: id.PairingId): Promise<void> => {
  const theirs = { spaceId: click.spaceId, pairingId, invite: null }
  if (await change(tx, 'pairings', theirs, { invite: 'asked' }))
    await askPairing(tx, click, pairingId)
}

/** *Disconnect*: what we put in is taken out, the rest stays (D10). */
export const disconnectMember = async (tx: Tx, click: Click, pairingId: id.PairingId) => {
  const { spaceId } = click
  await change(tx, 'pairings', { spaceId, pairingId }, { state: 'leaving' })
  await askPairing(tx, click, pairingId, priority.removal)
  await askBookings(tx, click, pairingId)
}

/** *Save* of Map resources: bookings to come are brought in line; whose access ends was shown. */
export const saveDoors = async (
  tx: Tx,
  click: Click,
  siteId: id.SiteId,
  doors: readonly DoorChoice[],
): Promise<void> => {
  const { spaceId, now } = click
  const space = await one(tx, 'spaces', { spaceId })
  const moves = space ? await listBookingMoves(tx, space, { siteId }, doors, now) : []
  const ending = moves.filter(({ kind }) => kind === 'loses').map((move) => move.bookingId)
  const explained = { evidence: 'inferred' as const, accessGroupIds: [] }
  const changes = ending.map((bookingId) => ({ subject: `booking:${bookingId}`, ...explained }))
  if (changes.length > 0) await allowConfirmed(tx, click, changes)
  for (const door of doors) {
    const { resourceId } = door
    await put(tx, 'resourceDoors', { spaceId, siteId, ...door })
    await forgetLoss(tx, spaceId, door)
    const booked = await listBookings(tx, spaceId, { after: now, resourceId })
    for (const { bookingId } of booked) {
      const urgency = ending.includes(bookingId) ? priority.removal : priority.grant
      await askFor(tx, click, 'reconcileBooking', bookingId, urgency)
    }
  }
}

/** *Save* of the settings: whoever has an end, and their bookings, are looked at by the new reading. */
export const saveSettings = async (tx: Tx, click: Click, settings: Settings): Promise<void> => {
  const { spaceId } = click
  const before = await one(tx, 'spaces', { spaceId })
  await change(tx, 'spaces', { spaceId }, { settings: { ...before?.settings, ...settings } })
  if ((before?.settings.visitors ?? false) !== (settings.visitors ?? false))
    for (const { bookingId, external } of await listBookings(tx, spaceId, { after: click.now }))
      if (external) await askFor(tx, click, 'reconcileBooking', bookingId, priority.grant)
  if (before?.settings.lastDayIncluded === settings.lastDayIncluded) return
  const memberships = await list(tx, 'memberships', { spaceId, goneAt: null })
  const ending = memberships.filter(({ canceledTo, plan }) => canceledTo ?? plan.canceledTo)
  for (const pairingId of new Set(ending.flatMap((each) => each.pairingId ?? []))) {
    await askPairing(tx, click, pairingId, priority.grant)
    await askBookings(tx, click, pairingId)
  }
}

/** *Leave*: nobody is bothered with it as long as it stays as it is (R20). */
export const leaveDifference = async (tx: Tx, click: Click, subject: string): Promise<void> => {
  const { spaceId, now } = click
  await change(tx, 'problems', { spaceId, code: 'P10', subject }, { leftAt: now })
}

/** *Restore*: what somebody changed by hand in KS is written anew; a user or group is made again. */
export const restore = async (tx: Tx, click: Click, subject: string): Promise<void> => {
  const { spaceId } = click
  const [kind, of = '', thing, thingId = ''] = subject.split(':')
  if (kind === 'pairing') {
    const pairingId = of as id.PairingId
    await restoreThing(tx, { spaceId, pairingId }, thing, thingId)
    await askPairing(tx, click, pairingId)
  }
  if (kind === 'booking') {
    const bookingId = of as id.BookingId
    // Without its locks nothing is as it was written. Whom it was for is still needed: of a group that
    // was renamed our person has to go.
    for (const { siteId, written } of await list(tx, 'bookingGroups', { spaceId, bookingId })) {
      const left = written && { ...written, lockIds: [] }
      await change(tx, 'bookingGroups', { spaceId, siteId, bookingId }, { written: left })
    }
    await askFor(tx, click, 'reconcileBooking', bookingId)
  }
  if (kind === 'plan') {
    const planId = of as id.PlanId
    if (!(await one(tx, 'planGroups', { spaceId, planId }))) return
    // What an admin chose is chosen anew on the page of plans, and never lost by this.
    await take(tx, 'planGroups', { spaceId, planId, chosen: null })
    await askFor(tx, click, 'reconcilePlan', planId)
  }
}

/** What the look did once is done once more; a place that is too much becomes ours to take away. */
const restoreThing = async (
  tx: Tx,
  whose: { spaceId: id.SpaceId; pairingId: id.PairingId },
  thing: string | undefined,
  thingId: string,
): Promise<void> => {
  const accessGroupId = thingId as id.AccessGroupId
  const tagId = thingId as id.TagId
  switch (thing) {
    case 'block':
      await change(tx, 'pairings', whose, { lockedOutDone: false })
      break
    case 'seat':
      await change(tx, 'pairings', whose, { seatedFor: null })
      break
    case 'tag':
      await change(tx, 'tagHolders', { ...whose, tagId }, { doneAt: null })
      break
    case 'place': {
      if (await change(tx, 'groupPlaces', { ...whose, accessGroupId }, { joinedAt: null })) break
      const pairing = await one(tx, 'pairings', whose)
      const place = { ...whose, accessGroupId, basis: '', joinedAt: null, unwantedSince: null }
      if (pairing)
        await put(tx, 'groupPlaces', { ...place, siteId: pairing.siteId, origin: 'adopted' })
      break
    }
    case undefined: {
      // Only of a user that is gone: with one that is there, it would be looked for in vain.
      const subject = `pairing:${whose.pairingId}`
      if (!(await one(tx, 'problems', { spaceId: whose.spaceId, code: 'P10', subject }))) break
      await pairAnew(tx, whose)
    }
  }
}

/** *Remove*: a group with our marker whose booking nobody knows is taken into the ledger to go. */
export const removeLeftover = async (
  tx: Tx,
  click: Click,
  leftover: { siteId: id.SiteId; accessGroupId: id.AccessGroupId; name: string; zone: string },
): Promise<void> => {
  const bookingId = `leftover-${leftover.accessGroupId}` as id.BookingId
  const none = { written: null, creatingSince: null }
  const row = { spaceId: click.spaceId, bookingId, ...leftover, ...none }
  await put(tx, 'bookingGroups', row)
  await askFor(tx, click, 'reconcileBooking', bookingId, priority.removal)
}

/** *Remove*: a user with our marker whom nobody is connected to is taken into the ledger to go. */
export const removeLeftoverUser = async (
  tx: Tx,
  click: Click,
  leftover: { siteId: id.SiteId; siteUserId: id.SiteUserId; marker: string },
  pairingId: id.PairingId,
): Promise<void> => {
  const { spaceId } = click
  const { siteId, siteUserId, marker } = leftover
  if (await one(tx, 'pairings', { spaceId, siteId, marker })) return
  await addPairing(tx, { spaceId, pairingId, siteId, person: `leftover:${siteUserId}` })
  const user = { marker, siteUserId, origin: 'made', state: 'leaving' } as const
  await change(tx, 'pairings', { spaceId, pairingId }, user)
  await askPairing(tx, click, pairingId, priority.removal)
}

/** *Try again*, *Check now*: the look that said so, or everything. */
export const lookAgain = async (tx: Tx, click: Click, source: string | null): Promise<void> => {
  const [task, subject] = source?.split(/:(.*)/s) ?? []
  if (task && subject) return askFor(tx, click, task as Task, subject)
  await askFor(tx, click, 'sweepCobot', 'space')
  await askFor(tx, click, 'sweepKs', 'space')
}
