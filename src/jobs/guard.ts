// Where the guard stands: between what a look would take or give, and doing it (R9).
import { isActive } from '../core/entitlements.ts'
import { RetryLater } from '../core/errors.ts'
import { type Change, type Evidence, guardWindowMs, isDatedGrant } from '../core/guard.ts'
import { mappedGroups } from '../core/mappings.ts'
import type { SiteUser } from '../core/model.ts'
import type { PlaceStep } from '../core/steps.ts'
import { isOpenSoon, partsOf, passGuard, strike } from '../db/guard.ts'
import { list, type Row } from '../db/store.ts'
import { countDue } from '../db/work.ts'
import type { Places } from './pairing-places.ts'
import type { Person } from './reconcile-pairing.ts'
import type { Look } from './run.ts'

/** How long a removal waits for others of its wave to be read. */
const hearingMs = 30_000

const isUndated = (evidence: Evidence): evidence is Change['evidence'] =>
  evidence === 'direct' || evidence === 'inferred'

/** The steps that may be taken now. Held: what neither a date nor an admin explains waits. */
export const guardPairing = async (
  look: Look,
  person: Person,
  siteUser: SiteUser,
  { evidence, groupsOf, steps }: Places,
): Promise<{ steps: PlaceStep[]; isHeld: boolean }> => {
  const { spaceId } = look
  const { memberships, intervals, pairing } = person
  const now = look.now()
  const undated = steps.flatMap(({ kind, accessGroupId }) => {
    const of = (kind === 'leave' && evidence.get(accessGroupId)) || 'admin'
    return isUndated(of) ? [{ accessGroupId, evidence: of }] : []
  })
  // Without a place there is only the seat to lose; an end by date leaves its interval behind.
  const isUnseated =
    siteUser.seat === 'subscribed' && intervals.length === 0 && memberships.some((m) => m.goneAt)
  const loss: Change = {
    subject: person.subject,
    evidence: undated.some((each) => each.evidence === 'inferred') ? 'inferred' : 'direct',
    accessGroupIds: undated.map(({ accessGroupId }) => accessGroupId),
  }
  const losses = undated.length > 0 || isUnseated ? [loss] : []

  const groups = await list(look.read, 'planGroups', { spaceId, siteId: pairing.siteId })
  const madeMs = pairing.madeAt?.getTime() ?? 0
  const isFresh = now.getTime() - madeMs < guardWindowMs
  const isExplained = ({ accessGroupId }: PlaceStep): boolean =>
    (isFresh && !pairing.bySetting) ||
    groups.some((row) => mappedGroups(row).includes(accessGroupId) && row.opensNothing) ||
    intervals.some(
      (interval) =>
        isActive(interval, now) &&
        groupsOf(interval).includes(accessGroupId) &&
        isDatedGrant(interval.startsAt, pairing.madeAt, now),
    )
  const gains = steps
    .filter((step) => step.kind === 'join' && !isExplained(step))
    .map(({ accessGroupId }) => ({
      subject: `grant:${pairing.pairingId}:${accessGroupId}`,
      evidence: 'inferred' as const,
      accessGroupIds: [accessGroupId],
    }))
  if (await pass(look, pairing.pairingId, [...gains, ...losses])) return { steps, isHeld: false }
  const heldGroups = new Set([...gains, loss].flatMap(({ accessGroupIds }) => accessGroupIds))
  const isFree = ({ kind, accessGroupId }: PlaceStep) =>
    (kind !== 'leave' && kind !== 'join') || !heldGroups.has(accessGroupId)
  return { steps: steps.filter(isFree), isHeld: true }
}

/** May this booking's person lose it? `evidence` is null when nobody does. */
export const guardBooking = async (
  look: Look,
  row: Row<'bookingGroups'>,
  evidence: Evidence | null,
): Promise<boolean> => {
  const counts = evidence && isUndated(evidence) && isOpenSoon(row, look.now())
  const subject = `booking:${row.bookingId}`
  return pass(look, row.bookingId, counts ? [{ subject, evidence, accessGroupIds: [] }] : [])
}

/**
 * Whoever is about to lose something waits a moment while others are still being read: so the guard
 * sees a wave that comes as many single events before the first of them is carried out.
 */
const hearTheOthers = async ({ read, spaceId, now }: Look, announcedAt: Date): Promise<void> => {
  if (now().getTime() - announcedAt.getTime() > hearingMs) return
  const soon = new Date(now().getTime() + 15_000)
  if ((await countDue(read, spaceId, 'readMembership', soon)) > 0)
    throw new RetryLater('others are being read', 2000)
}

/** All or nothing; what this subject no longer asks for comes off the list. */
const pass = async (look: Look, id: string, changes: readonly Change[]): Promise<boolean> => {
  const { spaceId } = look
  const isTheirs = ({ subject }: Row<'guard'>) => {
    const { pairingId, bookingId } = partsOf(subject)
    return (pairingId ?? bookingId) === id
  }
  const waiting = await list(look.read, 'guard', { spaceId, state: ['announced', 'held'] })
  const asked = new Set(changes.map(({ subject }) => subject))
  const over = waiting.filter(isTheirs).filter(({ subject }) => !asked.has(subject))
  if (over.length + changes.length === 0) return true
  const announced = waiting.find((row) => isTheirs(row) && asked.has(row.subject))
  if (announced?.state === 'announced') await hearTheOthers(look, announced.at)
  return look.tx(async (tx) => {
    const struck = over.map(({ subject }) => subject)
    if (struck.length > 0) await strike(tx, spaceId, struck, look.now())
    return passGuard(tx, spaceId, changes, look.now())
  })
}
