// What the played SALTO KS remembers, and the few things that change more than one part of it.
import type { Ports } from '../../../src/core/ports.ts'
import { forbidden, invalid, KsError, notFound } from './errors.ts'
import type { Schedule } from './schedule.ts'

/** Somebody on the platform, across all sites. Without a password there is no login. */
export type Person = {
  saltoUserId: string
  /** What tokens call the person; equals no other id. */
  subject: string
  firstName: string
  lastName: string
  email: string | null
  password: string | null
  hasProfile: boolean
  /** The site that owns the personal data of somebody without a profile. */
  managedBy: string | null
  tagId: string | null
}

export type SiteUser = {
  siteUserId: string
  saltoUserId: string
  alias: string | null
  roleCodes: string[]
  blocked: boolean
  subscriptionState: 'subscribed' | 'suspended'
  flags: Record<(typeof USER_FLAGS)[number], boolean>
  key: Key | null
  /** `expiresAt`: null never ends. */
  pin: { digits: string; expiresAt: number | null } | null
  createdAt: number
}

export const USER_FLAGS = [
  'toggle_easy_office_mode',
  'toggle_manual_office_mode',
  'override_privacy_mode',
  'use_pin',
] as const

/** A fob. It belongs to one site; its holder carries it in all of them. */
export type Tag = {
  tagId: string
  siteId: string
  number: string
  blocked: boolean
  isPodTag: boolean
  createdAt: number
  holder: string | null
}

/** What links a site user and a tag. */
export type Key = {
  keyId: string
  tagId: string
  blocked: boolean
  offlineAccess: boolean
  registeredAt: number
}

export type Lock = {
  lockId: string
  name: string
  type: string
  /** The tags a lock cut off from its hub still knows; null while it is online. */
  offlineTags: string[] | null
}

/** `users` are platform ids. */
export type Group = {
  groupId: string
  name: string
  users: string[]
  locks: string[]
  schedules: Schedule[]
}

export type Entry = {
  entryId: string
  at: number
  category: 'lock_opened' | 'lock_rejected'
  detail: string | null
  lockId: string
  saltoUserId: string | null
  accessBy: 'tag' | 'mkey' | 'pin_code'
  accessDetail: string | null
}

export type Site = {
  siteId: string
  uid: string
  name: string
  countryCode: string
  timeZone: string
  /** null is unlimited. */
  seats: number | null
  ownerId: string
  installationState: 'installation' | 'released' | 'self_installed'
  subscriptionValid: boolean
  pinEnabled: boolean
  iq: { iqId: string; name: string; offlineSince: number | null }
  users: Map<string, SiteUser>
  /** The same by platform id. */
  bySaltoUserId: Map<string, SiteUser>
  locks: Map<string, Lock>
  groups: Map<string, Group>
  entries: Entry[]
}

/** What is not known of the real service, to be played either way. */
export type Switches = {
  pageSize: number
  bareArrayOfSites: boolean
  numericErrorCode: boolean
  schedulesInV12: boolean
  existingEmail: 'reject' | 'link'
  tagUnassign: 'null' | 'empty'
  createdStatus: 200 | 201
  reuseRevokesFamily: boolean
}

export type Invitation = { to: string; siteId: string; saltoUserId: string; at: string }

export type State = {
  people: Map<string, Person>
  sites: Map<string, Site>
  tags: Map<string, Tag>
  outbox: Invitation[]
  switches: Switches
  /** How long a new site user is not yet known everywhere. */
  consistencyMs: number
  lag: { memberMs: number; scheduleMs: number }
  /** Successful API requests other than GET. */
  writes: number
  now(): number
  newId(): string
  newDigits(): string
}

export const createState = ({ clock, random }: Ports): State => ({
  people: new Map(),
  sites: new Map(),
  tags: new Map(),
  outbox: [],
  switches: {
    pageSize: 20,
    bareArrayOfSites: false,
    numericErrorCode: false,
    schedulesInV12: false,
    existingEmail: 'reject',
    tagUnassign: 'null',
    createdStatus: 200,
    reuseRevokesFamily: false,
  },
  consistencyMs: 0,
  lag: { memberMs: 0, scheduleMs: 0 },
  writes: 0,
  now: () => clock.now().getTime(),
  newId: () => {
    const bytes = random.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return Buffer.from(bytes)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  },
  newDigits: () => String(Buffer.from(random.bytes(4)).readUInt32BE() % 1_000_000).padStart(6, '0'),
})

/** Ids as seen on two unrelated sites of the real service, and two invented ones. */
export const ROLES = {
  site_admin: {
    id: '7d53b0b3-3ef7-11e8-9f1c-0050568d6e36',
    name: 'Site Admin',
    hierarchical: true,
  },
  site_user: { id: '8f6081a3-80fb-11e8-a892-000d3a221c5b', name: 'Site User', hierarchical: true },
  site_mobile_user: {
    id: '9df437bb-80fb-11e8-a892-000d3a221c5b',
    name: 'Mobile User',
    hierarchical: false,
  },
  site_remote_office_mode_user: {
    id: 'a3c1f0de-80fb-11e8-a892-000d3a221c5b',
    name: 'Remote Office Mode User',
    hierarchical: false,
  },
} as const

export const roleOf = (code: string) =>
  Object.entries(ROLES).find(([known]) => known === code)?.[1] ?? null

export const personByEmail = (state: State, email: string) =>
  [...state.people.values()].find((p) => p.email?.toLowerCase() === email.toLowerCase()) ?? null

export const siteUserOf = (site: Site, saltoUserId: string) =>
  site.bySaltoUserId.get(saltoUserId) ?? null

