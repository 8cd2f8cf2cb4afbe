// The sites of a space (R17): one in use, and those that are being left. What has to be done where a
// site is left is listed beforehand; then the looks at each subject write down what came of it.
import { asId, type SiteId, type SpaceId } from '../core/ids.ts'
import type { Site } from '../core/model.ts'
import { priority, type Task } from '../core/problems.ts'
import { askFor, type Click } from './click.ts'
import { setOf } from './guard.ts'
import type { Tx } from './open.ts'
import { getActiveSite, removePairing, type SiteRow } from './spaces.ts'
import { add, change, list, one, put, type Row, take } from './store.ts'
import type { Outcome, WhyLeft } from './tables.ts'
import { visitorsBooking } from './visitors.ts'

export type Receipt = Row<'receipts'>
export type ReceiptLine = Row<'receiptLines'>
type InSite = { spaceId: SpaceId; siteId: SiteId }

/** `readAt` of a site that has just become the active one, until its first sweep. */
export const never = new Date(0)

/** Stands for the site of a space that never had one. */
export const noSite = asId<SiteId>('none')

/** Makes a site the active one; the one before it is left. False when another space has it (R17). */
export const activateSite = async (
  tx: Tx,
  spaceId: SpaceId,
  info: Site & { timeZone: string },
  now: Date,
  by = 'set-up',
): Promise<boolean> => {
  const { siteId, timeZone } = info
  const before = await getActiveSite(tx, spaceId)
  const readAt = before?.siteId === siteId ? before.readAt : never
  const row = { spaceId, siteId, state: 'active', timeZone, info, readAt } as const
  // Of two spaces that take a site at once, the table lets one have it.
  const isOurs =
    (await add(tx, 'sites', row)) || (await change(tx, 'sites', { spaceId, siteId }, row)) > 0
  if (!isOurs) return false
  const how = { mode: 'remove', whole: false } as const
  if (before && before.siteId !== siteId) await leaveSite(tx, { spaceId, by, now }, before, how)
  // Whoever comes back to a site does not leave it any more, nor is the space given up.
  for (const table of ['receipts', 'receiptLines'] as const)
    await take(tx, table, { spaceId, siteId })
  await change(tx, 'receipts', { spaceId, endedAt: null }, { whole: false })
  return true
}

/** From now on the site is left: each subject by its own look, until nothing of ours is there. */
export const leaveSite = async (
  tx: Tx,
  click: Click,
  site: SiteRow | null,
  how: Pick<Receipt, 'mode' | 'whole'> & Partial<Pick<Receipt, 'notes'>>,
): Promise<void> => {
  const { spaceId, now } = click
  const key = { spaceId, siteId: site?.siteId ?? noSite }
  await askFor(tx, click, 'disconnectSite', 'space', priority.removal)
  if (how.whole) {
    // Pressed twice, or while an earlier site is still being left.
    const running = await change(tx, 'receipts', { spaceId, endedAt: null }, { whole: true })
    if (!site && running > 0) return
  }
  const siteName = site?.info.name ?? ''
  const begun = { siteName, startedAt: now, endedAt: null, notes: [], ...how }
  await put(tx, 'receipts', { ...key, ...begun })
  await take(tx, 'receiptLines', key)
  await change(tx, 'sites', key, { state: 'leaving' })
  for (const line of await listLedger(tx, key)) await put(tx, 'receiptLines', start(line, how.mode))
  // What was held is decided by this.
  await take(tx, 'guard', { spaceId })
  await take(tx, 'problems', { spaceId, source: 'guard' })
}

/** A tag that was handed out is still out there, whatever is done in KS. */
const start = ({ origin, ...line }: LedgerLine, mode: Receipt['mode']): ReceiptLine => {
  const isTag = line.subject.startsWith('tag:')
  const isLeft = isTag && mode === 'leave'
  return {
    ...line,
    outcome: isTag ? (isLeft ? 'left' : 'out') : null,
    why: isLeft ? 'asked' : null,
  }
}

export type LedgerLine = Omit<ReceiptLine, 'outcome' | 'why'> & { origin: 'made' | 'adopted' }

