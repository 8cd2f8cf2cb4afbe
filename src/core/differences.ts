// What somebody changed by hand in KS about a person: how the ledger and KS differ, if they do. It is
// shown and never undone by itself (R18, R20). A look asks with fresh reads, the sweep with lists.
import type { SiteUserId } from './ids.ts'
import type { SiteUser, Tag } from './model.ts'

/** `out`, `in`: of a plan group; `still`: in one after the end; the rest says it by its name. */
export type Change =
  | ('out' | 'in' | 'still')
  | ('blocked' | 'unblocked')
  | ('seatOff' | 'seatOn')
  | ('tagOff' | 'tagGiven' | 'tagUnblocked')

/** A tag to open with: handed out here, or by hand in KS. A lost one stays theirs there, blocked. */
export const hasTag = (
  rows: readonly { state: string; number: string }[],
  { tagNumber }: Pick<SiteUser, 'tagNumber'>,
): boolean =>
  rows.some(({ state }) => state === 'held') ||
  (tagNumber !== null && !rows.some((row) => row.state === 'lost' && row.number === tagNumber))

export const blockChange = (
  { lockedOut, lockedOutDone }: { lockedOut: boolean; lockedOutDone: boolean },
  { blocked }: Pick<SiteUser, 'blocked'>,
): Change | null =>
  !lockedOutDone || blocked === lockedOut ? null : blocked ? 'blocked' : 'unblocked'

/** `seatedFor`: what the seat was taken for, '' after we freed it; adopted users keep theirs. */
export const seatChange = (
  { seatedFor, origin }: { seatedFor: string | null; origin: string | null },
  { seat }: Pick<SiteUser, 'seat'>,
): Change | null => {
  if (seatedFor && seat === 'suspended') return 'seatOff'
  return seatedFor === '' && origin === 'made' && seat === 'subscribed' ? 'seatOn' : null
}

/** A tag that was handed out or blocked, as KS shows it and the person's key of it. */
export const tagChange = (
  { state, doneAt }: { state: string; doneAt: Date | null },
  siteUserId: SiteUserId,
  tag: Tag | null,
  key: { blocked: boolean } | null,
): { change: Change; holder: string } | null => {
  const { holder } = tag ?? {}
  if (doneAt && state === 'held' && holder?.siteUserId !== siteUserId)
    return { change: holder ? 'tagGiven' : 'tagOff', holder: holder?.name ?? '' }
  return doneAt && state === 'lost' && key?.blocked === false
    ? { change: 'tagUnblocked', holder: '' }
    : null
}
