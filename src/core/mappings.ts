// From a plan of the space to the access groups it opens (D6), and who would move if that changed.
import { desiredPlaces, type PlanInterval } from './entitlements.ts'
import { type AccessGroupId, asId, type PairingId, type PlanId } from './ids.ts'
import type { AccessGroup, Plan } from './model.ts'
import { sameName } from './names.ts'

/** What is stored about a plan. */
export type Mapping = {
  planId: PlanId
  /** The group that the plan's name proposed (R8). */
  accessGroupId: AccessGroupId | null
  /** What an admin chose instead; an empty list opens nothing. */
  chosen: AccessGroupId[] | null
}

/** Stands for all plans that are not in the space's list: those of teams, and custom ones. */
export const otherPlans = asId<PlanId>('*')

export const mappedGroups = ({ accessGroupId, chosen }: Omit<Mapping, 'planId'>): AccessGroupId[] =>
  chosen ?? (accessGroupId ? [accessGroupId] : [])

/** Which plan of the list it is: a copy without id is known by its name. */
export const findPlan = (
  { planId, planName }: Pick<PlanInterval, 'planId' | 'planName'>,
  plans: readonly Plan[],
): PlanId => planId ?? plans.find(({ name }) => sameName(name, planName))?.planId ?? otherPlans

/** The groups that a plan's name proposes: a group that another plan got by its name is that one's. */
export const proposedGroups = (
  name: string,
  groups: readonly AccessGroup[],
  mappings: readonly Mapping[],
): AccessGroup[] =>
  groups
    .filter((group) => sameName(group.name, name))
    .filter((group) => !mappings.some((each) => each.accessGroupId === group.accessGroupId))

/** From an interval to the groups that its plan opens. */
export const groupsBy =
  (mappings: readonly Mapping[], plans: readonly Plan[]) =>
  (interval: PlanInterval): AccessGroupId[] => {
    const planId = findPlan(interval, plans)
    const mapping = mappings.find((each) => each.planId === planId)
    return mapping ? mappedGroups(mapping) : []
  }

export type Placed = {
  pairingId: PairingId
  name: string
  intervals: readonly PlanInterval[]
  /** Groups of the ledger. */
  inside: ReadonlySet<AccessGroupId>
}

export type Move = {
  pairingId: PairingId
  name: string
  gains: AccessGroupId[]
  loses: AccessGroupId[]
}

type GroupsOf = ReturnType<typeof groupsBy>

/** Who comes into a group and who leaves one when plans are mapped otherwise. */
export const movesBetween = (
  people: readonly Placed[],
  before: GroupsOf,
  after: GroupsOf,
  now: Date,
): Move[] =>
  people.flatMap(({ pairingId, name, intervals, inside }) => {
    const had = desiredPlaces(intervals, before, now)
    const has = desiredPlaces(intervals, after, now)
    const gains = [...has.keys()].filter((id) => !had.has(id) && !inside.has(id)).sort()
    const loses = [...had.keys()].filter((id) => !has.has(id) && inside.has(id)).sort()
    return gains.length + loses.length > 0 ? [{ pairingId, name, gains, loses }] : []
  })
