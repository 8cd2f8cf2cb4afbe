import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../support/addon.ts'
import { readReport, tableOf } from './report.ts'
import { saveResults } from './results.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'salto-report-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what nobody has run is null, and the table says how to run it', () => {
  const report = readReport(folder)
  expect(report).toMatchObject({ seeds: null, violations: null, faultClasses: null })
  expect(report).toMatchObject({ crashPoints: null, guard: null, plantedBugs: null })
  expect(report.bounds).toEqual({ removal: null, grant: null, lostEvents: null, drift: null })
  expect(report.kills).toEqual({ sqlite: null, postgres: null })
  for (const line of tableOf(report).split('\n'))
    expect(line).toMatch(/ no run yet: LONG=1 npm test$/)
})

test('shards add up, and of their bounds the worst counts', () => {
  const shard = (seeds: number, faultClasses: object, p99: number) => {
    const removal = { p50: 100, p95: 900, p99, max: 2 * p99, count: seeds }
    const drift = { p50: null, p95: null, p99: null, max: null, count: 0 }
    const bounds = { removal, drift, lostEvents: null }
    return { seeds, simulatedDays: 1.5 * seeds, violations: 0, faultClasses, bounds }
  }
  saveResults('simulation-a', shard(40, { F01: 3, F02: 1 }, 4000), folder)
  saveResults('simulation-b', shard(20, { F02: 4, F50: 2 }, 5000), folder)
  const report = readReport(folder)
  expect(report).toMatchObject({ seeds: 60, simulatedDays: 90, violations: 0 })
  expect(report.faultClasses).toEqual({ F01: 3, F02: 5, F50: 2 })
  const removal = { p50: 100, p95: 900, p99: 5000, max: 10_000 }
  expect(report.bounds).toEqual({ removal, grant: null, lostEvents: null, drift: null })
})

test('the other rigs are told in the words of the table', () => {
  saveResults('kills', { sqlite: { runs: 500, lost: 0, seed: 7 } }, folder)
  saveResults('kills', { lostCreates: { runs: 1000, duplicates: 0 } }, folder)
  saveResults('crashpoints-people', { enumerated: 900, failed: 0, double: 100 }, folder)
  saveResults('crashpoints-spaces', { enumerated: 300, failed: 1, double: 100 }, folder)
  saveResults('guard', { right: 24, of: 24, monthEnds: 1000, falseHolds: 0 }, folder)
  const by = [
    { id: 'M02', rig: 'simulation', seed: 7, simulatedMs: 5_400_000, says: ['I2'] },
    { id: 'M17', rig: 'kill', says: [] },
  ]
  saveResults('planted-bugs', { found: 29, of: 30, escaped: ['M17'], by }, folder)
  const report = readReport(folder)
  expect(report.kills).toEqual({ sqlite: { runs: 500, lost: 0 }, postgres: null })
  expect(report.crashPoints).toEqual({ enumerated: 1200, failed: 1 })
  expect(report.guard).toEqual({ right: 24, of: 24 })
  expect(report.plantedBugs).toEqual({ found: 29, of: 30, escaped: ['M17'] })
  const table = tableOf(report)
  expect(table).toMatch(/^kill -9, SQLite +runs 500, lost 0$/m)
  expect(table).toMatch(/^creates without an answer +runs 1000, duplicates 0$/m)
  expect(table).toMatch(/^planted bugs +found 29, of 30, escaped M17$/m)
  expect(table).toMatch(/^planted bug M02 +simulation: 7, after 1.5 simulated hours$/m)
  expect(table).toMatch(/^planted bug M17 +escapes the kill rig$/m)
})

test('`--json` prints exactly one object', () => {
  const command = ['--import', 'tsx', 'test/report/report.ts', '--json']
  const printed = execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8' })
  const keys = ['seeds', 'simulatedDays', 'violations', 'faultClasses', 'crashPoints', 'bounds']
  expect(Object.keys(JSON.parse(printed))).toEqual([...keys, 'kills', 'guard', 'plantedBugs'])
})
