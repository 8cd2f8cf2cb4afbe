import { lastAudit } from '../db/audit.ts'
import { forget } from '../db/tidy.ts'
import type { TaskHandler } from './run.ts'

const dayMs = 24 * 3600_000

/** Once a day. The end of the audit's chain goes to the log: its last rows cannot vanish unseen. */
export const tidyUp: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  look.lookAgainAt(new Date(look.now().getTime() + dayMs))
  await deps.db.tx((tx) => forget(tx, spaceId, look.now()))
  const { number, hash } = (await lastAudit(deps.db.read, { spaceId })) ?? {}
  deps.log.info({ spaceId, number, hash }, 'the audit so far')
}
