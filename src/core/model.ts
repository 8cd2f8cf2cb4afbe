// What Cobot and SALTO KS tell us, in our words. Made by `cobot/parse.ts` and `salto/parse.ts`.
import type * as id from './ids.ts'

/** A calendar day, `YYYY-MM-DD`, in the space's time zone. */
export type LocalDate = string
/** A wall-clock reading in the site's time zone, `YYYY-MM-DDTHH:mm:ss`, no offset. */
export type LocalDateTime = string

// Cobot ------------------------------------------------------------------------------------------

export type Space = {
  spaceId: id.SpaceId
  subdomain: string
  name: string
  timeZone: string
  locale: string
  hourFormat: 12 | 24
}

/**
 * Switches of a space. `lastDayIncluded`: may a member open the door on `canceled_to` itself (R19)?
 * `connectNew`: new members are connected by themselves (D9). `visitors`: approved external bookings
 * give access (C5). `invite`: admins may let SALTO invite members to its app (D4).
 */
export const switches = ['lastDayIncluded', 'connectNew', 'visitors', 'invite'] as const
/** What Map resources proposes for a resource that nobody has decided on. */
export const proposedMinutes = ['minutesBefore', 'minutesAfter'] as const
export type Settings = { lastDayIncluded: boolean } & Partial<
  Record<(typeof switches)[number], boolean> & Record<(typeof proposedMinutes)[number], number>
>

export type Plan = { planId: id.PlanId; name: string; hidden: boolean }

/** The copy of a plan inside a membership; `planId` is null for team and custom plans. */
export type MembershipPlan = {
  planId: id.PlanId | null
  name: string
  canceledTo: LocalDate | null
}

export type Membership = {
  membershipId: id.MembershipId
  name: string | null
  email: string | null
  cobotUserId: id.CobotUserId | null
  teamId: string | null
  plan: MembershipPlan
  upcomingPlan: MembershipPlan | null
  confirmedAt: Date | null
  startsOn: LocalDate
  canceledTo: LocalDate | null
}

export type Resource = { resourceId: id.ResourceId; name: string }

export type ExternalBooking = {
  externalBookingId: id.ExternalBookingId
  status: 'pending' | 'approved' | 'canceled' | 'unknown'
  name: string | null
}

export type Booking = {
  bookingId: id.BookingId
  resourceId: id.ResourceId
  membershipId: id.MembershipId | null
  external: ExternalBooking | null
  startsAt: Date
  endsAt: Date
  title: string | null
}

/** The person behind a user token. `adminOf` holds subdomains, and the person's name as an admin there. */
export type CobotUser = {
  cobotUserId: id.CobotUserId
  email: string
  adminOf: { subdomain: string; name: string }[]
}

export type NavigationLink = {
  section: string
  label: string
  iframeUrl: string
  /** The API's address of the link, for deleting it. */
  url: string
  /** The page in Cobot that shows our frame. */
  userUrl: string
}

export type WebhookSubscription = {
  subscriptionId: string
  event: string
  callbackUrl: string
  active: boolean
}

// SALTO KS ---------------------------------------------------------------------------------------

export type Site = {
  siteId: id.SiteId
  name: string
  timeZone: string | null
  subscriptionValid: boolean
  /** null means unlimited. */
  seatsAllowed: number | null
  /** null when the answer does not say (lists). */
  seatsUsed: number | null
  installationState: 'released' | 'installation' | 'self_installed' | 'unknown'
  ownerSaltoUserId: id.SaltoUserId | null
  pinEnabled: boolean
}

export type Role = { roleId: id.RoleId; code: string; hierarchical: boolean }

export type SiteUser = {
  siteUserId: id.SiteUserId
  saltoUserId: id.SaltoUserId
  firstName: string
  lastName: string
  email: string | null
  alias: string | null
  tagNumber: string | null
  blocked: boolean
  seat: 'subscribed' | 'suspended' | 'unknown'
  roles: Role[]
  hasProfile: boolean
  usePin: boolean
}

export type Tag = {
  tagId: id.TagId
  /** The printed number, leading zeros kept. */
  number: string
  blocked: boolean
  podTag: boolean
  holder: { siteUserId: id.SiteUserId; name: string } | null
}

export type Key = {
  keyId: id.KeyId
  type: 'tag' | 'mkey' | 'pin' | 'wallet' | 'unknown'
  /** For a tag key the tag's id. */
  credentialId: string
  blocked: boolean
}

export type Lock = { lockId: id.LockId; name: string; lockType: string; online: boolean }

export type AccessGroup = {
  accessGroupId: id.AccessGroupId
  name: string
  lockCount: number | null
}

export type GroupAccess = {
  accessGroupId: id.AccessGroupId
  lockIds: id.LockId[]
  schedules: TimeSchedule[]
}

export type TimeSchedule = {
  timeScheduleId: id.TimeScheduleId
  /** Monday first. */
  weekdays: boolean[]
  startTime: string
  endTime: string
  startLocal: LocalDateTime | null
  endLocal: LocalDateTime | null
}
