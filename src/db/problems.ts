import { isDeepStrictEqual } from 'node:util'
import { earlier, later } from '../core/entitlements.ts'
import type { SpaceId } from '../core/ids.ts'
import { priority, type Said, tellAt, urgentCodes } from '../core/problems.ts'
import { secondLookMs, settlingMs } from '../core/steps.ts'
import { lastWriteAt } from './audit.ts'
import type { Tx } from './open.ts'
import { list, one, present, put, take } from './store.ts'
import { ask } from './work.ts'

/** What is certain; what an admin left as it is only when asked for. */
export const listProblems = (tx: Tx, spaceId: SpaceId, { left = false } = {}) =>
  list(tx, 'problems', { spaceId, shownAt: present, ...(!left && { leftAt: null }) })

/**
 * How far a look came: to the end; to a refusal, with what was changed by hand perhaps unseen; or it
 * was cut short and knows of no cure at all.
 */
export type Reach = 'whole' | 'refused' | 'cut'

/**
 * Replaces what a look said before: a problem that it is sure not to see any more is gone. Returns
 * when a second look can be sure of what was said for the first time: by then KS shows what we wrote
 * ourselves (R15).
 */
export const replaceProblems = async (
  tx: Tx,
  spaceId: SpaceId,
  source: string,
  said: readonly Said[],
  now: Date,
  reach: Reach = 'whole',
): Promise<Date | null> => {
  const before = await list(tx, 'problems', { spaceId, source })
  let sureFrom: Date | null = null
  for (const { code, subject } of before)
    if (reach === 'whole' || (reach === 'refused' && code !== 'P10'))
      await take(tx, 'problems', { spaceId, code, subject })
  for (const { code, subject, params, takesTwo } of said) {
    // Another look may have said the same before: the problem is as old as that.
    const known =
      before.find((row) => row.code === code && row.subject === subject) ??
      (await one(tx, 'problems', { spaceId, code, subject }))
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
    const { toldAt = null } = known ?? {}
    const row = { spaceId, code, subject, params, source, since, shownAt, toldAt }
    await put(tx, 'problems', { ...row, leftAt: same?.leftAt ?? null })
    const runAt = tellAt({ since, toldAt })
    const tell = { spaceId, task: 'tellAdmins', subject: 'space', runAt, cause: 'problem' } as const
    if (!known && urgentCodes.includes(code))
      await ask(tx, [{ ...tell, priority: priority.soon }], now)
  }
  return sureFrom
}
