// A person's places in plan groups: what the memberships give now, against what KS shows. New doors
// are opened before old ones are closed.
import { desiredPlaces, isActive, latest, type PlanInterval } from '../core/entitlements.ts'
import { Refused, Rejected, RetryLater } from '../core/errors.ts'
import { provePlace } from '../core/fence.ts'
import { evidenceOf } from '../core/guard.ts'
import type { AccessGroupId } from '../core/ids.ts'
import { findPlan, groupsBy, mappedGroups, otherPlans } from '../core/mappings.ts'
import type { SiteUser } from '../core/model.ts'
import { priority } from '../core/problems.ts'
import { makeBeforeBreakMs, mayLeave, nextPlaceSteps, type PlaceStep } from '../core/steps.ts'
import { leftSince } from '../db/audit.ts'
import { getSnapshot, listSnapshot } from '../db/snapshots.ts'
import { change, list, put, type Row, take } from '../db/store.ts'
import { isNotYetThere } from '../salto/assumed.ts'
import { differs, type Person, storePairing } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

/** For this long after a user was made, KS may say that there is none. */
const notYetThereMs = 2 * 60_000

type Place = Pick<Row<'groupPlaces'>, 'spaceId' | 'siteId' | 'pairingId' | 'accessGroupId'>
const untouched = { unwantedSince: null }

/** What a person's places are, and what there is to do about them. */
export type Places = Awaited<ReturnType<typeof readPlaces>>

export const readPlaces = async (look: Look, person: Person, siteUser: SiteUser) => {
  const { spaceId, siteId, pairingId } = person.pairing
  const now = look.now()
  const listed = await look.ks.listGroupsOfSiteUser(siteId, siteUser.siteUserId)
  const observed = new Set(listed.map((group) => group.accessGroupId))
  await adopt(look, person, observed)
  const { groupsOf, isMissing, isWaiting } = await planGroupsOf(look, person)
  const desired = desiredPlaces(person.intervals, groupsOf, now)
  const applied = await list(look.read, 'groupPlaces', { spaceId, pairingId })
  const plans = await list(look.read, 'planGroups', { spaceId, siteId })
  const mapped = new Set(plans.flatMap(mappedGroups))
  const settling = new Date(now.getTime() - look.deps.config.settleMs)
  const left = await leftSince(look.read, person.pairing, settling)
  const steps = nextPlaceSteps({ desired, observed, left, applied, mapped, now })
  const rules = { timeZone: look.space.timeZone, ...look.space.settings }
  const evidence = new Map(
    applied.map(({ accessGroupId, basis, joinedAt }) => [
      accessGroupId,
      evidenceOf({ basis, storedAt: joinedAt }, person.memberships, rules, now),
    ]),
  )
  // Of a group that KS does not list nothing is concluded; the plan's own look says what is wrong.
  const known = steps.filter((step) => step.kind === 'keep' || !isMissing(step.accessGroupId))
  return { observed, applied, evidence, groupsOf, isWaiting, steps: known }
}

export const reconcilePlaces = async (
  look: Look,
  person: Person,
  siteUser: SiteUser,
  places: Places,
  steps: readonly PlaceStep[],
): Promise<void> => {
  const { spaceId, siteId, pairingId } = person.pairing
  const { observed, groupsOf, isWaiting } = places
  const now = look.now()
  // A group that is still being made is a new place that could not be taken yet.
  let joinFailed = isWaiting
  for (const step of steps) {
    const place: Place = { spaceId, siteId, pairingId, accessGroupId: step.accessGroupId }
    const store = (set: Partial<Row<'groupPlaces'>>) =>
      look.tx((tx) => change(tx, 'groupPlaces', place, set))
    switch (step.kind) {
      case 'keep': {
        const { origin, basis } = step
        const kept = { ...place, ...untouched, origin, basis, joinedAt: now }
        await look.tx((tx) => put(tx, 'groupPlaces', kept))
        break
      }
      case 'join':
        if (!(await look.attempt(() => join(look, person, siteUser, place, step.basis))))
          joinFailed = true
        break
      case 'leave': {
        const dated = endOfPlace(person.intervals, groupsOf, step.accessGroupId, now)
        const unwantedSince = dated ?? step.unwantedSince
        if (mayLeave({ joinFailed, unwantedSince, now })) {
          const { accessGroupId } = step
          const was = places.applied.find((each) => each.accessGroupId === accessGroupId)
          look.because(`${places.evidence.get(accessGroupId)}, was ${was?.basis || 'linked'}`)
          await look.attempt(() => leavePlace(look, siteUser, place, observed))
          break
        }
        look.lookAgainAt(new Date(unwantedSince.getTime() + makeBeforeBreakMs))
        await store({ unwantedSince })
        break
      }
      case 'forget': {
        // A read may be older than our own write: what was just taken may only not show yet.
        const was = places.applied.find((each) => each.accessGroupId === step.accessGroupId)
        const since = was?.joinedAt ?? was?.unwantedSince ?? now
        const settledAt = new Date(since.getTime() + look.deps.config.settleMs)
        if (settledAt <= now) {
          await look.tx((tx) => take(tx, 'groupPlaces', place))
          break
        }
        await store({ unwantedSince: was?.unwantedSince ?? now })
        look.lookAgainAt(settledAt)
        break
      }
      case 'missing':
      case 'extra': {
        const { accessGroupId } = step
        const group = await getSnapshot(look.read, spaceId, 'accessGroup', accessGroupId)
        const there = person.hasEnded ? 'still' : 'in'
        const change = step.kind === 'missing' ? 'out' : there
        differs(look, person, `place:${accessGroupId}`, change, { group: group?.name ?? '' })
      }
    }
  }
}

