// Cobot's web pages for admins of a space: its menu, its own pages, and the frames of add-ons.
import { type Context, Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { BookingsPage } from './bookings-page.tsx'
import { localInstant } from './dates.ts'
import { Layout, loggedIn, show } from './layout.tsx'
import { showLogin } from './login.tsx'
import { MembersPage } from './members-page.tsx'
import { AddOnsPage, PlansPage, ResourcesPage } from './small-pages.tsx'
import {
  Impossible,
  type NavigationLink,
  of,
  type Space,
  spaceBySubdomain,
  type User,
} from './state.ts'
import { css, script } from './static.ts'
import { spaceUrl, type World } from './world.ts'

type Visit = { user: User; space: Space; base: string; problem: string | null }
type Form = Record<string, string>

export const shell = (world: World) => {
  const { state, controls, ports, origin } = world
  const now = () => ports.clock.now()

  /** The admin and the space, or the page shown instead. */
  const visit = (c: Context): Visit | Response | Promise<Response> => {
    const { pathname, search } = new URL(c.req.url)
    const here = c.req.method === 'GET' ? pathname + search : '/'
    const space = spaceBySubdomain(state, c.req.param('subdomain') ?? '')
    const user = loggedIn(c, world)
    if (!space) return show(c, <NotePage title="There is no such space" {...{ user, here }} />, 404)
    if (!user) return showLogin(c, world, here)
    if (!space.adminIds.includes(user.id)) {
      const title = `${user.name} is not an admin of ${space.name}`
      return show(c, <NotePage {...{ title, user, here }} />, 403)
    }
    const base = `/spaces/${space.subdomain}/admin`
    return { user, space, base, problem: c.req.query('problem') ?? null }
  }

  const page =
    (name: string, content: (visit: Visit, c: Context) => Child) =>
    (c: Context): Response | Promise<Response> => {
      const found = visit(c)
      if (found instanceof Response || found instanceof Promise) return found
      const links = of(state.navigationLinks, found.space.id)
      return show(
        c,
        <Shell {...found} links={links} current={name} here={c.req.path}>
          {content(found, c)}
        </Shell>,
      )
    }

  /** Does what a form asks for and goes back to the page it stands on. */
  const act =
    (name: string, work: (visit: Visit, form: Form, id: string) => unknown) =>
    async (c: Context) => {
      const found = await visit(c)
      if (found instanceof Response) return found
      const to = `${found.base}/${name}`
      try {
        const entries = Object.entries(await c.req.parseBody())
        const form = Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))
        work(found, form, c.req.param('id') ?? '')
        return c.redirect(to, 303)
      } catch (error) {
        // An impossible date throws a RangeError.
        if (!(error instanceof Impossible || error instanceof RangeError)) throw error
        return c.redirect(`${to}?problem=${encodeURIComponent(error.message)}`, 303)
      }
    }

  const members = new Hono()
    .get(
      '/members',
      page('members', ({ space, base, problem }) => (
        <MembersPage
          {...{ space, base, problem }}
          memberships={controls.memberships(space.subdomain)}
          plans={of(state.plans, space.id)}
          users={controls.users()}
          now={now()}
        />
      )),
    )
    .post(
      '/members',
      act('members', ({ space }, form) =>
        controls.addMembership(space.subdomain, {
          name: form.name || null,
          email: form.email || state.users.get(form.user_id ?? '')?.email || null,
          planId: form.plan_id || null,
          ...(form.user_id ? { userId: form.user_id } : {}),
          ...(form.starts_at ? { startsAt: form.starts_at } : {}),
          ...(form.needs_approval ? { confirmedAt: null } : {}),
        }),
      ),
    )
    .post(
      '/members/:id/confirmation',
      act('members', ({ space }, _, id) => controls.confirmMembership(space.subdomain, id)),
    )
    .post(
      '/members/:id/plan',
      act('members', ({ space }, form, id) =>
        controls.changePlan(space.subdomain, id, form.plan_id ?? '', form.date),
      ),
    )
    .post(
      '/members/:id/cancellation',
      act('members', ({ space }, form, id) =>
        controls.cancelMembership(space.subdomain, id, form.date ?? '', {
          deleteBookings: form.delete_bookings !== undefined,
        }),
      ),
    )
    .post(
      '/members/:id/undo',
      act('members', ({ space }, _, id) => controls.uncancelMembership(space.subdomain, id)),
    )
    .post(
      '/members/:id/details',
      act('members', ({ space }, form, id) =>
        controls.updateMembership(space.subdomain, id, {
          name: form.name || null,
          ...(form.email === undefined ? {} : { email: form.email || null }),
        }),
      ),
    )
    .post(
      '/members/:id/user',
      act('members', ({ space }, form, id) =>
        controls.connectUser(space.subdomain, id, form.user_id ?? ''),
      ),
    )
    .post(
      '/members/:id/deletion',
      act('members', ({ space }, _, id) => controls.deleteMembership(space.subdomain, id)),
    )

  const times = (space: Space, form: Form) => {
    const at = (time = '') => localInstant(form.date ?? '', time, space.timeZone).toISOString()
    return { from: at(form.from), to: at(form.to), resourceId: form.resource_id ?? '' }
  }

  const bookings = new Hono()
    .get(
      '/bookings',
      page('bookings', ({ space, base, problem }) => (
        <BookingsPage
          {...{ space, base, problem }}
          bookings={controls.bookings(space.subdomain)}
          externalBookings={of(state.externalBookings, space.id)}
          resources={of(state.resources, space.id)}
          memberships={controls.memberships(space.subdomain)}
          now={now()}
        />
      )),
    )
    .post(
      '/bookings',
      act('bookings', ({ space }, form) =>
        controls.addBooking(space.subdomain, {
          ...times(space, form),
          membershipId: form.membership_id || null,
          title: form.title || null,
        }),
      ),
    )
    .post(
      '/visitors',
      act('bookings', ({ space }, form) =>
        controls.addExternalBooking(space.subdomain, {
          ...times(space, form),
          name: form.name ?? '',
          email: form.email ?? '',
          status: form.needs_approval ? 'pending' : 'approved',
        }),
      ),
    )
    .post(
      '/visitors/:id/approval',
      act('bookings', (_, __, id) => controls.approveExternalBooking(id)),
    )
    .post(
      '/bookings/:id/move',
      act('bookings', ({ space }, form, id) =>
        controls.updateBooking(id, {
          ...times(space, form),
          ...(form.membership_id === undefined ? {} : { membershipId: form.membership_id || null }),
        }),
      ),
    )
    .post(
      '/bookings/:id/deletion',
      act('bookings', (_, __, id) => controls.deleteBooking(id)),
    )

  const things = new Hono()
    .get(
      '/plans',
      page('plans', ({ space, base, problem }) => (
        <PlansPage plans={of(state.plans, space.id)} {...{ base, problem }} />
      )),
    )
    .post(
      '/plans',
      act('plans', ({ space }, form) =>
        controls.addPlan(space.subdomain, {
          name: form.name ?? '',
          hidden: form.hidden !== undefined,
        }),
      ),
    )
    .post(
      '/plans/:id/name',
      act('plans', ({ space }, form, id) =>
        controls.renamePlan(space.subdomain, id, form.name ?? ''),
      ),
    )
    .post(
      '/plans/:id/deletion',
      act('plans', ({ space }, _, id) => controls.removePlan(space.subdomain, id)),
    )
    .get(
      '/resources',
      page('resources', ({ space, base, problem }) => (
        <ResourcesPage resources={of(state.resources, space.id)} {...{ base, problem }} />
      )),
    )
    .post(
      '/resources',
      act('resources', ({ space }, form) =>
        controls.addResource(space.subdomain, { name: form.name ?? '' }),
      ),
    )
    .post(
      '/resources/:id/name',
      act('resources', ({ space }, form, id) =>
        controls.renameResource(space.subdomain, id, form.name ?? ''),
      ),
    )
    .post(
      '/resources/:id/deletion',
      act('resources', ({ space }, _, id) => controls.removeResource(space.subdomain, id)),
    )
    .get(
      '/add-ons',
      page('add-ons', ({ space, base }) => (
        <AddOnsPage
          base={base}
          addonUrl={world.addonUrl}
          subdomain={space.subdomain}
          links={of(state.navigationLinks, space.id)}
        />
      )),
    )
    .post(
      '/links/:id/deletion',
      act('add-ons', (_, __, id) => controls.removeNavigationLink(id)),
    )

  /** The page that holds an add-on's frame. */
  const framed = (c: Context) => {
    const id = c.req.param('id') ?? ''
    const link = state.navigationLinks.get(id)
    return page(id, ({ space, user }) => {
      if (link?.spaceId !== space.id) return <h1>This menu entry no longer exists</h1>
      const locale = c.req.query('locale') ?? space.locale.slice(0, 2)
      const url = new URL(link.iframeUrl)
      const told = {
        cobot_embed: 'true',
        cobot_subdomain: space.subdomain,
        cobot_user_id: user.id,
        cobot_locale: locale,
        ...(state.frameSpaceId ? { cobot_space_id: space.id, cobot_section: link.section } : {}),
        ...(c.req.query('app_data') ? { app_data: c.req.query('app_data') } : {}),
      }
      for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value ?? '')
      return <Framed link={link} src={url.href} locale={locale} />
    })(c)
  }

  return new Hono()
    .get('/www/sim.css', (c) => c.body(css, 200, { 'Content-Type': 'text/css; charset=utf-8' }))
    .get('/www/sim.js', (c) => c.body(script, 200, { 'Content-Type': 'text/javascript' }))
    .get('/', (c) => {
      const user = loggedIn(c, world)
      if (!user) return showLogin(c, world, '/')
      const spaces = [...state.spaces.values()].filter(({ deleted }) => !deleted)
      return show(c, <SpacesPage user={user} spaces={spaces} origin={origin} />)
    })
    .get('/spaces/:subdomain/navigation_links/:id', framed)
    .get('/spaces/:subdomain/admin/navigation_links/:id', framed)
    .get('/spaces/:subdomain', (c) => c.redirect(`${c.req.path}/admin/members`))
    .get('/spaces/:subdomain/admin', (c) => c.redirect(`${c.req.path}/members`))
    .route('/spaces/:subdomain/admin', members)
    .route('/spaces/:subdomain/admin', bookings)
    .route('/spaces/:subdomain/admin', things)
}

