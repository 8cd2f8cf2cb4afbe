// The guard's memory: what lost or gained access within the hour, what is held, what was allowed.
import { allowanceMs, type Change, guardWindowMs, isWave, type Standing } from '../core/guard.ts'
import type { AccessGroupId, SpaceId } from '../core/ids.ts'
import { priority, type Task } from '../core/problems.ts'
import { toLocal } from '../core/temporal.ts'
import { askFor, type Click } from './click.ts'
import { hashOf } from './crypt.ts'
import type { Tx } from './open.ts'
import { replaceProblems } from './problems.ts'
import { below, change, list, put, type Row, take } from './store.ts'
import { ask } from './work.ts'

const dayMs = 24 * 3600_000

/** Does KS let somebody in for this booking within the next 24 hours? Later ones do not count. */
export const isOpenSoon = ({ written, zone }: Row<'bookingGroups'>, now: Date): boolean =>
  Boolean(written?.saltoUserId) &&
  (written?.endLocal ?? '') > toLocal(now, zone) &&
  (written?.startLocal ?? '') < toLocal(new Date(now.getTime() + dayMs), zone)

/** May these go ahead? Those that may not are held until an admin, or a better reading, decides. */
export const passGuard = async (
  tx: Tx,
  spaceId: SpaceId,
  changes: readonly Change[],
  now: Date,
): Promise<boolean> => {
  const rows = await open(tx, spaceId, now)
  const known = new Map(rows.map((row) => [row.subject, row]))
  const isAllowed = ({ subject, accessGroupIds }: Change) => {
    const row = known.get(subject)
    if (row?.state !== 'allowed' || now.getTime() - row.at.getTime() >= allowanceMs) return false
    return accessGroupIds.every((id) => row.accessGroupIds.includes(id))
  }
  const asked = changes.filter((change) => !isAllowed(change))
  if (asked.length === 0) return true
  const state = await judge(tx, spaceId, rows, asked, now)
  await store(tx, spaceId, known, asked, state, now)
  await sayHeld(tx, spaceId, now)
  return state === 'passed'
}

/**
 * A reading names all who would lose something by it before anybody looks at one of them;
 * `isTold` are the subjects it speaks of.
 */
export const announce = async (
  tx: Tx,
  spaceId: SpaceId,
  changes: readonly Change[],
  isTold: (subject: string) => boolean,
  now: Date,
): Promise<void> => {
  const rows = await open(tx, spaceId, now)
  const known = new Map(rows.map((row) => [row.subject, row]))
  const isWaveOn = (await judge(tx, spaceId, rows, changes, now)) === 'held'
  const fresh = changes.filter(({ subject }) => !known.has(subject))
  await store(tx, spaceId, known, fresh, isWaveOn ? 'held' : 'announced', now)
  // Who was announced and is there again: a look of their own says so.
  const missing = new Set(changes.map(({ subject }) => subject))
  const back = rows
    .filter(({ state, subject }) => isPending(state) && isTold(subject))
    .filter(({ subject }) => !missing.has(subject))
  await askAbout(tx, spaceId, back, 'sweep', now)
  await sayHeld(tx, spaceId, now)
}

/** A look found nothing to take away, or to give, here: whatever waits for it is off the list. */
export const strike = async (tx: Tx, spaceId: SpaceId, subject: string[], now: Date) => {
  const gone = await take(tx, 'guard', { spaceId, subject, state: ['announced', 'held'] })
  if (gone.length === 0) return
  const rows = await open(tx, spaceId, now)
  const held = rows.filter(({ state }) => state === 'held')
  // What is left makes no wave any more: each is looked at again, and counted anew.
  if (held.length > 0 && !isWave(rows.filter(counts), await standing(tx, spaceId, rows, now))) {
    await change(tx, 'guard', { spaceId, state: 'held' }, { state: 'announced' })
    await askAbout(tx, spaceId, held, 'guard', now)
  }
  await sayHeld(tx, spaceId, now)
}

