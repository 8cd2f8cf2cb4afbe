// Cobot, played locally: an ordinary app with its state in memory. Everything is on one origin:
// www.cobot.me is `{origin}/www`, <subdomain>.cobot.me is `{origin}/spaces/<subdomain>` and
// api.cobot.me is `{origin}/api2`.
import { Hono } from 'hono'
import type { Ports } from '../../../src/core/ports.ts'
import { controlRoutes, createKit, memoryOf } from '../kit.ts'
import { createAccess } from './access.ts'
import { api1 } from './api1.ts'
import { api2 } from './api2.ts'
import { createControls } from './controls.ts'
import { login } from './login.tsx'
import { createKeys, oauth } from './oauth.tsx'
import { shell } from './shell.tsx'
import { type Client, createState, Impossible } from './state.ts'
import { createWebhooks } from './webhooks.ts'
import type { World } from './world.ts'

export type CobotSimulator = ReturnType<typeof createCobotSimulator>

export const createCobotSimulator = ({
  origin,
  ports,
  clients,
  addonUrl,
}: {
  origin: string
  ports: Ports
  clients: Client[]
  /** Where the add-on starts; linked from the page "Add-ons". */
  addonUrl?: string
}) => {
  const state = createState(ports.clock.now())
  const webhooks = createWebhooks({ state, ports })
  const people = createControls({ state, ports, origin, webhooks })
  const keys = createKeys()
  const kit = createKit(() => ports.clock.now())
  const world: World = {
    origin,
    ports,
    clients,
    state,
    controls: people,
    addonUrl: addonUrl ?? null,
  }
  const access = createAccess(world)

  /** Ticks every minute until the returned function is called. */
  const startTimers = () => {
    let callOff = () => {}
    const next = () => {
      callOff = ports.clock.after(60_000, () => {
        people.tick()
        next()
      })
    }
    next()
    return () => callOff()
  }

  const controls = {
    ...people,
    deliverAll: webhooks.deliverAll,
    deliveries: webhooks.deliveries,
    setDelivery: webhooks.setDelivery,
    setWebhookFaults: webhooks.setWebhookFaults,
    rotateKey: keys.rotateKey,
    addFault: kit.addFault,
    clearFaults: kit.clearFaults,
    readJournal: () => kit.journal,
    /** As if nobody had called for a minute. */
    forgetCalls: () => access.kept.calls.clear(),
  }

  const app = new Hono()
    .onError((error, c) => {
      if (error instanceof Impossible) return c.json({ error: error.message }, 422)
      throw error
    })
    .use((_, next) => {
      people.settle()
      return next()
    })
    .route('/', controlRoutes(controls))
    .route('/', api1(world, access))
    .route('/api2', api2(world, access))
    .route('/', login(world))
    .route('/', oauth(world, keys))
    .route('/', shell(world))

  const { save, restore } = memoryOf({ state, access: access.kept, webhooks: webhooks.kept })

  return {
    origin,
    /** Everything it remembers, to go back to; calls under way at that time failed. */
    save,
    restore: (saved: Buffer) => {
      restore(saved)
      webhooks.resume()
    },
    handle: (request: Request) => kit.handle(request, app),
    journal: kit.journal,
    startTimers,
    ...controls,
  }
}
