// A visitor's PIN (C5) is shown once and kept nowhere, so it cannot wait for a look: this is the one
// click that writes to KS in its own request.
import type { MadePin } from '../../views/pins.tsx'
import { ksWrites } from '../connections/ks-writes.ts'
import { noteSaltoRefusal, saltoOf } from '../connections/salto.ts'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from '../core/errors.ts'
import { proveUser } from '../core/fence.ts'
import type { SpaceId } from '../core/ids.ts'
import { saveOne } from '../db/snapshots.ts'
import { one, take } from '../db/store.ts'
import { LeaseLost } from '../db/work.ts'
import type { MemberLine } from './member-lines.ts'
import { type C, clickOf, type Web } from './page.ts'

export const makePin = async (web: Web, c: C, line: MemberLine): Promise<MadePin> => {
  const { db, ports, config } = web
  const { spaceId, by, now } = clickOf(c, web)
  const { visit, pairingId, pin: wanted } = line
  const pairing = pairingId && (await one(db.read, 'pairings', { spaceId, pairingId }))
  if (!pairing?.siteUserId) return { reason: 'notThere' }
  if (!wanted) return { reason: visit && visit.endsAt <= now ? 'over' : 'off' }
  const { siteId, siteUserId } = pairing
  const salto = saltoOf(web, spaceId)
  const write = ksWrites(web, salto, {
    spaceId,
    task: 'reconcilePairing',
    subject: pairing.pairingId,
    cause: `admin ${by}`,
    reason: 'admin made a PIN',
    wrote: false,
    // Nobody else works for this click, but what it read may be acted on for no longer than by a look.
    leaseIsLive: () => ports.clock.now().getTime() - now.getTime() < config.leaseMs,
  })
  try {
    const siteUser = await salto.getSiteUser(siteId, siteUserId)
    if (!siteUser) return { reason: 'notThere' }
    const proof = proveUser({ siteId, ledger: pairing, siteUser })
    if (!proof) return { reason: 'notOurs' }
    if (!siteUser.usePin) await write.allowPin(proof)
    const { pin: digits } = await write.givePin(proof, wanted.until)
    await db.tx(async (tx) => {
      const data = { ...siteUser, usePin: true }
      await saveOne(tx, spaceId, 'siteUser', siteUserId, { data, readAt: now })
      // They have something to open with now.
      await take(tx, 'problems', { spaceId, code: 'P22', subject: `pairing:${pairing.pairingId}` })
    })
    return { digits }
  } catch (error) {
    return { reason: await reasonOf(web, spaceId, error) }
  }
}

const reasonOf = async (web: Web, spaceId: SpaceId, error: unknown): Promise<string> => {
  if (error instanceof Refused) return 'refused'
  if (error instanceof ReconnectNeeded)
    return (await noteSaltoRefusal(web, spaceId)) ? 'lost' : 'reconnect'
  const isLost = [Unavailable, RetryLater, LeaseLost].some((kind) => error instanceof kind)
  if (isLost) return 'lost'
  throw error
}
