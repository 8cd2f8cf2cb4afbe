// What follows from each kind of failure of a look: when it is tried again, and what is said of it.
import { cobotOf } from '../connections/cobot.ts'
import type { Deps } from '../connections/deps.ts'
import { laneOf } from '../connections/lanes.ts'
import { noteSaltoRefusal, saltoOf } from '../connections/salto.ts'
import { backoffMs } from '../core/backoff.ts'
import { earlier } from '../core/entitlements.ts'
import {
  ReconnectNeeded,
  Refused,
  Rejected,
  RetryLater,
  type Side,
  Unavailable,
} from '../core/errors.ts'
import { asId, type BookingId, type PairingId } from '../core/ids.ts'
import { type Problem, type ProblemCode, priority, type Task } from '../core/problems.ts'
import { getActiveSite } from '../db/spaces.ts'
import { change, list, one } from '../db/store.ts'
import type { WorkRow } from '../db/work.ts'
import { isNotYetThere } from '../salto/assumed.ts'
import type { LookState } from './run.ts'

const rejectedAgainMs = 6 * 3600_000
const awayForMs = 60_000
const speakers = {
  cobot: { task: 'sweepCobot', subject: 'memberships' },
  salto: { task: 'sweepKs', subject: 'space' },
} as const satisfies Record<Side, { task: Task; subject: string }>
const refusedAgainMs = 15 * 60_000
/** A refusal may pass, and somebody may be inside meanwhile: 1, 4, 16, 64 min, then every 6 h. */
const refusedSubjectMs = (attempts: number) =>
  Math.min(60_000 * 4 ** Math.min(attempts, 10), rejectedAgainMs)
/** For about two minutes after a user was made, SALTO may not know them everywhere. */
const notYetThereMs = 15_000
const notYetThereTries = 10
/** After so many failures in a row, half a minute at most of waiting between them, it is said. */
const quietTries = 5

export type Again = { afterMs: number; countsAsAttempt: boolean; reason: string }

/** What follows from each kind of failure. */
export const afterFailure = async (deps: Deps, row: WorkRow, state: LookState): Promise<Again> => {
  const { failure } = state
  const { log, ports } = deps
  const facts = { spaceId: row.spaceId, task: row.task, subject: row.subject, error: failure }
  if (failure instanceof RetryLater) {
    const { afterMs, message: reason, side, isTooMany } = failure
    // Down, and asking for one pause after another: it is asked ever less often all the same.
    if (!side || isTooMany) return { afterMs, countsAsAttempt: false, reason }
    const backoff = backoffMs(row.attempts, ports.random.fraction())
    return { afterMs: Math.max(afterMs, backoff), countsAsAttempt: true, reason }
  }
  if (failure instanceof Unavailable) {
    log.warn(facts, 'will be tried again')
    // It answers, but with nothing that we can use.
    const isAway = laneOf(ports, row.spaceId, failure.side).awaySince() !== null
    if (!isAway && row.attempts >= quietTries)
      await say(deps, row, state, 'P15', { side: failure.side })
    const afterMs = backoffMs(row.attempts, ports.random.fraction())
    return { afterMs, countsAsAttempt: true, reason: failure.message }
  }
  if (failure instanceof Rejected) {
    await say(deps, row, state, failure.problem, failure.params)
    return { afterMs: rejectedAgainMs, countsAsAttempt: true, reason: failure.message }
  }
  if (failure instanceof ReconnectNeeded) {
    if (failure.side === 'salto' && (await noteSaltoRefusal(deps, row.spaceId)))
      return { afterMs: 0, countsAsAttempt: false, reason: failure.message }
    if (failure.side === 'cobot') await noteCobotRefusal(deps, row)
    return parked(deps, row, state, failure.side)
  }
  if (failure instanceof Refused) {
    // Of a site that says so nobody was just made: our account is not let in there.
    if (kinds[row.task] && isNotYetThere(failure) && row.attempts < notYetThereTries)
      return { afterMs: notYetThereMs, countsAsAttempt: true, reason: failure.message }
    log.warn(facts, 'refused')
    const { side } = failure
    const probed = await probe(deps, row, side)
    if (probed === 'well') return refusedSubject(deps, row, state, failure)
    if (probed === 'refused') {
      if (side === 'cobot') await noteCobotRefusal(deps, row)
      return parked(deps, row, state, side)
    }
  }
  if (!(failure instanceof Refused)) log.error(facts, 'a look failed')
  if (row.attempts >= quietTries) await say(deps, row, state, 'P15')
  const afterMs = backoffMs(row.attempts, ports.random.fraction())
  return {
    afterMs,
    countsAsAttempt: true,
    // A library's words may carry what it failed on; the log has where.
    reason: failure instanceof Refused ? failure.message : 'failed',
  }
}

