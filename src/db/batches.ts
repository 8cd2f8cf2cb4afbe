// How far those are who were connected together, from what is stored about each of them.
import type { SpaceId } from '../core/ids.ts'
import type { Tx } from './open.ts'
import { listProblems } from './problems.ts'
import { list, present, type Row } from './store.ts'

/** All since the oldest click of which somebody is still under way; null when nobody is. */
export const readProgress = async (tx: Tx, spaceId: SpaceId) => {
  const batches = await list(tx, 'pairings', { spaceId, batchAt: present })
  const looks = { spaceId, task: 'reconcilePairing', runAt: present } as const
  const asked = new Set((await list(tx, 'work', looks)).map(({ subject }) => subject))
  const said = new Set((await listProblems(tx, spaceId)).map(({ source }) => source))
  const needsYou = ({ state, pairingId }: Row<'pairings'>) =>
    state === 'choosing' || (state === 'new' && said.has(`reconcilePairing:${pairingId}`))
  const isUnderWay = (row: Row<'pairings'>) =>
    row.state === 'new' && asked.has(row.pairingId) && !needsYou(row)
  const since = Math.min(
    ...batches.filter(isUnderWay).map(({ batchAt }) => batchAt?.getTime() ?? Number.NaN),
  )
  if (since === Number.POSITIVE_INFINITY) return null
  const these = batches.filter(({ batchAt }) => batchAt && batchAt.getTime() >= since)
  const done = these.filter(({ state }) => state === 'paired').length
  return { total: these.length, done, waiting: these.filter(needsYou).length }
}
