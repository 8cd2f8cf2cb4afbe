// A wave of removals that nobody asked for stops before the first one (R9), and so does a wave of
// grants. Every change of access names its evidence; dates and admins pass, the rest is counted over
// the last hour.
import { type KnownMembership, planIntervals, type SpaceRules } from './entitlements.ts'
import type { AccessGroupId } from './ids.ts'
import { localDate } from './temporal.ts'

/**
 * `dated`: a date stored at least an hour ahead has come. `admin`: somebody clicked. `direct`: Cobot
 * says so of this very subject. `inferred`: nothing of that, as when a mapping is gone.
 */
export type Evidence = 'dated' | 'admin' | 'direct' | 'inferred'

const hourMs = 3600_000
export const guardWindowMs = hourMs
/** What an admin allowed holds for exactly these, for this long. */
export const allowanceMs = 30 * 60_000
const groupOfMany = 5

/** One subject about to lose access, or to gain it. */
export type Change = {
  /** `pairing:ID`, `booking:ID`, or `grant:PAIRING:GROUP`. */
  subject: string
  evidence: 'direct' | 'inferred'
  accessGroupIds: AccessGroupId[]
}

/** What stands now: subjects that could lose something, and who is in which plan group. */
export type Standing = {
  managed: number
  places: readonly { subject: string; accessGroupId: AccessGroupId }[]
}

const isGrant = ({ subject }: Change) => subject.startsWith('grant:')

/** Do these, counted once each, make a wave? */
export const isWave = (changes: readonly Change[], standing: Standing): boolean => {
  const losses = changes.filter((change) => !isGrant(change))
  const count = (evidence: Evidence) => losses.filter((loss) => loss.evidence === evidence).length
  const { managed, places } = standing
  const isMany =
    count('inferred') > Math.max(3, managed * 0.05) || count('direct') > Math.max(20, managed * 0.2)
  const groups = new Set(changes.flatMap(({ accessGroupIds }) => accessGroupIds))
  return (
    isMany ||
    [...groups].some((accessGroupId) => {
      const of = (some: readonly Change[]) =>
        new Set(
          some
            .filter((change) => change.accessGroupIds.includes(accessGroupId))
            .map(({ subject }) => subject),
        )
      const losing = of(losses)
      const gaining = of(changes.filter(isGrant)).size
      const inside = places.filter((place) => place.accessGroupId === accessGroupId)
      const staying = inside.filter(({ subject }) => !losing.has(subject)).length
      const isEmptied = losing.size >= groupOfMany && staying === 0
      return isEmptied || gaining > Math.max(10, (staying + losing.size) * 0.5)
    })
  )
}

const weakest = (all: readonly Evidence[]): Evidence =>
  (['inferred', 'direct', 'dated'] as const).find((each) => all.includes(each)) ?? 'admin'

/**
 * Why somebody loses what rested on `basis` (see `desiredPlaces`), by what we know of the memberships
 * now. `storedAt`: since when the basis stands in our ledger.
 */
export const evidenceOf = (
  { basis, storedAt }: { basis: string; storedAt: Date | null },
  memberships: readonly KnownMembership[],
  rules: SpaceRules,
  now: Date,
): Evidence => {
  const parts = basis ? basis.split(' ').map((part) => part.split('/')) : []
  return weakest(
    parts.map(([membershipId, planId, , endMs]) => {
      const membership = memberships.find((each) => each.membershipId === membershipId)
      if (!membership) return 'inferred'
      const intervals = planIntervals(membership, rules)
      const of = intervals.filter((each) => String(each.planId) === planId)
      // Cobot still gives it: something of ours, or in between, takes it away.
      if (of.some(({ startsAt, endsAt }) => startsAt <= now && (!endsAt || endsAt > now)))
        return 'inferred'
      const stored = endMs ? [new Date(Number(endMs))] : []
      const ends = [...stored, ...of.flatMap(({ endsAt }) => endsAt ?? [])]
      const { endLearnedOn, planEndLearnedOn } = membership
      const isKnown = (end: Date) => {
        const anHourAhead = new Date(end.getTime() - hourMs)
        const day = localDate(anHourAhead, rules.timeZone)
        const learned = [endLearnedOn, planEndLearnedOn].some((on) => on !== null && on < day)
        return learned || (String(end.getTime()) === endMs && storedAt && storedAt <= anHourAhead)
      }
      return ends.some((end) => end <= now && isKnown(end)) ? 'dated' : 'direct'
    }),
  )
}

/** A grant that a date explains: it began lately, and the person was connected before. */
export const isDatedGrant = (startsAt: Date, connectedAt: Date | null, now: Date): boolean =>
  connectedAt !== null &&
  now.getTime() - startsAt.getTime() < 7 * 24 * hourMs &&
  startsAt.getTime() - connectedAt.getTime() >= hourMs
