// Leaves sites: asks for a look at everything of ours there, as long as there is any. When the whole
// space is disconnected, Cobot's side follows: webhooks, link, and the permissions of both sides.
import { clearCobot, revokePermissions } from '../connections/leave.ts'
import { noteSaltoRefusal } from '../connections/salto.ts'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from '../core/errors.ts'
import type { SiteId } from '../core/ids.ts'
import { priority, tasks } from '../core/problems.ts'
import { noteLetIn } from '../db/connections.ts'
import { giveUpSite, listUndone, type Receipt, strikeSite } from '../db/sites.ts'
import { usualSettings } from '../db/spaces.ts'
import { change, list, one, take } from '../db/store.ts'
import type { ReceiptNote } from '../db/tables.ts'
import { keepReceiptDays } from '../db/tidy.ts'
import { ask } from '../db/work.ts'
import type { Look, TaskHandler } from './run.ts'

/** How often to see that nothing was forgotten. */
const againMs = 5 * 60_000
const refusedMs = 15 * 60_000
/** After so many tries a permission that the other side does not take back is only destroyed. */
const revokeTries = 8

export const disconnectSite: TaskHandler = async (look) => {
  const { read, spaceId } = look
  for (const receipt of await list(read, 'receipts', { spaceId, endedAt: null }))
    await look.attempt(() => workSite(look, receipt))
  const whole = await one(read, 'receipts', { spaceId, endedAt: null, whole: true })
  if (whole && !(await one(read, 'sites', { spaceId }))) await sayGoodbye(look, whole)
}

const workSite = async (look: Look, receipt: Receipt): Promise<void> => {
  const { spaceId, siteId, mode, whole } = receipt
  const undone = await listUndone(look.read, { spaceId, siteId })
  if (undone.length > 0 && mode === 'remove' && !(await isLetIn(look, siteId))) {
    if (!whole) {
      look.problem('P01', `site:${siteId}`, { site: receipt.siteName, state: 'left' })
      look.lookAgainAt(new Date(look.now().getTime() + refusedMs))
      return
    }
    await look.tx((tx) => giveUpSite(tx, receipt))
  } else if (undone.length > 0) {
    await askForAll(look, undone)
    return
  }
  await look.tx((tx) => strikeSite(tx, receipt, look.now()))
}

/** Each once: what failed waits for its own next try. Whatever is done asks for the next step. */
const askForAll = async (look: Look, undone: Awaited<ReturnType<typeof listUndone>>) => {
  const now = look.now()
  const rows = await list(look.read, 'work', { spaceId: look.spaceId })
  const waiting = rows.filter(
    ({ leaseToken, runAt, lastError }) => leaseToken || (runAt && (runAt <= now || lastError)),
  )
  const known = new Set(waiting.map(({ task, subject }) => `${task}:${subject}`))
  for (const [task, subject] of undone)
    if (!known.has(`${task}:${subject}`)) look.ask(task, subject, priority.removal)
  look.lookAgainAt(new Date(now.getTime() + againMs))
}

/** Does SALTO let us into this site? One that refused us before may do so again. */
const isLetIn = async (look: Look, siteId: SiteId): Promise<boolean> => {
  const { deps, spaceId } = look
  try {
    if (!(await look.ks.getMe(siteId))) return false
  } catch (error) {
    if (error instanceof ReconnectNeeded) {
      if (await noteSaltoRefusal(deps, spaceId)) throw new RetryLater('a stale permission', 0)
      return false
    }
    if (error instanceof Refused) return false
    throw error
  }
  await look.tx((tx) => noteLetIn(tx, spaceId, 'salto', look.now()))
  return true
}

/** Nothing of ours is at any site. Each step can be done twice, and what was done is noted. */
const sayGoodbye = async (look: Look, receipt: Receipt): Promise<void> => {
  const { deps, spaceId, space, work } = look
  const { siteId } = receipt
  const notes = [...receipt.notes]
  const note = async (what: ReceiptNote) => {
    notes.push(what)
    await look.tx((tx) => change(tx, 'receipts', { spaceId, siteId }, { notes }))
  }
  if (!notes.includes('cobotCleared') && !notes.includes('cobotRefused'))
    await note((await clearCobot(deps, space)) ? 'cobotCleared' : 'cobotRefused')
  if (!notes.includes('revoked') && !notes.includes('notRevoked'))
    await note(
      await revokePermissions(deps, spaceId).then(
        () => 'revoked' as const,
        (error: unknown) => {
          const isAway = error instanceof Unavailable || error instanceof RetryLater
          if (isAway && work.attempts < revokeTries) throw error
          return 'notRevoked' as const
        },
      ),
    )
  await look.tx(async (tx) => {
    const now = look.now()
    // Somebody chose another site meanwhile: it needs its permissions anew, and goes on.
    if (await one(tx, 'sites', { spaceId })) return
    await take(tx, 'connections', { spaceId })
    for (const table of ['planGroups', 'resourceDoors', 'problems', 'guard'] as const)
      await take(tx, table, { spaceId })
    await change(tx, 'receipts', { spaceId, endedAt: null }, { endedAt: now })
    const gone = { state: 'disconnected', settings: usualSettings } as const
    await change(tx, 'spaces', { spaceId }, gone)
    const atRest = { runAt: null, attempts: 0, lastError: null }
    // Who is to be erased still is.
    const task = tasks.filter((each) => each !== 'tidyUp')
    await change(tx, 'work', { spaceId, task, leaseToken: null }, atRest)
    const runAt = new Date(now.getTime() + keepReceiptDays * 24 * 3600_000)
    const tidyUp = { task: 'tidyUp', subject: 'space', priority: priority.cosmetic } as const
    await ask(tx, [{ spaceId, ...tidyUp, runAt, cause: work.cause }], now)
  })
}
