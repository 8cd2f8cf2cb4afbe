// Does the chain of the audit hold?
import type { SpaceId } from '../../src/core/ids.ts'
import { CUT, chain } from '../../src/db/audit.ts'
import type { Tx } from '../../src/db/open.ts'
import { list } from '../../src/db/store.ts'

/** The number of the first row that does not fit the ones before it; null while the chain holds. */
export const verifyAudit = async (tx: Tx, spaceId: SpaceId): Promise<number | null> => {
  let before = { number: 0, hash: '' }
  const rows = await list(tx, 'audit', { spaceId })
  for (const row of rows.sort((a, b) => a.number - b.number)) {
    const { number, hash, action } = row
    const isNext = number === before.number + 1 && hash === chain(before.hash, number, row)
    if (!isNext && !(before.number === 0 && action === CUT)) return number
    before = row
  }
  return null
}
