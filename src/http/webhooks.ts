// Cobot says that something may have changed. What it says is not believed: a subject is marked for
// a look, in one transaction, before the answer; nothing is asked of anybody here.
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import manifest from '../../manifest.json' with { type: 'json' }
import { parseWebhook } from '../cobot/webhooks.ts'
import { type Priority, priority, type Task } from '../core/problems.ts'
import { hashOf } from '../db/crypt.ts'
import type { SpaceRow } from '../db/spaces.ts'
import { change, list, one } from '../db/store.ts'
import { ask } from '../db/work.ts'
import type { Web } from './page.ts'

const bodyMax = 64 * 1024

type Env = { Variables: { space: SpaceRow } }
type Wish = { task: Task; subject: string; priority: Priority }

export const webhooks = (web: Web) => {
  const { db, ports, log, wake } = web

  /** The key in the address is the only credential; it is looked up by its hash. */
  const ofSpace = createMiddleware<Env>(async (c, next) => {
    const hookKeyHash = hashOf(c.req.param('spaceKey') ?? '')
    const space = await one(db.read, 'spaces', { hookKeyHash })
    if (!space) {
      log.warn({}, 'an event with a key of nobody')
      return c.body(null, 404)
    }
    c.set('space', space)
    return next()
  })

  const askFor = async ({ spaceId }: SpaceRow, cause: string, wish: Wish) => {
    const now = ports.clock.now()
    await db.tx(async (tx) => {
      await ask(tx, [{ spaceId, ...wish, runAt: now, cause }], now)
      await change(tx, 'spaces', { spaceId }, { lastEventAt: now })
    })
    wake()
  }

  /** Cobot never calls an address again that says 410: only once everything is settled (F1). */
  const hasReceipt = async ({ spaceId }: SpaceRow) =>
    (await list(db.read, 'receipts', { spaceId, whole: true })).some(({ endedAt }) => endedAt)

  return new Hono<Env>()
    .use('/:spaceKey/*', bodyLimit({ maxSize: bodyMax }), ofSpace)
    .post('/:spaceKey/uninstall', async (c) => {
      await askFor(c.get('space'), 'webhook uninstall', checkInstalled)
      return c.body(null, 204)
    })
    .post('/:spaceKey/:event', async (c) => {
      const { event } = c.req.param()
      const space = c.get('space')
      if (!manifest.cobot.events.includes(event)) return c.body(null, 404)
      if (space.state === 'disconnected') return c.body(null, (await hasReceipt(space)) ? 410 : 204)
      const body: unknown = await c.req.json().catch(() => null)
      if (/_admin$/.test(event)) {
        // Whoever is signed in has to prove anew that they are an admin.
        const { spaceId } = space
        await db.tx((tx) => change(tx, 'sessions', { spaceId }, { adminReadAt: new Date(0) }))
        return c.body(null, 204)
      }
      const wish = wishOf(event, body)
      if (wish) await askFor(space, `webhook ${event}`, wish)
      else log.warn({ spaceId: space.spaceId, event }, 'a webhook could not be read')
      return c.body(null, 204)
    })
}

const sweep = { task: 'sweepCobot', subject: 'space', priority: priority.soon } as const
const checkInstalled = { ...sweep, task: 'checkInstalled' } as const

const wishOf = (event: string, body: unknown): Wish | null => {
  const found = parseWebhook(body)
  const urgency = (usually: Priority) =>
    /^(deleted|canceled)_/.test(event) ? priority.removal : usually
  const { membershipId, bookingId } = found ?? {}
  if (membershipId)
    return { task: 'readMembership', subject: membershipId, priority: urgency(priority.grant) }
  if (bookingId)
    return { task: 'readBooking', subject: bookingId, priority: urgency(priority.soon) }
  const { url } = Object(body) as { url?: unknown }
  // A resource, a visitor, a person, the space: whatever it is, a comparison of everything finds it.
  return found || (typeof url === 'string' && URL.canParse(url)) ? sweep : null
}
