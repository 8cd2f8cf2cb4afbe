// A plan of the space and the access group for it. A name proposes once; from then on the id
// counts (R8). A plan without group gets one that opens nothing until somebody chooses locks.
import { type AccessGroupId, asId, type PlanId } from '../core/ids.ts'
import { mappedGroups, proposedGroups } from '../core/mappings.ts'
import type { AccessGroup, GroupAccess, Plan } from '../core/model.ts'
import { listConnectedOn, mappingsLock } from '../db/mappings.ts'
import { getSnapshot, saveOne, saveSnapshot } from '../db/snapshots.ts'
import { getActiveSite, type SiteRow } from '../db/spaces.ts'
import { list, one, put, type Row } from '../db/store.ts'
import { leavePlanGroups } from './leave-plan-group.ts'
import { type Look, settleFirst, type TaskHandler } from './run.ts'

export const reconcilePlan: TaskHandler = async (look) => {
  const { spaceId } = look
  const planId = asId<PlanId>(look.work.subject)
  await leavePlanGroups(look, planId)
  const site = await getActiveSite(look.read, spaceId)
  if (!site) return
  const { siteId } = site
  const key = { spaceId, siteId, planId }
  const before = await one(look.read, 'planGroups', key)
  const plan = await getSnapshot(look.read, spaceId, 'plan', planId)
  const readAt = look.now()
  const groups = [...(await look.ks.listAccessGroups(siteId))]
  const isThere = (id: AccessGroupId) => groups.some((each) => each.accessGroupId === id)
  const mapping = before && (before.chosen || before.accessGroupId) ? before : null
  // What was just made may not be listed yet.
  for (const id of mapping ? mappedGroups(mapping).filter((each) => !isThere(each)) : []) {
    const group = await look.ks.getAccessGroup(siteId, id)
    if (group) groups.push(group)
  }
  const row = mapping
    ? ({ ...mapping, state: mappedGroups(mapping).every(isThere) ? 'ready' : 'missing' } as const)
    : plan && (await findOrMake(look, site, plan, before, groups))
  if (!row) return
  const ids = mappedGroups(row)
  const access: GroupAccess[] = []
  for (const id of ids.filter(isThere)) access.push(await readGroupAccess(look, site, id))
  const isChosenSo = row.chosen?.length === 0
  const opensNothing = row.state === 'ready' && !isChosenSo && !access.some(opensSomething)
  const subject = `plan:${planId}`
  const params = {
    plan: plan?.name ?? row.name,
    group: await namesFor(
      look,
      row,
      row.state === 'missing' ? ids.filter((id) => !isThere(id)) : ids,
    ),
    state: row.state,
    ...(row.chosen && { what: 'chosen' }),
  }
  if (row.state !== 'ready') look.problem('P04', subject, params)
  if (opensNothing) look.problem('P18', subject, params)
  await look.tx(async (tx) => {
    await saveSnapshot(tx, spaceId, 'accessGroup', groups, { readAt, idOf: (g) => g.accessGroupId })
    for (const data of access)
      await saveOne(tx, spaceId, 'groupAccess', data.accessGroupId, { data, readAt })
    await tx.lock(mappingsLock(spaceId))
    const now = await one(tx, 'planGroups', key)
    // An admin chose otherwise meanwhile, and asked for another look.
    if (String(now?.chosen ?? null) !== String(row.chosen)) return
    await put(tx, 'planGroups', { ...row, opensNothing })
    if (before?.accessGroupId === row.accessGroupId && before.state === row.state) return
    for (const pairingId of await listConnectedOn(tx, spaceId, [planId]))
      await look.askIn(tx, 'reconcilePairing', pairingId)
  })
}

const namesFor = async (
  { read, spaceId }: Look,
  { chosen, name }: Row<'planGroups'>,
  ids: readonly AccessGroupId[],
): Promise<string> => {
  if (!chosen) return name
  const found = await Promise.all(ids.map((id) => getSnapshot(read, spaceId, 'accessGroup', id)))
  return found.map((group) => group?.name ?? '?').join(', ')
}

const findOrMake = async (
  look: Look,
  { siteId }: SiteRow,
  plan: Plan,
  before: Row<'planGroups'> | null,
  groups: AccessGroup[],
): Promise<Row<'planGroups'>> => {
  const { spaceId } = look
  const making = before?.state === 'making'
  const name = making ? before.name : plan.name.trim()
  const mapped = await list(look.read, 'planGroups', { spaceId, siteId })
  const fitting = proposedGroups(name, groups, mapped)
  const row: Row<'planGroups'> = {
    spaceId,
    siteId,
    planId: plan.planId,
    name,
    accessGroupId: null,
    opensNothing: false,
    chosen: null,
    origin: 'matched',
    state: 'several',
    changedAt: look.now(),
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
  await look.tx(async (tx) => {
    await tx.lock(mappingsLock(spaceId))
    const { chosen = null } =
      (await one(tx, 'planGroups', { spaceId, siteId, planId: plan.planId })) ?? {}
    await put(tx, 'planGroups', { ...row, chosen, origin: 'made', state: 'making' })
  })
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

export const opensSomething = ({ lockIds, schedules }: GroupAccess): boolean =>
  lockIds.length > 0 && schedules.length > 0
