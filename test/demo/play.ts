// Both simulators on real ports of this machine, and settings for an add-on that talks to them. The
// simulators live at `localhost`, the add-on at `127.0.0.1`: two sites, as in real life.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import manifest from '../../manifest.json' with { type: 'json' }
import type { Ports } from '../../src/core/ports.ts'
import { createCobotSimulator } from '../simulators/cobot/simulator.ts'
import { createSaltoSimulator } from '../simulators/salto/simulator.ts'
import { seed } from './seed.ts'

const ports: Ports = {
  clock: {
    now: () => new Date(),
    after: (ms, then) => {
      const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1))
      timer.unref()
      return () => clearTimeout(timer)
    },
  },
  random: { fraction: Math.random, bytes: (length) => randomBytes(length) },
  fetch: (request) => fetch(request),
}

/** A free port; `wish` if nobody listens there. */
export const freePort = (host: string, wish = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () => (wish ? resolve(freePort(host)) : reject(new Error('no free port'))))
    probe.listen(wish, host, () => {
      const address = probe.address()
      const port = address && typeof address === 'object' ? address.port : 0
      probe.close(() => resolve(port))
    })
  })

export const play = async (wishes: { addon?: number; cobot?: number; salto?: number } = {}) => {
  const addonPort = await freePort('127.0.0.1', wishes.addon)
  const cobotPort = await freePort('127.0.0.1', wishes.cobot)
  const saltoPort = await freePort('127.0.0.1', wishes.salto)
  const addonUrl = `http://127.0.0.1:${addonPort}`
  const cobotUrl = `http://localhost:${cobotPort}`
  const saltoUrl = `http://localhost:${saltoPort}`
  const secrets = {
    cobot: randomBytes(16).toString('hex'),
    salto: randomBytes(16).toString('hex'),
    key: randomBytes(32).toString('base64'),
  }
  const cobot = createCobotSimulator({
    origin: cobotUrl,
    ports,
    addonUrl,
    clients: [
      {
        clientId: 'salto-for-cobot',
        clientSecret: secrets.cobot,
        redirectUris: [addonUrl + manifest.paths.cobotCallback],
        name: manifest.name,
      },
    ],
  })
  const salto = createSaltoSimulator({
    origin: saltoUrl,
    ports,
    clients: [
      {
        clientId: 'cobot-for-salto',
        clientSecret: secrets.salto,
        redirectUris: [addonUrl + manifest.paths.saltoCallback],
        name: manifest.name,
      },
    ],
  })
  const seeded = seed(cobot, salto, new Date())
  const stopTimers = cobot.startTimers()
  const listen = (handle: (request: Request) => Promise<Response>, port: number) =>
    // "localhost" may mean either loopback address.
    new Promise<ServerType>((resolve) => {
      const server = serve(
        { fetch: handle, port, hostname: 'localhost', overrideGlobalObjects: false },
        () => resolve(server),
      )
    })
  const servers = [await listen(cobot.handle, cobotPort), await listen(salto.handle, saltoPort)]

  const env = {
    PUBLIC_URL: addonUrl,
    PORT: String(addonPort),
    SECRET_KEYS: `demo:${secrets.key}`,
    COBOT_CLIENT_ID: 'salto-for-cobot',
    COBOT_CLIENT_SECRET: secrets.cobot,
    COBOT_URL: `${cobotUrl}/www`,
    COBOT_SPACE_URL: `${cobotUrl}/spaces/{subdomain}`,
    COBOT_API_URL: `${cobotUrl}/api2`,
    SALTO_CLIENT_ID: 'cobot-for-salto',
    SALTO_CLIENT_SECRET: secrets.salto,
    SALTO_API_URL: `${saltoUrl}/connect`,
    SALTO_IDENTITY_URL: `${saltoUrl}/identity`,
    SALTO_APP_URL: `${saltoUrl}/app`,
  }
  const stop = async () => {
    stopTimers()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
  return { cobot, salto, seeded, env, addonUrl, cobotUrl, saltoUrl, stop }
}
