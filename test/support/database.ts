// A fresh database per call, real migrations: SQLite, PostgreSQL in process, and a real server.
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { type Db, openDatabase, openSqlite, postgres } from '../../src/db/open.ts'
import { findPostgres, startPostgres } from './postgres.ts'

const bin = findPostgres()
if (!bin) console.log('skipped: the cases on a PostgreSQL server, for want of one')

export const dialects = ['sqlite', 'pg', ...(bin ? (['postgres'] as const) : [])] as const
export type Dialect = 'sqlite' | 'pg' | 'postgres'

export const openTestDatabase = async (dialect: Dialect): Promise<Db> => {
  if (dialect === 'sqlite') return openSqlite(':memory:')
  if (dialect === 'pg') return openInProcess()
  const server = await startPostgres(bin ?? '')
  const db = await openDatabase(server.newDatabase(), () => {})
  return { ...db, close: () => db.close().then(server.stop) }
}

const openInProcess = async (): Promise<Db> => {
  const client = new PGlite()
  const db = drizzle(client, { casing: 'snake_case' })
  await migrate(db, { migrationsFolder: 'drizzle/pg' })
  return {
    read: postgres(db),
    tx: (work) => db.transaction((tx) => work(postgres(tx))),
    time: async () => null,
    close: () => client.close(),
  }
}
