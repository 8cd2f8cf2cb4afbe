// Ids are branded so that a site user's id can never be handed in where an access group wants the
// platform id behind it. They are born in a `parse.ts`, or in a table column.

declare const brand: unique symbol
export type Id<Name extends string> = string & { readonly [brand]: Name }

// Cobot
export type SpaceId = Id<'space'>
export type PlanId = Id<'plan'>
export type MembershipId = Id<'membership'>
export type CobotUserId = Id<'cobotUser'>
export type ResourceId = Id<'resource'>
export type BookingId = Id<'booking'>
export type ExternalBookingId = Id<'externalBooking'>

// SALTO KS
export type SiteId = Id<'site'>
/** A person in one site; used in every `/users/{id}` path. */
export type SiteUserId = Id<'siteUser'>
/** The person behind it on SALTO's platform; what access groups hold and list. */
export type SaltoUserId = Id<'saltoUser'>
export type RoleId = Id<'role'>
export type TagId = Id<'tag'>
export type KeyId = Id<'key'>
export type LockId = Id<'lock'>
export type AccessGroupId = Id<'accessGroup'>
export type TimeScheduleId = Id<'timeSchedule'>

// Ours
export type PairingId = Id<'pairing'>

/** Takes a string over as an id; only where data enters: parsers, routes, builders of tests. */
export const asId = <T extends Id<string>>(value: string): T => value as T
