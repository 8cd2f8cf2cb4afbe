// A space, its sites, and one person's entitlements as the database knows them.
import { type KnownMembership, type PlanInterval, planIntervals } from '../core/entitlements.ts'
import type { PairingId, SpaceId } from '../core/ids.ts'
import type { Settings, Space } from '../core/model.ts'
import { personMarker } from '../core/schedule.ts'
import type { Tx } from './open.ts'
import { change, list, one, put, type Row, take } from './store.ts'

export type SpaceRow = Row<'spaces'>
export type SiteRow = Row<'sites'>

/** Every switch is off until somebody turns it on. */
export const usualSettings: Settings = { lastDayIncluded: false }

/** Installs a space, or brings what Cobot says of it up to date; the hook key of old stays valid. */
export const saveSpace = async (
  tx: Tx,
  space: Space,
  hookKey: { hookKeySealed: string; hookKeyHash: string },
  now: Date,
): Promise<void> => {
  const before = await one(tx, 'spaces', { spaceId: space.spaceId })
  const fresh = {
    settings: usualSettings,
    ...hookKey,
    linkUserUrl: null,
    lastEventAt: null,
    createdAt: now,
  }
  const { spaceId, subdomain } = space
  // Cobot says whose the subdomain is; of a space that had it before we do not know the new one.
  const other = await one(tx, 'spaces', { subdomain })
  if (other && other.spaceId !== spaceId)
    await change(tx, 'spaces', { spaceId: other.spaceId }, { subdomain: other.spaceId })
  await put(tx, 'spaces', { ...fresh, ...before, ...space, state: 'installed' })
}

/** The one site in use; others of the space are being left (R17). */
export const getActiveSite = (tx: Tx, spaceId: SpaceId): Promise<SiteRow | null> =>
  one(tx, 'sites', { spaceId, state: 'active' })

export const intervalsOf = (space: SpaceRow, memberships: readonly KnownMembership[]) =>
  memberships.flatMap((membership) =>
    planIntervals(membership, { timeZone: space.timeZone, ...space.settings }),
  )

/** All memberships of a pairing and the plans they give over time; several add up (D8). */
export const personOf = async (
  tx: Tx,
  space: SpaceRow,
  pairingId: PairingId,
): Promise<{ memberships: Row<'memberships'>[]; intervals: PlanInterval[] }> => {
  const memberships = await list(tx, 'memberships', { spaceId: space.spaceId, pairingId })
  return { memberships, intervals: intervalsOf(space, memberships) }
}

/** Who is behind a membership, as pairings name them: by their login, else by the membership (R10). */
export const personKeys = ({
  cobotUserId,
  membershipId,
}: Pick<Row<'memberships'>, 'cobotUserId' | 'membershipId'>): [string, ...string[]] => {
  const alone = `membership:${membershipId}`
  return cobotUserId ? [`user:${cobotUserId}`, alone] : [alone]
}

type Paired = Pick<Row<'pairings'>, 'spaceId' | 'siteId' | 'pairingId' | 'person'> &
  Partial<Pick<Row<'pairings'>, 'bySetting'>>

/** Somebody to be connected; the look at the pairing finds or makes the user. */
export const addPairing = (tx: Tx, paired: Paired): Promise<unknown> =>
  put(tx, 'pairings', {
    bySetting: false,
    ...paired,
    marker: personMarker(paired.person),
    state: 'new',
    candidates: [],
    notThem: false,
    siteUserId: null,
    saltoUserId: null,
    origin: null,
    creatingSince: null,
    madeAt: null,
    endedAt: null,
    seatedFor: null,
    lockedOut: false,
    lockedOutDone: true,
    invite: null,
    batchAt: null,
  })

/** Of somebody without a user: what was told to KS about the one before is told anew. */
export const unpaired: Partial<Row<'pairings'>> = {
  state: 'new',
  siteUserId: null,
  saltoUserId: null,
  madeAt: null,
  seatedFor: null,
  lockedOutDone: false,
  invite: null,
}

/** Nobody has pressed *Disconnect*: what a look writes at its end must not call off such a click. */
export const staying = ['new', 'choosing', 'paired'] as const

/** The user is gone, and the person is to have one: the next look makes it, with all that they had. */
export const pairAnew = async (tx: Tx, whose: { spaceId: SpaceId; pairingId: PairingId }) => {
  if ((await change(tx, 'pairings', { ...whose, state: staying }, unpaired)) === 0) return
  await change(tx, 'tagHolders', { ...whose, state: 'held' }, { doneAt: null })
  await take(tx, 'groupPlaces', whose)
}

/** Strikes a pairing from the ledger with all that hangs on it; its tags are free to give again. */
export const removePairing = async (tx: Tx, spaceId: SpaceId, pairingId: PairingId) => {
  await change(tx, 'memberships', { spaceId, pairingId }, { pairingId: null })
  for (const table of ['groupPlaces', 'tagHolders', 'pairings'] as const)
    await take(tx, table, { spaceId, pairingId })
}
