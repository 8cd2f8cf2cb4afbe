// Access groups: people × locks × when. People are platform ids here.
import { type Context, Hono } from 'hono'
import { invalid, KsError, notFound } from './errors.ts'
import {
  answerPage,
  type Deps,
  type Env,
  idList,
  named,
  readBody,
  required,
  requiredId,
  UUID,
  versionOf,
} from './request.ts'
import { readSchedule } from './schedule.ts'
import { groupResponse, groupShort, lockShort, userShort } from './shapes.ts'
import { type Group, isSettling, type Site, siteUserOf } from './state.ts'

export const groupRoutes = (deps: Deps) => {
  const { state } = deps

  const groupOf = (c: Context<Env>): Group => named(c, 'group', c.var.site.groups, 'Access group')

  /** A user the groups of this site know about; somebody very new is not yet one. */
  const checkUser = (site: Site, saltoUserId: string) => {
    const user = siteUserOf(site, saltoUserId)
    if (!user || isSettling(state, user)) throw notFound('User')
  }

  const checkLock = (site: Site, lockId: string) => {
    if (!site.locks.has(lockId)) throw notFound('Lock')
  }

  const schedules = new Hono<Env>()
    .use(async (c, next) => {
      if (versionOf(c) === 'v1.2' && !state.switches.schedulesInV12) return c.body(null, 404)
      await next()
    })
    .get('/', (c) => answerPage(c, deps, groupOf(c).schedules))
    .post('/', async (c) => {
      const group = groupOf(c)
      const schedule = readSchedule(state.newId(), await readBody(c))
      group.schedules.push(schedule)
      return c.json(schedule)
    })
    .patch('/:schedule', async (c) => {
      const { group, index, schedule } = scheduleAt(c, groupOf(c))
      const changed = readSchedule(schedule.id, await readBody(c), schedule)
      group.schedules[index] = changed
      return c.json(changed)
    })
    .delete('/:schedule', (c) => {
      const { group, index } = scheduleAt(c, groupOf(c))
      group.schedules.splice(index, 1)
      return c.body(null, 204)
    })

  return new Hono<Env>()
    .get('/', (c) => answerPage(c, deps, [...c.var.site.groups.values()].map(groupResponse)))

    .post('/', async (c) => {
      const name = readName(required(await readBody(c), 'customer_reference'))
      const group: Group = { groupId: state.newId(), name, users: [], locks: [], schedules: [] }
      c.var.site.groups.set(group.groupId, group)
      return c.json(groupShort(group))
    })

    .get('/:group', (c) => c.json(groupResponse(groupOf(c))))

    .patch('/:group', async (c) => {
      const group = groupOf(c)
      group.name = readName(required(await readBody(c), 'customer_reference'))
      return c.json(groupShort(group))
    })

    .delete('/:group', (c) => {
      c.var.site.groups.delete(groupOf(c).groupId)
      return c.body(null, 204)
    })

    .get('/:group/users', (c) => {
      const { site } = c.var
      const { users } = groupOf(c)
      const isExcluded = c.req.query('excluded') === 'true'
      const ids = isExcluded
        ? [...site.users.values()].map((u) => u.saltoUserId).filter((id) => !users.includes(id))
        : users
      return answerPage(
        c,
        deps,
        ids.map((id) => userShort(state, id)),
      )
    })

    .post('/:group/users', async (c) => {
      const group = groupOf(c)
      const saltoUserId = requiredId(await readBody(c), 'user_id')
      checkUser(c.var.site, saltoUserId)
      group.users = change(group.users, [saltoUserId], [])
      return c.json(userShort(state, saltoUserId))
    })

    .patch('/:group/users', async (c) => {
      const group = groupOf(c)
      const body = await readBody(c)
      const added = idList(body, 'add_ids')
      for (const id of added) checkUser(c.var.site, id)
      group.users = change(group.users, added, idList(body, 'remove_ids'))
      return c.body(null, 204)
    })

    .delete('/:group/users/:user', (c) => {
      const group = groupOf(c)
      const id = c.req.param('user')
      if (!UUID.test(id)) throw new KsError(400, '1100', 'The user id is not valid.')
      if (!group.users.includes(id)) throw notFound('User')
      group.users = change(group.users, [], [id])
      return c.body(null, 204)
    })

    .get('/:group/locks', (c) => {
      const { locks } = groupOf(c)
      const isExcluded = c.req.query('excluded') === 'true'
      const shown = [...c.var.site.locks.values()].filter(
        ({ lockId }) => locks.includes(lockId) !== isExcluded,
      )
      return answerPage(c, deps, shown.map(lockShort))
    })

    .post('/:group/locks', async (c) => {
      const group = groupOf(c)
      const lockId = requiredId(await readBody(c), 'lock_id')
      const lock = c.var.site.locks.get(lockId)
      if (!lock) throw notFound('Lock')
      group.locks = change(group.locks, [lockId], [])
      return c.json(lockShort(lock))
    })

    .patch('/:group/locks', async (c) => {
      const group = groupOf(c)
      const body = await readBody(c)
      const added = idList(body, 'add_ids')
      for (const id of added) checkLock(c.var.site, id)
      group.locks = change(group.locks, added, idList(body, 'remove_ids'))
      return c.body(null, 204)
    })

    .delete('/:group/locks/:lock', (c) => {
      const group = groupOf(c)
      const id = c.req.param('lock')
      if (!UUID.test(id)) throw new KsError(400, '1100', 'The lock id is not valid.')
      if (!group.locks.includes(id)) throw notFound('Lock')
      group.locks = change(group.locks, [], [id])
      return c.body(null, 204)
    })

    .route('/:group/time_schedules', schedules)
}

const readName = (name: string) => {
  if (!name.trim()) throw invalid('The customer_reference is not valid')
  return name
}

const scheduleAt = (c: Context<Env>, group: Group) => {
  const index = group.schedules.findIndex(({ id }) => id === c.req.param('schedule'))
  const schedule = group.schedules[index]
  if (!schedule) throw notFound('Time schedule')
  return { group, index, schedule }
}

const change = (ids: string[], added: string[], removed: string[]) => [
  ...new Set([...ids, ...added].filter((id) => !removed.includes(id))),
]
