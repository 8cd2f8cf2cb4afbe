// What can be wrong, by code. Each has one sentence and one action, in `views/locales`.
import type { SpaceId } from './ids.ts'

export const problemCodes = [
  'P01', // SALTO no longer accepts our permission
  'P02', // Cobot no longer accepts our permission
  'P03', // no free seat
  'P04', // an access group is missing, or several have the plan's name
  'P06', // KS may know this person already
  'P07', // a hub or lock is offline
  'P08', // a wave of removals waits for an admin
  'P09', // a plan without mapping
  'P10', // changed by hand in SALTO
  'P11', // the site's SALTO subscription ended
  'P12', // webhooks off
  'P13', // clock
  'P14', // somebody else changes the same group
  'P15', // the other side is unavailable or refuses
  'P16', // due ends that could not be delivered
  'P17', // a booker is not connected
  'P18', // a group opens nothing
  'P19', // a tag belongs to somebody else
  'P20', // a resource or lock is gone
  'P21', // the KS user has an administrative role
  'P22', // connected, but nothing to open with
] as const
export type ProblemCode = (typeof problemCodes)[number]

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

/** What the button of a problem does; the page of the subject where nothing else fits. */
export type ProblemAction =
  | 'reconnectSalto'
  | 'reconnectCobot'
  | 'connect'
  | 'mapResources'
  | 'members'
  | 'restore'
  | 'remove'
  | 'decide'
  | 'again'

export const actionOf = (code: ProblemCode, params: Record<string, string>): ProblemAction => {
  switch (code) {
    case 'P01':
      return 'reconnectSalto'
    case 'P02':
      return 'reconnectCobot'
    case 'P06':
    case 'P19':
    case 'P22':
      return 'members'
    case 'P04':
      return params.plan && params.state === 'missing' ? 'restore' : 'again'
    case 'P10':
      return params.leftover ? 'remove' : 'restore'
    case 'P08':
      return 'decide'
    case 'P17':
      return 'connect'
    case 'P20':
      return 'mapResources'
    case 'P03':
    case 'P07':
    case 'P09':
    case 'P11':
    case 'P12':
    case 'P13':
    case 'P14':
    case 'P15':
    case 'P16':
    case 'P18':
    case 'P21':
      return 'again'
  }
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
