// Users with our marker whom no pairing knows. Whom an old backup lacks is taken into the ledger while
// their membership lives; all others are shown, to be connected or removed by an admin (R18).
import { isAdministrative } from '../core/fence.ts'
import type { MembershipId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { markerIn, personMarker } from '../core/schedule.ts'
import { connectMembership } from '../db/clicks.ts'
import { never } from '../db/sites.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { personKeys, type SiteRow } from '../db/spaces.ts'
import { change, list, one, type Row } from '../db/store.ts'
import type { Look } from './run.ts'
import { newPairingId } from './take-in.ts'

/** `before`: the pairings when the users were not listed yet; whoever was let go since is no leftover. */
export const compareLeftoverUsers = async (
  look: Look,
  site: SiteRow,
  users: readonly SiteUser[],
  before: readonly Row<'pairings'>[],
): Promise<void> => {
  const { read, spaceId } = look
  const { siteId } = site
  const pairings = [...before, ...(await list(read, 'pairings', { spaceId, siteId }))]
  const known = new Set(pairings.flatMap(({ marker, siteUserId }) => [marker, siteUserId]))
  const leftovers = users.flatMap((user) => {
    const marker = markerIn(user.alias)
    const isOurs = marker && !known.has(marker) && !known.has(user.siteUserId)
    return isOurs && !isAdministrative(user) ? [{ user, marker }] : []
  })
  if (leftovers.length === 0) return
  const owners = await ownersByMarker(look)
  // What is remembered before the first sweep of a site is about another one.
  const remembered =
    site.readAt > never ? new Set((await listSnapshot(read, spaceId, 'siteUser')).map(idOf)) : null
  const created = await audited(look, 'createSiteUser')
  const deleted = await audited(look, 'deleteSiteUser')
  const unconnected: string[] = []
  for (const { user, marker } of leftovers) {
    const { siteUserId, alias, firstName, lastName } = user
    const subject = `leftover:${siteUserId}`
    const said = await one(read, 'problems', { spaceId, code: 'P10', subject })
    const isNew = !!said?.params.isNew || (remembered !== null && !remembered.has(siteUserId))
    const owner = owners.get(marker)
    // Came to be since the list that we remember, and the audit knows neither of a beginning nor an end.
    const isLost = isNew && !created.has(siteUserId) && !deleted.has(siteUserId)
    // Whoever is gone since the list was read is no leftover either; who stands there for long costs no call.
    const mayBeGone = (owner && isLost) || (!said && (isNew || deleted.has(siteUserId)))
    if (mayBeGone && !(await look.ks.getSiteUser(siteId, siteUserId))) continue
    const name = alias?.slice(0, -marker.length).trim() || `${firstName} ${lastName}`
    if (owner && isLost && (await holdsSomething(look, site, user)))
      await takeIn(look, user, marker, owner)
    else if (owner) unconnected.push(name)
    else
      look.problem('P10', subject, {
        name,
        marker,
        leftover: 'user',
        ...(isNew && { isNew: 'yes' }),
      })
  }
  const names = unconnected.sort().join(', ')
  if (names) look.problem('P10', 'leftover:users', { names, leftover: 'users' })
}

const idOf = ({ siteUserId }: SiteUser) => siteUserId

/** Who could be connected, by the marker that a user made for them carries. */
const ownersByMarker = async ({ read, spaceId }: Look): Promise<Map<string, MembershipId>> => {
  const members = await list(read, 'memberships', { spaceId, goneAt: null, pairingId: null })
  return new Map(
    members.flatMap((membership) =>
      personKeys(membership).map((person) => [personMarker(person), membership.membershipId]),
    ),
  )
}

/** Whom we made, or removed, as far as the audit goes back. */
const audited = async ({ read, spaceId }: Look, action: 'createSiteUser' | 'deleteSiteUser') => {
  const written = await list(read, 'audit', { spaceId, task: 'reconcilePairing', action })
  return new Set(written.map(({ target }) => target.siteUserId))
}

/** Somebody let go holds nothing. */
const holdsSomething = async (
  { ks }: Look,
  { siteId }: SiteRow,
  { siteUserId }: SiteUser,
): Promise<boolean> => (await ks.listGroupsOfSiteUser(siteId, siteUserId)).length > 0

/** Connected with this very user: should it be gone by then, no other is made. */
const takeIn = (
  look: Look,
  { siteUserId, saltoUserId }: SiteUser,
  marker: string,
  membershipId: MembershipId,
): Promise<void> =>
  look.tx(async (tx) => {
    const { spaceId } = look
    const click = { spaceId, by: 'backup', now: look.now(), bySetting: true }
    const pairingId = await connectMembership(tx, click, membershipId, newPairingId(look))
    if (!pairingId) return
    const user = { siteUserId, saltoUserId, marker, origin: 'made', madeAt: look.now() } as const
    const paired = { ...user, state: 'paired', bySetting: false } as const
    await change(tx, 'pairings', { spaceId, pairingId, siteUserId: null }, paired)
  })
