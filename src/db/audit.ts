// Every write to KS, in a chain of hashes per space: what was done, why, and what came of it. Ids
// only; names are joined from tables that can be erased.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { and, desc, eq, gt } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { add, list, type Row } from './store.ts'

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

/** When a look of this source, `task:subject`, last wrote to KS or tried to. */
export const lastWriteAt = async (tx: Tx, spaceId: SpaceId, source: string) => {
  const { audit } = tx.t
  const [task = '', subject = ''] = source.split(/:(.*)/s)
  const [last] = await tx.q
    .select({ at: audit.at })
    .from(audit)
    .where(and(eq(audit.spaceId, spaceId), eq(audit.task, task), eq(audit.subject, subject)))
    .orderBy(desc(audit.at))
    .limit(1)
  return last?.at ?? null
}

/** How often the very same was done for a subject since then. */
export const countDone = async (
  tx: Tx,
  spaceId: SpaceId,
  { task, subject, action, target }: Pick<AuditEntry, 'task' | 'subject' | 'action' | 'target'>,
  since: Date,
): Promise<number> => {
  const equal = { spaceId, task, subject, action, result: 'done' }
  const rows = await list(tx, 'audit', equal, gt(tx.t.audit.at, since))
  return rows.filter((row) => isDeepStrictEqual(row.target, target)).length
}

/** The hash of a row: over the one before it and its own content in a fixed order. */
export const chain = (before: string, number: number, entry: AuditEntry): string => {
  const { at, cause, task, subject, action, target, result } = entry
  const content = [at.toISOString(), cause, task, subject, action, Object.entries(target).sort()]
  return createHash('sha256')
    .update(JSON.stringify([before, number, ...content, result]))
    .digest('hex')
}
