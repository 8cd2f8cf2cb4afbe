// SALTO KS, played locally: identity server, Connect API, web app and doors at one origin, all of it
// in memory.
import { Hono } from 'hono'
import type { Ports } from '../../../src/core/ports.ts'
import { controlRoutes, createKit, type Fault, type JournalEntry, memoryOf } from '../kit.ts'
import { apiRoutes } from './api.ts'
import { type Controls, createControls } from './controls.ts'
import { createDoors } from './door.ts'
import { type Client, identityRoutes } from './identity.tsx'
import { pageRoutes } from './pages.tsx'
import { createState } from './state.ts'
import { createTokens } from './tokens.ts'

export type SaltoSimulator = Controls & {
  origin: string
  handle(request: Request): Promise<Response>
  journal: JournalEntry[]
  addFault(fault: Fault): void
  clearFaults(): void
  /** Everything it remembers, to go back to. */
  save(): Buffer
  restore(saved: Buffer): void
  /** Walks through login and consent like a person; returns where the browser is sent back to. */
  signIn(
    authorizeUrl: string,
    credentials: { email: string; password: string; allow?: boolean },
  ): Promise<string>
}

/** The three addresses are `{origin}/identity`, `{origin}/connect` and `{origin}/app`. */
export const createSaltoSimulator = (deps: {
  origin: string
  ports: Ports
  clients: Client[]
}): SaltoSimulator => {
  const { origin, ports, clients } = deps
  const state = createState(ports)
  const issuer = `${origin}/identity`
  const tokens = createTokens(state, ports.random, issuer)
  const doors = createDoors(state)
  const kit = createKit(() => ports.clock.now())
  const { journal, addFault, clearFaults } = kit
  const defaultClientId = clients[0]?.clientId ?? ''
  const controls = createControls({ state, tokens, doors, defaultClientId })

  const app = new Hono()
    .route('/identity', identityRoutes({ issuer, clients, state, tokens, ports }))
    .route('/connect', apiRoutes({ state, origin, tokens, afterWrite: doors.recordAll }))
    .route('/app', pageRoutes({ state, controls, doors }))
    .get('/', (c) => c.redirect('/app'))

  const handle = (request: Request) => kit.handle(request, app)

  const signIn: SaltoSimulator['signIn'] = async (authorizeUrl, { email, password, allow }) => {
    const { search } = new URL(authorizeUrl)
    const post = (path: string, fields: Record<string, string>) =>
      handle(
        new Request(`${issuer}/account/${path}${search}`, {
          method: 'POST',
          body: new URLSearchParams(fields),
          redirect: 'manual',
        }),
      )
    const consent = await (await post('login', { email, password })).text()
    const login = /name="login" value="([^"]+)"/.exec(consent)?.[1]
    if (!login) throw new Error('the login was refused')
    const decision = allow === false ? 'deny' : 'allow'
    const location = (await post('consent', { login, decision })).headers.get('Location')
    if (!location) throw new Error('the consent led nowhere')
    return location
  }

  const memory = memoryOf({ state, tokens: tokens.kept })
  const faults = { addFault, clearFaults }
  const simulator = { ...controls, ...memory, origin, handle, journal, ...faults, signIn }
  app.route(
    '/',
    controlRoutes({ ...controls, addFault, clearFaults, signIn, journal: () => journal }),
  )
  return simulator
}
