// Somebody says that the space has uninstalled us. Only Cobot's own answers to our own token count,
// and two of them: then all work stops, and what is in KS stays, since nobody asked to remove it (F2).
import { ReconnectNeeded, Refused } from '../core/errors.ts'
import { leaveSite } from '../db/sites.ts'
import { getActiveSite } from '../db/spaces.ts'
import { change } from '../db/store.ts'
import type { TaskHandler } from './run.ts'

const secondTryMs = 60_000

export const checkInstalled: TaskHandler = async (look) => {
  const { deps, spaceId } = look
  try {
    await (await look.cobot()).checkSpace()
    return
  } catch (error) {
    // 402: the space is suspended, and may come back.
    const isGone =
      error instanceof ReconnectNeeded || (error instanceof Refused && error.status !== 402)
    if (!isGone) throw error
  }
  const isOver = await look.tx(async (tx) => {
    const ok = { spaceId, side: 'cobot', state: 'ok' } as const
    if (await change(tx, 'connections', ok, { state: 'refused' })) {
      look.lookAgainAt(new Date(look.now().getTime() + secondTryMs))
      return false
    }
    const site = await getActiveSite(tx, spaceId)
    const click = { spaceId, by: 'uninstalled', now: look.now() }
    await leaveSite(tx, click, site, { mode: 'leave', whole: true, notes: ['uninstalled'] })
    return true
  })
  if (isOver) deps.log.info({ spaceId }, 'the space was uninstalled at Cobot')
}
