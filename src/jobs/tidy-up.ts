import { sealAnew } from '../connections/seals.ts'
import { lastAudit } from '../db/audit.ts'
import { forgetPerson } from '../db/erase.ts'
import { list } from '../db/store.ts'
import { forget, forgetSpace, keepReceiptDays } from '../db/tidy.ts'
import type { TaskHandler } from './run.ts'

const dayMs = 24 * 3600_000

/**
 * Of one person who is to be erased, until it is done; of all once a day, and once for a space that
 * left. The end of the audit's chain goes to the log: its last rows cannot vanish unseen.
 */
export const tidyUp: TaskHandler = async (look) => {
  const { deps, spaceId, space } = look
  const now = look.now()
  if (look.work.subject !== 'space') {
    look.lookAgainAt(await look.tx((tx) => forgetPerson(tx, space, look.work, now)))
    return
  }
  look.lookAgainAt(new Date(now.getTime() + dayMs))
  await look.tx(async (tx) => {
    if (space.state === 'installed') return forget(tx, spaceId, now)
    const left = await list(tx, 'receipts', { spaceId, whole: true })
    const keptMs = (endedAt: Date | null) => now.getTime() - (endedAt?.getTime() ?? 0)
    if (left.every(({ endedAt }) => keptMs(endedAt) >= keepReceiptDays * dayMs))
      await forgetSpace(tx, spaceId, now)
  })
  const sealed = await sealAnew(deps, spaceId)
  if (sealed > 0) deps.log.info({ spaceId, sealed }, 'sealed anew, with the first key')
  const { number, hash } = (await lastAudit(look.read, { spaceId })) ?? {}
  deps.log.info({ spaceId, number, hash }, 'the audit so far')
}
