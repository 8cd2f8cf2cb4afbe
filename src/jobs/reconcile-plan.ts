// A plan of the space and the access group for it. A name proposes once; from then on the id
// counts (R8). A plan without group gets one that opens nothing until somebody chooses locks.

import { RetryLater } from '../core/errors.ts'
import { asId, type PlanId } from '../core/ids.ts'
import type { AccessGroup } from '../core/model.ts'
import { sameName } from '../core/names.ts'
import { listMemberships, listPlans } from '../db/cobot-snapshot.ts'
import { getPlanGroup, isGroupMapped, type PlanGroupRow, savePlanGroup } from '../db/mappings.ts'
import { getActiveSite, type SiteRow } from '../db/spaces.ts'
import type { Look, TaskHandler } from './run.ts'

export const reconcilePlan: TaskHandler = async (look) => {
  const { db } = look.deps
  const { spaceId } = look
  const planId = asId<PlanId>(look.work.subject)
  const site = await getActiveSite(db.read, spaceId)
  const plan = (await listPlans(db.read, spaceId)).find((each) => each.planId === planId)
  if (!site || !plan) return
  const before = await getPlanGroup(db.read, spaceId, site.siteId, planId)
  const groups = await look.ks.listAccessGroups(site.siteId)
  const row =
    before?.accessGroupId && before.state !== 'making'
      ? keepMapping(before, groups)
      : await findOrMake(look, site, { planId, name: plan.name }, before, groups)

  const group = groups.find((each) => each.accessGroupId === row.accessGroupId)
  const opensNothing = row.state === 'ready' && !(await opensSomething(look, site, group))
  const after = { ...row, opensNothing }
  if (after.state === 'several' || after.state === 'missing')
    look.problem('P04', `plan:${planId}`, { plan: plan.name, group: row.name, state: row.state })
  if (opensNothing) look.problem('P18', `plan:${planId}`, { plan: plan.name, group: row.name })
  await db.tx(async (tx) => {
    await savePlanGroup(tx, after)
    const changed = before?.accessGroupId !== after.accessGroupId || before.state !== after.state
    if (!changed) return
    for (const membership of await listMemberships(tx, spaceId)) {
      const { pairingId, plan: current, upcomingPlan } = membership
      const onIt = [current, upcomingPlan].some(
        (each) => each && (each.planId === planId || sameName(each.name, plan.name)),
      )
      if (pairingId && onIt) await look.askIn(tx, 'reconcilePairing', pairingId)
    }
  })
}

const keepMapping = (row: PlanGroupRow, groups: AccessGroup[]): PlanGroupRow => {
  const there = groups.some((each) => each.accessGroupId === row.accessGroupId)
  return { ...row, state: there ? 'ready' : 'missing' }
}

const findOrMake = async (
  look: Look,
  site: SiteRow,
  plan: { planId: PlanId; name: string },
  before: PlanGroupRow | null,
  groups: AccessGroup[],
): Promise<PlanGroupRow> => {
  const { db, config } = look.deps
  const { spaceId } = look
  const { siteId } = site
  const name = before?.state === 'making' ? before.name : plan.name.trim()
  const fitting: AccessGroup[] = []
  for (const group of groups.filter((each) => sameName(each.name, name)))
    if (!(await isGroupMapped(db.read, spaceId, siteId, group.accessGroupId))) fitting.push(group)
  const row: PlanGroupRow = {
    ...{ spaceId, siteId, planId: plan.planId, name, accessGroupId: null, opensNothing: false },
    origin: 'matched',
    state: 'several',
    changedAt: look.now(),
  }
  const [group] = fitting
  if (fitting.length > 1) return row
  if (group) {
    const made = before?.state === 'making'
    if (made) await makeAlways(look, site, group)
    const origin = made ? 'made' : 'matched'
    return { ...row, accessGroupId: group.accessGroupId, name: group.name, origin, state: 'ready' }
  }
  if (before?.state === 'making') {
    const sinceMs = look.now().getTime() - before.changedAt.getTime()
    if (sinceMs < config.settleMs)
      throw new RetryLater('a group may still be appearing', config.settleMs - sinceMs)
  }
  const making: PlanGroupRow = { ...row, origin: 'made', state: 'making' }
  await db.tx((tx) => savePlanGroup(tx, making))
  const created = await look.ksWrite.createAccessGroup({ siteId, name })
  await makeAlways(look, site, created)
  return { ...making, accessGroupId: created.accessGroupId, state: 'ready' }
}

/** No restriction of hours, once. */
const makeAlways = async (look: Look, { siteId }: SiteRow, { accessGroupId }: AccessGroup) => {
  const schedules = await look.ks.listGroupSchedules(siteId, accessGroupId)
  if (schedules.length === 0)
    await look.ksWrite.createSchedule({ siteId, accessGroupId, startLocal: null, endLocal: null })
}

const opensSomething = async (look: Look, { siteId }: SiteRow, group: AccessGroup | undefined) => {
  if (!group?.lockCount) return false
  return (await look.ks.listGroupSchedules(siteId, group.accessGroupId)).length > 0
}
