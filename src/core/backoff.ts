// When to ask again, and how often we may ask at all. Pure over `now`.

/** Full jitter: somewhere between 0 and 1 s doubling to 5 min, never less than half a second. */
export const backoffMs = (attempts: number, fraction: number): number =>
  Math.max(500, Math.min(300_000, 1000 * 2 ** Math.min(attempts, 20)) * fraction)

/** ±10 % so that a thousand spaces do not sweep at the same moment. */
export const jitter = (ms: number, fraction: number): number => ms * (0.9 + 0.2 * fraction)

export type Bucket = { tokens: number; filledAt: Date; notBefore: Date | null }
export type BucketRule = { perMs: number; capacity: number }

/** Cobot allows 60 calls a minute and 6 of the membership list, per user; we stay below (R13). */
export const cobotBuckets = {
  any: { perMs: 48 / 60_000, capacity: 8 },
  memberships: { perMs: 1 / 12_000, capacity: 1 },
} satisfies Record<string, BucketRule>

/** What sums of fractions lose: whoever waited as long as we said finds the token there. */
const crumb = 1e-6

/**
 * Takes one token; or says how long to wait. `reserve` tokens are left for more urgent work; below 0
 * it is an overdraft.
 */
export const takeToken = (
  bucket: Bucket | null,
  rule: BucketRule,
  now: Date,
  reserve = 0,
): { bucket: Bucket; waitMs: number } => {
  const before = bucket ?? { tokens: rule.capacity, filledAt: now, notBefore: null }
  const passedMs = Math.max(0, now.getTime() - before.filledAt.getTime())
  const tokens = Math.min(rule.capacity, before.tokens + passedMs * rule.perMs)
  // A process whose clock is a little ahead counted this time already; one far ahead was set back.
  const aheadMs = before.filledAt.getTime() - now.getTime()
  const isCounted = aheadMs > 0 && aheadMs <= rule.capacity / rule.perMs
  const filled = { ...before, tokens, filledAt: isCounted ? before.filledAt : now }
  if (before.notBefore && before.notBefore > now)
    return { bucket: filled, waitMs: before.notBefore.getTime() - now.getTime() }
  if (tokens + crumb < 1 + reserve)
    return { bucket: filled, waitMs: Math.ceil((1 + reserve - tokens) / rule.perMs) }
  return { bucket: { ...filled, tokens: tokens - 1 }, waitMs: 0 }
}

/** Failures of late, and while it is open the instant of the next try. */
export type Breaker = {
  recent: { atMs: number; failed: boolean }[]
  nextTryMs: number
  pauseMs: number
}

export const closedBreaker: Breaker = { recent: [], nextTryMs: 0, pauseMs: 0 }

const breakerRule = { withinMs: 30_000, calls: 10, share: 0.5, pauseMs: 15_000, longestMs: 60_000 }

/** Lets a call through (0), while open one by one as a probe; or says how long to wait. */
export const passBreaker = (breaker: Breaker, nowMs: number) => {
  const waitMs = breaker.pauseMs > 0 ? breaker.nextTryMs - nowMs : 0
  // Longer than we ever pause is a clock that was set back.
  if (waitMs > 0 && waitMs <= breakerRule.longestMs) return { breaker, waitMs }
  const pauseMs = Math.min(2 * breaker.pauseMs, breakerRule.longestMs)
  return { breaker: { ...breaker, nextTryMs: nowMs + pauseMs, pauseMs }, waitMs: 0 }
}

/** What came of a call. Half of the last ten failing opens it, one that is answered closes it. */
export const noteCall = (breaker: Breaker, failed: boolean, nowMs: number): Breaker => {
  if (breaker.pauseMs > 0) return failed ? breaker : closedBreaker
  const { withinMs, calls, share, pauseMs } = breakerRule
  const isRecent = ({ atMs }: { atMs: number }) => nowMs - atMs < withinMs
  const recent = [...breaker.recent.filter(isRecent), { atMs: nowMs, failed }]
  const failures = recent.filter((each) => each.failed).length
  const opens = recent.length >= calls && failures >= share * recent.length
  return opens ? { recent: [], nextTryMs: nowMs + pauseMs, pauseMs } : { ...breaker, recent }
}
