// Users with our marker whom no pairing knows: an old backup lacks the click that connected them. Whose
// membership lives is taken into the ledger, the others are shown with *Remove* (R18).
import { isAdministrative } from '../core/fence.ts'
import type { MembershipId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { markerIn, personMarker } from '../core/schedule.ts'
import { connectMembership } from '../db/clicks.ts'
import { personKeys, type SiteRow } from '../db/spaces.ts'
import { change, list, type Row } from '../db/store.ts'
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
  const members = await list(read, 'memberships', { spaceId, goneAt: null, pairingId: null })
  const markers = members.flatMap((membership) =>
    personKeys(membership).map(
      (person) => [personMarker(person), membership.membershipId] as const,
    ),
  )
  const owners = new Map(markers)
  for (const { user, marker } of leftovers) {
    // Whoever is gone since the list was read is no leftover either.
    if (!(await look.ks.getSiteUser(siteId, user.siteUserId))) continue
    const owner = owners.get(marker)
    if (owner && (await isLost(look, site, user))) await takeIn(look, user, marker, owner)
    else {
      const name =
        user.alias?.slice(0, -marker.length).trim() || `${user.firstName} ${user.lastName}`
      look.problem('P10', `leftover:${user.siteUserId}`, { name, marker, leftover: 'user' })
    }
  }
}

/** Connected once, and not let go: they hold something, and what we wrote for them is not in the audit. */
const isLost = async (
  { read, spaceId, ks }: Look,
  { siteId }: SiteRow,
  { siteUserId }: SiteUser,
): Promise<boolean> => {
  if ((await ks.listGroupsOfSiteUser(siteId, siteUserId)).length === 0) return false
  const action = ['createSiteUser', 'deleteSiteUser']
  const written = await list(read, 'audit', { spaceId, task: 'reconcilePairing', action })
  return !written.some(({ target }) => target.siteUserId === siteUserId)
}

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
