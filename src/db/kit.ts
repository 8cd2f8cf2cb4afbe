// One vocabulary of columns, two dialects. Tables are typed as PostgreSQL's; SQLite's are cast to
// that type, so every query is written once and checked once.
import * as pg from 'drizzle-orm/pg-core'
import * as lite from 'drizzle-orm/sqlite-core'

export const pgKit = {
  table: pg.pgTable,
  index: pg.index,
  uniqueIndex: pg.uniqueIndex,
  primaryKey: pg.primaryKey,
  text: <T extends string = string>() => pg.text().$type<T>(),
  int: () => pg.integer(),
  real: () => pg.doublePrecision(),
  bool: () => pg.boolean(),
  json: <T>() => pg.jsonb().$type<T>(),
  time: () => pg.timestamp({ withTimezone: true, precision: 3, mode: 'date' }),
}
export type Kit = typeof pgKit

export const liteKit = {
  table: lite.sqliteTable,
  index: lite.index,
  uniqueIndex: lite.uniqueIndex,
  primaryKey: lite.primaryKey,
  text: <T extends string = string>() => lite.text().$type<T>(),
  int: () => lite.integer(),
  real: () => lite.real(),
  bool: () => lite.integer({ mode: 'boolean' }),
  json: <T>() => lite.text({ mode: 'json' }).$type<T>(),
  time: () => lite.integer({ mode: 'timestamp_ms' }),
} as unknown as Kit
