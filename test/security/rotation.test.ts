// A new key is put first while thousands of values are sealed with the old one. Every space's daily
// look seals its own anew; processes die over it, before and after what they write is kept.
// `LONG=1`: ten thousand rows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { sealContext } from '../../src/connections/cobot.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { openHookKey, sealHookKey } from '../../src/connections/hooks.ts'
import { asId, type SpaceId } from '../../src/core/ids.ts'
import { saveConnection } from '../../src/db/connections.ts'
import { createCrypt, hashOf } from '../../src/db/crypt.ts'
import { type Db, openSqlite, type Tx } from '../../src/db/open.ts'
import { saveSpace } from '../../src/db/spaces.ts'
import { list } from '../../src/db/store.ts'
import { ask, clearLeases } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld } from '../http/world.ts'

/** Three rows each with four sealed values, a few with a side that is not connected yet. */
const spaces = process.env.LONG ? 3400 : 40
const [old, fresh] = [7, 9].map((n) => ({ kid: `k${n}`, key: new Uint8Array(32).fill(n) }))
const [before, rotating, after] = [[old!], [fresh!, old!], [fresh!]].map(createCrypt)

let tidy: () => void = () => {}
afterEach(() => tidy())

/** Whether each sealed value opens with these keys, in its place and to what it was. */
const opened = async (db: Db, crypt: Deps['crypt']) => {
  const count = { rows: 0, values: 0, not: 0 }
  const see = async (value: Promise<string>, expected: string) => {
    count.values += 1
    const text = await value.catch(() => null)
    if (text === null) count.not += 1
    else expect(text).toBe(expected)
  }
  for (const space of await list(db.read, 'spaces', {})) {
    count.rows += 1
    await see(openHookKey({ crypt }, space), `hook of ${space.spaceId}`)
  }
  for (const row of await list(db.read, 'connections', {})) {
    count.rows += 1
    for (const what of ['access', 'refresh'] as const) {
      const [sealed, context] = [row[`${what}Sealed`], sealContext(row.side, what, row.spaceId)]
      if (sealed) await see(crypt.open(sealed, context), `of ${context}`)
    }
  }
  return count
}

/** Each sealed value that is written, as the database itself saw it; what is undone is not counted. */
const watchWrites = (path: string) => {
  const file = new Sqlite(path)
  file.exec('create table written (value text)')
  for (const [table, name, of] of [
    ['spaces', 'hook_key_sealed', ''],
    ['connections', 'access_sealed', '|| old.side'],
    ['connections', 'refresh_sealed', '|| old.side'],
  ])
    file.exec(`create trigger ${table}_${name} after update of ${name} on ${table}
      when new.${name} is not null begin insert into written values ('${name}' || old.space_id ${of}); end`)
  const written = file.prepare('select count(*), count(distinct value) from written').raw()
  return { counts: () => written.get() as [number, number], close: () => file.close() }
}

const title = 'T18 rows by the thousand are sealed anew while processes die over it, each once'
test(title, { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotation-'))
  tidy = () => rmSync(folder, { recursive: true, force: true })
  const path = join(folder, 'salto.db')
  const first = await openSqlite(path)
  const { deps, clock } = await createWorld({ db: first })

  const now = clock.now()
  const rowsOf = async (n: number) => {
    const spaceId = asId<SpaceId>(`space-${n}`)
    const of = (side: 'cobot' | 'salto', what: 'access' | 'refresh') => {
      const context = sealContext(side, what, spaceId)
      return before!.seal(`of ${context}`, context)
    }
    const hook = { hookKeySealed: '', hookKeyHash: hashOf(`hook ${n}`) }
    hook.hookKeySealed = await sealHookKey({ crypt: before! }, spaceId, `hook of ${spaceId}`)
    const facts = { name: `Space ${n}`, timeZone: 'Europe/Berlin', locale: 'en' }
    const rest = { accessExpiresAt: null, owner: null }
    const ks = {
      accessSealed: await of('salto', 'access'),
      refreshSealed: await of('salto', 'refresh'),
    }
    const cobot = { accessSealed: await of('cobot', 'access'), refreshSealed: null }
    return async (tx: Tx) => {
      const space = { spaceId, subdomain: `space-${n}`, hourFormat: 24 as const, ...facts }
      await saveSpace(tx, space, hook, now)
      await saveConnection(tx, { spaceId, side: 'cobot' }, { ...cobot, ...rest }, now)
      if (n % 50) await saveConnection(tx, { spaceId, side: 'salto' }, { ...ks, ...rest }, now)
      const task = { task: 'tidyUp', subject: 'space', cause: 'date', priority: 3 } as const
      await ask(tx, [{ spaceId, ...task, runAt: now }], now)
    }
  }
  const rows = await Promise.all(Array.from({ length: spaces }, (_, n) => rowsOf(n)))
  await first.tx(async (tx) => {
    for (const put of rows) await put(tx)
  })
  const all = await opened(first, before!)
  expect(all).toMatchObject({ not: 0 })
  if (process.env.LONG) expect(all.rows).toBeGreaterThanOrEqual(10_000)
  await first.close()

  /** A process that ends with its nth transaction: undone, or kept and nobody told. Then all is silent. */
  const live = async (endsWith: number, isKept: boolean) => {
    const file = await openSqlite(path)
    let nth = 0
    const tx: Db['tx'] = async (work) => {
      nth += 1
      if (nth > endsWith) throw new Error('dead')
      const result = await file.tx(async (each) => {
        const done = await work(each)
        if (nth === endsWith && !isKept) throw new Error('dead')
        return done
      })
      if (nth === endsWith) throw new Error('dead')
      return result
    }
    await file.tx(clearLeases)
    const worker = createWorker({ ...deps, crypt: rotating!, db: { ...file, tx } }, handlers)
    const looks = worker.drain().catch((error: Error) => error.message)
    return { looks: await looks, file }
  }

  const writes = watchWrites(path)
  const perSpace = 7
  const part = Math.floor((spaces * perSpace) / 5)
  let done = 0
  for (const [more, isKept] of [3, 4, 5, part, part + 1, part + 2].map((n) => [n, n % 2 === 0])) {
    const { looks, file } = await live(Number(more), Boolean(isKept))
    expect(looks).toBe('dead')
    expect(await opened(file, rotating!)).toEqual({ ...all, not: 0 })
    const { not } = await opened(file, after!)
    expect(all.values - not).toBeGreaterThanOrEqual(done)
    done = all.values - not
    await file.close()
    await clock.advance(1000)
  }
  expect(done).toBeGreaterThan(all.values / 4)
  expect(done).toBeLessThan(all.values)
  const { looks, file } = await live(Number.POSITIVE_INFINITY, true)
  expect(looks).toBeGreaterThan(spaces / 10)
  // The look that the last one died over has its turn later.
  const worker = createWorker({ ...deps, crypt: rotating!, db: file }, handlers)
  await clock.advance(3600_000)
  expect(await worker.drain()).toBeGreaterThan(0)
  expect(await opened(file, after!)).toEqual({ ...all, not: 0 })
  expect(await opened(file, before!)).toEqual({ ...all, not: all.values })
  expect(writes.counts()).toEqual([all.values, all.values])
  // The next day there is nothing left to do.
  await clock.advance(25 * 3600_000)
  expect(await worker.drain()).toBe(spaces)
  expect(writes.counts()).toEqual([all.values, all.values])
  writes.close()
  await file.close()
})
