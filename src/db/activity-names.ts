// Whom and what the ids of the audit mean. Who was erased has no name any more.
import { and, eq, inArray, max } from 'drizzle-orm'
import { causeOf, type Hours, hoursIn, membershipIn, type NamedChange } from '../core/activity.ts'
import {
  asId,
  type BookingId,
  type MembershipId,
  type PairingId,
  type SaltoUserId,
} from '../core/ids.ts'
import { fromLocal } from '../core/temporal.ts'
import type { Tx } from './open.ts'
import type { SpaceRow } from './spaces.ts'
import { list, type Row } from './store.ts'
import { visitorsBooking } from './visitors.ts'

type Audit = Row<'audit'>
/** Reads the names that these rows need, all of a kind at once. */
export const readNames = async (tx: Tx, space: SpaceRow, rows: readonly Audit[]) => {
  const nameOfPerson = await readPeople(tx, space, rows)
  const { spaceId } = space
  const bookings = await list(tx, 'bookings', { spaceId, bookingId: of(rows, 'reconcileBooking') })
  const admins = rows.map((row) => causeOf(row.cause).detail)
  const wanted = [
    ...bookings.map(({ resourceId }) => resourceId),
    ...of(rows, 'reconcilePlan'),
    ...admins,
    ...rows.flatMap(({ target }) => [target.lockId, target.accessGroupId, target.tagId]),
  ]
  const things = await list(tx, 'snapshots', {
    spaceId,
    kind: ['resource', 'plan', 'lock', 'accessGroup', 'tag', 'admin'],
    id: unique(wanted),
  })
  const members = await list(tx, 'memberships', { spaceId, cobotUserId: unique(admins) })
  const mapped = await list(tx, 'planGroups', { spaceId })
  const [site] = await list(tx, 'sites', { spaceId, state: 'active' })
  const zone = site?.timeZone ?? space.timeZone

  const thing = (kind: Row<'snapshots'>['kind'], id: string | undefined): string | null => {
    const { data } = things.find((each) => each.kind === kind && each.id === id) ?? {}
    const { name, number } = Object(data) as { name?: string; number?: string }
    return name ?? number ?? null
  }
  const bookingOf = ({ subject, reason }: Audit) => {
    const booking = bookings.find((each) => each.bookingId === subject)
    const resource = thing('resource', booking?.resourceId)
    const local = hoursIn(reason)
    if (local) return { resource, ...instants(local) }
    return booking ? { resource, startsAt: booking.startsAt, endsAt: booking.endsAt } : null
  }
  return (row: Audit): NamedChange => {
    const { number, at, task, subject, action, target } = row
    const { accessGroupId, lockId, tagId, startLocal = '', endLocal = '' } = target
    const isTimed = startLocal.includes('T') && endLocal.includes('T')
    const plan = mapped.find((each) => each.accessGroupId === accessGroupId)
    const cause = causeOf(row.cause)
    const member = members.find((each) => each.cobotUserId === cause.detail)
    const named = { number, at, action, target, booking: null }
    const about =
      task === 'reconcilePlan'
        ? ({ about: 'plan', name: thing('plan', subject) } as const)
        : task === 'reconcileBooking'
          ? ({ about: 'booking', name: nameOfPerson(row), booking: bookingOf(row) } as const)
          : ({ about: 'person', name: nameOfPerson(row) } as const)
    return {
      ...named,
      ...about,
      names: {
        group: thing('accessGroup', accessGroupId) ?? plan?.name ?? null,
        lock: thing('lock', lockId),
        tag: thing('tag', tagId),
      },
      hours: isTimed ? instants({ startLocal, endLocal, zone }) : null,
      cause: { ...cause, admin: thing('admin', cause.detail) ?? member?.name ?? null },
      // The address itself is not in the audit.
      isInvitation: row.reason === 'admin invited',
    }
  }
}

/** The people of pairings and bookings; of those that are gone, their own joining still tells. */
const readPeople = async (tx: Tx, { spaceId }: SpaceRow, rows: readonly Audit[]) => {
  const pairingIds = of<PairingId>(rows, 'reconcilePairing')
  const bookingIds = of<BookingId>(rows, 'reconcileBooking')
  const pairings = await list(tx, 'pairings', { spaceId, pairingId: pairingIds })
  const visited = pairings.flatMap(({ person }) => visitorsBooking(person) ?? [])
  const bookings = await list(tx, 'bookings', { spaceId, bookingId: [...bookingIds, ...visited] })
  const known = new Set<string>([
    ...pairings.map((each) => each.pairingId),
    ...bookings.map((each) => each.bookingId),
  ])
  const subject = [...pairingIds, ...bookingIds].filter((id) => !known.has(id))
  const joins = await lastJoins(tx, spaceId, subject)
  const joined = new Map(joins.map((row) => [row.subject, row]))
  const insiders = unique<SaltoUserId>(joins.map(({ target }) => target.saltoUserId))
  const inside = await list(tx, 'pairings', { spaceId, saltoUserId: insiders })
  const members = await list(tx, 'memberships', {
    spaceId,
    pairingId: [...pairings, ...inside].map((each) => each.pairingId),
  })
  const old = joins.map((row) => membershipIn(row.reason))
  const membershipId = unique<MembershipId>([...bookings.map((each) => each.membershipId), ...old])
  const people = [...members, ...(await list(tx, 'memberships', { spaceId, membershipId }))]

  const nameOf = (isThem: (person: Row<'memberships'>) => boolean): string | null => {
    const theirs = people.filter(isThem)
    const person = theirs.find((each) => !each.goneAt && each.name) ?? theirs[0]
    return person?.name ?? person?.email ?? null
  }
  return ({ task, subject: id }: Audit): string | null => {
    const join = joined.get(id)
    const isBooking = task === 'reconcileBooking'
    const pairing = isBooking
      ? inside.find((each) => each.saltoUserId === join?.target.saltoUserId)
      : pairings.find((each) => each.pairingId === id)
    const bookingId = isBooking ? id : visitorsBooking(pairing?.person ?? '')
    const booking = bookings.find((each) => each.bookingId === bookingId)
    const memberId = booking?.membershipId ?? (join ? membershipIn(join.reason) : null)
    return (
      nameOf(
        (each) =>
          each.membershipId === memberId ||
          (pairing && each.pairingId === pairing.pairingId) === true,
      ) ??
      booking?.external?.name ??
      null
    )
  }
}

/** The last time each of these was put into a group. */
const lastJoins = (tx: Tx, spaceId: Audit['spaceId'], subject: string[]) => {
  const { audit } = tx.t
  const isTheirs = and(eq(audit.spaceId, spaceId), inArray(audit.subject, subject))
  const last = tx.q
    .select({ number: max(audit.number) })
    .from(audit)
    .where(and(isTheirs, eq(audit.action, 'joinAccessGroup')))
    .groupBy(audit.subject)
  return tx.q
    .select()
    .from(audit)
    .where(and(eq(audit.spaceId, spaceId), inArray(audit.number, last)))
}

/** The subjects of a task. */
const of = <T extends string>(rows: readonly Audit[], task: string): T[] =>
  unique(rows.filter((row) => row.task === task).map(({ subject }) => subject))

const unique = <T extends string>(texts: readonly (string | null | undefined)[]): T[] =>
  [...new Set(texts.flatMap((text) => text || []))].map((text) => asId<never>(text))

const instants = (local: { startLocal: string; endLocal: string; zone: string }): Hours => ({
  startsAt: fromLocal(local.startLocal, local.zone),
  endsAt: fromLocal(local.endLocal, local.zone),
})
