// Somebody asks to be forgotten: what we put into KS goes first, then their rows, at once.
import { asId, type MembershipId, type PairingId } from '../core/ids.ts'
import type { Tag } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { localDate } from '../core/temporal.ts'
import { oldPairings } from './activity.ts'
import { askFor, type Click } from './click.ts'
import { disconnectMember } from './clicks.ts'
import type { Tx } from './open.ts'
import { subjectsOf } from './person.ts'
import { getActiveSite, personKeys, type SpaceRow } from './spaces.ts'
import { change, list, one, present, type Row, take, upTo } from './store.ts'
import type { Snapshots } from './tables.ts'
import type { WorkRow } from './work.ts'

/** How long until it is looked again whether KS is clean. */
export const untilCleanMs = 60_000
/** Bookings are listed for a day after their end, and come back from there until then. */
const untilUnlistedMs = 2 * 24 * 3600_000

/** *Erase*: the work row is the mark; it names each membership, and what connected it. */
export const erasePerson = async (tx: Tx, click: Click, membershipId: MembershipId) => {
  const { spaceId } = click
  const membership = await one(tx, 'memberships', { spaceId, membershipId })
  if (!membership) return
  const { pairingId, cobotUserId } = membership
  const all = pairingId ? { pairingId } : cobotUserId ? { cobotUserId } : { membershipId }
  for (const each of await list(tx, 'memberships', { spaceId, ...all })) {
    const subject = `${each.membershipId}:${pairingId ?? ''}`
    await askFor(tx, click, 'tidyUp', subject, priority.cosmetic)
  }
  if (pairingId) await disconnectMember(tx, click, pairingId)
}

/** Whose names are about to go. */
export const listErasing = async (tx: Tx, { spaceId }: SpaceRow, now: Date) => {
  const soon = upTo(new Date(now.getTime() + untilCleanMs))
  const looks = await list(tx, 'work', { spaceId, task: 'tidyUp', runAt: soon })
  return new Set(looks.map(({ subject }) => subject.split(':')[0]))
}

/**
 * Forgets one person, but for the membership that Cobot goes on listing; the audit has ids only.
 * Returns when to look again.
 */
export const forgetPerson = async (
  tx: Tx,
  space: SpaceRow,
  { subject, askedAt }: WorkRow,
  now: Date,
): Promise<Date | null> => {
  const { spaceId } = space
  const [id = '', connectedBy = ''] = subject.split(':')
  const membershipId = asId<MembershipId>(id)
  const membership = await one(tx, 'memberships', { spaceId, membershipId })
  const bookings = await list(tx, 'bookings', { spaceId, membershipId })
  const bookingId = bookings.map((each) => each.bookingId)
  const pairings = await pairingsOf(tx, spaceId, { membershipId, membership, connectedBy })
  const site = await getActiveSite(tx, spaceId)
  // Connected again meanwhile: it is called off.
  if (pairings.some((each) => each.siteId === site?.siteId && each.state !== 'leaving')) return null
  if (pairings.length > 0 || (await one(tx, 'bookingGroups', { spaceId, bookingId })))
    return new Date(now.getTime() + untilCleanMs)

  const old = await oldPairings(tx, spaceId, [membershipId])
  const pairingId = [...new Set([...old, connectedBy])].filter(Boolean)
  await forgetWords(tx, spaceId, { pairingId, bookingId, name: membership?.name ?? null })
  await forgetUsers(tx, spaceId, pairingId)
  const today = localDate(now, space.timeZone)
  const isOver =
    !membership ||
    membership.goneAt !== null ||
    (membership.canceledTo !== null && membership.canceledTo < today)
  const ended = isOver ? {} : { endsAt: upTo(askedAt) }
  const taken = await take(tx, 'bookings', { spaceId, membershipId, ...ended })
  if (isOver) await take(tx, 'memberships', { spaceId, membershipId })
  return taken.length > 0 ? new Date(now.getTime() + untilUnlistedMs) : null
}

type Whose = {
  membershipId: MembershipId
  membership: Row<'memberships'> | null
  connectedBy: string
}

/** At each site, also at one that is being left. */
const pairingsOf = async (tx: Tx, spaceId: SpaceRow['spaceId'], whose: Whose) => {
  const { membershipId, membership, connectedBy } = whose
  const person = personKeys({ cobotUserId: membership?.cobotUserId ?? null, membershipId })
  const known = [connectedBy, membership?.pairingId ?? ''].map((each) => asId<PairingId>(each))
  return [
    ...(await list(tx, 'pairings', { spaceId, person })),
    ...(await list(tx, 'pairings', { spaceId, pairingId: known })),
  ]
}

type Words = { pairingId: string[]; bookingId: string[]; name: string | null }

/** What was said of them, to whomever. */
const forgetWords = async (tx: Tx, spaceId: SpaceRow['spaceId'], theirs: Words) => {
  const { name } = theirs
  const { subjects, isTheirs } = subjectsOf(theirs)
  for (const { code, subject, params } of await list(tx, 'problems', { spaceId }))
    if (isTheirs({ subject }) || (name && params.holder === name))
      await take(tx, 'problems', { spaceId, code, subject })
  const held = (await list(tx, 'guard', { spaceId })).filter(isTheirs)
  await take(tx, 'guard', { spaceId, subject: held.map(({ subject }) => subject) })
  await change(tx, 'receiptLines', { spaceId, subject: subjects }, { name: '', holder: null })
  if (!name) return
  await change(tx, 'receiptLines', { spaceId, name }, { name: '' })
  await change(tx, 'receiptLines', { spaceId, holder: name }, { holder: null })
}

/** What KS showed of them, unless they are there still. */
const forgetUsers = async (tx: Tx, spaceId: SpaceRow['spaceId'], pairingId: string[]) => {
  const written = await list(tx, 'audit', { spaceId, subject: pairingId })
  const usersIn = (rows: Row<'audit'>[]) =>
    rows.flatMap(({ target }) => (target.siteUserId ? [target.siteUserId] : []))
  const id = usersIn(written.filter(isDeletion))
  await take(tx, 'snapshots', { spaceId, kind: 'siteUser', id })
  const gone = { id: usersIn(written), goneAt: present }
  await take(tx, 'snapshots', { spaceId, kind: 'siteUser', ...gone })
  for (const row of await list(tx, 'snapshots', { spaceId, kind: 'tag' })) {
    const tag = row.data as Tag
    if (!tag.holder || !id.includes(tag.holder.siteUserId)) continue
    const data: Snapshots['tag'] = { ...tag, holder: null }
    await change(tx, 'snapshots', { spaceId, kind: 'tag', id: row.id }, { data })
  }
}

const isDeletion = ({ action, result }: Row<'audit'>) =>
  action === 'deleteSiteUser' && result === 'done'
