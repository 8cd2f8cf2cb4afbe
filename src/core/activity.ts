// The audit as people read it: one change for each write that was asked for, with its cause and with
// what came of it.

type Written = {
  number: number
  at: Date
  task: string
  subject: string
  action: string
  target: Record<string, string>
  result: string
}

export const causeKinds = ['webhook', 'comparison', 'date', 'admin'] as const
export type CauseKind = (typeof causeKinds)[number]

/** `detail`: the event of a webhook, or the admin's id at Cobot. */
export type Cause = { kind: CauseKind | 'held'; detail: string }

export const causeOf = (cause: string): Cause => {
  const [word = '', detail = ''] = cause.split(/ (.*)/s)
  if (word === 'webhook' || word === 'admin') return { kind: word, detail }
  if (word === 'date') return { kind: 'date', detail }
  return { kind: word === 'guard' ? 'held' : 'comparison', detail }
}

/** `code`: SALTO's number for why it said no. */
export type Outcome = {
  state: 'done' | 'refused' | 'failed' | 'underWay' | 'unknown'
  code: string
}

export type Hours = { startsAt: Date; endsAt: Date }

/** A write of the audit with what its ids mean. */
export type NamedChange = {
  at: Date
  about: 'person' | 'booking' | 'plan'
  /** The person, or the plan; null when nobody knows any more. */
  name: string | null
  booking: (Hours & { resource: string | null }) | null
  action: string
  target: Record<string, string>
  names: { group: string | null; lock: string | null; tag: string | null }
  hours: Hours | null
  cause: Cause & { admin: string | null }
  isInvitation: boolean
}
export type ActivityLine = NamedChange & { outcome: Outcome }

/** No call takes longer, so that what has no answer by then was cut short. */
const underWayMs = 2 * 60_000

export const outcomeOf = (asked: Written, answer: Written | undefined, now: Date): Outcome => {
  const isRecent = now.getTime() - asked.at.getTime() < underWayMs
  if (!answer) return { state: isRecent ? 'underWay' : 'unknown', code: '' }
  const [word, , code = ''] = answer.result.split(' ')
  if (word === 'done') return { state: 'done', code }
  return { state: word === 'Refused' ? 'refused' : 'failed', code }
}

/**
 * The answer to each write that was asked for, by its number. A write whose process died has none; the
 * one that was made in its place comes later and has its own.
 */
export const answersTo = <W extends Written>(rows: readonly W[]): Map<number, W> => {
  const open: W[] = []
  const answers = new Map<number, W>()
  for (const row of rows.toSorted((a, b) => a.number - b.number)) {
    if (row.result === 'asked') {
      open.push(row)
      continue
    }
    const at = open.findLastIndex((asked) => isAnswer(row, asked))
    const [asked] = at < 0 ? [] : open.splice(at, 1)
    if (asked) answers.set(asked.number, row)
  }
  return answers
}

const isAnswer = (row: Written, asked: Written): boolean =>
  row.task === asked.task &&
  row.subject === asked.subject &&
  row.action === asked.action &&
  Object.entries(asked.target).every(([key, value]) => row.target[key] === value)

/** The hours of a booking as the reason of its writes names them: the site's wall clock, and its zone. */
export const hoursIn = (reason: string | null) => {
  const [, startLocal, endLocal, zone] =
    /^booking \S+ (\d{4}-\S+?)\/(\d{4}-\S+) (\S+)$/.exec(reason ?? '') ?? []
  return startLocal && endLocal && zone ? { startLocal, endLocal, zone } : null
}

/** The first membership that a reason rests on. */
export const membershipIn = (reason: string | null): string | null =>
  /(?:^| )([^\s/]+)\/[^\s/]*\/\d+\//.exec(reason ?? '')?.[1] ?? null
