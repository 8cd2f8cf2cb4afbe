// The groups that we made for a plan, at sites that are being left: deleted if nobody else uses them.
import { RetryLater } from '../core/errors.ts'
import { provePlanGroup } from '../core/fence.ts'
import type { PlanId } from '../core/ids.ts'
import { secondLookMs } from '../core/steps.ts'
import { noteOutcome } from '../db/sites.ts'
import { change, list, one, type Row, take } from '../db/store.ts'
import { askNextStep, type Came, leaveOrTakeOut } from './leaving.ts'
import type { Look } from './run.ts'

export const leavePlanGroups = async (look: Look, planId: PlanId): Promise<void> => {
  const { read, spaceId } = look
  const sites = await list(read, 'sites', { spaceId, state: 'leaving' })
  const siteId = sites.map((site) => site.siteId)
  for (const row of await list(read, 'planGroups', { spaceId, siteId, planId, origin: 'made' }))
    await look.attempt(() => leave(look, row))
}

const leave = async (look: Look, row: Row<'planGroups'>): Promise<void> => {
  const { spaceId, siteId, planId, name } = row
  const key = { spaceId, siteId, planId }
  const came = await leaveOrTakeOut(look, siteId, () => remove(look, row))
  await look.tx(async (tx) => {
    await noteOutcome(tx, { spaceId, siteId, subject: `plan:${planId}`, name }, came)
    // What stays is theirs from now on: should we come back, it is not ours to delete.
    if (came.outcome === 'left') await change(tx, 'planGroups', key, { origin: 'matched' })
    else await take(tx, 'planGroups', key)
  })
  askNextStep(look)
}

const remove = async (look: Look, row: Row<'planGroups'>): Promise<Came> => {
  const { spaceId, siteId, planId, accessGroupId } = row
  const group = accessGroupId && (await look.ks.getAccessGroup(siteId, accessGroupId))
  if (!group) return { outcome: 'gone' }
  if (group.name !== row.name) return { outcome: 'left', why: 'renamed' }
  const inside = await look.ks.listGroupUsers(siteId, accessGroupId)
  const proof = provePlanGroup({ siteId, ledger: row, group, inside })
  if (proof) {
    look.because(`site left, nobody in the group of plan ${planId}`)
    await look.ksWrite.deleteAccessGroup(proof)
    return { outcome: 'removed' }
  }
  // KS may still show those who have just left: somebody else is who is there in a second look.
  const key = { spaceId, siteId, subject: `plan:${planId}`, outcome: null }
  const line = await one(look.read, 'receiptLines', key)
  if (line && line.why !== 'foreign') {
    await look.tx((tx) => change(tx, 'receiptLines', key, { why: 'foreign' }))
    throw new RetryLater('a group may be somebody else’s as well', secondLookMs)
  }
  return { outcome: 'left', why: 'foreign' }
}
