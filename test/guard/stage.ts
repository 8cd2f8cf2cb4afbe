// A house full of members for the guard's scenarios, and ways to bend what Cobot answers.
import { list, put, type Row, take } from '../../src/db/store.ts'
import { plainCrypt } from '../support/plain-crypt.ts'
import { createWorld, type World } from '../support/world.ts'

export const hub = 'harbour-hub'
export const minute = 60_000
export const hour = 60 * minute

type Json = Record<string, unknown>
export type House = Awaited<ReturnType<typeof createHouse>>

/** `people` connected members on "Full Time", and `bookings` of the room within the next 24 hours. */
export const createHouse = async ({ people = 8, bookings = 1 } = {}) => {
  const crypt = plainCrypt([{ kid: 'k1', key: new Uint8Array(32) }])
  const world = await createWorld({ seats: null, crypt })
  await world.settle()
  await world.mapRoom()
  const names = Array.from({ length: people }, (_, index) => `Member Nr${index + 1}`)
  const ids = names.map((name) => world.addMember(name))
  await world.settle()
  for (const id of ids) await world.connect(id)
  const at = (hours: number) => new Date(world.clock.now().getTime() + hours * hour).toISOString()
  for (let n = 0; n < bookings; n++) world.book(ids[n] ?? null, at(3 + n), at(4 + n))
  await world.advance(20 * minute, 10 * minute)

  const inside = (group = 'Full Time') =>
    world.salto.groupByName(world.siteId, group)?.users.length ?? 0
  return {
    ...world,
    ids,
    at,
    inside,
    isHeld: async () => (await world.problems()).some((each) => each.startsWith('P08')),
  }
}

/** Answers of Cobot whose address matches come back bent, until the returned function is called. */
export const bend = (
  { deps }: Pick<World, 'deps'>,
  path: RegExp,
  change: (body: never, status: number) => unknown,
) => {
  const straight = deps.ports.fetch
  deps.ports.fetch = async (request) => {
    const response = await straight(request)
    const { pathname, search } = new URL(request.url)
    if (request.method !== 'GET' || !path.test(pathname + search)) return response
    const body = response.status === 200 ? await response.json() : null
    const bent = change(body as never, response.status)
    return typeof bent === 'number'
      ? new Response(null, { status: bent })
      : Response.json(bent, { headers: { 'Content-Type': 'application/json' } })
  }
  return () => {
    deps.ports.fetch = straight
  }
}

export const listOfMemberships = /\/api\/memberships\?/
export const oneMembership = /\/api\/memberships\/[^/?]+$/
export const ownSpace = /\/api2\/spaces\/[^/?]+$/

/** The membership as of another plan. */
export const onPlan = (planId: string, name: string) => (membership: Json) => ({
  ...membership,
  plan: { ...(membership.plan as Json), name, parent_plan: { id: planId } },
})

const kept = [
  ...(['memberships', 'bookings', 'pairings', 'groupPlaces', 'bookingGroups'] as const),
  ...(['tagHolders', 'planGroups', 'resourceDoors', 'snapshots', 'guard', 'problems'] as const),
]

/** A copy of what we know of a space, to be put back later. */
export const backUp = async ({ db, spaceId }: World) => {
  const copy = await Promise.all(
    kept.map(async (name) => [name, await list(db.read, name, { spaceId } as never)] as const),
  )
  return () =>
    db.tx(async (tx) => {
      for (const [name, rows] of copy) {
        await take(tx, name, { spaceId } as never)
        for (const row of rows as Row<'guard'>[]) await put(tx, name as 'guard', row)
      }
    })
}

/** Moves on in even steps, running what is due; nothing is expected to come to rest. */
export const pass = async ({ clock, cobot, worker }: World, ms: number): Promise<void> => {
  for (const end = clock.now().getTime() + ms; clock.now().getTime() < end; ) {
    await clock.advance(10_000)
    cobot.tick()
    await cobot.deliverAll()
    await worker.drain()
  }
}

/** Cobot says of these that they are on another plan. */
export const putOnPlan = (
  house: House,
  moved: ReadonlySet<string>,
  planId: string,
  name: string,
) => {
  const on = (body: { id: string }) => (moved.has(body.id) ? onPlan(planId, name)(body) : body)
  bend(house, listOfMemberships, (body: { id: string }[]) => body.map(on))
  bend(house, oneMembership, on)
}
