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
import { Away, type Side } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Ask, Task } from '../core/problems.ts'
import { columnOf, few, keep, slot } from './kept.ts'
import type { Tx } from './open.ts'
import { above, change, list, type Row } from './store.ts'

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
  const due = keep(tx, `due ${limit} ${without.length}`, ({ q, t, dialect }) => {
    const { runAt, priority } = t.work
    const spaceId = columnOf(t.work, 'spaceId')
    const isOther = Object.keys(others).map((name) => slot(spaceId, name))
    const query = q
      .select()
      .from(t.work)
      .where(and(lte(runAt, slot(runAt, 'now')), free(tx), notInArray(spaceId, isOther)))
      .orderBy(asc(priority), asc(runAt))
      .limit(few(limit))
      .$dynamic()
    return dialect === 'pg' ? query.for('update', { skipLocked: true }) : query
  })
  const rows = await due.execute({ now, ...others })
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

/** Ends a run: gives the lease back and stores when to look again. Asked meanwhile it stays due. */
export const settle = async (
  tx: Tx,
  { token, ...claimed }: Claim,
  outcome: Pick<WorkRow, 'runAt' | 'attempts' | 'lastError'> & { cause?: string },
): Promise<void> => {
  const { runAt, lastError, cause } = outcome
  const query = keep(tx, `settle ${!!runAt} ${!!lastError} ${!!cause}`, ({ q, t: { work } }) => {
    const given = (column: keyof typeof claimed) => eq(work[column], slot(work[column], column))
    const unlessAsked = (value: SQL, otherwise: unknown) =>
      sql`case when ${given('revision')} then ${value} else ${otherwise} end`
    const outcomeOf = (column: keyof typeof outcome) =>
      outcome[column] === null ? sql`null` : slot(work[column], `= ${column}`)
    return q
      .update(work)
      .set({
        leaseToken: null,
        leaseUntil: null,
        runAt: unlessAsked(outcomeOf('runAt'), work.runAt),
        attempts: unlessAsked(outcomeOf('attempts'), sql`0`),
        lastError: outcomeOf('lastError'),
        ...(cause && { cause: unlessAsked(outcomeOf('cause'), work.cause) }),
      })
      .where(
        and(
          given('spaceId'),
          given('task'),
          given('subject'),
          eq(work.leaseToken, slot(work.leaseToken, 'token')),
        ),
      )
      .returning({ subject: work.subject })
  })
  const values = Object.entries(outcome).map(([column, value]) => [`= ${column}`, value])
  const rows = await query.execute({ ...claimed, token, ...Object.fromEntries(values) })
  if (rows.length === 0) throw new LeaseLost(`lost the lease of ${claimed.task} ${claimed.subject}`)
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
      .limit(few(1)),
  )
  const [row] = await next.execute({ now })
  return row?.runAt ?? null
}

/** Somebody let us in again: what was parked on this side runs now. */
export const wakeParked = (tx: Tx, spaceId: SpaceId, side: Side, now: Date) =>
  wake(tx, { spaceId, lastError: `reconnect ${side}` }, now)

const awaits = (side: Side) => new Away(side, 0).message

/** Whether a look was put off until this side answers again. */
export const isWaitingFor = ({ lastError }: WorkRow, side: Side) => lastError === awaits(side)

/** A side answers again: what waited for that runs now. */
export const wakeWaiting = (tx: Tx, spaceId: SpaceId, side: Side, now: Date) =>
  wake(tx, { spaceId, lastError: awaits(side) }, now)

const wake = (tx: Tx, those: { spaceId: SpaceId; lastError: string }, now: Date) =>
  change(tx, 'work', { ...those, runAt: above(now) }, { runAt: now })
