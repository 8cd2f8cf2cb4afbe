// One person ⇄ one site user: the user, the seat, the places in plan groups, the tag. What fails is
// said, and the rest goes on.
import { blockChange, type Change, hasTag, seatChange } from '../core/differences.ts'
import { openTimes } from '../core/doors.ts'
import { basisNow, basisOf, isActive, lastEnd, nextChange } from '../core/entitlements.ts'
import { ReconnectNeeded, Refused } from '../core/errors.ts'
import { isAdministrative, proveUser } from '../core/fence.ts'
import { asId, type PairingId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { alias, ksName } from '../core/names.ts'
import { bookedUntil } from '../core/steps.ts'
import { listBookingsOf, saveOne } from '../db/snapshots.ts'
import { personOf, removePairing, type SiteRow, staying, unpaired } from '../db/spaces.ts'
import { change, list, one, type Row, take } from '../db/store.ts'
import { visitOf } from '../db/visitors.ts'
import { disconnect } from './disconnect-pairing.ts'
import { findOrMakeUser } from './find-site-user.ts'
import { guardPairing } from './guard.ts'
import { invite } from './pairing-invite.ts'
import { readPlaces, reconcilePlaces } from './pairing-places.ts'
import { reconcileTags } from './pairing-tags.ts'
import type { Look, TaskHandler } from './run.ts'
import { askSuspended, readSeats } from './seats.ts'

/** A user we made is kept, suspended, for this long: undoing a cancellation brings the same one back. */
const keepUserMs = 30 * 24 * 3600_000

/** An end that is not delivered by then is told. */
const overdueMs = 60_000

/** What one look knows of a person. */
export type Person = Awaited<ReturnType<typeof personNow>>

export const reconcilePairing: TaskHandler = async (look) => {
  const { read, spaceId } = look
  const pairingId = asId<PairingId>(look.work.subject)
  const pairing = await one(read, 'pairings', { spaceId, pairingId })
  const site = pairing && (await one(read, 'sites', { spaceId, siteId: pairing.siteId }))
  if (!pairing || !site) return
  const person = await personNow(look, pairing, site)
  let patienceMs = overdueMs
  let isHeld = false
  try {
    if (pairing.state === 'leaving' || site.state === 'leaving') await disconnect(look, person)
    else isHeld = await converge(look, person)
  } catch (error) {
    if (error instanceof ReconnectNeeded) patienceMs = 0
    throw error
  } finally {
    if (!isHeld) await sayUndelivered(look, person, patienceMs)
  }
}

const personNow = async (look: Look, pairing: Row<'pairings'>, site: SiteRow) => {
  const { read } = look
  const now = look.now()
  const { pairingId } = pairing
  const { memberships, intervals } = await personOf(read, look.space, pairingId)
  const visit = await visitOf(read, look.space, pairing)
  const times = visit?.time ? [visit.time] : intervals
  const until = bookedUntil(intervals, await bookedHours(look, site, memberships), now)
  const isMember = times.some((time) => isActive(time, now))
  const isEntitled = isMember || (until !== null && now < until)
  look.lookAgainAt(nextChange(times, now))
  if (isEntitled && !isMember) look.lookAgainAt(until)
  const current = memberships.filter(({ goneAt }) => !goneAt)
  const name = [...current, ...memberships].find((each) => each.name)?.name ?? visit?.name ?? ''
  return {
    pairing,
    /** The pairing's subject in problems. */
    subject: `pairing:${pairingId}`,
    site,
    memberships,
    intervals,
    name,
    isVisitor: visit !== undefined,
    email: current.find((each) => each.email)?.email ?? null,
    /** Entitled to anything now, by a membership or by a booking that began during one. */
    isEntitled,
    /** Has nothing now, and nothing to come. */
    hasEnded: !isEntitled && !times.some(({ startsAt }) => startsAt > now),
  }
}

/** Bookings of mapped resources as long as their doors open for them, minutes after included. */
const bookedHours = async (look: Look, site: SiteRow, memberships: Row<'memberships'>[]) => {
  const { read, spaceId } = look
  const { siteId } = site
  const doors = await list(read, 'resourceDoors', { spaceId, siteId, enabled: true })
  const bookings = await listBookingsOf(read, spaceId, memberships, look.now())
  return bookings.flatMap((booking) =>
    doors
      .filter(({ resourceId }) => resourceId === booking.resourceId)
      .map((door) => ({ startsAt: booking.startsAt, endsAt: openTimes(booking, door).endsAt })),
  )
}

export const storePairing = (look: Look, { pairing }: Person, set: Partial<Row<'pairings'>>) => {
  Object.assign(pairing, set)
  const { spaceId, pairingId } = pairing
  return look.tx((tx) => change(tx, 'pairings', { spaceId, pairingId }, set))
}

/** The entitlements of a person, for the audit. */
export const restsOn = ({ intervals, isEntitled }: Person): string =>
  [isEntitled ? 'entitled' : 'not entitled', ...intervals.map(basisOf)].join(' ')

/** True when the guard holds back what this look would take or give. */
const converge = async (look: Look, now: Person): Promise<boolean> => {
  const siteUser = await findOrMakeUser(look, now)
  if (!siteUser) {
    if (now.isVisitor && now.hasEnded && !now.pairing.siteUserId) await forgetPairing(look, now)
    return false
  }
  if (isAdministrative(siteUser)) {
    look.problem('P21', now.subject, { name: now.name })
    return false
  }
  await look.attempt(() => lockOut(look, now, siteUser))
  const places = await readPlaces(look, now, siteUser)
  const { steps, isHeld } = await guardPairing(look, now, siteUser, places)
  // While the guard holds them, people keep what they have.
  const person = isHeld ? { ...now, isEntitled: true, hasEnded: false } : now
  await look.attempt(() => reconcileTags(look, person, siteUser))
  if (person.isEntitled) await look.attempt(() => takeSeat(look, person, siteUser))
  await look.attempt(() => reconcilePlaces(look, person, siteUser, places, steps))
  await look.attempt(() => keepAlias(look, person, siteUser))
  await look.attempt(() => invite(look, person, siteUser))
  await look.attempt(() => end(look, person, siteUser))
  await look.attempt(async () => {
    const shown = look.hasWritten() ? await readAgain(look, person, siteUser) : siteUser
    if (shown) await sayNothingToOpenWith(look, person, shown)
  })
  return isHeld
}

/** Pages show what KS has now, not what the last sweep saw. */
const readAgain = async (look: Look, { pairing }: Person, { siteUserId }: SiteUser) => {
  const readAt = look.now()
  const data = await look.ks.getSiteUser(pairing.siteId, siteUserId)
  const { spaceId } = pairing
  if (data) await look.tx((tx) => saveOne(tx, spaceId, 'siteUser', siteUserId, { data, readAt }))
  await readSeats(look, pairing.siteId)
  return data
}

/** Says what somebody changed by hand, each thing on its own; nothing is undone (R20). */
export const differs = (
  look: Look,
  { subject, name }: Person,
  thing: string,
  change: Change | null,
  params: Record<string, string> = {},
): void => {
  if (change) look.suspect(`${subject}:${thing}`, { name, change, ...params })
}

/** Lock out, let in again: told to KS once, never converged back (R18). */
const lockOut = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { lockedOut: blocked, lockedOutDone, siteId } = person.pairing
  if (lockedOutDone) return differs(look, person, 'block', blockChange(person.pairing, siteUser))
  const { siteUserId } = siteUser
  look.because(blocked ? 'admin locked out' : 'admin let in')
  if (siteUser.blocked !== blocked)
    await look.ksWrite.updateSiteUser({ siteId, siteUserId, blocked })
  // Done is what was asked for then; another click meanwhile is still to be carried out.
  const { spaceId, pairingId } = person.pairing
  const asked = { spaceId, pairingId, lockedOut: blocked }
  await look.tx((tx) => change(tx, 'pairings', asked, { lockedOutDone: true }))
}

