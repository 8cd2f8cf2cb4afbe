// Handing out a tag by its printed number, from whichever page.
import type { PairingId } from '../core/ids.ts'
import { giveTag } from '../db/clicks.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { list, one } from '../db/store.ts'
import { isFreeTag } from '../salto/assumed.ts'
import { type C, clickOf, type Here, type Web } from './page.ts'

/** Why what was typed was not taken. */
export type Typed = { reason?: string; holder?: string }

/** The printed numbers of tags that nobody has. */
export const freeNumbers = async ({ db: { read } }: Web, { space }: Here): Promise<string[]> => {
  const { spaceId } = space
  const given = new Set((await list(read, 'tagHolders', { spaceId })).map(({ tagId }) => tagId))
  const free = (await listSnapshot(read, spaceId, 'tag')).filter(isFreeTag)
  return free.flatMap(({ tagId, number }) => (given.has(tagId) ? [] : [number])).sort()
}

/** The person's tag from now on, or why not. */
export const handOut = async (
  web: Web,
  c: C,
  pairingId: PairingId,
  number: string,
): Promise<{ reason: string; holder?: string } | null> => {
  const { read } = web.db
  const { spaceId } = c.get('here').space
  if (!number) return { reason: 'noTag' }
  const tag = (await listSnapshot(read, spaceId, 'tag')).find((each) => each.number === number)
  if (!tag) return { reason: 'unknown' }
  const pairing = await one(read, 'pairings', { spaceId, pairingId })
  const isTheirs = !tag.holder || tag.holder.siteUserId === pairing?.siteUserId
  if (tag.blocked || tag.podTag) return { reason: 'blocked' }
  if (!isTheirs) return { reason: 'taken', holder: tag.holder?.name ?? '' }
  const holder = await web.db.tx((tx) => giveTag(tx, clickOf(c, web), pairingId, tag))
  if (!holder) web.wake()
  if (!holder || holder.pairingId === pairingId) return null
  const person = await one(read, 'memberships', { spaceId, pairingId: holder.pairingId })
  return { reason: 'taken', holder: person?.name ?? '?' }
}
