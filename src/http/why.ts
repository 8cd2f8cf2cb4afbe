// Why?: whether a person gets through a door, until when, and which link of the chain is broken.
import { Hono } from 'hono'
import { type WhyAnswer, WhyPage } from '../../views/why.tsx'
import { spaceUrlOf } from '../cobot/settings.ts'
import type { LockId, MembershipId, SpaceId } from '../core/ids.ts'
import { fromLocal } from '../core/temporal.ts'
import { type Why, why as whyOf } from '../core/why.ts'
import type { Tx } from '../db/open.ts'
import { getSnapshot, listSnapshot } from '../db/snapshots.ts'
import { one } from '../db/store.ts'
import { listPeople, readWhyFacts } from '../db/why.ts'
import { eventsUrl } from '../salto/assumed.ts'
import { type C, type Env, show, type Web } from './page.ts'

const peopleMax = 50

export const why = (web: Web) =>
  new Hono<Env>().get('/why', async (c) => show(web, c, 'why', await whyPage(web, c)))

const whyPage = async (web: Web, c: C) => {
  const { db, ports } = web
  const { search = '', membershipId = '', lockId = '', at = '' } = c.req.query()
  const { space } = c.get('here')
  const wanted = search.trim().toLowerCase()
  const all = await listPeople(db.read, space, ports.clock.now())
  const found = all.filter((each) => each.words.toLowerCase().includes(wanted))
  const [only] = found.length === 1 ? found : []
  const chosen = found.find((each) => each.id === membershipId) ?? only
  const people = found.slice(0, peopleMax)
  if (chosen && !people.includes(chosen)) people.push(chosen)
  const doors = (await listSnapshot(db.read, space.spaceId, 'lock'))
    .map((lock) => ({ id: lock.lockId, name: lock.name }))
    .sort((a, b) => a.name.localeCompare(b.name))
  const door = doors.find(({ id }) => id === lockId)
  return WhyPage({
    say: c.get('say'),
    search,
    people,
    more: found.length - people.length,
    doors,
    membershipId: chosen?.id ?? '',
    lockId: door?.id ?? '',
    at,
    zone: space.timeZone,
    answer: chosen && door ? await answerOf(web, c, chosen, door) : null,
  })
}

const answerOf = async (
  { db, ports, config }: Web,
  c: C,
  person: { id: MembershipId; name: string },
  door: { id: LockId; name: string },
): Promise<WhyAnswer | null> => {
  const { space, site } = c.get('here')
  const { spaceId, subdomain, timeZone } = space
  const { at: local = '' } = c.req.query()
  const now = ports.clock.now()
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(local) ? fromLocal(`${local}:00`, timeZone) : null
  const facts = await readWhyFacts(db.read, spaceId, { membershipId: person.id }, door.id, now)
  if (!facts || !site) return null
  const { appUrl } = config.salto
  const { opens, until, next, way, chain } = whyOf(facts, at ?? now)
  return {
    opens,
    until,
    next,
    now,
    at,
    person: person.name,
    door: door.name,
    chain,
    broken: chain.find(({ ok }) => !ok) ?? null,
    way: await wayOf(db.read, spaceId, way),
    ways: {
      cobot: `${spaceUrlOf(config.cobot, subdomain)}/admin`,
      salto: appUrl,
      events: eventsUrl(appUrl, site.siteId),
    },
  }
}

const wayOf = async (tx: Tx, spaceId: SpaceId, way: Why['way']): Promise<WhyAnswer['way']> => {
  if (way?.kind !== 'booking') return way && { plan: way.planName }
  const booking = await one(tx, 'bookings', { spaceId, bookingId: way.bookingId })
  if (!booking) return null
  const { startsAt, endsAt, resourceId } = booking
  const resource = (await getSnapshot(tx, spaceId, 'resource', resourceId))?.name ?? ''
  return { resource, startsAt, endsAt }
}
