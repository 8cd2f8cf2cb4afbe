// People at our pages: one-time authorizations on their way through OAuth, and sessions after it.
// States and session tokens are stored as hashes; a copy of the table opens nothing.
import { and, eq, gt, lt } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'

export type AuthorizationRow = Tx['t']['authorizations']['$inferSelect']
export type SessionRow = Tx['t']['sessions']['$inferSelect']

export const addAuthorization = async ({ q, t }: Tx, row: AuthorizationRow): Promise<void> => {
  await q.insert(t.authorizations).values(row)
}

/** Takes an authorization out: it works once. null when unknown, used or past its time. */
export const takeAuthorization = async (
  { q, t }: Tx,
  stateHash: string,
  now: Date,
): Promise<AuthorizationRow | null> => {
  const [row] = await q
    .delete(t.authorizations)
    .where(eq(t.authorizations.stateHash, stateHash))
    .returning()
  await q.delete(t.authorizations).where(lt(t.authorizations.expiresAt, now))
  return row && row.expiresAt > now ? row : null
}

export const addSession = async ({ q, t }: Tx, row: SessionRow): Promise<void> => {
  await q.insert(t.sessions).values(row)
}

export const getSession = async (
  { q, t }: Tx,
  sessionHash: string,
  now: Date,
): Promise<SessionRow | null> =>
  (
    await q
      .select()
      .from(t.sessions)
      .where(and(eq(t.sessions.sessionHash, sessionHash), gt(t.sessions.expiresAt, now)))
  )[0] ?? null

export const updateSession = async (
  { q, t }: Tx,
  sessionHash: string,
  set: Partial<SessionRow>,
): Promise<void> => {
  await q.update(t.sessions).set(set).where(eq(t.sessions.sessionHash, sessionHash))
}

/** Takes out the sessions that are over, so that their tokens can be revoked. */
export const takeExpiredSessions = ({ q, t }: Tx, now: Date): Promise<SessionRow[]> =>
  q.delete(t.sessions).where(lt(t.sessions.expiresAt, now)).returning()

/** Somebody stopped being an admin: what was read about admins of this space is void. */
export const voidAdminProofs = async ({ q, t }: Tx, spaceId: SpaceId): Promise<void> => {
  await q
    .update(t.sessions)
    .set({ adminReadAt: new Date(0) })
    .where(eq(t.sessions.spaceId, spaceId))
}
