// What both simulators share: a journal of requests, faults on demand, and controls that a test in
// another process reaches as `POST /__sim/<name>` with a JSON array of arguments.
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
  /** A regular expression on the path with query. */
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
    const fault = faults.find(
      (f) => (!f.method || f.method === method) && (!f.path || new RegExp(f.path).test(path)),
    )
    if (fault?.times !== undefined && --fault.times <= 0) faults = faults.filter((f) => f !== fault)
    return fault
  }

  const handle = async (
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
