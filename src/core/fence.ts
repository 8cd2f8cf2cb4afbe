// Nothing is taken away without a proof, and only this file can make one: a row of ours that says
// we put it there, and a fresh read that shows exactly that (R2). The functions in `salto/client.ts`
// that remove something take the proof as their argument, so a removal without one does not compile.
import type { AccessGroupId, SaltoUserId, SiteId, SiteUserId, TagId } from './ids.ts'
import type { AccessGroup, SiteUser, Tag } from './model.ts'

declare const proven: unique symbol
type Proven<Kind extends string, Facts> = Facts & { readonly [proven]: Kind }

export type PlaceProof = Proven<
  'place',
  { siteId: SiteId; accessGroupId: AccessGroupId; saltoUserId: SaltoUserId }
>
export type TagProof = Proven<'tag', { siteId: SiteId; siteUserId: SiteUserId; tagId: TagId }>
export type GroupProof = Proven<'group', { siteId: SiteId; accessGroupId: AccessGroupId }>
export type UserProof = Proven<'user', { siteId: SiteId; siteUserId: SiteUserId }>

export type Origin = 'made' | 'adopted'

/** A person with a role above site user is never written to, whatever our ledger says. */
export const isAdministrative = ({ roles }: Pick<SiteUser, 'roles'>): boolean =>
  roles.some((role) => role.hierarchical && role.code !== 'site_user')

/** May this person be taken out of this plan group? `observed` are the groups KS lists for them. */
export const provePlace = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; accessGroupId: AccessGroupId }
  siteUser: SiteUser
  observed: ReadonlySet<AccessGroupId>
}): PlaceProof | null => {
  const { siteId, ledger, siteUser, observed } = facts
  if (ledger.siteId !== siteId || isAdministrative(siteUser)) return null
  if (!observed.has(ledger.accessGroupId)) return null
  const { accessGroupId } = ledger
  return { siteId, accessGroupId, saltoUserId: siteUser.saltoUserId } as PlaceProof
}

/** May this tag be taken off this person? */
export const proveTag = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; tagId: TagId }
  siteUser: SiteUser
  tag: Tag | null
}): TagProof | null => {
  const { siteId, ledger, siteUser, tag } = facts
  if (ledger.siteId !== siteId || isAdministrative(siteUser)) return null
  if (tag?.tagId !== ledger.tagId || tag.holder?.siteUserId !== siteUser.siteUserId) return null
  return { siteId, siteUserId: siteUser.siteUserId, tagId: tag.tagId } as TagProof
}

/** May this booking group be emptied, rewritten and deleted? Its name is the marker. */
export const proveBookingGroup = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; accessGroupId: AccessGroupId | null; name: string }
  group: AccessGroup
}): GroupProof | null => {
  const { siteId, ledger, group } = facts
  if (ledger.siteId !== siteId || ledger.name !== group.name) return null
  if (ledger.accessGroupId && ledger.accessGroupId !== group.accessGroupId) return null
  return { siteId, accessGroupId: group.accessGroupId } as GroupProof
}

/** May the group we made for a plan be deleted? It is the stored one, as we named it, and empty (R8). */
export const provePlanGroup = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; accessGroupId: AccessGroupId | null; name: string; origin: string }
  group: AccessGroup
  inside: readonly SaltoUserId[]
}): GroupProof | null => {
  const { siteId, ledger, group, inside } = facts
  if (ledger.siteId !== siteId || ledger.origin !== 'made' || ledger.name !== group.name)
    return null
  if (ledger.accessGroupId !== group.accessGroupId || inside.length > 0) return null
  return { siteId, accessGroupId: group.accessGroupId } as GroupProof
}

/** May this site user be deleted, or be given a PIN in place of theirs? Only one we made, by the marker. */
export const proveUser = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; siteUserId: SiteUserId | null; origin: Origin | null; marker: string }
  siteUser: SiteUser
}): UserProof | null => {
  const { siteId, ledger, siteUser } = facts
  if (ledger.siteId !== siteId || ledger.origin !== 'made' || isAdministrative(siteUser))
    return null
  if (ledger.siteUserId !== siteUser.siteUserId || !siteUser.alias?.endsWith(ledger.marker))
    return null
  return { siteId, siteUserId: siteUser.siteUserId } as UserProof
}

/**
 * May this site user be deleted as the second one that a single create of ours left behind? The mark is
 * that of a pairing which has its own user, and this one holds nothing.
 */
export const proveTwin = (facts: {
  siteId: SiteId
  ledger: { siteId: SiteId; siteUserId: SiteUserId | null; origin: Origin | null; marker: string }
  siteUser: SiteUser
  observed: ReadonlySet<AccessGroupId>
}): UserProof | null => {
  const { siteId, ledger, siteUser, observed } = facts
  const { siteUserId, alias, tagNumber, email, hasProfile } = siteUser
  if (ledger.siteId !== siteId || ledger.origin !== 'made' || isAdministrative(siteUser))
    return null
  if (!ledger.siteUserId || ledger.siteUserId === siteUserId || !alias?.endsWith(ledger.marker))
    return null
  if (observed.size > 0 || tagNumber || email || hasProfile) return null
  return { siteId, siteUserId } as UserProof
}
