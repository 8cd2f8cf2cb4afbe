// What happens to the processes, to both systems and to the people, other than storms on the way:
// each class of it, at instants that the seed draws.
import type { Crypt } from '../../src/db/crypt.ts'
import type { CobotSimulator } from '../simulators/cobot/simulator.ts'
import type { SaltoSimulator } from '../simulators/salto/simulator.ts'
import { plainCrypt } from '../support/plain-crypt.ts'
import { origins } from '../support/world.ts'
import type { Store } from './database.ts'
import type { Stage } from './network.ts'
import type { createPeople } from './people.ts'
import type { startReplica } from './replicas.ts'
import type { WorldSize } from './run.ts'
import { chanceOf, type Scheduler } from './scheduler.ts'
import type { SpaceModel } from './truth.ts'

export type Running = Awaited<ReturnType<typeof startReplica>>

export const noHookFaults = { lose: 0, double: 0, late: 0 }

/** What is out of order at the moment. */
export type Fate = {
  /** The share of webhooks that get lost, come twice, or late. */
  hooks: typeof noHookFaults
  databaseSkewMs: number
  /** Until then no process can start. */
  databaseAwayUntilMs: number
  /** What a process that starts now seals with. */
  crypt: Crypt
  /** Who dies as soon as a call of theirs has come so far. */
  doomed: { victim: Running; stage: Stage } | null
  /** What was changed by hand, until it is shown. */
  hands: { space: SpaceModel; person: string; atMs: number }[]
}
export const createFate = (crypt: Crypt): Fate => ({
  hooks: noHookFaults,
  databaseSkewMs: 0,
  databaseAwayUntilMs: 0,
  crypt,
  doomed: null,
  hands: [],
})

type World = {
  seed: number
  size: WorldSize
  /** Whether the seed drew this class. */
  has(fault: string): boolean
  fire(fault: string): void
  tell(text: string): void
  scheduler: Scheduler
  store: Store
  cobot: CobotSimulator
  salto: SaltoSimulator
  spaces: readonly SpaceModel[]
  people: readonly ReturnType<typeof createPeople>[]
  /** How many a site has when none are missing. */
  seats: number
  keys: readonly { kid: string; key: Uint8Array }[]
  span: { fromMs: number; untilMs: number }
  sweeps: { cobotMs: number }
  isBrisk: boolean
  fate: Fate
  processes: {
    list(): readonly Running[]
    start(): Promise<unknown>
    kill(victim: Running): void
    forget(victim: Running): void
    wake(): void
  }
  /** Something goes wrong for a space, or for all of them. */
  disturb(space: number | null, untilMs?: number): void
  /** What Cobot tells gets lost. */
  lose(space: SpaceModel | undefined, untilMs?: number): void
  deliver(request: Request): Promise<Response>
  happen(index: number, what: string): Promise<void>
  look(index: number): void
  hearNews(index: number): void
}

const minute = 60_000
const hour = 60 * minute