/** The sweep of that side speaks for the space, and probes until it is let in again. */
const parked = ({ ports }: Deps, row: WorkRow, state: LookState, side: Side): Again => {
  const sweep: Task = side === 'cobot' ? 'sweepCobot' : 'sweepKs'
  const reason = `reconnect ${side}`
  if (row.task === sweep) {
    state.problems.push({ code: side === 'cobot' ? 'P02' : 'P01', subject: 'space', params: {} })
    const afterMs = Math.min(refusedAgainMs, 60_000 * 2 ** Math.min(row.attempts, 10))
    return { afterMs, countsAsAttempt: true, reason }
  }
  const { spaceId, cause } = row
  const runAt = ports.clock.now()
  state.asks.push({ spaceId, task: sweep, subject: 'space', runAt, cause, priority: priority.soon })
  return { afterMs: refusedAgainMs, countsAsAttempt: true, reason }
}

/** A side away for a minute is a problem. One sweep says so, and looks every minute if it is over. */
export const sayWhoIsAway = (
  { ports }: Deps,
  { spaceId, task, subject, cause }: WorkRow,
  state: LookState,
) => {
  const now = ports.clock.now()
  for (const side of ['cobot', 'salto'] as const) {
    const since = laneOf(ports, spaceId, side).awaySince()
    if (!since) continue
    const sayAt = new Date(since.getTime() + awayForMs)
    const speaker = speakers[side]
    if (task !== speaker.task || subject !== speaker.subject) {
      const asked = { ...speaker, spaceId, runAt: sayAt, cause, priority: priority.soon }
      if (now < sayAt) state.asks.push(asked)
      continue
    }
    if (now >= sayAt) {
      const params = { side: side === 'cobot' ? 'Cobot' : 'SALTO KS', state: 'away' }
      state.problems.push({ code: 'P15', subject: side, params })
    }
    const again = new Date(now.getTime() + awayForMs)
    state.nextAt = earlier(state.nextAt, now < sayAt ? sayAt : again)
  }
}

const refusedSubject = async (
  deps: Deps,
  row: WorkRow,
  state: LookState,
  { side, status, code }: Refused,
): Promise<Again> => {
  await say(deps, row, state, 'P15', { side, status: String(status), code: code ?? '' })
  const afterMs = refusedSubjectMs(row.attempts)
  return { afterMs, countsAsAttempt: true, reason: `${side} said ${status}` }
}

const kinds: Partial<Record<string, string>> = {
  reconcilePairing: 'pairing',
  reconcileBooking: 'booking',
  reconcilePlan: 'plan',
}

/** What failed is said of its subject, by the name of the person whom it is for. */
const say = async (
  { db }: Deps,
  { spaceId, task, subject: id }: WorkRow,
  state: LookState,
  code: ProblemCode,
  params: Problem['params'] = {},
) => {
  const kind = kinds[task]
  const bookingId = asId<BookingId>(id)
  const booking = kind === 'booking' ? await one(db.read, 'bookings', { spaceId, bookingId }) : null
  const { membershipId, external } = booking ?? {}
  const whose =
    kind === 'pairing' ? { pairingId: asId<PairingId>(id) } : membershipId && { membershipId }
  const people = whose ? await list(db.read, 'memberships', { spaceId, ...whose }) : []
  const name = people.find((each) => each.name)?.name ?? external?.name
  const subject = kind ? `${kind}:${id}` : id
  state.problems.push({ code, subject, params: { ...(name && { name }), ...params } })
}

const noteCobotRefusal = ({ db }: Deps, { spaceId }: WorkRow) =>
  db.tx((tx) => change(tx, 'connections', { spaceId, side: 'cobot' }, { state: 'refused' }))

/** A refusal concerns the space only if the fixed probe is refused as well; else its subject (R12). */
const probe = async (
  deps: Deps,
  row: WorkRow,
  side: Side,
): Promise<'well' | 'refused' | 'unknown'> => {
  try {
    if (side === 'cobot') {
      const cobot = await cobotOf(deps, row.spaceId, { urgent: true })
      await cobot.checkSpace()
      return 'well'
    }
    const site = await getActiveSite(deps.db.read, row.spaceId)
    if (!site) return 'well'
    const ks = saltoOf(deps, row.spaceId)
    const [me, now] = await Promise.all([ks.getMe(site.siteId), ks.getSite(site.siteId)])
    return me !== null && now?.subscriptionValid === true ? 'well' : 'refused'
  } catch (error) {
    return error instanceof Refused || error instanceof ReconnectNeeded ? 'refused' : 'unknown'
  }
}
