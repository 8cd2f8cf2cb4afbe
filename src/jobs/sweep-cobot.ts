// Compares all of Cobot with what we know, in a fixed number of calls, and asks for looks only at
// what differs. It is also the probe by which a space that Cobot refused comes back by itself.
import manifest from '../../manifest.json' with { type: 'json' }
import type { Cobot } from '../cobot/client.ts'
import { openHookKey, webhookUrl } from '../connections/hooks.ts'
import { jitter } from '../core/backoff.ts'
import { asId, type ResourceId } from '../core/ids.ts'
import { priority } from '../core/problems.ts'
import { forgetBookings, listBookings, listUnseenBookings, saveSnapshot } from '../db/snapshots.ts'
import { intervalsOf } from '../db/spaces.ts'
import { change, list } from '../db/store.ts'
import { wakeParked } from '../db/work.ts'
import { readAllMemberships } from './read-membership.ts'
import type { Look, TaskHandler } from './run.ts'
import { takeInBookings } from './take-in.ts'

const dayMs = 24 * 3600_000

export const sweepCobot: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  const { db, config, ports } = deps
  const startedAt = look.now()
  const again = jitter(config.cobotSweepMs, ports.random.fraction())
  look.lookAgainAt(new Date(startedAt.getTime() + again))
  const cobot = await look.cobot()

  for (const membershipId of await readAllMemberships(look))
    look.ask('readMembership', membershipId, priority.removal)
  await sweepPlansAndResources(look, cobot)
  await sweepBookings(look, cobot)
  await sweepWebhooks(look, cobot)
  await sayWhoHasNoPlan(look)
  await db.tx(async (tx) => {
    await forgetBookings(tx, spaceId, new Date(startedAt.getTime() - 30 * dayMs))
    const refused = { spaceId, side: 'cobot', state: 'refused' } as const
    await change(tx, 'connections', refused, { state: 'ok' })
    await wakeParked(tx, spaceId, 'cobot', look.now())
  })
}

const sweepPlansAndResources = async (look: Look, cobot: Cobot): Promise<void> => {
  const { db } = look.deps
  const { spaceId } = look
  const readAt = look.now()
  const plans = await cobot.listPlans()
  const resources = await cobot.listResources()
  await db.tx(async (tx) => {
    await saveSnapshot(tx, spaceId, 'plan', plans, { readAt, idOf: (plan) => plan.planId })
    const idOf = ({ resourceId }: (typeof resources)[number]) => resourceId
    for (const id of await saveSnapshot(tx, spaceId, 'resource', resources, { readAt, idOf })) {
      const resourceId = asId<ResourceId>(id)
      const affected = await listBookings(tx, spaceId, { after: readAt, resourceId })
      for (const { bookingId } of affected) await look.askIn(tx, 'reconcileBooking', bookingId)
    }
  })
}

/** The list proves absence inside its own range only; whoever is missing is read singly. */
const sweepBookings = async (look: Look, cobot: Cobot): Promise<void> => {
  const readAt = look.now()
  const from = new Date(readAt.getTime() - dayMs)
  const to = new Date(readAt.getTime() + 30 * dayMs)
  await takeInBookings(look, await cobot.listBookings({ from, to }), readAt)
  const { read } = look.deps.db
  for (const { bookingId } of await listUnseenBookings(read, look.spaceId, { from, to, readAt }))
    look.ask('readBooking', bookingId, priority.removal)
}

/** Subscriptions that are missing or were switched off are made anew. */
const sweepWebhooks = async (look: Look, cobot: Cobot): Promise<void> => {
  const { deps, spaceId, space } = look
  const readAt = look.now()
  const hookKey = await openHookKey(deps, space)
  const urlOf = (event: string) => webhookUrl(deps.config.publicUrl, hookKey, event)
  const present = await cobot.listWebhookSubscriptions()
  const ours = present.filter(({ event, callbackUrl }) => callbackUrl === urlOf(event))
  const working = ours.filter((each) => each.active)
  const missing = manifest.cobot.events.filter((e) => !working.some(({ event }) => event === e))
  for (const event of missing) {
    const off = ours.find((each) => each.event === event)
    if (off) await cobot.deleteWebhookSubscription(off.subscriptionId)
    const renewed = await cobot.createWebhookSubscription({ event, callbackUrl: urlOf(event) })
    if (renewed) working.push(renewed)
  }
  const idOf = ({ event }: (typeof working)[number]) => event
  await deps.db.tx((tx) => saveSnapshot(tx, spaceId, 'webhook', working, { readAt, idOf }))
}

/** Members on a team's or custom plan that the space's list does not have open nothing (P09). */
const sayWhoHasNoPlan = async (look: Look): Promise<void> => {
  const { spaceId, space } = look
  for (const membership of await list(look.deps.db.read, 'memberships', {
    spaceId,
    goneAt: null,
  })) {
    const { pairingId, name } = membership
    const without = intervalsOf(space, [membership]).find(({ planId }) => planId === null)
    if (pairingId && without)
      look.problem('P09', `pairing:${pairingId}`, { name: name ?? '', plan: without.planName })
  }
}
