// One look at one subject: what a task is handed, and what it leaves behind.

import type { Cobot } from '../cobot/client.ts'
import { cobotOf } from '../connections/cobot.ts'
import type { Deps } from '../connections/deps.ts'
import {
  type KsReads,
  type Run as KsRun,
  type KsWrites,
  ksWrites,
} from '../connections/ks-writes.ts'
import { saltoOf } from '../connections/salto.ts'
import { earlier } from '../core/entitlements.ts'
import { RetryLater } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import {
  type Ask,
  type Priority,
  type ProblemCode,
  priority,
  type Said,
  type Task,
} from '../core/problems.ts'
import type { Db, Tx } from '../db/open.ts'
import type { SpaceRow } from '../db/spaces.ts'
import { ask, LeaseLost, type WorkRow } from '../db/work.ts'

export type Look = {
  deps: Deps
  space: SpaceRow
  spaceId: SpaceId
  work: WorkRow
  /** The database, for reading and for a transaction of the look's own. */
  read: Tx
  tx: Db['tx']
  now(): Date
  cobot(): Promise<Cobot>
  ks: KsReads
  ksWrite: KsWrites
  /** What the writes that follow rest on, for the audit: ids, instants, words of evidence; no names. */
  because(reason: string): void
  /** Did this look change anything in KS? */
  hasWritten(): boolean
  /** Sees to it that the subject is looked at again at this instant, however this look ends (R3). */
  lookAgainAt(at: Date | null): void
  problem(code: ProblemCode, subject: string, params?: Record<string, string>): void
  /** Somebody changed this by hand in KS, if the next look says the same (R15). */
  suspect(subject: string, params: Record<string, string>): void
  /** Runs a step; the look goes on when it fails, and reports the worst that happened (R6). */
  attempt(step: () => Promise<unknown>): Promise<boolean>
  /** Asks for looks at others, in the transaction that settles this one. */
  ask(task: Task, subject: string, urgency?: Priority, afterMs?: number): void
  /** Asks in a transaction of the look's own, together with the change that causes it. */
  askIn(tx: Tx, task: Task, subject: string, urgency?: Priority): Promise<void>
}

export type LookState = { nextAt: Date | null; problems: Said[]; asks: Ask[]; failure: unknown }

/** A task: looks at one subject, reads the truth and converges. */
export type TaskHandler = (look: Look) => Promise<void>

/** These ask although a side refused us before. */
const probing: Task[] = ['sweepCobot', 'sweepKs', 'tellAdmins', 'disconnectSite', 'checkInstalled']

export const startLook = (
  deps: Deps,
  space: SpaceRow,
  work: WorkRow,
  leaseIsLive: () => boolean,
): { look: Look; state: LookState } => {
  const { spaceId } = space
  const state: LookState = { nextAt: null, problems: [], asks: [], failure: null }
  const probe = probing.includes(work.task)
  const insists = work.priority === priority.emergency
  const salto = saltoOf(deps, spaceId, { probe, insists })
  const run: KsRun = {
    spaceId,
    task: work.task,
    subject: work.subject,
    cause: work.cause,
    reason: '',
    wrote: false,
    leaseIsLive,
  }
  const askFor = (
    task: Task,
    subject: string,
    urgency: Priority = priority.grant,
    afterMs = 0,
  ): Ask => {
    const runAt = new Date(deps.ports.clock.now().getTime() + afterMs)
    return { spaceId, task, subject, runAt, cause: work.cause, priority: urgency }
  }
  const look: Look = {
    deps,
    space,
    spaceId,
    work,
    read: deps.db.read,
    tx: deps.db.tx,
    now: () => deps.ports.clock.now(),
    cobot: () => cobotOf(deps, spaceId, { probe, insists, urgent: work.priority <= priority.soon }),
    ks: salto,
    ksWrite: ksWrites(deps, salto, run),
    because: (reason) => {
      run.reason = reason
    },
    hasWritten: () => run.wrote,
    lookAgainAt: (at) => {
      state.nextAt = earlier(at, state.nextAt)
    },
    problem: (code, subject, params = {}) => {
      state.problems.push({ code, subject, params })
    },
    suspect: (subject, params) => {
      state.problems.push({ code: 'P10', subject, params, takesTwo: true })
    },
    attempt: async (step) => {
      const { reason } = run
      try {
        await step()
        return true
      } catch (error) {
        if (error instanceof LeaseLost) throw error
        state.failure ??= error
        return false
      } finally {
        run.reason = reason
      }
    },
    ask: (...args) => {
      state.asks.push(askFor(...args))
    },
    askIn: (tx, ...args) => ask(tx, [askFor(...args)], deps.ports.clock.now()),
  }
  return { look, state }
}

/** A create whose answer was lost is looked for, and not repeated before this time is over. */
export const settleFirst = (look: Look, since: Date): void => {
  const leftMs = look.deps.config.settleMs - (look.now().getTime() - since.getTime())
  if (leftMs > 0) throw new RetryLater('what was created may still be appearing', leftMs)
}
