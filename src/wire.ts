// One call to one of the two systems: a time-out, an error named by what we do next, no retries (the
// work table has those), and nothing of a body, a token or an address in any message.
import { z } from 'zod'
import { ReconnectNeeded, Refused, RetryLater, type Side, Unavailable } from './core/errors.ts'
import { asId, type Id } from './core/ids.ts'
import type { Clock, Ports } from './core/ports.ts'

/** Lists longer than this many pages are refused rather than cut. */
export const PAGES_MAX = 200

/** Answers larger than this are given up: no list of ours is near it. */
const BODY_MAX = 20 * 2 ** 20

const PAUSE_DEFAULT_MS = 10_000
const PAUSE_MIN_MS = 1_000
const PAUSE_MAX_MS = 15 * 60_000

export type Call = {
  /** What messages call it, such as `list memberships`. */
  name: string
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers?: Record<string, string>
  json?: unknown
  form?: Record<string, string>
  /** The second page of a list, or a later one. */
  goesOn?: boolean
}
/** `body` is parsed JSON, or null when the answer was empty. */
export type Answer = { status: number; headers: Headers; body: unknown }
export type Wire = (call: Call) => Promise<Answer>

export const createWire = (deps: {
  side: Side
  ports: Pick<Ports, 'fetch' | 'clock'>
  timeoutMs?: number
  /** Told of every 429 before the call fails with `RetryLater`. */
  limited?: (afterMs: number) => Promise<void>
}): Wire => {
  const { side, ports, timeoutMs = 15_000, limited } = deps

  const exchange = async (call: Call, signal: AbortSignal) => {
    try {
      const response = await ports.fetch(requestOf(call, signal))
      return { status: response.status, headers: response.headers, text: await textOf(response) }
    } catch {
      // The cause is dropped: it may carry the request, and with it a token.
      throw new Unavailable(side, `${call.name}: no complete answer`)
    }
  }

  return async (call) => {
    const { name } = call
    const giveUp = new AbortController()
    const timeout = Promise.withResolvers<never>()
    const callOff = ports.clock.after(timeoutMs, () => {
      timeout.reject(new Unavailable(side, `${name}: no answer within ${timeoutMs} ms`))
      giveUp.abort()
    })
    const { status, headers, text } = await Promise.race([
      exchange(call, giveUp.signal),
      timeout.promise,
    ]).finally(callOff)
    // What a cache kept says nothing about now.
    const said = Date.parse(headers.get('date') ?? '')
    if (said && !Number(headers.get('age'))) ports.clock.hear?.(side, new Date(said))

    if (status === 429 || status === 503) {
      const afterMs = pauseMs(headers.get('retry-after'), ports.clock)
      if (status === 429) await limited?.(afterMs)
      const isTooMany = status === 429
      throw new RetryLater(`${name}: asked to pause (${status})`, afterMs, side, isTooMany)
    }
    if (status === 401) throw new ReconnectNeeded(side, `${name}: our permission was not accepted`)
    if (status >= 400 && status < 500) {
      const code = codeOf(parseJson(text))
      throw new Refused(side, status, code, `${name}: refused (${[status, code].join(' ').trim()})`)
    }
    if (status < 200 || status >= 300) throw new Unavailable(side, `${name}: answered ${status}`)
    const body = text.trim() === '' ? null : parseJson(text)
    if (body === undefined) throw new Unavailable(side, `${name}: the answer is not JSON`)
    return { status, headers, body }
  }
}

const requestOf = (
  { method = 'GET', url, headers = {}, json, form }: Call,
  signal: AbortSignal,
) => {
  const rest = { method, redirect: 'manual', signal } as const
  if (form) return new Request(url, { ...rest, headers, body: new URLSearchParams(form) })
  if (json === undefined) return new Request(url, { ...rest, headers })
  const typed = { ...headers, 'content-type': 'application/json' }
  return new Request(url, { ...rest, headers: typed, body: JSON.stringify(json) })
}

const textOf = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > BODY_MAX) throw new Error('too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const pauseMs = (retryAfter: string | null, clock: Clock): number => {
  if (!retryAfter) return PAUSE_DEFAULT_MS
  const asked = /^\d+$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - clock.now().getTime()
  if (Number.isNaN(asked)) return PAUSE_DEFAULT_MS
  return Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, asked))
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** KS says `ErrorCode`, as string or number; OAuth says `error`. Anything wordy is left out. */
const codeOf = (body: unknown): string | null => {
  const { ErrorCode, error } = Object(body) as { ErrorCode?: unknown; error?: unknown }
  const code = String(ErrorCode ?? error ?? '')
  return /^\w{1,40}$/.test(code) ? code : null
}

/** Absent is an answer: a 404 becomes null. */
export const orNull404 = <T>(promise: Promise<T>): Promise<T | null> =>
  promise.catch((error: unknown) => {
    if (error instanceof Refused && error.status === 404) return null
    throw error
  })

/** Fills a path, ids escaped: path`/sites/${siteId}/users`. */
export const path = (texts: TemplateStringsArray, ...ids: string[]): string =>
  String.raw({ raw: texts }, ...ids.map(encodeURIComponent))

