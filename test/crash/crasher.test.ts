// One subject whose look always fails, or takes the whole process with it, does not stop the others.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PairingId } from '../../src/core/ids.ts'
import { priority } from '../../src/core/problems.ts'
import { one } from '../../src/db/store.ts'
import { ask, clearLeases } from '../../src/db/work.ts'
import { askEverything } from '../../src/jobs/start.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let noah: PairingId
beforeEach(async () => {
  world = await createWorld()
  await world.settle()
  const mia = world.addMember('Mia Member')
  const other = world.addMember('Noah North')
  await world.settle()
  await world.connect(mia)
  noah = await world.connect(other)
  world.cobot.changePlan('harbour-hub', mia, world.flex)
})
afterEach(() => world.close())

const rowOfNoah = () =>
  one(world.db.read, 'work', { spaceId: world.spaceId, task: 'reconcilePairing', subject: noah })
const inFlex = () => world.salto.groupByName(world.siteId, 'Flex 8')?.users.length ?? 0
/** Before everybody else. */
const askForNoah = () =>
  world.act((tx) => {
    const { clock, spaceId } = world
    const how = { runAt: clock.now(), cause: 'test', priority: priority.emergency }
    return ask(tx, [{ spaceId, task: 'reconcilePairing', subject: noah, ...how }], clock.now())
  })

/** One process; over when it has worked for a while or when the look at Noah is all it takes. */
const live = async (poison: (die: () => void) => Promise<void>): Promise<'died' | 'lived'> => {
  const { deps, clock, cobot } = world
  let isDead = false
  const died = Promise.withResolvers<'died'>()
  const die = () => {
    isDead = true
    died.resolve('died')
  }
  const dyingClock = {
    now: clock.now,
    after: (ms: number, then: () => void) => clock.after(ms, () => isDead || then()),
  }
  const worker = createWorker(
    { ...deps, ports: { ...deps.ports, clock: dyingClock } },
    {
      ...handlers,
      reconcilePairing: (look) =>
        look.work.subject === noah ? poison(die) : handlers.reconcilePairing(look),
    },
  )
  await world.act(async (tx) => {
    await clearLeases(tx)
    await askEverything(tx, clock.now())
  })
  const work = async () => {
    for (let round = 0; round < 60 && !isDead; round++) {
      await cobot.deliverAll()
      await worker.drain()
      await clock.advance(1000)
    }
    return 'lived' as const
  }
  return Promise.race([died.promise, work()])
}

test('a look that always throws is tried again and again, and the others go on', async () => {
  await askForNoah()
  await live(() => Promise.reject(new Error('a planted bug')))
  expect(inFlex()).toBe(1)
  expect((await rowOfNoah())?.attempts).toBeGreaterThan(3)
})

test('T31 a look that kills every process that takes it waits longer each time, and the others go on', async () => {
  await askForNoah()
  let deaths = 0
  // So many that the waits outgrow Cobot's budget, which every start takes from anew.
  for (let lives = 0; lives < 10; lives++) {
    const end = await live((die) => {
      die()
      return new Promise(() => {})
    })
    if (end === 'died') deaths += 1
  }
  expect(inFlex()).toBe(1)
  expect(deaths).toBeGreaterThan(3)
  expect((await rowOfNoah())?.attempts).toBeGreaterThan(2)
})
