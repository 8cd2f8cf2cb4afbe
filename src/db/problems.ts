import type { SpaceId } from '../core/ids.ts'
import type { Problem } from '../core/problems.ts'
import type { Tx } from './open.ts'
import { put, take } from './store.ts'

/** Replaces what a look said before: a problem it does not see any more is gone by itself. */
export const replaceProblems = async (
  tx: Tx,
  spaceId: SpaceId,
  source: string,
  problems: readonly Problem[],
  now: Date,
): Promise<void> => {
  const before = await take(tx, 'problems', { spaceId, source })
  for (const { code, subject, params } of problems) {
    const known = before.find((row) => row.code === code && row.subject === subject)
    await put(tx, 'problems', {
      spaceId,
      code,
      subject,
      params,
      source,
      since: known?.since ?? now,
    })
  }
}
