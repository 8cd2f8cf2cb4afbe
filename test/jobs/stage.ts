// The world of a test of rules, and short ways to look at it. Whatever a test does, one pass more
// makes no writes.
import { afterEach, expect } from 'vitest'
import { asId, type PairingId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { list } from '../../src/db/store.ts'
import { createWorld, type World } from '../support/world.ts'

export const hub = 'harbour-hub'
export const minute = 60_000
export const hour = 60 * minute

export const stage = () => {
  let world: World

  afterEach(async () => {
    world.salto.clearFaults()
    world.cobot.clearFaults()
    const writes = world.salto.writes()
    await world.advance(20 * minute, 5 * minute)
    expect(world.salto.writes(), 'one pass more makes no writes').toBe(writes)
    await world.close()
  })

  const user = (name: string) => {
    const found = world.salto
      .users(world.siteId)
      .filter(({ alias }) => alias?.startsWith(`${name} ·`))
    expect(found.length).toBeLessThan(2)
    return found[0]
  }
  const group = (name: string) => world.salto.groupByName(world.siteId, name)

  return {
    start: async (options: Parameters<typeof createWorld>[0] = {}) => {
      world = await createWorld(options)
      await world.settle()
      await world.mapRoom()
      return world
    },
    /** The user that we made for somebody. */
    user,
    group,
    isIn: (name: string, groupName: string) =>
      group(groupName)?.users.includes(user(name)?.saltoUserId ?? '?') ?? false,
    connected: async (name: string, over: Parameters<World['addMember']>[1] = {}) => {
      const membershipId = world.addMember(name, over)
      await world.settle()
      return { membershipId, pairingId: await world.connect(membershipId) }
    },
    giveTag: async (pairingId: PairingId, index = 0) => {
      const tag = { tagId: asId<never>(world.tagIds[index] ?? ''), number: `0230000${index + 1}` }
      const holder = await world.act((tx) => clicks.giveTag(tx, world.click(), pairingId, tag))
      await world.settle()
      return holder
    },
    /** Runs what is due now, once; for times in which something fails over and over. */
    run: async () => {
      await world.cobot.deliverAll()
      await world.worker.drain()
    },
    /** Moves on in even steps, running what is due at each. */
    pass: async (until: string, stepMs: number) => {
      const end = new Date(until).getTime()
      for (let left = 1; left > 0; ) {
        left = end - world.clock.now().getTime()
        await world.clock.advance(Math.min(left, stepMs))
        world.cobot.tick()
        await world.cobot.deliverAll()
        await world.worker.drain()
      }
    },
    lookAt: async (source: string | null) => {
      await world.act((tx) => clicks.lookAgain(tx, world.click(), source))
      await world.settle()
    },
    rows: <N extends Parameters<typeof list>[1]>(name: N) =>
      list(world.db.read, name, { spaceId: world.spaceId } as never),
  }
}
