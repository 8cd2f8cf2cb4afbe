// Ordinary month ends, all different: many leave by date on one day, a series of bookings is deleted,
// others begin at midnight. Nobody is asked anything, and everything happens.
import { setPriority } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { saveResults } from '../report/results.ts'
import { seededRandom } from '../support/clock.ts'
import { createHouse, hour, hub, minute, pass } from './stage.ts'

const { LONG, LONG_UNTIL } = process.env
const isLong = LONG === '1'
const endsAt = isLong ? Number(LONG_UNTIL) : Date.now() + 60_000
const monthEnds = isLong ? 1000 : 2
let falseHolds = 0
let played = 0

const play = async (seed: number) => {
  const { fraction } = seededRandom(seed)
  const dice = (max: number) => Math.floor(fraction() * max)
  const people = 8 + dice(5)
  const house = await createHouse({ people, bookings: 1 })
  const { cobot, ids, quayRoom } = house
  const leaving = ids.filter(() => fraction() < 0.3)
  const changing = ids.filter((id) => !leaving.includes(id) && fraction() < 0.2)
  for (const id of leaving) cobot.cancelMembership(hub, id, '2026-12-01')
  for (const id of changing) cobot.changePlan(hub, id, house.flex, '2026-12-01')
  const starting = Array.from({ length: 1 + dice(isLong ? 30 : 5) }, (_, n) =>
    house.addMember(`Starter Nr${n}`, { startsAt: '2026-12-01' }),
  )
  const series = Array.from({ length: 60 }, (_, n) =>
    cobot.addBooking(hub, {
      resourceId: quayRoom,
      membershipId: ids[dice(people)] ?? null,
      from: house.at(26 + n * 24),
      to: house.at(27 + n * 24),
    }),
  )
  await house.settle()
  for (const id of starting) await house.connect(id)
  await house.advance(2 * hour, hour)
  for (const id of series) cobot.deleteBooking(id)
  await pass(house, 10 * minute)
  const isHeldNow = await house.isHeld()
  await house.advanceTo('2026-11-30T23:10:00Z', 24 * hour)
  played += 1
  if (isHeldNow || (await house.isHeld())) falseHolds += 1
  const left = people - leaving.length - changing.length + starting.length
  expect([house.inside(), house.inside('Flex 8')], `seed ${seed}`).toEqual([left, changing.length])
  expect(house.bookingGroups().length, `seed ${seed}`).toBeLessThanOrEqual(1)
  await house.close()
}

test(
  `${monthEnds} ordinary month ends pass without a question`,
  async () => {
    if (isLong) {
      // Whatever else runs for an hour goes first.
      setPriority(8)
      // Looks that wait are errors whose stack nobody reads.
      Error.stackTraceLimit = 0
    }
    for (let seed = 1; seed <= monthEnds && Date.now() < endsAt; seed++) await play(seed)
    expect(falseHolds).toBe(0)
  },
  70 * 60_000,
)

afterAll(() => saveResults('guard', { monthEnds: played, falseHolds }))
