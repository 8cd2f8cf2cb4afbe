// SALTO's permission is kept alive by the sweep alone, and lasts while it lasts.
import { expect, test } from 'vitest'
import { hour, hub, minute, stage } from './stage.ts'

const { start, user, connected, pass } = stage()
const refreshes = (world: Awaited<ReturnType<typeof start>>) =>
  world.salto.journal.filter(({ path, status }) => /token$/.test(path) && status === 200)

test.each([
  ['an hour', 3600, '2026-11-27', 9],
  ['forty days', 40 * 24 * 3600, '2026-12-11', 13],
])(
  'an idle space whose access tokens last %s is let in after weeks',
  async (_, s, until, times) => {
    const world = await start()
    world.salto.setTokenLifetime(s)
    await world.reconnectSalto()
    const from = refreshes(world).length
    await pass(`${until}T09:00:00Z`, 6 * hour)
    expect(refreshes(world).length - from).toBeGreaterThanOrEqual(times)
    await connected('Mia Member')
    expect(user('Mia Member')).toBeDefined()
    expect((await world.problems()).filter((each) => each.startsWith('P01'))).toEqual([])
  },
)

test('while nobody gives out new permissions the one we have is used to its end', async () => {
  const world = await start()
  const { membershipId } = await connected('Mia Member')
  await pass('2026-11-24T09:55:00Z', minute)
  await world.reconnectSalto()
  await pass('2026-11-24T10:46:00Z', 15 * minute)
  world.salto.addFault({ path: '/identity/', status: 500 })
  for (const name of ['Mia Moved', 'Mia Married']) {
    world.cobot.updateMembership(hub, membershipId, { name })
    await pass(new Date(world.clock.now().getTime() + 30_000).toISOString(), 5_000)
    expect(user(name)).toBeDefined()
  }
  world.salto.clearFaults()
  await world.advance(20 * minute, 5 * minute)
})

test('while nobody gives out new permissions whoever needs one does not ask every second', async () => {
  const world = await start()
  const names = ['Mia Member', 'Noa Noon', 'Olu Ofori', 'Pia Pine']
  const memberships = []
  for (const name of names) memberships.push((await connected(name)).membershipId)
  world.salto.addFault({ path: '/identity/', status: 503 })
  await pass('2026-11-24T12:00:00Z', hour)
  for (const id of memberships) world.cobot.updateMembership(hub, id, { name: `${id} Married` })
  await pass('2026-11-24T12:02:00Z', 1000)
  let looks = 0
  for (let second = 0; second < 60; second++) {
    await world.clock.advance(1000)
    looks += await world.worker.drain()
  }
  expect(looks).toBeLessThan(20 * names.length)
  world.salto.clearFaults()
  await world.advance(2 * minute, 5_000)
  for (const id of memberships) expect(user(`${id} Married`)).toBeDefined()
})
