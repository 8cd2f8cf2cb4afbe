import { eq } from 'drizzle-orm'
import type { SpaceId } from '../core/ids.ts'
import type { WebhookSubscription } from '../core/model.ts'
import type { Tx } from './open.ts'

export type WebhookSubscriptionRow = Tx['t']['webhookSubscriptions']['$inferSelect']

/** Stores the state of our subscriptions at Cobot as a complete list showed it. */
export const saveWebhookSubscriptions = async (
  { q, t }: Tx,
  spaceId: SpaceId,
  subscriptions: readonly WebhookSubscription[],
  checkedAt: Date,
): Promise<void> => {
  await q.delete(t.webhookSubscriptions).where(eq(t.webhookSubscriptions.spaceId, spaceId))
  const byEvent = new Map(subscriptions.map((each) => [each.event, each]))
  for (const { event, subscriptionId, active } of byEvent.values())
    await q
      .insert(t.webhookSubscriptions)
      .values({ spaceId, event, subscriptionId, active, checkedAt })
}

export const listWebhookSubscriptions = (
  { q, t }: Tx,
  spaceId: SpaceId,
): Promise<WebhookSubscriptionRow[]> =>
  q.select().from(t.webhookSubscriptions).where(eq(t.webhookSubscriptions.spaceId, spaceId))
