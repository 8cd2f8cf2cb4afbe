// What the outside world lends us. Everything that reads a clock, rolls dice, waits or calls out
// gets these handed in, so that a simulation can run a year in a minute and replay it.

import type { Side } from './errors.ts'

export type Clock = {
  /** The current instant. */
  now(): Date
  /** Calls back once after `ms` milliseconds; the returned function calls it off. */
  after(ms: number, then: () => void): () => void
  /** Told of every date that the other two put on their answers, and of a shared database's. */
  hear?(side: Side | 'database', said: Date): void
  /** By how much `now` differs from this machine's own clock. */
  correctionMs?(): number
}

export type Random = {
  /** A number in [0, 1), for jitter only. */
  fraction(): number
  /** Unguessable bytes, for keys, states and lease tokens. */
  bytes(length: number): Uint8Array
}

export type Fetch = (request: Request) => Promise<Response>

export type Ports = { clock: Clock; random: Random; fetch: Fetch }
