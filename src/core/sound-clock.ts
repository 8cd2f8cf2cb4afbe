// What time it is, should this machine's clock be wrong. Cobot and SALTO date every answer. While
// fewer than two contradict us we believe ourselves; when both do, and agree, we believe them: no
// end and no start may happen at a wrong moment. What was heard is carried on by a count of time
// that never steps, so that a clock set in mid-run is noticed at once.
//
// Processes that share a database go by its clock when theirs contradicts it: an event could seem older
// than the list that was read before it.
import type { Side } from './errors.ts'
import type { Clock } from './ports.ts'

/** Answers are dated to the second and take a while; this much is no contradiction. */
export const toleranceMs = 60_000
/** A good count drifts by seconds in this time. After it, what was heard means nothing. */
const heardForMs = 24 * 3600_000
type Word = { saidMs: number; elapsedMs: number }
type Heard = Partial<Record<Side, Word>>

/** By how much our own clock is to be corrected; 0 while we believe it. */
export const correctionMs = (ownMs: number, elapsedMs: number, heard: Heard): number => {
  const [one, other] = [heard.cobot, heard.salto].map((each) => {
    const agoMs = each && elapsedMs - each.elapsedMs
    return agoMs === undefined || agoMs > heardForMs ? 0 : (each?.saidMs ?? 0) + agoMs - ownMs
  })
  if (one === undefined || other === undefined) return 0
  const agree = Math.abs(one - other) <= toleranceMs
  const isOff = Math.min(Math.abs(one), Math.abs(other)) > toleranceMs
  // Both lag a little behind; the one that lags less is nearer.
  return agree && isOff ? Math.max(one, other) : 0
}

/** `elapsedMs` counts on whatever happens to the clock; since when, does not matter. */
export const soundClock = (own: Clock, elapsedMs: () => number): Clock => {
  const heard: Heard = {}
  let shared: Word | null = null
  let lastMs = 0
  /** By the database, if there is one to share; else by this machine. */
  const usualMs = () =>
    shared ? shared.saidMs + elapsedMs() - shared.elapsedMs : own.now().getTime()
  // A correction stays as it is while it holds: time does not go to and fro with every answer.
  const corrected = () => {
    const ms = correctionMs(usualMs(), elapsedMs(), heard)
    if (ms === 0 || Math.abs(ms - lastMs) > toleranceMs) lastMs = ms
    return lastMs
  }
  return {
    now: () => new Date(usualMs() + corrected()),
    after: own.after,
    hear: (side, said) => {
      const word = { saidMs: said.getTime(), elapsedMs: elapsedMs() }
      if (side === 'database') shared = word
      else heard[side] = word
    },
    correctionMs: () => usualMs() + corrected() - own.now().getTime(),
  }
}
