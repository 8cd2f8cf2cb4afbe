// Plans: which access groups each plan opens (D6).
import { Hono } from 'hono'
import { PlansPage, planConsequences } from '../../views/plans.tsx'
import type { Asked } from '../../views/preview.tsx'
import { restore } from '../db/clicks.ts'
import { hashOf } from '../db/crypt.ts'
import { listMoves, saveMappings } from '../db/mappings.ts'
import type { Tx } from '../db/open.ts'
import { type C, clickOf, type Env, show, type Web } from './page.ts'
import { choicesOf, type PlanTable, readPlanLine, readPlanTable } from './plan-lines.ts'

export const plans = (web: Web) =>
  new Hono<Env>()
    .get('/plans', async (c) => showPlans(web, c, await readNow(web, c)))
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

type Answer = { status?: 409 | 422; notice?: string; asked?: Asked }

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
  if (!site || lines.some(({ reason }) => reason)) return { table, status: 422 }
  if (lines.some(({ isNews }) => isNews)) return { table, status: 409 }
  const choices = choicesOf(lines)
  if (choices.length === 0) return { table, notice: say.t('plans.same') }
  const moves = await listMoves(tx, space, site, choices, click.now)
  const set = hashOf(JSON.stringify([choices, moves]))
  if (moves.length > 0 && form.confirmed !== set) {
    const asked = planConsequences(say, moves, stored.groups)
    return { table, asked: { ...asked, set, isOther: form.confirmed !== undefined } }
  }
  await saveMappings(tx, click, site, choices, moves)
  const count = moves.length
  return { table, notice: say.t(count > 0 ? 'plans.saved' : 'plans.savedOnly', { count }) }
}

const showPlans = (web: Web, c: C, table: PlanTable, answer: Answer = {}) => {
  const { asked, status, notice } = answer
  const { lines, groups } = table
  const saltoUrl = web.config.salto.appUrl
  const page = PlansPage({ say: c.get('say'), lines, groups, saltoUrl, asked })
  return show(web, c, 'plans', page, { ...(status && { status }), ...(notice && { notice }) })
}
