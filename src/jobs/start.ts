import { priority, type Task } from '../core/problems.ts'
import type { Tx } from '../db/open.ts'
import { list } from '../db/store.ts'
import { ask } from '../db/work.ts'

/** A process that starts trusts no date it finds: every subject is looked at once more (R3). */
export const askEverything = async (tx: Tx, now: Date): Promise<void> => {
  for (const { spaceId } of await list(tx, 'spaces', { state: 'installed' })) {
    const pairings = await list(tx, 'pairings', { spaceId })
    const bookings = await list(tx, 'bookings', { spaceId, goneAt: null })
    const subjects: [Task, string][] = [
      ['sweepCobot', 'space'],
      ['sweepKs', 'space'],
      ['disconnectSite', 'space'],
      ...pairings.map(({ pairingId }): [Task, string] => ['reconcilePairing', pairingId]),
      ...bookings.map(({ bookingId }): [Task, string] => ['reconcileBooking', bookingId]),
    ]
    const how = { spaceId, runAt: now, cause: 'start', priority: priority.grant }
    await ask(
      tx,
      subjects.map(([task, subject]) => ({ ...how, task, subject })),
      now,
    )
  }
}
