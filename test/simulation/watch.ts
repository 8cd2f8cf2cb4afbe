// What is looked at while a world goes on: whenever something may have changed at the doors, and once
// a minute what has lasted too long.
import { list } from '../../src/db/store.ts'
import type { CobotSimulator } from '../simulators/cobot/simulator.ts'
import type { SaltoSimulator } from '../simulators/salto/simulator.ts'
import type { Store } from './database.ts'
import type { Fate } from './happenings.ts'
import * as invariants from './invariants.ts'
import { idOf } from './places.ts'
import type { Invariant } from './run.ts'
import type { Scheduler } from './scheduler.ts'
import type { SpaceModel, Truth } from './truth.ts'

export const createWatch = (given: {
  scheduler: Scheduler
  spaces: readonly SpaceModel[]
  truths: readonly Truth[]
  cobot: CobotSimulator
  salto: SaltoSimulator
  store: Store
  limits: invariants.Limits
  fate: Fate
  off: readonly string[]
  areClocksRight(): boolean
  say(invariant: Invariant, texts: readonly string[]): void
  /** What was changed by hand was shown after so long. */
  onDrift(ms: number): void
}) => {
  const { scheduler, spaces, truths, cobot, salto, store, limits, fate, off, say } = given
  const { areClocksRight, onDrift } = given
  /** Whether anything happened since Cobot was last asked what it says of everybody. */
  let isNews = true
  const losses = spaces.map((): { person: string; atMs: number }[] => [])
  const look = (index: number) => {
    const truth = truths[index]
    if (!truth) return
    const nowMs = scheduler.nowMs()
    const { wronglyClosed, closedBetween } = truth.compare(nowMs)
    // By a clock that is a little ahead what ends at midnight ends a little before it.
    if (areClocksRight()) say('I2', invariants.I2between(truth.space, closedBetween, nowMs, limits))
    for (const pair of wronglyClosed) {
      const person = pair.split(' ')[0] ?? ''
      const isOurs = salto.site(truth.space.siteId).subscriptionValid
      if (isOurs && !truth.space.touched.has(person)) losses[index]?.push({ person, atMs: nowMs })
    }
    if (wronglyClosed.length > 0) say('I7', invariants.I7(truth.space, losses[index] ?? [], nowMs))
    plannedEdges[index]?.()
    plannedEdges[index] = scheduler.at(truth.nextEdgeMs(nowMs), () => look(index))
  }
  const plannedEdges: (() => void)[] = []
  /** Somebody did something in Cobot, or on our pages. */
  const hearNews = (index: number) => {
    isNews = true
    look(index)
  }

  const problemsOf = async (space: SpaceModel): Promise<invariants.Problem[]> =>
    (await list(store.db.read, 'problems', { spaceId: idOf(space) })).map(
      ({ code, subject, params, since }) => ({ code, subject, params, sinceMs: since.getTime() }),
    )

  const checkHands = async () => {
    for (const hand of fate.hands) {
      const { space, person, atMs } = hand
      const { subdomain } = space
      const memberships = cobot.memberships(subdomain).filter((each) => personIs(each, person))
      const isTheirs = (id: string | null) => memberships.some((each) => each.id === id)
      const bookings = cobot.bookings(subdomain).filter((each) => isTheirs(each.membershipId))
      const ofPerson = { spaceId: idOf(space), person }
      const [pairing] = await list(store.db.read, 'pairings', ofPerson)
      const subjects = [
        `pairing:${pairing?.pairingId}`,
        ...bookings.map(({ id }) => `booking:${id}`),
      ]
      const shown = await list(store.db.read, 'problems', { spaceId: idOf(space), code: 'P10' })
      const shownAtMs = shown
        .filter(({ subject }) => subjects.some((each) => subject.startsWith(each)))
        .flatMap(({ shownAt }) => shownAt?.getTime() ?? [])
        .find((ms) => ms >= atMs)
      const isDisturbed = space.disturbedAtMs > atMs - limits.healedMs
      if (shownAtMs && !isDisturbed) onDrift(shownAtMs - atMs)
      if (shownAtMs || isDisturbed) fate.hands = fate.hands.filter((each) => each !== hand)
    }
  }

  const checkBounds = async () => {
    await checkHands()
    for (const truth of truths) {
      if (isNews) truth.hear(scheduler.nowMs())
      if (scheduler.nowMs() > truth.space.disturbedAtMs + limits.healedMs)
        truth.space.calmAtMs = scheduler.nowMs()
      if (truth.mismatches.size === 0) continue
      const { space } = truth
      const spaceId = idOf(space)
      const pairings = new Map(
        (await list(store.db.read, 'pairings', { spaceId })).map((row) => [
          row.person,
          row.pairingId as string,
        ]),
      )
      const memberships = cobot.memberships(space.subdomain)
      const shown = {
        truth,
        limits,
        nowMs: scheduler.nowMs(),
        problems: await problemsOf(space),
        pairings,
        namesOf: (person: string) =>
          new Set(memberships.flatMap((m) => (personIs(m, person) ? (m.name ?? []) : []))),
        bookingsOf: (person: string) => {
          const ids = memberships.filter((m) => personIs(m, person)).map(({ id }) => id)
          const bookings = cobot.bookings(space.subdomain)
          return new Set(
            bookings.filter((b) => ids.includes(b.membershipId ?? '')).map(({ id }) => id),
          )
        },
      }
      const other = spaces.find((each) => each !== space)
      if (other && !off.includes('I13')) say('I13', invariants.I13(shown, other))
      if (!off.includes('I1')) say('I1', invariants.I1(shown))
      if (!off.includes('I2')) say('I2', invariants.I2(shown))
    }
    isNews = false
  }

  return {
    look,
    hearNews,
    /** Time passed in Cobot, which may have changed what it says. */
    markNews: () => {
      isNews = true
    },
    problemsOf,
    checkBounds,
  }
}

const personIs = ({ id, userId }: { id: string; userId: string | null }, person: string) =>
  person === (userId ? `user:${userId}` : `membership:${id}`)
