// Plans: which access groups each plan opens (D6).
import { Hono } from 'hono'
import { ChoiceList } from '../../views/choices.tsx'
import { groupChoices, PlansPage, planConsequences } from '../../views/plans.tsx'
import { restore } from '../db/clicks.ts'
import { listMoves, saveMappings } from '../db/mappings.ts'
import type { Tx } from '../db/open.ts'
import { type C, clickOf, type Env, show, type Web } from './page.ts'
import { choicesOf, type PlanTable, readPlanLine, readPlanTable } from './plan-lines.ts'
import { type Answer, askFirst, refusalOf } from './preview.ts'

export const plans = (web: Web) =>
  new Hono<Env>()
    .get('/plans', async (c) => showPlans(web, c, await readNow(web, c)))
    .get('/plans/:planId/groups', async (c) => {
      const { lines, groups } = await readNow(web, c)
      const line = lines.find(({ planId }) => planId === c.req.param('planId'))
      if (!line) return c.notFound()
      const chosen = c.req.queries('chosen') ?? []
      return c.html(ChoiceList(groupChoices(c.get('say'), { ...line, chosen }, groups)))
    })
    .post('/plans', async (c) => {
      const form = await c.req.parseBody({ all: true })
      const answer = await web.db.tx((tx) => save(tx, web, c, form))
      if (!answer.notice) return showPlans(web, c, answer.table, answer)
      web.wake()
      return showPlans(web, c, await readNow(web, c), { notice: answer.notice })
    })
    .post('/plans/restorations', async (c) => {
      const { planId } = await c.req.parseBody()
      await web.db.tx((tx) => restore(tx, clickOf(c, web), `plan:${planId}`))
      web.wake()
      const notice = c.get('say').t('problems.asked')
      return showPlans(web, c, await readNow(web, c), { notice })
    })

const readNow = ({ db, ports }: Web, c: C) =>
  readPlanTable(db.read, c.get('here'), ports.clock.now())

/** Nothing is stored before an admin saw who gains and who loses by it. */
const save = async (
  tx: Tx,
  web: Web,
  c: C,
  form: Record<string, unknown>,
): Promise<Answer & { table: PlanTable }> => {
  const { space, site } = c.get('here')
  const say = c.get('say')
  const click = clickOf(c, web)
  const stored = await readPlanTable(tx, c.get('here'), click.now)
  const lines = stored.lines.map((line) => readPlanLine(line, form, stored.groups))
  const table = { ...stored, lines }
  const refused = site ? refusalOf(lines) : 422
  if (!site || refused) return { table, status: refused ?? 422 }
  const choices = choicesOf(lines)
  if (choices.length === 0) return { table, notice: say.t('table.same') }
  const moves = await listMoves(tx, space, site, choices, click.now)
  const asked = askFirst(form, [choices, moves], () => planConsequences(say, moves, stored.groups))
  if (moves.length > 0 && asked) return { table, asked }
  await saveMappings(tx, click, site, choices, moves)
  const count = moves.length
  return { table, notice: say.t(count > 0 ? 'plans.saved' : 'plans.savedOnly', { count }) }
}

const showPlans = (web: Web, c: C, table: PlanTable, answer: Answer = {}) => {
  const { asked } = answer
  const { lines, groups } = table
  const saltoUrl = web.config.salto.appUrl
  const page = PlansPage({ say: c.get('say'), lines, groups, saltoUrl, asked })
  return show(web, c, 'plans', page, answer)
}
