// What the two places share where an admin leaves a site: the settings in the frame, and the set-up.
import {
  type Leaving,
  type LeavingLine,
  type Left,
  type Preview,
  receiptText,
} from '../../views/leaving.tsx'
import { saltoOf } from '../connections/salto.ts'
import { asId, type PlanId } from '../core/ids.ts'
import {
  type LedgerLine,
  leaveSite,
  listLedger,
  type Receipt,
  type ReceiptLine,
  setOfLedger,
} from '../db/sites.ts'
import { getActiveSite } from '../db/spaces.ts'
import { list, one } from '../db/store.ts'
import { type C, clickOf, type Web } from './page.ts'

const kindOf = (subject: string) => subject.split(':')[0] as LeavingLine['kind']

/** What leaving the site in use would do, by our ledger and by who is in the groups we made. */
export const previewOf = async (web: Web, c: C): Promise<Preview> => {
  const { space, site } = c.get('here')
  const { spaceId } = space
  const key = site && { spaceId, siteId: site.siteId }
  const ledger = key ? await listLedger(web.db.read, key) : []
  const shared = key ? await listShared(web, ledger) : new Set()
  const salto = await one(web.db.read, 'connections', { spaceId, side: 'salto' })
  return {
    siteName: site?.info.name ?? '',
    lines: ledger.map(({ subject, name, holder, origin }) => {
      const why = origin === 'adopted' ? 'adopted' : shared.has(subject) ? 'foreign' : null
      const kind = kindOf(subject)
      const outcome = kind === 'tag' ? 'out' : why ? 'left' : 'removed'
      return { kind, name, holder, why, outcome }
    }),
    shown: setOfLedger(ledger),
    isRefused: ledger.length > 0 && salto?.state !== 'ok',
  }
}

/** Groups of ours that somebody else is in; what cannot be read now is seen to when it is its turn. */
const listShared = async (
  { db, ...web }: Web,
  ledger: readonly LedgerLine[],
): Promise<Set<string>> => {
  const shared = new Set<string>()
  for (const { spaceId, siteId, subject } of ledger.filter((line) => isPlan(line))) {
    const key = { spaceId, siteId }
    const planId = asId<PlanId>(subject.replace('plan:', ''))
    const row = await one(db.read, 'planGroups', { ...key, planId })
    const accessGroupId = row?.accessGroupId
    if (!accessGroupId) continue
    const placed = { ...key, accessGroupId, origin: 'made' } as const
    const places = await list(db.read, 'groupPlaces', placed)
    const goes = new Set(places.map(({ pairingId }) => pairingId))
    const ours = (await list(db.read, 'pairings', key))
      .filter(({ pairingId, origin }) => origin === 'made' || goes.has(pairingId))
      .map(({ saltoUserId }) => saltoUserId)
    const ks = saltoOf({ db, ...web }, spaceId)
    const inside = await ks.listGroupUsers(siteId, accessGroupId).catch(() => [])
    if (!inside.every((id) => ours.includes(id))) shared.add(subject)
  }
  return shared
}

const isPlan = ({ subject }: LedgerLine) => kindOf(subject) === 'plan'

/** *Disconnect site*, for exactly what was shown; why not, if so. */
export const disconnectSpace = async (web: Web, c: C): Promise<'changed' | 'mode' | null> => {
  const { mode, shown } = await c.req.parseBody()
  if (mode !== 'remove' && mode !== 'leave') return 'mode'
  const click = clickOf(c, web)
  const { spaceId, by } = click
  const isSame = await web.db.tx(async (tx) => {
    const site = await getActiveSite(tx, spaceId)
    const ledger = site ? await listLedger(tx, { spaceId, siteId: site.siteId }) : []
    if (setOfLedger(ledger) !== shown) return false
    await leaveSite(tx, click, site, { mode, whole: true })
    return true
  })
  if (isSame) {
    web.log.info({ spaceId, by, mode }, 'an admin disconnected the space')
    web.wake()
  }
  return isSame ? null : 'changed'
}

/** The sites that are or were left, the newest first. */
export const readLeft = async ({ db }: Web, c: C): Promise<Left> => {
  const { spaceId, state } = c.get('here').space
  const receipts = await list(db.read, 'receipts', { spaceId })
  const lines = Map.groupBy(
    await list(db.read, 'receiptLines', { spaceId }),
    ({ siteId }) => siteId,
  )
  const isWorking = receipts.some(({ endedAt }) => !endedAt)
  const work = isWorking ? await list(db.read, 'work', { spaceId }) : []
  const failed = new Set(work.flatMap((row) => (row.lastError ? row.subject : [])))
  const leavings = receipts
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime())
    .map((receipt) => leavingOf(receipt, lines.get(receipt.siteId) ?? [], failed))
  const isLeaving = leavings.some(({ whole, endedAt }) => whole && !endedAt)
  return { leavings, isOver: state !== 'installed' || isLeaving }
}

const leavingOf = (
  receipt: Receipt,
  lines: readonly ReceiptLine[],
  failed: ReadonlySet<string>,
): Leaving => {
  const isOpen = ({ outcome }: ReceiptLine) => !receipt.endedAt && !outcome
  return {
    ...receipt,
    lines: lines
      .map((line) => ({ ...line, kind: kindOf(line.subject) }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    isStuck: lines.filter(isOpen).some(({ subject }) => failed.has(subject.replace(/^\w+:/, ''))),
  }
}

/** The receipt as a file. */
export const sendReceipt = async (web: Web, c: C) => {
  const { space } = c.get('here')
  const { leavings } = await readLeft(web, c)
  const leaving = leavings.find(
    ({ siteId, endedAt }) => siteId === c.req.param('siteId') && endedAt,
  )
  if (!leaving) return c.notFound()
  const name = `${c.get('say').t('leaving.file')}-${space.subdomain}.txt`
  c.header('Content-Disposition', `attachment; filename="${name}"`)
  return c.text(receiptText(c.get('say'), space.name, leaving))
}
