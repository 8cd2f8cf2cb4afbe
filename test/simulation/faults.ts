// What can go wrong on the way, by class. A storm is one class for a while, on a part of the calls.
import { dayOf, laterDay, midnight } from '../support/oracle.ts'
import type { Chance } from './scheduler.ts'

/** What becomes of one call. `after`: the other side did the work first. */
export type Hit =
  | { kind: 'cut'; after: boolean }
  | { kind: 'hang'; after: boolean }
  | {
      kind: 'answer'
      status: number
      after: boolean
      body: string
      headers: Record<string, string>
    }
  | { kind: 'slow'; ms: number }
  | { kind: 'spoil'; how: (body: unknown) => unknown }
  | { kind: 'stale' }
  | { kind: 'twice' }

export type CallFacts = { side: 'cobot' | 'salto'; method: string; path: string }

export type Storm = {
  fault: string
  fromMs: number
  untilMs: number
  side: 'cobot' | 'salto' | 'both'
  /** The index of the space; both when absent. */
  space: number | null
  share: number
  part: RegExp | null
}

type Kind = {
  /** How likely a call is hit while the storm lasts. */
  shares: number[]
  minutes: [number, number]
  applies?: (call: CallFacts) => boolean
  hit: (chance: Chance, call: CallFacts) => Hit
}

const isRead = ({ method }: CallFacts) => method === 'GET'
const isWrite = (call: CallFacts) => !isRead(call)
/** What answers with several things. */
const isList = (call: CallFacts) =>
  isRead(call) &&
  /\/(memberships|plans|resources|bookings|subscriptions|users|access_groups|locks|tags|iqs|time_schedules|keys|roles)(\?|$)/.test(
    call.path,
  )
const isSingle = (call: CallFacts) =>
  isRead(call) && /\/(memberships|bookings|users|access_groups|tags)\/[\w-]+(\?|$)/.test(call.path)

const answer = (
  status: number,
  body = '',
  headers: Record<string, string> = {},
  after = false,
): Hit => ({ kind: 'answer', status, body, headers, after })

const inList = (body: unknown, change: (items: unknown[]) => unknown[]): unknown => {
  if (Array.isArray(body)) return change(body)
  const object = Object(body) as Record<string, unknown>
  for (const key of ['items', 'data'])
    if (Array.isArray(object[key])) return { ...object, [key]: change(object[key]) }
  return body
}

/** Somewhere in an answer, every value under one key becomes another. */
const replaceKey = (body: unknown, key: RegExp, value: unknown): unknown => {
  if (Array.isArray(body)) return body.map((each) => replaceKey(each, key, value))
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(
    Object.entries(body).map(([k, v]) => [k, key.test(k) ? value : replaceKey(v, key, value)]),
  )
}

const retryAfters = ['30', '0', '-5', '1000000000', 'soon', '']

