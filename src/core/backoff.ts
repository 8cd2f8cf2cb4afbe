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

/** Takes one token; or says how long to wait. `reserve` tokens are left for more urgent work. */
export const takeToken = (
  bucket: Bucket | null,
  rule: BucketRule,
  now: Date,
  reserve = 0,
): { bucket: Bucket; waitMs: number } => {
  const before = bucket ?? { tokens: rule.capacity, filledAt: now, notBefore: null }
  const passedMs = Math.max(0, now.getTime() - before.filledAt.getTime())
  const tokens = Math.min(rule.capacity, before.tokens + passedMs * rule.perMs)
  const filled = { ...before, tokens, filledAt: now }
  if (before.notBefore && before.notBefore > now)
    return { bucket: filled, waitMs: before.notBefore.getTime() - now.getTime() }
  if (tokens < 1 + reserve)
    return { bucket: filled, waitMs: Math.ceil((1 + reserve - tokens) / rule.perMs) }
  return { bucket: { ...filled, tokens: tokens - 1 }, waitMs: 0 }
}
