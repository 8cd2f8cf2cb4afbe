// Processes of the add-on on one database: they start, freeze, die and have clocks of their own.
import { createApp } from '../../src/app.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { shareTheTime } from '../../src/connections/time.ts'
import type { Clock, Fetch } from '../../src/core/ports.ts'
import { soundClock } from '../../src/core/sound-clock.ts'
import { askEverything } from '../../src/jobs/start.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import type { Store } from './database.ts'
import { type Chance, chanceOf, type Scheduler } from './scheduler.ts'

export type Replica = {
  name: string
  isDead: boolean
  /** Until then nothing of it goes on; afterwards it goes on as if nothing had been. */
  frozenUntilMs: number
  skewMs: number
  deps: Deps
  app: ReturnType<typeof createApp>
  wake(): void
  /** Runs something of this process at an instant: later while frozen, never when dead. */
  at(atMs: number, run: () => unknown): () => void
}

type World = {
  scheduler: Scheduler
  seed: number
  deps: Deps
  store: Store
  fetchOf(replica: Replica): Fetch
  /** By how much the clock of the database is wrong. */
  databaseSkewMs(): number
  patch?: ((deps: Deps) => Deps) | undefined
}

/** The longest the worker sleeps without looking: such a timer is a poll. */
const pollMs = 500
/** How often the database is asked for the time, which changes nothing while clocks stay as they are. */
const timeMs = 30_000

export const startReplica = async (world: World, name: string, over: Partial<Deps> = {}) => {
  const { scheduler, store } = world
  const chance: Chance = chanceOf(world.seed, `replica ${name}`)
  let poll: { fromMs: number; seen: string; go: () => void } | null = null
  let time: { fromMs: number; skewMs: number; databaseSkewMs: number; go: () => void } | null = null

  const replica: Replica = {
    name,
    isDead: false,
    frozenUntilMs: 0,
    skewMs: 0,
    deps: world.deps,
    app: null as never,
    wake: () => {},
    at: (atMs, run) => {
      let cancel = () => {}
      const go = () => {
        if (replica.isDead) return
        if (replica.frozenUntilMs > scheduler.nowMs()) {
          cancel = scheduler.at(replica.frozenUntilMs, go)
          return
        }
        return run()
      }
      cancel = scheduler.at(atMs, go)
      return () => cancel()
    },
  }

  const own: Clock = {
    now: () => new Date(scheduler.nowMs() + replica.skewMs),
    after: (ms, then) => {
      const nowMs = scheduler.nowMs()
      if (ms === timeMs) {
        const [skewMs, databaseSkewMs] = [replica.skewMs, world.databaseSkewMs()]
        time = { fromMs: nowMs + ms, skewMs, databaseSkewMs, go: then }
        return () => {
          time = null
        }
      }
      if (ms !== pollMs) return replica.at(nowMs + Math.max(0, ms), then)
      const mine = { fromMs: nowMs + ms, seen: work().line, go: then }
      poll = mine
      return () => {
        if (poll === mine) poll = null
      }
    },
  }

  const clock = soundClock(own, scheduler.nowMs)

  const aheadMs = () => clock.now().getTime() - scheduler.nowMs()
  const work = () => store.waiting(scheduler.nowMs() + aheadMs())

  /** The next poll that finds something new; those before it would change nothing, and are left out. */
  const nextPollMs = (): number => {
    if (!poll || replica.isDead) return Number.POSITIVE_INFINITY
    const { fromMs, seen } = poll
    const nowMs = scheduler.nowMs()
    const { line, untilMs } = work()
    const mattersMs = line === '' || line === seen ? untilMs - aheadMs() : nowMs
    return nextOf(fromMs, pollMs, Math.max(mattersMs, nowMs))
  }
  /** Of instants that far apart the one at which something that matters from an instant on is seen. */
  const nextOf = (fromMs: number, everyMs: number, mattersMs: number): number => {
    const nowMs = scheduler.nowMs()
    const steps = Math.floor((mattersMs - fromMs) / everyMs)
    const atMs = fromMs + Math.max(0, steps) * everyMs
    return Math.max(atMs < nowMs ? atMs + everyMs : atMs, replica.frozenUntilMs)
  }
  const nextTimeMs = (): number => {
    const isSame = time?.skewMs === replica.skewMs && time.databaseSkewMs === world.databaseSkewMs()
    if (!time || isSame) return Number.POSITIVE_INFINITY
    return nextOf(time.fromMs, timeMs, scheduler.nowMs())
  }
  const lazies = [
    {
      notBefore: () => poll?.fromMs ?? Number.POSITIVE_INFINITY,
      next: nextPollMs,
      run: () => {
        const go = poll?.go
        poll = null
        go?.()
      },
    },
    { notBefore: nextTimeMs, next: nextTimeMs, run: () => time?.go() },
  ]
  scheduler.lazy.push(...lazies)
  const end = () => {
    replica.isDead = true
    for (const each of lazies) scheduler.lazy.splice(scheduler.lazy.indexOf(each), 1)
  }

  const ports = { clock, random: chance, fetch: world.fetchOf(replica) }
  const plain: Deps = { ...world.deps, ...over, ports }
  replica.deps = world.patch?.(plain) ?? plain
  const worker = createWorker(replica.deps, handlers)
  replica.wake = () => {
    if (!replica.isDead && replica.frozenUntilMs <= scheduler.nowMs()) worker.wake()
  }
  replica.app = createApp({ ...replica.deps, wake: replica.wake, ready: async () => true })
  await shareTheTime(replica.deps)
  await beginning(() => store.db.tx((tx) => askEverything(tx, clock.now())))
  worker.start()

  return {
    replica,
    kill: end,
    stop: async () => {
      await worker.stop()
      end()
    },
  }
}

/** A process whose first write fails ends, and is started again at once. */
const beginning = async (write: () => Promise<void>): Promise<void> => {
  for (let tries = 0; tries < 20; tries++) {
    try {
      return await write()
    } catch {}
  }
  throw new Error('a process could not be started')
}
