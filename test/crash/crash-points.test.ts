// A process may die at any instant: before and after every transaction and every call to the outside.
// A crash leaves what is stored and nothing else, so at each of these boundaries that is written down,
// and for every one a new process begins from there. It must come to the very end that a process comes
// to which nobody disturbs, make nothing twice, and write nothing in a pass more. Boundaries between
// which nothing was stored anywhere are one and the same crash, and are played once.
//
// A failure prints a command that plays that one crash alone: CRASH='<scenario>:<k>', or of a crash
// while coming back from a crash CRASH='<scenario>:<k>:<j>'. `LONG=1` plays many more of the latter.
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../support/clock.ts'
import { type Image, keyOf } from './image.ts'
import { prepare, type Scenario, scenarios } from './scenarios.ts'
import { differences, shapeOf } from './shape.ts'
import { enter, minute, type Stage, type Watch } from './stage.ts'

const long = process.env.LONG === '1'
const [onlyName, onlyK, onlyJ] = process.env.CRASH?.split(':') ?? []
const isWanted = (wanted: string | undefined, k: number) => !wanted || Number(wanted) === k
/** How many crashes during a recovery are played, over all. */
const doublesWanted = long ? 5000 : 100
const longEndsAt = Date.now() + 25 * minute

/** One boundary: what had happened there, and in which step; those after it are still to come. */
type Point = { name: string; step: number; image: Image }
type Shape = Awaited<ReturnType<typeof shapeOf>>

const { world, camera, images, cast } = await prepare()
const table = scenarios(camera)
const names = Object.keys(table).filter((name) => !onlyName || name === onlyName)
const results = { enumerated: 0, played: 0, failed: 0, double: 0, doubleFailed: 0 }
const perScenario: Record<string, number> = {}
const chance = seededRandom(long ? Date.now() : 5)

const takeSteps = async (stage: Stage, { steps }: Scenario, from: number, at: (i: number) => void) => {
  for (const [index, step] of steps.entries()) {
    if (index < from) continue
    at(index)
    await step(stage, cast)
  }
}

/** Everything comes to rest, and then nothing more is written. */
const finish = async (stage: Stage): Promise<Shape> => {
  const { salto, clock, run, sleepUntil } = stage
  await run(4 * minute)
  const shape = await shapeOf(world)
  const writes = salto.writes()
  sleepUntil(new Date(clock.now().getTime() + 16 * minute).toISOString())
  await run(2 * minute)
  expect(salto.writes(), 'one pass more makes no writes').toBe(writes)
  const later = differences(await shapeOf(world), shape)
  expect(later.join('\n'), 'what one pass more changes').toBe('')
  return shape
}

/** Plays steps and writes down every boundary on the way. */
const playAndWatch = async (
  scenario: Scenario,
  from: number,
  begin: (stage: Stage) => unknown,
  isWatching = true,
): Promise<{ points: Point[]; end: Shape }> => {
  const points: Point[] = []
  let database = camera.readDatabase()
  let step: number | null = from
  const watch: Watch = (name, committed) => {
    if (step === null) return
    if (committed) database = camera.readDatabase()
    points.push({ name, step, image: camera.take(database) })
  }
  const stage = enter(world, { watch: isWatching ? watch : undefined, keys: scenario.keys })
  await begin(stage)
  await takeSteps(stage, scenario, from, (index) => {
    step = index
  })
  step = null
  return { points, end: await finish(stage) }
}

/** The whole scenario without a crash. */
const playFine = async (scenario: Scenario) => {
  camera.putBack(images[scenario.beginning ?? 'running'], 7)
  const quiet = enter(world)
  for (const step of scenario.before ?? []) await step(quiet, cast)
  return playAndWatch(scenario, 0, () => {})
}

/** A new process after a crash; gives the boundaries of its own way up. */
const recover = async (scenario: Scenario, point: Point, seed: number, fine: Shape) => {
  camera.putBack(point.image, seed)
  const { points, end } = await playAndWatch(scenario, point.step, ({ start }) => start(), false)
  const differs = differences(end, fine)
  if (differs.length > 0) throw new Error(differs.join('\n'))
  return points
}

const complain = (path: string, point: Point, error: unknown): string => {
  const why = error instanceof Error ? error.message : String(error)
  const replay = `CRASH='${path}' npx vitest run --config test/vitest.config.ts test/crash`
  return `${path} ${point.name}\n  ${replay}\n${why}`
}

beforeAll(() => {
  mkdirSync('test/.artifacts/results', { recursive: true })
})

test.each(names)('%s: a crash at any boundary ends like no crash', async (name) => {
  const scenario = table[name] as Scenario
  const { points, end: fine } = await playFine(scenario)
  perScenario[name] = points.length
  const complaints: string[] = []
  const seen = new Set<string>()
  const t0 = process.cpuUsage()
  let n = 0
  for (const [k, point] of points.entries()) {
    results.enumerated += 1
    const key = keyOf(point.image)
    if (seen.has(key) || !isWanted(onlyK, k)) continue
    seen.add(key)
    n++
    results.played += 1
    let onTheWay: Point[] = []
    try {
      onTheWay = await recover(scenario, point, 1000 + k, fine)
    } catch (error) {
      results.failed += 1
      complaints.push(complain(`${name}:${k}`, point, error))
    }
  }
  console.log(name, points.length, n, ((process.cpuUsage(t0).user + process.cpuUsage(t0).system) / n / 1000).toFixed(0), 'ms each', complaints.length)
  expect(complaints.slice(0, 3).join('\n'), `${complaints.length} crashes end otherwise`).toBe('')
}, 600_000)

afterAll(async () => {
  await world.close()
  console.log(results)
  if (process.env.CRASH) return
  const { failed, doubleFailed, ...counted } = results
  const summary = { ...counted, failed: failed + doubleFailed, scenarios: perScenario }
  writeFileSync('test/.artifacts/results/crashpoints.json', `${JSON.stringify(summary, null, 2)}\n`)
})
