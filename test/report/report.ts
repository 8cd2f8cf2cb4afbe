// `npm run report`: what the rigs found at their last run, as one table; `-- --json` as one object.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { resultsFolder } from './results.ts'

const figures = ['p50', 'p95', 'p99', 'max'] as const
type Spread = Record<(typeof figures)[number], number> & { count?: number }
type Counts = Record<string, number>
type Simulation = {
  seeds: number
  simulatedDays: number
  violations: number
  faultClasses: Counts
  bounds: Record<string, Spread | null>
}
type FoundBy = {
  id: string
  rig: string
  says: string[]
  seed?: number | string
  simulatedMs?: number
}
type Results = {
  kills: {
    [database in 'sqlite' | 'postgres']: { runs: number; lost: number }
  } & { [race in 'resumedMs' | 'lostCreates' | 'refreshRaces']: Counts }
  guard: { right: number; of: number }
  'planted-bugs': { found: number; of: number; escaped: string[]; by: FoundBy[] }
}

/** Everything null that nobody has run yet. */
export const readReport = (folder = resultsFolder) => {
  const parse = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const read = <R extends keyof Results>(rig: R): Partial<Results[R]> | null =>
    existsSync(join(folder, `${rig}.json`)) ? parse(`${rig}.json`) : null
  const readAll = <T>(rig: string): Partial<T>[] =>
    globSync(`${rig}-*.json`, { cwd: folder }).map(parse)
  const shards = readAll<Simulation>('simulation')
  const crashes = readAll<{ enumerated: number; failed: number }>('crashpoints')
  const crashed = (name: 'enumerated' | 'failed') => add(crashes.map((each) => each[name] ?? 0))
  const sum = (name: 'seeds' | 'simulatedDays' | 'violations') =>
    shards.length > 0 ? add(shards.map((shard) => shard[name] ?? 0)) : null
  const bound = (name: string) => worst(shards.flatMap((shard) => shard.bounds?.[name] ?? []))
  const [kills, guard, bugs] = [read('kills'), read('guard'), read('planted-bugs')]
  const killed = (database: 'sqlite' | 'postgres') =>
    kills?.[database] ? pick(kills[database], ['runs', 'lost']) : null
  return {
    seeds: sum('seeds'),
    simulatedDays: sum('simulatedDays'),
    violations: sum('violations'),
    faultClasses:
      shards.length > 0 ? addCounts(shards.map((each) => each.faultClasses ?? {})) : null,
    crashPoints:
      crashes.length > 0 ? { enumerated: crashed('enumerated'), failed: crashed('failed') } : null,
    bounds: {
      removal: bound('removal'),
      grant: bound('grant'),
      lostEvents: bound('lostEvents'),
      drift: bound('drift'),
    },
    kills: { sqlite: killed('sqlite'), postgres: killed('postgres') },
    guard: guard && pick(guard, ['right', 'of']),
    plantedBugs: bugs && pick(bugs, ['found', 'of', 'escaped']),
    /** Beside what is compared from run to run. */
    races: {
      resumedMs: kills?.resumedMs ?? null,
      lostCreates: kills?.lostCreates ?? null,
      refreshRaces: kills?.refreshRaces ?? null,
    },
    bugsFoundBy: bugs?.by ?? null,
  }
}

type Report = ReturnType<typeof readReport>

const pick = <T extends object, K extends keyof T>(from: T, names: readonly K[]) =>
  Object.fromEntries(names.map((name) => [name, from[name] ?? null])) as { [N in K]: T[N] | null }

const add = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

const addCounts = (parts: readonly Counts[]): Counts => {
  const names = new Set(parts.flatMap((part) => Object.keys(part)))
  return Object.fromEntries(
    [...names].sort().map((name) => [name, add(parts.map((part) => part[name] ?? 0))]),
  )
}

/** Of several shards the worst of each figure: nothing looks better than it was. */
const worst = (spreads: readonly Spread[]) => {
  const seen = spreads.filter(({ count, max }) => count !== 0 && max !== null)
  if (seen.length === 0) return null
  return Object.fromEntries(figures.map((p) => [p, Math.max(...seen.map((each) => each[p]))]))
}

/** One line for each part. */
export const tableOf = (report: Report): string => {
  const rows: [string, unknown][] = [
    ['simulation: seeds', report.seeds],
    ['simulation: days', report.simulatedDays],
    ['simulation: violations', report.violations],
    ['faults fired', report.faultClasses],
    ...Object.entries(report.bounds).map(([name, ms]): [string, unknown] => [`${name} in ms`, ms]),
    ['crash points', report.crashPoints],
    ['kill -9, SQLite', report.kills.sqlite],
    ['kill -9, PostgreSQL', report.kills.postgres],
    ['work goes on after a kill, ms', report.races.resumedMs],
    ['creates without an answer', report.races.lostCreates],
    ['refresh races', report.races.refreshRaces],
    ['guard', report.guard],
    ['planted bugs', report.plantedBugs],
    ...(report.bugsFoundBy ?? []).map(
      ({ id, rig, says, seed, simulatedMs = 0 }): [string, unknown] => [
        `planted bug ${id}`,
        says.length === 0
          ? `escapes the ${rig} rig`
          : `${rig}: ${seed}, after ${(simulatedMs / 3600_000).toFixed(1)} simulated hours`,
      ],
    ),
  ]
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  return rows.map(([name, found]) => name.padEnd(width) + inWords(found)).join('\n')
}

const inWords = (found: unknown): string => {
  if (found === null) return 'no run yet: LONG=1 npm test'
  if (typeof found !== 'object') return String(found)
  const parts = Object.entries(Object(found)).map(([name, each]) => {
    const words = Array.isArray(each) ? each.join(' ') || 'none' : String(each ?? '?')
    return `${name} ${words}`
  })
  return parts.join(', ')
}

if (import.meta.main) {
  const { races, bugsFoundBy, ...compared } = readReport()
  const asJson = process.argv.includes('--json')
  console.log(asJson ? JSON.stringify(compared) : tableOf({ ...compared, races, bugsFoundBy }))
}