/** All that we put into a site, by name: the preview, and then what is worked off. */
export const listLedger = async (tx: Tx, key: InSite): Promise<LedgerLine[]> => {
  const { spaceId } = key
  const pairings = await list(tx, 'pairings', key)
  const names = await namesOf(tx, spaceId, pairings)
  const nameOf = (id: string) => names.get(id) ?? '?'
  // Who waits for a choice, or for a first look, has nothing there yet.
  const people = pairings.filter((row) => row.siteUserId ?? row.creatingSince)
  const line = (subject: string, name: string, more: Partial<LedgerLine> = {}): LedgerLine => ({
    ...key,
    subject,
    name,
    holder: null,
    origin: 'made',
    ...more,
  })
  return [
    ...people.map(({ pairingId: id, origin }) =>
      line(`pairing:${id}`, nameOf(id), { origin: origin ?? 'made' }),
    ),
    ...(await list(tx, 'bookingGroups', key)).map(({ bookingId, name }) =>
      line(`booking:${bookingId}`, name),
    ),
    ...(await list(tx, 'planGroups', { ...key, origin: 'made' })).map(({ planId, name }) =>
      line(`plan:${planId}`, name),
    ),
    ...(await list(tx, 'tagHolders', key)).map(({ tagId, number, pairingId: id }) =>
      line(`tag:${tagId}`, number, { holder: nameOf(id) }),
    ),
  ].sort((a, b) => a.name.localeCompare(b.name))
}

/** Members by their memberships, visitors by their bookings. */
const namesOf = async (tx: Tx, spaceId: SpaceId, pairings: readonly Row<'pairings'>[]) => {
  const names = new Map<string, string>()
  const pairingId = pairings.map((each) => each.pairingId)
  for (const each of await list(tx, 'memberships', { spaceId, pairingId }))
    if (each.pairingId && each.name) names.set(each.pairingId, each.name)
  for (const each of pairings) {
    const bookingId = visitorsBooking(each.person)
    const booking = bookingId && (await one(tx, 'bookings', { spaceId, bookingId }))
    if (booking?.external?.name) names.set(each.pairingId, booking.external.name)
  }
  return names
}

/** Stands for exactly these people and groups; bookings come and go. */
export const setOfLedger = (lines: readonly LedgerLine[]): string =>
  setOf(lines.filter(({ subject }) => !subject.startsWith('booking:')))

/** What is left to do at a site; a plan's group goes when nobody of ours is in it any more. */
export const listUndone = async (tx: Tx, key: InSite): Promise<[Task, string][]> => {
  const people = await list(tx, 'pairings', key)
  const bookings = await list(tx, 'bookingGroups', key)
  const groups = await list(tx, 'planGroups', { ...key, origin: 'made' })
  const first: [Task, string][] = [
    ...people.map(({ pairingId }): [Task, string] => ['reconcilePairing', pairingId]),
    ...bookings.map(({ bookingId }): [Task, string] => ['reconcileBooking', bookingId]),
  ]
  return first.length > 0 ? first : groups.map(({ planId }) => ['reconcilePlan', planId])
}

/** Writes down what came of a subject, in the transaction that strikes it from the ledger. */
export const noteOutcome = (
  tx: Tx,
  line: Pick<ReceiptLine, 'spaceId' | 'siteId' | 'subject' | 'name'>,
  came: { outcome: Outcome; why?: WhyLeft },
): Promise<void> => put(tx, 'receiptLines', { ...line, holder: null, why: null, ...came })

/** Nobody lets us in there any more: what is left there stays, and the receipt says so. */
export const giveUpSite = async (tx: Tx, { spaceId, siteId }: InSite): Promise<void> => {
  const key = { spaceId, siteId }
  if (!(await isBeingLeft(tx, key))) return
  await change(tx, 'receiptLines', { ...key, outcome: null }, { outcome: 'left', why: 'refused' })
  for (const { pairingId } of await list(tx, 'pairings', key))
    await removePairing(tx, spaceId, pairingId)
  await take(tx, 'bookingGroups', key)
  await change(tx, 'planGroups', key, { origin: 'matched' })
}

/** Nothing of ours is there any more. Mappings stay, in case somebody comes back to this site. */
export const strikeSite = async (tx: Tx, { spaceId, siteId }: InSite, now: Date): Promise<void> => {
  const key = { spaceId, siteId }
  if (!(await isBeingLeft(tx, key))) return
  await change(tx, 'receiptLines', { ...key, outcome: null }, { outcome: 'gone' })
  await change(tx, 'receipts', { ...key, whole: false }, { endedAt: now })
  await take(tx, 'sites', key)
}

/** Somebody may have come back to it meanwhile. */
const isBeingLeft = (tx: Tx, key: InSite) => one(tx, 'receipts', { ...key, endedAt: null })
