import { expect, test } from 'vitest'
import { instant, localDate } from '../../src/cobot/parse.ts'
import { parseWebhook } from '../../src/cobot/webhooks.ts'

test.each([
  ['2026/03/09', '2026-03-09'],
  ['2026-03-09', '2026-03-09'],
  ['2024/02/29', '2024-02-29'],
])('%s is a day', (text, day) => expect(localDate.parse(text)).toBe(day))

test.each([
  '2026/02/29',
  '2026/13/01',
  '09/03/2026',
  '2026/03/09 08:30:00 +0000',
  '',
  null,
  20260309,
])('%s is no day', (text) => expect(localDate.safeParse(text).success).toBe(false))

test.each([
  ['2026/03/09 08:30:00 +0000', '2026-03-09T08:30:00.000Z'],
  ['2026/03/09 08:30:00 +0130', '2026-03-09T07:00:00.000Z'],
  ['2026-03-09T08:30:00Z', '2026-03-09T08:30:00.000Z'],
  ['2026-03-09T08:30:00+01:00', '2026-03-09T07:30:00.000Z'],
])('%s is an instant', (text, iso) => expect(instant.parse(text).toISOString()).toBe(iso))

test.each(['2026/02/30 08:30:00 +0000', '2026-03-09T08:30:00', '2026/03/09', 'now', null])(
  '%s is no instant',
  (text) => expect(instant.safeParse(text).success).toBe(false),
)

const id = '4c0f8a-B_9'
test.each([
  [{ url: `https://harbour.cobot.example/api/memberships/${id}` }, { membershipId: id }],
  [{ url: `https://evil.example/memberships/${id}?x=1#y` }, { membershipId: id }],
  [{ url: `https://api.cobot.example/bookings/${id}`, more: 1 }, { bookingId: id }],
  [{ url: `https://api.cobot.example/external_bookings/${id}` }, { externalBookingId: id }],
  [{ url: `https://api.cobot.example/resources/${id}` }, { resourceId: id }],
  [{ url: `https://x.example/api/bookings/${id}`, booking: { id } }, { bookingId: id }],
  [{ url: `https://x.example/api/bookings/${id}`, booking: { id: 'other' } }, { bookingId: id }],
  [{ url: `https://x.example/api/memberships/${id}/plans` }, null],
  [{ url: 'https://x.example/api/memberships/' }, null],
  [{ url: 'https://x.example/api/memberships/a%2Fb' }, null],
  [{ url: `https://x.example/api/memberships/${'a'.repeat(101)}` }, null],
  [{ url: `https://x.example/api/users/${id}` }, null],
  [{ url: `/api/memberships/${id}` }, null],
  [{ url: 7 }, null],
  [{ booking: { id } }, null],
  [{}, null],
  [[], null],
  ['text', null],
  [null, null],
  [undefined, null],
])('the webhook %j is about %j', (body, subject) => expect(parseWebhook(body)).toEqual(subject))
