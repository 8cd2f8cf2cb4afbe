import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ReconnectNeeded, Refused, RetryLater, Unavailable } from '../src/core/errors.ts'
import {
  type Call,
  createWire,
  oneOf,
  orNull404,
  path,
  readAs,
  readPages,
  remember,
} from '../src/wire.ts'
import { virtualClock } from './support/clock.ts'

const ADDRESS = 'https://api.example/things'
const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const clock = virtualClock('2026-03-09T08:00:00Z')
const ports = { clock, fetch: (request: Request) => fetch(request) }
const limits: number[] = []
const wire = createWire({
  side: 'salto',
  ports,
  limited: async (afterMs) => {
    limits.push(afterMs)
  },
})

const answerWith = (answer: () => Response | Promise<Response>) =>
  server.use(http.all(ADDRESS, answer))
const ask = (call: Partial<Call> = {}) => wire({ name: 'get things', url: ADDRESS, ...call })
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

test('gives status, headers and parsed body; an empty answer is null', async () => {
  answerWith(() => HttpResponse.json({ a: 1 }, { status: 201, headers: { 'x-request-id': 'r1' } }))
  const answer = await ask()
  expect(answer).toMatchObject({ status: 201, body: { a: 1 } })
  expect(answer.headers.get('x-request-id')).toBe('r1')
  answerWith(() => new HttpResponse(null, { status: 204 }))
  expect((await ask({ method: 'DELETE' })).body).toBeNull()
})

test('sends JSON and forms', async () => {
  const seen: string[] = []
  server.use(
    http.all(ADDRESS, async ({ request }) => {
      seen.push(`${request.method} ${request.headers.get('content-type')} ${await request.text()}`)
      return HttpResponse.json({})
    }),
  )
  await ask({ method: 'PATCH', json: { a: null, b: undefined } })
  await ask({ method: 'POST', form: { grant: 'a b' } })
  expect(seen[0]).toBe('PATCH application/json {"a":null}')
  expect(seen[1]).toMatch(/^POST application\/x-www-form-urlencoded.* grant=a\+b$/)
})

describe('an error is named by what we do next', () => {
  test.each([
    [400, { ErrorCode: 1101, Message: 'mia@mail.example' }, '1101'],
    [404, { ErrorCode: '2202', Message: 'User not found' }, '2202'],
    [400, { error: 'invalid_grant' }, 'invalid_grant'],
    [422, { errors: { label: 'blank' } }, null],
    [403, { error: 'A whole sentence about mia@mail.example' }, null],
    [405, 'not json', null],
  ])('%i is refused, with the code it came with', async (status, body, code) => {
    answerWith(() => HttpResponse.json(body, { status }))
    const error = await failure(ask())
    expect(error).toBeInstanceOf(Refused)
    expect(error).toMatchObject({ side: 'salto', status, code })
    expect(String(error)).not.toContain('mia')
  })

  test('401 asks for connecting again, even when it is empty', async () => {
    answerWith(() => new HttpResponse(null, { status: 401 }))
    expect(await failure(ask())).toBeInstanceOf(ReconnectNeeded)
  })

  test.each([500, 502, 504])('%i is unavailable', async (status) => {
    answerWith(() => new HttpResponse('<html>', { status }))
    const error = await failure(ask())
    expect(error).toBeInstanceOf(Unavailable)
    expect(String(error)).toContain(`get things: answered ${status}`)
  })

  test.each([
    [429, '7', 7_000],
    [503, '7', 7_000],
    [429, 'Mon, 09 Mar 2026 08:00:30 GMT', 30_000],
    [503, 'Mon, 09 Mar 2026 07:00:00 GMT', 1_000],
    [429, '0', 1_000],
    [429, '-5', 1_000],
    [429, '1000000000', 900_000],
    [429, '9'.repeat(400), 900_000],
    [429, '', 10_000],
    [503, '86400', 900_000],
    [429, 'soon', 10_000],
    [429, null, 10_000],
  ])('%i with Retry-After %s waits %i ms', async (status, retryAfter, afterMs) => {
    limits.length = 0
    const headers = retryAfter === null ? {} : { 'retry-after': retryAfter }
    answerWith(() => new HttpResponse(null, { status, headers }))
    const error = await failure(ask())
    expect(error).toBeInstanceOf(RetryLater)
    expect(error).toMatchObject({ afterMs })
    expect(limits).toEqual(status === 429 ? [afterMs] : [])
  })

  test('a redirect is not followed', async () => {
    answerWith(() => HttpResponse.redirect('https://elsewhere.example/', 302))
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
  })

  test('a page instead of JSON, a cut answer and a broken connection are unavailable', async () => {
    answerWith(() => new HttpResponse('<html>', { status: 200 }))
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
    answerWith(() => new HttpResponse('{"a": [1, 2', { status: 200 }))
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
    const broken = () =>
      new ReadableStream({
        start: (stream) => stream.enqueue(new TextEncoder().encode('{"a":')),
        pull: (stream) => stream.error(new Error('cut')),
      })
    answerWith(() => new HttpResponse(broken(), { status: 200 }))
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
    answerWith(() => HttpResponse.error())
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
  })

  test('no answer in time is unavailable, counted by the clock port', async () => {
    answerWith(() => new Promise(() => {}))
    const error = failure(ask())
    await clock.advance(14_999)
    await clock.advance(1)
    expect(await error).toBeInstanceOf(Unavailable)
    expect(String(await error)).toContain('no answer within 15000 ms')
  })

  test('a body that never ends is given up as well', async () => {
    answerWith(() => new HttpResponse(new ReadableStream({ pull: () => new Promise(() => {}) })))
    const error = failure(ask())
    await clock.advance(15_000)
    expect(await error).toBeInstanceOf(Unavailable)
  })

  test('a body that comes byte by byte, or is too large, is given up', async () => {
    let isOver = false
    const trickle = new ReadableStream<Uint8Array>({
      cancel: () => {
        isOver = true
      },
      pull: (stream) =>
        new Promise<void>((resolve) =>
          clock.after(1000, () => {
            if (!isOver) stream.enqueue(new Uint8Array([0x20]))
            resolve()
          }),
        ),
    })
    answerWith(() => new HttpResponse(trickle))
    const slow = failure(ask())
    await clock.advance(15_000)
    expect(String(await slow)).toContain('no answer within 15000 ms')
    expect(isOver).toBe(true)
    let sent = 0
    const flood = new ReadableStream<Uint8Array>({
      pull: (stream) => {
        sent += 1
        stream.enqueue(new Uint8Array(2 ** 20).fill(0x20))
      },
    })
    answerWith(() => new HttpResponse(flood))
    expect(await failure(ask())).toBeInstanceOf(Unavailable)
    expect(sent).toBeLessThan(30)
  })

  test('a time-out leaves no timer behind', async () => {
    answerWith(() => HttpResponse.json({}))
    await ask()
    await clock.advance(60_000)
  })
})

