// What happened at the doors; v1.1 only, and paged by a token in a header.
import { Hono } from 'hono'
import { invalidQuery } from './errors.ts'
import { filterBy, orderBy } from './odata.ts'
import { type Deps, type Env, versionOf } from './request.ts'
import { entryResponse } from './shapes.ts'

export const entryRoutes = ({ state }: Deps) =>
  new Hono<Env>()
    .get('/entries', (c) => {
      if (versionOf(c) === 'v1.2') return c.body(null, 405)
      const { site } = c.var
      const order = c.req.query('$orderby') ?? null
      if (order && !/^utc_date_time( (asc|desc))?$/.test(order)) {
        throw invalidQuery(`cannot order by '${order}'`)
      }
      const rows = site.entries.map((entry) => entryResponse(state, site, entry))
      const found = orderBy(filterBy(rows, c.req.query('$filter') ?? null), order)
      const from = Number(c.req.header('CLP-Continuation-Token') ?? 0) || 0
      const to = from + Math.min(Number(c.req.query('$top') ?? 1000), state.switches.pageSize)
      return c.json({
        items: found.slice(from, to),
        continuation_token: to < found.length ? String(to) : null,
      })
    })
    .get('/incidents', (c) =>
      versionOf(c) === 'v1.2' ? c.body(null, 405) : c.json({ items: [], continuation_token: null }),
    )
