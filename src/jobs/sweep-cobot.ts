// Compares all of Cobot with what we know, in a fixed number of calls, and asks for looks only at
// what differs. It is also the probe by which a space that Cobot refused comes back by itself.
import manifest from '../../manifest.json' with { type: 'json' }
import type { Cobot } from '../cobot/client.ts'
import { openHookKey, webhookUrl } from '../connections/hooks.ts'
import { jitter } from '../core/backoff.ts'
import { planIntervals } from '../core/entitlements.ts'
import { priority } from '../core/problems.ts'
import {
  forgetOldBookings,
  listBookings,
  listBookingsUnseen,
  listMemberships,
  savePlans,
  saveResources,
} from '../db/cobot-snapshot.ts'
import { getConnection, setConnectionState } from '../db/connections.ts'
import { saveWebhookSubscriptions } from '../db/webhooks.ts'
import { wakeParked } from '../db/work.ts'
import { readAllMemberships } from './read-membership.ts'
import type { Look, TaskHandler } from './run.ts'
import { takeInBookings } from './take-in.ts'

const dayMs = 24 * 3600_000

export const sweepCobot: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  const { db, config, ports } = deps
  const again = jitter(config.cobotSweepMs, ports.random.fraction())
  look.lookAgainAt(new Date(look.now().getTime() + again))
  const cobot = await look.cobot()

  const absent = await readAllMemberships(look)
  for (const membershipId of absent) look.ask('readMembership', membershipId, priority.removal)

  const plansAt = look.now()
  const plans = await cobot.listPlans()
  await db.tx((tx) => savePlans(tx, spaceId, plans, plansAt))

  const resourcesAt = look.now()
  const resources = await cobot.listResources()
  await db.tx(async (tx) => {
    for (const resourceId of await saveResources(tx, spaceId, resources, resourcesAt)) {
      const affected = await listBookings(tx, spaceId, { after: look.now(), resourceId })
      for (const { bookingId } of affected) await look.askIn(tx, 'reconcileBooking', bookingId)
    }
  })

  const readAt = look.now()
  const from = new Date(readAt.getTime() - dayMs)
  const to = new Date(readAt.getTime() + 30 * dayMs)
  const bookings = await cobot.listBookings({ from, to })
  await takeInBookings(look, bookings, readAt)
  const unseen = await listBookingsUnseen(db.read, spaceId, { from, to, readAt })
  for (const bookingId of unseen) look.ask('readBooking', bookingId, priority.removal)

  await sweepWebhooks(look, cobot)
  await sayWhoHasNoPlan(look)
  await db.tx(async (tx) => {
    await forgetOldBookings(tx, spaceId, new Date(readAt.getTime() - 30 * dayMs))
    const connection = await getConnection(tx, spaceId, 'cobot')
    if (connection?.state !== 'refused') return
    await setConnectionState(tx, spaceId, 'cobot', connection.version, 'ok')
    await wakeParked(tx, spaceId, 'cobot', look.now())
  })
}

/** Subscriptions that are missing or were switched off are made anew. */
const sweepWebhooks = async (look: Look, cobot: Cobot): Promise<void> => {
  const { deps, spaceId, space } = look
  const hookKey = await openHookKey(deps, space)
  const urlOf = (event: string) => webhookUrl(deps.config.publicUrl, hookKey, event)
  const present = await cobot.listWebhookSubscriptions()
  const ours = present.filter(({ event, callbackUrl }) => callbackUrl === urlOf(event))
  const active = new Set(ours.filter((each) => each.active).map(({ event }) => event))
  for (const event of manifest.cobot.events.filter((each) => !active.has(each))) {
    const off = ours.find((each) => each.event === event)
    if (off) await cobot.deleteWebhookSubscription(off.subscriptionId)
    const renewed = await cobot.createWebhookSubscription({ event, callbackUrl: urlOf(event) })
    if (renewed) ours.push(renewed)
  }
  await deps.db.tx((tx) =>
    saveWebhookSubscriptions(
      tx,
      spaceId,
      ours.filter((each) => each.active),
      look.now(),
    ),
  )
}

/** Members on a team's or custom plan that the space's list does not have open nothing (P09). */
const sayWhoHasNoPlan = async (look: Look): Promise<void> => {
  const rules = { timeZone: look.space.timeZone, ...look.space.settings }
  for (const membership of await listMemberships(look.deps.db.read, look.spaceId)) {
    const without = planIntervals(membership, rules).find(({ planId }) => planId === null)
    if (membership.pairingId && without)
      look.problem('P09', `pairing:${membership.pairingId}`, {
        name: membership.name ?? '',
        plan: without.planName,
      })
  }
}
