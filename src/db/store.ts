// Rows by what their fields are: most of our SQL is no more than this, for both dialects.
import { desc, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { type Beyond, columnOf, conditionOf, few, isNever, keep, rowOf } from './kept.ts'
import type { Tables, Tx } from './open.ts'
import { keys } from './tables.ts'

export { above, absentOrBelow, below, from, present, upTo } from './kept.ts'

export type Name = keyof Tables
export type Row<N extends Name> = Tables[N]['$inferSelect']
/** Fields that must equal a value, be null, be one of several values, or lie beyond a value. */
export type Where<N extends Name> = {
  [F in keyof Row<N>]?: Row<N>[F] | readonly Row<N>[F][] | Beyond<NonNullable<Row<N>[F]>>
}

/** All rows that match. */
export const list = async <N extends Name>(tx: Tx, name: N, where: Where<N>): Promise<Row<N>[]> => {
  if (isNever(where)) return []
  const table: PgTable = tx.t[name]
  const { shape, values, condition } = conditionOf(table, where)
  const query = keep(tx, `list ${name}${shape}`, ({ q }) =>
    q.select().from(table).where(condition()),
  )
  return (await query.execute(values)) as Row<N>[]
}

export const one = async <N extends Name>(tx: Tx, name: N, where: Where<N>) =>
  (await list(tx, name, where))[0] ?? null

/** Of the rows that match the one with the greatest value in a field. */
export const last = async <N extends Name>(
  tx: Tx,
  name: N,
  where: Where<N>,
  field: keyof Row<N> & string,
): Promise<Row<N> | null> => {
  const table: PgTable = tx.t[name]
  const { shape, values, condition } = conditionOf(table, where)
  const query = keep(tx, `last ${field} ${name}${shape}`, ({ q }) =>
    q
      .select()
      .from(table)
      .where(condition())
      .orderBy(desc(columnOf(table, field)))
      .limit(few(1)),
  )
  return ((await query.execute(values)) as Row<N>[])[0] ?? null
}

/** Adds a row; false when one with its key is there already. */
export const add = async <N extends Name>(tx: Tx, name: N, row: Row<N>): Promise<boolean> => {
  const table: PgTable = tx.t[name]
  const { shape, values, slots } = rowOf(table, row)
  const query = keep(tx, `add ${name} ${shape}`, ({ q }) =>
    q.insert(table).values(slots()).onConflictDoNothing().returning(),
  )
  return (await query.execute(values)).length === 1
}

/** Adds a row, or puts it in the place of the one with its key, of which some fields stay. */
export const put = async <N extends Name>(
  tx: Tx,
  name: N,
  row: Row<N>,
  staying: readonly (keyof Row<N> & string)[] = [],
): Promise<void> => {
  const table: PgTable = tx.t[name]
  const { shape, values, slots } = rowOf(table, row)
  const target = keys[name].map((field) => columnOf(table, field))
  const set = () =>
    Object.fromEntries(
      Object.entries(slots()).filter(([field]) => !(staying as readonly string[]).includes(field)),
    )
  const query = keep(tx, `put ${name} ${shape} but ${staying}`, ({ q }) =>
    q.insert(table).values(slots()).onConflictDoUpdate({ target, set: set() }),
  )
  await query.execute(values)
}

/** Never all rows of a table: a forgotten condition must not empty it. */
const some = (condition: SQL | undefined): SQL => {
  if (!condition) throw new Error('a change of all rows')
  return condition
}

/** Changes the rows that match; returns how many there were. */
export const change = async <N extends Name>(
  tx: Tx,
  name: N,
  where: Where<N>,
  set: Partial<Row<N>>,
): Promise<number> => {
  if (isNever(where)) return 0
  const table: PgTable = tx.t[name]
  const { shape, values, condition } = conditionOf(table, where)
  const row = rowOf(table, set)
  const query = keep(tx, `change ${name}${shape} = ${row.shape}`, ({ q }) =>
    q.update(table).set(row.slots()).where(some(condition())).returning({ changed: sql`1` }),
  )
  return (await query.execute({ ...values, ...row.values })).length
}

/** Takes the rows that match out, and returns them. */
export const take = async <N extends Name>(tx: Tx, name: N, where: Where<N>): Promise<Row<N>[]> => {
  if (isNever(where)) return []
  const table: PgTable = tx.t[name]
  const { shape, values, condition } = conditionOf(table, where)
  const query = keep(tx, `take ${name}${shape}`, ({ q }) =>
    q.delete(table).where(some(condition())).returning(),
  )
  return (await query.execute(values)) as Row<N>[]
}
