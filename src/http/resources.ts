// Map resources: which locks a booking opens, and for how long around it.
import { Hono } from 'hono'
import { ChoiceList } from '../../views/choices.tsx'
import { bookingConsequences, lockChoices, ResourcesPage } from '../../views/resources.tsx'
import { minutesMax } from '../core/doors.ts'
import { asId, type LockId } from '../core/ids.ts'
import { saveDoors } from '../db/clicks.ts'
import { listBookingMoves } from '../db/doors.ts'
import type { Tx } from '../db/open.ts'
import { type C, clickOf, type Env, show, type Web } from './page.ts'
import { type Answer, askFirst, refusalOf } from './preview.ts'
import {
  doorsOf,
  type ResourceTable,
  readResourceLine,
  readResourceTable,
} from './resource-lines.ts'

export const resources = (web: Web) =>
  new Hono<Env>()
    .get('/resources', async (c) => showTable(web, c, await readNow(web, c)))
    .get('/resources/:resourceId/locks', async (c) => {
      const { lines, locks } = await readNow(web, c)
      const line = lines.find(({ resourceId }) => resourceId === c.req.param('resourceId'))
      if (!line) return c.notFound()
      const lockIds = (c.req.queries('chosen') ?? []).map(asId<LockId>)
      return c.html(ChoiceList(lockChoices(c.get('say'), { ...line, lockIds }, locks)))
    })
    .post('/resources', async (c) => {
      const form = await c.req.parseBody({ all: true })
      const answer = await web.db.tx((tx) => save(tx, web, c, form))
      if (!answer.notice) return showTable(web, c, answer.table, answer)
      web.wake()
      return showTable(web, c, await readNow(web, c), { notice: answer.notice })
    })

const readNow = ({ db }: Web, c: C) => readResourceTable(db.read, c.get('here'))

/** Nothing is stored before an admin saw which bookings gain and lose by it. */
const save = async (
  tx: Tx,
  web: Web,
  c: C,
  form: Record<string, unknown>,
): Promise<Answer & { table: ResourceTable }> => {
  const { space, site } = c.get('here')
  const say = c.get('say')
  const click = clickOf(c, web)
  const stored = await readResourceTable(tx, c.get('here'))
  const lines = stored.lines.map((line) => readResourceLine(line, form, stored.locks))
  const table = { ...stored, lines }
  const refused = site ? refusalOf(lines) : 422
  if (!site || refused) return { table, status: refused ?? 422 }
  const doors = doorsOf(lines)
  if (doors.length === 0) return { table, notice: say.t('table.same') }
  const moves = await listBookingMoves(tx, space, site, doors, click.now)
  // Of those who are not connected nothing is given or taken.
  const isAsked = moves.some(({ kind }) => kind !== 'waits')
  const asked = askFirst(form, [doors, moves], () => bookingConsequences(say, moves, lines))
  if (isAsked && asked) return { table, asked }
  await saveDoors(tx, click, site.siteId, doors)
  const count = moves.filter(({ kind }) => kind === 'waits').length
  const waits = count > 0 ? [say.t('resources.waits', { count })] : []
  return { table, notice: [say.t('resources.saved'), ...waits].join(' ') }
}

const showTable = (web: Web, c: C, { lines, locks }: ResourceTable, answer: Answer = {}) => {
  const { asked } = answer
  const page = ResourcesPage({ say: c.get('say'), lines, locks, minutesMax, asked })
  return show(web, c, 'resources', page, answer)
}
