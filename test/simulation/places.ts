// The stage: two spaces with their sites, plans, rooms and doors, in one installation of the add-on.
import { asId, type SpaceId } from '../../src/core/ids.ts'
import type { createWorld } from '../support/world.ts'
import type { PlanModel, SpaceModel } from './truth.ts'

type Base = Awaited<ReturnType<typeof createWorld>>

export const buildSpaces = async (
  base: Base,
  zones: { zone: string; siteZone: string }[],
): Promise<SpaceModel[]> => {
  const { cobot, salto } = base
  const [home, other] = zones
  if (!home || !other) throw new Error('two spaces, please')
  const harbour = furnish(base, 0, {
    subdomain: 'harbour-hub',
    spaceId: base.spaceId,
    siteId: base.siteId,
    ownerEmail: 'kai@keys.example',
    hookKey: base.hookKey,
    ...home,
  })

  const email = 'lou@keys.example'
  const { spaceId, ownerId } = await base.addSpace('mill-loft')
  const space = cobot.space('mill-loft')
  if (space) space.timeZone = other.zone
  const password = 'open sesame'
  const ownerOfSite = salto.addUserProfile({ email, password, firstName: 'Lou', lastName: 'Keys' })
  const siteId = salto.addSite({
    name: 'Mill Loft',
    timeZone: other.siteZone,
    seats: 40,
    ownerId: ownerOfSite,
  })
  const hookKey = await base.install('mill-loft', spaceId, ownerId, siteId, email)
  const mill = furnish(base, 1, {
    subdomain: 'mill-loft',
    spaceId,
    siteId,
    ownerEmail: email,
    hookKey,
    ...other,
  })
  return [harbour, mill]
}

const furnish = (
  { cobot, salto }: Base,
  index: number,
  given: Pick<
    SpaceModel,
    'subdomain' | 'spaceId' | 'siteId' | 'ownerEmail' | 'hookKey' | 'zone' | 'siteZone'
  >,
): SpaceModel => {
  const { subdomain, siteId } = given
  const lock = (name: string) => salto.addLock(siteId, { name })
  const [front, side, cold, attic] = ['Front', 'Side', 'Cold', 'Attic'].map(lock) as [
    string,
    string,
    string,
    string,
  ]
  const plan = (name: string, lockIds: string[], groupName: string | null): PlanModel => {
    if (groupName) salto.addAccessGroup(siteId, { name: groupName, lockIds, schedule: 'always' })
    return { planId: cobot.addPlan(subdomain, { name }), name: groupName ?? name, lockIds }
  }
  const plans = [
    plan('Day Desk', [front], 'Day Desk'),
    plan('Night Owl', [front, side], 'Night Owl'),
    // Nobody made a group for it: ours opens nothing until somebody chooses locks.
    plan('Postbox', [], null),
  ]
  const room = (name: string) => cobot.addResource(subdomain, { name })
  const [coldRoom, atticRoom, sofa] = [room('Cold Room'), room('Attic'), room('Sofa')]
  const guest = salto.addSiteUser(siteId, { firstName: 'Gus', lastName: 'Guest' })
  const cleaners = { name: 'Cleaners', lockIds: [front, attic], schedule: 'always' as const }
  salto.addAccessGroup(siteId, { ...cleaners, saltoUserIds: [guest.saltoUserId] })
  return {
    index,
    ...given,
    plans,
    resources: [coldRoom, atticRoom, sofa],
    doors: new Map([
      [coldRoom, { lockIds: [cold], minutesBefore: 0, minutesAfter: 0 }],
      [atticRoom, { lockIds: [attic, side], minutesBefore: 10, minutesAfter: 5 }],
    ]),
    persons: new Set(),
    everConnected: new Set(),
    lockedOut: new Set(),
    touched: new Set(),
    endAnnouncedOn: new Map(),
    disturbedAtMs: 0,
    hinderedAtMs: 0,
    calmAtMs: 0,
    lostAtMs: 0,
  }
}

export const doorRows = (doors: SpaceModel['doors']) =>
  [...doors].map(([resourceId, door]) => ({
    ...door,
    resourceId: asId<never>(resourceId),
    enabled: true,
    lockIds: door.lockIds.map((id) => asId<never>(id)),
  }))

export const idOf = ({ spaceId }: SpaceModel) => asId<SpaceId>(spaceId)
