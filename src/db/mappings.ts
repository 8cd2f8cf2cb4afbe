// Which groups a plan opens, as an admin chose it; and who would move if that changed.
import type { AccessGroupId, PlanId, SpaceId } from '../core/ids.ts'
import {
  findPlan,
  groupsBy,
  type Mapping,
  type Move,
  movesBetween,
  otherPlans,
  proposedGroups,
} from '../core/mappings.ts'
import type { MembershipPlan } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { askFor, type Click } from './click.ts'
import { allowConfirmed } from './guard.ts'
import type { Tx } from './open.ts'
import { listSnapshot } from './snapshots.ts'
import { intervalsOf, type SiteRow, type SpaceRow } from './spaces.ts'
import { list, one, put, take } from './store.ts'

/** Looks at plans and clicks of admins write the same rows. */
export const mappingsLock = (spaceId: SpaceId): string => `${spaceId} mappings`

/** What an admin wants of a plan; null: the group of its name. */
export type Choice = { planId: PlanId; name: string; chosen: AccessGroupId[] | null }

/** Who of the connected people gains or loses a group at once by these choices. */
export const listMoves = async (
  tx: Tx,
  space: SpaceRow,
  { siteId }: SiteRow,
  choices: readonly Choice[],
  now: Date,
): Promise<Move[]> => {
  const { spaceId } = space
  const plans = await listSnapshot(tx, spaceId, 'plan')
  const groups = await listSnapshot(tx, spaceId, 'accessGroup')
  const there = new Set(groups.map(({ accessGroupId }) => accessGroupId))
  const before = await list(tx, 'planGroups', { spaceId, siteId })
  const after = [
    ...before.filter(({ planId }) => !choices.some((each) => each.planId === planId)),
    ...choices.map((choice) => chosenMapping(choice, groups, before)),
  ]
  const memberships = await list(tx, 'memberships', { spaceId, goneAt: null })
  const byPairing = Map.groupBy(memberships, ({ pairingId }) => pairingId)
  const places = await list(tx, 'groupPlaces', { spaceId, siteId })
  const inside = Map.groupBy(places, ({ pairingId }) => pairingId)
  const pairings = await list(tx, 'pairings', { spaceId, siteId, state: 'paired' })
  const people = pairings.map(({ pairingId }) => {
    const theirs = byPairing.get(pairingId) ?? []
    const held = (inside.get(pairingId) ?? []).map(({ accessGroupId }) => accessGroupId)
    return {
      pairingId,
      intervals: intervalsOf(space, theirs),
      name: theirs.find(({ name }) => name)?.name ?? '',
      inside: new Set(held.filter((id) => there.has(id))),
    }
  })
  return movesBetween(people, groupsBy(before, plans), groupsBy(after, plans), now)
}

/** By name, a plan keeps the group it had by name, or gets the one that its name proposes. */
const chosenMapping = (
  { planId, name, chosen }: Choice,
  groups: Parameters<typeof proposedGroups>[1],
  mappings: readonly Mapping[],
): Mapping => {
  const known = mappings.find((each) => each.planId === planId)?.accessGroupId ?? null
  const [group, ...others] = proposedGroups(name, groups, mappings)
  const proposed = group && others.length === 0 ? group.accessGroupId : null
  return { planId, chosen, accessGroupId: known ?? proposed }
}

/** *Save* of Plans, after an admin saw who moves: that much is allowed, and everybody is looked at. */
export const saveMappings = async (
  tx: Tx,
  click: Click,
  { siteId }: SiteRow,
  choices: readonly Choice[],
  moves: readonly Move[],
): Promise<void> => {
  const { spaceId, now } = click
  await tx.lock(mappingsLock(spaceId))
  for (const { planId, name, chosen } of choices) {
    const key = { spaceId, siteId, planId }
    const before = await one(tx, 'planGroups', key)
    if (chosen || before?.accessGroupId) {
      const fresh = { accessGroupId: null, name, origin: 'matched', opensNothing: false } as const
      const row = { ...fresh, changedAt: now, ...before, ...key, chosen, state: 'ready' } as const
      await put(tx, 'planGroups', row)
      await askFor(tx, click, 'reconcilePlan', planId)
    } else {
      // The first who needs it has the group of its name looked for, or made (D5).
      await take(tx, 'planGroups', key)
      await take(tx, 'problems', { spaceId, source: `reconcilePlan:${planId}` })
    }
    if (planId === otherPlans) await askFor(tx, click, 'sweepCobot', 'memberships')
  }
  await allowConfirmed(
    tx,
    click,
    moves.flatMap(({ pairingId, gains, loses }) => [
      ...(loses.length > 0 ? [explained(`pairing:${pairingId}`, loses)] : []),
      ...gains.map((id) => explained(`grant:${pairingId}:${id}`, [id])),
    ]),
  )
  const changed = choices.map(({ planId }) => planId)
  const losing = new Set(moves.filter(({ loses }) => loses.length > 0).map((m) => m.pairingId))
  for (const pairingId of await listConnectedOn(tx, spaceId, changed)) {
    const urgency = losing.has(pairingId) ? priority.removal : priority.grant
    await askFor(tx, click, 'reconcilePairing', pairingId, urgency)
  }
}

/** Whoever is connected and on one of these plans, now or next. */
export const listConnectedOn = async (tx: Tx, spaceId: SpaceId, planIds: readonly PlanId[]) => {
  const plans = await listSnapshot(tx, spaceId, 'plan')
  const isOnIt = (plan: MembershipPlan | null) =>
    plan && planIds.includes(findPlan({ ...plan, planName: plan.name }, plans))
  const rows = await list(tx, 'memberships', { spaceId })
  return rows
    .filter(({ plan, upcomingPlan }) => isOnIt(plan) || isOnIt(upcomingPlan))
    .flatMap(({ pairingId }) => pairingId ?? [])
}

const explained = (subject: string, accessGroupIds: AccessGroupId[]) => ({
  subject,
  evidence: 'inferred' as const,
  accessGroupIds,
})
