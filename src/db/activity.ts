// The audit of a space, a page at a time: one line per change, by person and by cause.
import { and, desc, eq, gte, inArray, like, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { type ActivityLine, answersTo, type CauseKind, outcomeOf } from '../core/activity.ts'
import type { MembershipId } from '../core/ids.ts'
import { readNames } from './activity-names.ts'
import type { Tx } from './open.ts'
import type { SpaceRow } from './spaces.ts'
import { list, type Row } from './store.ts'

export type ActivityFilter = {
  search: string
  cause: CauseKind | null
  before: number | null
  /** What is about these pairings and bookings, or names one of these users of KS. */
  whose?: { subjects: readonly string[]; users: readonly string[] }
}

type Audit = Row<'audit'>

/** An answer stands within this time behind its question, whatever else was written meanwhile. */
const answerMs = 10 * 60_000
/** Up to so many people are few. */
const fewMax = 50
/** Of so many, those who were disconnected are looked for in all that was ever written. */
const leftMax = 5

/** Changes, newest first; `next` is where the page after this one begins. */
export const listActivity = async (
  tx: Tx,
  space: SpaceRow,
  filter: ActivityFilter,
  { now, limit }: { now: Date; limit: number },
): Promise<{ lines: ActivityLine[]; next: number | null }> => {
  const { spaceId } = space
  const { audit } = tx.t
  const search = filter.search.trim()
  const theirs = filter.whose && { condition: isOf(tx, filter.whose), areFew: true }
  const about = theirs ?? (search ? await isAbout(tx, space, search) : null)
  const found = await tx.q
    .select()
    .from(audit)
    .where(
      and(
        eq(audit.spaceId, spaceId),
        eq(audit.result, 'asked'),
        filter.before === null ? undefined : lt(audit.number, filter.before),
        filter.cause ? hasCause(tx, filter.cause) : undefined,
        about?.condition,
      ),
    )
    // Of few people all changes are found by who they are; of many a walk from the newest is shorter.
    .orderBy(desc(about?.areFew ? sql`${audit.number} + 0` : audit.number))
    .limit(limit + 1)
  const rows = found.slice(0, limit)
  const oldest = rows.at(-1)
  if (!oldest) return { lines: [], next: null }
  const around = rows.map(({ subject, at }) => {
    const until = new Date(at.getTime() + answerMs)
    const during = and(gte(audit.at, at), lte(audit.at, until))
    return and(eq(audit.spaceId, spaceId), eq(audit.subject, subject), during)
  })
  const answers = answersTo(
    await tx.q
      .select()
      .from(audit)
      .where(or(...around)),
  )
  const named = await readNames(tx, space, rows)
  const lines = rows.map((row) => ({
    ...named(row),
    outcome: outcomeOf(row, answers.get(row.number), now),
  }))
  return { lines, next: found.length > limit ? oldest.number : null }
}

const hasCause = ({ t }: Tx, kind: CauseKind): SQL | undefined => {
  const { cause } = t.audit
  if (kind === 'date') return eq(cause, 'date')
  if (kind === 'comparison') return inArray(cause, ['sweep', 'start'])
  return like(cause, `${kind} %`)
}

const isOf = ({ t }: Tx, { subjects, users }: NonNullable<ActivityFilter['whose']>) =>
  or(
    inArray(t.audit.subject, [...subjects]),
    ...users.map((user) => like(sql`cast(${t.audit.target} as text)`, `%"${user}"%`)),
  )

/** Whose name or address has these letters: their pairings, also those of old, and their bookings. */
const isAbout = async (tx: Tx, { spaceId }: SpaceRow, search: string) => {
  const { memberships, bookings, audit } = tx.t
  const wanted = search.toLowerCase()
  const fits = (...texts: (string | null | undefined)[]) =>
    texts.some((text) => text?.toLowerCase().includes(wanted))
  const { membershipId, pairingId, name, email } = memberships
  const people = (
    await tx.q
      .select({ membershipId, pairingId, name, email })
      .from(memberships)
      .where(eq(memberships.spaceId, spaceId))
  ).filter((each) => fits(each.name, each.email))
  const members = people.map((each) => each.membershipId)
  const visits = (await list(tx, 'bookings', { spaceId, membershipId: null }))
    .filter(({ external }) => fits(external?.name))
    .map(({ bookingId }) => bookingId)
  const person = visits.map((bookingId) => `visitor:${bookingId}`)
  const visitors = await list(tx, 'pairings', { spaceId, person })
  const known = [...visits, ...[...people, ...visitors].flatMap((each) => each.pairingId ?? [])]
  const booked = tx.q
    .select({ subject: bookings.bookingId })
    .from(bookings)
    .where(and(eq(bookings.spaceId, spaceId), inArray(bookings.membershipId, members)))
  if (members.length + visits.length > fewMax)
    return {
      condition: or(inArray(audit.subject, known), inArray(audit.subject, booked)),
      areFew: false,
    }
  const unpaired = people.filter((each) => !each.pairingId).map((each) => each.membershipId)
  const old = await oldPairings(tx, spaceId, unpaired)
  const subjects = [...known, ...old, ...(await booked).map(({ subject }) => subject)]
  return { condition: inArray(audit.subject, subjects), areFew: true }
}

/** Pairings that were given up, by the memberships that the making of their users rests on. */
export const oldPairings = async (
  tx: Tx,
  spaceId: Audit['spaceId'],
  memberships: readonly MembershipId[],
) => {
  if (memberships.length === 0 || memberships.length > leftMax) return []
  const { audit } = tx.t
  const rests = or(...memberships.map((each) => like(audit.reason, `% ${each}/%`)))
  const isJoin = and(eq(audit.action, 'joinAccessGroup'), eq(audit.task, 'reconcilePairing'))
  const rows = await tx.q
    .select()
    .from(audit)
    .where(and(eq(audit.spaceId, spaceId), isJoin, rests))
  return [...new Set(rows.map((row) => row.subject))]
}
