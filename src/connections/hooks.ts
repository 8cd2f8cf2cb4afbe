// Where Cobot calls us: one address per space and event, with an unguessable key in it.
import manifest from '../../manifest.json' with { type: 'json' }
import type { SpaceId } from '../core/ids.ts'
import type { SpaceRow } from '../db/spaces.ts'
import type { Deps } from './deps.ts'

const context = (spaceId: SpaceId) => `space/hook-key/${spaceId}`

export const sealHookKey = ({ crypt }: Pick<Deps, 'crypt'>, spaceId: SpaceId, key: string) =>
  crypt.seal(key, context(spaceId))

export const openHookKey = ({ crypt }: Pick<Deps, 'crypt'>, space: SpaceRow): Promise<string> =>
  crypt.open(space.hookKeySealed, context(space.spaceId))

export const webhookUrl = (publicUrl: string, hookKey: string, event: string): string =>
  publicUrl + manifest.paths.webhooks.replace(':spaceKey', hookKey).replace(':event', event)
