// Tags are an admin's facts: carried out once, by the click's own look, and not converged back
// afterwards (R18). Who held a tag at the end still has it in a pocket: it stays *with* them (R5).
import { tagChange } from '../core/differences.ts'
import { Refused } from '../core/errors.ts'
import { proveTag } from '../core/fence.ts'
import type { SiteUser, Tag as TagOfSite } from '../core/model.ts'
import { saveOne } from '../db/snapshots.ts'
import { change, list, type Row, take } from '../db/store.ts'
import { differs, type Person } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

type Tag = Row<'tagHolders'>

/** `takeAll`: the person is disconnected, what we handed out comes off. */
export const reconcileTags = async (
  look: Look,
  person: Person,
  siteUser: SiteUser,
  { takeAll = false } = {},
): Promise<void> => {
  const { spaceId, pairingId } = person.pairing
  const rows = await list(look.read, 'tagHolders', { spaceId, pairingId })
  const undone = (state: Tag['state']) => rows.filter((row) => row.state === state && !row.doneAt)
  for (const row of undone('lost')) await look.attempt(() => blockLost(look, row, siteUser))
  for (const row of takeAll ? rows : undone('returning'))
    await look.attempt(() => takeBack(look, row, siteUser))
  if (takeAll) return
  for (const row of undone('held')) await look.attempt(() => assign(look, person, row, siteUser))
  const [from, to] = person.hasEnded
    ? (['held', 'notReturned'] as const)
    : (['notReturned', 'held'] as const)
  for (const row of rows.filter((each) => each.state === from && each.doneAt))
    await store(look, row, { state: to })
  for (const row of rows.filter(({ doneAt }) => doneAt))
    if (row.state === 'lost' || !person.hasEnded)
      await look.attempt(() => compare(look, person, row, siteUser))
}

const compare = async (look: Look, person: Person, row: Tag, siteUser: SiteUser) => {
  const { siteId, tagId, state, number } = row
  const { siteUserId } = siteUser
  const isLost = state === 'lost'
  // The user shows the number of the tag: no need to ask for what did not change.
  if (!isLost && siteUser.tagNumber === number) return
  const tag = isLost ? null : await look.ks.getTag(siteId, tagId)
  const key = isLost ? await findKey(look, row, siteUserId) : null
  const found = tagChange(row, siteUserId, tag, key)
  const { change = null, holder = '' } = found ?? {}
  differs(look, person, `tag:${tagId}`, change, { tag: number, holder })
}

export const findKey = async (
  look: Look,
  { siteId, tagId }: Tag,
  siteUserId: SiteUser['siteUserId'],
) => {
  const keys = await look.ks.listKeys(siteId, siteUserId)
  return keys.find(({ type, credentialId }) => type === 'tag' && credentialId === tagId) ?? null
}

/** Only as long as it is what was asked for: another click meanwhile is still to be carried out. */
const store = (look: Look, { siteId, tagId, pairingId, state }: Tag, set: Partial<Tag>) =>
  look.tx((tx) => change(tx, 'tagHolders', { siteId, tagId, pairingId, state }, set))

/** A tag that comes back can be handed out again at once, not only after the next sweep. */
const show = (look: Look, data: TagOfSite, readAt: Date) =>
  look.tx((tx) => saveOne(tx, look.spaceId, 'tag', data.tagId, { data, readAt }))

const assign = async (look: Look, person: Person, row: Tag, siteUser: SiteUser): Promise<void> => {
  const { siteId, tagId } = row
  const { siteUserId, firstName, lastName } = siteUser
  const readAt = look.now()
  const tag = await look.ks.getTag(siteId, tagId)
  if (tag?.holder?.siteUserId !== siteUserId) {
    try {
      if (!tag || tag.holder) throw new Refused('salto', 400, null, `tag ${tagId} is taken`)
      look.because('admin assigned')
      await look.ksWrite.assignTag({ siteId, siteUserId, tagId })
      const holder = { siteUserId, name: `${firstName} ${lastName}` }
      await show(look, { ...tag, holder }, readAt)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const holder = (await look.ks.getTag(siteId, tagId))?.holder?.name ?? ''
      look.problem('P19', person.subject, { name: person.name, tag: row.number, holder })
      return
    }
  }
  await store(look, row, { doneAt: look.now() })
}

const takeBack = async (look: Look, row: Tag, siteUser: SiteUser): Promise<void> => {
  const { siteId, tagId, pairingId, state } = row
  const readAt = look.now()
  const tag = await look.ks.getTag(siteId, tagId)
  const proof = proveTag({ siteId, ledger: row, siteUser, tag })
  look.because(state === 'returning' ? 'admin took back' : 'admin disconnected')
  if (proof) await look.ksWrite.takeTagOff(proof)
  if (tag) await show(look, proof ? { ...tag, holder: null } : tag, readAt)
  await look.tx((tx) => take(tx, 'tagHolders', { siteId, tagId, pairingId, state }))
}

/** Blocks the key and leaves it blocked: nothing of ours ever unblocks one. */
const blockLost = async (look: Look, row: Tag, { siteUserId }: SiteUser): Promise<void> => {
  const { siteId } = row
  const key = await findKey(look, row, siteUserId)
  look.because('admin reported lost')
  if (key && !key.blocked) await look.ksWrite.blockKey({ siteId, siteUserId, keyId: key.keyId })
  await store(look, row, { doneAt: look.now() })
}