export const tagOf = (state: State, saltoUserId: string) =>
  state.tags.get(state.people.get(saltoUserId)?.tagId ?? '') ?? null

export const seatsTaken = (site: Site) =>
  [...site.users.values()].filter((user) => user.subscriptionState === 'subscribed').length

export const hasFreeSeat = (site: Site) => site.seats === null || seatsTaken(site) < site.seats

/** Newly created and not yet known everywhere. */
export const isSettling = (state: State, user: SiteUser) =>
  state.now() < user.createdAt + state.consistencyMs

/** The site with this id, for controls and pages. */
export const siteAt = (state: State, siteId: string) => {
  const site = state.sites.get(siteId)
  if (!site) throw notFound('Site')
  return site
}

/** Adds a person to a site. Without a free seat that works too: the person is suspended. */
export const addToSite = (
  state: State,
  site: Site,
  person: Person,
  given: Pick<SiteUser, 'alias' | 'roleCodes'> & Partial<Pick<SiteUser, 'blocked' | 'flags'>>,
) => {
  const user: SiteUser = {
    siteUserId: state.newId(),
    saltoUserId: person.saltoUserId,
    blocked: false,
    flags: {
      toggle_easy_office_mode: false,
      toggle_manual_office_mode: false,
      override_privacy_mode: false,
      use_pin: false,
    },
    ...given,
    subscriptionState: hasFreeSeat(site) ? 'subscribed' : 'suspended',
    key: person.tagId === null ? null : newKey(state, person.tagId),
    pin: null,
    createdAt: state.now(),
  }
  site.users.set(user.siteUserId, user)
  site.bySaltoUserId.set(user.saltoUserId, user)
  return user
}

/** Takes a person out of a site: out of its groups, off its tags, free the seat. */
export const removeFromSite = (state: State, site: Site, user: SiteUser) => {
  if (user.saltoUserId === site.ownerId) throw forbidden('The owner cannot be removed')
  for (const group of site.groups.values()) {
    group.users = group.users.filter((saltoUserId) => saltoUserId !== user.saltoUserId)
  }
  const tag = tagOf(state, user.saltoUserId)
  if (tag?.siteId === site.siteId) unassignTag(state, tag)
  site.users.delete(user.siteUserId)
  site.bySaltoUserId.delete(user.saltoUserId)
  const person = state.people.get(user.saltoUserId)
  const isElsewhere = [...state.sites.values()].some((other) => siteUserOf(other, user.saltoUserId))
  if (person && !person.hasProfile && !isElsewhere) state.people.delete(person.saltoUserId)
}

/** A tag has one holder, a person one tag: a new one takes the old one's place. */
export const assignTag = (state: State, site: Site, user: SiteUser, tagId: string) => {
  const tag = state.tags.get(tagId)
  if (!tag || tag.siteId !== site.siteId) throw notFound('Tag')
  if (tag.holder === user.saltoUserId) return
  if (tag.holder) throw invalid('The tag is already assigned')
  if (tag.isPodTag) throw invalid('The tag is reserved for a pod')
  const old = tagOf(state, user.saltoUserId)
  if (old && old.siteId !== site.siteId) throw invalid('The user carries a tag of another site')
  if (old) unassignTag(state, old)
  tag.holder = user.saltoUserId
  const person = state.people.get(user.saltoUserId)
  if (person) person.tagId = tagId
  for (const each of state.sites.values()) {
    const there = siteUserOf(each, user.saltoUserId)
    if (there) there.key = newKey(state, tagId)
  }
}

const newKey = (state: State, tagId: string): Key => ({
  keyId: state.newId(),
  tagId,
  blocked: false,
  offlineAccess: false,
  registeredAt: state.now(),
})

export const unassignTag = (state: State, tag: Tag) => {
  const person = tag.holder === null ? undefined : state.people.get(tag.holder)
  if (!person) return
  tag.holder = null
  person.tagId = null
  for (const site of state.sites.values()) {
    const user = siteUserOf(site, person.saltoUserId)
    if (user) user.key = null
  }
}

export const setSubscription = (site: Site, user: SiteUser, state: 'subscribed' | 'suspended') => {
  if (state === 'subscribed' && user.subscriptionState !== 'subscribed' && !hasFreeSeat(site)) {
    throw new KsError(403, '2212', 'There is no free subscription')
  }
  user.subscriptionState = state
}

export const takesPin = ({ type }: Lock) => type === 'escutcheon_pin' || type === 'wall_reader_pin'

const dayMs = 24 * 3_600_000

/** A new PIN in place of the one before. */
export const makePin = (
  state: State,
  site: Site,
  user: SiteUser,
  expiresAt: number | null,
): string => {
  if (!site.pinEnabled || !user.flags.use_pin || ![...site.locks.values()].some(takesPin))
    throw forbidden('PIN is not enabled')
  const lives = expiresAt === null ? dayMs : expiresAt - state.now()
  if (!(lives >= dayMs && lives <= 365 * dayMs)) throw invalid('expiry_date is not valid')
  const digits = state.newDigits()
  if ([...site.users.values()].some(({ pin }) => pin?.digits === digits))
    return makePin(state, site, user, expiresAt)
  user.pin = { digits, expiresAt }
  return digits
}

export const invite = (state: State, site: Site, person: Person) => {
  if (!person.email || person.hasProfile) return
  state.outbox.push({
    to: person.email,
    siteId: site.siteId,
    saltoUserId: person.saltoUserId,
    at: new Date(state.now()).toISOString(),
  })
}
