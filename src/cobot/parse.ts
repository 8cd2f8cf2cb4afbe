// Cobot's answers in our words. API 1 writes dates with slashes, API 2 in ISO 8601.
import { z } from 'zod'
import type * as id from '../core/ids.ts'
import type * as model from '../core/model.ts'
import { idOf, oneOf, orNull, textOrNull, unread } from '../wire.ts'

/** `2026/03/09` or `2026-03-09` → `2026-03-09`; days that do not exist are refused. */
export const localDate = z
  .string()
  .transform((text) => text.replace(/^(\d{4})\/(\d{2})\/(\d{2})$/, '$1-$2-$3'))
  .pipe(z.iso.date())

const SLASHED_TIME = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/

/** `2026/03/09 08:30:00 +0000`, or ISO 8601 with an offset. */
export const instant = z
  .string()
  .transform((text) => text.replace(SLASHED_TIME, '$1-$2-$3T$4$5:$6'))
  .pipe(z.iso.datetime({ offset: true }))
  .transform((text) => new Date(text))

// API 1 ------------------------------------------------------------------------------------------

export const space: z.ZodType<model.Space> = z
  .object({
    id: idOf<id.SpaceId>(),
    subdomain: z.string(),
    name: z.string(),
    timeZoneName: z.string(),
    locale: z.string().catch('en'),
    hourFormat: z.union([z.literal(12), z.literal(24)]).catch(24),
  })
  .transform(({ id, timeZoneName, ...rest }) => ({ spaceId: id, timeZone: timeZoneName, ...rest }))

const adminOf = z
  .object({ spaceSubdomain: z.string(), name: z.string().catch('') })
  .transform(({ spaceSubdomain, name }) => ({ subdomain: spaceSubdomain, name }))

export const cobotUser: z.ZodType<model.CobotUser> = z
  .object({ id: idOf<id.CobotUserId>(), email: z.string(), adminOf: z.array(adminOf) })
  .transform(({ id, ...rest }) => ({ cobotUserId: id, ...rest }))

export const plan: z.ZodType<model.Plan> = z
  .object({ id: idOf<id.PlanId>(), name: z.string(), hidden: z.boolean().catch(false) })
  .transform(({ id, ...rest }) => ({ planId: id, ...rest }))

const membershipPlan: z.ZodType<model.MembershipPlan> = z
  .object({
    name: z.string().catch(''),
    parentPlan: z.object({ id: idOf<id.PlanId>() }).nullish(),
    canceledTo: localDate.nullable(),
  })
  .transform(({ parentPlan, ...rest }) => ({ planId: parentPlan?.id ?? null, ...rest }))

export const membership: z.ZodType<model.Membership> = z
  .object({
    id: idOf<id.MembershipId>(),
    name: textOrNull,
    email: textOrNull,
    user: z.object({ id: idOf<id.CobotUserId>() }).nullish(),
    teamId: orNull(z.string()),
    plan: membershipPlan,
    upcomingPlan: membershipPlan.nullable(),
    confirmedAt: instant.nullable(),
    startsAt: localDate,
    canceledTo: localDate.nullable(),
  })
  .transform(({ id, user, startsAt, ...rest }) => ({
    membershipId: id,
    cobotUserId: user?.id ?? null,
    startsOn: startsAt,
    ...rest,
  }))

export const navigationLink: z.ZodType<model.NavigationLink> = z.object({
  section: z.string(),
  label: z.string(),
  iframeUrl: z.string().catch(''),
  url: z.string(),
  userUrl: z.string(),
})

export const webhookSubscription: z.ZodType<model.WebhookSubscription> = z
  .object({ id: z.string(), event: z.string(), callbackUrl: z.string(), active: z.boolean() })
  .transform(({ id, ...rest }) => ({ subscriptionId: id, ...rest }))

// API 2 ------------------------------------------------------------------------------------------

/** One page of a list; its items stay unread until `readAs` gets them. */
export const page = z.object({
  data: z.array(unread),
  included: z.array(z.unknown()).nullish(),
  meta: z
    .object({
      totalPages: z.number().nullish(),
      totalBookings: z.number().nullish(),
      consistent: z.boolean().nullish(),
    })
    .nullish(),
  links: z.object({ next: z.string().nullish() }).nullish(),
})

/** One object, likewise unread. */
export const single = z.object({ data: unread })

const linked = <T>(id: z.ZodType<T>) => z.object({ data: z.object({ id }) })

/** What also tells whose it is: a token may read more than one space. */
export type OfSpace<T> = { spaceId: id.SpaceId; value: T }

/** The space as API 2 shows it: who answers under our token. */
export const spaceNamed = z
  .object({
    data: z.object({ id: idOf<id.SpaceId>(), attributes: z.object({ subdomain: z.string() }) }),
  })
  .transform(({ data }) => ({ spaceId: data.id, subdomain: data.attributes.subdomain }))

export const resource: z.ZodType<model.Resource> = z
  .object({ id: idOf<id.ResourceId>(), attributes: z.object({ name: z.string() }) })
  .transform(({ id, attributes }) => ({ resourceId: id, name: attributes.name }))

export const externalBooking: z.ZodType<OfSpace<model.ExternalBooking>> = z
  .object({
    id: idOf<id.ExternalBookingId>(),
    attributes: z.object({
      status: oneOf('pending', 'approved', 'canceled'),
      name: orNull(z.string()),
    }),
    relationships: z.object({ space: linked(idOf<id.SpaceId>()) }),
  })
  .transform(({ id, attributes, relationships }) => ({
    spaceId: relationships.space.data.id,
    value: { externalBookingId: id, ...attributes },
  }))

const bookingParts = z.object({
  id: idOf<id.BookingId>(),
  attributes: z.object({ from: instant, to: instant, title: orNull(z.string()) }),
  relationships: z.object({
    space: linked(idOf<id.SpaceId>()),
    resource: linked(idOf<id.ResourceId>()),
    membership: z.object({ data: z.object({ id: idOf<id.MembershipId>() }).nullish() }).nullish(),
    externalBooking: z.object({ data: z.object({ id: idOf<id.ExternalBookingId>() }).nullable() }),
  }),
})

/** `included` came with the answer; the external booking is looked up there. */
export const booking = (included: unknown[]): z.ZodType<OfSpace<model.Booking>> =>
  bookingParts.transform(({ id, attributes, relationships }) => ({
    spaceId: relationships.space.data.id,
    value: {
      bookingId: id,
      resourceId: relationships.resource.data.id,
      membershipId: relationships.membership?.data?.id ?? null,
      external: externalAmong(included, relationships.externalBooking.data?.id),
      startsAt: attributes.from,
      endsAt: attributes.to,
      title: attributes.title,
    },
  }))

/** One that is named but did not come along is still an external booking, its state unknown. */
const externalAmong = (included: unknown[], externalBookingId?: id.ExternalBookingId) => {
  if (!externalBookingId) return null
  const found = included
    .map((item) => externalBooking.safeParse(item).data?.value)
    .find((external) => external?.externalBookingId === externalBookingId)
  return found ?? { externalBookingId, status: 'unknown' as const, name: null }
}
