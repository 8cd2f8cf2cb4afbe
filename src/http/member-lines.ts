// What is known of each membership, joined to one line of the table.
import type { MemberLine } from '../../views/members.tsx'
import { isActive, lastEnd } from '../core/entitlements.ts'
import type { MembershipId } from '../core/ids.ts'
import { asId } from '../core/ids.ts'
import { localDate } from '../core/temporal.ts'
import { listProblems } from '../db/problems.ts'
import { intervalsOf } from '../db/spaces.ts'
import { list, type Row } from '../db/store.ts'
import type { Here, Web } from './page.ts'

export type { MemberLine }

/** An end within this time is shown as one that comes soon. */
const soonMs = 30 * 24 * 3600_000

export const filters = ['all', 'notConnected', 'problem', 'endingSoon'] as const

export const isShown = (line: MemberLine, search: string, filter: string): boolean => {
  const words = [line.name, line.email, line.plan, line.upcoming?.name, line.tag?.number]
  const isFound = words.some((word) => word?.toLowerCase().includes(search.trim().toLowerCase()))
  if (filter === 'endingSoon') return isFound && line.isEnding
  if (filter === 'problem')
    return isFound && (line.state === 'problem' || line.state === 'choosing')
  return isFound && (filter === 'all' || line.state === filter)
}

/** Current and upcoming memberships by name; one of them when `only` is given. */
export const listMembers = async (
  { db, ports }: Web,
  { space }: Here,
  only?: string,
): Promise<MemberLine[]> => {
  const { read } = db
  const { spaceId } = space
  const now = ports.clock.now()
  const one = only ? { membershipId: asId<MembershipId>(only) } : {}
  const memberships = await list(read, 'memberships', { spaceId, goneAt: null, ...one })
  const pairings = byKey(await list(read, 'pairings', { spaceId }), (row) => row.pairingId)
  const work = await list(read, 'work', { spaceId, task: 'reconcilePairing' })
  const looks = byKey(work, (row) => row.subject)
  const problems = byKey(await listProblems(read, spaceId), (row) => row.source)
  const states = ['held', 'notReturned', 'lost', 'returning'] as const
  const held = await list(read, 'tagHolders', { spaceId })
  held.sort((a, b) => states.indexOf(b.state) - states.indexOf(a.state))
  const tags = byKey(held, (row) => row.pairingId)
  const today = localDate(now, space.timeZone)

  const lineOf = (membership: Row<'memberships'>): MemberLine => {
    const { membershipId, name, email, plan, upcomingPlan, pairingId } = membership
    const pairing = pairingId ? pairings.get(pairingId) : undefined
    const runAt = pairingId ? looks.get(pairingId)?.runAt : null
    const end = lastEnd(intervalsOf(space, [membership]))
    const problem = problems.get(`reconcilePairing:${pairingId}`)
    const tag = pairingId ? tags.get(pairingId) : undefined
    const isDue = !!runAt && runAt <= now
    const look = { isWorking: isDue, isProblem: problem !== undefined }
    const state = stateOf(membership, pairing, look)
    return {
      ...{ membershipId, email, name: name ?? email ?? membershipId, plan: plan.name },
      upcoming:
        upcomingPlan && plan.canceledTo ? { name: upcomingPlan.name, on: plan.canceledTo } : null,
      endsOn: membership.canceledTo,
      isEnding: end !== null && end.getTime() - now.getTime() < soonMs,
      state,
      // A look that was put off is due later, and the row goes on asking until it is through.
      isWorking: (isDue && pairing !== undefined) || state === 'working' || state === 'leaving',
      pairingId: pairing?.pairingId ?? null,
      candidates: pairing?.state === 'choosing' ? pairing.candidates : [],
      lockedOut: pairing?.lockedOut ?? false,
      problem: problem ? { code: problem.code, params: problem.params } : null,
      tag: tag ? { tagId: tag.tagId, number: tag.number, state: tag.state } : null,
    }
  }

  return memberships
    .filter((membership) => {
      if (!membership.confirmedAt) return !membership.canceledTo || membership.canceledTo > today
      const intervals = intervalsOf(space, [membership])
      return intervals.some((each) => each.startsAt > now || isActive(each, now))
    })
    .map(lineOf)
    .sort((a, b) => a.name.localeCompare(b.name))
}

const byKey = <T>(rows: T[], keyOf: (row: T) => string) =>
  new Map(rows.map((row) => [keyOf(row), row]))

const stateOf = (
  { confirmedAt }: Row<'memberships'>,
  pairing: Row<'pairings'> | undefined,
  look: { isWorking: boolean; isProblem: boolean },
): MemberLine['state'] => {
  if (!confirmedAt) return 'unconfirmed'
  if (!pairing) return 'notConnected'
  if (pairing.state === 'leaving') return 'leaving'
  if (pairing.state === 'choosing') return 'choosing'
  if (look.isWorking) return 'working'
  if (pairing.lockedOut) return 'lockedOut'
  if (look.isProblem) return 'problem'
  return pairing.state === 'paired' ? 'connected' : 'working'
}
