// What KS last said of a site, for pages and proposals. Each save replaces the whole list: it is
// only called with complete ones. Writes never rely on it; they read afresh.
import { and, asc, eq } from 'drizzle-orm'
import type { SiteId, SpaceId } from '../core/ids.ts'
import type { AccessGroup, Lock, SiteUser, Tag } from '../core/model.ts'
import type { Tx } from './open.ts'

type Snapshot = 'locks' | 'accessGroups' | 'tags' | 'siteUsers'
export type LockRow = Tx['t']['locks']['$inferSelect']
export type AccessGroupRow = Tx['t']['accessGroups']['$inferSelect']
export type TagRow = Tx['t']['tags']['$inferSelect']
export type SiteUserRow = Tx['t']['siteUsers']['$inferSelect']

const of = (table: Tx['t'][Snapshot], spaceId: SpaceId, siteId: SiteId) =>
  and(eq(table.spaceId, spaceId), eq(table.siteId, siteId))

const batches = <T>(rows: T[], size = 200): T[][] =>
  rows.length === 0 ? [] : [rows.slice(0, size), ...batches(rows.slice(size), size)]

export const saveLocks = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  list: Lock[],
  readAt: Date,
) => {
  await q.delete(t.locks).where(of(t.locks, spaceId, siteId))
  const rows = list.map(({ lockId, name, online }) => ({ lockId, name, online }))
  for (const batch of batches(rows))
    await q.insert(t.locks).values(batch.map((row) => ({ spaceId, siteId, ...row, readAt })))
}

export const saveAccessGroups = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  list: AccessGroup[],
  readAt: Date,
) => {
  await q.delete(t.accessGroups).where(of(t.accessGroups, spaceId, siteId))
  const rows = list.map(({ accessGroupId, name, lockCount }) => ({
    accessGroupId,
    name,
    lockCount,
  }))
  for (const batch of batches(rows))
    await q.insert(t.accessGroups).values(batch.map((row) => ({ spaceId, siteId, ...row, readAt })))
}

export const saveTags = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  list: Tag[],
  readAt: Date,
) => {
  await q.delete(t.tags).where(of(t.tags, spaceId, siteId))
  for (const batch of batches(list))
    await q.insert(t.tags).values(batch.map((row) => ({ spaceId, siteId, ...row, readAt })))
}

export const saveSiteUsers = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
  list: SiteUser[],
  readAt: Date,
) => {
  await q.delete(t.siteUsers).where(of(t.siteUsers, spaceId, siteId))
  const rows = list.map(({ hasProfile: _, seat: __, ...user }) => user)
  for (const batch of batches(rows))
    await q.insert(t.siteUsers).values(batch.map((row) => ({ spaceId, siteId, ...row, readAt })))
}

export const listLocks = ({ q, t }: Tx, spaceId: SpaceId, siteId: SiteId): Promise<LockRow[]> =>
  q
    .select()
    .from(t.locks)
    .where(of(t.locks, spaceId, siteId))
    .orderBy(asc(t.locks.name))

export const listAccessGroups = (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
): Promise<AccessGroupRow[]> =>
  q
    .select()
    .from(t.accessGroups)
    .where(of(t.accessGroups, spaceId, siteId))

export const listTags = ({ q, t }: Tx, spaceId: SpaceId, siteId: SiteId): Promise<TagRow[]> =>
  q
    .select()
    .from(t.tags)
    .where(of(t.tags, spaceId, siteId))
    .orderBy(asc(t.tags.number))

export const listSiteUsers = (
  { q, t }: Tx,
  spaceId: SpaceId,
  siteId: SiteId,
): Promise<SiteUserRow[]> =>
  q
    .select()
    .from(t.siteUsers)
    .where(of(t.siteUsers, spaceId, siteId))
