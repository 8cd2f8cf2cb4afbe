// What SALTO KS should hold, reckoned from Cobot and the mapping alone: slow, obvious, and without
// any of the add-on's own code, so that the two cannot be wrong together.
import { createHash } from 'node:crypto'
import type { Booking, Membership } from '../simulators/cobot/state.ts'

const hourMs = 3600_000
const dayMs = 24 * hourMs

export type Door = { lockIds: string[]; minutesBefore: number; minutesAfter: number }

export type Facts = {
  now: Date
  /** Of the space; it decides dates. */
  zone: string
  /** Of the site, where it is another; it decides hours. */
  siteZone?: string
  memberships: readonly Membership[]
  bookings: readonly Booking[]
  /** Who deleted a membership lost it; all others count once somebody connected them. */
  isConnected(membership: Membership): boolean
  /** The locks of each mapped resource. */
  doors: ReadonlyMap<string, Door>
  /** The day on which each end was announced; an end announced on its own day counts from the next. */
  endAnnouncedOn: ReadonlyMap<string, string>
}

export type BookingGroup = {
  name: string
  person: string
  lockIds: string[]
  startsAt: Date
  endsAt: Date
  startLocal: string
  endLocal: string
}

/** `user:ID`, or `membership:ID` without a login. */
export const personOf = ({ id, userId }: Pick<Membership, 'id' | 'userId'>): string =>
  userId ? `user:${userId}` : `membership:${id}`

/** The documented rule: SHA-256 of the id, its first 15 hex digits, modulo a power of ten. */
const digits = (text: string, length: number): string => {
  const key = `${length} ${text}`
  const known = reckoned.get(key) ?? reckon(text, length)
  reckoned.set(key, known)
  return known
}
const reckoned = new Map<string, string>()
const reckon = (text: string, length: number): string => {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 15)
  return String(BigInt(`0x${hex}`) % BigInt(10 ** length)).padStart(length, '0')
}

export const groupNameOf = (bookingId: string): string => `Cobot ${digits(bookingId, 12)}`
export const markerOf = (person: string): string => `· C${digits(person, 9)}`

const formats = new Map<string, Intl.DateTimeFormat>()
const midnights = new Map<string, Date>()

/** What a clock on the wall shows, `YYYY-MM-DDTHH:mm:ss`. */
export const wallClock = (at: Date, zone: string): string => {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  formats.set(zone, format)
  return format.format(at).replace(' ', 'T')
}

export const dayOf = (at: Date, zone: string): string => wallClock(at, zone).slice(0, 10)

/** The first instant of a day, found by trying every quarter of an hour. */
export const midnight = (day: string, zone: string): Date => {
  const key = `${day} ${zone}`
  const known = midnights.get(key)
  if (known) return known
  let at = new Date(`${day}T00:00:00Z`).getTime() - dayMs
  while (dayOf(new Date(at), zone) < day) at += hourMs / 4
  midnights.set(key, new Date(at))
  return new Date(at)
}

export const laterDay = (day: string, days: number): string =>
  new Date(new Date(`${day}T12:00:00Z`).getTime() + days * dayMs).toISOString().slice(0, 10)

export const expectKs = (facts: Facts) => {
  const { now, zone, memberships, bookings, doors } = facts
  const { siteZone = zone } = facts
  const connected = memberships.filter((each) => facts.isConnected(each))

  const isMember = (membership: Membership, at: Date): boolean => {
    const { id, confirmedAt, startsAt, canceledTo } = membership
    if (!confirmedAt || at < midnight(startsAt, zone)) return false
    if (!canceledTo) return true
    const isLate = facts.endAnnouncedOn.get(id) === canceledTo
    return at < midnight(isLate ? laterDay(canceledTo, 1) : canceledTo, zone)
  }

  const planNow = ({ plan, upcomingPlan }: Membership): string =>
    upcomingPlan && plan.canceledTo && now >= midnight(plan.canceledTo, zone)
      ? upcomingPlan.name
      : plan.name

  /** Persons by the plan they are on now. */
  const planGroups = new Map<string, Set<string>>()
  for (const membership of connected.filter((each) => isMember(each, now))) {
    const persons = planGroups.get(planNow(membership)) ?? new Set()
    planGroups.set(planNow(membership), persons.add(personOf(membership)))
  }

  const entitled = new Set([...planGroups.values()].flatMap((persons) => [...persons]))
  const bookingGroups = new Map<string, BookingGroup>()
  /** Over, and not yet a day ago: the group may stand, and opens nothing any more. */
  const mayStand = new Set<string>()
  for (const booking of bookings) {
    const booker = connected.find(({ id }) => id === booking.membershipId)
    if (!booker) continue
    // Any membership of the booker's, as long as it runs when the booking begins.
    const person = personOf(booker)
    const theirs = connected.filter((each) => personOf(each) === person)
    const isTheirs = theirs.some((each) => isMember(each, booking.from))
    const door = doors.get(booking.resourceId)
    if (!door) continue
    // Whoever is inside stays able to come back in, past the end of the membership.
    if (isTheirs && booking.from <= now && now < booking.to) entitled.add(person)
    const startsAt = new Date(booking.from.getTime() - door.minutesBefore * 60_000)
    const endsAt = new Date(booking.to.getTime() + door.minutesAfter * 60_000)
    const name = groupNameOf(booking.id)
    if (endsAt <= now) {
      if (endsAt.getTime() + dayMs > now.getTime()) mayStand.add(name)
      continue
    }
    if (!isTheirs || startsAt.getTime() - 7 * dayMs > now.getTime()) continue
    const { lockIds } = door
    bookingGroups.set(name, {
      name,
      person,
      lockIds,
      startsAt,
      endsAt,
      // Read by few, and dear to work out.
      get startLocal() {
        return wallClock(startsAt, siteZone)
      },
      get endLocal() {
        return wallClock(endsAt, siteZone)
      },
    })
  }
  return { planGroups, bookingGroups, mayStand, entitled }
}

