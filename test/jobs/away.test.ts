// A side that does not answer: it is said after a minute, not asked in vain, and forgotten with the
// first answer (P15, I11).
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { hub, minute, stage } from './stage.ts'

const { start, user, connected, pass } = stage()
const later = (world: Awaited<ReturnType<typeof start>>, ms: number) =>
  new Date(world.clock.now().getTime() + ms).toISOString()

test.each([
  ['cobot', 'answers 500', { status: 500 }],
  ['cobot', 'asks for a long pause', { status: 429, headers: { 'Retry-After': '600' } }],
  ['cobot', 'loses its answers', { loseAnswer: true }],
  ['salto', 'answers 500', { status: 500 }],
  ['salto', 'answers 503', { status: 503 }],
] as const)(
  '%s is away (%s): said within two minutes, gone within one after',
  async (side, _, fault) => {
    const world = await start()
    const { membershipId } = await connected('Mia Member')
    await world.advance(2 * minute)
    world[side].addFault(fault)
    world.cobot.updateMembership(hub, membershipId, { name: 'Mia Married' })
    if (side === 'salto') world.cobot.updateMembership(hub, membershipId, { name: 'Mia Moved' })
    await pass(later(world, 50_000), 5_000)
    expect(await world.problems()).not.toContain(`P15 ${side}`)
    await pass(later(world, 75_000), 5_000)
    expect(await world.problems()).toContain(`P15 ${side}`)
    await pass(later(world, 15 * minute), 15_000)
    expect(await world.problems()).toContain(`P15 ${side}`)
    world[side].clearFaults()
    await pass(later(world, 'headers' in fault ? 11 * minute : minute + 15_000), 15_000)
    expect((await world.problems()).filter((each) => each.startsWith('P15'))).toEqual([])
    await world.advance(6 * minute)
    expect(user(side === 'salto' ? 'Mia Moved' : 'Mia Married')).toBeDefined()
  },
)

test('a single failure is nobody’s problem', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  world.cobot.addFault({ status: 502, times: 1 })
  world.cobot.updateMembership(hub, membershipId, { name: 'Mia Married' })
  await pass(later(world, 3 * minute), 5_000)
  expect((await world.problems()).filter((each) => each.startsWith('P15'))).toEqual([])
  expect(user('Mia Married')).toBeDefined()
})

test('an answer that nobody can use is said as well, and takes nothing away', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  world.cobot.addFault({ path: 'memberships', status: 200, body: [{ id: 'x' }] })
  world.cobot.updateMembership(hub, membershipId, { name: 'Mia Married' })
  await pass(later(world, 4 * minute), 5_000)
  expect(await world.problems()).toContain(`P15 ${membershipId}`)
  expect(user('Mia Member')).toBeDefined()
  world.cobot.clearFaults()
  await world.advance(11 * minute)
  expect((await world.problems()).filter((each) => each.startsWith('P15'))).toEqual([])
})

test.each([500, 503])(
  'while SALTO answers %i it is not asked over and over, but a lock-out tries',
  async (status) => {
    const world = await start()
    const all = []
    for (let n = 0; n < 12; n++) all.push(await connected(`Member Nr${n}`))
    await world.advance(2 * minute)
    world.salto.addFault({ path: '^/connect/', status })
    for (const { pairingId } of all)
      await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePairing:${pairingId}`))
    await pass(later(world, minute), 5_000)
    const from = world.salto.journal.length
    await pass(later(world, 4 * minute), 5_000)
    // One probe in every minute at most.
    expect(world.salto.journal.length - from).toBeLessThanOrEqual(5)
    const before = world.salto.journal.length
    const { pairingId } = all[3] ?? { pairingId: asId<never>('') }
    await world.act((tx) => clicks.lockOut(tx, world.click(), pairingId, true))
    await world.worker.drain()
    expect(world.salto.journal.length).toBeGreaterThan(before)
    world.salto.clearFaults()
    await world.advance(7 * minute)
    expect(user('Member Nr3')?.blocked).toBe(true)
  },
)

test('a list of SALTO’s that asks for one pause after another is asked for ever less often', async () => {
  const world = await start()
  const { pairingId } = await connected('Mia Member')
  await world.advance(2 * minute)
  const path = '/access_groups\\?'
  world.salto.addFault({ path, status: 503, headers: { 'Retry-After': '10' } })
  await world.act((tx) => clicks.lookAgain(tx, world.click(), null))
  await pass(later(world, 10 * minute), 5_000)
  await world.act((tx) => clicks.lookAgain(tx, world.click(), `reconcilePairing:${pairingId}`))
  const from = world.salto.journal.length
  await pass(later(world, 60 * minute), 5_000)
  const asked = world.salto.journal.slice(from).filter((each) => /access_groups\?/.test(each.path))
  // Each of two looks would ask 360 times.
  expect(asked.length).toBeLessThanOrEqual(120)
  world.salto.clearFaults()
  await world.advance(6 * minute)
  expect((await world.problems()).filter((each) => each.startsWith('P15'))).toEqual([])
})

const married = async (
  world: Awaited<ReturnType<typeof start>>,
  fault: Parameters<typeof world.salto.addFault>[0] = { status: 500 },
) => {
  const ids: string[] = []
  for (let n = 0; n < 12; n++) ids.push((await connected(`Member Nr${n}`)).membershipId)
  await world.advance(2 * minute)
  world.salto.addFault(fault)
  // The permission that we have is good for less than that.
  if (fault.path) await pass(later(world, 70 * minute), 15_000)
  for (const [n, id] of ids.entries())
    world.cobot.updateMembership(hub, id, { name: `Married Nr${n}` })
  await pass(later(world, 5 * minute), 5_000)
  return ids.map((_, n) => `Married Nr${n}`)
}

test.each([
  ['a side', { status: 500 }],
  ['whoever gives out its permissions', { path: '/identity/', status: 503 }],
])(
  'of those who wait for %s one tries it again, and all go on with its first answer',
  async (_, fault) => {
    const world = await start()
    const names = await married(world, fault)
    let looks = 0
    for (let second = 0; second < 600; second++) {
      await world.clock.advance(1000)
      looks += await world.worker.drain()
    }
    // A try a minute, of the sweep that says so as well; the others look for themselves now and then.
    expect(looks).toBeLessThan(6 * names.length)
    world.salto.clearFaults()
    await pass(later(world, 75_000), 1_000)
    for (const name of names) expect(user(name)).toBeDefined()
  },
)

test('they go on as well when another process finds that it is back', async () => {
  const world = await start()
  const names = await married(world)
  world.salto.clearFaults()
  const { deps } = world
  const other = createWorker({ ...deps, ports: { ...deps.ports } }, handlers)
  for (let second = 0; second < 75; second++) {
    await world.clock.advance(1000)
    await other.drain()
  }
  for (const name of names) expect(user(name)).toBeDefined()
})
