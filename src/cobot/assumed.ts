// What nobody has confirmed about Cobot, one name each, so that being wrong is one change here.
// (The reading of `canceled_to` is a rule and lives in core.)
import type { Refused } from '../core/errors.ts'

/** C1: an id token's issuer is www or the space's host, as their discovery documents say; no third. */
export const ID_TOKEN_ISSUERS = ['www', 'space'] as const

/** C2: Cobot may not support `nonce`; one that is there must be ours. */
export const isNonceAccepted = (inToken: unknown, ours: string | null): boolean =>
  inToken === undefined || inToken === ours

/** C3: 409 means the webhook subscription exists, 422 that this Cobot does not know the event. */
export const isSubscriptionNotNeeded = ({ status }: Refused): boolean =>
  status === 409 || status === 422

/** C4: adds the unconfirmed, those that start later and the canceled; the list comes whole. */
export const MEMBERSHIPS_QUERY = 'all=true'

/** C5: the largest page of API 2. */
export const PAGE_SIZE = 200

/** C6: how soon to ask again when a list says that it is not consistent yet. */
export const CONSISTENT_AFTER_MS = 30_000
