// A row per plan of the space: who is on it, what is chosen for it, and what that opens.
import type { PlanLine } from '../../views/plans.tsx'
import { isActive } from '../core/entitlements.ts'
import { type AccessGroupId, asId } from '../core/ids.ts'
import { findPlan, mappedGroups, otherPlans, proposedGroups } from '../core/mappings.ts'
import type { AccessGroup, Plan } from '../core/model.ts'
import { isBookingGroupName } from '../core/schedule.ts'
import type { Choice } from '../db/mappings.ts'
import type { Tx } from '../db/open.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { intervalsOf } from '../db/spaces.ts'
import { list, type Row } from '../db/store.ts'
import type { Here } from './page.ts'

/** What a select of a plan says when it names no groups. */
const [byName, nothing] = ['name', 'nothing']

export type PlanTable = { lines: PlanLine[]; groups: AccessGroup[] }

export const readPlanTable = async (
  tx: Tx,
  { space, site }: Here,
  now: Date,
): Promise<PlanTable> => {
  const { spaceId } = space
  const known = await list(tx, 'snapshots', { spaceId, kind: 'plan' })
  const plans = await listSnapshot(tx, spaceId, 'plan')
  const all = await list(tx, 'snapshots', { spaceId, kind: 'accessGroup' })
  const names = new Map(all.map(({ id, data }) => [id, (data as AccessGroup).name]))
  const groups = await listOfferedGroups(tx, { space, site })
  const there = new Set(all.filter(({ goneAt }) => !goneAt).map(({ id }) => id))
  const access = await listSnapshot(tx, spaceId, 'groupAccess')
  const rows = site ? await list(tx, 'planGroups', { spaceId, siteId: site.siteId }) : []
  const pairings = await list(tx, 'pairings', { spaceId, state: 'paired' })
  const isPaired = new Set(pairings.map(({ pairingId }) => pairingId))
  const memberships = await list(tx, 'memberships', { spaceId, goneAt: null })
  const on = Map.groupBy(
    memberships.flatMap((membership) =>
      intervalsOf(space, [membership])
        .filter((interval) => isActive(interval, now))
        .map((interval) => ({ membership, planId: findPlan(interval, plans) })),
    ),
    ({ planId }) => planId,
  )
  const lineOf = ({ planId, name }: Pick<Plan, 'planId' | 'name'>, isGone: boolean): PlanLine => {
    const row = rows.find((each) => each.planId === planId)
    const people = (on.get(planId) ?? []).map(({ membership }) => membership)
    const stored = storedChoice(row)
    // Nobody has needed it yet: the group of its name is what they will get.
    const proposed = row || planId === otherPlans ? [] : proposedGroups(name, groups, rows)
    const [first] = proposed.length === 1 ? proposed : []
    const opened = row ? mappedGroups(row) : first ? [first.accessGroupId] : []
    return {
      planId,
      name,
      isGone,
      isOther: planId === otherPlans,
      people: people.length,
      connected: people.filter(({ pairingId }) => pairingId && isPaired.has(pairingId)).length,
      stored,
      chosen: stored,
      reason: null,
      isNews: false,
      warning: warningOf(row),
      opens: opened
        .map((id) => {
          const { lockIds, schedules } = access.find((each) => each.accessGroupId === id) ?? {}
          return {
            id,
            name: names.get(id) ?? row?.name ?? '',
            hours: schedules ?? null,
            isThere: row?.state !== 'missing' || there.has(id),
            // Of a group that was just made nobody needs to read that it has none.
            locks: lockIds?.length ?? first?.lockCount ?? (row?.opensNothing ? 0 : null),
          }
        })
        .sort((a, b) => a.name.localeCompare(b.name)),
    }
  }
  const shown = known
    .map(({ data, goneAt }) => lineOf(data as Plan, goneAt !== null))
    .filter(({ isGone, people }) => !isGone || people > 0)
    .sort((a, b) => a.name.localeCompare(b.name))
  return { lines: [...shown, lineOf({ planId: otherPlans, name: '' }, false)], groups }
}

/** Groups of bookings are ours, or look like it: they are nobody's plan. */
const listOfferedGroups = async (tx: Tx, { space: { spaceId } }: Pick<Here, 'space' | 'site'>) => {
  const booked = await list(tx, 'bookingGroups', { spaceId })
  return (await listSnapshot(tx, spaceId, 'accessGroup'))
    .filter(({ name }) => !isBookingGroupName(name))
    .filter(({ accessGroupId: id }) => !booked.some((each) => each.accessGroupId === id))
    .sort((a, b) => a.name.localeCompare(b.name))
}

const storedChoice = (row: Row<'planGroups'> | undefined): string[] => {
  if (!row?.chosen) return [byName]
  return row.chosen.length > 0 ? [...row.chosen].sort() : [nothing]
}

const warningOf = (row: Row<'planGroups'> | undefined): PlanLine['warning'] => {
  if (!row) return null
  if (row.chosen?.length === 0) return null
  if (row.state === 'ready') return row.opensNothing ? 'nothing' : null
  return row.chosen && row.state !== 'missing' ? null : row.state
}

/** A row as it came back; one that somebody else changed meanwhile says so. */
export const readPlanLine = (
  line: PlanLine,
  form: Record<string, unknown>,
  groups: readonly AccessGroup[],
): PlanLine => {
  const all = (name: string) => [form[name] ?? []].flat().map(String)
  const [was] = all(`was:${line.planId}`)
  // A plan that came into the list after the page was made.
  if (was === undefined && form[`groups:${line.planId}`] === undefined) return line
  const offered = [byName, nothing, ...line.stored, ...groups.map((each) => each.accessGroupId)]
  const typed = all(`groups:${line.planId}`).filter((value) => offered.includes(value))
  const chosen = [...new Set(typed)].sort()
  const shown = line.stored.join(' ')
  const isNews = (was ?? shown) !== shown && !same(chosen, line.stored)
  if (isNews && chosen.join(' ') === was) return { ...line, isNews }
  const isMixed = chosen.length > 1 && chosen.some((value) => value === byName || value === nothing)
  const reason = chosen.length === 0 ? 'none' : isMixed ? 'mixed' : null
  return { ...line, chosen, reason, isNews }
}

const same = (a: readonly string[], b: readonly string[]) => a.join(' ') === b.join(' ')

/** What differs from what is stored. */
export const choicesOf = (lines: readonly PlanLine[]): Choice[] =>
  lines
    .filter(({ chosen, stored }) => !same(chosen, stored))
    .map(({ planId, name, chosen }) => {
      const ids = chosen.filter((value) => value !== nothing).map(asId<AccessGroupId>)
      return { planId, name, chosen: chosen.includes(byName) ? null : ids }
    })