/** *Allow exactly these*: bound to the set that was shown; false when it is another by now. */
export const allowHeld = async (
  tx: Tx,
  click: Click,
  what: HeldKind,
  shown: string,
): Promise<boolean> => {
  const { spaceId, now, by } = click
  const held = (await listHeld(tx, spaceId)).filter((row) => kindOf(row) === what)
  if (held.length === 0 || setOf(held) !== shown) return false
  const subject = held.map((row) => row.subject)
  await change(tx, 'guard', { spaceId, subject }, { state: 'allowed', at: now })
  await askAbout(tx, spaceId, held, `admin ${by}`, now)
  await sayHeld(tx, spaceId, now)
  return true
}

/** An admin saw what follows and wanted it: exactly these are explained. What waits in a wave waits on. */
export const allowConfirmed = async (
  tx: Tx,
  { spaceId, now }: Click,
  changes: readonly Change[],
): Promise<void> => {
  const known = new Map((await open(tx, spaceId, now)).map((row) => [row.subject, row]))
  for (const { subject, evidence, accessGroupIds } of changes) {
    const row = known.get(subject)
    if (row && isPending(row.state)) continue
    const before = row?.state === 'allowed' ? row.accessGroupIds : []
    const all = [...new Set([...before, ...accessGroupIds])]
    const allowed = { state: 'allowed', at: now } as const
    await put(tx, 'guard', { spaceId, subject, evidence, accessGroupIds: all, ...allowed })
  }
}

/** *Read again*: Cobot is asked once more about each of them. */
export const readHeldAgain = async (tx: Tx, click: Click): Promise<void> => {
  const { spaceId, now, by } = click
  const held = await listHeld(tx, spaceId)
  const pairingId = held.flatMap(({ subject }) => partsOf(subject).pairingId ?? [])
  const memberships = await list(tx, 'memberships', { spaceId, pairingId })
  const bookings = held.flatMap(({ subject }) => partsOf(subject).bookingId ?? [])
  await askFor(tx, click, 'sweepCobot', 'space')
  for (const { membershipId } of memberships)
    await askFor(tx, click, 'readMembership', membershipId)
  for (const bookingId of bookings) await askFor(tx, click, 'readBooking', bookingId)
  await askAbout(tx, spaceId, held, `admin ${by}`, new Date(now.getTime() + 5000))
}

export const listHeld = (tx: Tx, spaceId: SpaceId): Promise<Row<'guard'>[]> =>
  list(tx, 'guard', { spaceId, state: 'held' })

/** Stands for exactly this set. */
export const setOf = (rows: readonly { subject: string }[]): string => {
  const subjects = rows.map(({ subject }) => subject)
  return hashOf(subjects.sort().join(' '))
}

/** `pairing:ID`, `booking:ID`, `grant:PAIRING:GROUP`. */
export const partsOf = (subject: string) => {
  const [kind, id = '', accessGroupId] = subject.split(':')
  return kind === 'booking'
    ? { bookingId: id as Row<'bookings'>['bookingId'] }
    : { pairingId: id as Row<'pairings'>['pairingId'], isGrant: Boolean(accessGroupId) }
}

export type HeldKind = 'losing' | 'gaining'
export const kindOf = ({ subject }: Row<'guard'>): HeldKind =>
  partsOf(subject).isGrant ? 'gaining' : 'losing'

const isPending = (state: Row<'guard'>['state']) => state === 'announced' || state === 'held'
const counts = ({ state }: Row<'guard'>) => state !== 'allowed'

/** The rows that matter now; what passed more than an hour ago is forgotten. */
const open = async (tx: Tx, spaceId: SpaceId, now: Date): Promise<Row<'guard'>[]> => {
  await tx.lock('guard')
  const at = below(new Date(now.getTime() - guardWindowMs))
  await take(tx, 'guard', { spaceId, state: ['passed', 'allowed'], at })
  const rows = await list(tx, 'guard', { spaceId })
  const places = await list(tx, 'groupPlaces', { spaceId })
  return rows.map((row) => ({
    ...row,
    accessGroupIds: row.accessGroupIds.filter((id) => !isBack(row, id, places)),
  }))
}

