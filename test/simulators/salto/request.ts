// What every part of the API does with a request: find out who asks, read the body, page a list.
import type { Context } from 'hono'
import { KsError, malformed, notFound } from './errors.ts'
import { pageOf } from './odata.ts'
import type { Version } from './shapes.ts'
import type { Person, Site, SiteUser, State } from './state.ts'

export type Env = { Variables: { person: Person; site: Site; caller: SiteUser; isAdmin: boolean } }

export type Deps = { state: State; origin: string }

export type Body = Record<string, unknown>

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const versionOf = (c: Context): Version =>
  c.req.param('version') === 'v1.1' ? 'v1.1' : 'v1.2'

export const readBody = async (c: Context): Promise<Body> => {
  if (!/^application\/(.+\+)?json/.test(c.req.header('Content-Type') ?? '')) {
    throw new KsError(415, '1100', 'Unsupported media type')
  }
  const text = await c.req.text()
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  } catch {
    // Not JSON is as wrong as not an object.
  }
  throw malformed('The request is invalid.')
}

export const required = (body: Body, field: string): string => {
  const value = body[field]
  if (typeof value !== 'string') throw malformed(`The ${field} field is required.`)
  return value
}

export const requiredId = (body: Body, field: string) => {
  const value = required(body, field)
  if (!UUID.test(value)) throw malformed(`The ${field} field is not valid.`)
  return value
}

export const idList = (body: Body, field: string): string[] => {
  const value = body[field] ?? []
  const isIds = Array.isArray(value) && value.every((id) => UUID.test(String(id)))
  if (!isIds) throw malformed(`The ${field} field is not valid.`)
  return value.map(String)
}

/** The thing a path names by its id. */
export const named = <T>(c: Context, param: string, things: Map<string, T>, what: string): T => {
  const id = c.req.param(param) ?? ''
  if (!UUID.test(id)) throw malformed(`The ${param} is not valid.`)
  const thing = things.get(id)
  if (thing === undefined) throw notFound(what)
  return thing
}

export const answerPage = <T extends object>(c: Context, { state, origin }: Deps, rows: T[]) => {
  const url = new URL(c.req.url)
  return c.json(pageOf(rows, new URL(url.pathname + url.search, origin), state.switches.pageSize))
}
