// What jobs and routes are given: the database, the ports, the settings, and the way to both sides.
import type { Config } from '../config.ts'
import type { Space } from '../core/model.ts'
import type { Ports } from '../core/ports.ts'
import type { Problem } from '../core/problems.ts'
import type { Crypt } from '../db/crypt.ts'
import type { Db } from '../db/open.ts'
import type { Log } from '../log.ts'

export type Deps = {
  db: Db
  crypt: Crypt
  ports: Ports
  config: Pick<
    Config,
    'publicUrl' | 'cobot' | 'salto' | 'cobotSweepMs' | 'ksSweepMs' | 'leaseMs' | 'settleMs'
  >
  log: Log
  /** A problem in the words of the space's language; they live with the pages. */
  sentence(space: Space, problem: Pick<Problem, 'code' | 'params'>): string
}
