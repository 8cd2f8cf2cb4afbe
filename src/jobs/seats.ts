// The seats of a site: how many are left, and who waits for one.
import type { SiteId } from '../core/ids.ts'
import { priority } from '../core/problems.ts'
import { change, list } from '../db/store.ts'
import type { Look } from './run.ts'

/** After we took or freed one: pages say how many are left without waiting for the next comparison. */
export const readSeats = async (look: Look, siteId: SiteId): Promise<void> => {
  const info = await look.ks.getSite(siteId)
  const { spaceId } = look
  if (info) await look.tx((tx) => change(tx, 'sites', { spaceId, siteId }, { info }))
}

/** One after the other, so that the seat goes to the first of them. */
const turnMs = 2000

/** A seat became free: whoever waits for one is asked, in the order in which they start (R12). */
export const askSuspended = async (look: Look): Promise<void> => {
  const { read, spaceId } = look
  const waiting = await list(read, 'problems', { spaceId, code: 'P03' })
  const pairingIds = new Set<string>(waiting.map(({ subject }) => subject.replace('pairing:', '')))
  if (pairingIds.size === 0) return
  const memberships = await list(read, 'memberships', { spaceId, goneAt: null })
  const inOrder = memberships.sort((a, b) => (a.startsOn < b.startsOn ? -1 : 1))
  let afterMs = 0
  for (const { pairingId } of inOrder)
    if (pairingId && pairingIds.delete(pairingId)) {
      look.ask('reconcilePairing', pairingId, priority.soon, afterMs)
      afterMs += turnMs
    }
}
