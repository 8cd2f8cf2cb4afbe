// Connect members: everybody with a membership now or soon, and what an admin does with them.
import { Hono } from 'hono'
import { MemberRow, MembersPage } from '../../views/members.tsx'
import type { MadePin } from '../../views/pins.tsx'
import { newSecret } from '../cobot/oauth.ts'
import { asId, type PairingId } from '../core/ids.ts'
import { readProgress } from '../db/batches.ts'
import type { Click } from '../db/click.ts'
import * as clicks from '../db/clicks.ts'
import { erasePerson } from '../db/erase.ts'
import type { Tx } from '../db/open.ts'
import { list } from '../db/store.ts'
import { freeNumbers, handOut, type Typed } from './hand-out.ts'
import { filters, findMembers, getMember, type MemberLine } from './member-lines.ts'
import { type C, clickOf, type Env, pageOf, show, type Web, wantedOf } from './page.ts'
import { personFile } from './person-file.ts'
import { makePin } from './pins.ts'

export const members = (web: Web) =>
  new Hono<Env>()
    .get('/members', async (c) => show(web, c, 'members', await membersPage(web, c)))
    .get('/members/:membershipId', (c) => showRow(web, c))
    .get('/members/:membershipId/file', (c) => personFile(web, c))
    .get('/members/:membershipId/tag', (c) => showRow(web, c, { value: '' }))
    .post('/members/:membershipId/tag', (c) => assignTag(web, c))
    .post('/members/:membershipId/pin', async (c) => {
      const line = await getMember(web, c.get('here'), c.req.param('membershipId'))
      if (!line?.visit) return c.notFound()
      return showRow(web, c, undefined, await makePin(web, c, line))
    })
    .post('/members/:membershipId/:action', async (c) => {
      const act = actions[c.req.param('action')]
      const line = await getMember(web, c.get('here'), c.req.param('membershipId'))
      if (!act || !line) return c.notFound()
      const { siteUserId } = await c.req.parseBody()
      const click = clickOf(c, web)
      await web.db.tx((tx) => act(tx, click, line, { web, siteUserId: String(siteUserId) }))
      web.wake()
      return showRow(web, c)
    })

type Act = (
  tx: Tx,
  click: Click,
  line: MemberLine,
  more: { web: Web; siteUserId: string },
) => Promise<unknown>

const paired =
  (act: (tx: Tx, click: Click, pairingId: PairingId, more: string) => unknown): Act =>
  async (tx, click, { pairingId }, { siteUserId }) =>
    pairingId && act(tx, click, pairingId, siteUserId)

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
  invite: async (tx, click, { mayInvite, pairingId }) =>
    mayInvite && pairingId && clicks.inviteToApp(tx, click, pairingId),
  disconnect: paired(clicks.disconnectMember),
  erase: (tx, click, { membershipId }) => erasePerson(tx, click, membershipId),
  return: ofTag('returning'),
  lost: ofTag('lost'),
}

/** `reason`: why pressing a button above the list did nothing. */
export const membersPage = async (web: Web, c: C, reason: string | null = null) => {
  const { read } = web.db
  const here = c.get('here')
  const { spaceId } = here.space
  const members = await findMembers(web, here, wantedOf(c))
  const { found, some } = pageOf(c, members.found)
  const out = await list(read, 'tagHolders', { spaceId, state: 'notReturned' })
  return MembersPage({
    say: c.get('say'),
    found,
    filters,
    reason,
    tagsOut: out.length,
    lines: await members.show(some),
    progress: await readProgress(read, spaceId),
  })
}

const showRow = async (web: Web, c: C, form?: Typed & { value: string }, made?: MadePin) => {
  const line = await getMember(web, c.get('here'), c.req.param('membershipId') ?? '')
  if (!line) return c.body(null, 200)
  const choice = form && { ...form, numbers: await freeNumbers(web, c.get('here')) }
  const row = MemberRow({ say: c.get('say'), line, choice, made })
  return c.html(row, form?.reason || (made && 'reason' in made) ? 422 : 200)
}

const assignTag = async (web: Web, c: C) => {
  const line = await getMember(web, c.get('here'), c.req.param('membershipId') ?? '')
  if (!line?.pairingId) return c.notFound()
  const value = String((await c.req.parseBody()).tag ?? '').trim()
  const refused = await handOut(web, c, line.pairingId, value)
  return showRow(web, c, refused ? { value, ...refused } : undefined)
}
