// What is true of one space at every moment, from Cobot's own state and the admin's clicks, and what
// KS would let happen: who may open what, who does, since when the two differ.
import type { CobotSimulator } from '../simulators/cobot/simulator.ts'
import type { SaltoSimulator } from '../simulators/salto/simulator.ts'
import {
  type Door,
  dayOf,
  differences,
  expectKs,
  laterDay,
  markerOf,
  midnight,
  personOf,
} from '../support/oracle.ts'

export type PlanModel = { planId: string; name: string; lockIds: string[] }

export type SpaceModel = {
  index: number
  subdomain: string
  spaceId: string
  siteId: string
  ownerEmail: string
  zone: string
  siteZone: string
  hookKey: string
  plans: PlanModel[]
  resources: string[]
  doors: Map<string, Door>
  /** Who was connected by an admin, and not disconnected since. */
  persons: Set<string>
  everConnected: Set<string>
  lockedOut: Set<string>
  /** Whose rights somebody changed by hand in KS: shown, not undone. */
  touched: Set<string>
  endAnnouncedOn: Map<string, string>
  /** When something last went wrong for this space, and when an event of Cobot's last got lost. */
  disturbedAtMs: number
  /** The same without what went wrong on the way to Cobot: an end that is known needs no Cobot. */
  hinderedAtMs: number
  /** When all was well for the last time. */
  calmAtMs: number
  lostAtMs: number
}

/** Somebody opens what they should not (`removal`), or does not open what they should (`grant`). */
export type Mismatch = {
  kind: 'removal' | 'grant'
  person: string
  lockId: string
  sinceMs: number
  /** By a date that we had long been told of. */
  isDated: boolean
  isTold: boolean
}

export type Latency = { kind: 'removal' | 'grant'; ms: number; sinceMs: number; lost: boolean }

type Said = { words: string; sinceMs: number }
/** Whoever has been entitled for so long does not lose a door in between. */
const longEnoughMs = 5 * 60_000

