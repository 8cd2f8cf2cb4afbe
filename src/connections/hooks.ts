// Where Cobot calls us: one address per space and event, with an unguessable key in it.
import manifest from '../../manifest.json' with { type: 'json' }
import type { Cobot } from '../cobot/client.ts'
import type { SpaceId } from '../core/ids.ts'
import { saveSnapshot } from '../db/snapshots.ts'
import type { SpaceRow } from '../db/spaces.ts'
import type { Deps } from './deps.ts'

const context = (spaceId: SpaceId) => `space/hook-key/${spaceId}`

export const sealHookKey = ({ crypt }: Pick<Deps, 'crypt'>, spaceId: SpaceId, key: string) =>
  crypt.seal(key, context(spaceId))

export const openHookKey = ({ crypt }: Pick<Deps, 'crypt'>, space: SpaceRow): Promise<string> =>
  crypt.open(space.hookKeySealed, context(space.spaceId))

const webhookUrl = (publicUrl: string, hookKey: string, event: string): string =>
  publicUrl + manifest.paths.webhooks.replace(':spaceKey', hookKey).replace(':event', event)

/** Subscriptions that are missing or were switched off are made anew; events in order of urgency. */
export const ensureWebhooks = async (deps: Deps, space: SpaceRow, cobot: Cobot): Promise<void> => {
  const readAt = deps.ports.clock.now()
  const hookKey = await openHookKey(deps, space)
  const urlOf = (event: string) => webhookUrl(deps.config.publicUrl, hookKey, event)
  const present = await cobot.listWebhookSubscriptions()
  const ours = present.filter(({ event, callbackUrl }) => callbackUrl === urlOf(event))
  const working = ours.filter((each) => each.active)
  const missing = manifest.cobot.events.filter((e) => !working.some(({ event }) => event === e))
  for (const event of missing) {
    const off = ours.find((each) => each.event === event)
    if (off) await cobot.deleteWebhookSubscription(off.subscriptionId)
    const renewed = await cobot.createWebhookSubscription({ event, callbackUrl: urlOf(event) })
    if (renewed) working.push(renewed)
  }
  await deps.db.tx((tx) =>
    saveSnapshot(tx, space.spaceId, 'webhook', working, { readAt, idOf: ({ event }) => event }),
  )
}

/** Takes our subscriptions back, those of every event. */
export const deleteWebhooks = async (deps: Deps, space: SpaceRow, cobot: Cobot): Promise<void> => {
  const ours = webhookUrl(deps.config.publicUrl, await openHookKey(deps, space), '')
  for (const { subscriptionId, callbackUrl } of await cobot.listWebhookSubscriptions())
    if (callbackUrl.startsWith(ours)) await cobot.deleteWebhookSubscription(subscriptionId)
}
