// A played Cobot behind msw, with one space, its admin and a client of ours.

import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import manifest from '../../manifest.json' with { type: 'json' }
import { createCobot } from '../../src/cobot/client.ts'
import { createCobotOAuth } from '../../src/cobot/oauth.ts'
import { asId } from '../../src/core/ids.ts'
import { createCobotSimulator } from '../simulators/cobot/simulator.ts'
import { seededRandom, virtualClock } from '../support/clock.ts'

export const ORIGIN = 'https://cobot.example'
export const REDIRECT = 'https://salto.example/oauth/cobot/callback'
export const SUBDOMAIN = 'harbour'

export const settings = {
  clientId: 'client-1',
  clientSecret: 'secret-1',
  cobotUrl: `${ORIGIN}/www`,
  spaceUrl: `${ORIGIN}/spaces/{subdomain}`,
  apiUrl: `${ORIGIN}/api2`,
}

export const SCOPES = manifest.cobot.installScopes

export const createWorld = () => {
  const clock = virtualClock('2026-03-02T09:00:00Z')
  const ports = { clock, random: seededRandom(7), fetch: (request: Request) => fetch(request) }
  const { clientId, clientSecret } = settings
  const client = { clientId, clientSecret, redirectUris: [REDIRECT], name: 'Salto' }
  const cobot = createCobotSimulator({
    origin: ORIGIN,
    ports: { ...ports, fetch: async () => new Response(null, { status: 204 }) },
    clients: [client],
  })
  const server = setupServer(
    http.all(`${ORIGIN}/*`, ({ request }) =>
      cobot.handle(request).catch(() => HttpResponse.error()),
    ),
  )
  const mara = cobot.addUser({ name: 'Mara', email: 'mara@harbour.example' })
  const spaceId = cobot.addSpace({
    subdomain: SUBDOMAIN,
    name: 'Harbour Hub',
    timeZone: 'Europe/Berlin',
    locale: 'de-DE',
    ownerId: mara,
  })
  const accessToken = cobot.issueToken({
    userId: mara,
    clientId,
    scopes: SCOPES,
    subdomain: SUBDOMAIN,
  })
  const gated: string[] = []
  const gate = {
    before: async (kind: string) => {
      gated.push(kind)
    },
    limited: async (afterMs: number) => {
      gated.push(`limited ${afterMs}`)
    },
  }
  const space = { spaceId: asId<never>(spaceId), subdomain: SUBDOMAIN }
  const api = createCobot({ settings, ports, space, accessToken, gate })
  const oauth = createCobotOAuth(settings, ports)
  return { clock, ports, cobot, server, mara, spaceId, accessToken, gated, api, oauth }
}
