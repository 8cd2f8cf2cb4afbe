import { eq } from 'drizzle-orm'
import { type BucketRule, takeToken } from '../core/backoff.ts'
import type { Tx } from './open.ts'

/** Takes one call from a budget that all replicas share; 0, or how many ms to wait. */
export const takeFromBudget = async (
  { q, t, dialect }: Tx,
  key: string,
  rule: BucketRule,
  now: Date,
  reserve = 0,
): Promise<number> => {
  const row = q.select().from(t.budgets).where(eq(t.budgets.key, key)).$dynamic()
  const [before] = await (dialect === 'pg' ? row.for('update') : row)
  const { bucket, waitMs } = takeToken(before ?? null, rule, now, reserve)
  await q
    .insert(t.budgets)
    .values({ key, ...bucket })
    .onConflictDoUpdate({ target: t.budgets.key, set: bucket })
  return waitMs
}

/** The other side said "not before": nobody asks until then. */
export const closeBudget = async (
  { q, t }: Tx,
  key: string,
  now: Date,
  notBefore: Date,
): Promise<void> => {
  await q
    .insert(t.budgets)
    .values({ key, tokens: 0, filledAt: now, notBefore })
    .onConflictDoUpdate({ target: t.budgets.key, set: { tokens: 0, filledAt: now, notBefore } })
}
