// One SQLite file in memory, which can break, and be put back to what it was an hour ago.
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Db } from '../../src/db/open.ts'
import { openSqlite } from '../../src/db/open.ts'

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'salto-sim-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let made = 0

/** Statements are kept by their text: a world asks the same few hundred a hundred thousand times. */
const kept = new WeakMap<object, Map<string, Sqlite.Statement>>()
const { prepare } = Sqlite.prototype
Sqlite.prototype.prepare = function (this: Sqlite.Database, source: string) {
  const mine = kept.get(this) ?? new Map<string, Sqlite.Statement>()
  kept.set(this, mine)
  const statement = mine.get(source) ?? prepare.call(this, source)
  mine.set(source, statement)
  return statement
} as never

/** Nothing here has to survive a power cut. */
const { pragma } = Sqlite.prototype
Sqlite.prototype.pragma = function (this: Sqlite.Database, source: string) {
  return pragma.call(this, source.replace('synchronous = FULL', 'synchronous = OFF'))
} as never

/** Migrated once, then copied. */
const template = async (): Promise<string> => {
  const path = join(folder, 'template.db')
  if (!existsSync(path)) {
    const db = await openSqlite(path)
    await db.close()
  }
  return path
}

export type Store = Awaited<ReturnType<typeof openStore>>

/** So many transactions at one instant are a process that runs in circles. */
const circlesFrom = 20_000

/** `time`: the clock of the database, which all processes share. `fail` ends the world. */
export const openStore = async (time: () => Date, fail: (error: unknown) => void) => {
  let atMs = 0
  let sinceThen = 0
  const path = join(folder, `${++made}.db`)
  copyFileSync(await template(), path)
  let db = await openSqlite(path)
  let raw = new Sqlite(path, { readonly: true })
  let isBroken: (() => 'before' | 'after' | null) | null = null
  const ask = (client = (db.read.q as unknown as { $client: Sqlite.Database }).$client) => ({
    // Spaces with something due and free, and how much is under way there: while that is the same,
    // another claim finds the same.
    waiting: client
      .prepare(
        `select space_id || ' ' || sum(leased) || ' ' || sum(not leased) || ' ' || min(priority)
         from (
           select space_id, priority, 0 as leased from work
             where run_at <= @now and (lease_until is null or lease_until < @now)
           union all
           select space_id, 9 as priority, 1 as leased from work where lease_until >= @now)
         group by space_id having sum(not leased) > 0`,
      )
      .raw(),
    nextChange: client
      .prepare(
        `select min(ifnull((select min(run_at) from work where run_at > @now), @never),
           ifnull((select min(lease_until) + 1 from work where lease_until >= @now), @never))`,
      )
      .raw(),
  })
  let asked = ask()
  let known: { fromMs: number; untilMs: number; line: string }[] = []

  const facade: Db = {
    get read() {
      return db.read
    },
    tx: async (work) => {
      const nowMs = time().getTime()
      sinceThen = nowMs === atMs ? sinceThen + 1 : 0
      atMs = nowMs
      if (sinceThen > circlesFrom) {
        const error = new Error('a process runs in circles: no time passes')
        fail(error)
        throw error
      }
      const breaks = isBroken?.()
      if (breaks === 'before') throw new Error('SQLITE_BUSY: database is locked')
      const value = await db.tx(work)
      known = []
      if (breaks === 'after') throw new Error('the connection to the database was lost')
      return value
    },
    time: async () => time(),
    close: async () => {
      await db.close()
      raw.close()
      for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    },
  }

  return {
    db: facade,
    /** What a claim at that time could find, and when time alone changes that. */
    waiting: (nowMs: number) => {
      const still = known.find(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs)
      if (still) return still
      const line = asked.waiting.all({ now: nowMs }).join()
      const never = Number.MAX_SAFE_INTEGER
      const [untilMs = never] = asked.nextChange.get({ now: nowMs, never }) as number[]
      const read = { fromMs: nowMs, untilMs, line }
      known.push(read)
      return read
    },
    /** Whether a look at this subject is asked for. */
    isDue: (work: { spaceId: string; task: string; subject: string }) =>
      raw
        .prepare(
          `select 1 from work where space_id = @spaceId and task = @task and subject = @subject
             and run_at is not null`,
        )
        .get(work) !== undefined,
    breakWhile: (how: typeof isBroken) => {
      isBroken = how
    },
    backup: (): Buffer => raw.serialize(),
    /** As from a copy; whoever works on it must have ended before. */
    restore: async (copy: Buffer) => {
      await db.close()
      raw.close()
      for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
      writeFileSync(path, copy)
      db = await openSqlite(path)
      raw = new Sqlite(path, { readonly: true })
      asked = ask()
      known = []
    },
    /** Every row of a table, as stored. */
    rows: (table: string) =>
      raw.prepare(`select * from ${table}`).all() as Record<string, unknown>[],
  }
}
