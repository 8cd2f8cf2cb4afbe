// One database, two kinds: a SQLite file (one process) or PostgreSQL (several).
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { drizzle as drizzleLite } from 'drizzle-orm/better-sqlite3'
import { migrate as migrateLite } from 'drizzle-orm/better-sqlite3/migrator'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { tables as pgTables } from './schema.pg.ts'
import { tables as liteTables } from './schema.sqlite.ts'
import type { defineTables } from './tables.ts'

export type Tables = ReturnType<typeof defineTables>
export type Query = PgDatabase<PgQueryResultHKT>
/** What every function in this folder takes first: the database for reading, or a transaction. */
export type Tx = {
  q: Query
  t: Tables
  dialect: 'sqlite' | 'pg'
  /** Read, decide, write: nobody else does so in this name before the transaction ends. */
  lock(name: string): Promise<unknown>
}

export type Db = {
  /** For reading outside transactions. */
  read: Tx
  /** All or nothing. Only the database is awaited in here, and never another `tx`. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** What time it is for all who share the database; null of one that nobody shares. */
  time(): Promise<Date | null>
  close(): Promise<void>
}

const migrations = (dialect: 'sqlite' | 'pg') => {
  const root = import.meta.url.includes('/dist/') ? '../../../' : '../../'
  return fileURLToPath(new URL(`${root}drizzle/${dialect}`, import.meta.url))
}
const casing = 'snake_case'
const migrationLock = 7_258_601

const inTransaction = new AsyncLocalStorage<true>()
const notNested = <T>(work: () => Promise<T>): Promise<T> => {
  if (inTransaction.getStore()) throw new Error('a transaction inside a transaction')
  return inTransaction.run(true, work)
}

/** Opens `file:…` or `postgres://…`, brought up to date. `onError` hears of broken idle connections. */
export const openDatabase = (url: string, onError: (error: Error) => void): Promise<Db> =>
  url.startsWith('file:') ? openSqlite(url.slice('file:'.length)) : openPostgres(url, onError)

/** `:memory:` shares one connection; a file reads on a second one, so that nobody sees half a write. */
export const openSqlite = async (path: string): Promise<Db> => {
  const inMemory = path === ':memory:'
  if (!inMemory) mkdirSync(dirname(path), { recursive: true })
  const writer = new Sqlite(path, { timeout: 5000 })
  writer.pragma('journal_mode = WAL')
  writer.pragma('synchronous = FULL')
  // Whoever is forgotten is not to be found in the file either.
  writer.pragma('secure_delete = ON')
  const write = drizzleLite(writer, { casing })
  migrateLite(write, { migrationsFolder: migrations('sqlite') })
  const reader = inMemory ? writer : new Sqlite(path, { readonly: true, timeout: 5000 })
  const read = inMemory ? write : drizzleLite(besides(writer, reader), { casing })
  const sqlite = (q: unknown): Tx => ({
    q: q as Query,
    t: liteTables,
    dialect: 'sqlite',
    // SQLite has one writer at a time anyway.
    lock: () => Promise.resolve(),
  })
  const open = sqlite(write)
  const [begin, commit] = [writer.prepare('BEGIN IMMEDIATE'), writer.prepare('COMMIT')]
  let tail: Promise<unknown> = Promise.resolve()
  return {
    read: sqlite(read),
    tx: (work) =>
      notNested(() => {
        const result = tail.then(async () => {
          begin.run()
          try {
            const value = await work(open)
            commit.run()
            return value
          } catch (error) {
            if (writer.inTransaction) writer.exec('ROLLBACK')
            throw error
          }
        })
        tail = result.catch(() => undefined)
        return result
      }),
    time: async () => null,
    close: async () => {
      await tail
      if (reader !== writer) reader.close()
      writer.close()
    },
  }
}

/** Reads on the connection that writes, which knows what it wrote; in a transaction, on the other. */
const besides = (writer: Sqlite.Database, reader: Sqlite.Database): Sqlite.Database => {
  const prepare = (source: string) => {
    const [usual, other] = [writer.prepare(source), reader.prepare(source)]
    const now = () => (writer.inTransaction ? other : usual)
    return {
      all: (...values: unknown[]) => now().all(...values),
      get: (...values: unknown[]) => now().get(...values),
      raw: () => now().raw(),
    }
  }
  return { prepare } as unknown as Sqlite.Database
}

export const postgres = (query: unknown): Tx => {
  const q = query as Query
  const lock = (name: string) => q.execute(sql`select pg_advisory_xact_lock(hashtext(${name}))`)
  return { q, t: pgTables, dialect: 'pg', lock }
}

const openPostgres = async (url: string, onError: (error: Error) => void): Promise<Db> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    // Replicas start at the same moment; migrating twice at once fails.
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    await migratePg(drizzlePg(client, { casing }), { migrationsFolder: migrations('pg') })
  } finally {
    await client.end()
  }
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
  })
  pool.on('error', onError)
  const db = drizzlePg(pool, { casing })
  return {
    read: postgres(db),
    tx: (work) => notNested(() => untangled(() => db.transaction((tx) => work(postgres(tx))))),
    time: async () => {
      const { rows } = await pool.query<{ at: Date }>('select clock_timestamp() as at')
      return rows[0]?.at ?? null
    },
    close: () => pool.end(),
  }
}

/** Of transactions that wait for each other the server ends one, which then simply has its turn later. */
const untangled = async <T>(run: () => Promise<T>, turns = 5): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    const { code, cause } = Object(error) as { code?: unknown; cause?: { code?: unknown } }
    if (turns === 0 || (code ?? cause?.code) !== '40P01') throw error
    return untangled(run, turns - 1)
  }
}
