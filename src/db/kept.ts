// Queries that are built once per connection and shape, and kept: building one takes many times what
// running it takes. The shape of a query is all of it but its values.
import {
  and,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Query, Tx } from './open.ts'

type Values = Record<string, unknown>
type Kept<R> = { execute(values: Values): Promise<R> }

const kept = new WeakMap<Query, Map<string, Kept<unknown>>>()

/** The query of this name on this connection, built when it is asked for first. */
export const keep = <R>(
  tx: Tx,
  name: string,
  build: (tx: Tx) => { prepare(name: string): Kept<R> },
): Kept<R> => {
  const ours = kept.get(tx.q) ?? new Map<string, Kept<unknown>>()
  const known = ours.get(name)
  if (known) return known as Kept<R>
  const query = build(tx).prepare('')
  kept.set(tx.q, ours.set(name, query))
  return query
}

/** Where a kept query takes a value for a column. */
export const slot = (column: PgColumn, name: string): SQL =>
  sql`${sql.param(sql.placeholder(name), column)}`

/** A limit that is part of a kept query: SQLite plans one with a limit of its own anew each time. */
export const few = (limit: number) => sql.raw(String(limit)) as unknown as number

type Columns = Record<string, PgColumn>

export const columnOf = (table: PgTable, field: string): PgColumn => {
  const column = (table as unknown as Columns)[field]
  if (!column) throw new Error(`no column ${field}`)
  return column
}

// Conditions ---------------------------------------------------------------------------------------

const beyond = {
  below: lt,
  upTo: lte,
  above: gt,
  from: gte,
  absentOrBelow: (column: PgColumn, value: SQL) => or(isNull(column), lt(column, value)),
}
export class Beyond<T> {
  readonly how: keyof typeof beyond | 'present'
  readonly value: T | undefined
  constructor(how: keyof typeof beyond | 'present', value?: T) {
    this.how = how
    this.value = value
  }
}
export const below = <T>(value: T) => new Beyond<T>('below', value)
export const upTo = <T>(value: T) => new Beyond<T>('upTo', value)
export const above = <T>(value: T) => new Beyond<T>('above', value)
export const from = <T>(value: T) => new Beyond<T>('from', value)
export const absentOrBelow = <T>(value: T) => new Beyond<T>('absentOrBelow', value)
/** Not null. */
export const present = new Beyond<never>('present')

/** Lists of nearly the same length share a query: the last value is repeated. */
const widthOf = (length: number) => 2 ** Math.ceil(Math.log2(length))

/** What distinguishes one query from another, its values by name, and its condition. */
export const conditionOf = (table: PgTable, where: object) => {
  const fields = Object.entries(where) as [string, unknown][]
  const values: Values = {}
  let shape = ''
  for (const [field, value] of fields) {
    shape += ` ${field}`
    if (value === null) shape += '?'
    else if (Array.isArray(value)) {
      const width = widthOf(value.length)
      for (let n = 0; n < width; n++) values[`${field} ${n}`] = value[n] ?? value.at(-1)
      shape += width
    } else if (value instanceof Beyond) {
      values[field] = value.value
      shape += `-${value.how}`
    } else values[field] = value
  }
  const condition = () =>
    and(
      ...fields.map(([field, value]) => {
        const column = columnOf(table, field)
        if (value === null) return isNull(column)
        if (Array.isArray(value)) {
          const names = Array.from({ length: widthOf(value.length) }, (_, n) => `${field} ${n}`)
          return inArray(
            column,
            names.map((name) => slot(column, name)),
          )
        }
        if (!(value instanceof Beyond)) return eq(column, slot(column, field))
        if (value.how === 'present') return isNotNull(column)
        return beyond[value.how](column, slot(column, field))
      }),
    )
  return { shape, values, condition }
}

/** One of none: no row has that. */
export const isNever = (where: object) =>
  Object.values(where).some((value) => Array.isArray(value) && value.length === 0)

/** What is written: nulls are part of the query, other values come with each run. */
export const rowOf = (table: PgTable, row: object) => {
  // What is no column, or has no value, is left out, as drizzle does it.
  const fields = Object.entries(row).filter(
    ([field, value]) => value !== undefined && field in table,
  ) as [string, unknown][]
  const slots = () =>
    Object.fromEntries(
      fields.map(([field, value]) => [
        field,
        value === null ? null : slot(columnOf(table, field), `= ${field}`),
      ]),
    )
  return {
    shape: fields.map(([field, value]) => (value === null ? `${field}?` : field)).join(' '),
    values: Object.fromEntries(fields.map(([field, value]) => [`= ${field}`, value])),
    slots,
  }
}
