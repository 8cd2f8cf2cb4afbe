// What the played Cobot remembers. Dates without a time are `YYYY-MM-DD` in the space's zone.
import type { Ports } from '../../../src/core/ports.ts'
import { addDays, midnight } from './dates.ts'

export type User = { id: string; email: string; name: string }

export type Space = {
  id: string
  subdomain: string
  name: string
  timeZone: string
  locale: string
  hourFormat: 12 | 24
  ownerId: string
  adminIds: string[]
  /** Scopes an admin's permissions no longer cover, by user id. */
  cuts: Record<string, string[]>
  createdAt: Date
  suspended: boolean
  deleted: boolean
  externalBookings: boolean
}

export type Plan = { id: string; spaceId: string; name: string; hidden: boolean }

/** A membership's own copy of a plan; no `planId` for a team's own plan. */
export type PlanCopy = { planId: string | null; name: string; canceledTo: string | null }

export type Membership = {
  id: string
  spaceId: string
  name: string | null
  email: string | null
  phone: string | null
  userId: string | null
  teamId: string | null
  plan: PlanCopy
  upcomingPlan: PlanCopy | null
  /** When a scheduled plan last took over. */
  planChangedAt: Date | null
  confirmedAt: Date | null
  startsAt: string
  canceledTo: string | null
}

export type Resource = {
  id: string
  spaceId: string
  name: string
  description: string | null
  hidden: boolean
  usage: 'bookable' | 'allocatable'
  capacity: number | null
  units: number
}

export type Booking = {
  id: string
  spaceId: string
  resourceId: string
  membershipId: string | null
  externalBookingId: string | null
  recurringId: string | null
  eventId: string | null
  from: Date
  to: Date
  title: string | null
  /** The booker's name at the time of booking. */
  name: string | null
  createdAt: Date
  updatedAt: Date
}

export type ExternalBooking = {
  id: string
  spaceId: string
  resourceId: string
  from: Date
  to: Date
  title: string | null
  status: 'pending' | 'approved' | 'canceled'
  canceledBy: 'visitor' | 'space' | null
  name: string
  email: string
  numberOfVisitors: number
}

export type NavigationLink = {
  id: string
  spaceId: string
  clientId: string
  section: string
  label: string
  iframeUrl: string
}

export type Subscription = {
  id: string
  spaceId: string
  clientId: string
  userId: string
  event: string
  callbackUrl: string
  active: boolean
}

export type Activity = {
  spaceId: string
  at: Date
  text: string
  level: string
  channels: string[]
  sourceIds: string[]
}

/** With a `spaceId` it is a space token, and `userId` the admin it is assigned to at the moment. */
export type Token = {
  value: string
  userId: string
  clientId: string
  scopes: string[]
  spaceId: string | null
}

export type Code = {
  value: string
  clientId: string
  userId: string
  redirectUri: string
  scopes: string[]
  codeChallenge: string | null
  nonce: string | null
  /** The host the person was sent to: `www` or the space's. */
  subdomain: string | null
  expiresAt: Date
}

export type Client = {
  clientId: string
  clientSecret: string
  redirectUris: string[]
  name: string
}

export const createState = (now: Date) => ({
  users: new Map<string, User>(),
  spaces: new Map<string, Space>(),
  plans: new Map<string, Plan>(),
  memberships: new Map<string, Membership>(),
  resources: new Map<string, Resource>(),
  bookings: new Map<string, Booking>(),
  /** Recurring bookings that are not written yet. */
  laterBookings: [] as { at: Date; booking: Booking }[],
  externalBookings: new Map<string, ExternalBooking>(),
  navigationLinks: new Map<string, NavigationLink>(),
  subscriptions: new Map<string, Subscription>(),
  activities: [] as Activity[],
  tokens: new Map<string, Token>(),
  codes: new Map<string, Code>(),
  /** Logins of browsers, by the cookie's value: user ids. */
  logins: new Map<string, string>(),
  /** `userId clientId scope` */
  approvals: new Set<string>(),
  lastTick: now,
  issuer: 'space' as 'www' | 'space',
  canceledTo: 'exclusive' as 'exclusive' | 'inclusive',
  confirmedTiming: 'start' as 'confirmation' | 'start',
  links: 'relative' as 'relative' | 'absolute',
  frameSpaceId: false,
})

export type State = ReturnType<typeof createState>

/** Asked for something Cobot would not do. */
export class Impossible extends Error {}

export const must = <T>(thing: T | undefined, what: string): T => {
  if (thing === undefined) throw new Impossible(`no such ${what}`)
  return thing
}

export const hexId = (random: Ports['random'], length = 16) =>
  Buffer.from(random.bytes(length)).toString('hex')

export const spaceBySubdomain = (state: State, subdomain: string) =>
  [...state.spaces.values()].find((space) => space.subdomain === subdomain && !space.deleted)

export const of = <T extends { spaceId: string }>(things: Map<string, T>, spaceId: string): T[] =>
  [...things.values()].filter((thing) => thing.spaceId === spaceId)

/** The instant from which a membership or plan with this `canceled_to` is over. */
export const endOf = (state: State, canceledTo: string, zone: string) =>
  midnight(state.canceledTo === 'exclusive' ? canceledTo : addDays(canceledTo, 1), zone)

/** Lets scheduled plans take over whose date has come. */
export const settlePlans = (state: State, now: Date) => {
  for (const membership of state.memberships.values()) {
    const { plan, upcomingPlan } = membership
    if (!upcomingPlan || !plan.canceledTo) continue
    const space = must(state.spaces.get(membership.spaceId), 'space')
    const changesAt = endOf(state, plan.canceledTo, space.timeZone)
    if (changesAt > now) continue
    membership.plan = upcomingPlan
    membership.upcomingPlan = null
    membership.planChangedAt = changesAt
  }
}
