// What we do not need any more is forgotten: people 90 days after they ended, the audit after a year.
import type { SpaceId } from '../core/ids.ts'
import { addDays, localDate } from '../core/temporal.ts'
import { cutAudit } from './audit.ts'
import type { Tx } from './open.ts'
import { removePairing } from './spaces.ts'
import { below, change, list, type Row, take, upTo } from './store.ts'

export const keepPeopleDays = 90
const keepAuditDays = 365
/** Names stand in a receipt for so long; of a space that left, everything about people goes with them. */
export const keepReceiptDays = 30

/** All that is about people of a space that left; the receipt keeps what was done, without names. */
export const forgetSpace = async (tx: Tx, spaceId: SpaceId, now: Date): Promise<void> => {
  await forgetNames(tx, spaceId, now)
  for (const table of ['memberships', 'bookings', 'snapshots', 'problems', 'sessions'] as const)
    await take(tx, table, { spaceId })
  await take(tx, 'authorizations', { expiresAt: below(now) })
  await cutAudit(tx, spaceId, new Date(now.getTime() - keepAuditDays * 24 * 3600_000))
}

const forgetNames = async (tx: Tx, spaceId: SpaceId, now: Date): Promise<void> => {
  const longAgo = new Date(now.getTime() - keepReceiptDays * 24 * 3600_000)
  const old = await list(tx, 'receipts', { spaceId, endedAt: upTo(longAgo) })
  const siteId = old.map((receipt) => receipt.siteId)
  await change(tx, 'receiptLines', { spaceId, siteId }, { name: '', holder: null })
}

export const forget = async (tx: Tx, spaceId: SpaceId, now: Date): Promise<void> => {
  const ago = (days: number) => new Date(now.getTime() - days * 24 * 3600_000)
  const longAgo = ago(keepPeopleDays)
  const lastDay = addDays(localDate(now, 'UTC'), -keepPeopleDays)
  const isOver = ({ goneAt, canceledTo }: Row<'memberships'>) =>
    (goneAt ?? now) < longAgo || (canceledTo !== null && canceledTo < lastDay)
  const memberships = await list(tx, 'memberships', { spaceId })
  for (const { pairingId, origin } of await list(tx, 'pairings', { spaceId })) {
    // A user we made goes with the look that deletes it; what is still out there keeps its name.
    const left = { spaceId, pairingId }
    const theirs = memberships.filter((each) => each.pairingId === pairingId)
    // Without a membership it is a visitor's, and goes with the look that ends the visit.
    const isHeld =
      origin === 'made' ||
      theirs.length === 0 ||
      (await list(tx, 'groupPlaces', left)).length + (await list(tx, 'tagHolders', left)).length > 0
    if (!isHeld && theirs.every(isOver)) await removePairing(tx, spaceId, pairingId)
  }
  const unpaired = await list(tx, 'memberships', { spaceId, pairingId: null })
  const membershipId = unpaired.filter(isOver).map((each) => each.membershipId)
  await take(tx, 'memberships', { spaceId, membershipId })
  await cutAudit(tx, spaceId, ago(keepAuditDays))
  await forgetNames(tx, spaceId, now)
  await take(tx, 'snapshots', { spaceId, kind: 'admin', readAt: below(ago(keepAuditDays)) })
  await take(tx, 'work', { spaceId, runAt: null, leaseToken: null, askedAt: below(longAgo) })
  await take(tx, 'authorizations', { expiresAt: below(now) })
  await take(tx, 'sessions', { expiresAt: below(now) })
}
