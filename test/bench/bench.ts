// What converging costs, in units of one small transaction on the same machine in the same run; what
// long pages cost the processor; and how pages feel in Chromium.
import { cpus, loadavg } from 'node:os'
import { put } from '../../src/db/store.ts'
import { executablePath } from '../journey/browser.ts'
import { createWorld } from '../support/world.ts'
import { crowdedHouse, processorMs } from './pages.ts'
import { measureVitals, vitalLimits } from './vitals.ts'

const world = await createWorld()
await world.settle()
await world.mapRoom()
const mia = world.addMember('Mia Member')
await world.settle()
await world.connect(mia)

const time = async (times: number, run: (index: number) => Promise<unknown>) => {
  const startedAt = performance.now()
  for (let index = 0; index < times; index++) await run(index)
  return (performance.now() - startedAt) / times
}

const unit = await time(300, (index) => {
  const row = { key: `bench ${index}`, tokens: 1, filledAt: world.clock.now(), notBefore: null }
  return world.db.tx((tx) => put(tx, 'budgets', row))
})
const booking = await time(30, async (index) => {
  const from = Date.parse('2026-11-25T00:00:00Z') + index * 3600_000
  world.book(mia, new Date(from).toISOString(), new Date(from + 1800_000).toISOString())
  await world.settle()
})
const idle = await time(10, () => world.advance(20 * 60_000, 20 * 60_000))
console.log(`one transaction               1`)
console.log(`a booking, webhook to group   ${(booking / unit).toFixed(0)}`)
console.log(`a sweep of both sides, idle   ${(idle / unit).toFixed(0)}`)
await world.close()

const house = await crowdedHouse()
console.log(`700 people connected, the click ${house.connecting.toFixed(0)} ms of the processor`)
const paths = [
  '/members',
  '/members?filter=nothing',
  '/members?search=number07',
  '/tags',
  '/resources',
  '/resources/room-0007/locks?chosen=lock-0007',
]
for (const path of paths) {
  const times: number[] = []
  let page = ''
  for (let index = 0; index < 40; index++)
    times.push(
      await processorMs(async () => {
        page = await house.get(path)
      }),
    )
  const p95 = times.sort((a, b) => a - b)[37] ?? 0
  const costs = `${p95.toFixed(0)} ms of the processor (p95), ${house.packedKB(page).toFixed(0)} KB`
  console.log(`GET ${path.padEnd(45)} ${costs} ${p95 <= 50 ? '✓' : '✗'} ≤ 50 ms`)
}
await house.close()

if (executablePath) {
  console.log(`\nIn the frame (load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} processors)`)
  const kinds = [
    { name: 'shown', key: 'paint', unit: ' ms', digits: 0 },
    { name: 'shifts', key: 'shifts', unit: '', digits: 3 },
    { name: 'answers', key: 'slowest', unit: ' ms', digits: 0 },
  ] as const
  for (const { page, vitals } of await measureVitals()) {
    const cells = kinds.map(({ name, key, unit, digits }) => {
      const limit = vitalLimits[key]
      const mark = vitals[key] <= limit ? '✓' : '✗'
      return `${name} ${vitals[key].toFixed(digits)}${unit} ${mark} ≤ ${limit}${unit}`.padEnd(28)
    })
    console.log(`${page.padEnd(10)} ${cells.join('')}`)
  }
}
