// A webhook is unsigned: it may make us look at a subject, nothing more. Only an id is read from it,
// whatever host its address names, and nothing is ever fetched from that address.
import * as id from '../core/ids.ts'

export type WebhookSubject = {
  membershipId?: id.MembershipId
  bookingId?: id.BookingId
  externalBookingId?: id.ExternalBookingId
  resourceId?: id.ResourceId
}

const ID = /^[A-Za-z0-9_-]{1,100}$/

/**
 * The subject that a delivery points to, or null. The objects that come inline with deletions add
 * nothing: the address always names the same subject, and wins where they disagree. Which event it
 * is does not matter: it may point to either API, and the collection in the path says what it is.
 */
export const parseWebhook = (body: unknown): WebhookSubject | null => {
  const { url } = Object(body) as { url?: unknown }
  const address = typeof url === 'string' ? URL.parse(url) : null
  const [collection, value] = address?.pathname.split('/').slice(-2) ?? []
  if (!value || !ID.test(value)) return null
  if (collection === 'memberships') return { membershipId: id.asId(value) }
  if (collection === 'bookings') return { bookingId: id.asId(value) }
  if (collection === 'external_bookings') return { externalBookingId: id.asId(value) }
  if (collection === 'resources') return { resourceId: id.asId(value) }
  return null
}
