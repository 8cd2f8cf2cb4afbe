// The database as the rig looks at it: without the add-on's code, which would bring it up to date, and
// without a trace, as whoever starts next is to find it as the dead process left it.
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import pg from 'pg'

export type Database = Awaited<ReturnType<typeof lookAtSqlite | typeof lookAtPostgres>>

export const lookAtSqlite = (file: string) => {
  const copy = `${file}-copy`
  return {
    /** Looks at a copy: the last to close a file writes its log away. */
    select: async (query: string): Promise<Record<string, unknown>[]> => {
      rmSync(`${copy}-shm`, { force: true })
      for (const part of ['', '-wal']) {
        rmSync(copy + part, { force: true })
        if (existsSync(file + part)) copyFileSync(file + part, copy + part)
      }
      const database = new Sqlite(copy)
      const rows = database.prepare<[], Record<string, unknown>>(query).all()
      database.close()
      return rows
    },
    /** Only while a process has the file open too. */
    change: async (query: string): Promise<void> => {
      const database = new Sqlite(file)
      database.exec(query)
      database.close()
    },
    close: async (): Promise<void> => {},
  }
}

export const lookAtPostgres = async (url: string) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    select: async (query: string): Promise<Record<string, unknown>[]> =>
      (await client.query(query)).rows,
    change: async (query: string): Promise<void> => {
      await client.query(query)
    },
    close: (): Promise<void> => client.end(),
  }
}
