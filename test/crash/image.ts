// What a crash leaves behind: the database as of its last commit, what both systems hold, and the
// time of day. Written down here, and put back into the same world, as often as a test likes.
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type Sqlite from 'better-sqlite3'
import type { World } from '../support/world.ts'

export type Image = { database: Buffer; cobot: Buffer; salto: Buffer; atMs: number }

export type Camera = ReturnType<typeof cameraFor>

export const cameraFor = ({ db, cobot, salto, clock, reseed }: World) => {
  const { $client: sqlite } = db.read.q as unknown as { $client: Sqlite.Database }
  // Statements are made once for all the processes to come.
  const prepare = sqlite.prepare.bind(sqlite)
  const prepared = new Map<string, Sqlite.Statement>()
  sqlite.prepare = ((text: string) => {
    const known = prepared.get(text) ?? prepare(text)
    prepared.set(text, known)
    return known
  }) as typeof sqlite.prepare
  const tables = (
    sqlite
      .prepare(
        `select name from sqlite_master where type = 'table' and name not like '\\_\\_%' escape '\\'`,
      )
      .pluck()
      .all() as string[]
  ).map((name) => {
    const columns = sqlite.prepare(`select * from ${name}`).columns().length
    return {
      name,
      all: sqlite.prepare(`select * from ${name}`).raw(),
      clear: sqlite.prepare(`delete from ${name}`),
      insert: sqlite.prepare(`insert into ${name} values (${Array(columns).fill('?').join()})`),
    }
  })
  const readDatabase = (): Buffer => serialize(tables.map(({ name, all }) => [name, all.all()]))
  const writeDatabase = sqlite.transaction((database: Buffer | null) => {
    const rows = database ? (deserialize(database) as [string, unknown[][]][]) : []
    for (const [index, { clear, insert }] of tables.entries()) {
      clear.run()
      for (const row of rows[index]?.[1] ?? []) insert.run(row)
    }
  })

  return {
    readDatabase,
    /** `null`: everything is gone. */
    writeDatabase,
    take: (database = readDatabase()): Image => ({
      database,
      cobot: cobot.save(),
      salto: salto.save(),
      atMs: clock.now().getTime(),
    }),
    /** The same image and seed lead to the same future. */
    putBack: (image: Image, seed: number): void => {
      clock.set(new Date(image.atMs))
      writeDatabase(image.database)
      cobot.restore(image.cobot)
      salto.restore(image.salto)
      for (const journal of [cobot.journal, salto.journal]) journal.length = 0
      cobot.clearFaults()
      salto.clearFaults()
      reseed(seed)
    },
  }
}

/**
 * Images with the same key are one and the same past; if not `strict`, also those that differ only in
 * how much of Cobot's budget is used up.
 */
export const keyOf = ({ database, cobot, salto, atMs }: Image, strict: boolean): string => {
  const without = (part: string, image: Buffer) =>
    strict
      ? image
      : serialize((deserialize(image) as [string, unknown][]).filter(([p]) => p !== part))
  return createHash('sha1')
    .update(without('budgets', database))
    .update(without('access', cobot))
    .update(salto)
    .update(`${atMs}`)
    .digest('hex')
}
