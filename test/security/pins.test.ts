// A PIN that was given out is in the one answer that shows it, and nowhere else, whatever goes wrong.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/db/open.ts'
import { createLog } from '../../src/log.ts'
import { stage } from '../http/visiting.ts'

const PIN = '73051977305197'

test('T20 a PIN that is given out is in no log, no file, no audit, no other page, and in no address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pins-'))
  const db = await openSqlite(join(folder, 'salto.db'))
  const lines: string[] = []
  const log = createLog('debug', { write: (line: string) => void lines.push(line) })
  const on = await stage({ db, log })
  const { ks } = on
  const shown: string[] = []
  const press = async () => {
    const { answer, text } = await on.press()
    shown.push(text, JSON.stringify([...answer.headers]))
    return text.includes(`value="${PIN}"`)
  }
  ks.addFault({ method: 'PUT', status: 200, body: JSON.stringify(PIN), times: 1 })
  expect(await press()).toBe(true)
  const once = shown.shift()!
  for (const fault of [
    { status: 200, body: { pin: PIN } },
    { status: 200, body: JSON.stringify(`${PIN}!`) },
    { status: 200, body: `"${PIN}` },
    { status: 403, body: { ErrorCode: '2203', Message: PIN } },
    { status: 409, body: PIN },
    { status: 500, body: PIN },
    { status: 429, body: PIN, headers: { 'retry-after': '5' } },
  ]) {
    ks.addFault({ method: 'PUT', times: 1, ...fault })
    expect(await press()).toBe(false)
  }
  await on.settle()
  for (const path of [on.row, '/members', '/overview', '/activity', '/problems', '/tags'])
    shown.push(await on.page(path))
  for (const path of ['/activity/file', `${on.row}/file`]) shown.push(await on.page(path))
  expect(once.split(PIN)).toHaveLength(2)
  expect((await on.audit()).filter((row) => row.startsWith('givePin done'))).toHaveLength(1)
  expect(lines.length + shown.length).toBeGreaterThan(20)
  expect([...shown, ...lines, ...on.calls].filter((text) => text.includes(PIN))).toEqual([])
  await db.close()
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(files.some((bytes) => bytes.includes('givePin'))).toBe(true)
  expect(files.some((bytes) => bytes.includes(PIN))).toBe(false)
  rmSync(folder, { recursive: true })
})
