// Claims due subjects, runs their looks, settles them. What follows from an error is said in one
// place, `after-failure.ts`.
import type { Deps } from '../connections/deps.ts'
import { laneOf } from '../connections/lanes.ts'
import { backoffMs } from '../core/backoff.ts'
import { earlier } from '../core/entitlements.ts'
import { Refused, Rejected } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Task } from '../core/problems.ts'
import { replaceProblems } from '../db/problems.ts'
import { one } from '../db/store.ts'
import {
  ask,
  type Claim,
  isWaitingFor,
  LeaseLost,
  lease,
  listDue,
  nextRunAt,
  postpone,
  renewLease,
  settle,
  type WorkRow,
  wakeWaiting,
} from '../db/work.ts'
import { afterFailure, sayWhoIsAway } from './after-failure.ts'
import { type LookState, startLook, type TaskHandler } from './run.ts'

/** Looks of one space at once; one slot is kept for what cannot wait. */
const slotsPerSpace = 4
const slotsPerProcess = 16
const urgentUpTo = 2
/** How many due rows are looked through for one to take. */
const dueAtOnce = 100
/** After so many in a row of one class, the next class gets a turn. */
const turnsInARow = 4
/** How often replicas look for work that others asked for. */
const pollMs = 500

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

  /** Leases what is due and has a slot, most urgent first: in one transaction, so many at most. */
  const claim = (most: number): Promise<Claimed[]> =>
    db.tx(async (tx) => {
      const now = clock.now()
      const full: SpaceId[] = []
      let due = await listDue(tx, now, dueAtOnce)
      // Spaces whose slots are taken may fill the list; others are not kept waiting behind them.
      while (due.rows.length === dueAtOnce && !due.rows.some((row) => isOpen(row, due.running))) {
        full.push(...new Set(due.rows.map((row) => row.spaceId)))
        due = await listDue(tx, now, dueAtOnce, full)
      }
      // Leased and due: the process died over this look. It waits like any that failed, so that one
      // which kills whoever takes it does not keep the others from their turn (T31).
      const isDead = ({ leaseToken }: WorkRow) => leaseToken !== null
      for (const dead of due.rows.filter(isDead))
        await postpone(tx, dead, backoffMs(dead.attempts, random.fraction()), now)
      const rows = new Set(due.rows.filter((each) => !isDead(each)))
      const until = new Date(now.getTime() + config.leaseMs)
      const claimed: Claimed[] = []
      while (claimed.length < most) {
        const row = pick([...rows], due.running)
        if (!row) break
        rows.delete(row)
        due.running.set(row.spaceId, (due.running.get(row.spaceId) ?? 0) + 1)
        const token = Buffer.from(random.bytes(16)).toString('base64url')
        claimed.push({ row, until, claim: await lease(tx, row, { token, until }) })
      }
      return claimed
    })

  const pick = (rows: readonly WorkRow[], running: Running): WorkRow | undefined => {
    const open = rows.filter((row) => isOpen(row, running))
    const tired = streak.length >= turnsInARow
    const row = open.find((each) => !tired || each.priority > streak.class) ?? open[0]
    if (row)
      streak =
        row.priority === streak.class
          ? { ...streak, length: streak.length + 1 }
          : { class: row.priority, length: 1 }
    return row
  }

  const runOne = async ({ row, claim, until }: Claimed): Promise<void> => {
    const held = { until }
    const space = await one(db.read, 'spaces', { spaceId: row.spaceId })
    const handler = handlers[row.task as Task]
    // Of a space that left only what is to be forgotten is still looked at.
    const isAwake = space?.state === 'installed' || row.task === 'tidyUp'
    if (!space || !handler || !isAwake) {
      await db.tx((tx) => settle(tx, claim, { runAt: null, attempts: 0, lastError: null }))
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
        // Waiting for the budget in between takes nothing off: an outage is asked about ever less often.
        attempts: again ? row.attempts + Number(again.countsAsAttempt) : 0,
        lastError: again?.reason ?? null,
        // What is through is looked at next because of its date; nobody else asked for that.
        cause: again ? row.cause : /^sweep/.test(task) ? 'sweep' : 'date',
      })
      await ask(tx, state.asks, now)
      for (const side of ['cobot', 'salto'] as const) {
        // Of several processes one may not have noticed that the side was away.
        const hasWaited = !again && isWaitingFor(row, side)
        if (laneOf(ports, spaceId, side).takeReturn() || hasWaited)
          await wakeWaiting(tx, spaceId, side, now)
      }
    })
  }

  /** Takes what is due as far as there are slots; when the next is due. */
  const fill = async (): Promise<Date | null> => {
    const now = clock.now()
    const next = await nextRunAt(db.read, now)
    if (!next || next > now || running.size >= slotsPerProcess) return next
    for (const claimed of await claim(slotsPerProcess - running.size)) {
      const done: Promise<void> = runOne(claimed)
        .catch((error: unknown) => log.error({ error }, 'a look could not be settled'))
        .finally(() => {
          running.delete(done)
          wakeUp?.()
        })
      running.add(done)
    }
    return nextRunAt(db.read, clock.now())
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
        const [claimed] = await claim(1)
        if (!claimed) return looks
        looks += 1
        await runOne(claimed)
      }
    },
  }
}

type Running = Awaited<ReturnType<typeof listDue>>['running']

/** Has its space a slot for it? */
const isOpen = (row: WorkRow, running: Running): boolean =>
  slotsPerSpace - (running.get(row.spaceId) ?? 0) > (row.priority <= urgentUpTo ? 0 : 1)
