import type { Ports } from '../../../src/core/ports.ts'
import type { Controls } from './controls.ts'
import type { Client, Space, State } from './state.ts'

/** What every part of the played Cobot is built from. */
export type World = {
  origin: string
  ports: Ports
  clients: Client[]
  state: State
  controls: Controls
  addonUrl: string | null
}

/** The space's own host. */
export const spaceUrl = (origin: string, space: Space) => `${origin}/spaces/${space.subdomain}`
