// One run: a world out of a seed, what happens in it, what strikes it, and what must hold.
import type { Deps } from '../../src/connections/deps.ts'
import { list } from '../../src/db/store.ts'
import type { Log } from '../../src/log.ts'
import { groupNameOf, markerOf } from '../support/oracle.ts'
import { plainCrypt } from '../support/plain-crypt.ts'
import { createWorld, origins } from '../support/world.ts'
import { openStore } from './database.ts'
import { createDelivery } from './delivery.ts'
import { kinds, planNights, planStorms } from './faults.ts'
import { createFate, noHookFaults, planHappenings, type Running } from './happenings.ts'
import * as invariants from './invariants.ts'
import { createNetwork, type Exchange } from './network.ts'
import { createPeople, habits } from './people.ts'
import { buildSpaces, idOf } from './places.ts'
import { startReplica } from './replicas.ts'
import { type Chance, chanceOf, createScheduler, createTrace } from './scheduler.ts'
import { createTruth, type Latency, type SpaceModel } from './truth.ts'
import { createWatch } from './watch.ts'

export type Invariant = keyof typeof invariants & `I${number}`
/** A brisk world is a small one in mostly fair weather, which sweeps at the pace of production. */
export type WorldSize = 'small' | 'brisk' | 'full'
export type Violation = { invariant: string; text: string; at: string }

export type Options = {
  seed: number
  world?: WorldSize
  /** Changes what a process of ours is given: a planted bug, a wrapped database. */
  patch?: (deps: Deps) => Deps
  /** Invariants that are not looked at. */
  off?: readonly string[]
  /** Only these faults, instead of those that the seed draws. */
  faults?: readonly string[]
  /** Ends at the first violation. */
  hasty?: boolean
  /** Keeps the trace and what happened, for reading. */
  verbose?: boolean
}

export type Result = {
  seed: number
  world: WorldSize
  startAt: string
  violations: Violation[]
  trace: string
  events: number
  simulatedHours: number
  armed: string[]
  fired: Record<string, number>
  latencies: { removal: number[]; grant: number[]; lostEvents: number[]; drift: number[] }
  lines: string[]
}

const minute = 60_000
const hour = 60 * minute

const small = { members: 12, bookings: 9, hours: 36, actions: 40, share: 0.22 }
const sizes = {
  small,
  brisk: { ...small, share: 0.04 },
  full: { members: 40, bookings: 60, hours: 168, actions: 200, share: 0.22 },
}
/** What a brisk world is for: events that get lost, and what is changed by hand. */
const ofBrisk = ['F32', 'F36', 'F46']

/** What anything may take at most while all is well; lost events and drift at the pace of production. */
const slowest = { removal: minute, grant: minute, lostEvents: 6 * minute, drift: 17 * minute }

/** Days on which calendars are hard: clocks go back, go forward, a leap day, a year's end. */
const days = ['2026-11-24', '2026-11-24', '2026-10-24', '2027-03-27', '2028-02-28', '2026-12-31']
const zones = [
  { zone: 'Europe/Berlin', siteZone: 'Europe/Berlin' },
  { zone: 'America/New_York', siteZone: 'America/New_York' },
  { zone: 'Asia/Kathmandu', siteZone: 'Asia/Kathmandu' },
  { zone: 'Europe/London', siteZone: 'Europe/Berlin' },
]

/** Classes that are no storms on the way but happen to the processes, the systems or the people. */
const happenings = [
  'F01',
  'F05',
  'F06',
  'F07',
  'F08',
  'F09',
  'F28',
  'F29',
  'F30',
  'F31',
  'F32',
  'F33',
  'F34',
  'F35',
  'F36',
  'F37',
  'F39',
  'F40',
  'F41',
  'F43',
  'F44',
  'F46',
  'F47',
]
/** What every world has more or less of, drawn or not. */
const daily = ['F02', 'F03', 'F38', 'F45', 'F48', 'F49', 'F50']
const drawn = [...Object.keys(kinds), ...happenings].sort()
export const allFaults = [...drawn, ...daily].sort()

