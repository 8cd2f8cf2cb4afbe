// Members, tags and users of a site for tests of pages, as the sweeps would have stored them.
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import { saveMemberships, saveSnapshot } from '../../src/db/snapshots.ts'
import { change, one } from '../../src/db/store.ts'
import { createWorld } from './world.ts'

export const stage = async () => {
  const world = await createWorld()
  const frame = await world.openFrame()
  const { db, spaceId, clock } = world
  /** Nothing is due any more. */
  const settle = () => db.tx((tx) => change(tx, 'work', { spaceId }, { runAt: null }))
  await settle()
  const readAt = clock.now()
  const tag = (number: string, more: object = {}) => ({
    tagId: `id-${number}`,
    number,
    blocked: false,
    podTag: false,
    holder: null,
    ...more,
  })
  const user = (id: string, more: object = {}) => ({
    siteUserId: id,
    saltoUserId: `p-${id}`,
    firstName: 'Mia',
    lastName: 'Member',
    email: null,
    alias: null,
    tagNumber: null,
    blocked: false,
    seat: 'subscribed',
    roles: [{ roleId: 'r1', code: 'site_user', hierarchical: true }],
    hasProfile: false,
    ...more,
  })
  const stored =
    <T extends object>(
      kind: 'tag' | 'siteUser' | 'plan' | 'accessGroup' | 'lock' | 'resource',
      idKey: string,
    ) =>
    (...items: T[]) =>
      db.tx((tx) =>
        saveSnapshot(tx, spaceId, kind, items as never[], {
          readAt,
          idOf: (item) => String((item as object as Record<string, unknown>)[idKey]),
        }),
      )
  const memberships = (rows: object[]) =>
    db.tx((tx) =>
      saveMemberships(
        tx,
        spaceId,
        rows.map((more) => ({
          name: 'Mia Member',
          email: null,
          cobotUserId: null,
          teamId: null,
          upcomingPlan: null,
          canceledTo: null,
          confirmedAt: readAt,
          startsOn: '2026-01-01',
          plan: { planId: asId('p1'), name: 'Flex', canceledTo: null },
          ...more,
        })) as never[],
        { readAt, timeZone: 'Europe/Berlin' },
      ),
    )
  const pairingOf = async (id: string) => {
    const membership = await one(db.read, 'memberships', { membershipId: asId<MembershipId>(id) })
    return membership?.pairingId ?? null
  }
  return {
    world,
    frame,
    settle,
    tag,
    user,
    memberships,
    pairingOf,
    tags: stored('tag', 'tagId'),
    users: stored('siteUser', 'siteUserId'),
    plans: stored('plan', 'planId'),
    groups: stored('accessGroup', 'accessGroupId'),
    locks: stored('lock', 'lockId'),
    resources: stored('resource', 'resourceId'),
    /** Connected, with a user of theirs in KS. */
    connect: async (id: string, more: object = {}) => {
      await frame.post(`/members/${id}/connect`)
      await settle()
      const pairingId = (await pairingOf(id)) as PairingId
      const paired = { state: 'paired', siteUserId: asId<never>(`su-${id}`), ...more } as const
      await db.tx((tx) => change(tx, 'pairings', { pairingId }, paired))
      return pairingId
    },
    text: async (path: string) => (await frame.get(path)).text(),
    rowOf: (page: string, id: string) =>
      new RegExp(`<tr id="${id}".*?</tr>`, 's').exec(page)?.[0] ?? '',
  }
}
