// The file of what we hold about one person, in words and with names, for whoever asks us for it.
import { activityWords } from '../../views/activity.tsx'
import type { Say } from '../../views/i18n.ts'
import { problemText } from '../../views/problems.tsx'
import { causeOf } from '../core/activity.ts'
import { localDate } from '../core/temporal.ts'
import type { Tx } from '../db/open.ts'
import { type Kept, readPerson } from '../db/person.ts'
import type { SpaceRow } from '../db/spaces.ts'
import { list } from '../db/store.ts'
import type { C, Web } from './page.ts'

export const personFile = async ({ db, ports }: Web, c: C) => {
  const { space } = c.get('here')
  const id = c.req.param('membershipId') ?? ''
  const now = ports.clock.now()
  const kept = await readPerson(db.read, space, id, now)
  if (!kept) return c.notFound()
  const nameOf = await readNames(db.read, space)
  const written = { space: space.name, timeZone: space.timeZone, writtenAt: now }
  const text = JSON.stringify({ ...written, ...inWords(c.get('say'), kept, nameOf) }, null, 2)
  const name = `person-${space.subdomain}-${id.replace(/\W+/g, '-')}-${localDate(now, space.timeZone)}`
  return c.body(`${text}\n`, 200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}.json"`,
  })
}

/** These fields of a row, and no other: what is added to a table does not leave by itself. */
const only =
  <Field extends string>(...fields: Field[]) =>
  <Kept extends Record<Field, unknown>>(row: Kept) =>
    Object.fromEntries(fields.map((field) => [field, row[field]]))

type NameOf = Awaited<ReturnType<typeof readNames>>
const readNames = async (tx: Tx, { spaceId }: SpaceRow) => {
  const things = await list(tx, 'snapshots', { spaceId, kind: ['accessGroup', 'resource'] })
  const sites = await list(tx, 'sites', { spaceId })
  return {
    thing: (id: string | null) => {
      const { name } = Object(things.find((each) => each.id === id)?.data) as { name?: string }
      return name ?? null
    },
    site: (id: string) => sites.find(({ siteId }) => siteId === id)?.info.name ?? null,
  }
}

/** What KS may know of others who might be this person is not theirs, and stays out. */
const inWords = (say: Say, kept: Kept, nameOf: NameOf) => ({
  memberships: kept.memberships.map(({ spaceId, pairingId, ...membership }) => membership),
  connections: kept.pairings.map(({ spaceId, siteId, candidates, pairingId, ...pairing }) => ({
    site: nameOf.site(siteId),
    ...pairing,
    groups: kept.places
      .filter((place) => place.pairingId === pairingId)
      .map((place) => ({
        name: nameOf.thing(place.accessGroupId),
        ...only('accessGroupId', 'origin', 'joinedAt', 'unwantedSince', 'basis')(place),
      })),
    tags: kept.tags
      .filter((tag) => tag.pairingId === pairingId)
      .map(only('number', 'tagId', 'state', 'doneAt')),
  })),
  saltoKs: kept.users,
  bookings: kept.bookings.map(({ spaceId, resourceId, ...booking }) => ({
    resource: nameOf.thing(resourceId),
    ...booking,
    groups: kept.bookingGroups
      .filter(({ bookingId }) => bookingId === booking.bookingId)
      .map(({ siteId, name, accessGroupId, zone, written }) => ({
        site: nameOf.site(siteId),
        name,
        accessGroupId,
        zone,
        startLocal: written?.startLocal ?? null,
        endLocal: written?.endLocal ?? null,
      })),
  })),
  problems: kept.problems.map(({ code, params, since, shownAt, leftAt }) => {
    const others = params.holder && { holder: say.t('person.somebodyElse') }
    return { code, text: problemText(say, code, { ...params, ...others }), since, shownAt, leftAt }
  }),
  heldBack: kept.held.map((row) => ({
    ...only('state', 'evidence', 'at')(row),
    groups: row.accessGroupIds.map(nameOf.thing),
  })),
  leftSites: kept.receipts.map((line) => ({
    site: nameOf.site(line.siteId),
    ...only('name', 'outcome', 'why')(line),
  })),
  looks: kept.work.map((look) => ({
    ...only('task', 'subject', 'runAt', 'askedAt')(look),
    cause: causeOf(look.cause).kind,
    lastError: look.lastError,
  })),
  changes: kept.changes.map((line) => {
    const nobody = { ...line.cause, admin: null }
    const { booking, what, why, result } = activityWords(say, { ...line, cause: nobody })
    return { at: line.at, booking, what, why, result }
  }),
  asAdmin: {
    names: kept.admin.names,
    sessions: kept.admin.sessions.map(
      only('use', 'adminName', 'locale', 'adminReadAt', 'expiresAt'),
    ),
    permissionsGiven: kept.admin.permissions.map(only('side', 'changedAt')),
    changesMade: kept.admin.changes.map(only('at', 'action')),
  },
})
