// One person ⇄ one site user: the user, its seat, its places in plan groups, its tag. New doors are
// opened before old ones are closed; what fails is said, and the rest goes on.
import {
  desiredPlaces,
  isActive,
  lastEnd,
  later,
  nextChange,
  type PlanInterval,
} from '../core/entitlements.ts'
import { ReconnectNeeded, Refused, Rejected, RetryLater } from '../core/errors.ts'
import { isAdministrative, provePlace, proveUser } from '../core/fence.ts'
import { type AccessGroupId, asId, type PairingId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { alias, ksName, sameName } from '../core/names.ts'
import { priority } from '../core/problems.ts'
import { makeBeforeBreakMs, mayLeave, nextPlaceSteps, personEndsAt } from '../core/steps.ts'
import { listBookings, listPlans, type MembershipRow } from '../db/cobot-snapshot.ts'
import { personOf } from '../db/entitled.ts'
import {
  getPairing,
  listGroupPlaces,
  type PairingRow,
  removeGroupPlace,
  removePairing,
  saveGroupPlace,
  updateGroupPlace,
  updatePairing,
} from '../db/ledger.ts'
import { listPlanGroups } from '../db/mappings.ts'
import { getSite, type SiteRow } from '../db/spaces.ts'
import { isNotYetThere } from '../salto/assumed.ts'
import { askSuspended } from './ask-suspended.ts'
import { findOrMakeUser } from './find-site-user.ts'
import { reconcileTags } from './pairing-tags.ts'
import type { Look, TaskHandler } from './run.ts'

/** A user we made is kept, suspended, for this long after the end: undoing brings the same one back. */
const keepUserMs = 30 * 24 * 3600_000
const notYetThereMs = 2 * 60_000

/** What one look knows of a person. */
export type Person = {
  pairing: PairingRow
  site: SiteRow
  memberships: MembershipRow[]
  intervals: PlanInterval[]
  /** Entitled to anything now, by a membership or by a booking that began during one. */
  entitled: boolean
  /** Had something, and has nothing now or later. */
  ended: boolean
}

export const reconcilePairing: TaskHandler = async (look) => {
  const { db } = look.deps
  const pairing = await getPairing(db.read, look.spaceId, asId<PairingId>(look.work.subject))
  const site = pairing && (await getSite(db.read, look.spaceId, pairing.siteId))
  if (!pairing || !site) return
  const person = await personNow(look, pairing, site)
  const going = pairing.order === 'disconnect' || site.state === 'leaving'
  try {
    if (going) await disconnect(look, person)
    else await convergePerson(look, person)
  } catch (error) {
    if (error instanceof ReconnectNeeded && error.side === 'salto')
      await sayUndelivered(look, person)
    throw error
  }
}

const personNow = async (look: Look, pairing: PairingRow, site: SiteRow): Promise<Person> => {
  const { read } = look.deps.db
  const now = look.now()
  const { memberships, intervals } = await personOf(read, look.space, pairing.pairingId)
  const membershipIds = memberships.map(({ membershipId }) => membershipId)
  const bookings = await listBookings(read, look.spaceId, { after: now, membershipIds })
  const begun = bookings.filter(({ startsAt }) => startsAt <= now)
  const active = intervals.some((interval) => isActive(interval, now))
  const until = personEndsAt(intervals, begun)
  const entitled = active || (until !== null && now < until)
  look.lookAgainAt(nextChange(intervals, now))
  if (!active && entitled) look.lookAgainAt(until)
  const comes = intervals.some(({ startsAt }) => startsAt > now)
  return { pairing, site, memberships, intervals, entitled, ended: !entitled && !comes }
}

const convergePerson = async (look: Look, person: Person): Promise<void> => {
  const { pairing, site } = person
  const siteUser = await findOrMakeUser(look, person)
  if (!siteUser) return
  if (isAdministrative(siteUser)) {
    look.problem('P21', `pairing:${pairing.pairingId}`, { name: nameOf(person) })
    return
  }
  await look.attempt(() => lockOut(look, person, siteUser))
  if (person.entitled) await look.attempt(() => takeSeat(look, person, siteUser))
  await places(look, person, siteUser)
  await reconcileTags(look, person, siteUser)
  await end(look, person, siteUser)
  await look.attempt(() => keepAlias(look, person, siteUser))
  if (pairing.siteId === site.siteId && person.entitled && !siteUser.tagNumber)
    await sayNothingToOpenWith(look, person, siteUser)
}

export const nameOf = ({ memberships }: Person): string =>
  memberships.find(({ name, goneAt }) => name && !goneAt)?.name ?? memberships[0]?.name ?? ''

/** Lock out, let in again: told to KS once, never converged back (R18). */
const lockOut = async (look: Look, { pairing }: Person, siteUser: SiteUser): Promise<void> => {
  if (pairing.lockedOutDone) return
  const { siteUserId } = siteUser
  if (siteUser.blocked !== pairing.lockedOut)
    await look.ksWrite.updateSiteUser({
      ...{ siteId: pairing.siteId, siteUserId },
      blocked: pairing.lockedOut,
    })
  await look.deps.db.tx((tx) =>
    updatePairing(tx, look.spaceId, pairing.pairingId, { lockedOutDone: true }),
  )
}

const takeSeat = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing, site } = person
  const { siteUserId } = siteUser
  if (siteUser.seat !== 'subscribed') {
    try {
      await look.ksWrite.setSeat({ siteId: pairing.siteId, siteUserId, seat: 'subscribed' })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      await storeSeat(look, pairing, 'suspended')
      const { seatsAllowed, seatsUsed } = site.info
      look.problem('P03', `pairing:${pairing.pairingId}`, {
        name: nameOf(person),
        allowed: String(seatsAllowed ?? ''),
        used: String(seatsUsed ?? seatsAllowed ?? ''),
      })
      return
    }
  }
  await storeSeat(look, pairing, 'subscribed')
}

