// Every write to KS goes through here: no write without a live lease, none without an audit row. The
// row is there before the call, so that a write whose process died is explained as well.
import { Refused, Rejected } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import { appendAudit, countDone } from '../db/audit.ts'
import { LeaseLost } from '../db/work.ts'
import type { Salto } from '../salto/client.ts'
import type { Deps } from './deps.ts'

const writes = [
  'createSiteUser',
  'updateSiteUser',
  'setSeat',
  'assignTag',
  'takeTagOff',
  'blockKey',
  'allowPin',
  'givePin',
  'createAccessGroup',
  'joinAccessGroup',
  'leaveAccessGroup',
  'removeGroupUser',
  'addGroupLock',
  'removeGroupLock',
  'createSchedule',
  'updateSchedule',
  'deleteSchedule',
  'deleteAccessGroup',
  'deleteSiteUser',
] as const
type Write = (typeof writes)[number]

export type KsWrites = Pick<Salto, Write>
export type KsReads = Omit<Salto, Write>

/** More often than this in an hour the very same is done only if somebody undoes it each time. */
const sameWrites = { max: 3, withinMs: 60 * 60_000 }
/** Takes access away: never held back, and what we undid ourselves nobody else has undone. */
const isUndoing = (action: string, target: Record<string, string>) =>
  /^(take|block|leave|remove|delete)/.test(action) || target.seat === 'suspended'
/** Nor is letting somebody in again. */
const mayFight = (action: Write, target: Record<string, string>) =>
  !isUndoing(action, target) && !('blocked' in target)

/** On whose behalf something is written. */
export type Run = {
  spaceId: SpaceId
  task: string
  subject: string
  cause: string
  /** What the next write rests on. */
  reason: string
  /** Did this run change anything in KS, or try to? */
  wrote: boolean
  leaseIsLive(): boolean
}

export const ksWrites = ({ db, ports }: Pick<Deps, 'db' | 'ports'>, salto: Salto, run: Run) => {
  const audited =
    (action: Write) =>
    async (...args: unknown[]) => {
      const checkLease = () => {
        if (!run.leaseIsLive()) throw new LeaseLost(`no lease for ${action} in ${run.task}`)
      }
      const { spaceId, cause, task, subject, reason } = run
      const what = { task, subject, action, target: targetOf(args) }
      const note = (result: string, answer?: unknown) => {
        const entry = { ...what, target: targetOf([...args, answer]), cause, reason, result }
        return db.tx((tx) => appendAudit(tx, spaceId, { at: ports.clock.now(), ...entry }))
      }
      checkLease()
      // An admin's own click is somebody's will.
      if (mayFight(action, what.target) && !cause.startsWith('admin ')) {
        const since = new Date(ports.clock.now().getTime() - sameWrites.withinMs)
        if ((await countDone(db.read, spaceId, what, since, isUndoing)) > sameWrites.max)
          throw new Rejected('P14', { action }, `${action} for ${subject} is undone each time`)
      }
      await note('asked')
      run.wrote = true
      let answer: unknown
      try {
        checkLease()
        answer = await (salto[action] as (...args: unknown[]) => Promise<unknown>)(...args)
      } catch (error) {
        await note(resultOf(error))
        throw error
      }
      await note('done', answer)
      return answer
    }
  return Object.fromEntries(writes.map((action) => [action, audited(action)])) as KsWrites
}

const resultOf = (error: unknown): string => {
  if (error instanceof Refused) return `Refused ${error.status} ${error.code ?? ''}`.trim()
  return error instanceof Error ? error.constructor.name : 'failed'
}

/** Ids, hours and states; names of people stay out. */
const spoken = /Id$|Local$|^seat$|^blocked$/
const targetOf = (args: unknown[]): Record<string, string> =>
  Object.fromEntries(
    args
      .flatMap((arg) => (typeof arg === 'string' ? [['id', arg]] : Object.entries(arg ?? {})))
      .filter(([key, value]) => (spoken.test(String(key)) || key === 'id') && value !== undefined)
      .map(([key, value]) => [key, String(value)]),
  )
