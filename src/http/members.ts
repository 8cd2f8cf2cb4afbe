// Connect members: everybody with a membership now or soon, and what an admin does with them.
import { Hono } from 'hono'
import { MemberRow, MembersPage } from '../../views/members.tsx'
import { newSecret } from '../cobot/oauth.ts'
import { asId } from '../core/ids.ts'
import * as clicks from '../db/clicks.ts'
import type { Tx } from '../db/open.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { list } from '../db/store.ts'
import { isFreeTag } from '../salto/assumed.ts'
import { filters, isShown, listMembers, type MemberLine } from './member-lines.ts'
import { type C, clickOf, type Env, show, type Web } from './page.ts'

const pageSize = 200

export const members = (web: Web) =>
  new Hono<Env>()
    .get('/members', async (c) => show(web, c, 'members', await membersPage(web, c)))
    .get('/members/:membershipId', (c) => showRow(web, c))
    .get('/members/:membershipId/tag', (c) => showRow(web, c, { value: '' }))
    .post('/members/:membershipId/tag', (c) => assignTag(web, c))
    .post('/members/:membershipId/:action', async (c) => {
      const act = actions[c.req.param('action')]
      const [line] = await listMembers(web, c.get('here'), c.req.param('membershipId'))
      if (!act || !line) return c.notFound()
      const { siteUserId } = await c.req.parseBody()
      const click = clickOf(c, web)
      await web.db.tx((tx) => act(tx, click, line, { web, siteUserId: String(siteUserId) }))
      web.wake()
      return showRow(web, c)
    })
    .post('/tags/:tagId/return', async (c) => {
      const tagId = asId<never>(c.req.param('tagId'))
      await web.db.tx((tx) => clicks.setTag(tx, clickOf(c, web), tagId, 'returning'))
      web.wake()
      return show(web, c, 'members', await membersPage(web, c))
    })

type Act = (
  tx: Tx,
  click: clicks.Click,
  line: MemberLine,
  more: { web: Web; siteUserId: string },
) => Promise<unknown>

const paired =
  (act: (tx: Tx, click: clicks.Click, pairingId: never, more: string) => unknown): Act =>
  async (tx, click, { pairingId }, { siteUserId }) =>
    pairingId && act(tx, click, pairingId as never, siteUserId)

const ofTag =
  (state: 'returning' | 'lost'): Act =>
  async (tx, click, { tag }) =>
    tag && clicks.setTag(tx, click, tag.tagId, state)

const actions: Record<string, Act> = {
  connect: (tx, click, { membershipId }, { web }) =>
    clicks.connectMembership(tx, click, membershipId, asId(newSecret(web.ports.random, 16))),
  link: paired(clicks.linkCandidate),
  'another-person': paired(clicks.refuseCandidates),
  'lock-out': paired((tx, click, pairingId) => clicks.lockOut(tx, click, pairingId, true)),
  'let-in': paired((tx, click, pairingId) => clicks.lockOut(tx, click, pairingId, false)),
  disconnect: paired(clicks.disconnectMember),
  return: ofTag('returning'),
  lost: ofTag('lost'),
}

const membersPage = async (web: Web, c: C) => {
  const { search = '', filter = 'all', from = '0' } = c.req.query()
  const all = await listMembers(web, c.get('here'))
  const lines = all.filter((line) => isShown(line, search, filter))
  const start = Number.parseInt(from, 10) || 0
  const end = start + pageSize
  return MembersPage({
    ...{ say: c.get('say'), search, filter, filters, total: lines.length },
    lines: lines.slice(start, end),
    next: end < lines.length ? end : null,
    tagsOut: await listTagsOut(web, c),
  })
}

const showRow = async (
  web: Web,
  c: C,
  form?: { value: string; reason?: string; holder?: string },
) => {
  const { db } = web
  const { spaceId } = c.get('here').space
  const [line] = await listMembers(web, c.get('here'), c.req.param('membershipId'))
  if (!line) return c.body(null, 200)
  const given = new Set((await list(db.read, 'tagHolders', { spaceId })).map(({ tagId }) => tagId))
  const tags = form ? (await listSnapshot(db.read, spaceId, 'tag')).filter(isFreeTag) : []
  const numbers = tags.filter(({ tagId }) => !given.has(tagId)).map(({ number }) => number)
  const choice = form && { ...form, numbers: numbers.sort() }
  const row = MemberRow({ say: c.get('say'), line, ...(choice && { choice }) })
  return c.html(row, form?.reason ? 422 : 200)
}

const assignTag = async (web: Web, c: C) => {
  const { db } = web
  const { space } = c.get('here')
  const { spaceId } = space
  const [line] = await listMembers(web, c.get('here'), c.req.param('membershipId'))
  const value = String((await c.req.parseBody()).tag ?? '').trim()
  const tag = (await listSnapshot(db.read, spaceId, 'tag')).find(({ number }) => number === value)
  if (!line?.pairingId) return c.notFound()
  if (!tag) return showRow(web, c, { value, reason: 'unknown' })
  const { pairingId } = line
  const [pairing] = await list(db.read, 'pairings', { spaceId, pairingId })
  const isTheirs = !tag.holder || tag.holder.siteUserId === pairing?.siteUserId
  if (tag.blocked || tag.podTag) return showRow(web, c, { value, reason: 'blocked' })
  if (!isTheirs) return showRow(web, c, { value, reason: 'taken', holder: tag.holder?.name ?? '' })
  const holder = await db.tx((tx) => clicks.giveTag(tx, clickOf(c, web), pairingId, tag))
  if (!holder) web.wake()
  if (!holder || holder.pairingId === pairingId) return showRow(web, c)
  const [person] = await list(db.read, 'memberships', { spaceId, pairingId: holder.pairingId })
  return showRow(web, c, { value, reason: 'taken', holder: person?.name ?? '?' })
}

/** Tags of people who are no members any more. */
const listTagsOut = async ({ db }: Web, c: C) => {
  const { spaceId } = c.get('here').space
  const out = await list(db.read, 'tagHolders', { spaceId, state: 'notReturned' })
  const pairingId = out.map((row) => row.pairingId)
  const people = await list(db.read, 'memberships', { spaceId, pairingId })
  return out.map((row) => ({
    ...{ tagId: row.tagId, number: row.number },
    name: people.find((each) => each.pairingId === row.pairingId)?.name ?? '?',
  }))
}