export const planHappenings = (world: World) => {
  const { seed, size, has, fire, tell, scheduler, store, cobot, salto, spaces, people } = world
  const { seats, keys, span, sweeps, isBrisk, fate, processes } = world
  const { disturb, lose, deliver, happen, look, hearNews } = world
  const fates = chanceOf(seed, 'fates')
  const sometimes = (fault: string, most: number, run: () => unknown) => {
    const times = fates.whole(1, most)
    const instants = Array.from({ length: times }, () =>
      fates.between(span.fromMs, span.untilMs - hour),
    )
    if (!has(fault)) return
    for (const atMs of instants)
      scheduler.at(atMs, async () => {
        tell(fault)
        await run()
      })
  }
  const anyOf = <T>(things: readonly T[]): T | undefined =>
    things[fates.whole(0, Math.max(0, things.length - 1))]

  sometimes('F01', 8, () => {
    const victim = anyOf(processes.list())
    if (victim) fate.doomed = { victim, stage: fates.pick(['F01', 'F02', 'F03'] as const) }
  })
  const die = () => {
    const { victim, stage } = fate.doomed ?? {}
    fate.doomed = null
    if (!victim || !stage || !processes.list().includes(victim)) return
    fire(stage)
    processes.kill(victim)
    scheduler.at(scheduler.nowMs() + fates.between(1000, 5 * minute), async () => {
      await processes.start()
      disturb(null)
    })
  }
  // As in a roll-out: no more work is taken, what runs is brought to its end.
  sometimes('F05', 3, async () => {
    const victim = anyOf(processes.list())
    if (!victim || victim.replica.frozenUntilMs > scheduler.nowMs()) return
    fire('F05')
    await processes.start()
    void victim.stop().then(() => processes.forget(victim))
  })
  sometimes('F06', 5, () => {
    const victim = anyOf(processes.list())
    if (!victim) return
    fire('F06')
    victim.replica.frozenUntilMs = scheduler.nowMs() + fates.between(10_000, 300_000)
    disturb(null, victim.replica.frozenUntilMs)
  })
  for (const [fault, share, lasts] of [
    ['F07', 0.03, 40],
    ['F08', 1, 6],
  ] as const)
    sometimes(fault, 2, () => {
      const untilMs = scheduler.nowMs() + fates.between(1, lasts) * minute
      const broken = chanceOf(seed, `database ${scheduler.nowMs()}`)
      if (share === 1) fate.databaseAwayUntilMs = untilMs
      store.breakWhile(() => {
        if (scheduler.nowMs() > untilMs || !broken.is(share)) return null
        fire(fault)
        disturb(null)
        return fault === 'F07' && broken.is(0.3) ? 'after' : 'before'
      })
    })
  // A copy that is up to an hour old; whoever ran on the database has ended.
  sometimes('F09', 1, () => {
    const copy = store.backup()
    const atMs = scheduler.nowMs() + fates.between(5, 60) * minute
    scheduler.at(atMs, async () => {
      fire('F09')
      for (const victim of [...processes.list()]) processes.kill(victim)
      await store.restore(copy)
      disturb(null, scheduler.nowMs() + 10 * minute)
      for (let n = 0; n < 2; n++) await processes.start()
      // Once more when it is seen whom the comparison with KS has taken in again.
      for (const later of [5, 25])
        scheduler.at(scheduler.nowMs() + later * minute, async () => {
          for (const each of people) await each.redo()
          processes.wake()
          for (const { index } of spaces) hearNews(index)
        })
    })
  })
  sometimes('F28', 2, () => {
    const space = anyOf(spaces)
    if (!space) return
    fire('F28')
    const untilMs = scheduler.nowMs() + fates.between(10, 180) * minute
    const few = Math.max(3, (salto.site(space.siteId).seatsTaken ?? 3) - fates.whole(-2, 4))
    salto.setSite(space.siteId, { seats: few })
    disturb(space.index, untilMs)
    scheduler.at(untilMs, () => salto.setSite(space.siteId, { seats }))
  })
  sometimes('F29', 2, () => {
    const space = anyOf(spaces)
    if (!space) return
    fire('F29')
    const untilMs = scheduler.nowMs() + fates.between(5, 120) * minute
    disturb(space.index, untilMs)
    const set = (isWell: boolean) => {
      if (what === 0) salto.setSite(space.siteId, { subscriptionValid: isWell })
      if (what === 1) salto.setIqOnline(space.siteId, isWell)
      if (what === 2 && lockId) salto.setLockOnline(lockId, isWell)
      look(space.index)
    }
    const what = fates.whole(0, 2)
    const lockId = anyOf(salto.locks(space.siteId))?.lockId
    set(false)
    scheduler.at(untilMs, () => set(true))
  })
  for (const [fault, faults] of [
    ['F30', { lose: 0, double: 0.5, late: 0 }],
    ['F31', { lose: 0, double: 0, late: 0.2 }],
    ['F32', { lose: 0.3, double: 0, late: 0 }],
    ['F33', { lose: 0.1, double: 0.1, late: 0.5 }],
  ] as const)
    sometimes(fault, 2, () => {
      const lose = fault === 'F32' ? fates.pick([0.1, 1]) : faults.lose
      fate.hooks = { ...faults, lose }
      scheduler.at(scheduler.nowMs() + fates.between(0.5, 6) * hour, () => {
        fate.hooks = noHookFaults
      })
    })
  const forge = (space: SpaceModel) => {
    const events = [
      'deleted_membership',
      'created_membership',
      'deleted_booking',
      'updated_booking',
    ]
    const event = fates.pick([...events, 'canceled_membership', 'deleted_resource'])
    const known = [...cobot.memberships(space.subdomain), ...cobot.bookings(space.subdomain)]
    const id = fates.is(0.7) ? anyOf(known)?.id : 'nobody-knows-this'
    const kind = /booking/.test(event) ? 'bookings' : 'memberships'
    const url = `https://evil.example/api/${kind}/${id}`
    const body = JSON.stringify({ url, membership: { id, canceled_to: '2020-01-01' } })
    const key = fates.is(0.8) ? space.hookKey : 'a-guess'
    return new Request(`${origins.addon}/hooks/cobot/${key}/${event}`, { method: 'POST', body })
  }
  sometimes('F34', 20, () => {
    fire('F34')
    void deliver(forge(fates.pick(spaces))).catch(() => {})
  })
  sometimes('F35', 1, () => {
    fire('F35')
    const space = fates.pick(spaces)
    disturb(space.index, scheduler.nowMs() + 5 * minute)
    for (let n = 0; n < (size === 'full' ? 1000 : 150); n++)
      scheduler.at(scheduler.nowMs() + fates.between(0, minute), () => {
        void deliver(forge(space)).catch(() => {})
      })
  })
  sometimes('F36', 2, () => {
    fire('F36')
    for (const space of spaces)
      for (const { id } of cobot.subscriptions(space.subdomain)) {
        cobot.deactivateSubscription(id)
        // Whatever is told from now on is lost, until a sweep finds out.
        lose(space, scheduler.nowMs() + sweeps.cobotMs * 1.2)
      }
  })
  sometimes('F37', 1, () => {
    fire('F37')
    salto.setTokenLifetime(fates.whole(630, 1200))
  })
  sometimes('F39', 3, () => {
    salto.switches({ reuseRevokesFamily: true })
    salto.setTokenLifetime(700)
    salto.addFault({ path: '/connect/token', loseAnswer: true, times: 1 })
    fire('F39')
    disturb(null, scheduler.nowMs() + 20 * minute)
  })
  sometimes('F40', 2, () => {
    fire('F40')
    disturb(null)
    if (fates.is(0.5)) salto.revokeAllTokens()
    else cobot.revokeTokens({ spaceToken: fates.pick(spaces).subdomain })
  })
  // A new key is listed first; whoever starts from now on seals with it.
  sometimes('F41', 1, async () => {
    fire('F41')
    fate.crypt = plainCrypt([keys[1]!, keys[0]!])
    for (const victim of [...processes.list()]) {
      processes.kill(victim)
      await processes.start()
    }
  })
  sometimes('F43', 3, () => {
    const victim = anyOf(processes.list())
    if (!victim) return
    fire('F43')
    victim.replica.skewMs = fates.between(-5, 5) * minute
    disturb(null)
  })
  // All clocks of ours are wrong together, against both systems.
  sometimes('F44', 1, () => {
    fire('F44')
    const skewMs = fates.between(-5, 5) * minute
    fate.databaseSkewMs = skewMs
    for (const { replica } of processes.list()) replica.skewMs = skewMs
    const untilMs = scheduler.nowMs() + fates.between(10, 90) * minute
    disturb(null, untilMs)
    scheduler.at(untilMs, () => {
      fate.databaseSkewMs = 0
      for (const { replica } of processes.list()) replica.skewMs = 0
      disturb(null)
    })
  })
  sometimes('F46', 6, () => {
    const index = fates.whole(0, spaces.length - 1)
    const space = spaces[index]
    const known = new Set(space?.touched)
    if (people[index]?.byHand()) fire('F46')
    for (const person of space?.touched ?? [])
      if (space && isBrisk && !known.has(person))
        fate.hands.push({ space, person, atMs: scheduler.nowMs() })
    look(index)
  })
  sometimes('F47', 3, async () => {
    fire('F47')
    const index = fates.whole(0, spaces.length - 1)
    await happen(index, 'mapAnew')
  })

  return { die }
}
