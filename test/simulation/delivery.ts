// The way of a webhook from Cobot to one of our processes: it takes time, comes twice, late, or never.
import type { Fate } from './happenings.ts'
import type { Replica } from './replicas.ts'
import { chanceOf, type Scheduler } from './scheduler.ts'
import type { SpaceModel } from './truth.ts'

const minute = 60_000

export const createDelivery = (given: {
  seed: number
  scheduler: Scheduler
  /** How late a late one comes at most. */
  longestMs: number
  faults(): Fate['hooks']
  /** The processes that could hear one now. */
  living(): readonly Replica[]
  spaceOf(path: string): SpaceModel | undefined
  fire(fault: string): void
  lose(space: SpaceModel | undefined): void
  onAnswer(path: string, response: Response): void
  onAccepted(space: SpaceModel, subject: string, event: string): void
}) => {
  const { scheduler, living, fire, lose } = given
  const hookChance = chanceOf(given.seed, 'webhooks')
  const deliver = (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const space = given.spaceOf(pathname)
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const send = (body: string, afterMs: number, isFirst: boolean) =>
      scheduler.at(scheduler.nowMs() + afterMs, async () => {
        const replica = living().at(hookChance.whole(0, Math.max(0, living().length - 1)))
        if (!replica) {
          lose(space)
          if (isFirst) reject(new Error('nobody listens'))
          return
        }
        const again = new Request(request.url, {
          method: 'POST',
          body,
          headers: { 'Content-Type': 'application/json' },
        })
        const response = await replica.app.fetch(again)
        given.onAnswer(pathname, response)
        if (response.status < 300 && space) note(space, pathname, body)
        else lose(space)
        if (isFirst) scheduler.at(scheduler.nowMs() + 20, () => resolve(response))
      })
    void request.text().then((body) => {
      const quickMs = hookChance.between(20, 900)
      if (hookChance.is(given.faults().lose)) {
        fire('F32')
        lose(space)
        scheduler.at(scheduler.nowMs() + quickMs, () =>
          resolve(new Response(null, { status: 204 })),
        )
        return
      }
      if (hookChance.is(given.faults().late)) {
        // Most are late by little: as many by seconds as by minutes, as by hours.
        const lateMs = 5000 * (given.longestMs / 5000) ** hookChance.fraction()
        fire(lateMs < minute ? 'F31' : 'F33')
        lose(space)
        scheduler.at(scheduler.nowMs() + quickMs, () =>
          resolve(new Response(null, { status: 204 })),
        )
        send(body, lateMs, false)
        return
      }
      send(body, quickMs, true)
      if (!hookChance.is(given.faults().double)) return
      fire('F30')
      for (let n = hookChance.whole(1, 19); n > 0; n--)
        send(body, hookChance.between(0, 5 * minute), false)
    })
    return promise
  }
  const note = (space: SpaceModel, path: string, body: string) => {
    const { url = '' } = JSON.parse(body) as { url?: string }
    const [, kind, id] = /\/(memberships|bookings)\/([\w-]+)$/.exec(url) ?? []
    if (kind) given.onAccepted(space, `${kind} ${id}`, path.split('/').at(-1) ?? '')
  }

  return deliver
}
