// Reads one membership from Cobot, or all of them when many wait. Whether it is gone is concluded
// here only: 404 on itself, and absent from a complete list of a space that answers.
import { asId, type MembershipId } from '../core/ids.ts'
import { one, type Row } from '../db/store.ts'
import { countDue } from '../db/work.ts'
import type { Look, TaskHandler } from './run.ts'
import { takeInMemberships, takeOutMembership } from './take-in.ts'

/** From this many on, one list is cheaper than each on its own (R13). */
const manyDue = 10
/** A list this old still proves that somebody is missing from it. */
const absenceHoldsMs = 60_000

export const readMembership: TaskHandler = async (look) => {
  const { read, spaceId, work } = look
  const membershipId = asId<MembershipId>(work.subject)
  const known = () => one(read, 'memberships', { spaceId, membershipId })
  const readAlready = await known()
  if (readAlready && readAlready.readAt > work.askedAt) return
  const startedAt = look.now()
  const isProvenAbsent = (row: Row<'memberships'> | null, at: Date) =>
    at.getTime() - (row?.absentAt?.getTime() ?? 0) <= absenceHoldsMs
  const isListed = isProvenAbsent(readAlready, startedAt)
  if (!isListed && (await countDue(read, spaceId, 'readMembership', startedAt)) > manyDue) {
    await readAllMemberships(look)
    const listed = await known()
    if (listed && listed.readAt >= startedAt) return
  }
  const cobot = await look.cobot()
  const readAt = look.now()
  const membership = await cobot.getMembership(membershipId)
  if (membership) {
    await takeInMemberships(look, [membership], { readAt, complete: false })
    return
  }
  const before = await known()
  if (!before || before.goneAt) return
  if (!isProvenAbsent(before, readAt)) await readAllMemberships(look)
  // The proof holds only if it is our own space that answers.
  await cobot.checkSpace()
  if ((await known())?.absentAt) await takeOutMembership(look, membershipId)
}

/** One complete list. Returns those who are missing from it. */
export const readAllMemberships = async (look: Look): Promise<MembershipId[]> => {
  const cobot = await look.cobot()
  const readAt = look.now()
  return takeInMemberships(look, await cobot.listMemberships(), { readAt, complete: true })
}
