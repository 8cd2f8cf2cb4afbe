// Virtual time for the whole world: one queue of what happens when. Between two events everything
// that can run has run, so the order of the queue is the order of the world, and a seed replays it.
import { createHash } from 'node:crypto'
import type { Random } from '../../src/core/ports.ts'
import { seededRandom, type VirtualClock } from '../support/clock.ts'

type Event = { atMs: number; order: number; run: () => unknown; isOff?: boolean }

export type Scheduler = ReturnType<typeof createScheduler>

/** `isOver`: nobody cares what else happens; time goes on without it. */
export const createScheduler = (startAt: string, isOver = () => false) => {
  let nowMs = new Date(startAt).getTime()
  let order = 0
  let heap: Event[] = []
  let errors: unknown[] = []

  const isBefore = (a: Event, b: Event) =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  const up = (from: number) => {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) return
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }
  const down = () => {
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
      if (least === i) return
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
  const shift = (): Event | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (last && heap.length > 0) {
      heap[0] = last
      down()
    }
    return first
  }

  const at = (atMs: number, run: () => unknown): (() => void) => {
    const event: Event = { atMs: Math.max(atMs, nowMs), order: order++, run }
    heap.push(event)
    up(heap.length - 1)
    return () => {
      event.isOff = true
    }
  }

  /**
   * Instants that nobody has to be told of unless they matter: polling, mostly. To find out when the
   * next is costs more than to know that it is not before an instant.
   */
  const lazy: { notBefore(): number; next(): number; run(): void }[] = []

  const step = async (untilMs: number): Promise<boolean> => {
    while (heap[0]?.isOff) shift()
    let poll: (typeof lazy)[number] | undefined
    let pollMs = Number.POSITIVE_INFINITY
    const first = heap[0]
    for (const each of lazy) {
      if (first && each.notBefore() >= first.atMs) continue
      const nextMs = Math.max(each.next(), nowMs)
      if (nextMs < pollMs) [poll, pollMs] = [each, nextMs]
    }
    const atMs = Math.min(first?.atMs ?? Number.POSITIVE_INFINITY, pollMs)
    if (atMs > untilMs) return false
    nowMs = atMs
    if (poll && pollMs < (first?.atMs ?? Number.POSITIVE_INFINITY)) poll.run()
    else await shift()?.run()
    await rest()
    if (errors.length > 0) throw errors[0]
    return true
  }

  const runUntil = async (untilMs: number) => {
    while (!isOver() && (await step(untilMs)));
    nowMs = Math.max(nowMs, untilMs)
  }

  const clock: VirtualClock = {
    now: () => new Date(nowMs),
    after: (ms, then) => at(nowMs + Math.max(0, ms), then),
    advance: (ms) => runUntil(nowMs + ms),
    set: () => {
      throw new Error('time is not set here')
    },
  }

  return {
    clock,
    at,
    lazy,
    nowMs: () => nowMs,
    runUntil,
    fail: (error: unknown) => errors.push(error),
    clear: () => {
      heap = []
      errors = []
    },
  }
}

/** All that is ready runs, and what it starts, to where it waits for the next event. */
const rest = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Chance for one purpose: what others draw does not move it. */
export const chanceOf = (seed: number, purpose: string): Chance => {
  const digest = createHash('sha256').update(`${seed} ${purpose}`).digest()
  const random = seededRandom(digest.readUInt32LE(0))
  const { fraction } = random
  const between = (low: number, high: number) => low + fraction() * (high - low)
  return {
    ...random,
    between,
    whole: (low, high) => Math.floor(between(low, high + 1)),
    is: (share) => fraction() < share,
    pick: (list) => list[Math.floor(fraction() * list.length)] as never,
  }
}

export type Chance = Random & {
  between(low: number, high: number): number
  /** Both ends included. */
  whole(low: number, high: number): number
  is(share: number): boolean
  pick<T>(list: readonly T[]): T
}

/** A hash over everything that passes a port, in order. */
export const createTrace = (keep: boolean) => {
  const hash = createHash('sha256')
  const lines: string[] = []
  let count = 0
  return {
    add: (line: string) => {
      count += 1
      hash.update(`${line}\n`)
      if (keep) lines.push(line)
    },
    lines,
    count: () => count,
    digest: () => hash.copy().digest('hex').slice(0, 16),
  }
}
