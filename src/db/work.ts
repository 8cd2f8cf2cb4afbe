// The work table: one row per subject, asked for and settled, never a log of jobs. Asked twice it
// runs once; asked while it runs it runs once more.
import {
  and,
  asc,
  count,
  eq,
  isNotNull,
  isNull,
  lt,
  lte,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Ask, Task } from '../core/problems.ts'
import { columnOf, keep, slot } from './kept.ts'
import type { Tx } from './open.ts'
import { above, change, list, one, type Row } from './store.ts'

export type WorkRow = Row<'work'>
export type Claim = Pick<WorkRow, 'spaceId' | 'task' | 'subject' | 'revision'> & { token: string }

/** Asks for looks. In the same transaction as the change that causes them. */
export const ask = async (tx: Tx, asks: readonly Ask[], now: Date): Promise<void> => {
  const insert = keep(tx, 'ask', ({ q, t }) => {
    const idle = isNull(t.work.runAt)
    const given = (field: keyof Ask) => slot(t.work[field], field)
    const askedAt = slot(t.work.askedAt, 'now')
    return q
      .insert(t.work)
      .values({
        spaceId: given('spaceId'),
        task: given('task'),
        subject: given('subject'),
        runAt: given('runAt'),
        cause: given('cause'),
        priority: given('priority'),
        revision: 1,
        askedAt,
        attempts: 0,
      })
      .onConflictDoUpdate({
        target: [t.work.spaceId, t.work.task, t.work.subject],
        set: {
          revision: sql`${t.work.revision} + 1`,
          runAt: sql`case when ${idle} or ${t.work.runAt} > excluded.run_at then excluded.run_at else ${t.work.runAt} end`,
          priority: sql`case when ${idle} or ${t.work.priority} > excluded.priority or ${t.work.runAt} > excluded.run_at then excluded.priority else ${t.work.priority} end`,
          cause: given('cause'),
          askedAt,
          // What is wished for now may have changed what failed; what is wished for later has not.
          attempts: sql`case when ${t.work.leaseToken} is null and excluded.run_at <= excluded.asked_at then 0 else ${t.work.attempts} end`,
        },
      })
  })
  for (const each of asks) await insert.execute({ ...each, now })
}

const free = ({ t }: Tx): SQL | undefined =>
  or(isNull(t.work.leaseToken), lt(t.work.leaseUntil, slot(t.work.leaseUntil, 'now')))

/** Rows that could run now, most urgent first, and how many of each space are running. */
export const listDue = async (
  tx: Tx,
  now: Date,
  limit: number,
  without: readonly SpaceId[] = [],
) => {
  const others = Object.fromEntries(without.map((spaceId, n) => [`not ${n}`, spaceId]))
  const due = keep(tx, `due ${without.length}`, ({ q, t, dialect }) => {
    const { runAt, priority } = t.work
    const spaceId = columnOf(t.work, 'spaceId')
    const isOther = Object.keys(others).map((name) => slot(spaceId, name))
    const query = q
      .select()
      .from(t.work)
      .where(and(lte(runAt, slot(runAt, 'now')), free(tx), notInArray(spaceId, isOther)))
      .orderBy(asc(priority), asc(runAt))
      .limit(sql.placeholder('limit'))
      .$dynamic()
    return dialect === 'pg' ? query.for('update', { skipLocked: true }) : query
  })
  const rows = await due.execute({ now, limit, ...others })
  const running = new Map<SpaceId, number>()
  const leased = rows.length > 0 ? await list(tx, 'work', { leaseUntil: above(now) }) : []
  for (const { spaceId } of leased) running.set(spaceId, (running.get(spaceId) ?? 0) + 1)
  return { rows, running }
}

export const lease = async (
  tx: Tx,
  row: WorkRow,
  leased: { token: string; until: Date },
): Promise<Claim> => {
  const { spaceId, task, subject, revision } = row
  const key = { spaceId, task, subject }
  await change(tx, 'work', key, { leaseToken: leased.token, leaseUntil: leased.until })
  return { ...key, revision, token: leased.token }
}

/** Lengthens a lease; one that is lost by now stays lost. */
export const renewLease = (tx: Tx, leaseToken: string, leaseUntil: Date) =>
  change(tx, 'work', { leaseToken }, { leaseUntil })

export class LeaseLost extends Error {}

/** Ends a run: gives the lease back and stores when to look again. Asked meanwhile: now. */
export const settle = async (
  tx: Tx,
  { spaceId, task, subject, revision, token }: Claim,
  outcome: Pick<WorkRow, 'runAt' | 'attempts' | 'lastError'> & { now: Date; cause?: string },
): Promise<void> => {
  const key = { spaceId, task, subject }
  // Giving the lease back first locks the row: nobody asks between this read and the write below.
  const ours = { ...key, leaseToken: token }
  const isOurs = await change(tx, 'work', ours, { leaseToken: null, leaseUntil: null })
  const row = isOurs ? await one(tx, 'work', key) : null
  if (!row) throw new LeaseLost(`lost the lease of ${task} ${subject}`)
  const { now, ...settled } = outcome
  const again = { lastError: settled.lastError, runAt: now, attempts: 0 }
  const next = row.revision === revision ? settled : again
  await change(tx, 'work', key, next)
}

/** A look whose lease ran out: whoever held it counts as one failed attempt. */
export const postpone = (tx: Tx, row: WorkRow, afterMs: number, now: Date) => {
  const { spaceId, task, subject, attempts } = row
  const runAt = new Date(now.getTime() + afterMs)
  const free = { leaseToken: null, leaseUntil: null }
  return change(tx, 'work', { spaceId, task, subject }, { ...free, runAt, attempts: attempts + 1 })
}

/** One process per SQLite file: whatever is leased when it starts belongs to a dead one. */
export const clearLeases = async ({ q, t }: Tx): Promise<void> => {
  await q
    .update(t.work)
    .set({ leaseUntil: new Date(0) })
    .where(isNotNull(t.work.leaseToken))
}

/** How many subjects of a task wait for a look. */
export const countDue = async ({ q, t }: Tx, spaceId: SpaceId, task: Task | null, now: Date) => {
  const rows = await q
    .select({ due: count() })
    .from(t.work)
    .where(
      and(
        eq(t.work.spaceId, spaceId),
        task ? eq(t.work.task, task) : undefined,
        lte(t.work.runAt, now),
      ),
    )
  return rows[0]?.due ?? 0
}

/** The next instant at which any row wants to run. */
export const nextRunAt = async (tx: Tx, now: Date): Promise<Date | null> => {
  const next = keep(tx, 'next', ({ q, t }) =>
    q
      .select({ runAt: t.work.runAt })
      .from(t.work)
      .where(and(isNotNull(t.work.runAt), free(tx)))
      .orderBy(asc(t.work.runAt))
      .limit(1),
  )
  const [row] = await next.execute({ now })
  return row?.runAt ?? null
}

/** Somebody let us in again: what was parked on this side runs now. */
export const wakeParked = (tx: Tx, spaceId: SpaceId, side: string, now: Date) =>
  change(tx, 'work', { spaceId, lastError: `reconnect ${side}` }, { runAt: now })