export const createTruth = (given: {
  space: SpaceModel
  cobot: CobotSimulator
  salto: SaltoSimulator
  now(): Date
  /** What Cobot said so long before all was last well, we know, even if the event got lost. */
  knownAfterMs: number
  onLatency(latency: Latency): void
}) => {
  const { space, cobot, salto } = given
  const mismatches = new Map<string, Mismatch>()
  /** Who was entitled at the last look, to tell a removal that was wrong. */
  let must = new Set<string>()
  let open = new Set<string>()
  /** Since when, without a break. */
  const mustSince = new Map<string, number>()
  /** What Cobot says of a person, and since when: looked at now and then. */
  const said = { memberships: new Map<string, Said>(), bookings: new Map<string, Said>() }
  /** What Cobot says of everybody, by person. */
  const words = () => {
    const memberships = new Map<string, string>()
    const bookings = new Map<string, string>()
    const persons = new Map<string, string>()
    type Word = string | number | null | undefined
    const add = (to: Map<string, string>, person: string, what: Word[]) =>
      to.set(person, `${to.get(person) ?? ''}${what.join()};`)
    const onPlan = (
      plan: { planId: string | null; name: string; canceledTo: string | null } | null,
    ) => plan && `${plan.planId} ${plan.name} ${plan.canceledTo}`
    for (const each of cobot.memberships(space.subdomain)) {
      const { id, confirmedAt, startsAt, canceledTo } = each
      const person = personOf(each)
      persons.set(id, person)
      const plans = [onPlan(each.plan), onPlan(each.upcomingPlan)]
      add(memberships, person, [id, confirmedAt?.getTime(), startsAt, canceledTo, ...plans])
    }
    for (const { id, from, to, resourceId, membershipId } of cobot.bookings(space.subdomain)) {
      const person = membershipId && persons.get(membershipId)
      const { lockIds, minutesBefore, minutesAfter } = space.doors.get(resourceId) ?? {}
      const door = `${lockIds?.join(' ')} ${minutesBefore} ${minutesAfter}`
      if (person) add(bookings, person, [id, from.getTime(), to.getTime(), resourceId, door])
    }
    return { memberships, bookings }
  }
  /** Since when Cobot has said the same of a person, by what it says now. */
  const sayingSince = () => {
    let now: ReturnType<typeof words> | undefined
    return (what: keyof typeof said, person: string): number => {
      now ??= words()
      const known = said[what].get(person)
      const isSame = known?.words === (now[what].get(person) ?? '')
      return isSame ? known.sinceMs : Number.POSITIVE_INFINITY
    }
  }

  const facts = () => {
    const memberships = cobot.memberships(space.subdomain)
    const bookings = cobot.bookings(space.subdomain)
    const isConnected = (each: (typeof memberships)[number]) => space.persons.has(personOf(each))
    const { zone, siteZone, doors, endAnnouncedOn } = space
    return {
      now: given.now(),
      zone,
      siteZone,
      memberships,
      bookings,
      isConnected,
      doors,
      endAnnouncedOn,
    }
  }

  /** `PERSON LOCK`: what must open, and what may. */
  const rights = () => {
    const { now, ...rest } = facts()
    const expected = expectKs({ now, ...rest })
    const mustOpen = new Set<string>()
    const mayOpen = new Set<string>()
    for (const { name, lockIds } of space.plans)
      for (const person of expected.planGroups.get(name) ?? [])
        for (const lockId of lockIds) mustOpen.add(`${person} ${lockId}`)
    for (const { startsAt, endsAt, person, lockIds } of expected.bookingGroups.values()) {
      if (now < startsAt || now.getTime() >= endsAt.getTime() + 1000) continue
      for (const lockId of lockIds) {
        mayOpen.add(`${person} ${lockId}`)
        if (expected.entitled.has(person)) mustOpen.add(`${person} ${lockId}`)
      }
    }
    for (const pair of mustOpen) mayOpen.add(pair)
    for (const pair of [...mayOpen])
      if (space.lockedOut.has(pair.split(' ')[0] ?? '')) {
        mayOpen.delete(pair)
        mustOpen.delete(pair)
      }
    return { mustOpen, mayOpen }
  }

  const opens = () => {
    const persons = new Map<string, string>()
    const markers = new Map([...space.everConnected].map((person) => [markerOf(person), person]))
    for (const { alias, saltoUserId } of salto.users(space.siteId)) {
      const person = alias && markers.get(alias.slice(-12))
      if (person) persons.set(saltoUserId, person)
    }
    return new Set(
      salto.whoOpens(space.siteId).flatMap((pair) => {
        const [saltoUserId = '', lockId = ''] = pair.split(' ')
        const person = persons.get(saltoUserId)
        return person ? [`${person} ${lockId}`] : []
      }),
    )
  }

  const compare = (nowMs: number): { wronglyClosed: string[]; closedBetween: string[] } => {
    const { mustOpen, mayOpen } = rights()
    const saidSince = sayingSince()
    const before = open
    open = opens()
    const wrong = new Map<string, Mismatch['kind']>()
    for (const pair of open) if (!mayOpen.has(pair)) wrong.set(pair, 'removal')
    for (const pair of mustOpen) if (!open.has(pair)) wrong.set(pair, 'grant')
    for (const [pair, { kind, sinceMs }] of mismatches) {
      if (wrong.get(pair) === kind) continue
      mismatches.delete(pair)
      given.onLatency({
        kind,
        ms: nowMs - sinceMs,
        sinceMs,
        lost: space.lostAtMs >= sinceMs - 1000,
      })
    }
    for (const [pair, kind] of wrong) {
      if (mismatches.has(pair)) continue
      const [person = '', lockId = ''] = pair.split(' ')
      if (space.touched.has(person)) continue
      const saidMs = Math.max(saidSince('memberships', person), saidSince('bookings', person))
      const isDated = kind === 'removal' && saidMs < space.calmAtMs - given.knownAfterMs
      mismatches.set(pair, { kind, person, lockId, sinceMs: nowMs, isDated, isTold: false })
    }
    const wronglyClosed = [...before].filter(
      (pair) => !open.has(pair) && must.has(pair) && mustOpen.has(pair),
    )
    must = mustOpen
    for (const pair of mustSince.keys()) if (!mustOpen.has(pair)) mustSince.delete(pair)
    for (const pair of mustOpen) if (!mustSince.has(pair)) mustSince.set(pair, nowMs)
    const closedBetween = wronglyClosed.filter((pair) => {
      const person = pair.split(' ')[0] ?? ''
      const sinceMs = mustSince.get(pair) ?? nowMs
      return (
        !space.touched.has(person) &&
        nowMs - sinceMs > longEnoughMs &&
        nowMs - saidSince('bookings', person) > longEnoughMs
      )
    })
    return { wronglyClosed, closedBetween }
  }

  return {
    space,
    compare,
    mismatches,
    /** Takes down what Cobot says of everybody. */
    hear: (nowMs: number) => {
      const now = words()
      for (const what of ['memberships', 'bookings'] as const)
        for (const person of space.persons) {
          const spoken = now[what].get(person) ?? ''
          if (said[what].get(person)?.words !== spoken)
            said[what].set(person, { words: spoken, sinceMs: nowMs })
        }
    },
    forgive: (person: string) => {
      for (const [pair, each] of mismatches) if (each.person === person) mismatches.delete(pair)
    },
    /** The next instant at which rights change by themselves. */
    nextEdgeMs: (nowMs: number): number => {
      const edges = [
        midnight(laterDay(dayOf(new Date(nowMs), space.zone), 1), space.zone).getTime(),
      ]
      for (const { from, to, resourceId } of cobot.bookings(space.subdomain)) {
        const door = space.doors.get(resourceId)
        if (!door) continue
        const [before, after] = [door.minutesBefore * 60_000, door.minutesAfter * 60_000]
        edges.push(from.getTime() - before, from.getTime(), to.getTime())
        edges.push(to.getTime() + after - 1000, to.getTime() + after + 1000)
      }
      return Math.min(...edges.filter((ms) => ms > nowMs))
    },
    /** Everything KS holds of this space against everything it should: one sentence per difference. */
    differences: () => {
      const { now, ...rest } = facts()
      const expected = expectKs({ now, ...rest })
      const markers = new Set([...space.everConnected].map(markerOf))
      const users = salto
        .users(space.siteId)
        .filter(({ alias }) => alias && markers.has(alias.slice(-12)))
      // Strangers and their groups are the KS admin's own business.
      const known = new Set(users.map(({ saltoUserId }) => saltoUserId))
      const strangers = new Set(salto.users(space.siteId).map((user) => user.saltoUserId))
      for (const id of known) strangers.delete(id)
      const names = new Set(space.plans.map(({ name }) => name))
      const groups = salto
        .groups(space.siteId)
        .filter(({ name }) => names.has(name) || /^Cobot \d+$/.test(name))
        .map((group) => ({ ...group, users: group.users.filter((id) => !strangers.has(id)) }))
      return differences({
        expected,
        persons: space.everConnected,
        users,
        groups,
        plans: space.plans,
        now,
        zone: space.siteZone,
      })
    },
  }
}

export type Truth = ReturnType<typeof createTruth>
