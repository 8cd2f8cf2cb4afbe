// Activity: what changed in KS, when, for whom and why; as pages, and as a file of all that is found.
import { Hono } from 'hono'
import { ActivityPage, activityWords, columns } from '../../views/activity.tsx'
import { causeKinds } from '../core/activity.ts'
import { csvLine } from '../core/csv.ts'
import { localDate, toLocal } from '../core/temporal.ts'
import { type ActivityFilter, listActivity } from '../db/activity.ts'
import { eventsUrl } from '../salto/assumed.ts'
import { type C, type Env, show, type Web } from './page.ts'

const pageSize = 100
const fileBatch = 500

export const activity = (web: Web) =>
  new Hono<Env>()
    .get('/activity', async (c) => show(web, c, 'activity', await activityPage(web, c)))
    .get('/activity/file', (c) => activityFile(web, c))

const filterOf = (c: C): ActivityFilter => {
  const { search = '', cause = '', before = '' } = c.req.query()
  return {
    search,
    cause: causeKinds.find((kind) => kind === cause) ?? null,
    before: Number.parseInt(before, 10) || null,
  }
}

const activityPage = async ({ db, ports, config }: Web, c: C) => {
  const { space, site } = c.get('here')
  const filter = filterOf(c)
  const size = { now: ports.clock.now(), limit: pageSize }
  const { lines, next } = await listActivity(db.read, space, filter, size)
  return ActivityPage({
    say: c.get('say'),
    lines,
    next,
    search: filter.search,
    causes: causeKinds,
    cause: filter.cause ?? 'all',
    isNewest: filter.before === null,
    eventsUrl: site && eventsUrl(config.salto.appUrl, site.siteId),
  })
}

/** Read and sent bit by bit: a year of a large space is never in memory at once. */
const activityFile = ({ db, ports }: Web, c: C) => {
  const { space } = c.get('here')
  const say = c.get('say')
  const now = ports.clock.now()
  const filter = filterOf(c)
  const heads = columns.map((column) => say.t(`activity.column.${column}`))
  const encoder = new TextEncoder()
  // The mark at the beginning tells Excel that this is UTF-8.
  let text = `\uFEFF${csvLine([`${heads[0]} (${space.timeZone})`, ...heads.slice(1)])}`
  const body = new ReadableStream<Uint8Array>({
    pull: async (stream) => {
      const batch = await listActivity(db.read, space, filter, { now, limit: fileBatch })
      for (const line of batch.lines) {
        const when = toLocal(line.at, space.timeZone).replace('T', ' ')
        const words = { ...activityWords(say, line), when }
        text += csvLine(columns.map((column) => words[column]))
      }
      stream.enqueue(encoder.encode(text))
      text = ''
      filter.before = batch.next
      if (batch.next === null) stream.close()
    },
  })
  const name = `activity-${space.subdomain}-${localDate(now, space.timeZone)}.csv`
  return c.body(body, 200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
  })
}