/** One page as it came: totals are what it announces of the whole list, where it does. */
export type Page<T> = {
  items: { id: string }[]
  /** How one of them is read; it may need what else came with the page. */
  schema: z.ZodType<T>
  /** The link to the next page, null after the last; undefined when the answer does not say. */
  next: string | null | undefined
  totalItems?: number | null | undefined
  totalPages?: number | null | undefined
}

/**
 * Reads a list to its end; one that changed on the way is read once more, then refused as
 * incomplete. Of the link to the next page only the query is taken: a token never follows an answer
 * to another host, and relative links are no other case.
 */
export const readPages = async <T>(
  list: { side: Side; name: string; url: string },
  read: (call: Call) => Promise<Page<T>>,
): Promise<T[]> => {
  const incomplete = () => new Unavailable(list.side, `${list.name}: list incomplete`)
  const readItems = ({ items, schema }: Page<T>) =>
    items.map((item) => readOurs(list.side, list.name, schema, item))
  const readThrough = async () => {
    const pages: Page<T>[] = []
    const seen = new Set<string>()
    const at = new URL(list.url)
    while (seen.size < PAGES_MAX && !seen.has(at.href)) {
      seen.add(at.href)
      const page = await read({ name: list.name, url: at.href, goesOn: pages.length > 0 })
      pages.push(page)
      if (!page.next) return isWhole(pages) ? pages.flatMap(readItems) : null
      at.search = (URL.parse(page.next, at) ?? at).search
    }
    throw incomplete()
  }
  const found = (await readThrough()) ?? (await readThrough())
  if (!found) throw incomplete()
  return found
}

/** Nothing twice, as much as was announced on every page, and some word that this is the end. */
const isWhole = (pages: Page<unknown>[]): boolean => {
  const ids = pages.flatMap(({ items }) => items.map(({ id }) => id))
  return (
    new Set(ids).size === ids.length &&
    pages.every(({ totalItems }) => (totalItems ?? ids.length) === ids.length) &&
    pages.every(({ totalPages }) => (totalPages ?? pages.length) === pages.length) &&
    pages.some(({ next, totalPages }) => next === null || typeof totalPages === 'number')
  )
}

/** Keeps answers by key; the caller says how old one may be. Failures are not kept. */
export const remember = <T>(clock: Clock, read: (key: string) => Promise<T>) => {
  const kept = new Map<string, { value: T; atMs: number }>()
  return async (key: string, maxAgeMs: number): Promise<T> => {
    const nowMs = clock.now().getTime()
    const known = kept.get(key)
    if (known && nowMs - known.atMs <= maxAgeMs) return known.value
    const value = await read(key)
    kept.set(key, { value, atMs: nowMs })
    return value
  }
}

// Reading answers --------------------------------------------------------------------------------

/**
 * Makes an answer ours, or says which call lacks which fields. Schemas see every key in camel case
 * (`callback_url` → `callbackUrl`).
 */
export const readAs = <T>(side: Side, name: string, schema: z.ZodType<T>, body: unknown): T =>
  readOurs(side, name, schema, camelCase(body))

/** The same, of what was read in part before. */
const readOurs = <T>(side: Side, name: string, schema: z.ZodType<T>, body: unknown): T => {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  const paths = new Set(read.error.issues.map((issue) => issue.path.join('.') || 'a body'))
  throw new Unavailable(side, `${name}: answer lacks ${[...paths].slice(0, 5).join(', ')}`)
}

const camelCase = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(camelCase)
  if (typeof value !== 'object' || value === null) return value
  const camel = (key: string) =>
    key.includes('_') ? key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()) : key
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [camel(key), camelCase(v)]))
}

export const idOf = <T extends Id<string>>() =>
  z
    .string()
    .min(1)
    .transform(asId<T>)

/** A value we know, or 'unknown': new ones must not stop us. */
export const oneOf = <T extends string>(...known: T[]) =>
  z.string().transform((value) => known.find((one) => one === value) ?? 'unknown')

/** What may be missing. Where missing would open or close a door it is `nullable` instead. */
export const orNull = <T>(schema: z.ZodType<T>) => schema.nullish().transform((v) => v ?? null)

/** Text that may be empty, but not missing. */
export const textOrNull = z
  .string()
  .nullable()
  .transform((text) => text || null)

/** A list that says everything once. */
export const listOf = <T>(schema: z.ZodType<T>, idOf: (item: T) => string) =>
  z
    .array(schema)
    .refine((items) => new Set(items.map(idOf)).size === items.length, { path: ['each id once'] })

/** An item of a page, unread but for its id. */
export const unread = z.looseObject({ id: z.string() })

// Verbs ------------------------------------------------------------------------------------------

/** What clients do with a call: read its answer, create, and remove what may be gone already. */
export const createVerbs = (side: Side, ask: (call: Call) => Promise<unknown>) => {
  const read = async <T>(schema: z.ZodType<T>, call: Call) =>
    readAs(side, call.name, schema, await ask(call))
  return {
    read,
    get: <T>(name: string, schema: z.ZodType<T>, url: string) => read(schema, { name, url }),
    create: <T>(name: string, schema: z.ZodType<T>, url: string, json: unknown) =>
      read(schema, { name, method: 'POST', url, json }),
    send: async (name: string, method: 'POST' | 'PATCH', url: string, json: unknown) => {
      await ask({ name, method, url, json })
    },
    remove: async (name: string, url: string) => {
      await orNull404(ask({ name, method: 'DELETE', url }))
    },
  }
}
