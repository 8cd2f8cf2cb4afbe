// Claims due subjects, runs their looks, settles them. The one `catch` here is the whole policy of
// what follows from an error.

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
import { priority, type Task } from '../core/problems.ts'
import { replaceProblems } from '../db/problems.ts'
import { getActiveSite } from '../db/spaces.ts'
import { change, one } from '../db/store.ts'
import {
  ask,
  type Claim,
  LeaseLost,
  lease,
  listDue,
  nextRunAt,
  postpone,
  renewLease,
  settle,
  type WorkRow,
} from '../db/work.ts'
import { isNotYetThere } from '../salto/assumed.ts'
import { type LookState, startLook, type TaskHandler } from './run.ts'

/** Looks of one space at once; one slot is kept for what cannot wait. */
const slotsPerSpace = 4
const slotsPerProcess = 16
const urgentUpTo = 2
/** After so many in a row of one class, the next class gets a turn. */
const turnsInARow = 4
/** How often replicas look for work that others asked for. */
const pollMs = 500
const rejectedAgainMs = 6 * 3600_000
const awayForMs = 60_000
const speakers = {
  cobot: { task: 'sweepCobot', subject: 'memberships' },
  salto: { task: 'sweepKs', subject: 'space' },
} as const satisfies Record<Side, { task: Task; subject: string }>
const refusedAgainMs = 15 * 60_000
/** For about two minutes after a user was made, SALTO may not know them everywhere. */
const notYetThereMs = 15_000
const notYetThereTries = 10
/** After so many failures in a row, half a minute at most of waiting between them, it is said. */
const quietTries = 5

export type Worker = {
  start(): void
  /** Looks for work at once: something was just asked for. */
  wake(): void
  /** Takes no more work and waits for what is running. */
  stop(): Promise<void>
  /** Runs everything that is due now, and what comes of it, to the end. Returns how many looks. */
  drain(): Promise<number>
}

type Claimed = { row: WorkRow; claim: Claim; until: Date }

export const createWorker = (deps: Deps, handlers: Record<Task, TaskHandler>): Worker => {
  const { db, ports, config, log } = deps
  const { clock, random } = ports
  const running = new Set<Promise<void>>()
  let stopped = true
  let wakeUp: (() => void) | null = null
  let streak = { class: -1, length: 0 }

  const claim = (): Promise<Claimed | null> =>
    db.tx(async (tx) => {
      const now = clock.now()
      const due = await listDue(tx, now, 100)
      // Leased and due: the process died over this look. It waits like any that failed, so that one
      // which kills whoever takes it does not keep the others from their turn (T31).
      const isDead = ({ leaseToken }: WorkRow) => leaseToken !== null
      for (const dead of due.rows.filter(isDead))
        await postpone(tx, dead, backoffMs(dead.attempts, random.fraction()), now)
      const row = pick({ ...due, rows: due.rows.filter((each) => !isDead(each)) })
      if (!row) return null
      const token = Buffer.from(random.bytes(16)).toString('base64url')
      const until = new Date(now.getTime() + config.leaseMs)
      streak =
        row.priority === streak.class
          ? { ...streak, length: streak.length + 1 }
          : { class: row.priority, length: 1 }
      return { row, until, claim: await lease(tx, row, { token, until }) }
    })

  const pick = ({ rows, running }: Awaited<ReturnType<typeof listDue>>): WorkRow | undefined => {
    const open = rows.filter((row) => {
      const free = slotsPerSpace - (running.get(row.spaceId) ?? 0)
      return free > (row.priority <= urgentUpTo ? 0 : 1)
    })
    const tired = streak.length >= turnsInARow
    return open.find((row) => !tired || row.priority > streak.class) ?? open[0]
  }

  const runOne = async ({ row, claim, until }: Claimed): Promise<void> => {
    const held = { until }
    const space = await one(db.read, 'spaces', { spaceId: row.spaceId })
    const handler = handlers[row.task as Task]
    if (!space || !handler || space.state !== 'installed') {
      await db.tx((tx) =>
        settle(tx, claim, { runAt: null, attempts: 0, lastError: null, now: clock.now() }),
      )
      return
    }
    const stopRenewing = keepLease(claim.token, held)
    const { look, state } = startLook(deps, space, row, () => clock.now() < held.until)
    try {
      try {
        await handler(look)
      } catch (error) {
        state.failure = error
      }
      await finish(row, claim, state)
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error
      log.warn({ task: row.task, spaceId: row.spaceId }, 'lost a lease; somebody else goes on')
    } finally {
      stopRenewing()
    }
  }

  /** Renews at a quarter of the lease while the look is running. */
  const keepLease = (token: string, held: { until: Date }): (() => void) => {
    let cancel = () => {}
    let over = false
    const renew = async () => {
      const until = new Date(clock.now().getTime() + config.leaseMs)
      try {
        const isOurs = await db.tx((tx) => renewLease(tx, token, until))
        held.until = isOurs ? until : new Date(0)
      } catch (error) {
        log.warn({ error }, 'could not renew a lease')
      }
      if (!over) schedule()
    }
    const schedule = () => {
      cancel = clock.after(config.leaseMs / 4, () => void renew())
    }
    schedule()
    return () => {
      over = true
      cancel()
    }
  }

  const finish = async (row: WorkRow, claim: Claim, state: LookState): Promise<void> => {
    if (state.failure instanceof LeaseLost) throw state.failure
    const again = state.failure === null ? null : await afterFailure(deps, row, state)
    if (again) sayWhoIsAway(deps, row, state)
    await db.tx(async (tx) => {
      const now = clock.now()
      const { spaceId, task, subject } = row
      const source = `${task}:${subject}`
      const { failure } = state
      const isRefused = failure instanceof Rejected || failure instanceof Refused
      const reach = !failure ? 'whole' : isRefused ? 'refused' : 'cut'
      const sureFrom = await replaceProblems(tx, spaceId, source, state.problems, now, reach)
      const nextAt = earlier(state.nextAt, sureFrom)
      await settle(tx, claim, {
        runAt: earlier(again ? new Date(now.getTime() + again.afterMs) : null, nextAt),
        attempts: again?.countsAsAttempt ? row.attempts + 1 : 0,
        lastError: again?.reason ?? null,
        now,
      })
      await ask(tx, state.asks, now)
    })
  }

  /** Takes what is due as far as there are slots; when the next is due. */
  const fill = async (): Promise<Date | null> => {
    for (;;) {
      const now = clock.now()
      const next = await nextRunAt(db.read, now)
      if (!next || next > now || running.size >= slotsPerProcess) return next
      const claimed = await claim()
      if (!claimed) return next
      const done: Promise<void> = runOne(claimed)
        .catch((error: unknown) => log.error({ error }, 'a look could not be settled'))
        .finally(() => {
          running.delete(done)
          wakeUp?.()
        })
      running.add(done)
    }
  }

  const loop = async () => {
    while (!stopped) {
      const woken = new Promise<void>((resolve) => {
        wakeUp = resolve
      })
      const next = await fill().catch((error: unknown) => {
        log.error({ error }, 'could not look for work')
        return null
      })
      const now = clock.now()
      // What is due and was not taken waits for a slot: whoever gives one back wakes us.
      const waitMs = next && next > now ? next.getTime() - now.getTime() : pollMs
      const cancel = clock.after(Math.min(waitMs, pollMs), () => wakeUp?.())
      await woken
      cancel()
    }
  }
  let looping: Promise<void> = Promise.resolve()

  return {
    start: () => {
      stopped = false
      looping = loop()
    },
    wake: () => wakeUp?.(),
    stop: async () => {
      stopped = true
      wakeUp?.()
      await looping
      await Promise.all(running)
    },
    drain: async () => {
      let looks = 0
      for (;;) {
        const claimed = await claim()
        if (!claimed) return looks
        looks += 1
        await runOne(claimed)
      }
    },
  }
}

