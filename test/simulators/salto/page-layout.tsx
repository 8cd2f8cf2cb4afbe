// The frame around the pages of the played web app, and the one stylesheet of all of them.
import type { Child } from 'hono/jsx'

export const PAGES = {
  '': 'People',
  '/groups': 'Access groups',
  '/tags': 'Tags',
  '/locks': 'Locks',
  '/events': 'Events',
  '/doors': 'Doors',
  '/mail': 'Mail',
} as const

export type SiteChoice = { siteId: string; name: string }

export const Layout = (props: {
  path: keyof typeof PAGES
  sites: SiteChoice[]
  siteId: string
  children?: Child
}) => {
  const title = PAGES[props.path]
  const siteName = props.sites.find(({ siteId }) => siteId === props.siteId)?.name
  return (
    <html lang="en">
      <head>
        <title>{`${title} · SALTO KS (played locally)`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="stylesheet" href="/app/style.css" />
      </head>
      <body>
        <header>
          <strong>SALTO KS</strong> (played locally) · {siteName}
          <nav aria-label="Pages">
            {Object.entries(PAGES).map(([path, name]) => (
              <a
                href={`/app${path}?site=${props.siteId}`}
                aria-current={path === props.path ? 'page' : undefined}>
                {name}
              </a>
            ))}
          </nav>
          {props.sites.length > 1 && (
            <nav aria-label="Sites">
              {props.sites.map(({ siteId, name }) => (
                <a
                  href={`/app${props.path}?site=${siteId}`}
                  aria-current={siteId === props.siteId ? 'true' : undefined}>
                  {name}
                </a>
              ))}
            </nav>
          )}
        </header>
        <main>
          <h1>{title}</h1>
          {props.children}
        </main>
      </body>
    </html>
  )
}

export const STYLE = `
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #f3f5f7 }
header { padding: 12px 24px; background: #12344d; color: #fff }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 6px }
nav a { color: #cfe3f1 }
nav a[aria-current] { color: #fff; font-weight: 600; text-decoration: none }
main { max-width: 1080px; margin: 0 auto; padding: 16px 24px 48px }
table { width: 100%; border-collapse: collapse; background: #fff }
th, td { padding: 8px 12px; border-bottom: 1px solid #dde3e8; text-align: left; vertical-align: top }
form { margin: 8px 0 }
td form, li form { display: inline }
label { display: block }
form > label, .field { margin: 8px 0 }
section { margin: 16px 0; padding: 12px 20px; background: #fff; border: 1px solid #dde3e8 }
input, select, button { padding: 6px 10px; font: inherit }
button { border: 1px solid #12344d; border-radius: 4px; color: #12344d; background: #fff }
button + button { margin-left: 8px }
button.main { color: #fff; background: #12344d }
.row { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center }
.row label { margin: 0 }
[role=alert] { color: #a3211b }
.verdict { display: block; margin: 24px 0; padding: 24px; border-left: 12px solid; font-size: 20px; background: #fff }
.verdict strong { display: block; font-size: 44px; line-height: 1.2 }
.opened { border-color: #1c7a3f }
.closed { border-color: #a3211b }
`
