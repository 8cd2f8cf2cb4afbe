// A create that SALTO carried out twice leaves somebody with our mark whom no pairing knows: they
// open nothing, but take a seat and a name in the list.
import { proveTwin } from '../core/fence.ts'
import type { SiteUserId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import type { SiteRow } from '../db/spaces.ts'
import { list, type Row } from '../db/store.ts'
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
    look.because(`second user of pairing ${ledger.pairingId}, holds nothing`)
    await removeTwin(look, ledger, siteUserId)
  }
}

/** Removes somebody with the mark of this pairing, unless they are its own user or hold something. */
export const removeTwin = async (
  look: Look,
  ledger: Row<'pairings'>,
  siteUserId: SiteUserId,
): Promise<void> => {
  const { siteId } = ledger
  if (siteUserId === ledger.siteUserId) return
  const siteUser = await look.ks.getSiteUser(siteId, siteUserId)
  if (!siteUser) return
  const groups = await look.ks.listGroupsOfSiteUser(siteId, siteUserId)
  const observed = new Set(groups.map(({ accessGroupId }) => accessGroupId))
  const proof = proveTwin({ siteId, ledger, siteUser, observed })
  if (proof) await look.ksWrite.deleteSiteUser(proof)
}
