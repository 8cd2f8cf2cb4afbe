// What both simulators share: a journal of requests, faults on demand, and controls that a test in
// another process reaches as `POST /__sim/<name>` with a JSON array of arguments.
import { deserialize, serialize } from 'node:v8'
import { Hono } from 'hono'

export type JournalEntry = {
  at: Date
  method: string
  /** Path with query, without the origin. */
  path: string
  status: number
  requestBody: string
}

export type Fault = {
  /** Only requests with this method; all when absent. */
  method?: string
  /** A regular expression on the path, with or without its query. */
  path?: string
  /** Answer this instead of doing the work. */
  status?: number
  headers?: Record<string, string>
  body?: unknown
  /** Do the work, then lose the answer: the caller sees a broken connection. */
  loseAnswer?: boolean
  /** Never answer (until the caller gives up). */
  hang?: boolean
  /** How often it strikes; for ever when absent. */
  times?: number
}

export class AnswerLost extends Error {}

/** Wraps an app so that faults strike first and every request lands in the journal. */
export const createKit = (now: () => Date) => {
  const journal: JournalEntry[] = []
  let faults: Fault[] = []

  const strikes = (method: string, path: string) => {
    const meant = ({ path: pattern = '' }: Fault) =>
      [path, path.split('?')[0] ?? ''].some((each) => new RegExp(pattern).test(each))
    const fault = faults.find((f) => (!f.method || f.method === method) && meant(f))
    if (fault?.times !== undefined && --fault.times <= 0) faults = faults.filter((f) => f !== fault)
    return fault
  }

  /** Every answer is dated, by our clock and to the second. */
  const handle: typeof answer = async (request, app) => {
    const response = await answer(request, app)
    if (!response.headers.has('Date')) response.headers.set('Date', now().toUTCString())
    return response
  }

  const answer = async (
    request: Request,
    app: { fetch(request: Request): Response | Promise<Response> },
  ): Promise<Response> => {
    const url = new URL(request.url)
    const path = url.pathname + url.search
    if (url.pathname.startsWith('/__sim/')) return app.fetch(request)
    const requestBody = request.body ? await request.clone().text() : ''
    const note = (status: number) =>
      journal.push({ at: now(), method: request.method, path, status, requestBody })
    const fault = strikes(request.method, path)
    if (fault?.hang) {
      note(0)
      return new Promise((_, reject) =>
        request.signal.addEventListener('abort', () => reject(new AnswerLost('hang'))),
      )
    }
    if (fault?.status !== undefined) {
      note(fault.status)
      const body =
        fault.body === undefined
          ? null
          : typeof fault.body === 'string'
            ? fault.body
            : JSON.stringify(fault.body)
      return new Response(body, { status: fault.status, headers: fault.headers ?? {} })
    }
    const response = await app.fetch(request)
    note(response.status)
    if (fault?.loseAnswer) throw new AnswerLost('the answer was lost')
    return response
  }

  return {
    journal,
    addFault: (fault: Fault) => {
      faults.push({ ...fault })
    },
    clearFaults: () => {
      faults = []
    },
    handle,
  }
}

/** Serves every control as `POST /__sim/<name>`, arguments as a JSON array, the result as JSON. */
export const controlRoutes = (controls: Record<string, unknown>) =>
  new Hono().post('/__sim/:name', async (c) => {
    const control = controls[c.req.param('name')]
    if (typeof control !== 'function') return c.json({ error: 'no such control' }, 404)
    const text = await c.req.text()
    const args: unknown[] = text ? JSON.parse(text) : []
    return c.json({ result: (await control(...args)) ?? null })
  })

/** Writes down what a simulator remembers, and puts it back into the same objects later. */
export const memoryOf = (parts: Record<string, object>) => ({
  save: (): Buffer => serialize(Object.entries(parts).map(([name, part]) => [name, data(part)])),
  restore: (saved: Buffer): void => {
    const images = deserialize(saved) as [string, Record<string, unknown>][]
    for (const [name, image] of images) {
      const part = parts[name] as Record<string, unknown>
      for (const [key, then] of Object.entries(image)) {
        const now = part[key]
        if (now instanceof Map || now instanceof Set) refill(now, then as typeof now)
        else if (Array.isArray(now)) now.splice(0, now.length, ...(then as unknown[]))
        else part[key] = then
      }
    }
  },
})

const data = (part: object) =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => typeof value !== 'function'))

const refill = (container: Map<unknown, unknown> | Set<unknown>, then: typeof container) => {
  container.clear()
  for (const [key, value] of then.entries())
    if (container instanceof Map) container.set(key, value)
    else container.add(value)
}
