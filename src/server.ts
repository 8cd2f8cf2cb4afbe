// The process: settings → database → worker and pages → listen, and the same way back.
import { randomBytes } from 'node:crypto'
import { uptime } from 'node:os'
import { serve } from '@hono/node-server'
import { createApp, sentence } from './app.ts'
import { BadSettings, type Config, readConfig } from './config.ts'
import { askTheTime, shareTheTime } from './connections/time.ts'
import type { Clock, Ports } from './core/ports.ts'
import { soundClock } from './core/sound-clock.ts'
import { createCrypt } from './db/crypt.ts'
import { openDatabase } from './db/open.ts'
import { one } from './db/store.ts'
import { clearLeases } from './db/work.ts'
import { askEverything } from './jobs/start.ts'
import { handlers } from './jobs/tasks.ts'
import { createWorker } from './jobs/worker.ts'
import { createLog } from './log.ts'

const machineClock: Clock = {
  now: () => new Date(),
  after: (ms, then) => {
    const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}

const realPorts: Ports = {
  clock: soundClock(machineClock, () => uptime() * 1000),
  random: { fraction: Math.random, bytes: (length) => randomBytes(length) },
  fetch: (request) => fetch(request),
}

/** Starts everything and returns how to stop it. */
export const startServer = async (config: Config, ports: Ports = realPorts) => {
  const log = createLog(config.logLevel)
  const db = await openDatabase(config.databaseUrl, (error) =>
    log.error({ error }, 'a connection to the database broke'),
  )
  const deps = { db, crypt: createCrypt(config.secretKeys), ports, config, log, sentence }
  const worker = createWorker(deps, handlers)
  const works = config.role !== 'web'
  const stopSharing = await shareTheTime(deps)
  await askTheTime(deps)
  if (works) {
    await db.tx(async (tx) => {
      // One process per SQLite file: whatever is leased belongs to a process that is gone.
      if (tx.dialect === 'sqlite') await clearLeases(tx)
      await askEverything(tx, ports.clock.now())
    })
    worker.start()
  }
  // Anybody may ask: it must cost the same however many spaces there are.
  const ready = async () => (await one(db.read, 'spaces', { subdomain: '' })) === null
  const app = createApp({ ...deps, wake: worker.wake, ready })
  const server = listen(app.fetch, config, ({ port }) =>
    log.info({ port, role: config.role }, 'ready'),
  )
  return async () => {
    await new Promise((resolve) => server.close(resolve))
    await worker.stop()
    stopSharing()
    await db.close()
  }
}

/** What one connection may take, and how many there may be: slow or many ones hold up nobody else. */
const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 16 * 1024,
  maxConnections: 1000,
}

export const listen = (
  fetch: (request: Request) => Response | Promise<Response>,
  { port, host }: Pick<Config, 'port' | 'host'>,
  ready: (at: { port: number }) => void,
  { maxConnections, ...serverOptions } = httpLimits,
) => {
  const server = serve({ fetch, port, hostname: host, serverOptions }, ready)
  server.maxConnections = maxConnections
  return server
}

const main = async () => {
  try {
    const stop = await startServer(readConfig(process.env))
    let stopping = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (stopping) return
        stopping = true
        void stop().then(() => process.exit(0))
      })
  } catch (error) {
    console.error(error instanceof BadSettings ? error.message : error)
    process.exit(1)
  }
}

if (import.meta.main) await main()