/** A linked user's places in mapped groups are the membership's to decide from now on (R1). */
const adopt = async (look: Look, person: Person, observed: ReadonlySet<AccessGroupId>) => {
  const { spaceId, siteId, pairingId, origin, madeAt } = person.pairing
  if (origin !== 'adopted' || madeAt) return
  const mapped = await list(look.read, 'planGroups', { spaceId, siteId })
  await look.tx(async (tx) => {
    for (const accessGroupId of new Set(mapped.flatMap(mappedGroups))) {
      if (!observed.has(accessGroupId)) continue
      const place = { spaceId, siteId, pairingId, accessGroupId, ...untouched }
      await put(tx, 'groupPlaces', { ...place, origin, basis: '', joinedAt: look.now() })
    }
  })
  await storePairing(look, person, { madeAt: look.now() })
}

/** From a plan to its groups; a plan nobody has looked at yet is asked for when it is needed (D5). */
const planGroupsOf = async (look: Look, { site, intervals }: Person) => {
  const { read, spaceId } = look
  const rows = await list(read, 'planGroups', { spaceId, siteId: site.siteId })
  const plans = await listSnapshot(read, spaceId, 'plan')
  let isWaiting = false
  for (const interval of intervals.filter((each) => isActive(each, look.now()))) {
    const planId = findPlan(interval, plans)
    const row = rows.find((each) => each.planId === planId)
    if (planId === otherPlans || (row && (row.chosen || row.state !== 'making'))) continue
    isWaiting = true
    look.ask('reconcilePlan', planId, priority.soon)
  }
  const missing = rows.filter(({ state }) => state === 'missing').flatMap(mappedGroups)
  const there = (await listSnapshot(read, spaceId, 'accessGroup')).map((each) => each.accessGroupId)
  const isMissing = (id: AccessGroupId) => missing.includes(id) && !there.includes(id)
  return { groupsOf: groupsBy(rows, plans), isMissing, isWaiting }
}

/** When the last entitlement to this group ended; null when that is not a matter of dates. */
const endOfPlace = (
  intervals: readonly PlanInterval[],
  groupsOf: (interval: PlanInterval) => AccessGroupId[],
  accessGroupId: AccessGroupId,
  now: Date,
): Date | null =>
  latest(
    intervals
      .filter(({ endsAt }) => endsAt && endsAt <= now)
      .filter((interval) => groupsOf(interval).includes(accessGroupId))
      .map(({ endsAt }) => endsAt),
  )

const join = async (
  look: Look,
  { pairing }: Person,
  { saltoUserId }: SiteUser,
  place: Place,
  basis: string,
): Promise<void> => {
  const { siteId, accessGroupId } = place
  const intent = { ...place, ...untouched, origin: 'made', basis, joinedAt: null } as const
  await look.tx((tx) => put(tx, 'groupPlaces', intent))
  look.because(`entitled ${basis}`)
  try {
    await look.ksWrite.joinAccessGroup({ siteId, accessGroupId, saltoUserId })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const sinceMs = look.now().getTime() - (pairing.madeAt?.getTime() ?? 0)
    if (isNotYetThere(error) && sinceMs < notYetThereMs)
      throw new RetryLater('SALTO does not know the new user everywhere yet', 5000)
    if (await look.ks.getAccessGroup(siteId, accessGroupId)) throw error
    const plans = (await list(look.read, 'planGroups', { siteId })).filter((row) =>
      mappedGroups(row).includes(accessGroupId),
    )
    for (const { planId } of plans) look.ask('reconcilePlan', planId)
    const params = { plan: '', group: plans[0]?.name ?? '', state: 'missing' }
    throw new Rejected('P04', params, `access group ${accessGroupId} is gone`)
  }
  await look.tx((tx) => change(tx, 'groupPlaces', place, { joinedAt: look.now() }))
}

/** Takes a person out of a group, if the ledger and a fresh read agree that we may (R2). */
export const leavePlace = async (
  look: Look,
  siteUser: SiteUser,
  place: Place,
  observed: ReadonlySet<AccessGroupId>,
): Promise<void> => {
  const { spaceId, siteId, pairingId, accessGroupId } = place
  const proof = provePlace({ siteId, ledger: place, siteUser, observed })
  if (!proof) return
  const key = { spaceId, siteId, pairingId, accessGroupId }
  // Intention first: should the answer get lost, that they are out is nobody else's doing.
  const intent = { unwantedSince: look.now() }
  await look.tx((tx) => change(tx, 'groupPlaces', { ...key, ...untouched }, intent))
  await look.ksWrite.leaveAccessGroup(proof)
  await look.tx((tx) => take(tx, 'groupPlaces', key))
}