const storeSeat = (look: Look, pairing: PairingRow, seat: PairingRow['seat']) =>
  pairing.seat === seat
    ? Promise.resolve()
    : look.deps.db.tx((tx) => updatePairing(tx, look.spaceId, pairing.pairingId, { seat }))

/** Places in plan groups: what the memberships give now, against what KS shows. */
const places = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { db } = look.deps
  const { spaceId } = look
  const { pairing, site } = person
  const { pairingId, siteId } = pairing
  const now = look.now()
  const groupsOf = await planGroupsOf(look, site)
  const desired = desiredPlaces(person.intervals, groupsOf, now)
  const applied = await listGroupPlaces(db.read, spaceId, pairingId)
  const listed = await look.ks.listGroupsOfSiteUser(siteId, siteUser.siteUserId)
  const observed = new Set(listed.map((group) => group.accessGroupId))
  const { steps, nextAt } = nextPlaceSteps({ desired, observed, applied, now })
  look.lookAgainAt(nextAt)
  const key = (accessGroupId: AccessGroupId) => ({ spaceId, siteId, pairingId, accessGroupId })
  let joinFailed = false
  for (const step of steps) {
    const place = key(step.accessGroupId)
    switch (step.kind) {
      case 'keep':
        await db.tx((tx) =>
          saveGroupPlace(tx, {
            ...place,
            ...{ origin: step.origin, basis: step.basis, joinedAt: now },
            ...{ missingSince: null, changedByHandAt: null, unwantedSince: null },
          }),
        )
        break
      case 'join': {
        const joined = await look.attempt(() => join(look, person, siteUser, place, step.basis))
        joinFailed ||= !joined
        break
      }
      case 'leave': {
        const unwantedSince =
          endOfPlace(person.intervals, groupsOf, step.accessGroupId, now) ?? step.unwantedSince
        if (mayLeave({ joinFailed, unwantedSince, now }))
          await look.attempt(() => leave(look, siteUser, place, observed))
        else {
          look.lookAgainAt(new Date(unwantedSince.getTime() + makeBeforeBreakMs))
          await db.tx((tx) => updateGroupPlace(tx, place, { unwantedSince }))
        }
        break
      }
      case 'forget':
        await db.tx((tx) => removeGroupPlace(tx, place))
        break
      case 'suspect':
        await db.tx((tx) => updateGroupPlace(tx, place, { missingSince: now }))
        break
      case 'changedByHand':
        await db.tx((tx) => updateGroupPlace(tx, place, { changedByHandAt: now }))
        break
    }
  }
  const byHand = await listGroupPlaces(db.read, spaceId, pairingId)
  if (byHand.some(({ changedByHandAt }) => changedByHandAt))
    look.problem('P10', `pairing:${pairingId}`, { name: nameOf(person) })
}

