// A plan of the space and the access group for it. A name proposes once; from then on the id
// counts (R8). A plan without group gets one that opens nothing until somebody chooses locks.
import { type AccessGroupId, asId, type PlanId } from '../core/ids.ts'
import type { AccessGroup, GroupAccess, Plan } from '../core/model.ts'
import { sameName } from '../core/names.ts'
import { getSnapshot, saveOne } from '../db/snapshots.ts'
import { getActiveSite, type SiteRow } from '../db/spaces.ts'
import { list, one, put, type Row } from '../db/store.ts'
import { leavePlanGroups } from './leave-plan-group.ts'
import { type Look, settleFirst, type TaskHandler } from './run.ts'

export const reconcilePlan: TaskHandler = async (look) => {
  const { db } = look.deps
  const { spaceId } = look
  const planId = asId<PlanId>(look.work.subject)
  await leavePlanGroups(look, planId)
  const site = await getActiveSite(db.read, spaceId)
  const plan = await getSnapshot(db.read, spaceId, 'plan', planId)
  if (!site || !plan) return
  const before = await one(db.read, 'planGroups', { spaceId, siteId: site.siteId, planId })
  const groups = await look.ks.listAccessGroups(site.siteId)
  const row = before?.accessGroupId
    ? keepMapping(before, groups)
    : await findOrMake(look, site, plan, before, groups)
  const group = groups.find((each) => each.accessGroupId === row.accessGroupId)
  const readAt = look.now()
  const access = group && (await readGroupAccess(look, site, group.accessGroupId))
  const opensNothing = row.state === 'ready' && !opensSomething(access)
  const params = { plan: plan.name, group: row.name, state: row.state }
  if (row.state !== 'ready') look.problem('P04', `plan:${planId}`, params)
  if (opensNothing) look.problem('P18', `plan:${planId}`, params)
  await db.tx(async (tx) => {
    await put(tx, 'planGroups', { ...row, opensNothing })
    if (access)
      await saveOne(tx, spaceId, 'groupAccess', access.accessGroupId, { data: access, readAt })
    if (before?.accessGroupId === row.accessGroupId && before.state === row.state) return
    for (const { pairingId, ...membership } of await list(tx, 'memberships', { spaceId })) {
      const plans = [membership.plan, membership.upcomingPlan]
      const isOnIt = plans.some((p) => p?.planId === planId || sameName(p?.name ?? '', plan.name))
      if (pairingId && isOnIt) await look.askIn(tx, 'reconcilePairing', pairingId)
    }
  })
}

const keepMapping = (row: Row<'planGroups'>, groups: AccessGroup[]): Row<'planGroups'> => {
  const there = groups.some((each) => each.accessGroupId === row.accessGroupId)
  return { ...row, state: there ? 'ready' : 'missing' }
}

const findOrMake = async (
  look: Look,
  { siteId }: SiteRow,
  plan: Plan,
  before: Row<'planGroups'> | null,
  groups: AccessGroup[],
): Promise<Row<'planGroups'>> => {
  const { db } = look.deps
  const { spaceId } = look
  const making = before?.state === 'making'
  const name = making ? before.name : plan.name.trim()
  const mapped = await list(db.read, 'planGroups', { spaceId, siteId })
  const fitting = groups
    .filter((group) => sameName(group.name, name))
    .filter((group) => !mapped.some((row) => row.accessGroupId === group.accessGroupId))
  const row: Row<'planGroups'> = {
    ...{ spaceId, siteId, planId: plan.planId, name, accessGroupId: null, opensNothing: false },
    ...{ origin: 'matched', state: 'several', changedAt: look.now() },
  }
  const [group] = fitting
  if (fitting.length > 1) return row
  if (group) {
    const { accessGroupId } = group
    if (making) await makeAlways(look, siteId, group)
    return {
      ...row,
      accessGroupId,
      name: group.name,
      origin: making ? 'made' : 'matched',
      state: 'ready',
    }
  }
  if (making) settleFirst(look, before.changedAt)
  await db.tx((tx) => put(tx, 'planGroups', { ...row, origin: 'made', state: 'making' }))
  look.because(`plan ${plan.planId} has no group`)
  const made = await look.ksWrite.createAccessGroup({ siteId, name })
  await makeAlways(look, siteId, made)
  return { ...row, accessGroupId: made.accessGroupId, origin: 'made', state: 'ready' }
}

/** No restriction of hours, once. */
const makeAlways = async (
  look: Look,
  siteId: SiteRow['siteId'],
  { accessGroupId }: AccessGroup,
) => {
  const schedules = await look.ks.listGroupSchedules(siteId, accessGroupId)
  look.because('a group made for a plan, always')
  if (schedules.length === 0)
    await look.ksWrite.createSchedule({ siteId, accessGroupId, startLocal: null, endLocal: null })
}

export const readGroupAccess = async (
  { ks }: Look,
  { siteId }: SiteRow,
  accessGroupId: AccessGroupId,
): Promise<GroupAccess> => ({
  accessGroupId,
  lockIds: await ks.listGroupLocks(siteId, accessGroupId),
  schedules: await ks.listGroupSchedules(siteId, accessGroupId),
})

export const opensSomething = (access: GroupAccess | undefined): boolean =>
  access !== undefined && access.lockIds.length > 0 && access.schedules.length > 0
