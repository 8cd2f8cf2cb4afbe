// Every write to KS, in a chain of hashes per space: what was done, why, and what came of it. Ids
// only; names are joined from tables that can be erased.
import { createHash } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'

export type AuditRow = Tx['t']['audit']['$inferSelect']
export type AuditEntry = Pick<
  AuditRow,
  'at' | 'cause' | 'task' | 'subject' | 'action' | 'target' | 'result'
>

export const appendAudit = async (
  { q, t, dialect }: Tx,
  spaceId: SpaceId,
  entry: AuditEntry,
): Promise<void> => {
  // Two workers of one space would else take the same number.
  if (dialect === 'pg')
    await q.select().from(t.spaces).where(eq(t.spaces.spaceId, spaceId)).for('update')
  const [last] = await q
    .select({ number: t.audit.number, hash: t.audit.hash })
    .from(t.audit)
    .where(eq(t.audit.spaceId, spaceId))
    .orderBy(desc(t.audit.number))
    .limit(1)
  const number = (last?.number ?? 0) + 1
  await q
    .insert(t.audit)
    .values({ spaceId, number, ...entry, hash: chain(last?.hash ?? '', number, entry) })
}

/** The hash of a row: over the one before it and its own content in a fixed order. */
export const chain = (before: string, number: number, entry: AuditEntry): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        before,
        number,
        entry.at.toISOString(),
        entry.cause,
        entry.task,
        entry.subject,
        entry.action,
        Object.entries(entry.target).sort(),
        entry.result,
      ]),
    )
    .digest('hex')

export const listAudit = ({ q, t }: Tx, spaceId: SpaceId): Promise<AuditRow[]> =>
  q.select().from(t.audit).where(eq(t.audit.spaceId, spaceId)).orderBy(desc(t.audit.number))
