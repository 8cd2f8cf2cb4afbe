import type { Side } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { absentOrBelow, change, one, put, type Row, take } from './store.ts'
import { wakeParked } from './work.ts'

export type Tokens = Pick<Row<'connections'>, 'accessSealed' | 'accessExpiresAt' | 'refreshSealed'>

/** Stores a permission that an admin has just given; what was parked for want of one runs now. */
export const saveConnection = async (
  tx: Tx,
  key: { spaceId: SpaceId; side: Side },
  tokens: Tokens & { owner: string | null },
  now: Date,
): Promise<void> => {
  const version = ((await one(tx, 'connections', key))?.version ?? 0) + 1
  const clean = { state: 'ok', refreshingUntil: null, changedAt: now } as const
  await put(tx, 'connections', { ...key, ...tokens, ...clean, version })
  await wakeParked(tx, key.spaceId, key.side, now)
}

/** Makes the caller the only one to refresh this version of the tokens until `until`. */
export const electRefresher = async (
  tx: Tx,
  key: { spaceId: SpaceId; side: Side; version: number },
  election: { now: Date; until: Date },
): Promise<boolean> => {
  const vacant = { ...key, refreshingUntil: absentOrBelow(election.now) }
  return (await change(tx, 'connections', vacant, { refreshingUntil: election.until })) === 1
}

/** Stores the outcome of a refresh; false when somebody stored other tokens meanwhile. */
export const storeRefreshed = async (
  tx: Tx,
  key: { spaceId: SpaceId; side: Side; version: number },
  tokens: Tokens | 'refused',
  now: Date,
): Promise<boolean> => {
  const outcome =
    tokens === 'refused'
      ? { state: 'refused' as const }
      : { ...tokens, state: 'ok' as const, version: key.version + 1, changedAt: now }
  return (await change(tx, 'connections', key, { ...outcome, refreshingUntil: null })) === 1
}

/** The other side lets us in again: what was parked on it runs now. */
export const noteLetIn = async (tx: Tx, spaceId: SpaceId, side: Side, now: Date): Promise<void> => {
  if (!(await change(tx, 'connections', { spaceId, side, state: 'refused' }, { state: 'ok' })))
    return
  // Gone before anybody is woken who would tell the admins of it.
  if (side === 'cobot') await take(tx, 'problems', { spaceId, code: 'P02' })
  await wakeParked(tx, spaceId, side, now)
}
