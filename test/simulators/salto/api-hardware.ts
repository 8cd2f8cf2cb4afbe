// What hangs on doors and what people carry: locks, hubs, tags.
import { Hono } from 'hono'
import { notFound } from './errors.ts'
import { answerPage, type Deps, type Env, named, versionOf } from './request.ts'
import { groupShort, iqResponse, lockResponse, tagResponse } from './shapes.ts'
import { unassignTag } from './state.ts'

export const hardwareRoutes = (deps: Deps) => {
  const { state } = deps

  return new Hono<Env>()
    .get('/locks', (c) => {
      const { site } = c.var
      const locks = [...site.locks.values()]
      return answerPage(
        c,
        deps,
        locks.map((lock) => lockResponse(site, lock, versionOf(c))),
      )
    })
    .get('/locks/:lock', (c) => {
      const { site } = c.var
      const lock = named(c, 'lock', site.locks, 'Lock')
      return c.json({
        ...lockResponse(site, lock, versionOf(c)),
        offline_access_keys_limit: 100,
        offline_access_keys_count: lock.offlineTags?.length ?? 0,
      })
    })
    .get('/locks/:lock/access_groups', (c) => {
      const { site } = c.var
      const { lockId } = named(c, 'lock', site.locks, 'Lock')
      const groups = [...site.groups.values()].filter(({ locks }) => locks.includes(lockId))
      return answerPage(c, deps, groups.map(groupShort))
    })

    .get('/iqs', (c) => answerPage(c, deps, [iqResponse(c.var.site, versionOf(c))]))
    .get('/iqs/:iq', (c) => {
      const { site } = c.var
      if (c.req.param('iq') !== site.iq.iqId) throw notFound('IQ')
      return c.json(iqResponse(site, versionOf(c)))
    })

    .get('/tags', (c) => {
      const { site } = c.var
      const tags = [...state.tags.values()].filter(({ siteId }) => siteId === site.siteId)
      return answerPage(
        c,
        deps,
        tags.map((tag) => tagResponse(state, site, tag)),
      )
    })
    .get('/tags/:tag', (c) => {
      const { site } = c.var
      const tag = named(c, 'tag', state.tags, 'Tag')
      if (tag.siteId !== site.siteId) throw notFound('Tag')
      return c.json(tagResponse(state, site, tag))
    })
    .delete('/tags/:tag', (c) => {
      const tag = named(c, 'tag', state.tags, 'Tag')
      if (tag.siteId !== c.var.site.siteId) throw notFound('Tag')
      unassignTag(state, tag)
      state.tags.delete(tag.tagId)
      return c.body(null, 204)
    })
}