export const kinds: Record<string, Kind> = {
  F11: { shares: [0.05, 0.3, 1], minutes: [1, 20], hit: () => ({ kind: 'hang', after: false }) },
  F12: { shares: [0.05, 0.3, 1], minutes: [1, 20], hit: () => ({ kind: 'hang', after: true }) },
  F13: {
    shares: [0.02, 0.2, 0.6],
    minutes: [2, 60],
    hit: (chance) => ({ kind: 'cut', after: chance.is(0.6) }),
  },
  F14: {
    shares: [0.1, 0.5, 1],
    minutes: [1, 60],
    hit: (chance) => answer(chance.pick([500, 502, 503, 504]), 'oops', {}, chance.is(0.3)),
  },
  F15: {
    shares: [0.02, 0.1, 0.5],
    minutes: [1, 20],
    hit: (chance) => {
      const retryAfter = chance.pick(retryAfters)
      return answer(429, '', retryAfter ? { 'Retry-After': retryAfter } : {})
    },
  },
  F16: {
    shares: [0.05, 0.3],
    minutes: [5, 40],
    hit: (chance) => ({ kind: 'slow', ms: chance.between(3000, 30_000) }),
  },
  F17: {
    shares: [0.02, 0.2],
    minutes: [2, 40],
    hit: (chance) => {
      switch (chance.whole(0, 4)) {
        case 0:
          return answer(200, '<html>Down for maintenance</html>', { 'Content-Type': 'text/html' })
        case 1:
          return answer(200, '[{"id":"cut', { 'Content-Type': 'application/json' })
        case 2:
          return { kind: 'spoil', how: (body) => replaceKey(body, /^id$/, 17) }
        case 3: {
          const states = /^(subscription_state|status|installation_state|lock_type|code|type)$/
          return { kind: 'spoil', how: (body) => replaceKey(body, states, 'unheard_of') }
        }
        default:
          return { kind: 'spoil', how: (body) => replaceKey(body, /^(items|data)$/, null) }
      }
    },
  },
  F18: {
    shares: [0.05, 0.5],
    minutes: [1, 20],
    hit: () => answer(302, '', { Location: 'https://elsewhere.example/' }),
  },
  F19: { shares: [0.1, 1], minutes: [1, 30], hit: () => ({ kind: 'cut', after: false }) },
  F20: { shares: [1], minutes: [5, 120], hit: () => answer(503, '') },
  F21: { shares: [0.3, 1], minutes: [5, 60], applies: isRead, hit: () => ({ kind: 'stale' }) },
  F22: {
    shares: [0.05, 0.3],
    minutes: [5, 40],
    applies: isList,
    hit: (chance) => {
      const [at, isTwice] = [chance.fraction(), chance.is(0.5)]
      return {
        kind: 'spoil',
        how: (body) =>
          inList(body, (items) =>
            items.flatMap((item, index) =>
              index !== Math.floor(at * items.length) ? [item] : isTwice ? [item, item] : [],
            ),
          ),
      }
    },
  },
  F23: {
    shares: [0.1, 0.5, 1],
    minutes: [1, 30],
    applies: isList,
    hit: () => ({
      kind: 'spoil',
      how: (body) =>
        replaceKey(
          inList(body, () => []),
          /^next_page_link$/,
          null,
        ),
    }),
  },
  F24: {
    shares: [0.1, 0.5, 1],
    minutes: [1, 30],
    applies: isSingle,
    hit: () => answer(404, '{"ErrorCode":"1404","message":"Not found"}'),
  },
  F25: {
    shares: [0.3, 1],
    minutes: [1, 40],
    hit: (_, { side }) =>
      answer(403, side === 'cobot' ? '{"message":"Forbidden"}' : '{"ErrorCode":"2203"}'),
  },
  // Creates are rare: only a long storm meets some.
  F26: {
    shares: [0.5, 1],
    minutes: [60, 480],
    applies: ({ method, side }) => method === 'POST' && side === 'salto',
    hit: () => ({ kind: 'twice' }),
  },
  F27: {
    shares: [0.3, 1],
    minutes: [10, 120],
    applies: (call) => isWrite(call) && call.side === 'salto' && !/\/identity\//.test(call.path),
    hit: (chance) => answer(409, '{"ErrorCode":"1409"}', {}, chance.is(0.3)),
  },
}

const parts: (RegExp | null)[] = [null, null, null, /memberships/, /bookings/, /users/, /groups/]

/** When and where each class that this seed has blows. */
export const planStorms = (
  chance: Chance,
  faults: readonly string[],
  span: { fromMs: number; untilMs: number },
): Storm[] =>
  faults.flatMap((fault) => {
    const kind = kinds[fault]
    if (!kind) return []
    return Array.from({ length: chance.whole(2, 4) }, () => {
      const fromMs = chance.between(span.fromMs, span.untilMs)
      const lastsMs = chance.between(...kind.minutes) * 120_000
      return {
        fault,
        fromMs,
        untilMs: Math.min(fromMs + lastsMs, span.untilMs),
        side: chance.pick(['cobot', 'salto', 'salto', 'both'] as const),
        space: chance.pick([0, 1, null]),
        share: chance.pick(kind.shares),
        part: chance.pick(parts),
      }
    })
  })

/** Cobot is away for whole nights, in which ends come that are known. */
export const planNights = (
  chance: Chance,
  spaces: readonly { index: number; zone: string }[],
  startMs: number,
): Storm[] =>
  spaces
    .filter(() => chance.is(0.5))
    .map(({ index, zone }) => {
      const nightMs = midnight(laterDay(dayOf(new Date(startMs), zone), 1), zone).getTime()
      return {
        fault: 'F20',
        side: 'cobot',
        space: index,
        share: 1,
        part: null,
        fromMs: nightMs - chance.between(5, 240) * 60_000,
        untilMs: nightMs + chance.between(10, 360) * 60_000,
      }
    })

/** The first storm that hits a call, and how. */
export const strike = (
  storms: readonly Storm[],
  chance: Chance,
  call: CallFacts & { space: number | null },
  nowMs: number,
): { fault: string; hit: Hit } | null => {
  for (const { fault, fromMs, untilMs, side, space, share, part } of storms) {
    if (nowMs < fromMs || nowMs >= untilMs) continue
    if (side !== 'both' && side !== call.side) continue
    if (space !== null && space !== call.space) continue
    const kind = kinds[fault]
    if (!kind || (part && !part.test(call.path)) || (kind.applies && !kind.applies(call))) continue
    if (chance.is(share)) return { fault, hit: kind.hit(chance, call) }
  }
  return null
}
