// A fresh database per call, real migrations, both dialects.
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { type Db, openSqlite, postgres } from '../../src/db/open.ts'

export const dialects = ['sqlite', 'pg'] as const

export const openTestDatabase = async (dialect: (typeof dialects)[number]): Promise<Db> => {
  if (dialect === 'sqlite') return openSqlite(':memory:')
  const client = new PGlite()
  const db = drizzle(client, { casing: 'snake_case' })
  await migrate(db, { migrationsFolder: 'drizzle/pg' })
  return {
    read: postgres(db),
    tx: (work) => db.transaction((tx) => work(postgres(tx))),
    close: () => client.close(),
  }
}
