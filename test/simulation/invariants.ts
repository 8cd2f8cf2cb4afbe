// What must hold, one function each, so that one can be switched off by its name. They look at the
// two systems and at what passed the ports; of our own data only at what an admin is shown.
import { createHash } from 'node:crypto'
import type { Task } from '../../src/core/problems.ts'
import type { SaltoSimulator } from '../simulators/salto/simulator.ts'
import { markerOf } from '../support/oracle.ts'
import type { Exchange } from './network.ts'
import type { Mismatch, SpaceModel, Truth } from './truth.ts'

export type Problem = {
  code: string
  subject: string
  params: Record<string, string>
  sinceMs: number
}
export type Accepted = { space: number; subject: string; event: string; atMs: number }

/** Longest time of a difference while all is well, and after something was not. */
export const limitsFor = (sweeps: { cobotMs: number; ksMs: number }) => ({
  removalMs: 90_000,
  grantMs: 90_000,
  /** Of an event that never came: the next sweep, and what follows from it. */
  lostMs: sweeps.cobotMs * 1.1 + 150_000,
  /** From the last blow on: the longest pause we were asked for, a probe, a sweep. */
  afterFaultMs: 20 * 60_000 + Math.max(sweeps.cobotMs, sweeps.ksMs) * 1.1,
  /** So long after the last blow a space is well again. */
  healedMs: 20 * 60_000 + Math.max(sweeps.cobotMs, sweeps.ksMs) * 1.1,
})
export type Limits = ReturnType<typeof limitsFor>

const wholeSpace = /^(P01|P02|P08|P11)$/
const isAbout =
  (person: string, { pairings, ...of }: Pick<Shown, 'pairings' | 'bookingsOf' | 'namesOf'>) =>
  ({ subject, params }: Problem) =>
    subject === `pairing:${pairings.get(person)}` ||
    (subject.startsWith('booking:') && of.bookingsOf(person).has(subject.slice(8))) ||
    [params.name ?? '', ...(params.names?.split(', ') ?? [])].some((name) =>
      of.namesOf(person).has(name),
    )

const late = (
  { sinceMs, kind, isDated }: Mismatch,
  space: SpaceModel,
  nowMs: number,
  limits: Limits,
): 'healthy' | 'dated' | 'lost' | 'afterFault' | null => {
  const wellSinceMs = space.disturbedAtMs + limits.healedMs
  if (
    isDated &&
    sinceMs > space.hinderedAtMs + limits.healedMs &&
    nowMs - sinceMs > limits.removalMs
  )
    return 'dated'
  if (nowMs - Math.max(sinceMs, space.disturbedAtMs) > limits.afterFaultMs) return 'afterFault'
  if (sinceMs < wellSinceMs) return null
  if (space.lostAtMs >= sinceMs - limits.lostMs)
    return nowMs - sinceMs > limits.lostMs ? 'lost' : null
  const limit = kind === 'removal' ? limits.removalMs : limits.grantMs
  return nowMs - sinceMs > limit ? 'healthy' : null
}

type Shown = {
  truth: Truth
  nowMs: number
  limits: Limits
  problems: readonly Problem[]
  pairings: ReadonlyMap<string, string>
  bookingsOf(person: string): ReadonlySet<string>
  /** A booking that is gone is still told with the name of whom it was for. */
  namesOf(person: string): ReadonlySet<string>
}

const overdue = (
  kind: Mismatch['kind'],
  { truth, nowMs, limits, ...shown }: Shown,
  excuse: RegExp,
): string[] => {
  const { space, mismatches } = truth
  const said: string[] = []
  for (const each of mismatches.values()) {
    if (each.kind !== kind || each.isTold || space.touched.has(each.person)) continue
    const why = late(each, space, nowMs, limits)
    if (!why) continue
    const about = isAbout(each.person, shown)
    const isShown = shown.problems.some(
      (p) => wholeSpace.test(p.code) || (excuse.test(p.code) && about(p)),
    )
    if (isShown) continue
    each.isTold = true
    const seconds = Math.round((nowMs - each.sinceMs) / 1000)
    said.push(`${space.subdomain} ${each.person} ${each.lockId}: for ${seconds} s (${why})`)
  }
  return said
}

/** Who opens a door was entitled to it lately, or an admin is told by name. */
export const I1 = (shown: Shown): string[] => overdue('removal', shown, /^(P10|P15|P16)$/)

