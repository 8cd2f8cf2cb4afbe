// Compares all of Cobot with what we know, in a fixed number of calls, and asks for looks only at
// what differs. It is also the probe by which a space that Cobot refused comes back by itself.
import type { Cobot } from '../cobot/client.ts'
import { ensureWebhooks } from '../connections/hooks.ts'
import { jitter } from '../core/backoff.ts'
import { Refused, Rejected } from '../core/errors.ts'
import { asId, type ResourceId } from '../core/ids.ts'
import { findPlan, otherPlans } from '../core/mappings.ts'
import { priority } from '../core/problems.ts'
import { toleranceMs } from '../core/sound-clock.ts'
import { isTimeZone } from '../core/temporal.ts'
import { noteLetIn } from '../db/connections.ts'
import { announce, isOpenSoon } from '../db/guard.ts'
import {
  forgetBookings,
  listBookings,
  listSnapshot,
  listUnseenBookings,
  saveSnapshot,
} from '../db/snapshots.ts'
import { getActiveSite, intervalsOf } from '../db/spaces.ts'
import { change, list, one } from '../db/store.ts'
import { readAllBookings } from './read-booking.ts'
import { readAllMemberships } from './read-membership.ts'
import type { Look, TaskHandler } from './run.ts'

const dayMs = 24 * 3600_000

/** Parts of a sweep, each with its own retry: the budget may end between any two of them. */
const parts: Record<string, (look: Look, cobot: Cobot) => Promise<void>> = {
  profile: (look, cobot) => readSpace(look, cobot),
  memberships: async (look) => {
    for (const membershipId of await readAllMemberships(look))
      look.ask('readMembership', membershipId, priority.removal)
    await sayWhoHasNoPlan(look)
  },
  catalogue: (look, cobot) => sweepPlansAndResources(look, cobot),
  bookings: (look) => sweepBookings(look),
  webhooks: async (look, cobot) => {
    const leaving = { spaceId: look.spaceId, whole: true, endedAt: null }
    if (await one(look.read, 'receipts', leaving)) return
    await ensureWebhooks(look.deps, look.space, cobot).catch((error: unknown) => {
      throw error instanceof Refused ? new Rejected('P12', {}, error.message) : error
    })
  },
}

export const sweepCobot: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  const { config, ports } = deps
  const part = parts[look.work.subject]
  if (!part) {
    for (const name of Object.keys(parts)) look.ask('sweepCobot', name)
    const tidyUp = { spaceId, task: 'tidyUp', subject: 'space' } as const
    if (!(await one(look.read, 'work', tidyUp))) look.ask('tidyUp', 'space', priority.cosmetic)
    sayIfOurClockIsWrong(look)
    const again = jitter(config.cobotSweepMs, ports.random.fraction())
    look.lookAgainAt(new Date(look.now().getTime() + again))
    return
  }
  const cobot = await look.cobot()
  const refused = { spaceId, side: 'cobot', state: 'refused' } as const
  // An answer alone says little: a space that refused us is asked by the fixed probe (R12).
  if (await one(look.read, 'connections', refused)) await cobot.checkSpace()
  await part(look, cobot)
  if (await one(look.read, 'connections', refused))
    await look.tx((tx) => noteLetIn(tx, spaceId, 'cobot', look.now()))
}

const sayIfOurClockIsWrong = (look: Look): void => {
  const correctedMs = look.deps.ports.clock.correctionMs?.() ?? 0
  if (Math.abs(correctedMs) <= toleranceMs) return
  const minutes = Math.round(Math.abs(correctedMs) / 60_000)
  const offset = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
  look.problem('P13', 'space', { offset, state: correctedMs < 0 ? 'ahead' : 'behind' })
}

/** Dates of memberships are days in the space's zone: when it changes, everybody's may move. */
const readSpace = async (look: Look, cobot: Cobot): Promise<void> => {
  const { spaceId } = look
  const { name, timeZone, locale, hourFormat, ...read } = await cobot.getSpace()
  if (read.spaceId !== spaceId || !isTimeZone(timeZone)) return
  await look.tx(async (tx) => {
    const before = await one(tx, 'spaces', { spaceId })
    await change(tx, 'spaces', { spaceId }, { name, timeZone, locale, hourFormat })
    if (before?.timeZone === timeZone) return
    for (const { pairingId } of await list(tx, 'pairings', { spaceId }))
      await look.askIn(tx, 'reconcilePairing', pairingId)
  })
}

const sweepPlansAndResources = async (look: Look, cobot: Cobot): Promise<void> => {
  const { spaceId } = look
  const readAt = look.now()
  const plans = await cobot.listPlans()
  const resources = await cobot.listResources()
  await look.tx(async (tx) => {
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
const sweepBookings = async (look: Look): Promise<void> => {
  const { spaceId } = look
  const listed = await readAllBookings(look)
  const unseen = await listUnseenBookings(look.read, spaceId, listed)
  const bookingId = unseen.map((each) => each.bookingId)
  for (const id of bookingId) look.ask('readBooking', id, priority.removal)
  const longAgo = new Date(listed.readAt.getTime() - 30 * dayMs)
  await look.tx(async (tx) => {
    const groups = await list(tx, 'bookingGroups', { spaceId, bookingId })
    const soon = groups.filter((row) => isOpenSoon(row, look.now()))
    const losing = soon.map((row) => ({
      subject: `booking:${row.bookingId}`,
      evidence: 'direct' as const,
      accessGroupIds: [],
    }))
    await announce(tx, spaceId, losing, (subject) => subject.startsWith('booking:'), look.now())
    await forgetBookings(tx, spaceId, longAgo)
  })
}

/** Members on plans that the space's list does not have open nothing, unless an admin chose (P09). */
const sayWhoHasNoPlan = async (look: Look): Promise<void> => {
  const { read, spaceId, space } = look
  const site = await getActiveSite(read, spaceId)
  if (!site) return
  if (await one(read, 'planGroups', { spaceId, siteId: site.siteId, planId: otherPlans })) return
  const plans = await listSnapshot(read, spaceId, 'plan')
  for (const membership of await list(read, 'memberships', { spaceId, goneAt: null })) {
    const { pairingId, name } = membership
    const without = intervalsOf(space, [membership]).find(
      (interval) => findPlan(interval, plans) === otherPlans,
    )
    if (pairingId && without)
      look.problem('P09', `pairing:${pairingId}`, { name: name ?? '', plan: without.planName })
  }
}