/** Let out, and let in again since: they are staying. */
const isBack = (
  { subject, state, at }: Row<'guard'>,
  accessGroupId: AccessGroupId,
  places: readonly Row<'groupPlaces'>[],
): boolean =>
  state === 'passed' &&
  places.some(
    (place) =>
      place.accessGroupId === accessGroupId &&
      subject === `pairing:${place.pairingId}` &&
      place.joinedAt !== null &&
      place.joinedAt > at,
  )

const judge = async (
  tx: Tx,
  spaceId: SpaceId,
  rows: readonly Row<'guard'>[],
  asked: readonly Change[],
  now: Date,
): Promise<'passed' | 'held'> => {
  if (asked.length === 0) return 'passed'
  if (rows.some(({ state }) => state === 'held')) return 'held'
  const fresh = new Set(asked.map(({ subject }) => subject))
  const others = rows.filter((row) => counts(row) && !fresh.has(row.subject))
  const all = [...others, ...asked]
  return isWave(all, await standing(tx, spaceId, all, now)) ? 'held' : 'passed'
}

/** Whoever passed within the hour stood here as well. */
const standing = async (
  tx: Tx,
  spaceId: SpaceId,
  changes: readonly Change[],
  now: Date,
): Promise<Standing> => {
  const places = await list(tx, 'groupPlaces', { spaceId })
  const groups = await list(tx, 'bookingGroups', { spaceId })
  const bookings = groups.filter((row) => isOpenSoon(row, now))
  const subjects = [
    ...places.map(({ pairingId }) => `pairing:${pairingId}`),
    ...bookings.map(({ bookingId }) => `booking:${bookingId}`),
    ...changes.map(({ subject }) => subject),
  ]
  const inside = places.filter(({ joinedAt }) => joinedAt)
  return {
    managed: new Set(subjects).size,
    places: inside.map((each) => ({ ...each, subject: `pairing:${each.pairingId}` })),
  }
}

const store = async (
  tx: Tx,
  spaceId: SpaceId,
  known: ReadonlyMap<string, Row<'guard'>>,
  changes: readonly Change[],
  state: Row<'guard'>['state'],
  now: Date,
): Promise<void> => {
  for (const { subject, evidence, accessGroupIds } of changes) {
    const before = known.get(subject)
    const at = before && isPending(before.state) ? before.at : now
    await put(tx, 'guard', { spaceId, subject, evidence, accessGroupIds, state, at })
  }
  // A wave holds also what was announced and has not gone yet.
  if (state === 'held')
    await change(tx, 'guard', { spaceId, state: 'announced' }, { state: 'held' })
}

const askAbout = (
  tx: Tx,
  spaceId: SpaceId,
  rows: readonly Row<'guard'>[],
  cause: string,
  runAt: Date,
) => {
  const asks = rows.map(({ subject }) => {
    const { pairingId, bookingId } = partsOf(subject)
    const task: Task = pairingId ? 'reconcilePairing' : 'reconcileBooking'
    const id = pairingId ?? bookingId ?? ''
    return { spaceId, task, subject: id, runAt, cause, priority: priority.removal }
  })
  return ask(tx, asks, runAt)
}

const sayHeld = async (tx: Tx, spaceId: SpaceId, now: Date): Promise<void> => {
  const held = await listHeld(tx, spaceId)
  const problems = [...Map.groupBy(held, kindOf)].map(([what, { length }]) => ({
    code: 'P08' as const,
    subject: what,
    params: { what, count: `${length}` },
  }))
  await replaceProblems(tx, spaceId, 'guard', problems, now)
}
