// Reads one booking from Cobot. Gone is what answers 404 and is missing from the list of its own
// hours: that list is asked for by our space's id, so that only our space answers it.
import { asId, type BookingId } from '../core/ids.ts'
import { priority } from '../core/problems.ts'
import { change, one } from '../db/store.ts'
import type { TaskHandler } from './run.ts'
import { askWhoIsInside, takeInBookings } from './take-in.ts'

export const readBooking: TaskHandler = async (look) => {
  const { spaceId, work } = look
  const bookingId = asId<BookingId>(work.subject)
  const known = await one(look.read, 'bookings', { spaceId, bookingId })
  if (known && known.readAt > work.askedAt) return
  const cobot = await look.cobot()
  const readAt = look.now()
  const booking = await cobot.getBooking(bookingId)
  if (booking) {
    await takeInBookings(look, [booking], readAt)
    return
  }
  if (!known || known.goneAt) return
  const around = await cobot.listBookings({ from: known.startsAt, to: known.endsAt })
  await takeInBookings(look, around, readAt)
  if (around.some((each) => each.bookingId === bookingId)) return
  await look.tx(async (tx) => {
    await change(tx, 'bookings', { spaceId, bookingId }, { goneAt: look.now() })
    await askWhoIsInside(tx, look, [known])
    await look.askIn(tx, 'reconcileBooking', bookingId, priority.removal)
  })
}