/** Who is entitled to a door opens it soon, or a problem names them. */
export const I2 = (shown: Shown): string[] => overdue('grant', shown, /./)

/** Of a door that somebody is entitled to all along nothing takes them away, not for a moment. */
export const I2between = (
  space: SpaceModel,
  pairs: readonly string[],
  nowMs: number,
  limits: Limits,
) => {
  const wellSinceMs = Math.max(
    space.disturbedAtMs + limits.healedMs,
    space.lostAtMs + limits.lostMs,
  )
  return nowMs < wellSinceMs
    ? []
    : pairs.map((pair) => `${space.subdomain} ${pair}: closed although entitled all along`)
}

/** What is foreign is never written to: strangers, administrators, groups of others. */
export const I3 = (
  call: Exchange,
  space: SpaceModel | undefined,
  salto: SaltoSimulator,
  ours: Ours,
): string[] => {
  if (call.side !== 'salto' || call.method === 'GET' || /\/identity\//.test(call.path)) return []
  const said = (why: string) => [`${call.method} ${call.path}: ${why}`]
  if (!space) return said('not a site of ours')
  const [, kind, id, part, partId] =
    /\/sites\/[^/]+\/(users|access_groups)(?:\/([^/?]+))?(?:\/([^/?]+))?(?:\/([^/?]+))?/.exec(
      call.path,
    ) ?? []
  if (!kind) return said('neither a user nor a group')
  const isPersonOfOurs = (saltoUserId: string) => {
    const user = salto.users(space.siteId).find((each) => each.saltoUserId === saltoUserId)
    return !user || ours.isMarked(space, user.alias)
  }
  if (!id) return []
  if (kind === 'users') {
    const user = salto.users(space.siteId).find(({ siteUserId }) => siteUserId === id)
    if (!user) return []
    if (user.roles.includes('site_admin')) return said('an administrator')
    return ours.isMarked(space, user.alias) ? [] : said('a user of somebody else')
  }
  const group = salto.groups(space.siteId).find((each) => each.id === id)
  if (!group || ours.bookingGroups.has(group.name)) return []
  const isPlan = space.plans.some(({ name }) => name === group.name)
  if (!isPlan) return said(`a group of somebody else, ${group.name}`)
  if (part === 'users') {
    const wanted = partId ?? (JSON.parse(call.body || '{}') as { user_id?: string }).user_id ?? ''
    return isPersonOfOurs(wanted) ? [] : said('a stranger in a plan group')
  }
  const isMade = ours.madeGroups.has(group.id)
  return part === 'time_schedules' && isMade ? [] : said(`the plan group ${group.name} itself`)
}

export type Ours = {
  isMarked(space: SpaceModel, alias: string | null): boolean
  bookingGroups: ReadonlySet<string>
  madeGroups: ReadonlySet<string>
}

/** At rest there is one group per booking and one user per person. */
export const I4 = (space: SpaceModel, salto: SaltoSimulator): string[] => {
  const said: string[] = []
  const seen = new Set<string>()
  for (const { name } of salto
    .groups(space.siteId)
    .filter((each) => /^Cobot \d+$/.test(each.name))) {
    if (seen.has(name)) said.push(`${space.subdomain}: two groups ${name}`)
    seen.add(name)
  }
  for (const person of space.everConnected) {
    const marker = markerOf(person)
    const users = salto.users(space.siteId).filter(({ alias }) => alias?.endsWith(marker))
    if (users.length > 1) said.push(`${space.subdomain}: ${users.length} users for ${person}`)
  }
  return said
}

/** A webhook that was accepted has its subject read from Cobot afterwards. */
export const I5 = (accepted: readonly Accepted[], lastReadMs: (of: Accepted) => number): string[] =>
  accepted
    .filter((each) => lastReadMs(each) < each.atMs)
    .map(({ event, subject }) => `${event} ${subject} was accepted and never read`)

/** By the time a webhook is answered the mark is in the database. */
export const I5marked = (
  { spaceId, subdomain }: SpaceModel,
  subject: string,
  isDue: (work: { spaceId: string; task: Task; subject: string }) => boolean,
): string[] => {
  const [kind, id = ''] = subject.split(' ')
  const task = kind === 'bookings' ? 'readBooking' : 'readMembership'
  const isMarked = isDue({ spaceId, task, subject: id })
  return isMarked ? [] : [`${subdomain}: ${subject} was accepted before it was marked`]
}

/** Fine weather again: KS is as it should be, and stays as it is. */
export const I6 = (
  space: SpaceModel,
  differences: readonly string[],
  writes: readonly string[],
): string[] => [
  ...differences.map((each) => `${space.subdomain}: ${each}`),
  ...writes.map((each) => `${space.subdomain}: written although all was well: ${each}`),
]

/** Within an hour no more people lose what they are entitled to than the guard lets pass. */
export const I7 = (
  space: SpaceModel,
  losses: readonly { person: string; atMs: number }[],
  nowMs: number,
): string[] => {
  const lately = new Set(
    losses.filter(({ atMs }) => atMs > nowMs - 3600_000).map(({ person }) => person),
  )
  const allowed = Math.max(3, Math.floor(space.persons.size / 20))
  return lately.size > allowed
    ? [`${space.subdomain}: ${lately.size} people lost what they are entitled to within an hour`]
    : []
}

/** Every call carries the permission of the space it is about. */
export const I8 = (call: Exchange, target: number | null, owner: number | null): string[] =>
  call.authorization && target !== null && owner !== null && owner !== target
    ? [`${call.method} ${call.path} with the permission of another space`]
    : []

/** A permission is stored before it is used: else it is lost with the process. */
export const I8stored = (call: Exchange, isStored: (token: string) => boolean): string[] =>
  call.side === 'salto' &&
  call.authorization.startsWith('Bearer ') &&
  !isStored(call.authorization.slice('Bearer '.length))
    ? [`${call.method} ${call.path} with a permission that nobody stored`]
    : []

/** Every write to KS is in the audit, and nobody took a row out of its chain. */
export const I9 = (
  space: SpaceModel,
  rows: readonly Record<string, unknown>[],
  writes: number | null,
): string[] => {
  const mine = rows
    .filter((row) => row.space_id === space.spaceId)
    .sort((a, b) => Number(a.number) - Number(b.number))
  const said: string[] = []
  mine.forEach((row, index) => {
    if (Number(row.number) !== index + 1)
      said.push(`${space.subdomain}: audit row ${index + 1} is missing`)
  })
  const done = mine.filter(({ result }) => result === 'done').length
  if (writes !== null && done < writes)
    said.push(`${space.subdomain}: ${writes} writes to KS, ${done} of them in the audit`)
  return said.slice(0, 3)
}

/** No token and no address of a person in what is logged or stored in the open. */
export const I10 = (where: string, text: string, secrets: Iterable<string>): string[] => {
  for (const secret of secrets)
    if (text.includes(secret)) return [`a secret in ${where}: ${digest(secret)}`]
  return []
}
const digest = (secret: string) => createHash('sha256').update(secret).digest('hex').slice(0, 8)

/** Once all is well nothing is shown that is over. */
export const I11 = (space: SpaceModel, problems: readonly Problem[]): string[] =>
  problems
    .filter(({ code }) => !lasting.test(code))
    .map(({ code, subject }) => `${space.subdomain}: ${code} ${subject} is still shown`)
/** These say how things are, not that something failed. */
const lasting = /^(P09|P17|P18|P20|P22)$/

/** Cobot allows 60 calls in a minute, and 6 of the list of memberships. */
export const I12 = (space: string, sentMs: readonly number[], limit: number): string[] => {
  const last = sentMs.at(-1) ?? 0
  const inMinute = sentMs.filter((ms) => ms > last - 60_000).length
  return inMinute > limit ? [`${space}: ${inMinute} calls within a minute`] : []
}

/** Whoever is asked to pause pauses; a second or two are for what was on its way, and for clocks. */
export const I12pause = (call: Exchange, pausedUntilMs: number): string[] =>
  call.sentAtMs < pausedUntilMs - 2000
    ? [`${call.method} ${call.path}: ${pausedUntilMs - call.sentAtMs} ms before the pause is over`]
    : []

/** What is wrong with one space does not slow down the other. */
export const I13 = (shown: Shown, other: SpaceModel): string[] =>
  other.disturbedAtMs > shown.nowMs - 60 * 60_000 ? [...I1(shown), ...I2(shown)] : []
