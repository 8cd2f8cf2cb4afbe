// The way of one space to one side, shared by all of this process: only so many calls at once, none
// for a while when the other side is plainly away, and since when it is.
import { closedBreaker, noteCall, passBreaker } from '../core/backoff.ts'
import { Away, RetryLater, type Side, Unavailable } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Clock, Ports } from '../core/ports.ts'

const callsAtOnce = 4
/** Should nobody wake them, those who wait for a side to be back look for themselves. */
const wokenWithinMs = 5 * 60_000

/** A process is known by its ports. */
const lanes = new WeakMap<Ports, Map<string, Lane>>()

type Lane = ReturnType<typeof createLane>

export const laneOf = (ports: Ports, spaceId: SpaceId, side: Side): Lane => {
  const ours = lanes.get(ports) ?? new Map<string, Lane>()
  lanes.set(ports, ours)
  const lane = ours.get(`${side}:${spaceId}`) ?? createLane(side, ports.clock)
  ours.set(`${side}:${spaceId}`, lane)
  return lane
}

const createLane = (side: Side, clock: Clock) => {
  let breaker = closedBreaker
  let awaySince: Date | null = null
  let isBack = false
  /** For which try somebody comes back already. */
  let triedAtMs = 0
  let free = callsAtOnce
  const waiting: (() => void)[] = []

  const note = (error: unknown) => {
    const isAway = error instanceof Unavailable
    const isPausing = error instanceof RetryLater
    // A pause that we make ourselves says nothing about the other side.
    if (isPausing && !error.side) return
    // Asked too often is our doing; a side that is busy with itself is as good as away.
    if (!isPausing || !error.isTooMany) {
      const wasOpen = breaker.pauseMs > 0
      breaker = noteCall(breaker, isAway || isPausing, clock.now().getTime())
      isBack ||= wasOpen && breaker.pauseMs === 0
    }
    awaySince = isAway || isPausing ? (awaySince ?? clock.now()) : null
  }

  /** One comes back for each try; the others are woken when it is answered. */
  const comeBackMs = (waitMs: number): number => {
    if (triedAtMs === breaker.nextTryMs) return wokenWithinMs
    triedAtMs = breaker.nextTryMs
    return waitMs
  }

  return {
    /** Since when no call was answered; null while they are. */
    awaySince: () => awaySince,

    /** Once after each time for which it was plainly away: it answers again. */
    takeReturn: (): boolean => {
      const wasBack = isBack
      isBack = false
      return wasBack
    },

    /** Emergencies and admins at a page insist: they go first, and try even when it looks hopeless. */
    through: async <T>(call: () => Promise<T>, insists: boolean): Promise<T> => {
      const passed = passBreaker(breaker, clock.now().getTime())
      breaker = passed.breaker
      if (passed.waitMs > 0 && !insists) throw new Away(side, comeBackMs(passed.waitMs))
      if (free > 0) free -= 1
      else
        await new Promise<void>((go) => {
          if (insists) waiting.unshift(go)
          else waiting.push(go)
        })
      try {
        const result = await call()
        note(null)
        return result
      } catch (error) {
        note(error)
        throw error
      } finally {
        const next = waiting.shift()
        if (next) next()
        else free += 1
      }
    },
  }
}
