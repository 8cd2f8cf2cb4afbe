// A space → Cobot's API, with the space's own token and the budget of the user behind it.
import { type Cobot, createCobot } from '../cobot/client.ts'
import { cobotBuckets } from '../core/backoff.ts'
import { ReconnectNeeded, RetryLater } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Ports } from '../core/ports.ts'
import { closeBudget, takeFromBudget } from '../db/budgets.ts'
import { one } from '../db/store.ts'
import type { Deps } from './deps.ts'
import { laneOf } from './lanes.ts'

/** Tokens are sealed to the space and side they belong to. */
export const sealContext = (
  side: 'cobot' | 'salto',
  what: 'access' | 'refresh',
  spaceId: SpaceId,
) => `${side}/${what}/${spaceId}`

/** Calls left for work that cannot wait: the first three priority classes (R13). */
const urgentReserve = 2
/**
 * By so much an urgent look that has begun may overdraw; another may use up what is kept for the
 * urgent. Cut off in the middle a look makes its first calls anew, and several of them would take the
 * budget from one another for ever. It is still no more than 59 calls a minute.
 */
const overdraft = 3

/** How often the next page of a list waits for the budget, others being faster, before it gives up. */
const waitsPerPage = 30

const callMs = 1 / cobotBuckets.any.perMs
const refilledMs = cobotBuckets.any.capacity * callMs
/** From when on a turn at each budget is free. A process is known by its ports. */
const turns = new WeakMap<Ports, Map<string, number>>()

/**
 * Whoever waits comes back in a turn of their own, after `waitMs` or later. If all came back at once,
 * one would find the call that is free, and the others would have looked in vain. Nobody waits longer
 * than `longestMs` for a turn: those before may have been served by a list, and need their turns no more.
 */
const takeTurn = (ports: Ports, key: string, waitMs: number, longestMs: number): number => {
  const ours = turns.get(ports) ?? new Map<string, number>()
  turns.set(ports, ours)
  const nowMs = ports.clock.now().getTime()
  const atMs = Math.max(nowMs + waitMs, Math.min(ours.get(key) ?? 0, nowMs + longestMs))
  ours.set(key, atMs + callMs)
  return atMs - nowMs
}

/**
 * `probe` asks although Cobot refused us before: that is how a refused space comes back by itself.
 * `insists` asks although it did not answer. `setup` does not wait for the budget: an admin does,
 * and Cobot's own limit leaves room for it.
 */
export const cobotOf = async (
  deps: Deps,
  spaceId: SpaceId,
  { probe = false, urgent = false, setup = false, insists = true } = {},
): Promise<Cobot> => {
  const { db, crypt, ports, config } = deps
  const space = await one(db.read, 'spaces', { spaceId })
  const connection = await one(db.read, 'connections', { spaceId, side: 'cobot' })
  if (!space || !connection || (connection.state === 'refused' && !probe))
    throw new ReconnectNeeded('cobot', `Cobot is not connected for space ${spaceId}`)
  const owner = connection.owner ?? spaceId
  let calls = 0
  const keyOf = (kind: 'any' | 'memberships') => `${kind}:${owner}`
  /** `waits`: between the pages of a list nobody is cut off. */
  const take = (kind: 'any' | 'memberships', waits: boolean) => {
    const hasBegun = calls > 0 && !waits
    const toGoOn = urgent ? -overdraft : 0
    const toBegin = urgent ? 0 : urgentReserve
    const reserve = kind !== 'any' ? 0 : hasBegun ? toGoOn : toBegin
    return db.tx((tx) =>
      takeFromBudget(tx, keyOf(kind), cobotBuckets[kind], ports.clock.now(), reserve),
    )
  }
  return createCobot({
    settings: config.cobot,
    ports,
    space: { spaceId, subdomain: space.subdomain },
    accessToken: await crypt.open(connection.accessSealed, sealContext('cobot', 'access', spaceId)),
    gate: {
      through: (call) => laneOf(ports, spaceId, 'cobot').through(call, insists),
      before: async (kind, goesOn) => {
        if (setup) return
        let waitMs = await take(kind, goesOn)
        // A list that was given up in the middle would start anew, and never come to its end.
        for (let n = 0; goesOn && n < waitsPerPage && waitMs > 0 && waitMs <= refilledMs; n++) {
          await new Promise<void>((resolve) => ports.clock.after(waitMs, resolve))
          waitMs = await take(kind, goesOn)
        }
        if (waitMs === 0) {
          calls += 1
          return
        }
        // A look that starts anew makes its calls anew: with less than it took so far, a row of calls
        // would never end. Who is not in a hurry comes back to a full bucket.
        const sameAgainMs = Math.min(urgent ? waitMs + calls * callMs : refilledMs, refilledMs)
        const longestMs = (urgent ? 1 : 3) * refilledMs
        const afterMs =
          kind === 'any'
            ? takeTurn(ports, `${urgent} ${owner}`, Math.max(waitMs, sameAgainMs), longestMs)
            : waitMs
        throw new RetryLater(`the budget for Cobot (${kind}) is used up`, afterMs)
      },
      limited: (afterMs) => {
        const now = ports.clock.now()
        const until = new Date(now.getTime() + afterMs)
        return db.tx(async (tx) => {
          for (const kind of ['any', 'memberships'] as const)
            await closeBudget(tx, keyOf(kind), now, until)
        })
      },
    },
  })
}
