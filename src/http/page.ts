// What every route works with: the request's language, who looks, and the ways to answer.
import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Say } from '../../views/i18n.ts'
import { Frame, MessageNote, MessagePage, type PageName, type Way } from '../../views/layout.tsx'
import type { createCobotOAuth } from '../cobot/oauth.ts'
import { spaceUrlOf } from '../cobot/settings.ts'
import type { Deps } from '../connections/deps.ts'
import type { CobotUserId, SpaceId } from '../core/ids.ts'
import type { Click } from '../db/click.ts'
import { listProblems } from '../db/problems.ts'
import type { SiteRow, SpaceRow } from '../db/spaces.ts'
import type { Row } from '../db/store.ts'
import type { createSaltoOAuth } from '../salto/oauth.ts'

export type Web = Deps & {
  /** Called after work was asked for. */
  wake(): void
  ready(): Promise<boolean>
  cobotOAuth: ReturnType<typeof createCobotOAuth>
  saltoOAuth: ReturnType<typeof createSaltoOAuth>
}

/** An admin of a space, at one of its pages. */
export type Here = { session: Row<'sessions'>; space: SpaceRow; site: SiteRow | null }

export type Env = {
  Variables: {
    say: Say
    here: Here
    /** Who may show this page in a frame; nobody when absent. */
    ancestors?: string
    /** Where forms may lead besides here: browsers also check where they are sent on to. */
    forms?: string
    /** Where to try again when something fails. */
    again?: Way
  }
}
export type C = Context<Env>

export const isSubdomain = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,99}$/.test(text)

const originOf = (url: string) => URL.parse(url)?.origin ?? ''

/** The space's own host, and the host of the page in Cobot that holds our frame. */
export const letCobotFrame = (c: C, { config }: Web, subdomain: string, space: SpaceRow | null) => {
  const hosts = [spaceUrlOf(config.cobot, subdomain), space?.linkUserUrl ?? '']
  // One host each: a pattern would let others in.
  const origins = hosts.flatMap((url) => /^https?:\/\/[\w.:-]+$/.exec(originOf(url))?.[0] ?? [])
  c.set('ancestors', [...new Set(origins)].join(' '))
}

/** Of any space, since nobody knows yet which; of its page in Cobot only that it is on the web. */
export const letFormsLead = (c: C, { config }: Web, where: 'space' | 'anywhere') => {
  const { origin, protocol } = new URL(config.cobot.spaceUrl.replace('{subdomain}', '*'))
  c.set('forms', where === 'space' ? origin : protocol)
}

export const clickOf = (c: C, { ports }: Pick<Web, 'ports'>): Click => {
  const { spaceId, cobotUserId } = c.get('here').session
  return { spaceId, by: cobotUserId, now: ports.clock.now() }
}

const pageSize = 50

/** What is looked for in a long list. */
export const wantedOf = (c: C) => {
  const { search = '', filter = 'all' } = c.req.query()
  return { search, filter }
}

/** The part of what was found that starts at or before `from`. */
export const pageOf = <Line>(c: C, all: readonly Line[]) => {
  const total = all.length
  const asked = Number.parseInt(c.req.query('from') ?? '', 10) || 0
  const start = Math.min(Math.max(0, asked), Math.max(0, total - 1))
  const from = start - (start % pageSize)
  const page = { from, size: pageSize, total }
  return { found: { ...wantedOf(c), page }, some: all.slice(from, from + pageSize) }
}

export const setupUrl = (subdomain: string) => `/setup?subdomain=${encodeURIComponent(subdomain)}`
export const installUrl = (subdomain: string) =>
  `/install?subdomain=${encodeURIComponent(subdomain)}`

/** A page that says what is the case; inside the frame a note above what was typed. */
export const tell = (
  c: C,
  what: string,
  status: ContentfulStatusCode,
  way: Way | null,
  params: Record<string, string> = {},
) => {
  const told = { say: c.get('say'), what, params, way }
  if (!c.req.header('HX-Request')) return c.html(MessagePage(told), status)
  c.header('HX-Retarget', '#notice')
  c.header('HX-Reswap', 'innerHTML')
  return c.html(MessageNote(told), status)
}

/** Somebody does not get in: it is told, and noted by ids alone. */
export const turnAway = (
  { log }: Pick<Web, 'log'>,
  who: { spaceId?: SpaceId | undefined; by?: CobotUserId },
  ...told: Parameters<typeof tell>
) => {
  log.warn({ ...who, why: told[1] }, 'turned away')
  return tell(...told)
}

/** The navigation and one page. */
export const frame = async ({ db }: Web, c: C, current: PageName, page: Child, notice?: string) => {
  const { spaceId } = c.get('here').space
  const problems = (await listProblems(db.read, spaceId)).length
  return Frame({ say: c.get('say'), current, problems, notice, children: page })
}

export const show = async (
  web: Web,
  c: C,
  current: PageName,
  page: Child,
  { status = 200, notice }: { status?: ContentfulStatusCode; notice?: string } = {},
) => c.html(await frame(web, c, current, page, notice), status)
