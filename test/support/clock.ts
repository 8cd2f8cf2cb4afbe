// Time and chance for tests: nothing moves unless a test says so, and a seed replays it.
import type { Clock, Random } from '../../src/core/ports.ts'

export type VirtualClock = Clock & {
  /** Moves on by `ms`, firing due timers in order and letting promises settle around each. */
  advance(ms: number): Promise<void>
  /** Changes the reading alone; timers that became due fire at the next `advance`. */
  set(date: Date | string): void
}

let passedMs = 0
/** All the time that passed on the virtual clocks of this process. */
export const simulatedMs = () => passedMs

export const virtualClock = (start: Date | string): VirtualClock => {
  let nowMs = new Date(start).getTime()
  const move = (toMs: number) => {
    passedMs += Math.max(0, toMs - nowMs)
    nowMs = toMs
  }
  let timers: { dueMs: number; then: () => void }[] = []

  const takeDue = (untilMs: number) => {
    const first = timers.reduce<(typeof timers)[number] | undefined>(
      (best, timer) => (best && best.dueMs <= timer.dueMs ? best : timer),
      undefined,
    )
    if (!first || first.dueMs > untilMs) return undefined
    timers = timers.filter((timer) => timer !== first)
    return first
  }

  return {
    now: () => new Date(nowMs),
    after: (ms, then) => {
      const timer = { dueMs: nowMs + Math.max(0, ms), then }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: async (ms) => {
      const untilMs = nowMs + ms
      await settle()
      for (let timer = takeDue(untilMs); timer; timer = takeDue(untilMs)) {
        move(Math.max(nowMs, timer.dueMs))
        timer.then()
        await settle()
      }
      move(Math.max(nowMs, untilMs))
    },
    set: (date) => {
      move(new Date(date).getTime())
    },
  }
}

/** Lets promises that are ready, and what they start in turn, run to where they wait again. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The same seed gives the same numbers (mulberry32). */
export const seededRandom = (seed: number): Random & { reseed(seed: number): void } => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    fraction: () => next() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    reseed: (seed) => {
      state = seed >>> 0
    },
  }
}
