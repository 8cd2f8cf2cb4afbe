// The way between a process of ours and the two systems: every call takes time, may be struck by a
// storm, and is noted.
import { AnswerLost } from '../simulators/kit.ts'
import { type Hit, type Storm, strike } from './faults.ts'
import type { Replica } from './replicas.ts'
import { type Chance, chanceOf, type createTrace, type Scheduler } from './scheduler.ts'

export type Exchange = {
  replica: string
  side: 'cobot' | 'salto'
  space: number | null
  method: string
  path: string
  authorization: string
  sentAtMs: number
  body: string
}

/** How far a call is: on its way, done, answered; a process that dies then dies by this class. */
export type Stage = 'F01' | 'F02' | 'F03'

export const createNetwork = (deps: {
  scheduler: Scheduler
  seed: number
  trace: ReturnType<typeof createTrace>
  /** The two systems themselves. */
  answer(request: Request): Promise<Response>
  sideOf(url: URL): 'cobot' | 'salto'
  spaceOf(url: URL, authorization: string): number | null
  /** A call on its way, one about to take effect, one answered; and what struck one. */
  onSend(call: Exchange): void
  onEffect(call: Exchange): void
  onDone(call: Exchange, status: number, isAsItWas: boolean, body: string): void
  onHit(fault: string, call: Exchange): void
  /** An answer, or what a storm made of it, reaches the process. */
  onHeard(call: Exchange, response: Response): void
  onStage(replica: string, stage: Stage): void
}) => {
  const { scheduler, trace } = deps
  const chance: Chance = chanceOf(deps.seed, 'network')
  let storms: Storm[] = []
  /** What a read said before, and when it stopped being so. */
  const said = new Map<string, { text: string; status: number; atMs: number }>()
  const latencyMs = () => 10 + chance.fraction() ** 3 * 400

  const perform = async (request: Request, call: Exchange, hit: Hit | null): Promise<Response> => {
    const isDone = !hit || !('after' in hit) || hit.after
    if (!isDone) return spoiled(hit, null, call)
    if (hit?.kind === 'stale') {
      const before = said.get(call.path)
      if (before && scheduler.nowMs() - before.atMs < 30_000)
        return answerOf(before.text, before.status)
    }
    deps.onEffect(call)
    if (hit?.kind === 'twice') await deps.answer(request.clone())
    const response = await deps.answer(request)
    const text = await response.text()
    if (call.method === 'GET')
      said.set(call.path, { text, status: response.status, atMs: scheduler.nowMs() })
    deps.onDone(call, response.status, !hit || hit.kind === 'slow' || hit.kind === 'twice', text)
    const plain = answerOf(text, response.status, response.headers)
    return hit ? spoiled(hit, plain, call, text) : plain
  }

  const spoiled = (hit: Hit, response: Response | null, call: Exchange, text = ''): Response => {
    switch (hit.kind) {
      case 'cut':
        throw new AnswerLost(`${call.path}: cut`)
      case 'hang':
        throw new Hanging()
      case 'answer': {
        const body = hit.status === 204 || hit.status === 302 ? '' : hit.body
        return answerOf(body, hit.status, new Headers(hit.headers))
      }
      case 'spoil': {
        const isJson = text.startsWith('{') || text.startsWith('[')
        if (!isJson || !response) return response ?? answerOf(text)
        return answerOf(JSON.stringify(hit.how(JSON.parse(text))), response.status)
      }
      case 'slow':
      case 'stale':
      case 'twice':
        return response ?? answerOf(text)
    }
  }

  const fetchOf =
    (replica: Replica) =>
    async (request: Request): Promise<Response> => {
      const url = new URL(request.url)
      const authorization = request.headers.get('authorization') ?? ''
      const call: Exchange = {
        replica: replica.name,
        side: deps.sideOf(url),
        space: deps.spaceOf(url, authorization),
        method: request.method,
        path: url.pathname + url.search,
        authorization,
        sentAtMs: scheduler.nowMs(),
        body: request.body ? await request.clone().text() : '',
      }
      const struck = strike(storms, chance, call, scheduler.nowMs())
      const hit = struck?.hit ?? null
      if (struck) deps.onHit(struck.fault, call)
      deps.onSend(call)
      deps.onStage(replica.name, 'F01')
      trace.add(
        `${scheduler.nowMs()} ${replica.name} ${call.method} ${call.path} ${struck?.fault ?? ''}`,
      )
      const [thereMs, backMs] = [latencyMs(), latencyMs() + (hit?.kind === 'slow' ? hit.ms : 0)]
      const { promise, resolve, reject } = Promise.withResolvers<Response>()
      scheduler.at(scheduler.nowMs() + thereMs, async () => {
        try {
          const response = await perform(request, call, hit)
          deps.onStage(replica.name, 'F02')
          const { status } = response
          replica.at(scheduler.nowMs() + backMs, () => {
            trace.add(`${scheduler.nowMs()} ${replica.name} ${status}`)
            deps.onStage(replica.name, 'F03')
            deps.onHeard(call, response)
            resolve(response)
          })
        } catch (error) {
          if (error instanceof Hanging) return
          if (!(error instanceof AnswerLost)) scheduler.fail(error)
          replica.at(scheduler.nowMs() + backMs, () => {
            trace.add(`${scheduler.nowMs()} ${replica.name} cut`)
            reject(error)
          })
        }
      })
      return promise
    }

  return {
    fetchOf,
    setStorms: (blowing: Storm[]) => {
      storms = blowing
    },
  }
}

/** Of a `Response` what we look at; a whole one costs more than all else about a call. */
const answerOf = (text: string, status = 200, headers = new Headers()) =>
  ({ status, headers, body: text ? [Buffer.from(text)] : null }) as unknown as Response

class Hanging extends Error {}
