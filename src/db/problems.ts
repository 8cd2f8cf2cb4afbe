import { and, asc, eq } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Problem } from '../core/problems.ts'
import type { Tx } from './open.ts'

export type ProblemRow = Tx['t']['problems']['$inferSelect']

/** Replaces what a look said before: a problem it does not see any more is gone by itself. */
export const replaceProblems = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  source: string,
  problems: readonly Problem[],
  now: Date,
): Promise<void> => {
  const own = and(eq(t.problems.spaceId, spaceId), eq(t.problems.source, source))
  const before = await q.select().from(t.problems).where(own)
  const key = ({ code, subject }: Problem) => `${code} ${subject}`
  const since = new Map(before.map((row) => [key(row), row.since]))
  await q.delete(t.problems).where(own)
  for (const problem of problems) {
    const { code, subject, params } = problem
    const row = { source, params, since: since.get(key(problem)) ?? now }
    await q
      .insert(t.problems)
      .values({ spaceId, code, subject, ...row })
      .onConflictDoUpdate({
        target: [t.problems.spaceId, t.problems.code, t.problems.subject],
        set: row,
      })
  }
}

export const listProblems = ({ q, t }: Tx, spaceId: SpaceId): Promise<ProblemRow[]> =>
  q
    .select()
    .from(t.problems)
    .where(eq(t.problems.spaceId, spaceId))
    .orderBy(asc(t.problems.code), asc(t.problems.since))