/** From a plan to its groups; a plan nobody has looked at yet is asked for (D5). */
const planGroupsOf = async (look: Look, site: SiteRow) => {
  const { read } = look.deps.db
  const rows = await listPlanGroups(read, look.spaceId, site.siteId)
  const plans = await listPlans(read, look.spaceId)
  return ({ planId, planName }: PlanInterval): AccessGroupId[] => {
    const id = planId ?? plans.find((plan) => !plan.goneAt && sameName(plan.name, planName))?.planId
    if (!id) return []
    const found = rows.filter((row) => row.planId === id)
    if (found.length === 0 || found.some(({ state }) => state === 'making'))
      look.ask('reconcilePlan', id, priority.soon)
    return found.flatMap(({ accessGroupId, state }) =>
      accessGroupId && state === 'ready' ? [accessGroupId] : [],
    )
  }
}

/** When the last entitlement to this group ended; null when that is not a matter of dates. */
const endOfPlace = (
  intervals: readonly PlanInterval[],
  groupsOf: (interval: PlanInterval) => AccessGroupId[],
  accessGroupId: AccessGroupId,
  now: Date,
): Date | null =>
  intervals
    .filter(({ endsAt }) => endsAt && endsAt <= now)
    .filter((interval) => groupsOf(interval).includes(accessGroupId))
    .reduce<Date | null>((last, { endsAt }) => (endsAt ? later(endsAt, last) : last), null)

type PlaceKey = Parameters<typeof removeGroupPlace>[1]

const join = async (
  look: Look,
  { pairing }: Person,
  { saltoUserId }: SiteUser,
  place: PlaceKey,
  basis: string,
): Promise<void> => {
  const { db } = look.deps
  const { siteId, accessGroupId } = place
  const clean = { missingSince: null, changedByHandAt: null, unwantedSince: null }
  const intent = { ...place, ...clean, origin: 'made' as const, basis, joinedAt: null }
  await db.tx((tx) => saveGroupPlace(tx, intent))
  try {
    await look.ksWrite.joinAccessGroup({ siteId, accessGroupId, saltoUserId })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const sinceMs = look.now().getTime() - (pairing.madeAt?.getTime() ?? 0)
    if (isNotYetThere(error) && sinceMs < notYetThereMs)
      throw new RetryLater('SALTO does not know the new user everywhere yet', 5000)
    const group = await look.ks.getAccessGroup(siteId, accessGroupId)
    if (group) throw error
    await askPlansOf(look, place)
    throw new Rejected('P04', { group: '' }, `access group ${accessGroupId} is gone`)
  }
  await db.tx((tx) => updateGroupPlace(tx, place, { joinedAt: look.now() }))
}

const askPlansOf = async (look: Look, { siteId, accessGroupId }: PlaceKey) => {
  const rows = await listPlanGroups(look.deps.db.read, look.spaceId, siteId)
  for (const row of rows.filter((each) => each.accessGroupId === accessGroupId))
    look.ask('reconcilePlan', row.planId)
}

const leave = async (
  look: Look,
  siteUser: SiteUser,
  place: PlaceKey,
  observed: ReadonlySet<AccessGroupId>,
): Promise<void> => {
  const proof = provePlace({ siteId: place.siteId, ledger: place, siteUser, observed })
  if (!proof) return
  await look.ksWrite.leaveAccessGroup(proof)
  await look.deps.db.tx((tx) => removeGroupPlace(tx, place))
}

