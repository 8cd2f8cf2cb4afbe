// Every write to KS, in a chain of hashes per space: what was done, why, and what came of it. Ids
// only; names are joined from tables that can be erased.
import { createHash } from 'node:crypto'
import { type AccessGroupId, asId, type SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { above, add, below, change, last, list, type Row, take, type Where } from './store.ts'

export type AuditEntry = Omit<Row<'audit'>, 'spaceId' | 'number' | 'hash'>

export const appendAudit = async (tx: Tx, spaceId: SpaceId, entry: AuditEntry): Promise<void> => {
  await tx.lock('audit')
  const end = await lastAudit(tx, { spaceId })
  const number = (end?.number ?? 0) + 1
  const hash = chain(end?.hash ?? '', number, entry)
  await add(tx, 'audit', { spaceId, number, ...entry, hash })
}

/** When a look of this source, `task:subject`, last wrote to KS or tried to. */
export const lastWriteAt = async (tx: Tx, spaceId: SpaceId, source: string) => {
  const [task = '', subject = ''] = source.split(/:(.*)/s)
  return (await lastAudit(tx, { spaceId, task, subject }))?.at ?? null
}

/** The groups that a person was last taken out of, or was to be, and not put into again since then. */
export const leftSince = async (
  tx: Tx,
  { spaceId, pairingId }: Pick<Row<'pairings'>, 'spaceId' | 'pairingId'>,
  since: Date,
): Promise<Set<AccessGroupId>> => {
  const whose = { spaceId, task: 'reconcilePairing', subject: pairingId, at: above(since) }
  const action = ['joinAccessGroup', 'leaveAccessGroup']
  const written = await list(tx, 'audit', { ...whose, action })
  const last = new Map(
    written
      .sort((a, b) => a.number - b.number)
      .map((row) => [asId<AccessGroupId>(row.target.accessGroupId ?? ''), row.action]),
  )
  return new Set([...last].flatMap(([id, done]) => (done === 'leaveAccessGroup' ? [id] : [])))
}

/** How often the very same was done for a subject since then, and since we last undid something there. */
export const countDone = async (
  tx: Tx,
  spaceId: SpaceId,
  { task, subject, action, target }: Pick<AuditEntry, 'task' | 'subject' | 'action' | 'target'>,
  since: Date,
  isUndoing: (action: string, target: AuditEntry['target']) => boolean,
): Promise<number> => {
  const rows = await list(tx, 'audit', { spaceId, task, subject, at: above(since) })
  const undone = rows.filter((row) => isUndoing(row.action, row.target))
  const from = Math.max(0, ...undone.map(({ number }) => number))
  const asked = Object.entries(target)
  return rows.filter(
    (row) =>
      row.number > from &&
      row.action === action &&
      row.result === 'done' &&
      asked.every(([key, value]) => row.target[key] === value),
  ).length
}

/** The end of the chain, and with it the word for everything before. */
export const lastAudit = (tx: Tx, where: Where<'audit'> & { spaceId: SpaceId }) =>
  last(tx, 'audit', where, 'number')

/** The hash of a row: over the one before it and its own content in a fixed order. */
export const chain = (before: string, number: number, entry: AuditEntry): string => {
  const { at, cause, task, subject, action, target, result, reason } = entry
  const content = [at.toISOString(), cause, task, subject, action, Object.entries(target).sort()]
  const why = reason === null ? [] : [reason]
  return createHash('sha256')
    .update(JSON.stringify([before, number, ...content, result, ...why]))
    .digest('hex')
}

/** What stands in the last row that went. */
export const CUT = 'cut'

/** Forgets what is older; of the last row that goes the hash stays, so that the chain still holds. */
export const cutAudit = async (tx: Tx, spaceId: SpaceId, before: Date): Promise<void> => {
  await tx.lock('audit')
  const end = await lastAudit(tx, { spaceId, at: below(before) })
  if (!end || end.action === CUT) return
  const { number } = end
  await take(tx, 'audit', { spaceId, number: below(number) })
  const nothing = { cause: '', task: '', subject: '', target: {}, reason: null, result: '' }
  await change(tx, 'audit', { spaceId, number }, { ...nothing, action: CUT })
}
