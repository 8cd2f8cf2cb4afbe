// What happens while a process may die. Steps in which it died are done again by whoever did them:
// the admin clicks once more, the worker goes on. The three about the guard are to follow here.
import manifest from '../../manifest.json' with { type: 'json' }
import { asId, type MembershipId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import type { SecretKeys } from '../../src/db/crypt.ts'
import { activateSite, leaveSite } from '../../src/db/sites.ts'
import { getActiveSite } from '../../src/db/spaces.ts'
import { createWorld, type World } from '../support/world.ts'
import { type Camera, cameraFor, type Image } from './image.ts'
import { differencesOfAccess } from './shape.ts'
import { enter, hub, minute, type Stage } from './stage.ts'

/** Nothing is installed · both sides are connected and nobody has looked yet · days later. */
export type Beginning = 'bare' | 'installed' | 'running'
type Step = (stage: Stage, cast: Cast) => unknown
export type Scenario = {
  beginning?: Beginning
  /** The keys of the process, where they are not the first ones. */
  keys?: SecretKeys
  /** Happens before, in fine weather. */
  before?: Step[]
  steps: Step[]
  /** Nobody comes back before then; what is to be done then, and what has to be the same. */
  late?: { at: string; steps: Step[]; differences: typeof differencesOfAccess }
}

export type Cast = Awaited<ReturnType<typeof prepare>>['cast']

export const midnight = '2026-11-24T23:00:00Z'
const tomorrow = (time: string) => `2026-11-25T${time}:00Z`
const key = (kid: string, byte: number) => ({ kid, key: new Uint8Array(32).fill(byte) })

/** The world of all scenarios: three members, two plans, a room, a site and one to move to. */
export const prepare = async () => {
  const world = await createWorld({ startAt: '2026-11-24T21:00:00Z' })
  const { cobot, salto, siteId, quayRoom } = world
  const camera = cameraFor(world)
  const harbour = asId<never>(
    salto.addSite({
      name: 'Harbour Shed',
      timeZone: 'Europe/Berlin',
      seats: 40,
      ownerId: world.ksOwner,
    }),
  )
  const shedLock = salto.addLock(harbour, { name: 'Shed' })
  const backDoor = salto.addLock(siteId, { name: 'Back door' })
  const login = cobot.addUser({ email: 'mia@members.example', name: 'Mia Member' })
  const scopes = [...manifest.cobot.installScopes, ...manifest.cobot.frameScopes]
  cobot.approve(world.ownerId, 'cobot-client', scopes)
  const mia = world.addMember('Mia Member', { userId: login, email: 'mia@members.example' })
  const noah = world.addMember('Noah North', { planId: world.flex })
  const zoe = world.addMember('Zoe Zander')
  const standing = world.book(mia, tomorrow('10:00'), tomorrow('12:00'))
  const images = { installed: camera.take() } as Record<Beginning, Image>

  for (const { id } of cobot.subscriptions(hub)) cobot.removeSubscription(id)
  camera.writeDatabase(null)
  images.bare = camera.take()

  camera.putBack(images.installed, 1)
  const stage = enter(world)
  await stage.run()
  await mapRoom(stage, [world.quayLock])
  for (const each of [mia, noah]) await stage.connect(each)
  await stage.run()
  await stage.withPairing(mia, (tx, by, pairingId) =>
    clicks.giveTag(tx, by, pairingId, tag(world, 0)),
  )
  await stage.run(10 * minute)
  images.running = camera.take()
  const cast = { mia, noah, zoe, login, standing, harbour, shedLock, backDoor, quayRoom }
  return { world, camera, images, cast }
}

const tag = ({ tagIds }: World, index: number) => ({
  tagId: asId<never>(tagIds[index] ?? ''),
  number: `0230000${index + 1}`,
})

const mapRoom = (
  { click, world }: Stage,
  lockIds: string[],
  over: { enabled?: boolean; minutesBefore?: number; siteId?: World['siteId'] } = {},
) =>
  click((tx, by) =>
    clicks.saveDoors(tx, by, over.siteId ?? world.siteId, [
      {
        resourceId: asId(world.quayRoom),
        enabled: true,
        minutesBefore: 0,
        minutesAfter: 0,
        lockIds: lockIds.map((id) => asId<never>(id)),
        ...over,
      },
    ]),
  )

const work: Step = ({ run }) => run()
const workLonger: Step = ({ run }) => run(3 * minute)
const pastMidnight: Step = ({ sleepUntil }) => sleepUntil('2026-11-24T23:00:20Z')
const nearExpiry: Step = ({ sleepUntil }) => sleepUntil('2026-11-24T22:02:00Z')
/** The admin reads the problems page and does what it says. */
const reconnectIfAsked: Step = async ({ problem, reconnectSalto }) => {
  if (await problem('P01')) await reconnectSalto()
}
/** In time a permission is renewed; who dies between SALTO's answer and storing it has lost it. */
const expiry = [workLonger, nearExpiry, workLonger, reconnectIfAsked, work]
const nextDay = [workLonger, pastMidnight, workLonger, reconnectIfAsked, work]
/** Somebody new in Cobot, who is then known by their name. */
const joins =
  (name: string, over: Parameters<World['addMember']>[1] = {}): Step =>
  ({ world }) =>
    world.addMember(name, over)
const member = ({ cobot }: Stage, name: string): MembershipId =>
  asId<MembershipId>(cobot.memberships(hub).find((each) => each.name === name)?.id ?? '')
/** Pressed again by whoever does not see that it has begun. */
const disconnects =
  (mode: 'remove' | 'leave'): Step =>
  ({ click, world }) =>
    click(async (tx, by) => {
      const site = await getActiveSite(tx, world.spaceId)
      if (site) await leaveSite(tx, by, site, { mode, whole: true })
    })
const connects =
  (name: string): Step =>
  (stage) =>
    stage.connect(member(stage, name))

const dayPass: Step[] = [
  joins('Dora Day', { startsAt: '2026-11-24', canceledTo: '2026-11-25' }),
  work,
  connects('Dora Day'),
  work,
  ...nextDay,
]

/** The copy of the database that `backup` brings back. */
let copy: Buffer | null = null

/** What happens to people. */
export const ofPeople = (): Record<string, Scenario> => ({
  'new member': { steps: [joins('Ada Acker'), work, connects('Ada Acker'), work] },
  'plan change': {
    steps: [({ cobot, world }, { mia }) => cobot.changePlan(hub, mia, world.flex), work],
  },
  'cancel now': { steps: [({ cobot }, { mia }) => cobot.deleteMembership(hub, mia), work] },
  'cancel later': {
    steps: [
      ({ cobot }, { mia }) => cobot.cancelMembership(hub, mia, '2026-11-25'),
      work,
      ...nextDay,
    ],
  },
  reactivate: {
    before: [
      ({ cobot }, { mia }) => cobot.cancelMembership(hub, mia, '2026-11-25'),
      work,
      ...nextDay,
    ],
    steps: [({ cobot }, { mia }) => cobot.uncancelMembership(hub, mia), work],
  },
  'day pass': { steps: dayPass },
  'day pass, and back only on the day after': {
    steps: dayPass,
    late: {
      at: '2026-11-25T09:00:00Z',
      steps: [workLonger, reconnectIfAsked, work],
      differences: differencesOfAccess,
    },
  },
  'e-mail and name change': {
    steps: [
      ({ cobot }, { login }) => cobot.changeUserEmail(login, 'mia.new@members.example'),
      ({ cobot }, { noah }) => cobot.updateMembership(hub, noah, { name: 'Noah Nord' }),
      // Cobot tells nobody of an e-mail address; a comparison finds it.
      ({ lookAgain }) => lookAgain(),
      work,
    ],
  },
  'seat limit': {
    before: [({ salto, siteId }) => salto.setSite(siteId, { seats: 3 })],
    steps: [
      joins('Ada Acker'),
      work,
      connects('Ada Acker'),
      work,
      ({ salto, siteId }) => salto.setSite(siteId, { seats: 4 }),
      ({ lookAgain }) => lookAgain(),
      work,
    ],
  },
  disconnect: {
    steps: [
      ({ withPairing }, { mia }) =>
        withPairing(mia, (tx, by, pairingId) => clicks.disconnectMember(tx, by, pairingId)),
      work,
    ],
  },
  'linked, and disconnected': {
    before: [
      ({ salto, siteId }) => salto.addSiteUser(siteId, { firstName: 'Leo', lastName: 'Linked' }),
      joins('Leo Linked'),
      work,
      connects('Leo Linked'),
      work,
    ],
    steps: [
      (stage) =>
        stage.withPairing(member(stage, 'Leo Linked'), (tx, by, pairingId) => {
          const leo = stage.salto.users(stage.siteId).find(({ firstName }) => firstName === 'Leo')
          return clicks.linkCandidate(tx, by, pairingId, leo?.siteUserId ?? '')
        }),
      work,
      (stage) =>
        stage.withPairing(member(stage, 'Leo Linked'), (tx, by, pairingId) =>
          clicks.disconnectMember(tx, by, pairingId),
        ),
      work,
    ],
  },
  // Of erasing, this is what there is: who was made for somebody goes 30 days after the end.
  erase: {
    before: [
      ({ cobot }, { mia }) => cobot.deleteMembership(hub, mia),
      work,
      ...['2026-12-05', '2026-12-15', '2026-12-24'].flatMap((day): Step[] => [
        ({ sleepUntil }) => sleepUntil(`${day}T12:00:00Z`),
        work,
      ]),
    ],
    steps: [
      ({ sleepUntil }) => sleepUntil('2026-12-24T22:00:00Z'),
      workLonger,
      reconnectIfAsked,
      work,
    ],
  },
  'restore of what a hand changed': {
    before: [
      ({ salto, siteId, world }) => {
        const [mia] = salto.users(siteId).filter(({ alias }) => alias?.startsWith('Mia'))
        salto.removeFromGroup(siteId, world.fullTimeGroup, mia?.saltoUserId ?? '')
      },
      ({ lookAgain }) => lookAgain(),
      workLonger,
    ],
    steps: [
      async ({ click, problem }) => {
        const found = await problem('P10')
        if (found) await click((tx, by) => clicks.restore(tx, by, found.subject))
      },
      work,
    ],
  },
  'tag given, changed, lost': {
    steps: [
      ({ withPairing, world }, { mia }) =>
        withPairing(mia, (tx, by, pairingId) => clicks.giveTag(tx, by, pairingId, tag(world, 1))),
      work,
      ({ click, world }) => click((tx, by) => clicks.setTag(tx, by, tag(world, 1).tagId, 'lost')),
      work,
    ],
  },
  'lock out and let in': {
    steps: [true, false].flatMap((out): Step[] => [
      ({ withPairing }, { noah }) =>
        withPairing(noah, (tx, by, pairingId) => clicks.lockOut(tx, by, pairingId, out)),
      work,
    ]),
  },
})

/** What happens to spaces, rooms and bookings. */
export const ofSpaces = (camera: Camera): Record<string, Scenario> => ({
  install: { beginning: 'bare', steps: [({ install }) => install(), work, workLonger] },
  'first sync': {
    beginning: 'installed',
    steps: [
      work,
      (stage) => mapRoom(stage, [stage.world.quayLock]),
      ({ connect }, { mia }) => connect(mia),
      ({ connect }, { noah }) => connect(noah),
      work,
    ],
  },
  'booking new': {
    steps: [({ world }, { noah }) => world.book(noah, tomorrow('14:00'), tomorrow('15:00')), work],
  },
  'booking moved': {
    steps: [
      ({ cobot }, { standing }) =>
        cobot.updateBooking(standing, { from: tomorrow('16:00'), to: tomorrow('18:00') }),
      work,
    ],
  },
  'booking shortened': {
    steps: [
      ({ cobot }, { standing }) => cobot.updateBooking(standing, { to: tomorrow('11:00') }),
      work,
    ],
  },
  'booking deleted': { steps: [({ cobot }, { standing }) => cobot.deleteBooking(standing), work] },
  'a group renamed by hand, and its booking deleted': {
    before: [
      ({ salto, siteId }) => {
        const group = salto.groups(siteId).find(({ name }) => /^Cobot \d+$/.test(name))
        salto.renameAccessGroup(siteId, group?.id ?? '', 'Quay Nights')
      },
    ],
    steps: [({ cobot }, { standing }) => cobot.deleteBooking(standing), work],
  },
  'booking handed over': {
    steps: [
      ({ cobot }, { standing, noah }) => cobot.updateBooking(standing, { membershipId: noah }),
      work,
    ],
  },
  'bookings back to back': {
    steps: [
      ({ world }, { mia }) => world.book(mia, tomorrow('12:00'), tomorrow('13:00')),
      ({ world }, { noah }) => world.book(noah, tomorrow('13:00'), tomorrow('14:00')),
      work,
    ],
  },
  'mapping add': {
    steps: [
      (stage, { backDoor }) =>
        mapRoom(stage, [stage.world.quayLock, backDoor], { minutesBefore: 10 }),
      work,
    ],
  },
  'mapping remove': {
    steps: [(stage) => mapRoom(stage, [stage.world.quayLock], { enabled: false }), work],
  },
  'site change': {
    steps: [
      async ({ click, deps, world }, { harbour }) => {
        const { saltoOf } = await import('../../src/connections/salto.ts')
        const info = await saltoOf(deps, world.spaceId).getSite(harbour)
        if (!info) throw new Error('no such site')
        const at = { ...info, timeZone: info.timeZone ?? 'UTC' }
        await click(async (tx, by) => {
          await activateSite(tx, world.spaceId, at, by.now)
          await clicks.lookAgain(tx, by, null)
        })
      },
      work,
      (stage, { shedLock, harbour }) => mapRoom(stage, [shedLock], { siteId: harbour }),
      ({ connect }, { mia }) => connect(mia),
      workLonger,
    ],
  },
  'disconnect site': { steps: [disconnects('remove'), workLonger] },
  'disconnect and leave': { steps: [disconnects('leave'), workLonger] },
  refresh: { steps: expiry },
  reconnect: {
    before: [
      ({ salto }) => salto.revokeAllTokens(),
      ({ cobot, world }, { mia }) => cobot.changePlan(hub, mia, world.flex),
      workLonger,
    ],
    steps: [({ reconnectSalto }) => reconnectSalto(), work],
  },
  'key rotation': { keys: [key('k2', 8), key('k1', 7)], steps: expiry },
  'restore of a copy': {
    before: [
      () => {
        copy = camera.readDatabase()
      },
      ({ cobot, world }, { mia }) => cobot.changePlan(hub, mia, world.flex),
      ({ cobot }, { standing }) => cobot.deleteBooking(standing),
      ({ world }, { noah }) => world.book(noah, tomorrow('14:00'), tomorrow('15:00')),
      ({ connect }, { zoe }) => connect(zoe),
      workLonger,
      () => camera.writeDatabase(copy),
    ],
    steps: [
      ({ start }) => start(),
      work,
      ({ connect }, { zoe }) => connect(zoe),
      work,
      ({ lookAgain }) => lookAgain(),
      work,
    ],
  },
})
