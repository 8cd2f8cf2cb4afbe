// A space → Cobot's API, with the space's own token and the budget of the user behind it.
import { type Cobot, createCobot } from '../cobot/client.ts'
import { cobotBuckets } from '../core/backoff.ts'
import { ReconnectNeeded, RetryLater } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import { closeBudget, takeFromBudget } from '../db/budgets.ts'
import { one } from '../db/store.ts'
import type { Deps } from './deps.ts'

/** Tokens are sealed to the space and side they belong to. */
export const sealContext = (
  side: 'cobot' | 'salto',
  what: 'access' | 'refresh',
  spaceId: SpaceId,
) => `${side}/${what}/${spaceId}`

/** Calls left for work that cannot wait: the first three priority classes (R13). */
const urgentReserve = 2

const refilledMs = cobotBuckets.any.capacity / cobotBuckets.any.perMs

/**
 * `probe` asks although Cobot refused us before: that is how a refused space comes back by itself.
 * `setup` does not wait for the budget: an admin does, and Cobot's own limit leaves room for it.
 */
export const cobotOf = async (
  deps: Deps,
  spaceId: SpaceId,
  { probe = false, urgent = false, setup = false } = {},
): Promise<Cobot> => {
  const { db, crypt, ports, config } = deps
  const space = await one(db.read, 'spaces', { spaceId })
  const connection = await one(db.read, 'connections', { spaceId, side: 'cobot' })
  if (!space || !connection || (connection.state === 'refused' && !probe))
    throw new ReconnectNeeded('cobot', `Cobot is not connected for space ${spaceId}`)
  const owner = connection.owner ?? spaceId
  let calls = 0
  const keyOf = (kind: 'any' | 'memberships') => `${kind}:${owner}`
  return createCobot({
    settings: config.cobot,
    ports,
    space: { spaceId, subdomain: space.subdomain },
    accessToken: await crypt.open(connection.accessSealed, sealContext('cobot', 'access', spaceId)),
    gate: {
      before: async (kind) => {
        if (setup) return
        const reserve = kind === 'any' && !urgent ? urgentReserve : 0
        const waitMs = await db.tx((tx) =>
          takeFromBudget(tx, keyOf(kind), cobotBuckets[kind], ports.clock.now(), reserve),
        )
        if (waitMs === 0) {
          calls += 1
          return
        }
        // A look that starts anew makes its calls anew: with less than it took so far, a row of calls
        // would never end. Who is not in a hurry comes back to a full bucket.
        const sameAgainMs = urgent ? waitMs + calls / cobotBuckets.any.perMs : refilledMs
        const afterMs =
          kind === 'any' ? Math.max(waitMs, Math.min(sameAgainMs, refilledMs)) : waitMs
        throw new RetryLater(`the budget for Cobot (${kind}) is used up`, afterMs)
      },
      limited: (afterMs) => {
        const now = ports.clock.now()
        const until = new Date(now.getTime() + afterMs)
        return db.tx((tx) => closeBudget(tx, keyOf('any'), now, until))
      },
    },
  })
}