export type Expected = ReturnType<typeof expectKs>

type KsUser = {
  saltoUserId: string
  alias: string | null
  blocked: boolean
  subscriptionState: string
}
type KsGroup = {
  name: string
  users: string[]
  locks: string[]
  schedules: { start_date: string | null; end_date: string | null }[]
}

const isBookingGroup = ({ name }: { name: string }) => /^Cobot \d+$/.test(name)

/**
 * What differs between KS and what is expected, one sentence each; nothing when all is well.
 * `persons` are all that were ever connected; plans name the groups of theirs, and what these open.
 */
export const differences = (given: {
  expected: Expected
  persons: Iterable<string>
  users: readonly KsUser[]
  groups: readonly KsGroup[]
  plans: readonly { name: string; lockIds: string[] }[]
  now: Date
  zone: string
}): string[] => {
  const { expected, users, groups, plans, now, zone } = given
  const said: string[] = []
  const say = (text: string, wanted: unknown, found: unknown) => {
    const [a, b] = [wanted, found].map((value) => JSON.stringify(value))
    if (a !== b) said.push(`${text}: should be ${a}, is ${b}`)
  }
  const persons = new Map<string, string>()
  for (const person of new Set(given.persons)) {
    const theirs = users.filter(({ alias }) => alias?.endsWith(markerOf(person)))
    const isEntitled = expected.entitled.has(person)
    if (isEntitled || theirs.length > 1) say(`users of ${person}`, 1, theirs.length)
    for (const { saltoUserId, subscriptionState } of theirs) {
      persons.set(saltoUserId, person)
      say(`seat of ${person}`, isEntitled ? 'subscribed' : 'suspended', subscriptionState)
    }
  }
  const whoIn = ({ users }: KsGroup) => users.map((id) => persons.get(id) ?? id).sort()

  for (const { name } of plans) {
    const found = groups.filter((group) => group.name === name)
    if (found.length > 1) say(`groups "${name}"`, 1, found.length)
    const wanted = [...(expected.planGroups.get(name) ?? [])].sort()
    say(`people in "${name}"`, wanted, found.flatMap(whoIn))
  }

  const standing = groups.filter(isBookingGroup)
  for (const { name } of standing)
    if (!expected.bookingGroups.has(name) && !expected.mayStand.has(name))
      said.push(`${name} stands, and should not`)
  for (const { name, person, lockIds, startLocal, endLocal } of expected.bookingGroups.values()) {
    const found = standing.filter((group) => group.name === name)
    say(`groups ${name}`, 1, found.length)
    for (const group of found) {
      say(`people in ${name}`, [person], whoIn(group))
      say(`locks in ${name}`, [...lockIds].sort(), [...group.locks].sort())
      const hours = group.schedules.map((each) => [each.start_date, each.end_date])
      say(`hours of ${name}`, [[startLocal, endLocal]], hours)
    }
  }

  // The doors themselves: who opens which one, now and at the edges of what is booked.
  const edges = [...expected.bookingGroups.values()].flatMap(({ startsAt, endsAt }) =>
    [startsAt, endsAt].flatMap((at) => [-60_000, 0, 60_000].map((ms) => at.getTime() + ms)),
  )
  const wantedAt = (at: Date) =>
    [...expected.bookingGroups.values()]
      .filter(({ startsAt, endsAt }) => startsAt <= at && at <= endsAt)
      .flatMap(({ person, lockIds }) => lockIds.map((lockId) => `${person} ${lockId}`))
  const openAt = (at: Date, which: readonly KsGroup[]) => {
    const wall = wallClock(at, zone)
    const isOpen = ({ schedules }: KsGroup) =>
      schedules.some((s) => (s.start_date ?? '') <= wall && wall <= (s.end_date ?? '9'))
    return which
      .filter(isOpen)
      .flatMap((group) => whoIn(group).flatMap((who) => group.locks.map((id) => `${who} ${id}`)))
  }
  const unique = (pairs: string[]) => [...new Set(pairs)].sort()
  for (const at of new Set(edges.filter((ms) => ms > now.getTime())))
    say(
      `booked doors at ${new Date(at).toISOString()}`,
      unique(wantedAt(new Date(at))),
      unique(openAt(new Date(at), standing)),
    )
  const able = new Set(
    users
      .filter(({ blocked, subscriptionState }) => !blocked && subscriptionState === 'subscribed')
      .map(({ saltoUserId }) => persons.get(saltoUserId) ?? saltoUserId),
  )
  const byPlan = plans.flatMap(({ name, lockIds }) =>
    [...(expected.planGroups.get(name) ?? [])].flatMap((who) =>
      lockIds.map((id) => `${who} ${id}`),
    ),
  )
  const open = openAt(now, groups).filter((pair) => able.has(pair.split(' ')[0] ?? ''))
  say('doors now', unique([...wantedAt(now), ...byPlan]), unique(open))
  return said
}
