import { isDeepStrictEqual } from 'node:util'
import { isNotNull } from 'drizzle-orm'
import { earlier, later } from '../core/entitlements.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Said } from '../core/problems.ts'
import { secondLookMs, settlingMs } from '../core/steps.ts'
import { lastWriteAt } from './audit.ts'
import type { Tx } from './open.ts'
import { list, put, take } from './store.ts'

/** What is certain; what an admin left as it is only when asked for. */
export const listProblems = (tx: Tx, spaceId: SpaceId, { left = false } = {}) =>
  list(
    tx,
    'problems',
    left ? { spaceId } : { spaceId, leftAt: null },
    isNotNull(tx.t.problems.shownAt),
  )

/**
 * Replaces what a look said before: a problem it does not see any more is gone by itself, but for
 * changes by hand when the look failed and may not have come to them. Returns when a second look can
 * be sure of what was said for the first time: by then KS shows what we wrote ourselves (R15).
 */
export const replaceProblems = async (
  tx: Tx,
  spaceId: SpaceId,
  source: string,
  said: readonly Said[],
  now: Date,
  isWhole = true,
): Promise<Date | null> => {
  const before = await take(tx, 'problems', { spaceId, source })
  let sureFrom: Date | null = null
  for (const row of isWhole ? [] : before.filter(({ code }) => code === 'P10'))
    await put(tx, 'problems', row)
  for (const { code, subject, params, takesTwo } of said) {
    const known = before.find((row) => row.code === code && row.subject === subject)
    const same = known && isDeepStrictEqual(known.params, params) ? known : null
    const since = (takesTwo ? same : known)?.since ?? now
    let shownAt = takesTwo ? (same?.shownAt ?? null) : now
    if (!shownAt) {
      const writtenAt = await lastWriteAt(tx, spaceId, source)
      const settledAt = new Date((writtenAt?.getTime() ?? 0) + settlingMs)
      const sureAt = later(settledAt, new Date(since.getTime() + secondLookMs))
      if (same && now >= sureAt) shownAt = now
      else sureFrom = earlier(sureAt, sureFrom)
    }
    const leftAt = same?.leftAt ?? null
    await put(tx, 'problems', { spaceId, code, subject, params, source, since, shownAt, leftAt })
  }
  return sureFrom
}