test('messages carry neither body, token nor address', async () => {
  const secret = 'tok-3f9'
  const url = `${ADDRESS}?email=mia@mail.example&token=${secret}`
  const headers = { authorization: `Bearer ${secret}` }
  for (const status of [200, 302, 400, 401, 429, 500]) {
    answerWith(() => new HttpResponse(`<p>${secret} mia@mail.example`, { status }))
    const error = await failure(ask({ url, headers, method: 'POST', form: { code: secret } }))
    expect(error).toBeInstanceOf(Error)
    const told = JSON.stringify([
      error,
      String(error),
      (error as Error).stack,
      Object.entries(error as Error),
    ])
    expect(told).not.toMatch(/tok-3f9|mia@|api\.example/)
    expect((error as Error).cause).toBeUndefined()
  }
})

test('absent is an answer', async () => {
  answerWith(() => HttpResponse.json({}, { status: 404 }))
  expect(await orNull404(ask())).toBeNull()
  answerWith(() => HttpResponse.json({}, { status: 403 }))
  expect(await failure(orNull404(ask()))).toBeInstanceOf(Refused)
})

test('ids in paths are escaped', () => {
  expect(path`/users/${'a/../b'}/keys/${'k?x'}`).toBe('/users/a%2F..%2Fb/keys/k%3Fx')
})

describe('a list', () => {
  const HERE = 'https://api.example/v1.1/tags?x=1'
  const readList = async (answers: Record<string, string | null>) => {
    const visited: string[] = []
    const items = await readPages(
      { side: 'salto', name: 'list tags', url: HERE },
      async ({ url }) => {
        visited.push(url)
        return {
          items: [{ id: url }],
          schema: z.object({ id: z.string() }),
          next: answers[url] ?? null,
        }
      },
    )
    return { visited, items }
  }

  test('goes on where its link says, on our own host', async () => {
    const second = 'https://api.example/v1.1/tags?%24skip=20'
    const third = 'https://api.example/v1.1/tags?page=3'
    const links = { [HERE]: 'https://evil.example/steal?%24skip=20', [second]: '/elsewhere?page=3' }
    expect(await readList(links)).toEqual({
      visited: [HERE, second, third],
      items: [HERE, second, third].map((id) => ({ id })),
    })
  })

  test('that goes in circles, or on for ever, is refused', async () => {
    await expect(readList({ [HERE]: '/v1.1/tags?x=1' })).rejects.toThrow(
      'list tags: list incomplete',
    )
    let number = 0
    const endless = async () => ({ items: [], schema: z.unknown(), next: `?page=${++number}` })
    const list = { side: 'salto' as const, name: 'list tags', url: HERE }
    await expect(readPages(list, endless)).rejects.toBeInstanceOf(Unavailable)
    expect(number).toBe(200)
  })
})

describe('reading', () => {
  const schema = z.object({
    someId: z.string(),
    inner: z.object({ level: z.number() }),
    kind: oneOf('a', 'b'),
  })

  test('keys come in camel case, unknown fields go, unknown values are unknown', () => {
    const body = { some_id: 'x', inner: { level: 1, more: 2 }, kind: 'new', extra: true }
    expect(readAs('salto', 'get thing', schema, body)).toEqual({
      someId: 'x',
      inner: { level: 1 },
      kind: 'unknown',
    })
  })

  test('a missing field names the call and the field', () => {
    const read = () => readAs('salto', 'get thing', schema, { inner: {}, kind: 'a' })
    expect(read).toThrow(Unavailable)
    expect(read).toThrow('get thing: answer lacks someId, inner.level')
    expect(() => readAs('salto', 'get thing', schema, null)).toThrow('answer lacks a body')
  })
})

test('what is remembered is read again when too old, and failures are not remembered', async () => {
  let reads = 0
  const get = remember(clock, async (key) => {
    reads += 1
    if (reads === 1) throw new Error('first')
    return `${key} ${reads}`
  })
  await expect(get('k', 1_000)).rejects.toThrow('first')
  expect(await get('k', 1_000)).toBe('k 2')
  await clock.advance(1_000)
  expect(await get('k', 1_000)).toBe('k 2')
  expect(await get('k', 500)).toBe('k 3')
})
