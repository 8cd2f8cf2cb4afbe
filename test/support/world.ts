// Both systems and the add-on in one process: virtual clock, seeded chance, a real database. The
// fetch port leads to the simulators, and Cobot's webhooks lead to the add-on.

import { createHash } from 'node:crypto'
import manifest from '../../manifest.json' with { type: 'json' }

import { createApp, sentence } from '../../src/app.ts'

import { readConfig } from '../../src/config.ts'
import { cobotOf, sealContext } from '../../src/connections/cobot.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { ensureWebhooks, sealHookKey } from '../../src/connections/hooks.ts'
import { saltoOf, sealTokens } from '../../src/connections/salto.ts'
import {
  asId,
  type MembershipId,
  type PairingId,
  type SiteId,
  type SpaceId,
} from '../../src/core/ids.ts'
import type { Fetch } from '../../src/core/ports.ts'
import { soundClock } from '../../src/core/sound-clock.ts'
import * as clicks from '../../src/db/clicks.ts'
import { saveConnection } from '../../src/db/connections.ts'
import { type Crypt, createCrypt, hashOf } from '../../src/db/crypt.ts'
import type { Db } from '../../src/db/open.ts'
import { listProblems } from '../../src/db/problems.ts'
import { activateSite } from '../../src/db/sites.ts'
import { saveSpace } from '../../src/db/spaces.ts'
import { one } from '../../src/db/store.ts'
import { nextRunAt } from '../../src/db/work.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import type { Log } from '../../src/log.ts'
import { createCobotSimulator } from '../simulators/cobot/simulator.ts'
import { createSaltoSimulator } from '../simulators/salto/simulator.ts'
import { seededRandom, type VirtualClock, virtualClock } from './clock.ts'
import { type Dialect, openTestDatabase } from './database.ts'

export const origins = {
  addon: 'http://127.0.0.1:4000',
  cobot: 'http://localhost:4100',
  salto: 'http://localhost:4200',
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }

export const testEnv = (over: Record<string, string> = {}) => ({
  PUBLIC_URL: origins.addon,
  SECRET_KEYS: `k1:${createHash('sha256').update('k1').digest('base64')}`,
  COBOT_CLIENT_ID: 'cobot-client',
  COBOT_CLIENT_SECRET: 'cobot-secret',
  COBOT_URL: `${origins.cobot}/www`,
  COBOT_SPACE_URL: `${origins.cobot}/spaces/{subdomain}`,
  COBOT_API_URL: `${origins.cobot}/api2`,
  SALTO_CLIENT_ID: 'salto-client',
  SALTO_CLIENT_SECRET: 'salto-secret',
  SALTO_API_URL: `${origins.salto}/connect`,
  SALTO_IDENTITY_URL: `${origins.salto}/identity`,
  SALTO_APP_URL: `${origins.salto}/app`,
  ...over,
})

export type World = Awaited<ReturnType<typeof createWorld>>