export const runSeed = async (options: Options): Promise<Result> => {
  const { seed, world: size = 'small', off = [] } = options
  const plan = sizes[size]
  const chance: Chance = chanceOf(seed, 'world')
  const startAt = `${chance.pick(days)}T0${chance.whole(5, 8)}:00:00Z`
  const isOver = () => options.hasty === true && violations.length > 0
  const scheduler = createScheduler(startAt, isOver)
  const { clock } = scheduler
  const trace = createTrace(options.verbose ?? false)
  const isBrisk = size === 'brisk'
  const drawnHere = drawn.filter(
    (fault) => chance.is(plan.share) || (isBrisk && ofBrisk.includes(fault)),
  )
  const armed = options.faults ?? drawnHere
  const has = (fault: string) => armed.includes(fault)
  const fired: Record<string, number> = {}
  const fire = (fault: string) => {
    fired[fault] = (fired[fault] ?? 0) + 1
  }
  const latencies: Result['latencies'] = { removal: [], grant: [], lostEvents: [], drift: [] }
  const violations: Violation[] = []
  const say = (invariant: string, texts: readonly string[]) => {
    if (off.includes(invariant) || isOver()) return
    for (const text of texts) {
      if (violations.length < 20)
        violations.push({ invariant, text, at: clock.now().toISOString() })
      if (options.verbose) trace.lines.push(`!!! ${invariant} ${text}`)
    }
  }
  const measure = (kind: keyof typeof latencies, ms: number) => {
    latencies[kind].push(ms)
    if (ms > slowest[kind]) say('bounds', [`${kind} after ${(ms / 1000).toFixed(0)} s`])
  }
  const tell = (text: string) => {
    trace.add(`${scheduler.nowMs()} · ${text}`)
  }

  // The stage -------------------------------------------------------------------------------------
  const keys = [1, 2].map((n) => ({ kid: `k${n}`, key: new Uint8Array(32) }))
  const fate = createFate(plainCrypt([keys[0]!]))
  const databaseTime = () => new Date(scheduler.nowMs() + fate.databaseSkewMs)
  const store = await openStore(databaseTime, scheduler.fail)
  const secrets = new Set<string>()
  let logged = ''
  const write = (facts: unknown, message: string) => {
    logged += `${JSON.stringify(facts, spell)} ${message}\n`
  }
  const log: Log = { info: write, warn: write, error: write }
  const home = chance.pick(zones)
  // Sweeps cost much of a run: most worlds are far from the pace of production.
  const slow = chance.pick(size === 'full' ? [3, 4] : [1, 1.5, 2])
  const sweeps = isBrisk
    ? { cobotMs: 300_000, ksMs: 840_000 }
    : { cobotMs: slow * hour, ksMs: 2 * slow * hour }
  const limits = invariants.limitsFor(sweeps)
  const base = await createWorld({
    clock,
    db: store.db,
    seed,
    log,
    crypt: fate.crypt,
    spaceZone: home.zone,
    siteZone: home.siteZone,
    env: {
      COBOT_SWEEP_SECONDS: String(sweeps.cobotMs / 1000),
      KS_SWEEP_SECONDS: String(sweeps.ksMs / 1000),
    },
    through: (request, answer) =>
      new URL(request.url).origin === origins.addon ? deliver(request) : answer(request),
  })
  const { cobot, salto } = base
  const spaces = await buildSpaces(base, [home, chance.pick(zones)])
  // Enough for whoever joins; a shortage is a fault of its own.
  const seats = plan.members * 6
  for (const { siteId } of spaces) salto.setSite(siteId, { seats })
  const answer = (request: Request) =>
    new URL(request.url).origin === origins.cobot ? cobot.handle(request) : salto.handle(request)

  const tokenOwners = new Map<string, number>()
  const learnTokens = async () => {
    for (const row of await list(store.db.read, 'connections', {})) {
      const index = spaces.findIndex(({ spaceId }) => spaceId === row.spaceId)
      for (const sealed of [row.accessSealed, row.refreshSealed ?? '']) {
        const token = Buffer.from(sealed.split('|')[2] ?? '', 'hex').toString()
        if (!token) continue
        secrets.add(token)
        tokenOwners.set(ownerKey(token), index)
      }
    }
  }
  await learnTokens()

  const spaceOf = (url: URL): number | null => {
    const index = spaces.findIndex(
      ({ subdomain, siteId, spaceId }) =>
        url.pathname.includes(`/spaces/${subdomain}/`) ||
        url.pathname.includes(siteId) ||
        url.pathname.includes(spaceId),
    )
    return index < 0 ? null : index
  }
  const ownerOf = (authorization: string): number | null =>
    tokenOwners.get(ownerKey(authorization.replace('Bearer ', ''))) ?? null

  const truths = spaces.map((space) =>
    createTruth({
      space,
      cobot,
      salto,
      now: clock.now,
      knownAfterMs: limits.lostMs,
      onLatency: (each) => keepLatency(space, each),
    }),
  )
  /** One process alone goes by the database's clock after a while. */
  const areClocksRight = () => fate.databaseSkewMs === 0
  const keepLatency = (space: SpaceModel, { kind, ms, sinceMs, lost }: Latency) => {
    // Whose clock is wrong is late by that much.
    const isHealthy =
      sinceMs > space.disturbedAtMs + limits.healedMs &&
      scheduler.nowMs() > warmUntilMs &&
      areClocksRight()
    if (!isHealthy || sinceMs < warmUntilMs) return
    if (lost && isBrisk) measure('lostEvents', ms)
    // Of an event that got lost something may show only when a plan or a booking changes.
    if (space.lostAtMs < sinceMs - limits.lostMs) measure(kind, ms)
  }

  const watch = createWatch({
    scheduler,
    spaces,
    truths,
    cobot,
    salto,
    store,
    limits,
    fate,
    off,
    areClocksRight,
    say,
    onDrift: (ms) => measure('drift', ms),
  })
  const { look, hearNews, problemsOf } = watch

  const madeGroups = new Set<string>()
  const ours: invariants.Ours = {
    isMarked: (space, alias) =>
      [...space.everConnected].some((person) => alias?.endsWith(markerOf(person))),
    get bookingGroups() {
      return bookingNames
    },
    madeGroups,
  }
  const bookingNames = new Set<string>()
  const cobotCalls = new Map<string, number[]>()
  const reads = new Map<string, number>()
  const writesAnswered = spaces.map(() => 0)
  let quietWrites: string[][] | null = null

  /** Until when each space was asked by Cobot to pause; a clock or a database that is wrong forgets. */
  const pausedUntilMs = new Map<number | null, number>()
  const isExact = !['F07', 'F08', 'F09', 'F43', 'F44'].some(has)
  const stored = new Set<string>()
  const isStored = (token: string): boolean => {
    if (!stored.has(token))
      for (const { access_sealed } of store.rows('connections'))
        stored.add(Buffer.from(String(access_sealed).split('|')[2] ?? '', 'hex').toString())
    return stored.has(token)
  }

  const network = createNetwork({
    scheduler,
    seed,
    trace,
    answer,
    spaceOf: (url, authorization) => spaceOf(url) ?? ownerOf(authorization),
    sideOf: (url) => (url.origin === origins.cobot ? 'cobot' : 'salto'),
    onSend: (call) => {
      if (/\/connect\/token/.test(call.path) && running.length > 1) fire('F38')
      say(
        'I8',
        invariants.I8(
          call,
          spaceOf(new URL(call.path, origins.cobot)),
          ownerOf(call.authorization),
        ),
      )
      if (!off.includes('I8')) say('I8', invariants.I8stored(call, isStored))
      if (call.side !== 'cobot') return
      if (isExact) say('I12', invariants.I12pause(call, pausedUntilMs.get(call.space) ?? 0))
      for (const [kind, limit] of [
        ['any', 60],
        ['memberships', 6],
      ] as const) {
        if ((kind === 'memberships') !== /\/memberships\?/.test(call.path)) continue
        const key = `${call.space} ${kind}`
        const sent = (cobotCalls.get(key) ?? []).filter((ms) => ms > scheduler.nowMs() - 60_000)
        sent.push(scheduler.nowMs())
        cobotCalls.set(key, sent)
        say('I12', invariants.I12(key, sent, limit))
      }
    },
    onEffect: (call) => {
      if (call.method === 'GET') return
      for (const booking of spaces.flatMap(({ subdomain }) => cobot.bookings(subdomain)))
        bookingNames.add(groupNameOf(booking.id))
      const space = spaces[call.space ?? -1]
      if (call.side === 'salto') say('I3', invariants.I3(call, space, salto, ours))
    },
    onDone: (call, status, isAsItWas, body) => {
      if (/\/connect\/token/.test(call.path) && status === 200) learnRefreshed(call, body)
      if (call.method === 'GET') {
        if (isAsItWas && status < 500) noteRead(call)
        return
      }
      if (call.space === null) return
      if (call.side === 'salto' && status < 300 && !/identity/.test(call.path)) {
        if (/\/access_groups$/.test(call.path))
          madeGroups.add((JSON.parse(body) as { id: string }).id)
        quietWrites?.[call.space]?.push(`${call.method} ${call.path}`)
        if (isAsItWas) writesAnswered[call.space] = (writesAnswered[call.space] ?? 0) + 1
      }
      look(call.space)
    },
    onHit: (fault, { space, side }) => {
      fire(fault)
      if (side === 'salto') return disturb(space)
      for (const each of spaces)
        if (space === null || each.index === space) each.disturbedAtMs = scheduler.nowMs()
    },
    onStage: (replica, stage) => {
      const { victim, stage: last } = fate.doomed ?? {}
      if (victim?.replica.name === replica && last === stage) scheduler.at(scheduler.nowMs(), die)
    },
    onHeard: ({ side, space }, { status, headers }) => {
      const seconds = headers.get('retry-after') ?? ''
      if (side !== 'cobot' || status !== 429 || !/^\d+$/.test(seconds)) return
      const untilMs = scheduler.nowMs() + Math.min(Number(seconds), 900) * 1000
      pausedUntilMs.set(space, Math.max(untilMs, pausedUntilMs.get(space) ?? 0))
    },
  })
  const learnRefreshed = (call: Exchange, body: string) => {
    const answered = JSON.parse(body) as { access_token: string; refresh_token?: string }
    secrets.add(answered.access_token)
    if (answered.refresh_token) secrets.add(answered.refresh_token)
    call.space ??= ownerOf(`Bearer ${answered.access_token}`)
  }
  const noteRead = ({ path, space, sentAtMs, side }: Exchange) => {
    if (side !== 'cobot') return
    const [, kind, id] = /\/(memberships|bookings)(?:\/([\w-]+))?(?:\?|$)/.exec(path) ?? []
    if (kind) reads.set(`${space} ${kind} ${id ?? ''}`, sentAtMs)
  }
  const disturb = (space: number | null, untilMs = scheduler.nowMs()) => {
    for (const each of spaces)
      if (space === null || each.index === space)
        for (const what of ['disturbedAtMs', 'hinderedAtMs'] as const)
          each[what] = Math.max(each[what], untilMs)
  }

  // Processes ---------------------------------------------------------------------------------------
  let running: Running[] = []
  let started = 0
  const replicaWorld = {
    scheduler,
    seed,
    store,
    deps: base.deps,
    fetchOf: network.fetchOf,
    databaseSkewMs: () => fate.databaseSkewMs,
    patch: options.patch,
  }
  const start = async (): Promise<void> => {
    // Without a database a process ends again, and is started anew until there is one.
    if (scheduler.nowMs() <= fate.databaseAwayUntilMs) {
      scheduler.at(fate.databaseAwayUntilMs + 1000, start)
      return
    }
    const replica = await startReplica(replicaWorld, `r${++started}`, { crypt: fate.crypt })
    running.push(replica)
    tell(`${replica.replica.name} starts`)
  }
  const living = () =>
    running.map(({ replica }) => replica).filter((each) => each.frozenUntilMs <= scheduler.nowMs())
  const wake = () => living()[0]?.wake()
  const forget = (victim: Running) => {
    running = running.filter((each) => each !== victim)
  }
  const kill = (victim: Running) => {
    tell(`${victim.replica.name} is killed`)
    victim.kill()
    forget(victim)
    disturb(null)
  }

  // Webhooks ----------------------------------------------------------------------------------------
  const accepted: invariants.Accepted[] = []
  const lose = (space: SpaceModel | undefined, untilMs = scheduler.nowMs()) => {
    if (space) space.lostAtMs = Math.max(space.lostAtMs, untilMs)
  }
  const deliver = createDelivery({
    seed,
    scheduler,
    longestMs: size === 'full' ? 20 * hour : 4 * hour,
    faults: () => fate.hooks,
    living,
    spaceOf: (path) => spaces.find(({ hookKey }) => path.includes(hookKey)),
    fire,
    lose,
    onAnswer: (path, { status }) =>
      trace.add(`${scheduler.nowMs()} hook ${path.split('/').at(-1)} ${status}`),
    onAccepted: (space, subject, event) => {
      say('I5', invariants.I5marked(space, subject, store.isDue))
      accepted.push({ space: space.index, subject, event, atMs: scheduler.nowMs() })
    },
  })
  cobot.setDelivery({ mode: 'auto' })

  // People ------------------------------------------------------------------------------------------
  const startMs = scheduler.nowMs()
  const warmUntilMs = startMs + 90 * minute
  const stormyUntilMs = startMs + (plan.hours - 1.2) * hour
  const doubtful = (at: Date) =>
    spaces.some(({ siteZone }) => {
      const offset = (ms: number) => offsetOf(new Date(ms), siteZone)
      return offset(at.getTime() - 3 * hour) !== offset(at.getTime() + 3 * hour)
    })
  const people = spaces.map((space, index) =>
    createPeople({
      base,
      space,
      wake,
      look: () => hearNews(index),
      isDoubtful: doubtful,
      truth: truths[index]!,
      chance: chanceOf(seed, `people ${index}`),
    }),
  )
  const after = (ms: number, run: () => unknown) => scheduler.at(startMs + ms, run)
  const happen = async (index: number, what: string) => {
    const action = people[index]?.actions[what]
    tell(`${index} ${what}`)
    if (/^(changeEmail|again)$/.test(what)) fire('F48')
    if (/^(move|handOver)$/.test(what)) fire('F49')
    await action?.()
    wake()
    hearNews(index)
  }

  await start()
  if (chance.is(0.8)) {
    await start()
    fire('F50')
  }
  if (!startAt.startsWith(days[0] ?? '') || spaces.some((s) => s.zone !== s.siteZone)) fire('F45')
  for (const [index, each] of people.entries()) {
    for (let n = 0; n < plan.members; n++) await each.actions.join?.()
    await each.saveDoors()
    for (let at = 5; at <= 80; at += 5) after(at * minute, () => happen(index, 'connect'))
    for (let n = 0; n < plan.bookings; n++)
      after(chance.between(30, 80) * minute, () => happen(index, 'book'))
    const acts = chanceOf(seed, `acts ${index}`)
    const weights = habits.flatMap(([what, weight]) => Array<string>(weight).fill(what))
    for (let n = 0; n < plan.actions; n++) {
      const what = acts.pick(weights)
      scheduler.at(acts.between(warmUntilMs, stormyUntilMs), () => happen(index, what))
    }
  }
  const everyMinute = () => {
    scheduler.at(scheduler.nowMs() + minute, everyMinute)
    if (Math.round((scheduler.nowMs() - startMs) / minute) % 15 === 0) {
      cobot.tick()
      watch.markNews()
    }
    return watch.checkBounds()
  }
  scheduler.at(startMs + 30_000, everyMinute)

  // Faults ------------------------------------------------------------------------------------------
  const span = { fromMs: warmUntilMs, untilMs: stormyUntilMs }
  network.setStorms([
    ...planStorms(chanceOf(seed, 'storms'), armed, span),
    ...(has('F20') ? planNights(chanceOf(seed, 'nights'), spaces, startMs) : []),
  ])
  const { die } = planHappenings({
    seed,
    size,
    has,
    fire,
    tell,
    scheduler,
    store,
    cobot,
    salto,
    spaces,
    people,
    seats,
    keys,
    span,
    sweeps,
    isBrisk,
    fate,
    processes: { list: () => running, start, kill, forget, wake },
    disturb,
    lose,
    deliver,
    happen,
    look,
    hearNews,
  })
  // An admin looks in now and then, and connects again what has to be.
  const reconnect = async () => {
    for (const space of spaces) {
      const codes = (await problemsOf(space)).map(({ code }) => code)
      if (!codes.includes('P01') && !codes.includes('P02')) continue
      disturb(space.index)
      tell(`${space.subdomain} is connected again`)
      if (codes.includes('P01')) await base.reconnectSalto(idOf(space), space.ownerEmail)
      if (codes.includes('P02')) await base.reconnectCobot(space.subdomain)
      await learnTokens()
      wake()
    }
  }
  const lookIn = async () => {
    scheduler.at(scheduler.nowMs() + 20 * minute, lookIn)
    // An admin whose page does not come tries again another time.
    await reconnect().catch((error: unknown) => {
      if (!/database/.test(String(error))) throw error
    })
  }
  scheduler.at(warmUntilMs, lookIn)

  // The end -----------------------------------------------------------------------------------------
  const finish = async () => {
    network.setStorms([])
    store.breakWhile(null)
    fate.databaseAwayUntilMs = 0
    fate.hooks = noHookFaults
    for (const { siteId } of spaces) {
      salto.setSite(siteId, { seats, subscriptionValid: true })
      salto.setIqOnline(siteId, true)
      for (const { lockId } of salto.locks(siteId)) salto.setLockOnline(lockId, true)
    }
    fate.databaseSkewMs = 0
    for (const { replica } of running) replica.skewMs = 0
    if (running.length === 0) await start()
    disturb(null)
    tell('fine weather')
  }

  try {
    await scheduler.runUntil(stormyUntilMs)
    await finish()
    for (const atMinute of [25, 35, 45]) {
      await scheduler.runUntil(stormyUntilMs + atMinute * minute)
      await reconnect()
      for (const each of people) await each.putRight()
    }
    // Away from the edges of bookings, and of the day their groups stay: those lie at five minutes.
    await scheduler.runUntil(stormyUntilMs + 63.5 * minute)
    for (const truth of truths) {
      truth.space.touched.clear()
      say('I6', invariants.I6(truth.space, truth.differences(), []))
      say('I4', invariants.I4(truth.space, salto))
    }
    quietWrites = spaces.map(() => [])
    for (const each of people) await each.checkAll()
    await scheduler.runUntil(stormyUntilMs + 66.5 * minute)
    for (const [index, truth] of truths.entries()) {
      const { space } = truth
      say('I6', invariants.I6(space, [], quietWrites[index] ?? []))
      say('I11', invariants.I11(space, await problemsOf(space)))
      say('I9', invariants.I9(space, store.rows('audit'), null))
    }
    say(
      'I5',
      invariants.I5(accepted, ({ space, subject }) => {
        const [kind = ''] = subject.split(' ')
        return Math.max(reads.get(`${space} ${kind} `) ?? 0, reads.get(`${space} ${subject}`) ?? 0)
      }),
    )
    for (const user of cobot.users()) secrets.add(user.email)
    for (const { hookKey } of spaces) secrets.add(hookKey)
    say('I10', invariants.I10('the log', logged, secrets))
  } catch (error) {
    violations.push({
      invariant: 'I0',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
      at: clock.now().toISOString(),
    })
  } finally {
    for (const each of [...running]) each.kill()
    scheduler.clear()
    await store.db.close()
  }
  return {
    seed,
    world: size,
    startAt,
    violations,
    trace: trace.digest(),
    events: trace.count(),
    simulatedHours: (scheduler.nowMs() - startMs) / hour,
    armed: [...armed],
    fired,
    latencies,
    lines: trace.lines,
  }
}

const spell = (_: string, value: unknown) =>
  value instanceof Error ? { message: value.message, stack: value.stack } : value

const owners = new Map<string, string>()

/** Of a JWT the person it is about; another token as it is. */
const ownerKey = (token: string): string => {
  const known = owners.get(token) ?? readOwner(token)
  owners.set(token, known)
  return known
}

const readOwner = (token: string): string => {
  const [, payload] = token.split('.')
  if (!payload) return token
  const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: string }
  return sub ?? token
}

const offsets = new Map<string, Intl.DateTimeFormat>()

const offsetOf = (at: Date, timeZone: string): string => {
  const format =
    offsets.get(timeZone) ?? new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  offsets.set(timeZone, format)
  return format.format(at).slice(-6)
}
