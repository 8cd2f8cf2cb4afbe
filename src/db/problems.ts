import type { SpaceId } from '../core/ids.ts'
import { type Problem, priority, tellAt, urgentCodes } from '../core/problems.ts'
import type { Tx } from './open.ts'
import { list, one, put, take } from './store.ts'
import { ask } from './work.ts'

/** Replaces what a look said before: a problem that it is sure not to see any more is gone. */
export const replaceProblems = async (
  tx: Tx,
  spaceId: SpaceId,
  source: string,
  problems: readonly Problem[],
  now: Date,
  isSure = true,
): Promise<void> => {
  const before = await (isSure ? take : list)(tx, 'problems', { spaceId, source })
  for (const { code, subject, params } of problems) {
    // Another look may have said the same before: the problem is as old as that.
    const known =
      before.find((row) => row.code === code && row.subject === subject) ??
      (await one(tx, 'problems', { spaceId, code, subject }))
    const { since = now, toldAt = null } = known ?? {}
    await put(tx, 'problems', { spaceId, code, subject, params, source, since, toldAt })
    const runAt = tellAt({ since, toldAt })
    const tell = { spaceId, task: 'tellAdmins', subject: 'space', runAt, cause: 'problem' } as const
    if (!known && urgentCodes.includes(code))
      await ask(tx, [{ ...tell, priority: priority.soon }], now)
  }
}
