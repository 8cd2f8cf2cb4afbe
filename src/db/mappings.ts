// Which access groups a plan opens, and which locks a booking of a resource opens; per site (R17).
import { and, eq } from 'drizzle-orm'
import type { AccessGroupId, PlanId, ResourceId, SiteId, SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'

export type PlanGroupRow = Tx['t']['planGroups']['$inferSelect']
export type ResourceDoorRow = Tx['t']['resourceDoors']['$inferSelect']

export const listPlanGroups = (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
): Promise<PlanGroupRow[]> =>
  q
    .select()
    .from(t.planGroups)
    .where(and(eq(t.planGroups.spaceId, spaceId), eq(t.planGroups.siteId, siteId)))

export const getPlanGroup = async (tx: Tx, spaceId: SpaceId, siteId: SiteId, planId: PlanId) =>
  (await listPlanGroups(tx, spaceId, siteId)).find((row) => row.planId === planId) ?? null

/** True when the group belongs to another plan's mapping already; such a group is not proposed (R8). */
export const isGroupMapped = async (
  tx: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  accessGroupId: AccessGroupId,
) => (await listPlanGroups(tx, spaceId, siteId)).some((row) => row.accessGroupId === accessGroupId)

export const savePlanGroup = async ({ q, t }: Tx, row: PlanGroupRow): Promise<void> => {
  await q
    .insert(t.planGroups)
    .values(row)
    .onConflictDoUpdate({
      target: [t.planGroups.spaceId, t.planGroups.siteId, t.planGroups.planId],
      set: row,
    })
}

export const removePlanGroup = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  planId: PlanId,
) => {
  await q
    .delete(t.planGroups)
    .where(
      and(
        eq(t.planGroups.spaceId, spaceId),
        eq(t.planGroups.siteId, siteId),
        eq(t.planGroups.planId, planId),
      ),
    )
}

export const listResourceDoors = (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
): Promise<ResourceDoorRow[]> =>
  q
    .select()
    .from(t.resourceDoors)
    .where(and(eq(t.resourceDoors.spaceId, spaceId), eq(t.resourceDoors.siteId, siteId)))

export const getResourceDoor = async (
  tx: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  resourceId: ResourceId,
) =>
  (await listResourceDoors(tx, spaceId, siteId)).find((row) => row.resourceId === resourceId) ??
  null

export const saveResourceDoor = async ({ q, t }: Tx, row: ResourceDoorRow): Promise<void> => {
  await q
    .insert(t.resourceDoors)
    .values(row)
    .onConflictDoUpdate({
      target: [t.resourceDoors.spaceId, t.resourceDoors.siteId, t.resourceDoors.resourceId],
      set: row,
    })
}