const ownPages = {
  members: 'Members',
  bookings: 'Bookings',
  plans: 'Plans',
  resources: 'Resources',
}

const sections: Record<string, string> = {
  'admin/manage': 'Manage',
  'admin/setup': 'Setup',
  'admin/analyze': 'Analyze',
  members: 'For members',
}

const Shell = ({
  user,
  space,
  base,
  links,
  current,
  here,
  children,
}: Visit & { links: NavigationLink[]; current: string; here: string; children?: Child }) => {
  const entry = (href: string, name: string, label: string) => (
    <li>
      <a href={href} aria-current={name === current ? 'page' : undefined}>
        {label}
      </a>
    </li>
  )
  return (
    <Layout title={space.name} user={user} here={here}>
      <div class="shell">
        <nav aria-label="Main">
          <h2>{space.name}</h2>
          <ul>
            {Object.entries(ownPages).map(([name, label]) => entry(`${base}/${name}`, name, label))}
          </ul>
          {Object.entries(sections).map(([section, heading]) => {
            const inSection = links.filter((link) => link.section === section)
            return (
              inSection.length > 0 && (
                <>
                  <h2>{heading}</h2>
                  <ul>
                    {inSection.map(({ id, label }) =>
                      entry(`${base}/navigation_links/${id}`, id, label),
                    )}
                  </ul>
                </>
              )
            )
          })}
          <ul>{entry(`${base}/add-ons`, 'add-ons', 'Add-ons')}</ul>
        </nav>
        {children}
      </div>
    </Layout>
  )
}

const Framed = ({ link, src, locale }: { link: NavigationLink; src: string; locale: string }) => (
  <main class="framed">
    <div class="bar">
      {sections[link.section]} » {link.label} · language {locale}: <a href="?locale=en">English</a>{' '}
      <a href="?locale=de">Deutsch</a>
    </div>
    <iframe data-embed title={link.label} src={src}></iframe>
    <script src="/www/sim.js"></script>
  </main>
)

const NotePage = ({ title, user, here }: { title: string; user: User | null; here: string }) => (
  <Layout title={title} user={user} here={here}>
    <main class="narrow">
      <h1>{title}</h1>
    </main>
  </Layout>
)

const SpacesPage = (props: { user: User; spaces: Space[]; origin: string }) => (
  <Layout title="Spaces" user={props.user} here="/">
    <main class="narrow">
      <h1>Spaces</h1>
      <ul>
        {props.spaces.map((space) => (
          <li>
            <a href={`${spaceUrl(props.origin, space)}/admin/members`}>{space.name}</a>
          </li>
        ))}
      </ul>
    </main>
  </Layout>
)
