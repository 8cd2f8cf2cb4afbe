import type { Task } from '../core/problems.ts'
import { checkInstalled } from './check-installed.ts'
import { disconnectSite } from './disconnect-site.ts'
import { readBooking } from './read-booking.ts'
import { readMembership } from './read-membership.ts'
import { reconcileBooking } from './reconcile-booking.ts'
import { reconcilePairing } from './reconcile-pairing.ts'
import { reconcilePlan } from './reconcile-plan.ts'
import type { TaskHandler } from './run.ts'
import { sweepCobot } from './sweep-cobot.ts'
import { sweepKs } from './sweep-ks.ts'
import { tellAdmins } from './tell-admins.ts'
import { tidyUp } from './tidy-up.ts'

export const handlers: Record<Task, TaskHandler> = {
  readMembership,
  readBooking,
  sweepCobot,
  sweepKs,
  reconcilePlan,
  reconcilePairing,
  reconcileBooking,
  disconnectSite,
  checkInstalled,
  tellAdmins,
  tidyUp,
}
