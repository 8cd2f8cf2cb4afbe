// Connect selected, Connect all: what would happen, then all of it at once, then how far it is (D9).
import { Hono } from 'hono'
import { PreviewPage, ProgressBar } from '../../views/connect-many.tsx'
import { newSecret } from '../cobot/oauth.ts'
import { findReason } from '../core/candidates.ts'
import { isAdministrative } from '../core/fence.ts'
import { asId } from '../core/ids.ts'
import { proposedGroups } from '../core/mappings.ts'
import { normalName } from '../core/names.ts'
import { readProgress } from '../db/batches.ts'
import { connectMany } from '../db/clicks.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { list, type Row } from '../db/store.ts'
import { findMembers } from './member-lines.ts'
import { membersPage } from './members.ts'
import { clickOf, type Env, type Here, show, type Web } from './page.ts'

export const connecting = (web: Web) =>
  new Hono<Env>()
    .get('/members/progress', async (c) => {
      const progress = await readProgress(web.db.read, c.get('here').space.spaceId)
      return c.html(ProgressBar({ say: c.get('say'), progress }))
    })
    .post('/members/preview', async (c) => {
      const { all, membershipId } = await c.req.parseBody({ all: true })
      const chosen = [membershipId ?? []].flat().map(String)
      if (!all && chosen.length === 0) {
        const page = await membersPage(web, c, 'connect.nobody')
        return show(web, c, 'members', page, { status: 422 })
      }
      const preview = await previewOf(web, c.get('here'), all ? null : new Set(chosen))
      return show(web, c, 'members', PreviewPage({ say: c.get('say'), preview }))
    })
    .post('/members/connections', async (c) => {
      const ids = String((await c.req.parseBody()).membershipIds ?? '').split(' ')
      // Of those that were shown, whoever may still be connected without a question.
      const { membershipIds } = await previewOf(web, c.get('here'), new Set(ids))
      const newId = () => asId<never>(newSecret(web.ports.random, 16))
      await connectMany(web.db, clickOf(c, web), membershipIds, newId)
      web.wake()
      return show(web, c, 'members', await membersPage(web, c))
    })

/** Of the memberships that are not connected: all of them, or the chosen. */
const previewOf = async (web: Web, here: Here, chosen: ReadonlySet<string> | null) => {
  const { read } = web.db
  const { spaceId } = here.space
  const { found } = await findMembers(web, here, { search: '', filter: 'notConnected' })
  const lines = found.filter(({ membershipId }) => chosen?.has(membershipId) ?? true)
  const pairings = await list(read, 'pairings', { spaceId })
  const taken = new Set(pairings.map(({ siteUserId }) => siteUserId))
  const users = (await listSnapshot(read, spaceId, 'siteUser')).filter(
    (user) => !taken.has(user.siteUserId) && !isAdministrative(user),
  )
  const reasonOf = findReason(users)
  // Several memberships of one login are one person.
  const persons = Map.groupBy(lines, (line) => line.membership.cobotUserId ?? line.membershipId)
  const people = [...persons.values()].map((theirs) => {
    const emails = theirs.flatMap(({ email }) => email?.toLowerCase() ?? [])
    const known = theirs.find(({ membership }) => membership.name)?.name ?? ''
    const reason = reasonOf({ name: known, emails })
    return { theirs, name: known || (theirs[0]?.name ?? ''), reason }
  })
  const going = people.filter(({ reason }) => reason === null)
  const connected = going.flatMap(({ theirs }) => theirs.map(({ membership }) => membership))
  const { seatsAllowed = null, seatsUsed = null } = here.site?.info ?? {}
  return {
    membershipIds: connected.map(({ membershipId }) => membershipId),
    people: going.map(({ name }) => name),
    leftOut: people.flatMap(({ name, reason }) => (reason ? [{ name, reason }] : [])),
    freeSeats: seatsAllowed === null ? null : Math.max(0, seatsAllowed - (seatsUsed ?? 0)),
    groups: await groupsToMake(web, here, connected),
  }
}

/** Names of plans for which a group is going to be made, because none has the name (D5). */
const groupsToMake = async (
  { db: { read } }: Web,
  { space, site }: Here,
  memberships: readonly Row<'memberships'>[],
): Promise<string[]> => {
  const { spaceId } = space
  const mapped = site ? await list(read, 'planGroups', { spaceId, siteId: site.siteId }) : []
  const groups = await listSnapshot(read, spaceId, 'accessGroup')
  const wanted = new Set(
    memberships.flatMap(({ plan, upcomingPlan }) =>
      [plan, upcomingPlan ?? plan].map(({ name }) => normalName(name)),
    ),
  )
  return (await listSnapshot(read, spaceId, 'plan'))
    .filter(({ planId }) => !mapped.some((row) => row.planId === planId))
    .map(({ name }) => name)
    .filter((name) => wanted.has(normalName(name)))
    .filter((name) => proposedGroups(name, groups, mapped).length === 0)
    .sort()
}
