// What can be wrong, by code. Each has one sentence and one action, in `views/locales`.
import type { SpaceId } from './ids.ts'

/** What the button of a problem does; the page of the subject where nothing else fits. */
export type ProblemAction =
  | 'reconnectSalto'
  | 'reconnectCobot'
  | 'connect'
  | 'mapResources'
  | 'plans'
  | 'members'
  | 'restore'
  | 'remove'
  | 'removeUser'
  | 'decide'
  | 'again'

/** Every problem, with its usual action. */
const usually = {
  P01: 'reconnectSalto', // SALTO no longer accepts our permission
  P02: 'reconnectCobot', // Cobot no longer accepts our permission
  P03: 'again', // no free seat
  P04: 'again', // an access group is missing, or several have the plan's name
  P06: 'members', // KS may know this person already
  P07: 'again', // a hub or lock is offline
  P08: 'decide', // a wave of removals waits for an admin
  P09: 'plans', // a plan without mapping
  P10: 'restore', // changed by hand in SALTO
  P11: 'again', // the site's SALTO subscription ended
  P12: 'again', // webhooks off
  P13: 'again', // clock
  P14: 'again', // somebody else changes the same group
  P15: 'again', // the other side is unavailable or refuses
  P16: 'again', // due ends that could not be delivered
  P17: 'connect', // a booker is not connected
  P18: 'again', // a group opens nothing
  P19: 'members', // a tag belongs to somebody else
  P20: 'mapResources', // a resource or lock is gone
  P21: 'again', // the KS user has an administrative role
  P22: 'members', // connected, but nothing to open with
} as const satisfies Record<string, ProblemAction>
export type ProblemCode = keyof typeof usually
export const problemCodes = Object.keys(usually) as ProblemCode[]

export type Problem = {
  code: ProblemCode
  /**
   * What it is about: `pairing:ID`, `booking:ID`, `plan:ID`, `resource:ID` or `space`; with a thing of
   * theirs where several may be wrong at once: `pairing:ID:place:GROUP`.
   */
  subject: string
  /** Names for the sentence. */
  params: Record<string, string>
}

/** As a look says it. What was changed by hand is shown when a second look says the same (R15). */
export type Said = Problem & { takesTwo?: boolean }

/** Giving it back takes something away from somebody. */
export const isWider = ({ change }: Problem['params']): boolean =>
  ['in', 'still', 'unblocked', 'tagUnblocked', 'seatOn'].includes(change ?? '')

/** These are told in Cobot as well: they cannot wait for somebody to open our page. */
export const urgentCodes: readonly ProblemCode[] = ['P01', 'P02', 'P08', 'P16']

const hourMs = 3600_000

/** When an urgent problem is to be told next: at once, after four hours, then daily. */
export const tellAt = ({ since, toldAt }: { since: Date; toldAt: Date | null }): Date => {
  if (!toldAt) return since
  const againAt = new Date(since.getTime() + 4 * hourMs)
  return toldAt < againAt ? againAt : new Date(toldAt.getTime() + 24 * hourMs)
}

export const actionOf = (code: ProblemCode, params: Record<string, string>): ProblemAction => {
  const { what, state, plan, leftover, isAsked } = params
  if (code === 'P04' && (what === 'chosen' || state === 'several')) return 'plans'
  if (code === 'P04' && plan && state === 'missing') return 'restore'
  if (code === 'P10' && leftover === 'users') return 'members'
  if (code === 'P10' && leftover) return leftover === 'user' ? 'removeUser' : 'remove'
  if (code === 'P17' && isAsked) return 'members'
  return usually[code]
}

/** What an admin mends in SALTO KS; here it is only looked at again. */
export const isMendedInSalto = (code: ProblemCode): boolean =>
  ['P03', 'P04', 'P07', 'P11', 'P14', 'P16', 'P18', 'P21'].includes(code)

/** Priority classes of work, most urgent first. */
export const priority = {
  emergency: 0,
  removal: 1,
  soon: 2,
  grant: 3,
  difference: 4,
  cosmetic: 5,
} as const
export type Priority = (typeof priority)[keyof typeof priority]

/** One row of the work table, asked for. */
export type Ask = {
  spaceId: SpaceId
  task: Task
  subject: string
  runAt: Date
  /** What brought it up: `webhook created_booking`, `admin Mara`, `sweep`, `date`. */
  cause: string
  priority: Priority
}

export const tasks = [
  'readMembership',
  'readBooking',
  'sweepCobot',
  'sweepKs',
  'reconcilePlan',
  'reconcilePairing',
  'reconcileBooking',
  'disconnectSite',
  'checkInstalled',
  'tellAdmins',
  'tidyUp',
] as const
export type Task = (typeof tasks)[number]
