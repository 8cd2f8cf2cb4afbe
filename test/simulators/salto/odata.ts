// The part of OData that integrations are seen to use: comparisons, `and or not`, three string
// functions, nested paths, ordering, and paging by the server. Everything else is refused.
import { invalidQuery } from './errors.ts'

type Row = Record<string, unknown>
type Value = string | number | boolean | null

export type Page<T> = { items: T[]; next_page_link: string | null; count: number | null }

/** One page of `rows` as the query asks; `url` is the absolute address of this very page. */
export const pageOf = <T extends object>(rows: T[], url: URL, pageSize: number): Page<T> => {
  const query = url.searchParams
  const found = orderBy(filterBy(rows, query.get('$filter')), query.get('$orderby'))
  const skip = wholeNumber(query.get('$skip')) ?? 0
  const top = wholeNumber(query.get('$top'))
  const size = Math.min(pageSize, top ?? pageSize)
  const wanted = Math.min(found.length, top === null ? found.length : skip + top)
  const items = found.slice(skip, skip + size)
  return {
    items,
    next_page_link: skip + size < wanted ? nextLink(url, skip + size, top && top - size) : null,
    count: query.get('$inlinecount') === 'allpages' ? found.length : null,
  }
}

const nextLink = (url: URL, skip: number, top: number | null) => {
  const next = new URL(url)
  next.searchParams.set('$skip', String(skip))
  if (top !== null) next.searchParams.set('$top', String(top))
  return next.href
}

const wholeNumber = (text: string | null) => {
  if (text === null) return null
  if (!/^\d+$/.test(text)) throw invalidQuery(`'${text}' is not a number of results`)
  return Number(text)
}

export const orderBy = <T extends object>(rows: T[], text: string | null): T[] => {
  if (!text) return rows
  const [, path, direction] = /^\s*([\w/]+)(?:\s+(asc|desc))?\s*$/.exec(text) ?? []
  if (!path) throw invalidQuery(`cannot order by '${text}'`)
  const sign = direction === 'desc' ? -1 : 1
  return rows.toSorted((a, b) => sign * compare(valueAt(a, path), valueAt(b, path)))
}

const compare = (a: unknown, b: unknown) => {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return (a as string) < (b as string) ? -1 : 1
}

const valueAt = (row: object, path: string): unknown => {
  let value: unknown = row
  for (const part of path.split('/')) {
    if (value === null) return null
    if (typeof value !== 'object' || !(part in (value as Row))) {
      throw invalidQuery(`there is no '${path}' to filter or order by`)
    }
    value = (value as Row)[part]
  }
  return value
}

export const filterBy = <T extends object>(rows: T[], text: string | null): T[] => {
  if (!text) return rows
  const matches = parseFilter(text)
  return rows.filter((row) => matches(row))
}

type Predicate = (row: object) => boolean

const TOKEN = /\s*(?:(datetime)?'((?:[^']|'')*)'|([(),])|([\w/.:+-]+))/iy

type Token = { kind: 'text' | 'sign' | 'word'; text: string }

const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = []
  const trimmed = text.trim()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed)
    if (!match) throw invalidQuery(`cannot read the filter '${text}'`)
    const [, , quoted, sign, word] = match
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
    else tokens.push({ kind: 'word', text: word ?? '' })
  }
  return tokens
}

const COMPARISONS: Record<string, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
}

const FUNCTIONS: Record<string, (text: string, part: string) => boolean> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
}

const parseFilter = (text: string): Predicate => {
  const tokens = tokensOf(text)
  const fail = () => invalidQuery(`cannot read the filter '${text}'`)
  const next = () => {
    const token = tokens.shift()
    if (!token) throw fail()
    return token
  }
  const isNext = (wanted: string) =>
    tokens[0] !== undefined && tokens[0].kind !== 'text' && tokens[0].text === wanted
  const expect = (sign: string) => {
    if (!isNext(sign)) throw fail()
    tokens.shift()
  }

  const parseOr = (): Predicate => {
    let left = parseAnd()
    while (isNext('or')) {
      tokens.shift()
      const [a, b] = [left, parseAnd()]
      left = (row) => a(row) || b(row)
    }
    return left
  }

  const parseAnd = (): Predicate => {
    let left = parseOne()
    while (isNext('and')) {
      tokens.shift()
      const [a, b] = [left, parseOne()]
      left = (row) => a(row) && b(row)
    }
    return left
  }

  const parseOne = (): Predicate => {
    if (isNext('not')) {
      tokens.shift()
      const inner = parseOne()
      return (row) => !inner(row)
    }
    if (isNext('(')) {
      tokens.shift()
      const inner = parseOr()
      expect(')')
      return inner
    }
    const word = next()
    if (word.kind !== 'word') throw fail()
    if (isNext('(')) return parseCall(word.text)
    const holds = COMPARISONS[next().text]
    if (!holds) throw fail()
    const wanted = literal(next())
    return (row) => holds(compare(comparable(valueAt(row, word.text)), comparable(wanted)))
  }

  const parseCall = (name: string): Predicate => {
    const call = FUNCTIONS[name]
    if (!call) throw fail()
    expect('(')
    const path = next()
    expect(',')
    const part = next()
    expect(')')
    if (path.kind !== 'word' || part.kind !== 'text') throw fail()
    return (row) => call(String(valueAt(row, path.text) ?? ''), part.text)
  }

  const literal = ({ kind, text: word }: Token): Value => {
    if (kind === 'text') return word
    if (kind === 'sign') throw fail()
    if (word === 'null') return null
    if (word === 'true' || word === 'false') return word === 'true'
    if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word)
    if (/^[0-9a-f]{8}-/i.test(word) || /^\d{4}-\d\d-\d\dT/.test(word)) return word
    throw fail()
  }

  const predicate = parseOr()
  if (tokens.length) throw fail()
  return predicate
}

/** Instants are compared as instants, whichever way they are written. */
const comparable = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? Date.parse(value) : value
