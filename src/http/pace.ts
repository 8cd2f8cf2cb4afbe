// How fast one session may ask: faster than anybody clicks and pages look again by themselves, too
// slow to keep a process from everybody else.
import { type Bucket, takeToken } from '../core/backoff.ts'

/** Twenty requests a second for as long as they like, and two hundred more in a rush. */
const rule = { perMs: 20 / 1000, capacity: 200 }
const fullMs = rule.capacity / rule.perMs

/** 0, or how many ms this session has to wait. Each process counts for itself. */
export const createPace = () => {
  const buckets = new Map<string, Bucket>()
  return (sessionHash: string, now: Date): number => {
    // Those used last are last. Full ones count as new.
    for (const [key, { filledAt }] of buckets) {
      if (now.getTime() - filledAt.getTime() < fullMs) break
      buckets.delete(key)
    }
    const { bucket, waitMs } = takeToken(buckets.get(sessionHash) ?? null, rule, now)
    buckets.delete(sessionHash)
    buckets.set(sessionHash, bucket)
    return waitMs
  }
}
