// How far those are who were connected together, from what is stored about each of them.
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { listProblems } from './problems.ts'
import { from, list, present, type Row } from './store.ts'

/** All since the oldest click of which somebody is still under way; null when nobody is. */
export const readProgress = async (tx: Tx, spaceId: SpaceId) => {
  const ofBatches = { spaceId, batchAt: present }
  const fresh = await list(tx, 'pairings', { ...ofBatches, state: 'new' })
  if (fresh.length === 0) return null
  const looks = { spaceId, task: 'reconcilePairing', runAt: present } as const
  const asked = new Set((await list(tx, 'work', looks)).map(({ subject }) => subject))
  const said = new Set((await listProblems(tx, spaceId)).map(({ source }) => source))
  const isStuck = ({ pairingId }: Row<'pairings'>) => said.has(`reconcilePairing:${pairingId}`)
  const underWay = fresh.filter((row) => asked.has(row.pairingId) && !isStuck(row))
  const since = Math.min(...underWay.map(({ batchAt }) => batchAt?.getTime() ?? Number.NaN))
  if (since === Number.POSITIVE_INFINITY) return null
  const these = await list(tx, 'pairings', { spaceId, batchAt: from(new Date(since)) })
  const done = these.filter(({ state }) => state === 'paired').length
  const waiting = these.filter(
    (row) => row.state === 'choosing' || (row.state === 'new' && isStuck(row)),
  )
  return { total: these.length, done, waiting: waiting.length }
}