type Again = { afterMs: number; countsAsAttempt: boolean; reason: string }

/** What follows from each kind of failure. */
const afterFailure = async (deps: Deps, row: WorkRow, state: LookState): Promise<Again> => {
  const { failure } = state
  const { log, ports } = deps
  const facts = { spaceId: row.spaceId, task: row.task, subject: row.subject, error: failure }
  if (failure instanceof RetryLater)
    return { afterMs: failure.afterMs, countsAsAttempt: false, reason: failure.message }
  if (failure instanceof Unavailable) {
    log.warn(facts, 'will be tried again')
    // It answers, but with nothing that we can use.
    const isAway = laneOf(ports, row.spaceId, failure.side).awaySince() !== null
    if (!isAway && row.attempts >= quietTries)
      state.problems.push({ code: 'P15', subject: row.subject, params: { side: failure.side } })
    const afterMs = backoffMs(row.attempts, ports.random.fraction())
    return { afterMs, countsAsAttempt: true, reason: failure.message }
  }
  if (failure instanceof Rejected) {
    state.problems.push({ code: failure.problem, subject: row.subject, params: failure.params })
    return { afterMs: rejectedAgainMs, countsAsAttempt: true, reason: failure.message }
  }
  if (failure instanceof ReconnectNeeded) {
    if (failure.side === 'salto' && (await noteSaltoRefusal(deps, row.spaceId)))
      return { afterMs: 0, countsAsAttempt: false, reason: failure.message }
    if (failure.side === 'cobot') await noteCobotRefusal(deps, row)
    return parked(deps, row, state, failure.side)
  }
  if (failure instanceof Refused) {
    if (isNotYetThere(failure) && row.attempts < notYetThereTries)
      return { afterMs: notYetThereMs, countsAsAttempt: true, reason: failure.message }
    log.warn(facts, 'refused')
    const { side } = failure
    const probed = await probe(deps, row, side)
    if (probed === 'well') return refusedSubject(row, state, failure)
    if (probed === 'refused') {
      if (side === 'cobot') await noteCobotRefusal(deps, row)
      return parked(deps, row, state, side)
    }
  }
  if (!(failure instanceof Refused)) log.error(facts, 'a look failed')
  if (row.attempts >= quietTries)
    state.problems.push({ code: 'P15', subject: row.subject, params: {} })
  const afterMs = backoffMs(row.attempts, ports.random.fraction())
  return {
    afterMs,
    countsAsAttempt: true,
    reason: failure instanceof Error ? failure.message : 'failed',
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
const sayWhoIsAway = (
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

const refusedSubject = (row: WorkRow, state: LookState, { side, status, code }: Refused): Again => {
  const params = { side, status: String(status), code: code ?? '' }
  state.problems.push({ code: 'P15', subject: row.subject, params })
  return { afterMs: rejectedAgainMs, countsAsAttempt: true, reason: `${side} said ${status}` }
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
