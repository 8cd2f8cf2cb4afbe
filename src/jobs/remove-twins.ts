// A create that SALTO carried out twice leaves somebody with our mark whom no pairing knows: they
// open nothing, but take a seat and a name in the list.
import { proveTwin } from '../core/fence.ts'
import type { SiteUser } from '../core/model.ts'
import type { SiteRow } from '../db/spaces.ts'
import { list } from '../db/store.ts'
import type { Look } from './run.ts'

export const removeTwins = async (
  look: Look,
  { siteId }: SiteRow,
  users: readonly SiteUser[],
): Promise<void> => {
  const { spaceId } = look
  const pairings = await list(look.read, 'pairings', { spaceId, siteId, state: 'paired' })
  const paired = new Map(pairings.map((each) => [each.siteUserId, each]))
  // Of a pair only the one that no row knows can go, and only while the other is there.
  const present = users.flatMap(({ siteUserId }) => paired.get(siteUserId) ?? [])
  for (const { siteUserId, alias } of users) {
    const ledger = present.find(({ marker }) => alias?.endsWith(marker))
    if (!ledger || paired.has(siteUserId)) continue
    const siteUser = await look.ks.getSiteUser(siteId, siteUserId)
    if (!siteUser) continue
    const groups = await look.ks.listGroupsOfSiteUser(siteId, siteUserId)
    const observed = new Set(groups.map(({ accessGroupId }) => accessGroupId))
    const proof = proveTwin({ siteId, ledger, siteUser, observed })
    if (!proof) continue
    look.because(`second user of pairing ${ledger.pairingId}, holds nothing`)
    await look.ksWrite.deleteSiteUser(proof)
  }
}
