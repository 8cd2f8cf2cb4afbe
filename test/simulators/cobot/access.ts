// Who may call what: tokens, limits, spaces, roles and scopes, in the order in which they refuse.
import type { Context } from 'hono'
import { type Space, spaceBySubdomain, type Token } from './state.ts'
import type { World } from './world.ts'

export class Refused extends Error {
  status: 401 | 402 | 403 | 404 | 429
  retryAfter: number | null
  constructor(status: Refused['status'], message: string, retryAfter: number | null = null) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }
}

const windowMs = 60_000

export const createAccess = ({ state, ports }: Pick<World, 'state' | 'ports'>) => {
  const calls = new Map<string, number[]>()

  /** Counts per person behind the token, whatever the token and the space. */
  const count = (key: string, perMinute: number) => {
    const now = ports.clock.now().getTime()
    const recent = (calls.get(key) ?? []).filter((at) => at > now - windowMs)
    calls.set(key, recent)
    const [oldest] = recent
    if (oldest !== undefined && recent.length >= perMinute) {
      const retryAfter = Math.max(1, Math.ceil((oldest + windowMs - now) / 1000))
      throw new Refused(429, 'Too many requests, please slow down.', retryAfter)
    }
    recent.push(now)
  }

  const tokenOf = (c: Context): Token | null => {
    const bearer = /^Bearer (\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1]
    if (bearer === undefined) return null
    const token = state.tokens.get(bearer)
    if (!token) throw new Refused(401, 'The access token is invalid.')
    return token
  }

  const needToken = (c: Context, { listsMemberships = false } = {}) => {
    const token = tokenOf(c)
    if (!token) throw new Refused(401, 'An access token is needed.')
    if (listsMemberships) count(`${token.userId} memberships`, 6)
    else count(token.userId, 60)
    return token
  }

  const needScope = (token: Token, scope: string, space?: Space) => {
    const cut = space?.cuts[token.userId]?.includes(scope)
    if (cut || !token.scopes.includes(scope))
      throw new Refused(403, `The scope ${scope} is missing.`)
  }

  const needSpace = (space: Space | undefined): Space => {
    if (!space || space.deleted) throw new Refused(404, 'The space was not found.')
    if (space.suspended) throw new Refused(402, 'The space is suspended.')
    return space
  }

  const needAdmin = (token: Token, space: Space) => {
    const isTokenOfThis = token.spaceId === null || token.spaceId === space.id
    if (!isTokenOfThis || !space.adminIds.includes(token.userId)) {
      throw new Refused(403, 'Only for admins of this space.')
    }
  }

  return {
    kept: { calls },
    tokenOf,
    needToken,
    needScope,
    needSpace,
    needAdmin,
    bySubdomain: (c: Context) => needSpace(spaceBySubdomain(state, c.req.param('subdomain') ?? '')),
    /** The usual case: an admin's or a space's token with this scope, for this space. */
    needAdminOf: (c: Context, find: () => Space, scope: string, options = {}) => {
      const token = needToken(c, options)
      const space = find()
      needAdmin(token, space)
      needScope(token, scope, space)
      return { token, space }
    },
  }
}

export type Access = ReturnType<typeof createAccess>
