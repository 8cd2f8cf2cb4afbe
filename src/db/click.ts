// Whoever clicks asks for looks, in the transaction that stores what was clicked.
import type { SpaceId } from '../core/ids.ts'
import { type Priority, priority, type Task } from '../core/problems.ts'
import type { Tx } from './open.ts'
import { ask } from './work.ts'

/** Who clicked, where and when; `bySetting`: nobody did, an admin switched this on once. */
export type Click = { spaceId: SpaceId; by: string; now: Date; bySetting?: boolean }

export const askFor = (
  tx: Tx,
  { spaceId, now, by, bySetting }: Click,
  task: Task,
  subject: string,
  urgency: Priority = priority.soon,
): Promise<void> => {
  const cause = bySetting ? `setting ${by}` : `admin ${by}`
  return ask(tx, [{ spaceId, task, subject, runAt: now, cause, priority: urgency }], now)
}
