// What is ours at Cobot goes, and both sides are told that their permission is not needed any more.
import { createCobotOAuth } from '../cobot/oauth.ts'
import { ReconnectNeeded, Refused } from '../core/errors.ts'
import type { SpaceId } from '../core/ids.ts'
import type { SpaceRow } from '../db/spaces.ts'
import { list } from '../db/store.ts'
import { createSaltoOAuth } from '../salto/oauth.ts'
import { cobotOf, sealContext } from './cobot.ts'
import type { Deps } from './deps.ts'
import { deleteWebhooks } from './hooks.ts'

/** Deletes our webhooks and our link; false when Cobot does not let us. */
export const clearCobot = async (deps: Deps, space: SpaceRow): Promise<boolean> => {
  try {
    const cobot = await cobotOf(deps, space.spaceId, { probe: true, setup: true })
    await deleteWebhooks(deps, space, cobot)
    const links = await cobot.listNavigationLinks()
    const ours = links.filter(({ iframeUrl }) => iframeUrl.startsWith(`${deps.config.publicUrl}/`))
    for (const { url } of ours) await cobot.deleteNavigationLink(url)
    return true
  } catch (error) {
    if (error instanceof ReconnectNeeded || error instanceof Refused) return false
    throw error
  }
}

/** Tokens that are dead already count as revoked. */
export const revokePermissions = async (deps: Deps, spaceId: SpaceId): Promise<void> => {
  const { db, crypt, config, ports } = deps
  for (const { side, accessSealed, refreshSealed } of await list(db.read, 'connections', {
    spaceId,
  }))
    if (side === 'cobot') {
      const token = await crypt.open(accessSealed, sealContext('cobot', 'access', spaceId))
      await createCobotOAuth(config.cobot, ports).revokeToken(token)
    } else if (refreshSealed) {
      const token = await crypt.open(refreshSealed, sealContext('salto', 'refresh', spaceId))
      await createSaltoOAuth(config.salto, ports).revoke(token)
    }
}
