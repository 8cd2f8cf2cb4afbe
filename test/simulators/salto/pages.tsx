// The web app of the played SALTO KS, for the demo: anybody on this machine is its admin.
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { Controls } from './controls.ts'
import type { Doors as DoorsOf } from './door.ts'
import { KsError } from './errors.ts'
import { Layout, type PAGES, STYLE } from './page-layout.tsx'
import * as Show from './page-views.tsx'
import { wallClock } from './schedule.ts'
import type { State } from './state.ts'

export const pageRoutes = (deps: { state: State; controls: Controls; doors: DoorsOf }) => {
  const { state, controls, doors } = deps
  const app = new Hono()

  app.onError((error, c) => {
    if (!(error instanceof KsError)) throw error
    return c.html(<p role="alert">{error.message}</p>, error.status)
  })

  const siteIdOf = (c: Context) => {
    const wanted = c.req.query('site')
    const siteId = controls.sites().find((each) => !wanted || each === wanted)
    if (!siteId) throw new KsError(404, '2202', 'There is no such site yet.')
    return siteId
  }
  const queryOf = (c: Context) => `?site=${siteIdOf(c)}`

  const page = (c: Context, path: keyof typeof PAGES, content: Child) => {
    const sites = controls.sites().map((siteId) => controls.site(siteId))
    const whole = (
      <Layout path={path} sites={sites} siteId={siteIdOf(c)}>
        {content}
      </Layout>
    )
    return c.html(html`<!doctype html>${whole}`)
  }
  const backTo = (c: Context, path: keyof typeof PAGES) =>
    c.redirect(`/app${path}${queryOf(c)}`, 303)
  const field = async (c: Context, name: string) => String((await c.req.formData()).get(name) ?? '')

  app.get('/style.css', (c) => c.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }))

  app.get('/', (c) => {
    const siteId = siteIdOf(c)
    const [users, groups] = [controls.users(siteId), controls.groups(siteId)]
    return page(c, '', <Show.People users={users} groups={groups} query={queryOf(c)} />)
  })
  app.post('/people/:user/:change{seat|block}', (c) => {
    const siteId = siteIdOf(c)
    const { user: siteUserId, change } = c.req.param()
    const user = controls.users(siteId).find((each) => each.siteUserId === siteUserId)
    if (!user) throw new KsError(404, '2202', 'User not found')
    if (change === 'block') controls.blockUser(siteId, siteUserId, !user.blocked)
    else controls.suspendUser(siteId, siteUserId, user.subscriptionState === 'subscribed')
    return backTo(c, '')
  })

  app.get('/groups', (c) => {
    const siteId = siteIdOf(c)
    const content = (
      <Show.Groups
        groups={controls.groups(siteId)}
        users={controls.users(siteId)}
        locks={controls.locks(siteId)}
        query={queryOf(c)}
      />
    )
    return page(c, '/groups', content)
  })
  app.post('/groups', async (c) => {
    controls.addAccessGroup(siteIdOf(c), { name: await field(c, 'name') })
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/name', async (c) => {
    controls.renameAccessGroup(siteIdOf(c), c.req.param('group'), await field(c, 'name'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/users', async (c) => {
    controls.addToGroup(siteIdOf(c), c.req.param('group'), await field(c, 'id'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/locks', async (c) => {
    controls.addLockToGroup(siteIdOf(c), c.req.param('group'), await field(c, 'id'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/schedules', (c) => {
    controls.addSchedule(siteIdOf(c), c.req.param('group'), 'always')
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/removal', (c) => {
    controls.removeAccessGroup(siteIdOf(c), c.req.param('group'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/users/:id/removal', (c) => {
    controls.removeFromGroup(siteIdOf(c), c.req.param('group'), c.req.param('id'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/locks/:id/removal', (c) => {
    controls.removeLockFromGroup(siteIdOf(c), c.req.param('group'), c.req.param('id'))
    return backTo(c, '/groups')
  })
  app.post('/groups/:group/schedules/:id/removal', (c) => {
    controls.removeSchedule(siteIdOf(c), c.req.param('group'), c.req.param('id'))
    return backTo(c, '/groups')
  })

  app.get('/tags', (c) => {
    const [tags, users] = [controls.tags(siteIdOf(c)), controls.users(siteIdOf(c))]
    return page(c, '/tags', <Show.Tags tags={tags} users={users} />)
  })

  app.get('/locks', (c) => {
    const siteId = siteIdOf(c)
    const { iqOnline } = controls.site(siteId)
    const [locks, groups] = [controls.locks(siteId), controls.groups(siteId)]
    return page(c, '/locks', <Show.Locks locks={locks} groups={groups} iqOnline={iqOnline} />)
  })

  app.get('/sites/:siteId/events', (c) => c.redirect(`/app/events?site=${c.req.param('siteId')}`))
  app.get('/events', (c) =>
    page(c, '/events', <Show.Events entries={controls.entries(siteIdOf(c))} />),
  )

  const doorsPage = (
    c: Context,
    given: Partial<Show.Knock>,
    verdict: ReturnType<DoorsOf['knock']> | null,
  ) => {
    const siteId = siteIdOf(c)
    const now = wallClock(new Date(state.now()), controls.site(siteId).timeZone)
    const knock = {
      credential: '',
      pin: '',
      lockId: '',
      date: now.slice(0, 10),
      time: now.slice(11, 16),
      ...given,
    }
    const content = (
      <Show.Doors
        tags={controls.tags(siteId)}
        users={controls.users(siteId)}
        locks={controls.locks(siteId)}
        knock={knock}
        verdict={verdict}
        query={queryOf(c)}
      />
    )
    return page(c, '/doors', content)
  }
  app.get('/doors', (c) => doorsPage(c, {}, null))
  app.post('/doors', async (c) => {
    const form = await c.req.formData()
    const typed = (name: keyof Show.Knock) => String(form.get(name) ?? '').trim()
    const [credential, lockId] = [typed('credential'), typed('lockId')]
    const [date, time] = [typed('date'), typed('time')]
    const pin = typed('pin').replace(/#$/, '')
    const [kind, which = ''] = credential.split(':')
    const byHand = kind === 'phone' ? { saltoUserId: which } : { tagNumber: which }
    const verdict = doors.knockAtLocal(siteIdOf(c), `${date}T${time}`, {
      lockId,
      ...(pin ? { pin } : byHand),
    })
    return doorsPage(c, { credential, pin, lockId, date, time }, verdict)
  })

  app.get('/mail', (c) => {
    const siteId = siteIdOf(c)
    const mails = controls.outbox().filter((mail) => mail.siteId === siteId)
    const users = controls.users(siteId)
    return page(c, '/mail', <Show.Mail mails={mails} users={users} query={queryOf(c)} />)
  })
  app.post('/mail/:person', (c) => {
    controls.completeProfile(c.req.param('person'))
    return backTo(c, '/mail')
  })

  return app
}
