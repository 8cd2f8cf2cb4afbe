// What an admin's click stores about people: many connected at once, and invitations to the app.
import type { MembershipId, PairingId } from '../core/ids.ts'
import { priority } from '../core/problems.ts'
import { type Click, connectMembership } from './clicks.ts'
import type { Db, Tx } from './open.ts'
import { change } from './store.ts'
import { ask } from './work.ts'

/** So many are connected at a time, so that nobody else waits long for the database. */
const atOnce = 50

/**
 * *Connect 12 people*: the page shows how far they are, whenever it is opened (D9). Cut short, it has
 * connected whole people, and the click can be made again.
 */
export const connectMany = async (
  { tx }: Pick<Db, 'tx'>,
  click: Click,
  membershipIds: readonly MembershipId[],
  newId: () => PairingId,
): Promise<void> => {
  for (let from = 0; from < membershipIds.length; from += atOnce)
    await tx((part) => connectSome(part, click, membershipIds.slice(from, from + atOnce), newId))
}

const connectSome = async (
  tx: Tx,
  click: Click,
  membershipIds: readonly MembershipId[],
  newId: () => PairingId,
) => {
  const { spaceId, now: batchAt } = click
  for (const membershipId of membershipIds) {
    const pairingId = await connectMembership(tx, click, membershipId, newId())
    if (pairingId) await change(tx, 'pairings', { spaceId, pairingId }, { batchAt })
  }
}

/** *Invite to app*: SALTO writes to the person, once. */
export const inviteToApp = async (tx: Tx, click: Click, pairingId: PairingId): Promise<void> => {
  const { spaceId, now, by } = click
  const theirs = { spaceId, pairingId, invite: null }
  if (!(await change(tx, 'pairings', theirs, { invite: 'asked' }))) return
  const look = { spaceId, task: 'reconcilePairing', subject: pairingId, runAt: now } as const
  await ask(tx, [{ ...look, cause: `admin ${by}`, priority: priority.soon }], now)
}
