// Both systems on ports of this machine, processes of the add-on, and the way to them: whatever goes
// to the add-on's public address reaches one of the processes that are up, as through a balancer.
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { type ServerType, serve } from '@hono/node-server'
import manifest from '../../manifest.json' with { type: 'json' }
import type { Ports } from '../../src/core/ports.ts'
import { freePort } from '../demo/play.ts'
import { createCobotSimulator } from '../simulators/cobot/simulator.ts'
import { createSaltoSimulator } from '../simulators/salto/simulator.ts'
import { type Replica, startReplica } from './replica.ts'

export const publicUrl = 'http://addon.example'
export const cobotClient = 'salto-for-cobot'
const saltoClient = 'cobot-for-salto'
const rateWindowMs = 61_000

/** A webhook that was answered with 2xx; its subject must be read from Cobot after it was sent. */
export type Accepted = {
  event: string
  subdomain: string
  kind: 'bookings' | 'memberships'
  subject: string
  /** How many calls Cobot had had when it was sent; later, how many of them were looked through. */
  calls: number
  isRead: boolean
}

export type Stage = Awaited<ReturnType<typeof createStage>>

export const createStage = async (given: {
  name: string
  server: string
  databaseUrl: string
  replicas: number
  fraction(): number
}) => {
  const { server, fraction } = given
  const up: Replica[] = []
  const accepted: Accepted[] = []

  const send = async (request: Request): Promise<Response> => {
    if (!request.url.startsWith(publicUrl)) return fetch(request)
    const replica = up[Math.floor(fraction() * up.length)]
    if (!replica) throw new Error('no process is up')
    return fetch(new Request(request.url.replace(publicUrl, replica.origin), request))
  }
  const deliver = async (request: Request): Promise<Response> => {
    const text = await request.clone().text()
    // It has happened by now: whoever reads it from here on reads it as it is, even before we hear of
    // the answer.
    const calls = cobot.journal.length
    const response = await send(request)
    const pointer = /\/spaces\/([^/]+)\/api\/(bookings|memberships)\/([\w-]+)/
    const [, subdomain = '', kind, subject = ''] = pointer.exec(text) ?? []
    if (response.ok && (kind === 'bookings' || kind === 'memberships')) {
      const event = request.url.split('/').at(-1) ?? ''
      accepted.push({ event, subdomain, kind, subject, calls, isRead: false })
    }
    return response
  }

  // During the set-up Cobot lives a minute ago: what it costs does not count against the rate after.
  let offsetMs = -rateWindowMs
  const clockBehind = (behindMs: () => number): Ports['clock'] => ({
    now: () => new Date(Date.now() + behindMs()),
    after: (ms, then) => {
      const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1))
      timer.unref()
      return () => clearTimeout(timer)
    },
  })
  const random = { fraction, bytes: (length: number) => randomBytes(length) }
  const secret = randomBytes(16).toString('hex')
  const client = (clientId: string, callback: string) => ({
    clientId,
    clientSecret: secret,
    name: manifest.name,
    redirectUris: [publicUrl + callback],
  })
  const [cobotPort, saltoPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')]
  const cobotUrl = `http://127.0.0.1:${cobotPort}`
  const saltoUrl = `http://127.0.0.1:${saltoPort}`
  const cobot = createCobotSimulator({
    origin: cobotUrl,
    ports: { clock: clockBehind(() => offsetMs), random, fetch: deliver },
    clients: [client(cobotClient, manifest.paths.cobotCallback)],
  })
  const salto = createSaltoSimulator({
    origin: saltoUrl,
    ports: { clock: clockBehind(() => 0), random, fetch: send },
    clients: [client(saltoClient, manifest.paths.saltoCallback)],
  })
  const listen = (handle: (request: Request) => Promise<Response>, port: number) =>
    new Promise<ServerType>((resolve) => {
      const listening = serve(
        { fetch: handle, port, hostname: '127.0.0.1', overrideGlobalObjects: false },
        () => resolve(listening),
      )
    })
  const servers = [await listen(cobot.handle, cobotPort), await listen(salto.handle, saltoPort)]

  const env = {
    PUBLIC_URL: publicUrl,
    DATABASE_URL: given.databaseUrl,
    SECRET_KEYS: `kill:${randomBytes(32).toString('base64')}`,
    COBOT_CLIENT_ID: cobotClient,
    COBOT_CLIENT_SECRET: secret,
    COBOT_URL: `${cobotUrl}/www`,
    COBOT_SPACE_URL: `${cobotUrl}/spaces/{subdomain}`,
    COBOT_API_URL: `${cobotUrl}/api2`,
    SALTO_CLIENT_ID: saltoClient,
    SALTO_CLIENT_SECRET: secret,
    SALTO_API_URL: `${saltoUrl}/connect`,
    SALTO_IDENTITY_URL: `${saltoUrl}/identity`,
    SALTO_APP_URL: `${saltoUrl}/app`,
    LEASE_SECONDS: '2',
    SETTLE_SECONDS: '1',
    NODE_COMPILE_CACHE: join(dirname(server), `compiled-${given.name}`),
  }
  const start = async () => {
    up.push(await startReplica(server, env))
  }
  for (let index = 0; index < given.replicas; index++) await start()

  return {
    cobot,
    salto,
    cobotUrl,
    saltoUrl,
    send,
    fraction,
    accepted,
    start,
    setupIsOver: () => {
      offsetMs = 0
    },
    /** As in production, with an end. */
    restartOne: async () => {
      await up.shift()?.stop()
      await start()
    },
    /** `kill -9` for one of the processes, whichever chance says. */
    killOne: async () => {
      const [victim] = up.splice(Math.floor(fraction() * up.length), 1)
      await victim?.kill()
    },
    stop: async () => {
      await Promise.all(up.splice(0).map((replica) => replica.kill()))
      for (const each of servers) if ('closeAllConnections' in each) each.closeAllConnections()
      await Promise.all(servers.map((each) => new Promise((resolve) => each.close(resolve))))
    },
  }
}
