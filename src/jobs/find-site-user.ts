// From a person to the site user: by our marker, by the admin's choice, or a new one. Somebody whom
// KS may know already is offered, never linked by itself (R1, R11).
import { Refused, Rejected, RetryLater } from '../core/errors.ts'
import { isAdministrative } from '../core/fence.ts'
import type { SiteUser } from '../core/model.ts'
import { alias, ksName, sameName } from '../core/names.ts'
import { priority } from '../core/problems.ts'
import { listBookings } from '../db/cobot-snapshot.ts'
import { listSiteUsers, type SiteUserRow, saveSiteUsers } from '../db/ks-snapshot.ts'
import { listPairings, updatePairing } from '../db/ledger.ts'
import { listPlanGroups } from '../db/mappings.ts'
import type { Candidate } from '../db/tables.ts'
import { nameOf, type Person } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

/** People are compared with a list that is at most this old. */
const listHoldsMs = 60_000
/** A user that KS does not show this soon after it was made may still be on the way. */
const appearingMs = 2 * 60_000

/** The site user of this person, or null while an admin has to choose or KS lost it. */
export const findOrMakeUser = async (look: Look, person: Person): Promise<SiteUser | null> => {
  const { pairing } = person
  const subject = `pairing:${pairing.pairingId}`
  if (pairing.siteUserId) {
    const known = await look.ks.getSiteUser(pairing.siteId, pairing.siteUserId)
    if (known) return known
    const madeMs = look.now().getTime() - (pairing.madeAt?.getTime() ?? 0)
    if (madeMs < appearingMs) throw new RetryLater('SALTO does not show the new user yet', 5000)
    look.problem('P10', subject, { name: nameOf(person), gone: 'yes' })
    return null
  }
  if (person.ended) return null
  const marked = await look.ks.findSiteUsersByMarker(pairing.siteId, pairing.marker)
  const ours = marked.sort((a, b) => (a.siteUserId < b.siteUserId ? -1 : 1))[0]
  if (ours) return pair(look, person, ours)
  if (pairing.creatingSince) {
    const { settleMs } = look.deps.config
    const sinceMs = look.now().getTime() - pairing.creatingSince.getTime()
    if (sinceMs < settleMs)
      throw new RetryLater('a user may still be appearing', settleMs - sinceMs)
  } else if (!pairing.notThem) {
    const candidates = await findCandidates(look, person)
    if (candidates.length > 0) {
      await store(look, person, { state: 'choosing', candidates })
      look.problem('P06', subject, { name: nameOf(person) })
      return null
    }
  }
  return make(look, person)
}

const store = (look: Look, { pairing }: Person, set: Parameters<typeof updatePairing>[3]) =>
  look.deps.db.tx((tx) => updatePairing(tx, look.spaceId, pairing.pairingId, set))

const make = async (look: Look, person: Person): Promise<SiteUser> => {
  const { pairing } = person
  const { siteId, marker } = pairing
  const roles = await look.ks.listRoles(siteId)
  const role = roles.find(({ code }) => code === 'site_user')
  if (!role)
    throw new Rejected(
      'P15',
      { side: 'salto' },
      `site ${siteId} lets us hand out no role for users`,
    )
  const named = {
    name: nameOf(person) || null,
    email: person.memberships[0]?.email ?? null,
    marker,
  }
  await store(look, person, { creatingSince: look.now() })
  try {
    const made = await look.ksWrite.createSiteUser({
      ...ksName(named),
      ...{ siteId, alias: alias(named), roleIds: [role.roleId] },
    })
    return await pair(look, person, made)
  } catch (error) {
    // A clear no: nothing was made, so there is nothing to look for.
    if (error instanceof Refused) await store(look, person, { creatingSince: null })
    throw error
  }
}

/** A user with our marker is ours, also after our database was restored from a copy (R18). */
const pair = async (look: Look, person: Person, user: SiteUser): Promise<SiteUser> => {
  const { db } = look.deps
  const { pairing, memberships } = person
  const { siteUserId, saltoUserId, seat } = user
  await db.tx(async (tx) => {
    await updatePairing(tx, look.spaceId, pairing.pairingId, {
      ...{ state: 'paired', siteUserId, saltoUserId, seat, origin: 'made' },
      ...{ creatingSince: null, candidates: [], madeAt: look.now() },
    })
    const membershipIds = memberships.map(({ membershipId }) => membershipId)
    const bookings = await listBookings(tx, look.spaceId, { after: look.now(), membershipIds })
    for (const { bookingId } of bookings)
      await look.askIn(tx, 'reconcileBooking', bookingId, priority.soon)
  })
  pairing.origin = 'made'
  pairing.siteUserId = siteUserId
  pairing.saltoUserId = saltoUserId
  pairing.madeAt = look.now()
  return user
}

/** Same e-mail, or the same name where either side has no e-mail; nobody who is paired already. */
const findCandidates = async (look: Look, person: Person): Promise<Candidate[]> => {
  const { read } = look.deps.db
  const { pairing, memberships } = person
  const taken = new Set((await listPairings(read, look.spaceId)).map((each) => each.siteUserId))
  const emails = memberships.flatMap(({ email }) => (email ? [email.toLowerCase()] : []))
  const users = await siteUsersNow(look, pairing.siteId)
  const found: Candidate[] = []
  for (const user of users) {
    if (taken.has(user.siteUserId) || isAdministrative(user)) continue
    const reason = reasonFor(user, emails, nameOf(person))
    if (!reason) continue
    const { siteUserId, saltoUserId, email, tagNumber } = user
    const name = shownName(user)
    const groups = await mappedGroupsOf(look, person, siteUserId)
    found.push({ siteUserId, saltoUserId, email, tagNumber, name, reason, groups })
  }
  return found
}

const reasonFor = (
  user: SiteUserRow,
  emails: string[],
  name: string,
): Candidate['reason'] | null => {
  const email = user.email?.toLowerCase()
  if (email && emails.includes(email)) return 'email'
  if (email && emails.length > 0) return null
  const names = [`${user.firstName} ${user.lastName}`, user.alias?.replace(/ · C\d+$/, '') ?? '']
  return name && names.some((each) => each.trim() && sameName(each, name)) ? 'name' : null
}

const shownName = (user: SiteUserRow) => user.alias || `${user.firstName} ${user.lastName}`.trim()

const mappedGroupsOf = async (
  look: Look,
  { pairing }: Person,
  siteUserId: SiteUserRow['siteUserId'],
): Promise<string[]> => {
  const { spaceId, deps } = look
  const mapped = await listPlanGroups(deps.db.read, spaceId, pairing.siteId)
  const groups = await look.ks.listGroupsOfSiteUser(pairing.siteId, siteUserId)
  return groups
    .filter((group) => mapped.some((row) => row.accessGroupId === group.accessGroupId))
    .map(({ name }) => name)
}

const siteUsersNow = async (look: Look, siteId: Person['pairing']['siteId']) => {
  const { db } = look.deps
  const stored = await listSiteUsers(db.read, look.spaceId, siteId)
  const readAt = look.now()
  const oldest = stored.reduce(
    (age, row) => Math.max(age, readAt.getTime() - row.readAt.getTime()),
    0,
  )
  if (stored.length > 0 && oldest < listHoldsMs) return stored
  const users = await look.ks.listSiteUsers(siteId)
  await db.tx((tx) => saveSiteUsers(tx, look.spaceId, siteId, users, readAt))
  return listSiteUsers(db.read, look.spaceId, siteId)
}
