// C5 Visitors stand among the members from the day before, so that somebody can hand them a tag.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { saveBookings, saveSnapshot } from '../../src/db/snapshots.ts'
import { addPairing } from '../../src/db/spaces.ts'
import { change, one } from '../../src/db/store.ts'
import { visitorOf } from '../../src/db/visitors.ts'
import { stage } from './people.ts'

test('C5 a visitor has a row of their own, and gets a tag in it or from the form', async () => {
  const on = await stage()
  const { db, clock, spaceId, siteId } = on.world
  const readAt = clock.now()
  const ids = { bookingId: asId<never>('b1'), pairingId: asId<never>('p1') }
  const resource = { resourceId: asId<never>('r1'), name: 'Quay Room' }
  const external = { externalBookingId: asId<never>('x1'), status: 'approved' as const }
  await db.tx(async (tx) => {
    await saveSnapshot(tx, spaceId, 'resource', [resource], { readAt, idOf: () => 'r1' })
    const times = {
      startsAt: new Date('2026-03-02T14:00:00Z'),
      endsAt: new Date('2026-03-02T16:00:00Z'),
    }
    const booking = { ...ids, ...resource, ...times, membershipId: null, title: null }
    const { bookingId, resourceId, membershipId, title, startsAt, endsAt } = booking
    await saveBookings(
      tx,
      spaceId,
      [
        {
          bookingId,
          resourceId,
          membershipId,
          title,
          startsAt,
          endsAt,
          external: { ...external, name: 'Vera Visitor' },
        },
      ],
      readAt,
    )
    const person = visitorOf(ids.bookingId)
    await addPairing(tx, { spaceId, siteId, pairingId: ids.pairingId, person })
    const paired = { state: 'paired', siteUserId: asId<never>('su') } as const
    await change(tx, 'pairings', { spaceId, pairingId: ids.pairingId }, paired)
  })
  await on.tags(on.tag('001'))
  const row = on.rowOf(await on.text('/members?filter=visitors'), 'member-visitor:b1')
  expect(row).toMatch(/Vera Visitor.*Quay Room.*Visit, Mon, 2 Mar 2026, 15:00.*17:00.*Assign tag/s)
  expect(row).not.toContain('/disconnect')
  expect(await on.text('/members/visitor:b1/tag')).toContain('Vera Visitor')
  const answer = await on.frame.post('/tags/hand-out', { tag: '001', member: 'Vera Visitor' })
  expect(answer.status).toBe(200)
  const held = await one(db.read, 'tagHolders', { tagId: asId<never>('id-001') })
  expect(held).toMatchObject({ pairingId: 'p1', state: 'held' })
  expect(on.rowOf(await on.text('/tags'), 'tag-id-001')).toContain('Vera Visitor')
})
