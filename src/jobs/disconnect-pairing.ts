// A person is disconnected, or the site is left: what we put in is taken out, the rest stays (D10, R17).
import { Refused, Unavailable } from '../core/errors.ts'
import { isAdministrative, proveUser } from '../core/fence.ts'
import type { SiteId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { noteOutcome } from '../db/sites.ts'
import { listBookingsOf } from '../db/snapshots.ts'
import { pairAnew, removePairing } from '../db/spaces.ts'
import { list, one, take } from '../db/store.ts'
import { askNextStep, type Came, leaveOrTakeOut } from './leaving.ts'
import { leavePlace } from './pairing-places.ts'
import { reconcileTags } from './pairing-tags.ts'
import type { Person } from './reconcile-pairing.ts'
import { removeTwin } from './remove-twins.ts'
import { type Look, settleFirst } from './run.ts'
import { askSuspended, readSeats } from './seats.ts'

export const disconnect = async (look: Look, person: Person): Promise<void> => {
  const { spaceId, siteId, pairingId, state, siteUserId, creatingSince } = person.pairing
  look.because(state === 'leaving' ? 'admin disconnected' : 'site left')
  const came = await leaveOrTakeOut(look, siteId, () => takeOut(look, person))
  await look.tx(async (tx) => {
    await tx.lock(`${spaceId} ${person.pairing.person}`)
    const now = await one(tx, 'pairings', { spaceId, pairingId })
    const site = await one(tx, 'sites', { spaceId, siteId })
    if (now?.state !== 'leaving' && site?.state !== 'leaving') {
      // Connected again while we were at it: the user that is gone is made anew.
      if (came.outcome !== 'left') await pairAnew(tx, { spaceId, pairingId })
      else await take(tx, 'groupPlaces', { spaceId, pairingId })
      return
    }
    const line = { spaceId, siteId, subject: person.subject, name: person.name || '?' }
    const wasThere = siteUserId || creatingSince || came.outcome === 'removed'
    if (site?.state === 'leaving' && wasThere) await noteOutcome(tx, line, came)
    if (site?.state === 'leaving') askNextStep(look)
    const bookings = await listBookingsOf(tx, spaceId, person.memberships, look.now())
    await removePairing(tx, spaceId, pairingId)
    for (const { bookingId } of bookings) await look.askIn(tx, 'reconcileBooking', bookingId)
  })
  await askSuspended(look)
}

/** A user we made is deleted; of one who was there before, what we gave is taken back. */
const takeOut = async (look: Look, person: Person): Promise<Came> => {
  const { pairing } = person
  const { spaceId, siteId, pairingId } = pairing
  const siteUser = await findUser(look, person)
  if (!siteUser) return { outcome: 'gone' }
  if (isAdministrative(siteUser)) {
    await checkRoles(look, siteId, siteUser)
    return { outcome: 'left', why: 'administrative' }
  }
  const listed = await look.ks.listGroupsOfSiteUser(siteId, siteUser.siteUserId)
  const observed = new Set(listed.map((group) => group.accessGroupId))
  const places = { spaceId, pairingId, origin: 'made' } as const
  for (const place of await list(look.read, 'groupPlaces', places))
    await leavePlace(look, siteUser, place, observed)
  const origin = pairing.origin ?? 'made'
  const ledger = { ...pairing, siteUserId: siteUser.siteUserId, origin }
  const proof = proveUser({ siteId, ledger, siteUser })
  if (proof) {
    // Without the pairing nobody would know any more whose second user that is.
    for (const marked of await look.ks.findSiteUsersByMarker(siteId, pairing.marker))
      await removeTwin(look, ledger, marked.siteUserId)
    await look.ksWrite.deleteSiteUser(proof)
    await look.attempt(() => readSeats(look, siteId))
    return { outcome: 'removed' }
  }
  await reconcileTags(look, { ...person, hasEnded: true }, siteUser, { takeAll: true })
  return { outcome: 'left', why: origin === 'adopted' ? 'adopted' : 'renamed' }
}

/** Who is left alone is forgotten: from a role that the site does not have that is not concluded. */
const checkRoles = async ({ ks }: Look, siteId: SiteId, { roles }: SiteUser): Promise<void> => {
  const codes = new Map((await ks.listRoles(siteId)).map(({ roleId, code }) => [roleId, code]))
  const areKnown = roles.every(({ roleId, code }) => codes.get(roleId) === code)
  if (!areKnown || ![...codes.values()].includes('site_user'))
    throw new Unavailable('salto', 'get site user: a role that the site does not have')
}

const findUser = async (look: Look, { pairing }: Person): Promise<SiteUser | null> => {
  const { siteId, siteUserId, creatingSince, marker } = pairing
  if (!siteUserId && creatingSince) settleFirst(look, creatingSince)
  const [marked] = siteUserId ? [] : await look.ks.findSiteUsersByMarker(siteId, marker)
  const found = siteUserId ? await look.ks.getSiteUser(siteId, siteUserId) : (marked ?? null)
  // Of a site that does not let us in nothing is concluded.
  if (!found && !(await look.ks.getMe(siteId)))
    throw new Refused('salto', 404, null, `site ${siteId} does not let us in`)
  // Whoever is gone is forgotten: gone is what answers 404 and is missing from the list as well.
  const isListed = (user: SiteUser) => user.siteUserId === siteUserId
  if (!found && siteUserId && (await look.ks.listSiteUsers(siteId)).some(isListed))
    throw new Unavailable('salto', 'get site user: not found, but in the list')
  return found
}
