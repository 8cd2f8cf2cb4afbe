// How API 2 writes things down: JSON:API, camel case, ISO dates in UTC.
import { isoSeconds } from './dates.ts'
import type { Booking, ExternalBooking, Membership, Resource, Space } from './state.ts'

export const ref = (type: string, id: string) => ({ data: { type, id } })

const money = {
  net: '20.0',
  gross: '23.8',
  currency: 'EUR',
  taxes: [{ name: 'VAT', rate: '19.0' }],
}

const spaceLinks = {
  allocations: 'allocations',
  availableResources: 'resources/available',
  calendarBlockers: 'calendar_blockers',
  costCenters: 'cost_centers',
  revenueAccounts: 'revenue_accounts',
  events: 'events',
  resources: 'resources',
  bookings: 'bookings',
  externalBookings: 'external_bookings',
  accessToken: 'access_token',
  products: 'products',
  paymentMethods: 'payment_methods',
}

export const spaceData = (space: Space) => ({
  id: space.id,
  type: 'spaces',
  attributes: {
    name: space.name,
    subdomain: space.subdomain,
    createdAt: space.createdAt.toISOString().slice(0, 10),
    email: `team@${space.subdomain}.example`,
    countryCode: 'DE',
    locale: space.locale,
    description: null,
    inEu: true,
    timeZone: space.timeZone,
    hourFormat: space.hourFormat,
    priceDisplay: 'net',
    priceDecimals: 2,
    logo: null,
    defaultTaxes: [{ name: 'VAT', rate: '19.0' }],
  },
  relationships: {
    owner: ref('users', space.ownerId),
    ...Object.fromEntries(
      Object.entries(spaceLinks).map(([name, path]) => [
        name,
        { links: { related: `/spaces/${space.id}/${path}` } },
      ]),
    ),
  },
})

export const resourceData = (resource: Resource) => ({
  id: resource.id,
  type: 'resources',
  attributes: {
    name: resource.name,
    resourceType: 'room',
    usage: resource.usage,
    pricing: {
      currency: 'EUR',
      pricePerHour: money,
      discounts: [],
      priceCap: null,
      priceCaps: [],
      taxes: [{ name: 'VAT', rate: '19.0' }],
    },
    accountingCode: null,
    area: [
      { unit: 'sqm', number: null },
      { unit: 'sqft', number: null },
    ],
    areaPreferredUnit: 'sqm',
    costCenter: null,
    revenueAccount: null,
    description: resource.description,
    hidden: resource.hidden,
    onlyAdminsCanBook: false,
    canBook: resource.usage === 'bookable',
    units: resource.units,
    capacity: resource.capacity,
    cancellationPeriod: 2,
    bookingCutoff: 0,
    minBookingDuration: 30,
    maxBookingDuration: null,
    color: '#2f7d6b',
    photo: null,
    bookingTimes: [],
    bookingTimesString: null,
  },
  relationships: {
    categories: { data: [] },
    resourceAvailability: { links: { related: `/resources/${resource.id}/availability` } },
    space: ref('spaces', resource.spaceId),
  },
})

export const bookingData = (booking: Booking) => ({
  id: booking.id,
  type: 'bookings',
  attributes: {
    name: booking.name,
    title: booking.title,
    url: null,
    comments: null,
    hasCustomPrice: false,
    price: money,
    ...(booking.recurringId ? { recurringId: booking.recurringId } : {}),
    from: isoSeconds(booking.from),
    to: isoSeconds(booking.to),
    units: 1,
    canUpdate: booking.eventId === null,
    cancellationPeriod: 2,
    bookingExtras: [],
    attendees: [],
  },
  relationships: {
    membership: booking.membershipId ? ref('memberships', booking.membershipId) : { data: null },
    space: ref('spaces', booking.spaceId),
    resource: ref('resources', booking.resourceId),
    ...(booking.eventId ? { event: ref('events', booking.eventId) } : {}),
    externalBooking: booking.externalBookingId
      ? ref('externalBookings', booking.externalBookingId)
      : { data: null },
  },
})

export const externalBookingData = (external: ExternalBooking) => ({
  id: external.id,
  type: 'externalBookings',
  attributes: {
    price: money,
    totalPrice: money,
    from: isoSeconds(external.from),
    to: isoSeconds(external.to),
    title: external.title,
    canUpdate: external.status !== 'canceled',
    numberOfVisitors: external.numberOfVisitors,
    acceptedTerms: true,
    name: external.name,
    company: null,
    email: external.email,
    comments: null,
    adminComments: null,
    phone: null,
    status: external.status,
    ...(external.canceledBy ? { canceledBy: external.canceledBy } : {}),
    bookingExtras: [],
    accountingCode: null,
  },
  relationships: {
    invoices: { data: [] },
    paymentMethod: { data: null },
    resource: ref('resources', external.resourceId),
    space: ref('spaces', external.spaceId),
  },
})

export const membershipData = (membership: Membership) => ({
  id: membership.id,
  type: 'memberships',
  attributes: {
    name: membership.name,
    email: membership.email,
    phone: membership.phone,
    company: null,
    confirmedAt: membership.confirmedAt?.toISOString().slice(0, 10) ?? null,
    canceledAt: membership.canceledTo,
    photo: null,
  },
  relationships: {
    space: ref('spaces', membership.spaceId),
    ...(membership.teamId ? { team: ref('teams', membership.teamId) } : {}),
  },
})
