// All that is kept about one person, to be handed to them: in it is nobody else, and no secret.
import type { ActivityLine } from '../core/activity.ts'
import { asId, type MembershipId } from '../core/ids.ts'
import type { SiteUser } from '../core/model.ts'
import { listActivity, oldPairings } from './activity.ts'
import type { Tx } from './open.ts'
import type { SpaceRow } from './spaces.ts'
import { list, type Row } from './store.ts'
import { visitorOf, visitorsBooking } from './visitors.ts'

export type Kept = NonNullable<Awaited<ReturnType<typeof readPerson>>>

const linesAtOnce = 500

/** `id`: of a membership, or `visitor:ID` of a booking. Null when nothing is kept. */
export const readPerson = async (tx: Tx, space: SpaceRow, id: string, now: Date) => {
  const { spaceId } = space
  const visited = visitorsBooking(id)
  const [named] = await list(tx, 'memberships', { spaceId, membershipId: asId<MembershipId>(id) })
  const memberships = named?.pairingId
    ? await list(tx, 'memberships', { spaceId, pairingId: named.pairingId })
    : named
      ? [named]
      : []
  const membershipId = memberships.map((each) => each.membershipId)
  const bookings = visited
    ? await list(tx, 'bookings', { spaceId, bookingId: visited, membershipId: null })
    : await list(tx, 'bookings', { spaceId, membershipId })
  const bookingId = bookings.map((each) => each.bookingId)
  if (memberships.length === 0 && (!visited || bookings.length === 0)) return null

  // One person has a pairing at each site, also at those that are being left.
  const [connected] = await list(tx, 'pairings', {
    spaceId,
    pairingId: memberships.flatMap((each) => each.pairingId ?? []),
  })
  const person = visited ? visitorOf(visited) : connected?.person
  const pairings = person ? await list(tx, 'pairings', { spaceId, person }) : []
  const pairingId = pairings.map((each) => each.pairingId)
  const siteUserId = pairings.flatMap((each) => each.siteUserId ?? [])
  const users = await list(tx, 'snapshots', { spaceId, kind: 'siteUser', id: siteUserId })
  const { subjects, isTheirs } = subjectsOf({ pairingId, bookingId })
  const ids = [...membershipId, ...pairingId, ...bookingId]
  return {
    memberships,
    bookings,
    pairings,
    users: users.map(({ data }) => data as SiteUser),
    places: await list(tx, 'groupPlaces', { spaceId, pairingId }),
    tags: await list(tx, 'tagHolders', { spaceId, pairingId }),
    bookingGroups: await list(tx, 'bookingGroups', { spaceId, bookingId }),
    problems: (await list(tx, 'problems', { spaceId })).filter(isTheirs),
    held: (await list(tx, 'guard', { spaceId })).filter(isTheirs),
    receipts: await list(tx, 'receiptLines', { spaceId, subject: subjects }),
    work: await list(tx, 'work', { spaceId, subject: ids }),
    changes: await changesOf(tx, space, { membershipId, pairings, bookingId }, now),
    admin: await adminOf(tx, space, memberships),
  }
}

/** As problems, receipts and the guard name what is about somebody. */
export const subjectsOf = (whose: { pairingId: string[]; bookingId: string[] }) => {
  const subjects = [
    ...whose.pairingId.map((each) => `pairing:${each}`),
    ...whose.bookingId.map((each) => `booking:${each}`),
  ]
  const isTheirs = ({ subject }: { subject: string }) =>
    subjects.some((each) => subject === each || subject.startsWith(`${each}:`))
  return { subjects, isTheirs }
}

type Whose = {
  membershipId: MembershipId[]
  pairings: Row<'pairings'>[]
  bookingId: Row<'bookings'>['bookingId'][]
}

/** What was written to KS for them; what was written for others on the same booking is not theirs. */
const changesOf = async (tx: Tx, space: SpaceRow, whose: Whose, now: Date) => {
  const { spaceId } = space
  const { membershipId, pairings, bookingId } = whose
  const old = await oldPairings(tx, spaceId, membershipId)
  const subject = [...new Set([...pairings.map((each) => each.pairingId), ...old])]
  const written = await list(tx, 'audit', { spaceId, task: 'reconcilePairing', subject })
  const users = new Set<string>([
    ...pairings.flatMap(usersIn),
    ...written.flatMap(({ target }) => usersIn(target)),
  ])
  const lines: ActivityLine[] = []
  const filter = {
    search: '',
    cause: null,
    before: null as number | null,
    whose: { subjects: [...subject, ...bookingId], users: [...users] },
  }
  do {
    const found = await listActivity(tx, space, filter, { now, limit: linesAtOnce })
    lines.push(...found.lines)
    filter.before = found.next
  } while (filter.before !== null)
  return lines.filter((line) => usersIn(line.target).every((user) => users.has(user)))
}

type Users = { siteUserId?: string | null; saltoUserId?: string | null }
const usersIn = ({ siteUserId, saltoUserId }: Users): string[] =>
  [siteUserId, saltoUserId].flatMap((each) => each ?? [])

/** Of somebody who also is an admin: that they were here, and when they changed something. */
const adminOf = async (
  tx: Tx,
  { spaceId }: SpaceRow,
  memberships: readonly Row<'memberships'>[],
) => {
  const cobotUserId = memberships.flatMap((each) => each.cobotUserId ?? [])
  const cause = cobotUserId.map((each) => `admin ${each}`)
  const seen = await list(tx, 'snapshots', { spaceId, kind: 'admin', id: cobotUserId })
  return {
    names: seen.map(({ data, readAt }) => ({ ...data, lastSeenAt: readAt })),
    sessions: await list(tx, 'sessions', { spaceId, cobotUserId }),
    permissions: await list(tx, 'connections', { spaceId, owner: cobotUserId }),
    changes: await list(tx, 'audit', { spaceId, cause, result: 'asked' }),
  }
}