/** A space "harbour-hub" with plans, a room and a KS site in Berlin; nothing is connected by itself. */
export const createWorld = async (
  options: {
    dialect?: Dialect
    startAt?: string
    seed?: number
    spaceZone?: string
    siteZone?: string
    seats?: number | null
    log?: Log
    env?: Record<string, string>
    /** A world that is part of a larger one: its time, its database, its locks for tokens. */
    clock?: VirtualClock
    db?: Db
    crypt?: Crypt
    /** What lies between a request and who answers it. */
    through?: (request: Request, answer: Fetch) => Promise<Response>
  } = {},
) => {
  const clock = options.clock ?? virtualClock(options.startAt ?? '2026-11-24T09:00:00Z')
  const random = seededRandom(options.seed ?? 1)
  const config = readConfig(testEnv(options.env))
  const db = options.db ?? (await openTestDatabase(options.dialect ?? 'sqlite'))
  const crypt = options.crypt ?? createCrypt(config.secretKeys)

  const answer = async (request: Request): Promise<Response> => {
    const { origin } = new URL(request.url)
    if (origin === origins.cobot) return cobot.handle(request)
    if (origin === origins.salto) return salto.handle(request)
    if (origin === origins.addon) return addon.fetch(request)
    throw new Error(`a request to ${origin}, where nobody should go`)
  }
  const { through } = options
  const fetch = through ? (request: Request) => through(request, answer) : answer
  let skewMs = 0
  const own = { ...clock, now: () => new Date(clock.now().getTime() + skewMs) }
  const ports = { clock: soundClock(own, () => clock.now().getTime()), random, fetch }
  const chances = { cobot: seededRandom(11), salto: seededRandom(12) }
  const cobot = createCobotSimulator({
    origin: origins.cobot,
    ports: { clock, random: chances.cobot, fetch },
    clients: [
      {
        clientId: 'cobot-client',
        clientSecret: 'cobot-secret',
        redirectUris: [`${origins.addon}${manifest.paths.cobotCallback}`],
        name: 'SALTO KS',
      },
    ],
  })
  const salto = createSaltoSimulator({
    origin: origins.salto,
    ports: { clock, random: chances.salto, fetch },
    clients: [
      {
        clientId: 'salto-client',
        clientSecret: 'salto-secret',
        redirectUris: [`${origins.addon}${manifest.paths.saltoCallback}`],
        name: 'SALTO KS for Cobot',
      },
    ],
  })
  cobot.setDelivery({ mode: 'manual' })
  const deps: Deps = { db, crypt, ports, config, log: options.log ?? silentLog, sentence }
  const worker = createWorker(deps, handlers)
  const app = createApp({ ...deps, wake: () => {}, ready: async () => true })
  let addon = app

  const addSpace = async (subdomain: string) => {
    const ownerId = cobot.addUser({ email: `mara@${subdomain}.example`, name: 'Mara' })
    const spaceId = asId<SpaceId>(
      cobot.addSpace({
        subdomain,
        name: subdomain,
        timeZone: options.spaceZone ?? 'Europe/Berlin',
        ownerId,
      }),
    )
    return { ownerId, spaceId }
  }

  /** What the set-up does, without the browser. */
  const install = async (
    subdomain: string,
    spaceId: SpaceId,
    ownerId: string,
    siteId: string,
    email: string,
  ) => {
    const now = clock.now()
    const hookKey = Buffer.from(random.bytes(32)).toString('base64url')
    const token = cobot.issueToken({
      userId: ownerId,
      clientId: 'cobot-client',
      scopes: manifest.cobot.installScopes,
      subdomain,
    })
    const issued = await salto.issueTokens(email)
    const tokens = await sealTokens(deps, spaceId, {
      accessToken: issued.access_token,
      refreshToken: issued.refresh_token ?? null,
      expiresAt: new Date(now.getTime() + issued.expires_in * 1000),
    })
    const accessSealed = await crypt.seal(token, sealContext('cobot', 'access', spaceId))
    const hookKeySealed = await sealHookKey(deps, spaceId, hookKey)
    const known = cobot.space(subdomain)
    await db.tx(async (tx) => {
      await saveSpace(
        tx,
        {
          spaceId,
          subdomain,
          name: subdomain,
          timeZone: known?.timeZone ?? 'UTC',
          locale: 'en',
          hourFormat: 24,
        },
        { hookKeySealed, hookKeyHash: hashOf(hookKey) },
        now,
      )
      const cobotTokens = {
        accessSealed,
        accessExpiresAt: null,
        refreshSealed: null,
        owner: ownerId,
      }
      await saveConnection(tx, { spaceId, side: 'cobot' }, cobotTokens, now)
      await saveConnection(tx, { spaceId, side: 'salto' }, { ...tokens, owner: null }, now)
    })
    const info = await saltoOf(deps, spaceId).getSite(asId<SiteId>(siteId))
    if (!info?.timeZone) throw new Error('no such site')
    const { timeZone } = info
    await db.tx(async (tx) => {
      if (!(await activateSite(tx, spaceId, { ...info, timeZone }, now)))
        throw new Error('another space has this site')
      await clicks.lookAgain(tx, { spaceId, by: 'Mara', now }, null)
    })
    const space = await one(db.read, 'spaces', { spaceId })
    if (space) await ensureWebhooks(deps, space, await cobotOf(deps, spaceId, { setup: true }))
    return hookKey
  }

  /** *Reconnect SALTO KS*, without the browser. */
  const reconnectSalto = async (spaceId = harbour.spaceId, email = knownEmail) => {
    const now = clock.now()
    const issued = await salto.issueTokens(email)
    const tokens = await sealTokens(deps, spaceId, {
      accessToken: issued.access_token,
      refreshToken: issued.refresh_token ?? null,
      expiresAt: new Date(now.getTime() + issued.expires_in * 1000),
    })
    await db.tx(async (tx) => {
      await saveConnection(tx, { spaceId, side: 'salto' }, { ...tokens, owner: null }, now)
    })
  }

  /** *Reconnect Cobot*, without the browser. */
  const reconnectCobot = async (subdomain = 'harbour-hub') => {
    const space = cobot.space(subdomain)
    if (!space) throw new Error(`no space ${subdomain}`)
    const [spaceId, userId] = [asId<SpaceId>(space.id), space.ownerId]
    const scopes = manifest.cobot.installScopes
    const token = cobot.issueToken({ userId, clientId: 'cobot-client', scopes, subdomain })
    const accessSealed = await crypt.seal(token, sealContext('cobot', 'access', spaceId))
    const tokens = { accessSealed, accessExpiresAt: null, refreshSealed: null, owner: userId }
    const now = clock.now()
    await db.tx(async (tx) => {
      await saveConnection(tx, { spaceId, side: 'cobot' }, tokens, now)
      await clicks.lookAgain(tx, { spaceId, by: 'Mara', now }, null)
    })
  }

  const harbour = await addSpace('harbour-hub')
  const { ownerId, spaceId } = harbour
  const knownEmail = 'kai@keys.example'
  const ksOwner = salto.addUserProfile({
    email: knownEmail,
    password: 'open sesame',
    firstName: 'Kai',
    lastName: 'Keys',
  })
  const siteId = asId<SiteId>(
    salto.addSite({
      name: 'Harbour Loft',
      timeZone: options.siteZone ?? 'Europe/Berlin',
      seats: options.seats === undefined ? 40 : options.seats,
      ownerId: ksOwner,
    }),
  )
  const frontDoor = salto.addLock(siteId, { name: 'Front door' })
  const quayLock = salto.addLock(siteId, { name: 'Quay Room' })
  const fullTimeGroup = salto.addAccessGroup(siteId, {
    name: 'Full Time',
    lockIds: [frontDoor],
    schedule: 'always',
  })
  const tagIds = ['02300001', '02300002', '02300003'].map((number) =>
    salto.addTag(siteId, { number }),
  )
  const fullTime = cobot.addPlan('harbour-hub', { name: 'Full Time' })
  const flex = cobot.addPlan('harbour-hub', { name: 'Flex 8' })
  const quayRoom = cobot.addResource('harbour-hub', { name: 'Quay Room' })
  const hookKey = await install('harbour-hub', spaceId, ownerId, siteId, knownEmail)

  const click = () => ({ spaceId, by: 'Mara', now: clock.now() })
  const act = <T>(
    work: (tx: Parameters<Parameters<typeof db.tx>[0]>[0]) => Promise<T>,
  ): Promise<T> => db.tx((tx) => work(tx))

  /** Delivers webhooks and runs all that is due, and what is put off by seconds, to the end. */
  const settle = async (limit = 400): Promise<void> => {
    for (let round = 0; round < limit; round++) {
      await cobot.deliverAll()
      if ((await worker.drain()) > 0) continue
      const now = ports.clock.now()
      const next = await nextRunAt(db.read, now)
      if (!next || next.getTime() - now.getTime() > 15_000) return
      await clock.advance(next.getTime() - now.getTime())
    }
    throw new Error('it does not come to rest')
  }

  /** Moves on in steps, running what becomes due, as a worker on the real clock would. */
  const advance = async (ms: number, stepMs = 60_000): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      await clock.advance(Math.min(left, stepMs))
      cobot.tick()
      await settle()
    }
  }
  /** Moves on to an instant. */
  const advanceTo = async (at: string, stepMs = 15 * 60_000): Promise<void> => {
    const ms = new Date(at).getTime() - clock.now().getTime()
    await advance(ms, stepMs)
  }

  return {
    clock,
    random,
    db,
    deps,
    worker,
    app,
    cobot,
    salto,
    settle,
    advance,
    advanceTo,
    act,
    click,
    spaceId,
    siteId,
    ownerId,
    ksOwner,
    hookKey,
    addSpace,
    install,
    reconnectSalto,
    reconnectCobot,
    frontDoor,
    quayLock,
    fullTimeGroup,
    tagIds,
    fullTime,
    flex,
    quayRoom,

    /** A member on "Full Time", confirmed, since yesterday; or what the test says. */
    addMember: (
      name: string,
      over: Partial<Parameters<typeof cobot.addMembership>[1]> = {},
    ): MembershipId =>
      asId<MembershipId>(
        cobot.addMembership('harbour-hub', {
          name,
          email: `${name.toLowerCase().replace(/\W+/g, '.')}@members.example`,
          planId: fullTime,
          startsAt: '2026-11-01',
          ...over,
        }),
      ),
    /** Sets the add-on's own clock wrong by so much; everybody else's stays right. */
    skew: (ms: number) => {
      skewMs = ms
    },
    connect: async (membershipId: MembershipId): Promise<PairingId> => {
      const id = asId<PairingId>(`pairing-${membershipId}`)
      const made = await act((tx) => clicks.connectMembership(tx, click(), membershipId, id))
      if (!made) throw new Error('nobody to connect')
      await settle()
      return made
    },
    /** Who answers what is sent to the add-on from now on: another process of it. */
    answerWith: (other: typeof app) => {
      addon = other
    },
    /** All chance from here on, on both sides and ours. */
    reseed: (seed: number) => {
      for (const [index, each] of [random, chances.cobot, chances.salto].entries())
        each.reseed(seed * 3 + index)
    },
    /** Bookings of the room open its lock. */
    mapRoom: (over: { lockIds?: string[]; minutesBefore?: number; minutesAfter?: number } = {}) =>
      act((tx) =>
        clicks.saveDoors(tx, click(), siteId, [
          {
            resourceId: asId(quayRoom),
            enabled: true,
            lockIds: (over.lockIds ?? [quayLock]).map((id) => asId(id)),
            minutesBefore: over.minutesBefore ?? 0,
            minutesAfter: over.minutesAfter ?? 0,
          },
        ]),
      ),
    book: (membershipId: string | null, from: string, to: string) =>
      cobot.addBooking('harbour-hub', { resourceId: quayRoom, membershipId, from, to }),
    bookingGroups: () => salto.groups(siteId).filter((group) => /^Cobot \d{12}$/.test(group.name)),
    pairing: async (membershipId: MembershipId) => {
      const membership = await one(db.read, 'memberships', { spaceId, membershipId })
      const pairingId = membership?.pairingId
      return pairingId ? one(db.read, 'pairings', { spaceId, pairingId }) : null
    },
    problems: async () =>
      (await listProblems(db.read, spaceId)).map(({ code, subject }) => `${code} ${subject}`),
    problem: async (code: string) =>
      (await listProblems(db.read, spaceId)).find((each) => each.code === code)?.params,
    close: () => db.close(),
  }
}
