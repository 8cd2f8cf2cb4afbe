// How API 1 writes things down: snake case, slashed dates.
import { offsetHours, slashDate, slashDateTime } from './dates.ts'
import {
  type Booking,
  type Membership,
  must,
  type NavigationLink,
  type Plan,
  type PlanCopy,
  type Resource,
  type Space,
  type State,
  type Subscription,
} from './state.ts'

export const spaceJson = (space: Space, url: string, now: Date) => ({
  id: space.id,
  name: space.name,
  subdomain: space.subdomain,
  url,
  email: `team@${space.subdomain}.example`,
  owner_id: space.ownerId,
  created_at: slashDateTime(space.createdAt),
  description: null,
  country: 'Germany',
  locale: space.locale,
  in_eu: true,
  tax_rate: 19,
  price_display: 'net',
  price_decimals: 2,
  time_zone_name: space.timeZone,
  time_zone_offset: offsetHours(now, space.timeZone),
  hour_format: space.hourFormat,
})

const price = {
  price_per_cycle: '120.0',
  currency: 'EUR',
  tax_rate: '19.0',
  cycle_duration: 1,
  cancellation_period: 30,
  extras: [],
  time_passes: [],
  booking_credits: [],
}

export const planJson = (plan: Plan, everything: boolean) => ({
  id: plan.id,
  name: plan.name,
  description: null,
  hidden: plan.hidden,
  color: '#2f7d6b',
  photo: null,
  terms: null,
  minimum_commitment: 0,
  price_per_cycle_in_cents: 12000,
  ...price,
  ...(everything ? { welcome_message: '' } : {}),
})

export const planCopyJson = (plan: PlanCopy) => ({
  name: plan.name,
  description: null,
  ...(plan.planId ? { parent_plan: { id: plan.planId } } : {}),
  canceled_to: plan.canceledTo && slashDate(plan.canceledTo),
  price_per_cycle_in_cents: 12000,
  total_price_per_cycle: '120.0',
  accounting_code: null,
  ...price,
})

export const membershipJson = (state: State, membership: Membership) => {
  const user = membership.userId && state.users.get(membership.userId)
  return {
    id: membership.id,
    name: membership.name,
    email: membership.email,
    phone: membership.phone,
    ...(user ? { user: { id: user.id, email: user.email } } : {}),
    picture: null,
    address: {
      company: null,
      name: membership.name,
      full_address: null,
      address: null,
      post_code: null,
      city: null,
      state: null,
      country: null,
    },
    billing_emails: [],
    charge_taxes: true,
    customer_number: null,
    team_id: membership.teamId,
    plan: planCopyJson(membership.plan),
    upcoming_plan: membership.upcomingPlan && planCopyJson(membership.upcomingPlan),
    payment_method: null,
    confirmed_at: membership.confirmedAt && slashDateTime(membership.confirmedAt),
    starts_at: slashDate(membership.startsAt),
    canceled_to: membership.canceledTo && slashDate(membership.canceledTo),
    next_invoice_at: null,
  }
}

export const resourceJson = (resource: Resource, url: string) => ({
  id: resource.id,
  name: resource.name,
  description: resource.description,
  hidden: resource.hidden,
  can_book: true,
  capacity: resource.units,
  cancellation_period: 2,
  min_booking_duration: 30,
  max_booking_duration: null,
  booking_url: `${url}/api/resources/${resource.id}/bookings`,
  booking_times: [],
  price_per_hour: '10.0',
  tax_rate: '19.0',
  currency: 'EUR',
  color: '#2f7d6b',
  photo: null,
})

export const bookingJson = (state: State, booking: Booking, url: string) => {
  const resource = state.resources.get(booking.resourceId)
  return {
    id: booking.id,
    from: slashDateTime(booking.from),
    to: slashDateTime(booking.to),
    title: booking.title,
    comments: null,
    units: 1,
    resource: { id: booking.resourceId, name: resource?.name ?? '' },
    membership: booking.membershipId ? { id: booking.membershipId, name: booking.name } : null,
    ...(booking.eventId ? { event: { id: booking.eventId } } : {}),
    price: '20.0',
    currency: 'EUR',
    tax_rate: '19.0',
    has_custom_price: false,
    accounting_code: null,
    can_change: booking.eventId === null,
    url: `${url}/api/bookings/${booking.id}`,
    created_at: slashDateTime(booking.createdAt),
    updated_at: slashDateTime(booking.updatedAt),
  }
}

export const navigationLinkJson = (link: NavigationLink, url: string) => ({
  section: link.section,
  label: link.label,
  iframe_url: link.iframeUrl,
  url: `${url}/api/navigation_links/${link.id}`,
  user_url: `${url}/navigation_links/${link.id}`,
})

export const subscriptionJson = (subscription: Subscription, url: string) => ({
  id: subscription.id,
  event: subscription.event,
  url: `${url}/api/subscriptions/${subscription.id}`,
  callback_url: subscription.callbackUrl,
  active: subscription.active,
})

export const userJson = (state: State, userId: string, origin: string) => {
  const user = must(state.users.get(userId), 'user')
  const spaces = [...state.spaces.values()].filter((space) => !space.deleted)
  const about = (space: Space) => ({
    space_subdomain: space.subdomain,
    space_name: space.name,
    space_link: `${origin}/www/api/spaces/${space.subdomain}`,
  })
  return {
    id: user.id,
    email: user.email,
    memberships: [...state.memberships.values()].flatMap((membership) => {
      const space = spaces.find(({ id }) => id === membership.spaceId)
      if (!space || membership.userId !== user.id) return []
      const link = `${origin}/spaces/${space.subdomain}/api/memberships/${membership.id}`
      return [{ id: membership.id, ...about(space), link }]
    }),
    admin_of: spaces
      .filter((space) => space.adminIds.includes(user.id))
      .map((space) => ({ ...about(space), name: user.name })),
  }
}