/** Once per entitlement: a seat that was taken away by hand meanwhile stays away (R20). */
const takeSeat = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing, site, subject, name } = person
  const seatedFor = basisNow(person.intervals, look.now()) || 'booking'
  if (pairing.seatedFor === seatedFor)
    return differs(look, person, 'seat', seatChange(pairing, siteUser))
  look.because(restsOn(person))
  try {
    if (siteUser.seat !== 'subscribed') await setSeat(look, person, siteUser, 'subscribed')
    await storePairing(look, person, { seatedFor })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { seatsAllowed, seatsUsed } = site.info
    const [allowed, used] = [seatsAllowed ?? '', seatsUsed ?? seatsAllowed ?? ''].map(String)
    look.problem('P03', subject, { name, allowed: allowed ?? '', used: used ?? '' })
  }
}

/** Intention first: should the answer get lost, nobody else is thought to have changed the seat. */
const setSeat = async (
  look: Look,
  person: Person,
  { siteUserId }: SiteUser,
  seat: 'subscribed' | 'suspended',
): Promise<void> => {
  await storePairing(look, person, { seatedFor: null })
  await look.ksWrite.setSeat({ siteId: person.pairing.siteId, siteUserId, seat })
}

/** The alias carries Cobot's name for the person, and our marker; only of users we made. */
const keepAlias = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { origin, siteId } = person.pairing
  const named = { ...person, marker: person.pairing.marker }
  if (origin !== 'made' || person.hasEnded || siteUser.alias === alias(named)) return
  const names = siteUser.hasProfile ? {} : ksName(named)
  const { siteUserId } = siteUser
  look.because('named otherwise in Cobot')
  await look.ksWrite.updateSiteUser({ siteId, siteUserId, alias: alias(named), ...names })
}

