import { priority } from '../core/problems.ts'
import { listMemberships } from '../db/cobot-snapshot.ts'
import { listProblems } from '../db/problems.ts'
import type { Look } from './run.ts'

/** A seat became free: whoever waits for one is asked, in the order in which they start (R12). */
export const askSuspended = async (look: Look): Promise<void> => {
  const { read } = look.deps.db
  const waiting = (await listProblems(read, look.spaceId))
    .filter(({ code }) => code === 'P03')
    .map(({ subject }) => subject.replace('pairing:', ''))
  if (waiting.length === 0) return
  const startOf = new Map<string, string>()
  for (const { pairingId, startsOn } of await listMemberships(read, look.spaceId))
    if (pairingId && startsOn < (startOf.get(pairingId) ?? '9999')) startOf.set(pairingId, startsOn)
  waiting.sort((a, b) => ((startOf.get(a) ?? '') < (startOf.get(b) ?? '') ? -1 : 1))
  for (const pairingId of waiting) look.ask('reconcilePairing', pairingId, priority.soon)
}
