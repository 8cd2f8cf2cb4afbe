// What needs an admin, one action each; gone by itself when the cause is.
import { Hono } from 'hono'
import { ProblemsPage } from '../../views/problems.tsx'
import { newSecret } from '../cobot/oauth.ts'
import { asId } from '../core/ids.ts'
import { actionOf, isMendedInSalto, isWider } from '../core/problems.ts'
import * as clicks from '../db/clicks.ts'
import { allowHeld, type HeldKind, readHeldAgain } from '../db/guard.ts'
import { listProblems } from '../db/problems.ts'
import { one, type Row } from '../db/store.ts'
import { listHeldSets } from './held.ts'
import { type C, clickOf, type Env, setupUrl, show, type Web } from './page.ts'

export const problems = (web: Web) =>
  new Hono<Env>()
    .get('/problems', async (c) => show(web, c, 'problems', await problemsPage(web, c)))
    .post('/problems', async (c) => {
      const { spaceId } = c.get('here').space
      const { code, subject, leave } = await c.req.parseBody()
      const key = { spaceId, code: code as Row<'problems'>['code'], subject: String(subject) }
      const problem = await one(web.db.read, 'problems', key)
      if (problem && leave)
        await web.db.tx((tx) => clicks.leaveDifference(tx, clickOf(c, web), problem.subject))
      else if (problem) await act(web, c, problem)
      web.wake()
      const notice = c.get('say').t(leave ? 'problems.left' : 'problems.asked')
      return show(web, c, 'problems', await problemsPage(web, c), { notice })
    })
    .post('/problems/allowances', async (c) => {
      const { what, set } = await c.req.parseBody()
      const isSame = await web.db.tx((tx) =>
        allowHeld(tx, clickOf(c, web), what as HeldKind, String(set)),
      )
      if (isSame) web.wake()
      const notice = c.get('say').t(isSame ? 'held.allowed' : 'held.changed')
      return show(web, c, 'problems', await problemsPage(web, c), { notice })
    })
    .post('/problems/readings', async (c) => {
      await web.db.tx((tx) => readHeldAgain(tx, clickOf(c, web)))
      web.wake()
      const notice = c.get('say').t('problems.asked')
      return show(web, c, 'problems', await problemsPage(web, c), { notice })
    })

const problemsPage = async ({ db, config }: Web, c: C) => {
  const { spaceId, subdomain } = c.get('here').space
  const found = await listProblems(db.read, spaceId, { left: true })
  const held = await listHeldSets(db, c)
  const lines = found
    .sort((a, b) => b.since.getTime() - a.since.getTime())
    .map((each) => {
      const action = actionOf(each.code, each.params)
      const takesAway = /^remove/.test(action) || isWider(each.params)
      return {
        ...each,
        action,
        takesAway,
        isMendedInSalto: isMendedInSalto(each.code),
        ...(action === 'decide' && { held: held(each.subject) }),
      }
    })
  const ways = { setup: setupUrl(subdomain), salto: config.salto.appUrl }
  return ProblemsPage({ say: c.get('say'), lines, ways })
}

const act = ({ db, ports }: Web, c: C, { code, subject, source, params }: Row<'problems'>) => {
  const { site } = c.get('here')
  const click = clickOf(c, { ports })
  const [, id = ''] = subject.split(':')
  const newId = asId<never>(newSecret(ports.random, 16))
  return db.tx(async (tx) => {
    const action = actionOf(code, params)
    if (action === 'connect')
      await clicks.connectMembership(tx, click, asId(params.membershipId ?? ''), newId)
    else if (action === 'restore') await clicks.restore(tx, click, subject)
    else if (action === 'remove' && site) {
      const leftover = { siteId: site.siteId, name: params.group ?? '', zone: site.timeZone }
      await clicks.removeLeftover(tx, click, { ...leftover, accessGroupId: asId(id) })
    } else if (action === 'removeUser' && site) {
      const { marker = '' } = params
      const leftover = { siteId: site.siteId, siteUserId: asId<never>(id), marker }
      await clicks.removeLeftoverUser(tx, click, leftover, newId)
    } else await clicks.lookAgain(tx, click, source)
  })
}