/** The end of a person: the seat at once, the user we made 30 days later; coming back undoes it. */
const end = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { db } = look.deps
  const { pairing } = person
  const { siteId, pairingId } = pairing
  const { siteUserId } = siteUser
  const made = pairing.origin === 'made'
  if (!person.ended && pairing.endedAt)
    await db.tx((tx) => updatePairing(tx, look.spaceId, pairingId, { endedAt: null }))
  if (made && !person.entitled && siteUser.seat === 'subscribed')
    await look.attempt(async () => {
      await look.ksWrite.setSeat({ siteId, siteUserId, seat: 'suspended' })
      await storeSeat(look, pairing, 'suspended')
      await askSuspended(look)
    })
  if (!person.ended) return
  const endedAt = pairing.endedAt ?? look.now()
  if (!pairing.endedAt) await db.tx((tx) => updatePairing(tx, look.spaceId, pairingId, { endedAt }))
  if (!made) return
  const deleteAt = new Date(endedAt.getTime() + keepUserMs)
  if (look.now() < deleteAt) {
    look.lookAgainAt(deleteAt)
    return
  }
  const proof = proveUser({ siteId, ledger: pairing, siteUser })
  if (!proof) return
  await look.ksWrite.deleteSiteUser(proof)
  await db.tx((tx) => removePairing(tx, look.spaceId, pairingId))
}

/** The alias carries Cobot's name for the person, and our marker; only of users we made. */
const keepAlias = async (look: Look, person: Person, siteUser: SiteUser): Promise<void> => {
  const { pairing } = person
  if (pairing.origin !== 'made' || person.ended) return
  const named = { name: nameOf(person) || null, email: person.memberships[0]?.email ?? null }
  const wanted = { ...named, marker: pairing.marker }
  if (siteUser.alias === alias(wanted)) return
  await look.ksWrite.updateSiteUser({
    ...{ siteId: pairing.siteId, siteUserId: siteUser.siteUserId, alias: alias(wanted) },
    ...(siteUser.hasProfile ? {} : ksName(wanted)),
  })
}

const sayNothingToOpenWith = async (look: Look, person: Person, siteUser: SiteUser) => {
  const fresh = await look.ks.getSiteUser(person.pairing.siteId, siteUser.siteUserId)
  if (fresh && !fresh.tagNumber && !fresh.hasProfile)
    look.problem('P22', `pairing:${person.pairing.pairingId}`, { name: nameOf(person) })
}

/** Disconnect: takes out what we put in, leaves the rest (D10). */
const disconnect = async (look: Look, { pairing }: Person): Promise<void> => {
  const { db } = look.deps
  const { spaceId } = look
  const { siteId, pairingId, siteUserId } = pairing
  if (!siteUserId && pairing.creatingSince) {
    const sinceMs = look.now().getTime() - pairing.creatingSince.getTime()
    if (sinceMs < look.deps.config.settleMs)
      throw new RetryLater('a user may still be appearing', look.deps.config.settleMs - sinceMs)
  }
  const found = siteUserId
    ? await look.ks.getSiteUser(siteId, siteUserId)
    : pairing.creatingSince
      ? ((await look.ks.findSiteUsersByMarker(siteId, pairing.marker))[0] ?? null)
      : null
  if (found && !isAdministrative(found)) {
    const listed = await look.ks.listGroupsOfSiteUser(siteId, found.siteUserId)
    const observed = new Set(listed.map((group) => group.accessGroupId))
    for (const place of await listGroupPlaces(db.read, spaceId, pairingId))
      if (place.origin === 'made') await leave(look, found, place, observed)
    const ledger = { ...pairing, siteUserId: found.siteUserId, origin: pairing.origin ?? 'made' }
    const proof = proveUser({ siteId, ledger, siteUser: found })
    if (proof) await look.ksWrite.deleteSiteUser(proof)
  }
  await db.tx(async (tx) => {
    const { memberships } = await personOf(tx, look.space, pairingId)
    const membershipIds = memberships.map(({ membershipId }) => membershipId)
    const bookings = await listBookings(tx, spaceId, { after: look.now(), membershipIds })
    await removePairing(tx, spaceId, pairingId)
    for (const { bookingId } of bookings) await look.askIn(tx, 'reconcileBooking', bookingId)
  })
  await askSuspended(look)
}

/** SALTO does not let us in, and somebody's time is over: the admin must know whom to remove (P16). */
const sayUndelivered = async (look: Look, person: Person): Promise<void> => {
  const { db } = look.deps
  const held = await listGroupPlaces(db.read, look.spaceId, person.pairing.pairingId)
  const over = lastEnd(person.intervals)
  if (held.length > 0 && !person.intervals.some((interval) => isActive(interval, look.now())))
    look.problem('P16', `pairing:${person.pairing.pairingId}`, {
      name: nameOf(person),
      since: (over ?? look.now()).toISOString(),
    })
}
