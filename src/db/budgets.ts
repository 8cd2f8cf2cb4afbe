import { type BucketRule, takeToken } from '../core/backoff.ts'
import type { Tx } from './open.ts'
import { one, put } from './store.ts'

/** Takes one call from a budget that all replicas share; 0, or how many ms to wait. */
export const takeFromBudget = async (
  tx: Tx,
  key: string,
  rule: BucketRule,
  now: Date,
  reserve = 0,
): Promise<number> => {
  await tx.lock('budgets')
  const { bucket, waitMs } = takeToken(await one(tx, 'budgets', { key }), rule, now, reserve)
  await put(tx, 'budgets', { key, ...bucket })
  return waitMs
}

/** The other side said "not before": nobody asks until then, nor until the latest it ever said. */
export const closeBudget = async (tx: Tx, key: string, now: Date, until: Date): Promise<void> => {
  await tx.lock('budgets')
  const before = (await one(tx, 'budgets', { key }))?.notBefore
  const notBefore = before && before > until ? before : until
  await put(tx, 'budgets', { key, tokens: 0, filledAt: now, notBefore })
}
