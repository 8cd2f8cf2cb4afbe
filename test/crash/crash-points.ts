import { afterAll, describe, expect, test } from 'vitest'
import { saveResults } from '../report/results.ts'
import { seededRandom } from '../support/clock.ts'
import { type Camera, type Image, keyOf } from './image.ts'
import { prepare, type Scenario } from './scenarios.ts'
import { differences, type Shape, shapeOf } from './shape.ts'
import { enter, minute, type Stage, type Watch } from './stage.ts'

const long = process.env.LONG === '1'
const [onlyName, onlyK, onlyJ] = process.env.CRASH?.split(':') ?? []
/** Crashes on the way up from a crash: how many of the crashes get some, and how many. */
const doubles = long ? { share: 1, each: 6 } : { share: 0.05, each: 2 }
const longMs = 20 * minute

/** One boundary: what had happened there, and in which step; those after it are still to come. */
type Point = { name: string; step: number; image: Image }

export const playCrashes = async (
  part: 'people' | 'spaces',
  tableOf: (camera: Camera) => Record<string, Scenario>,
) => {
  const { world, camera, images, cast } = await prepare()
  const table = tableOf(camera)
  const chance = seededRandom(5)
  const endsAt = performance.now() + longMs
  const counts = { enumerated: 0, played: 0, failed: 0, double: 0 }
  const perScenario: Record<string, number> = {}

  /** Everything comes to rest, and then nothing more is written. */
  const finish = async ({ salto, clock, run, sleepUntil, foreign }: Stage): Promise<Shape> => {
    await run(4 * minute)
    expect(foreign, 'deleted, and not ours').toEqual([])
    const shape = await shapeOf(world)
    const writes = salto.writes()
    sleepUntil(new Date(clock.now().getTime() + 16 * minute).toISOString())
    await run(2 * minute)
    expect(salto.writes(), 'one pass more makes no writes').toBe(writes)
    const later = differences(await shapeOf(world), shape)
    expect(later.join('\n'), 'what one pass more changes').toBe('')
    return shape
  }

  /** Plays steps and, if wanted, writes down every boundary on the way. */
  const play = async (
    scenario: Scenario,
    how: { begin?: (stage: Stage) => unknown; isWatched: boolean },
  ): Promise<{ points: Point[]; end: Shape }> => {
    const points: Point[] = []
    let database = camera.readDatabase()
    let step = 0
    let isOver = !how.isWatched
    const watch: Watch = (name, committed) => {
      if (isOver) return
      if (committed) database = camera.readDatabase()
      points.push({ name, step, image: camera.take(database) })
    }
    const stage = enter(world, { watch: how.isWatched ? watch : undefined, keys: scenario.keys })
    await how.begin?.(stage)
    for (; step < scenario.steps.length; step++) await scenario.steps[step]?.(stage, cast)
    isOver = true
    return { points, end: await finish(stage) }
  }

  /** The whole scenario, undisturbed. */
  const playFine = async (scenario: Scenario) => {
    camera.putBack(images[scenario.beginning ?? 'running'], 7)
    const quiet = enter(world)
    for (const step of scenario.before ?? []) await step(quiet, cast)
    return play(scenario, { isWatched: true })
  }

  /** A new process after a crash. Gives the boundaries of its way up. */
  const recover = async (
    scenario: Scenario,
    { image, step }: Point,
    fine: Shape,
    { seed, isWatched }: { seed: number; isWatched: boolean },
  ): Promise<Point[]> => {
    camera.putBack(image, seed)
    const begin = ({ start }: Stage) => start()
    const { late } = scenario
    if (late) enter(world).sleepUntil(late.at)
    const left = late ? late.steps : scenario.steps.slice(step)
    const { points, end } = await play({ ...scenario, steps: left }, { begin, isWatched })
    const differs = late ? late.differences(end, fine) : differences(end, fine)
    if (differs.length > 0) throw new Error(differs.join('\n'))
    return points.map((each) => ({ ...each, step: late ? step : step + each.step }))
  }

  const enumerate = async (name: string, scenario: Scenario): Promise<string[]> => {
    const { points, end: fine } = await playFine(scenario)
    perScenario[name] = points.length
    counts.enumerated += points.length
    const complaints: string[] = []
    const tryOut = async (path: string, point: Point, seed: number, isWatched: boolean) => {
      try {
        return await recover(scenario, point, fine, { seed, isWatched })
      } catch (error) {
        counts.failed += 1
        const replay = `CRASH='${path}' npx vitest run --config test/vitest.config.ts test/crash`
        complaints.push(`${path}, ${point.name}\n  ${replay}\n${(error as Error).message}`)
        return []
      }
    }
    const seen = new Set<string>()
    for (const [k, point] of points.entries()) {
      const key = keyOf(point.image, long)
      if (onlyK ? k !== Number(onlyK) : seen.has(key)) continue
      seen.add(key)
      counts.played += 1
      const isWatched = onlyJ !== undefined || (!onlyK && chance.fraction() < doubles.share)
      const again = await tryOut(`${name}:${k}`, point, 1000 + k, isWatched)
      for (let n = 0; n < doubles.each && again.length > 0 && performance.now() < endsAt; n++) {
        const j = onlyJ ? Number(onlyJ) : Math.floor(chance.fraction() * again.length)
        const second = again[j]
        if (!second) continue
        counts.double += 1
        await tryOut(`${name}:${k}:${j}`, second, 1_000_000 + k * 1000 + j, false)
        if (onlyJ) break
      }
    }
    return complaints
  }

  describe.each(Object.keys(table).filter((name) => !onlyName || name === onlyName))(
    '%s',
    (name) => {
      test('a crash at any boundary ends like no crash', { timeout: longMs + minute }, async () => {
        const complaints = await enumerate(name, table[name] as Scenario)
        expect(complaints.slice(0, 3).join('\n'), `${complaints.length} end otherwise`).toBe('')
      })
    },
  )

  afterAll(async () => {
    await world.close()
    if (!process.env.CRASH)
      saveResults(`crashpoints-${part}`, { ...counts, scenarios: perScenario })
  })
}
