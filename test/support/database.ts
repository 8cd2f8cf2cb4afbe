// A fresh database per call, real migrations, both dialects.
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { type Db, openSqlite, type Query, type Tx } from '../../src/db/open.ts'
import { tables } from '../../src/db/schema.pg.ts'

export const dialects = ['sqlite', 'pg'] as const

export const openTestDatabase = async (dialect: (typeof dialects)[number]): Promise<Db> => {
  if (dialect === 'sqlite') return openSqlite(':memory:')
  const client = new PGlite()
  const db = drizzle(client, { casing: 'snake_case' })
  await migrate(db, { migrationsFolder: 'drizzle/pg' })
  const pglite = (q: unknown): Tx => ({ q: q as Query, t: tables, dialect: 'pg' })
  return {
    read: pglite(db),
    tx: (work) => db.transaction((tx) => work(pglite(tx))),
    close: () => client.close(),
  }
}