const sayNothingToOpenWith = async (look: Look, person: Person, siteUser: SiteUser) => {
  const { spaceId, pairingId } = person.pairing
  const tags = await list(look.read, 'tagHolders', { spaceId, pairingId })
  // Of visitors it is we alone who let them use a PIN, when we make one.
  const hasPin = person.isVisitor && siteUser.usePin
  const hasKey = hasTag(tags, siteUser) || siteUser.hasProfile || hasPin
  if (person.isEntitled && !hasKey) look.problem('P22', person.subject, { name: person.name })
}

/** The end: the seat at once, the user we made 30 days later. An adopted user keeps what is theirs. */
const end = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing } = person
  const isMade = pairing.origin === 'made'
  if (!person.isEntitled && pairing.seatedFor === '')
    differs(look, person, 'seat', seatChange(pairing, siteUser))
  else if (!person.isEntitled) {
    if (isMade && siteUser.seat === 'subscribed') {
      look.because(restsOn(person))
      await setSeat(look, person, siteUser, 'suspended')
      await askSuspended(look)
    }
    await storePairing(look, person, { seatedFor: '' })
  }
  if (!person.hasEnded) {
    if (pairing.endedAt) await storePairing(look, person, { endedAt: null })
    return
  }
  const endedAt = pairing.endedAt ?? look.now()
  if (!pairing.endedAt) await storePairing(look, person, { endedAt })
  if (isOver(person, look.now())) await deleteUser(look, person, siteUser)
  else if (isMade) look.lookAgainAt(new Date(endedAt.getTime() + keepUserMs))
}

/** Is it time for the user we made to go? A visitor does not come back. */
export const isOver = ({ pairing, hasEnded, isVisitor }: Person, now: Date): boolean =>
  hasEnded &&
  pairing.origin === 'made' &&
  pairing.endedAt !== null &&
  now.getTime() >= pairing.endedAt.getTime() + (isVisitor ? 0 : keepUserMs)

const deleteUser = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing } = person
  const proof = proveUser({ siteId: pairing.siteId, ledger: pairing, siteUser })
  if (!proof) return
  look.because(`ended ${pairing.endedAt?.toISOString()}`)
  await look.ksWrite.deleteSiteUser(proof)
  await forgetPairing(look, person)
}

/** The user is gone; a tag that is still in somebody's pocket keeps its name until it is back (R5). */
export const forgetPairing = (look: Look, { pairing: { spaceId, pairingId } }: Person) =>
  look.tx(async (tx) => {
    await take(tx, 'tagHolders', { spaceId, pairingId, state: 'returning' })
    await change(tx, 'tagHolders', { spaceId, pairingId, state: 'held' }, { state: 'notReturned' })
    if (!(await one(tx, 'tagHolders', { spaceId, pairingId })))
      return removePairing(tx, spaceId, pairingId)
    await take(tx, 'groupPlaces', { spaceId, pairingId })
    const key = { spaceId, pairingId, state: staying }
    await change(tx, 'pairings', key, { ...unpaired, origin: null })
  })

/** Somebody's time is over, and KS does not take it: the admin must know whom to remove (P16). */
const sayUndelivered = async (look: Look, person: Person, patienceMs: number) => {
  const { pairing, intervals, name, subject } = person
  const { spaceId, pairingId } = pairing
  const held = await list(look.read, 'groupPlaces', { spaceId, pairingId })
  const endedAt = lastEnd(intervals) ?? look.now()
  const dueAt = new Date(endedAt.getTime() + patienceMs)
  if (held.length === 0 || intervals.some((interval) => isActive(interval, look.now()))) return
  if (dueAt > look.now()) look.lookAgainAt(dueAt)
  else look.problem('P16', subject, { name, since: endedAt.toISOString() })
}
