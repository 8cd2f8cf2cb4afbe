// Tags are an admin's facts: carried out once, by the click's own look, and not converged back
// afterwards (R18). Who held a tag at the end still has it in a pocket: it stays *with* them (R5).
import { Refused } from '../core/errors.ts'
import { proveTag } from '../core/fence.ts'
import type { SiteUser } from '../core/model.ts'
import {
  listTagHolders,
  removeTagHolder,
  type TagHolderRow,
  updateTagHolder,
} from '../db/ledger.ts'
import { nameOf, type Person } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

export const reconcileTags = async (
  look: Look,
  person: Person,
  siteUser: SiteUser,
): Promise<void> => {
  const rows = await listTagHolders(look.deps.db.read, look.spaceId, person.pairing.pairingId)
  for (const row of rows.filter(({ state }) => state === 'lost'))
    if (!row.doneAt) await look.attempt(() => blockLost(look, row, siteUser))
  for (const row of rows.filter(({ state }) => state === 'returning'))
    await look.attempt(() => takeBack(look, row, siteUser))
  for (const row of rows.filter(({ state }) => state === 'held'))
    if (!row.doneAt) await look.attempt(() => assign(look, person, row, siteUser))
  await followEntitlement(look, person, rows)
}

const done = (look: Look, row: TagHolderRow) =>
  look.deps.db.tx((tx) => updateTagHolder(tx, row, { doneAt: look.now() }))

const assign = async (
  look: Look,
  person: Person,
  row: TagHolderRow,
  siteUser: SiteUser,
): Promise<void> => {
  const { siteId, tagId } = row
  const { siteUserId } = siteUser
  const before = await look.ks.getTag(siteId, tagId)
  if (before?.holder?.siteUserId !== siteUserId) {
    try {
      if (!before || before.holder) throw new Refused('salto', 400, null, 'the tag is taken')
      await look.ksWrite.assignTag({ siteId, siteUserId, tagId })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const now = await look.ks.getTag(siteId, tagId)
      look.problem('P19', `pairing:${row.pairingId}`, {
        ...{ name: nameOf(person), tag: row.number, holder: now?.holder?.name ?? '' },
      })
      return
    }
  }
  await done(look, row)
}

const takeBack = async (look: Look, row: TagHolderRow, siteUser: SiteUser): Promise<void> => {
  const { siteId } = row
  const tag = await look.ks.getTag(siteId, row.tagId)
  const proof = proveTag({ siteId, ledger: row, siteUser, tag })
  if (proof) await look.ksWrite.takeTagOff(proof)
  await look.deps.db.tx((tx) => removeTagHolder(tx, row))
}

/** Blocks the key and leaves it blocked: nothing of ours ever unblocks one. */
const blockLost = async (look: Look, row: TagHolderRow, siteUser: SiteUser): Promise<void> => {
  const { siteId, tagId } = row
  const { siteUserId } = siteUser
  const keys = await look.ks.listKeys(siteId, siteUserId)
  const key = keys.find((each) => each.type === 'tag' && each.credentialId === tagId)
  if (key && !key.blocked) await look.ksWrite.blockKey({ siteId, siteUserId, keyId: key.keyId })
  await done(look, row)
}

const followEntitlement = async (look: Look, { ended }: Person, rows: TagHolderRow[]) => {
  const from = ended ? 'held' : 'notReturned'
  const state = ended ? 'notReturned' : 'held'
  for (const row of rows.filter((each) => each.state === from && each.doneAt))
    await look.deps.db.tx((tx) => updateTagHolder(tx, row, { state, changedAt: look.now() }))
}
