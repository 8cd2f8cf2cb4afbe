// After a new key was put first in SECRET_KEYS: what older keys sealed is sealed with it, value by
// value, so that the old key can go. Cut short, it goes on where it was; sessions and states end by
// themselves within a day.
import type { SpaceId } from '../core/ids.ts'
import { change, list, one } from '../db/store.ts'
import { sealContext } from './cobot.ts'
import type { Deps } from './deps.ts'
import { openHookKey, sealHookKey } from './hooks.ts'

/** How many values of a space were sealed anew. */
export const sealAnew = async (deps: Deps, spaceId: SpaceId): Promise<number> => {
  const { db, crypt } = deps
  let count = 0
  // Only in the place of the very value that was read: a new permission may have come meanwhile.
  for (const { side, ...row } of await list(db.read, 'connections', { spaceId }))
    for (const what of ['access', 'refresh'] as const) {
      const field = `${what}Sealed` as const
      const old = row[field]
      if (!old || crypt.isCurrent(old)) continue
      const context = sealContext(side, what, spaceId)
      const sealed = await crypt.seal(await crypt.open(old, context), context)
      const here = { spaceId, side, [field]: old }
      count += await db.tx((tx) => change(tx, 'connections', here, { [field]: sealed }))
    }
  const space = await one(db.read, 'spaces', { spaceId })
  if (space && !crypt.isCurrent(space.hookKeySealed)) {
    const { hookKeySealed: old } = space
    const hookKeySealed = await sealHookKey(deps, spaceId, await openHookKey(deps, space))
    count += await db.tx((tx) =>
      change(tx, 'spaces', { spaceId, hookKeySealed: old }, { hookKeySealed }),
    )
  }
  return count
}
