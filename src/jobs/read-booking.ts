// Reads one booking from Cobot, or all of them when many wait. Gone is what answers 404 and is missing
// from a list of its own hours: that list is asked for by our space's id, so that only our space
// answers it.
import { asId, type BookingId, type SpaceId } from '../core/ids.ts'
import type { Ports } from '../core/ports.ts'
import { priority } from '../core/problems.ts'
import { change, one, type Row } from '../db/store.ts'
import { countDue } from '../db/work.ts'
import type { Look, TaskHandler } from './run.ts'
import { askWhoIsInside, takeInBookings } from './take-in.ts'

/** From this many on, one list is cheaper than each on its own (R13). */
const manyDue = 10
/** A list this old still proves that something is missing from it. */
const absenceHoldsMs = 60_000
const dayMs = 24 * 3600_000

/** A complete list of all bookings in a range, and when it was read. */
type Listed = { from: Date; to: Date; readAt: Date }

/** The last one of each space. A process is known by its ports. */
const lists = new WeakMap<Ports, Map<SpaceId, Listed>>()

export const readBooking: TaskHandler = async (look) => {
  const { read, spaceId, work } = look
  const bookingId = asId<BookingId>(work.subject)
  const find = () => one(read, 'bookings', { spaceId, bookingId })
  const readAlready = await find()
  if (readAlready && readAlready.readAt > work.askedAt) return
  let listed = lastList(look)
  if (!listed && (await countDue(read, spaceId, 'readBooking', look.now())) > manyDue)
    listed = await readAllBookings(look)
  const known = await find()
  if (known && listed && known.readAt >= listed.readAt) return
  const cobot = await look.cobot()
  const readAt = look.now()
  const booking = await cobot.getBooking(bookingId)
  if (booking) {
    await takeInBookings(look, [booking], readAt)
    return
  }
  if (!known || known.goneAt) return
  if (!isMissing(known, listed)) {
    const around = await cobot.listBookings({ from: known.startsAt, to: known.endsAt })
    await takeInBookings(look, around, readAt)
    if (around.some((each) => each.bookingId === bookingId)) return
  }
  await look.tx(async (tx) => {
    // An older list that comes in later does not bring it back.
    await change(tx, 'bookings', { spaceId, bookingId }, { goneAt: look.now(), readAt })
    await askWhoIsInside(tx, look, [known])
    await look.askIn(tx, 'reconcileBooking', bookingId, priority.removal)
  })
}

/** Takes in one complete list of what was, is and will be booked, as far as it matters yet. */
export const readAllBookings = async (look: Look): Promise<Listed> => {
  const readAt = look.now()
  const from = new Date(readAt.getTime() - dayMs)
  const to = new Date(readAt.getTime() + 30 * dayMs)
  const cobot = await look.cobot()
  await takeInBookings(look, await cobot.listBookings({ from, to }), readAt)
  const { ports } = look.deps
  const ours = lists.get(ports) ?? new Map<SpaceId, Listed>()
  lists.set(ports, ours.set(look.spaceId, { from, to, readAt }))
  return { from, to, readAt }
}

/** One read since this look was asked for, and not long ago. */
const lastList = ({ deps, spaceId, work, now }: Look): Listed | undefined => {
  const listed = lists.get(deps.ports)?.get(spaceId)
  if (!listed || listed.readAt <= work.askedAt) return
  return now().getTime() - listed.readAt.getTime() <= absenceHoldsMs ? listed : undefined
}

/** Its hours lie in the list's, and it was not in it. */
const isMissing = (booking: Row<'bookings'>, listed: Listed | undefined): boolean =>
  listed !== undefined &&
  booking.readAt < listed.readAt &&
  booking.startsAt < listed.to &&
  booking.endsAt > listed.from
