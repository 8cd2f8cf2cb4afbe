// Rows by what they equal: most of our SQL is no more than this, for both dialects.
import { and, eq, inArray, isNull, type SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Tables, Tx } from './open.ts'
import { keys } from './tables.ts'

export type Name = keyof Tables
export type Row<N extends Name> = Tables[N]['$inferSelect']
/** Fields that must equal a value, be null, or be one of several values. */
export type Where<N extends Name> = { [F in keyof Row<N>]?: Row<N>[F] | readonly Row<N>[F][] }

const match = (table: PgTable, where: object): SQL | undefined => {
  const columns = table as unknown as Record<string, PgColumn>
  return and(
    ...Object.entries(where).map(([field, value]) => {
      const column = columns[field]
      if (!column) throw new Error(`no column ${field}`)
      if (Array.isArray(value)) return inArray(column, value)
      return value === null ? isNull(column) : eq(column, value)
    }),
  )
}

/** All rows that match, and an extra condition where equality is not enough. */
export const list = <N extends Name>(
  { q, t }: Tx,
  name: N,
  where: Where<N>,
  extra?: SQL,
): Promise<Row<N>[]> => {
  const table: PgTable = t[name]
  return q
    .select()
    .from(table)
    .where(and(match(table, where), extra)) as unknown as Promise<Row<N>[]>
}

export const one = async <N extends Name>(tx: Tx, name: N, where: Where<N>, extra?: SQL) =>
  (await list(tx, name, where, extra))[0] ?? null

/** Adds a row; false when one with its key is there already. */
export const add = async <N extends Name>({ q, t }: Tx, name: N, row: Row<N>): Promise<boolean> => {
  const table: PgTable = t[name]
  return (await q.insert(table).values(row).onConflictDoNothing().returning()).length === 1
}

/** Adds a row, or puts it in the place of the one with its key. */
export const put = async <N extends Name>({ q, t }: Tx, name: N, row: Row<N>): Promise<void> => {
  const table: PgTable = t[name]
  const columns = table as unknown as Record<string, PgColumn>
  const target = keys[name].map((field) => columns[field] as PgColumn)
  await q.insert(table).values(row).onConflictDoUpdate({ target, set: row })
}

/** Never all rows of a table: a forgotten condition must not empty it. */
const some = (table: PgTable, where: object, extra?: SQL): SQL => {
  const condition = and(match(table, where), extra)
  if (!condition) throw new Error('a change of all rows')
  return condition
}

/** Changes the rows that match; returns how many there were. */
export const change = async <N extends Name>(
  { q, t }: Tx,
  name: N,
  where: Where<N>,
  set: Partial<Row<N>>,
  extra?: SQL,
): Promise<number> => {
  const table: PgTable = t[name]
  return (
    await q
      .update(table)
      .set(set)
      .where(some(table, where, extra))
      .returning()
  ).length
}

/** Takes the rows that match out, and returns them. */
export const take = <N extends Name>(
  { q, t }: Tx,
  name: N,
  where: Where<N>,
  extra?: SQL,
): Promise<Row<N>[]> => {
  const table: PgTable = t[name]
  return q
    .delete(table)
    .where(some(table, where, extra))
    .returning() as unknown as Promise<Row<N>[]>
}
