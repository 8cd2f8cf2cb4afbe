// A space → SALTO's API, with an access token that is fresh. Refresh tokens work once, so exactly one
// refresher is elected per version, and the new pair is stored before it is used.
import { ReconnectNeeded, RetryLater, Unavailable } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import { electRefresher, storeRefreshed } from '../db/connections.ts'
import { change, one, type Row } from '../db/store.ts'
import { createSalto, type Salto } from '../salto/client.ts'
import { createSaltoOAuth, type Tokens } from '../salto/oauth.ts'
import { sealContext } from './cobot.ts'
import type { Deps } from './deps.ts'
import { laneOf } from './lanes.ts'

/** Refresh when less than this is left of an access token. */
const marginMs = 10 * 60_000
/** An idle space's refresh token is used as well, long before it would lapse. */
const dailyMs = 24 * 3600_000
/** Longer than a call may take, so that a second refresher never overlaps the first. */
const electionMs = 20_000
/** A refresh takes no longer as a rule; past that its election is waited for, since it has failed. */
const usualMs = 3000
/** A token refused within this time after it was stored is not a stale one: we are refused. */
const freshMs = 60_000

/** `probe` asks although SALTO refused us before, `insists` although it did not answer. */
export const saltoOf = (
  deps: Deps,
  spaceId: SpaceId,
  { probe = false, insists = true } = {},
): Salto =>
  createSalto({
    settings: deps.config.salto,
    ports: deps.ports,
    accessToken: () => freshAccessToken(deps, spaceId, probe),
    through: (call) => laneOf(deps.ports, spaceId, 'salto').through(call, insists),
  })

export const sealTokens = async (deps: Deps, spaceId: SpaceId, tokens: Tokens) => ({
  accessSealed: await deps.crypt.seal(tokens.accessToken, sealContext('salto', 'access', spaceId)),
  accessExpiresAt: tokens.expiresAt,
  refreshSealed: tokens.refreshToken
    ? await deps.crypt.seal(tokens.refreshToken, sealContext('salto', 'refresh', spaceId))
    : null,
})

const freshAccessToken = async (deps: Deps, spaceId: SpaceId, probe: boolean): Promise<string> => {
  const { db, crypt, ports } = deps
  const row = await one(db.read, 'connections', { spaceId, side: 'salto' })
  if (!row || (row.state === 'refused' && !probe))
    throw new ReconnectNeeded('salto', `SALTO is not connected for space ${spaceId}`)
  const now = ports.clock.now()
  const leftMs = (row.accessExpiresAt?.getTime() ?? 0) - now.getTime()
  const open = ({ accessSealed }: Row<'connections'>) =>
    crypt.open(accessSealed, sealContext('salto', 'access', spaceId))
  const ageMs = now.getTime() - row.changedAt.getTime()
  const isUsed = ageMs < dailyMs || !row.refreshSealed
  if (leftMs > marginMs && isUsed) return open(row)
  const until = new Date(now.getTime() + electionMs)
  const key = { spaceId, side: 'salto', version: row.version } as const
  const elected = await db.tx((tx) => electRefresher(tx, key, { now, until }))
  if (elected)
    return refresh(deps, spaceId, row).catch((error: unknown) => {
      // Whoever gives out permissions is away: the one we have is good until it ends.
      if (leftMs > 0 && error instanceof Unavailable) return open(row)
      throw error
    })
  if (leftMs > 0) return open(row)
  const heldMs = (row.refreshingUntil?.getTime() ?? 0) - now.getTime()
  const isOverdue = heldMs > 0 && heldMs < electionMs - usualMs
  const busy = 'somebody else is refreshing the permission for SALTO'
  // Who gives out permissions is away then: it is asked ever less often, like every call.
  throw isOverdue ? new RetryLater(busy, heldMs, 'salto') : new RetryLater(busy, 1000)
}

const refresh = async (deps: Deps, spaceId: SpaceId, row: Row<'connections'>): Promise<string> => {
  const { db, crypt, ports, config } = deps
  if (!row.refreshSealed)
    throw new ReconnectNeeded('salto', `SALTO gave no refresh token for space ${spaceId}`)
  const refreshToken = await crypt.open(row.refreshSealed, sealContext('salto', 'refresh', spaceId))
  const key = { spaceId, side: 'salto', version: row.version } as const
  const store = (tokens: Parameters<typeof storeRefreshed>[2]) =>
    db.tx((tx) => storeRefreshed(tx, key, tokens, ports.clock.now()))
  let tokens: Tokens
  try {
    tokens = await createSaltoOAuth(config.salto, ports).refresh(refreshToken)
  } catch (error) {
    // A reconnect by hand meanwhile has stored other tokens: then this refusal means nothing.
    if (error instanceof ReconnectNeeded && !(await store('refused')))
      throw new RetryLater('the permission for SALTO was replaced meanwhile', 0)
    throw error
  }
  await store(await sealTokens(deps, spaceId, tokens))
  return tokens.accessToken
}

/**
 * A call was answered 401. A token that has been with us for a while may have gone stale: it is
 * refreshed at once, and true is returned. A new one being refused means that we are.
 */
export const noteSaltoRefusal = async (deps: Deps, spaceId: SpaceId): Promise<boolean> => {
  const { db, ports } = deps
  const row = await one(db.read, 'connections', { spaceId, side: 'salto' })
  if (!row || row.state === 'refused') return false
  const isFresh = ports.clock.now().getTime() - row.changedAt.getTime() < freshMs
  const set = isFresh ? { state: 'refused' as const } : { accessExpiresAt: new Date(0) }
  const key = { spaceId, side: 'salto', version: row.version } as const
  await db.tx((tx) => change(tx, 'connections', key, set))
  return !isFresh
}
