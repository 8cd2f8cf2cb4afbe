// The end of it all in words, without ids: what KS holds, what Cobot holds of ours, and what our own
// database says of both.
import { list } from '../../src/db/store.ts'
import type { World } from '../support/world.ts'
import { hub } from './stage.ts'

const withoutMarker = (alias: string) => alias.replace(/ · C\d+$/, '')
const sorted = <T>(things: T[]): T[] =>
  things.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

export const shapeOf = async (world: World) => {
  const { salto, cobot, db, spaceId } = world
  const sites = salto.sites().map((siteId) => {
    const locks = new Map(salto.locks(siteId).map(({ lockId, name }) => [lockId, name]))
    const users = salto.users(siteId)
    const aliasOf = new Map(
      users.map((each) => [each.saltoUserId, withoutMarker(each.alias ?? 'the owner')]),
    )
    return {
      users: sorted(
        users.map((each) => [
          aliasOf.get(each.saltoUserId),
          each.subscriptionState,
          each.firstName,
          each.lastName,
          each.blocked,
          each.tagNumber,
          ...each.roles,
        ]),
      ),
      groups: sorted(
        salto
          .groups(siteId)
          .map((group) => ({
            name: group.name.replace(/\d{12}/, 'booking'),
            locks: group.locks.map((id) => locks.get(id)).sort(),
            users: group.users.map((id) => aliasOf.get(id) ?? id).sort(),
            hours: group.schedules.map((each) => [each.start_date, each.end_date]),
          })),
      ),
    }
  })
  const rows = <N extends Parameters<typeof list>[1]>(name: N) =>
    list(db.read, name, { spaceId } as never)

  const memberships = await rows('memberships')
  const nameOf = (pairingId: string) =>
    memberships.find((each) => each.pairingId === pairingId)?.name ?? pairingId
  const subjectOf = (subject: string) => {
    const [kind = '', id = ''] = subject.split(':')
    return kind === 'pairing' ? nameOf(id) : kind
  }
  const groupNames = new Map(
    salto.sites().flatMap((id) => salto.groups(id).map((each) => [each.id, each.name])),
  )
  const nameOfGroup = (id: string) => groupNames.get(id)?.replace(/\d{12}/, 'booking')
  return {
    sites,
    ours: {
      subscriptions: cobot
        .subscriptions(hub)
        .filter(({ active }) => active)
        .map(({ event }) => event)
        .sort(),
      links: cobot.navigationLinks(hub).map(({ label }) => label),
    },
    spaces: (await rows('spaces')).map(({ state }) => state),
    connections: sorted((await rows('connections')).map(({ side, state }) => [side, state])),
    activeSites: (await rows('sites')).map(({ state, info }) => [info.name, state]),
    memberships: sorted(
      memberships.map(({ name, email, goneAt, pairingId }) => [
        name,
        email,
        goneAt ? 'gone' : 'there',
        pairingId ? 'connected' : '',
      ]),
    ),
    bookings: (await rows('bookings')).filter(({ goneAt }) => !goneAt).length,
    pairings: sorted(
      (await rows('pairings')).map((row) => [
        nameOf(row.pairingId),
        row.state,
        row.origin,
        row.siteUserId ? 'has a user' : '',
        row.creatingSince ? 'creating' : '',
        row.endedAt ? 'ended' : '',
        row.lockedOut,
        row.lockedOutDone,
      ]),
    ),
    places: sorted(
      (await rows('groupPlaces')).map((row) => [
        nameOf(row.pairingId),
        nameOfGroup(row.accessGroupId),
        row.origin,
        row.joinedAt ? 'inside' : '',
        row.unwantedSince ? 'unwanted' : '',
      ]),
    ),
    bookingGroups: sorted(
      (await rows('bookingGroups')).map(({ accessGroupId, written, ...row }) => [
        nameOfGroup(accessGroupId ?? ''),
        written?.startLocal,
        written?.endLocal,
        written?.lockIds.length,
        written?.saltoUserId ? 'for somebody' : '',
        row.creatingSince ? 'creating' : '',
      ]),
    ),
    tags: sorted(
      (await rows('tagHolders')).map((row) => [
        row.number,
        nameOf(row.pairingId),
        row.state,
        row.doneAt ? 'done' : '',
      ]),
    ),
    plans: sorted(
      (await rows('planGroups')).map((row) => [
        row.name,
        row.state,
        row.origin,
        row.opensNothing,
        row.accessGroupId ? 'one' : '',
      ]),
    ),
    problems: sorted((await rows('problems')).map((row) => [row.code, subjectOf(row.subject)])),
    receipts: (await rows('receipts')).map(({ endedAt, notes }) => [endedAt ? 'ended' : '', notes]),
    // Whoever died before it was written down finds it gone.
    receiptLines: sorted(
      (await rows('receiptLines')).map(({ name, holder, outcome, why }) => [
        name.replace(/\d{12}/, 'booking'),
        holder,
        outcome === 'gone' ? 'removed' : outcome,
        why,
      ]),
    ),
    stuck: sorted(
      (await rows('work'))
        .filter(({ leaseToken, attempts }) => leaseToken || attempts > 0)
        .map((row) => [row.task, row.lastError]),
    ),
  }
}

export type Shape = Awaited<ReturnType<typeof shapeOf>>

/** What differs between two shapes, in a few lines. */
export const differences = (found: Shape, wanted: Shape): string[] =>
  Object.entries(wanted).flatMap(([part, value]) => {
    const other: unknown = found[part as keyof typeof found]
    if (JSON.stringify(value) === JSON.stringify(other)) return []
    const lines = (list: unknown) => [list].flat().map((each) => JSON.stringify(each))
    const [is, should] = [lines(other), lines(value)]
    return [
      ...is.filter((line) => !should.includes(line)).map((line) => `${part}: there is ${line}`),
      ...should.filter((line) => !is.includes(line)).map((line) => `${part}: missing ${line}`),
    ]
  })

/** The same of who holds a seat and who is in which group. */
export const differencesOfAccess = (found: Shape, wanted: Shape): string[] => {
  const accessOf = ({ sites }: Shape) =>
    sites.flatMap(({ users, groups }) => [
      ...users.filter(([, seat]) => seat === 'subscribed').map(([name]) => `${name} has a seat`),
      ...groups.flatMap(({ name, users }) => users.map((user) => `${user} is in ${name}`)),
    ])
  const [is, should] = [accessOf(found), accessOf(wanted)]
  return [...is.filter((each) => !should.includes(each)), ...should.filter((e) => !is.includes(e))]
}
