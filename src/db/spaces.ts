import { and, eq, ne } from 'drizzle-orm'
import type { SiteId, SpaceId } from '../core/ids.ts'
import type { Site, Space } from '../core/model.ts'
import type { Tx } from './open.ts'
import type { Settings } from './tables.ts'

export type SpaceRow = Tx['t']['spaces']['$inferSelect']
export type SiteRow = Tx['t']['sites']['$inferSelect']

export const defaultSettings: Settings = { lastDayIncluded: false }

/** Installs a space, or brings what Cobot says of it up to date; the hook key of old stays valid. */
export const saveSpace = async (
  { q, t }: Tx,
  space: Space,
  hookKey: { sealed: string; hash: string },
  now: Date,
): Promise<void> => {
  const facts = {
    subdomain: space.subdomain,
    name: space.name,
    timeZone: space.timeZone,
    locale: space.locale,
    hourFormat: space.hourFormat,
    state: 'installed' as const,
  }
  await q
    .insert(t.spaces)
    .values({
      spaceId: space.spaceId,
      ...facts,
      settings: defaultSettings,
      hookKeySealed: hookKey.sealed,
      hookKeyHash: hookKey.hash,
      createdAt: now,
    })
    .onConflictDoUpdate({ target: t.spaces.spaceId, set: facts })
}

export const getSpace = async ({ q, t }: Tx, spaceId: SpaceId): Promise<SpaceRow | null> =>
  (await q.select().from(t.spaces).where(eq(t.spaces.spaceId, spaceId)))[0] ?? null

export const getSpaceBySubdomain = async ({ q, t }: Tx, subdomain: string) =>
  (await q.select().from(t.spaces).where(eq(t.spaces.subdomain, subdomain)))[0] ?? null

export const getSpaceByHookKey = async ({ q, t }: Tx, hash: string) =>
  (await q.select().from(t.spaces).where(eq(t.spaces.hookKeyHash, hash)))[0] ?? null

export const listSpaces = ({ q, t }: Tx): Promise<SpaceRow[]> =>
  q.select().from(t.spaces).where(eq(t.spaces.state, 'installed'))

export const updateSpace = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  set: Partial<Pick<SpaceRow, 'linkUserUrl' | 'settings' | 'state'>>,
): Promise<void> => {
  await q.update(t.spaces).set(set).where(eq(t.spaces.spaceId, spaceId))
}

// Sites: one active, any number being left (R17) ---------------------------------------------------

export const getActiveSite = async ({ q, t }: Tx, spaceId: SpaceId): Promise<SiteRow | null> =>
  (
    await q
      .select()
      .from(t.sites)
      .where(and(eq(t.sites.spaceId, spaceId), eq(t.sites.state, 'active')))
  )[0] ?? null

export const getSite = async ({ q, t }: Tx, spaceId: SpaceId, siteId: SiteId) =>
  (
    await q
      .select()
      .from(t.sites)
      .where(and(eq(t.sites.spaceId, spaceId), eq(t.sites.siteId, siteId)))
  )[0] ?? null

export const listSites = ({ q, t }: Tx, spaceId: SpaceId): Promise<SiteRow[]> =>
  q.select().from(t.sites).where(eq(t.sites.spaceId, spaceId))

/** The sites that other spaces use: a KS site belongs to one space. */
export const listSitesOfOthers = async ({ q, t }: Tx, spaceId: SpaceId): Promise<SiteId[]> =>
  (await q.select().from(t.sites).where(ne(t.sites.spaceId, spaceId))).map((row) => row.siteId)

/** Makes a site the active one; the one before it is left. The zone must be a known one. */
export const activateSite = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  site: Site & { timeZone: string },
  now: Date,
): Promise<void> => {
  await q.update(t.sites).set({ state: 'leaving' }).where(eq(t.sites.spaceId, spaceId))
  const facts = { name: site.name, timeZone: site.timeZone, info: site, readAt: now }
  await q
    .insert(t.sites)
    .values({ spaceId, siteId: site.siteId, state: 'active', ...facts })
    .onConflictDoUpdate({
      target: [t.sites.spaceId, t.sites.siteId],
      set: { state: 'active', ...facts },
    })
}

export const saveSite = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  site: Site & { timeZone: string },
  readAt: Date,
): Promise<void> => {
  await q
    .update(t.sites)
    .set({ name: site.name, timeZone: site.timeZone, info: site, readAt })
    .where(and(eq(t.sites.spaceId, spaceId), eq(t.sites.siteId, site.siteId)))
}

export const removeSite = async ({ q, t }: Tx, spaceId: SpaceId, siteId: SiteId): Promise<void> => {
  await q.delete(t.sites).where(and(eq(t.sites.spaceId, spaceId), eq(t.sites.siteId, siteId)))
}
