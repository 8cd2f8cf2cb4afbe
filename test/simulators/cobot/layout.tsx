import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { User } from './state.ts'
import type { World } from './world.ts'

export const cookieName = 'cobot_session'

export const loggedIn = (c: Context, { state }: Pick<World, 'state'>): User | null =>
  state.users.get(state.logins.get(getCookie(c, cookieName) ?? '') ?? '') ?? null

/** Answers a page that, as Cobot's, only Cobot itself may frame. */
export const show = (c: Context, page: Child, status: 200 | 400 | 403 | 404 = 200) => {
  c.header('Content-Security-Policy', "frame-ancestors 'self'")
  return c.html(html`<!doctype html>${page}`, status)
}

export const Layout = ({
  title,
  user,
  here,
  children,
}: {
  title: string
  user: User | null
  /** Where to come back to after switching the person. */
  here: string
  children?: Child
}) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title} · Cobot (played locally)</title>
      <link rel="icon" href="data:," />
      <link rel="stylesheet" href="/www/sim.css" />
    </head>
    <body>
      <header>
        <strong>Cobot (played locally)</strong>
        {user ? (
          <span>
            Logged in as {user.name}{' '}
            <a href={`/www/login?return_to=${encodeURIComponent(here)}`}>Switch user</a>{' '}
            <a href="/www/logout">Log out</a>
          </span>
        ) : (
          <span>Not logged in</span>
        )}
      </header>
      {children}
    </body>
  </html>
)
