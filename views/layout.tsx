// What all pages share: the document, the frame's navigation, and pages that only say something.
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { Say } from './i18n.ts'
import { Alert, LinkButton } from './parts.tsx'

/** A page that refreshes itself leaves open what somebody opened. */
const htmxConfig = JSON.stringify({
  history: false,
  defaultSwap: 'outerHTML',
  morphIgnore: ['data-htmx-powered', 'open'],
})

export const Document = (props: {
  say: Say
  title: string
  /** The session of a page in the frame, and the address it shows when it is loaded again. */
  session?: { token: string; address: string }
  children?: Child
}) => (
  <>
    {raw('<!doctype html>')}
    <html lang={props.say.lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={htmxConfig} />
        {props.session && <meta name="session" content={props.session.token} />}
        {props.session && <meta name="address" content={props.session.address} />}
        <title>{props.title}</title>
        <link rel="stylesheet" href="/static/app.css" />
        <script src="/static/htmx.js" defer></script>
        <script src="/static/app.js" defer></script>
      </head>
      {/* Shown by the stylesheet: what is laid out before it came would be seen to jump. */}
      <body class={props.session ? 'framed' : 'alone'} hidden>
        {props.children}
        <dialog id="confirm" aria-labelledby="confirm-text">
          <p id="confirm-text"></p>
          <form method="dialog" class="actions">
            <button type="submit" value="yes" class="danger">
              {props.say.t('confirm')}
            </button>
            <button type="submit" value="" class="quiet">
              {props.say.t('cancel')}
            </button>
          </form>
        </dialog>
      </body>
    </html>
  </>
)

/** A page of its own, outside Cobot. */
export const TopPage = (props: { say: Say; title: string; children?: Child }) => (
  <Document say={props.say} title={props.title}>
    <main>
      <h1>{props.title}</h1>
      {props.children}
    </main>
  </Document>
)

/** The first page in the frame; what follows replaces `#frame`. */
export const FramePage = (props: {
  say: Say
  session: { token: string; address: string }
  signInUrl: string
  children?: Child
}) => (
  <Document say={props.say} title="SALTO KS for Cobot" session={props.session}>
    <p id="signed-out" role="alert" class="note bad" hidden>
      {props.say.t('message.signedOut.text')}{' '}
      <a href={props.signInUrl} target="_top">
        {props.say.t('message.signIn')}
      </a>
    </p>
    <div id="notice" aria-live="polite" data-unreached={props.say.t('message.unreached')}></div>
    {props.children}
  </Document>
)

export const pages = [
  'overview',
  'resources',
  'members',
  'tags',
  'plans',
  'problems',
  'activity',
  'settings',
] as const
/** *Help* is reached from the foot of each page, *Why?* from members and from Activity. */
export type PageName = (typeof pages)[number] | 'help' | 'why'

/** Navigation and one page; `notice` says what has just been done. */
export const Frame = (props: {
  say: Say
  current: PageName
  problems: number
  notice?: string | undefined
  children?: Child
}) => {
  const { say, current, problems, notice } = props
  return (
    <>
      <div id="frame" hx-target:inherited="#frame">
        <nav aria-label={say.t('nav.label')}>
          {pages.map((page) => (
            <a href={`/${page}`} hx-get={`/${page}`} aria-current={page === current && 'page'}>
              {say.t(`nav.${page}`)}
              {page === 'problems' && problems > 0 && <span class="badge">{problems}</span>}
            </a>
          ))}
        </nav>
        <main aria-labelledby="title">
          <h1 id="title" tabindex={-1}>
            {say.t(`nav.${current}`)}
          </h1>
          {props.children}
        </main>
        <footer>
          <a href="/help" hx-get="/help" aria-current={current === 'help' && 'page'}>
            {say.t('nav.help')}
          </a>
        </footer>
      </div>
      {notice && (
        <div id="notice" hx-swap-oob="innerHTML">
          <p class="note good">{notice}</p>
        </div>
      )}
    </>
  )
}

/** Where somebody may go from here; `label` names the words. */
export type Way = { href: string; label: string; target?: '_top' | '_blank' }

type Told = { say: Say; what: string; params: Record<string, string>; way: Way | null }

/** Says what is the case and where to go from here: as a page, or inside one. */
export const MessagePage = ({ say, what, params, way }: Told) => (
  <TopPage say={say} title={say.t(`message.${what}.title`, params)}>
    <p>{say.t(`message.${what}.text`, params)}</p>
    {way && (
      <p>
        <LinkButton {...way} label={say.t(way.label)} />
      </p>
    )}
  </TopPage>
)

export const MessageNote = ({ say, what, params, way }: Told) => (
  <Alert>
    <strong>{say.t(`message.${what}.title`, params)}</strong>{' '}
    {say.t(`message.${what}.text`, params)}{' '}
    {way && <LinkButton {...way} label={say.t(way.label)} />}
  </Alert>
)
