// A coworking space and its doors, so that there is something to try. Everybody is invented.
import type { CobotSimulator } from '../simulators/cobot/simulator.ts'
import type { SaltoSimulator } from '../simulators/salto/simulator.ts'

export const subdomain = 'harbour-hub'
export const ksLogin = { email: 'kai.keys@harbour.example', password: 'open sesame' }

const members: [name: string, plan: string, email?: string | null][] = [
  ['Mia Member', 'Full Time'],
  ['Tom Turner', 'Full Time'],
  ['Ilse Bakker', 'Full Time'],
  ['Noor el Amrani', 'Full Time'],
  ['Jonas Weiß', 'Part Time'],
  ['Priya Raman', 'Part Time'],
  ['Luca Ferri', 'Part Time'],
  ['Ana Sousa', 'Night Owl'],
  ['Chidi Okafor', 'Night Owl'],
  ['Olga Petrova', 'Flex 8'],
  ['Sam Rivers', 'Flex 8', null],
  ['Yuki Tanaka', 'Flex 8'],
]
const resources = ['Quay Room', 'Lighthouse', 'Phone Booth', 'Workshop', 'Roof Terrace']
const locks = [
  'Front door',
  'Side door',
  'Quay Room',
  'Lighthouse',
  'Phone Booth',
  'Workshop',
  'Storage',
  'Bike cellar',
]

const day = (now: Date, days: number) =>
  new Date(now.getTime() + days * 24 * 3600_000).toISOString().slice(0, 10)

export const seed = (cobot: CobotSimulator, salto: SaltoSimulator, now: Date) => {
  const today = day(now, 0)
  const ownerId = cobot.addUser({ email: 'mara@harbour.example', name: 'Mara Harbour' })
  const otherId = cobot.addUser({ email: 'tom.turner@members.example', name: 'Tom Turner' })
  cobot.addSpace({
    subdomain,
    name: 'Harbour Hub',
    timeZone: 'Europe/Amsterdam',
    locale: 'en-GB',
    hourFormat: 24,
    ownerId,
  })
  const planIds = new Map(
    ['Full Time', 'Part Time', 'Night Owl', 'Flex 8'].map((name) => [
      name,
      cobot.addPlan(subdomain, { name }),
    ]),
  )
  const membershipIds = members.map(([name, plan, email], index) =>
    cobot.addMembership(subdomain, {
      name,
      email: email === null ? null : `${name.toLowerCase().split(' ')[0]}@members.example`,
      planId: planIds.get(plan) ?? null,
      startsAt: day(now, -40 - index),
      ...(name === 'Tom Turner' ? { userId: otherId } : {}),
      ...(name === 'Yuki Tanaka' ? { canceledTo: day(now, 30) } : {}),
      ...(name === 'Luca Ferri' || name === 'Priya Raman' ? { teamId: 'team-ferri-raman' } : {}),
    }),
  )
  const resourceIds = resources.map((name) => cobot.addResource(subdomain, { name }))
  const book = (resource: number, member: number, days: number, hour: number) =>
    cobot.addBooking(subdomain, {
      resourceId: resourceIds[resource] ?? '',
      membershipId: membershipIds[member] ?? null,
      from: `${day(now, days)}T${String(hour).padStart(2, '0')}:00:00Z`,
      to: `${day(now, days)}T${String(hour + 2).padStart(2, '0')}:00:00Z`,
    })
  book(0, 0, 0, 9)
  book(0, 4, 0, 14)
  book(1, 1, 0, 10)
  book(2, 9, 1, 9)
  book(0, 2, 1, 13)
  book(3, 5, 1, 15)

  const owner = { firstName: 'Kai', lastName: 'Keys' }
  const ksOwner = salto.addUserProfile({ ...ksLogin, ...owner })
  const siteId = salto.addSite({
    name: 'Harbour Loft',
    timeZone: 'Europe/Amsterdam',
    seats: 40,
    ownerId: ksOwner,
    pinEnabled: true,
  })
  salto.addSite({
    name: 'Old Warehouse',
    timeZone: 'America/New_York',
    seats: 10,
    ownerId: ksOwner,
    subscriptionValid: false,
  })
  const lockIds = locks.map((name) =>
    salto.addLock(siteId, { name, type: name === 'Quay Room' ? 'wall_reader_pin' : 'wall_reader' }),
  )
  for (let number = 1; number <= 15; number++)
    salto.addTag(siteId, { number: `0230${String(number).padStart(4, '0')}` })
  const group = (
    name: string,
    opens: number[],
    schedule: NonNullable<Parameters<typeof salto.addAccessGroup>[1]['schedule']>,
  ) => salto.addAccessGroup(siteId, { name, lockIds: opens.map((i) => lockIds[i] ?? ''), schedule })
  group('Full Time', [0, 1, 7], 'always')
  group('Part Time', [0], {
    monday: true,
    tuesday: true,
    wednesday: true,
    thursday: true,
    friday: true,
    saturday: false,
    sunday: false,
    start_time: '08:00:00',
    end_time: '18:00:59',
  })
  group('Night Owl', [0, 1], 'always')
  salto.addSiteUser(siteId, {
    firstName: 'Ilse',
    lastName: 'Bakker',
    email: 'ilse@members.example',
    roleCodes: ['site_user'],
  })
  return { today, ownerId, otherId, siteId, membershipIds, resourceIds, lockIds, planIds }
}
