// Every write to KS, in a chain of hashes per space: what was done, why, and what came of it. Ids
// only; names are joined from tables that can be erased.
import { createHash } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { add, type Row } from './store.ts'

export type AuditEntry = Omit<Row<'audit'>, 'spaceId' | 'number' | 'hash'>

export const appendAudit = async (tx: Tx, spaceId: SpaceId, entry: AuditEntry): Promise<void> => {
  await tx.lock('audit')
  const { audit } = tx.t
  const rows = tx.q.select().from(audit).where(eq(audit.spaceId, spaceId))
  const [last] = await rows.orderBy(desc(audit.number)).limit(1)
  const number = (last?.number ?? 0) + 1
  const hash = chain(last?.hash ?? '', number, entry)
  await add(tx, 'audit', { spaceId, number, ...entry, hash })
}

/** The hash of a row: over the one before it and its own content in a fixed order. */
export const chain = (before: string, number: number, entry: AuditEntry): string => {
  const { at, cause, task, subject, action, target, result } = entry
  const content = [at.toISOString(), cause, task, subject, action, Object.entries(target).sort()]
  return createHash('sha256')
    .update(JSON.stringify([before, number, ...content, result]))
    .digest('hex')
}
