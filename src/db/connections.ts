import { and, eq, isNull, lt, or } from 'drizzle-orm'
import type { Side } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'

export type ConnectionRow = Tx['t']['connections']['$inferSelect']
export type Tokens = Pick<ConnectionRow, 'accessSealed' | 'accessExpiresAt' | 'refreshSealed'>

const one = ({ t }: Tx, spaceId: SpaceId, side: Side) =>
  and(eq(t.connections.spaceId, spaceId), eq(t.connections.side, side))

export const getConnection = async (tx: Tx, spaceId: SpaceId, side: Side) =>
  (
    await tx.q
      .select()
      .from(tx.t.connections)
      .where(one(tx, spaceId, side))
  )[0] ?? null

/** Stores a permission that an admin has just given. */
export const saveConnection = async (
  tx: Tx,
  spaceId: SpaceId,
  side: Side,
  tokens: Tokens & { owner: string | null },
  now: Date,
): Promise<void> => {
  const version = ((await getConnection(tx, spaceId, side))?.version ?? 0) + 1
  const row = { ...tokens, state: 'ok' as const, version, refreshingUntil: null, changedAt: now }
  await tx.q
    .insert(tx.t.connections)
    .values({ spaceId, side, ...row })
    .onConflictDoUpdate({ target: [tx.t.connections.spaceId, tx.t.connections.side], set: row })
}

/** Makes the caller the only one to refresh this version of the tokens until `until`. */
export const electRefresher = async (
  tx: Tx,
  spaceId: SpaceId,
  side: Side,
  election: { version: number; now: Date; until: Date },
): Promise<boolean> => {
  const { connections } = tx.t
  const elected = await tx.q
    .update(connections)
    .set({ refreshingUntil: election.until })
    .where(
      and(
        one(tx, spaceId, side),
        eq(connections.version, election.version),
        or(isNull(connections.refreshingUntil), lt(connections.refreshingUntil, election.now)),
      ),
    )
    .returning({ version: connections.version })
  return elected.length === 1
}

/** Stores the outcome of a refresh; false when somebody stored other tokens meanwhile. */
export const storeRefreshed = async (
  tx: Tx,
  spaceId: SpaceId,
  side: Side,
  version: number,
  tokens: Tokens | 'refused',
  now: Date,
): Promise<boolean> => {
  const { connections } = tx.t
  const outcome =
    tokens === 'refused'
      ? { state: 'refused' as const }
      : { ...tokens, state: 'ok' as const, version: version + 1 }
  const stored = await tx.q
    .update(connections)
    .set({ ...outcome, refreshingUntil: null, changedAt: now })
    .where(and(one(tx, spaceId, side), eq(connections.version, version)))
    .returning({ version: connections.version })
  return stored.length === 1
}

/** Notes that the other side refused (or accepts again) the tokens of this version; `expired`: refresh. */
export const setConnectionState = async (
  tx: Tx,
  spaceId: SpaceId,
  side: Side,
  version: number,
  state: ConnectionRow['state'] | 'expired',
): Promise<void> => {
  await tx.q
    .update(tx.t.connections)
    .set(state === 'expired' ? { accessExpiresAt: new Date(0) } : { state })
    .where(and(one(tx, spaceId, side), eq(tx.t.connections.version, version)))
}
