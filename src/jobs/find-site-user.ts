// From a person to the site user: by our marker, by the admin's choice, or a new one. Somebody whom
// KS may know already is offered, never linked by itself (R1, R11).
import { reasonFor } from '../core/candidates.ts'
import { Refused, Rejected, RetryLater } from '../core/errors.ts'
import { isAdministrative } from '../core/fence.ts'
import { mappedGroups } from '../core/mappings.ts'
import type { SiteUser } from '../core/model.ts'
import { alias, ksName } from '../core/names.ts'
import { priority } from '../core/problems.ts'
import { lastAudit } from '../db/audit.ts'
import { listBookingsOf, saveSnapshot } from '../db/snapshots.ts'
import { pairAnew, staying } from '../db/spaces.ts'
import { change, list } from '../db/store.ts'
import type { Candidate } from '../db/tables.ts'
import { visitorsBooking } from '../db/visitors.ts'
import { forgetPairing, isOver, type Person, restsOn, storePairing } from './reconcile-pairing.ts'
import { type Look, settleFirst } from './run.ts'

/** A user that KS does not show this soon after it was made may still be on the way. */
const appearingMs = 2 * 60_000

/** The site user of this person, or null while an admin has to choose or KS lost it. */
export const findOrMakeUser = async (look: Look, person: Person): Promise<SiteUser | null> => {
  const { pairing, subject, name } = person
  const { siteId, siteUserId, marker, creatingSince } = pairing
  if (siteUserId) {
    const known = await look.ks.getSiteUser(siteId, siteUserId)
    if (known) return known
    const madeMs = look.now().getTime() - (pairing.madeAt?.getTime() ?? 0)
    if (madeMs < appearingMs) throw new RetryLater('SALTO does not show the new user yet', 5000)
    // Deleted by us, which was not written down any more: because its time was over, or by an admin
    // who has connected the person again since.
    if (isOver(person, look.now())) await forgetPairing(look, person)
    else if (await wasDeletedByUs(look)) {
      const { spaceId, pairingId } = pairing
      await look.tx((tx) => pairAnew(tx, { spaceId, pairingId }))
      throw new RetryLater('a user that we deleted is made again', 0)
    } else look.problem('P10', subject, { name, change: 'gone' })
    return null
  }
  // Whose time is over gets no user; one whose making was not answered is looked for and suspended.
  if (person.hasEnded && !creatingSince) return null
  const marked = await look.ks.findSiteUsersByMarker(siteId, marker)
  const ours = marked.sort((a, b) => (a.siteUserId < b.siteUserId ? -1 : 1))[0]
  if (ours) return pair(look, person, ours)
  if (creatingSince) settleFirst(look, creatingSince)
  if (person.hasEnded) return null
  if (!creatingSince && !pairing.notThem && !person.isVisitor) {
    const candidates = await findCandidates(look, person)
    if (candidates.length > 0) {
      const { spaceId, pairingId } = pairing
      const key = { spaceId, pairingId, state: staying }
      await look.tx((tx) => change(tx, 'pairings', key, { state: 'choosing', candidates }))
      look.problem('P06', subject, { name })
      return null
    }
  }
  return make(look, person)
}

const wasDeletedByUs = async ({ read, spaceId, work: { task, subject } }: Look) => {
  const last = await lastAudit(read, { spaceId, task, subject })
  return last?.action === 'deleteSiteUser' && !last.result.startsWith('Refused')
}

/** Without an e-mail address, so that SALTO mails nobody (D4). */
const make = async (look: Look, person: Person): Promise<SiteUser> => {
  const { siteId, marker } = person.pairing
  const roles = await look.ks.listRoles(siteId)
  const role = roles.find(({ code }) => code === 'site_user')
  if (!role)
    throw new Rejected(
      'P15',
      { side: 'salto' },
      `site ${siteId} lets us hand out no role for users`,
    )
  const named = { ...person, marker }
  await storePairing(look, person, { creatingSince: look.now() })
  try {
    const roleIds = [role.roleId]
    look.because(restsOn(person))
    const user = { siteId, ...ksName(named), alias: alias(named), roleIds }
    return await pair(look, person, await look.ksWrite.createSiteUser(user))
  } catch (error) {
    // A clear no: nothing was made, so there is nothing to look for.
    if (error instanceof Refused) await storePairing(look, person, { creatingSince: null })
    throw error
  }
}

/** A user with our marker is ours, also after our database was restored from a copy (R18). */
const pair = async (look: Look, person: Person, user: SiteUser): Promise<SiteUser> => {
  const { spaceId, pairingId } = person.pairing
  const { siteUserId, saltoUserId } = user
  const found = { origin: 'made', siteUserId, saltoUserId } as const
  const set = { ...found, creatingSince: null, candidates: [], madeAt: look.now() }
  await look.tx(async (tx) => {
    await change(tx, 'pairings', { spaceId, pairingId }, set)
    await change(tx, 'pairings', { spaceId, pairingId, state: staying }, { state: 'paired' })
    const bookings = await listBookingsOf(tx, spaceId, person.memberships, look.now())
    const visit = visitorsBooking(person.pairing.person)
    for (const bookingId of visit ? [visit] : bookings.map((each) => each.bookingId))
      await look.askIn(tx, 'reconcileBooking', bookingId, priority.soon)
  })
  Object.assign(person.pairing, set, { state: 'paired' })
  return user
}

/** Same e-mail, or the same name where either side has no e-mail; nobody who is paired already. */
const findCandidates = async (look: Look, person: Person): Promise<Candidate[]> => {
  const { spaceId, siteId } = person.pairing
  const readAt = look.now()
  const users = await look.ks.listSiteUsers(siteId)
  await look.tx((tx) =>
    saveSnapshot(tx, spaceId, 'siteUser', users, { readAt, idOf: (user) => user.siteUserId }),
  )
  const pairings = await list(look.read, 'pairings', { spaceId, siteId })
  const taken = new Set(pairings.map(({ siteUserId }) => siteUserId))
  const mapped = (await list(look.read, 'planGroups', { spaceId, siteId })).flatMap(mappedGroups)
  const { name, memberships } = person
  const emails = memberships.flatMap(({ email }) => (email ? [email.toLowerCase()] : []))
  const known = { name, emails }
  const candidates: Candidate[] = []
  for (const user of users.filter(
    (each) => !taken.has(each.siteUserId) && !isAdministrative(each),
  )) {
    const { siteUserId, saltoUserId, email, tagNumber } = user
    const reason = reasonFor(user, known)
    if (!reason) continue
    const groups = (await look.ks.listGroupsOfSiteUser(siteId, siteUserId))
      .filter(({ accessGroupId }) => mapped.includes(accessGroupId))
      .map((group) => group.name)
    const shown = user.alias || `${user.firstName} ${user.lastName}`
    candidates.push({ siteUserId, saltoUserId, name: shown, email, tagNumber, reason, groups })
  }
  return candidates
}
