// Logging in to Cobot, and becoming somebody else.
import { type Context, Hono } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { cookieName, Layout, loggedIn, show } from './layout.tsx'
import { hexId, type User } from './state.ts'
import type { World } from './world.ts'

export const login = (world: World) => {
  const { state, ports } = world
  return new Hono()
    .get('/www/login', (c) => showLogin(c, world, inside(c.req.query('return_to'))))
    .post('/www/login', async (c) => {
      const form = await c.req.parseBody()
      const returnTo = inside(form.return_to)
      const user = [...state.users.values()].find(
        ({ id, email }) => id === form.user_id || email === form.email,
      )
      if (!user) return showLogin(c, world, returnTo, 'Nobody has this e-mail address.')
      const value = hexId(ports.random)
      state.logins.set(value, user.id)
      setCookie(c, cookieName, value, { path: '/', httpOnly: true, sameSite: 'Lax' })
      return c.redirect(returnTo, 303)
    })
    .get('/www/logout', (c) => {
      deleteCookie(c, cookieName, { path: '/' })
      return c.redirect('/www/login')
    })
}

export const showLogin = (c: Context, world: World, returnTo: string, problem?: string) =>
  show(
    c,
    <LoginPage
      user={loggedIn(c, world)}
      users={[...world.state.users.values()]}
      returnTo={returnTo}
      problem={problem ?? null}
    />,
  )

/** Only addresses of ours: never carry a person elsewhere. */
const inside = (returnTo: unknown) =>
  typeof returnTo === 'string' && /^\/(?!\/)/.test(returnTo) ? returnTo : '/'

const LoginPage = ({
  user,
  users,
  returnTo,
  problem,
}: {
  user: User | null
  users: User[]
  returnTo: string
  problem: string | null
}) => (
  <Layout title="Log in" user={user} here={returnTo}>
    <main class="narrow">
      <h1>Log in</h1>
      {problem && <p role="alert">{problem}</p>}
      <ul class="people">
        {users.map(({ id, name, email }) => (
          <li>
            <form method="post" action="/www/login">
              <input type="hidden" name="return_to" value={returnTo} />
              <input type="hidden" name="user_id" value={id} />
              <button type="submit">Log in as {name}</button> <small>{email}</small>
            </form>
          </li>
        ))}
      </ul>
      <form method="post" action="/www/login">
        <input type="hidden" name="return_to" value={returnTo} />
        <label>
          E-mail <input type="email" name="email" required />
        </label>
        <button type="submit">Log in</button>
      </form>
    </main>
  </Layout>
)
