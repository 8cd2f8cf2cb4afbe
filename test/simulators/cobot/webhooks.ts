// Deliveries: pointers sent to callback addresses, tried again with growing pauses.
import type { Ports } from '../../../src/core/ports.ts'
import type { Space, State } from './state.ts'

export type Delivery = {
  event: string
  subscriptionId: string
  callbackUrl: string
  body: { url: string; [object: string]: unknown }
  /** `lost` by a fault; `dropped` because the subscription ended before it was sent. */
  status: 'pending' | 'accepted' | 'failed' | 'lost' | 'dropped'
  attempts: number
  dueAt: Date
}

export type WebhookFaults = { lose?: number; duplicate?: number; shuffle?: boolean }

const minute = 60_000
/** The pauses before the ten retries. */
export const retryAfterMs = [1, 5, 15, 30, 60, 120, 240, 480, 840, 1200].map((m) => m * minute)
const timeoutMs = 30_000

export const createWebhooks = ({ state, ports }: { state: State; ports: Ports }) => {
  const { clock, random } = ports
  const deliveries: Delivery[] = []
  /** Those waiting for their time. */
  const open = new Set<Delivery>()
  const underWay = new Set<Promise<void>>()
  let mode: 'auto' | 'manual' = 'auto'
  let faults: WebhookFaults = {}

  const emit = (space: Space, event: string, body: Delivery['body']) => {
    for (const subscription of state.subscriptions.values()) {
      if (subscription.spaceId !== space.id || subscription.event !== event) continue
      if (!subscription.active) continue
      const delivery: Delivery = {
        event,
        subscriptionId: subscription.id,
        callbackUrl: subscription.callbackUrl,
        // A copy: what happens later must not change what was said now.
        body: JSON.parse(JSON.stringify(body)),
        status: 'pending',
        attempts: 0,
        dueAt: clock.now(),
      }
      deliveries.push(delivery)
      open.add(delivery)
    }
    if (mode === 'auto') sendSoon()
  }

  const sendSoon = () => {
    const run: Promise<void> = Promise.resolve()
      .then(async () => {
        await Promise.all(takeDue().map(send))
      })
      .finally(() => underWay.delete(run))
    underWay.add(run)
  }

  const takeDue = () => {
    const due = [...open].filter(({ dueAt }) => dueAt <= clock.now())
    for (const delivery of due) open.delete(delivery)
    if (faults.shuffle) shuffle(due, () => random.fraction())
    return due
  }

  const send = async (delivery: Delivery) => {
    const isFirst = delivery.attempts === 0
    if (isFirst && random.fraction() < (faults.lose ?? 0)) {
      delivery.status = 'lost'
    } else {
      await attempt(delivery)
      if (isFirst && random.fraction() < (faults.duplicate ?? 0)) await post(delivery)
    }
    if (delivery.status === 'pending') open.add(delivery)
  }

  const attempt = async (delivery: Delivery) => {
    const subscription = state.subscriptions.get(delivery.subscriptionId)
    if (!subscription?.active) {
      delivery.status = 'dropped'
      return
    }
    note(delivery, subscription, await post(delivery))
  }

  const note = (delivery: Delivery, subscription: { active: boolean }, status: number) => {
    delivery.attempts += 1
    if (status >= 200 && status < 300) {
      delivery.status = 'accepted'
      return
    }
    const pause = retryAfterMs[delivery.attempts - 1]
    if (status === 410 || pause === undefined) {
      delivery.status = 'failed'
      subscription.active = false
      return
    }
    delivery.dueAt = new Date(clock.now().getTime() + pause)
    if (mode === 'auto') clock.after(pause, sendSoon)
  }

  /** The answer's status; 0 when there was none. Redirects are answers like any other. */
  const post = async (delivery: Delivery): Promise<number> => {
    const giveUp = new AbortController()
    const callOff = clock.after(timeoutMs, () => giveUp.abort())
    try {
      const response = await ports.fetch(
        new Request(delivery.callbackUrl, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(delivery.body),
          redirect: 'manual',
          signal: giveUp.signal,
        }),
      )
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    } finally {
      callOff()
    }
  }

  /** Sends what is due now, one after the other, and waits for what is already on its way. */
  const deliverAll = async () => {
    for (let due = takeDue(); due.length > 0 || underWay.size > 0; due = takeDue()) {
      for (const delivery of due) await send(delivery)
      await Promise.all(underWay)
    }
  }

  /** Whoever was being called when everything stopped did not answer. */
  const resume = () => {
    for (const delivery of deliveries) {
      const subscription = state.subscriptions.get(delivery.subscriptionId)
      if (delivery.status !== 'pending' || open.has(delivery) || !subscription) continue
      note(delivery, subscription, 0)
      open.add(delivery)
    }
  }

  return {
    kept: { deliveries, open },
    resume,
    emit,
    deliverAll,
    deliveries: () => deliveries,
    setDelivery: (setting: { mode: 'auto' | 'manual' }) => {
      mode = setting.mode
      if (mode === 'manual') return
      sendSoon()
      const now = clock.now().getTime()
      for (const { dueAt } of open) {
        if (dueAt.getTime() > now) clock.after(dueAt.getTime() - now, sendSoon)
      }
    },
    setWebhookFaults: (wanted: WebhookFaults) => {
      faults = wanted
    },
  }
}

export type Webhooks = ReturnType<typeof createWebhooks>

const shuffle = <T>(things: T[], fraction: () => number) => {
  for (let i = things.length - 1; i > 0; i--) {
    const j = Math.floor(fraction() * (i + 1))
    const [a, b] = [things[i] as T, things[j] as T]
    things[i] = b
    things[j] = a
  }
}
