// What the guard holds, with the names an admin needs to decide.
import type { HeldSet } from '../../views/held.tsx'
import type { AccessGroupId } from '../core/ids.ts'
import { kindOf, listHeld, partsOf, setOf } from '../db/guard.ts'
import { getSnapshot, listSnapshot } from '../db/snapshots.ts'
import { list, one, type Row } from '../db/store.ts'
import type { C, Web } from './page.ts'

/** Of each kind, `losing` and `gaining`: who, which doors, since when. */
export const listHeldSets = async ({ read }: Web['db'], c: C) => {
  const { spaceId } = c.get('here').space
  const rows = await listHeld(read, spaceId)
  const memberships = await list(read, 'memberships', { spaceId })
  const groups = await listSnapshot(read, spaceId, 'accessGroup')
  const groupName = (id: AccessGroupId) =>
    groups.find(({ accessGroupId }) => accessGroupId === id)?.name ?? ''
  const lineOf = async ({ subject, accessGroupIds, evidence, at }: Row<'guard'>) => {
    const { pairingId, bookingId } = partsOf(subject)
    const booking = bookingId && (await one(read, 'bookings', { spaceId, bookingId }))
    const resource =
      booking && (await getSnapshot(read, spaceId, 'resource', booking.resourceId))?.name
    const member = memberships.find((each) =>
      booking ? each.membershipId === booking.membershipId : each.pairingId === pairingId,
    )
    const doors = booking ? [resource ?? ''] : accessGroupIds.map(groupName)
    const startsAt = booking ? booking.startsAt : null
    return { name: member?.name ?? '?', doors, startsAt, evidence, at }
  }
  const lines = await Promise.all(rows.map(async (row) => ({ row, line: await lineOf(row) })))
  return (what: string): HeldSet => {
    const these = lines.filter(({ row }) => kindOf(row) === what)
    return { what, set: setOf(these.map(({ row }) => row)), lines: these.map(({ line }) => line) }
  }
}
