// One process of the add-on in a world that outlives it, with a boundary before and after each of its
// transactions and each of its calls to the outside.
import { createApp } from '../../src/app.ts'
import type { Deps } from '../../src/connections/deps.ts'
import { sealTokens } from '../../src/connections/salto.ts'
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import type { Click } from '../../src/db/click.ts'
import * as clicks from '../../src/db/clicks.ts'
import { saveConnection } from '../../src/db/connections.ts'
import { type Crypt, createCrypt, type SecretKeys } from '../../src/db/crypt.ts'
import type { Tx } from '../../src/db/open.ts'
import { getActiveSite } from '../../src/db/spaces.ts'
import { one } from '../../src/db/store.ts'
import { clearLeases, nextRunAt } from '../../src/db/work.ts'
import { askEverything } from '../../src/jobs/start.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { origins, type World } from '../support/world.ts'

export const hub = 'harbour-hub'
export const minute = 60_000

/** Told the name of every boundary; `committed` when the database may have changed before it. */
export type Watch = (name: string, committed: boolean) => void

export type Stage = ReturnType<typeof enter>

export const enter = (
  world: World,
  { watch, keys }: { watch?: Watch | undefined; keys?: SecretKeys | undefined } = {},
) => {
  const { cobot, clock, spaceId, siteId } = world
  const around = async <T>(name: () => string, writes: boolean, work: () => Promise<T>) => {
    if (!watch) return work()
    const what = name()
    watch(`before ${what}`, false)
    try {
      return await work()
    } finally {
      watch(`after ${what}`, writes)
    }
  }
  const outside = world.deps.ports.fetch
  const foreign: string[] = []
  const deps: Deps = {
    ...world.deps,
    crypt: withMemory(keys ? createCrypt(keys) : world.deps.crypt),
    ports: {
      ...world.deps.ports,
      fetch: (request) => {
        const what = `${request.method} ${new URL(request.url).pathname}`
        if (isForeign(world, what)) foreign.push(what)
        return around(
          () => what,
          false,
          async () => {
            const response = await outside(request)
            // A plan's group is ours by its id; a booking's by its name, which a KS admin may take away.
            if (/^POST .*\/access_groups$/.test(what) && response.ok) {
              const { id, customer_reference: name } = await response.clone().json()
              if (!isBookingName(name)) madeGroups.add(id)
            }
            return response
          },
        )
      },
    },
    db: { ...world.deps.db, tx: (work) => around(caller, true, () => world.deps.db.tx(work)) },
  }
  const { db } = deps
  const worker = createWorker(deps, handlers)
  const app = createApp({ ...deps, wake: () => {}, ready: async () => true })
  world.answerWith(app)

  /** Works for that long, from one thing that is due to the next. */
  const run = async (ms = 15_000): Promise<void> => {
    const end = clock.now().getTime() + ms
    for (let round = 0; round < 2000; round++) {
      await cobot.deliverAll()
      if ((await worker.drain()) > 0) continue
      const now = clock.now()
      if (now.getTime() >= end) return
      const next = (await nextRunAt(db.read, now))?.getTime() ?? end
      await clock.advance(Math.max(0, Math.min(next, end) - now.getTime()))
    }
    throw new Error('it does not come to rest')
  }

  const click = <T>(work: (tx: Tx, click: Click) => Promise<T>): Promise<T> =>
    db.tx((tx) => work(tx, world.click()))

  const pairingOf = async (membershipId: MembershipId): Promise<PairingId | null> =>
    (await one(db.read, 'memberships', { spaceId, membershipId }))?.pairingId ?? null

  return {
    world,
    deps,
    app,
    run,
    click,
    foreign,
    cobot,
    salto: world.salto,
    clock,
    siteId,
    /** As `server.ts` does it for SQLite. */
    start: () =>
      db.tx(async (tx) => {
        await clearLeases(tx)
        await askEverything(tx, clock.now())
      }),
    /** Nobody works until then; Cobot goes on. */
    sleepUntil: (at: string) => {
      clock.set(at)
      cobot.tick()
    },
    connect: (membershipId: MembershipId) =>
      click(async (tx, by) => {
        const site = await getActiveSite(tx, spaceId)
        const id = asId<PairingId>(`pairing-${site?.siteId}-${membershipId}`)
        return clicks.connectMembership(tx, by, membershipId, id)
      }),
    /** What an admin does with somebody whom the page shows as connected. */
    withPairing: async (
      membershipId: MembershipId,
      work: (tx: Tx, by: Click, pairingId: PairingId) => Promise<unknown>,
    ) => {
      const pairingId = await pairingOf(membershipId)
      if (pairingId) await click((tx, by) => work(tx, by, pairingId))
    },
    lookAgain: () => click((tx, by) => clicks.lookAgain(tx, by, null)),
    problem: (code: 'P01' | 'P10') => one(db.read, 'problems', { spaceId, code }),
    reconnectSalto: async () => {
      const now = clock.now()
      const issued = await world.salto.issueTokens('kai@keys.example')
      const tokens = await sealTokens(deps, spaceId, {
        accessToken: issued.access_token,
        refreshToken: issued.refresh_token ?? null,
        expiresAt: new Date(now.getTime() + issued.expires_in * 1000),
      })
      await click(async (tx) => {
        await saveConnection(tx, { spaceId, side: 'salto' }, { ...tokens, owner: null }, now)
      })
    },
    /** An admin's browser goes through the whole set-up, from the first page to the frame. */
    install: async () => {
      const jar = new Map<string, string>()
      const ask = async (path: string, init: RequestInit = {}) => {
        const headers = new Headers(init.headers)
        headers.set('Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
        const response = await app.request(path.replace(origins.addon, ''), { ...init, headers })
        for (const cookie of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
          jar.set(name, value)
        }
        return response
      }
      const leadOf = (response: Response) => response.headers.get('Location') ?? ''
      const asked = leadOf(await ask(`/install?subdomain=${hub}`))
      const cookie = cobot.loginCookie(world.ownerId)
      await ask(leadOf(await cobot.handle(new Request(asked, { headers: { cookie } }))))
      const login = leadOf(await ask(`/oauth/salto?subdomain=${hub}`))
      const owner = { email: 'kai@keys.example', password: 'open sesame' }
      await ask(await world.salto.signIn(login, owner))
      const headers = { Origin: origins.addon }
      const body = new URLSearchParams({ siteId })
      const done = await ask(`/setup/site?subdomain=${hub}`, { method: 'POST', headers, body })
      if (done.status !== 303) throw new Error(`the set-up ended with ${done.status}`)
    },
  }
}

/** Groups that we asked for, in whichever life. */
const madeGroups = new Set<string>()

/** Only what carries a mark of ours, or was made by us, is ever deleted (I3). */
const isForeign = ({ salto }: World, call: string): boolean => {
  const [, kind, id] = /^DELETE .*\/sites\/[^/]+\/(users|access_groups)\/([^/]+)$/.exec(call) ?? []
  const [users, groups] = [salto.sites().flatMap(salto.users), salto.sites().flatMap(salto.groups)]
  const user = kind === 'users' && users.find(({ siteUserId }) => siteUserId === id)
  const group = kind === 'access_groups' && groups.find((each) => each.id === id)
  if (user) return !/ · C\d{9}$/.test(user.alias ?? '')
  return group ? !madeGroups.has(group.id) && !isBookingName(group.name) : false
}
const isBookingName = (name: string) => /^Cobot \d{12}$/.test(name)

/** The place in the sources from which a transaction is asked for. */
const caller = (): string => {
  const lines = new Error().stack?.split('\n') ?? []
  const line = lines.find((each) => /\/src\/(?!db\/)/.test(each)) ?? lines.at(-1)
  return `the transaction at ${/\/(src\/[^)]*|test\/[^)]*)/.exec(line ?? '')?.[1] ?? 'an unknown place'}`
}

const opened = new Map<string, string>()
/** What was sealed once opens again without the arithmetic. */
const withMemory = (crypt: Crypt): Crypt => ({
  seal: crypt.seal,
  isCurrent: crypt.isCurrent,
  open: async (sealed, context) => {
    const known = `${context} ${sealed}`
    const text = opened.get(known) ?? (await crypt.open(sealed, context))
    opened.set(known, text)
    return text
  },
})
