// What is ours at a site that is being left: each subject's own look sees to it, and says what came of
// it (R17).
import type { SiteId } from '../core/ids.ts'
import { priority } from '../core/problems.ts'
import { one } from '../db/store.ts'
import type { Outcome, WhyLeft } from '../db/tables.ts'
import type { Look } from './run.ts'

/** What came of a subject. */
export type Came = { outcome: Outcome; why?: WhyLeft }

/** It stays if an admin wished so; else it is taken out. */
export const leaveOrTakeOut = async (
  { read, spaceId }: Look,
  siteId: SiteId,
  takeOut: () => Promise<Came>,
): Promise<Came> =>
  (await one(read, 'receipts', { spaceId, siteId, endedAt: null, mode: 'leave' }))
    ? { outcome: 'left', why: 'asked' }
    : takeOut()

const nextStepMs = 5000

/** Something was seen to: what comes after it is soon asked for. */
export const askNextStep = (look: Look): void =>
  look.ask('disconnectSite', 'space', priority.removal, nextStepMs)
