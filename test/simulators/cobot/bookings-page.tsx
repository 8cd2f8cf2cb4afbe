import { addDays, localDate, localTime } from './dates.ts'
import type { Booking, ExternalBooking, Membership, Resource, Space } from './state.ts'

type Props = {
  space: Space
  base: string
  problem: string | null
  bookings: Booking[]
  externalBookings: ExternalBooking[]
  resources: Resource[]
  memberships: Membership[]
  now: Date
}

export const BookingsPage = (props: Props) => {
  const { space, base } = props
  const today = localDate(props.now, space.timeZone)
  const shown = Array.from({ length: 32 }, (_, i) => addDays(today, i - 1))
  const days = shown.flatMap((day) => {
    const bookings = props.bookings
      .filter(({ from }) => localDate(from, space.timeZone) === day)
      .sort((a, b) => a.from.getTime() - b.from.getTime())
    return bookings.length > 0 ? [{ day, bookings }] : []
  })
  return (
    <main>
      <h1>Bookings</h1>
      <p class="note">Times are local in {space.timeZone}.</p>
      {props.problem && <p role="alert">{props.problem}</p>}
      <fieldset>
        <legend>New booking</legend>
        <form method="post" action={`${base}/bookings`}>
          <When resources={props.resources} date={today} from="09:00" to="10:00" />
          <MemberSelect memberships={props.memberships} chosen={null} />
          <label>
            Title <input name="title" />
          </label>
          <button type="submit">Book</button>
        </form>
      </fieldset>
      <fieldset>
        <legend>New booking by a visitor</legend>
        <form method="post" action={`${base}/visitors`}>
          <When resources={props.resources} date={today} from="09:00" to="10:00" />
          <label>
            Visitor's name <input name="name" required />
          </label>
          <label>
            Visitor's e-mail <input type="email" name="email" required />
          </label>
          <label class="check">
            <input type="checkbox" name="needs_approval" /> Needs approval
          </label>
          <button type="submit">Book for visitor</button>
        </form>
      </fieldset>
      {days.map(({ day, bookings }) => (
        <>
          <h2>{day === today ? `Today, ${day}` : day}</h2>
          <table>
            {bookings.map((booking) => (
              <BookingRow {...props} {...{ booking, day }} />
            ))}
          </table>
        </>
      ))}
      {days.length === 0 && <p>Nothing is booked.</p>}
    </main>
  )
}

const BookingRow = ({
  booking,
  day,
  space,
  base,
  resources,
  memberships,
  externalBookings,
}: Props & { booking: Booking; day: string }) => {
  const path = `${base}/bookings/${booking.id}`
  const [from, to] = [booking.from, booking.to].map((at) => localTime(at, space.timeZone))
  const external = externalBookings.find(({ id }) => id === booking.externalBookingId)
  const who = booking.name ?? 'nobody (blocked)'
  return (
    <tr id={`booking-${booking.id}`}>
      <td class="when">
        {from} – {to}
      </td>
      <td>{resources.find(({ id }) => id === booking.resourceId)?.name}</td>
      <td>
        {who}
        {external && <span class="note"> visitor, {external.status}</span>}
        {booking.title && <div class="note">{booking.title}</div>}
        {external?.status === 'pending' && (
          <form method="post" action={`${base}/visitors/${external.id}/approval`}>
            <button type="submit">Approve</button>
          </form>
        )}
      </td>
      <td>
        <details>
          <summary>Change booking</summary>
          <form method="post" action={`${path}/move`}>
            <When {...{ resources, from, to }} date={day} resourceId={booking.resourceId} />
            {!external && <MemberSelect memberships={memberships} chosen={booking.membershipId} />}
            <button type="submit">Move booking</button>
          </form>
          <form method="post" action={`${path}/deletion`}>
            <button type="submit" class="danger">
              Delete booking
            </button>
          </form>
        </details>
      </td>
    </tr>
  )
}

const When = (props: {
  resources: Resource[]
  date: string
  from: string | undefined
  to: string | undefined
  resourceId?: string
}) => (
  <>
    <label>
      Resource{' '}
      <select name="resource_id" required>
        {props.resources.map(({ id, name }) => (
          <option value={id} selected={id === props.resourceId}>
            {name}
          </option>
        ))}
      </select>
    </label>
    <label>
      Date <input type="date" name="date" value={props.date} required />
    </label>
    <label>
      From <input type="time" name="from" value={props.from} required />
    </label>
    <label>
      To <input type="time" name="to" value={props.to} required />
    </label>
  </>
)

const MemberSelect = (props: { memberships: Membership[]; chosen: string | null }) => (
  <label>
    Member{' '}
    <select name="membership_id">
      <option value="">nobody</option>
      {props.memberships.map(({ id, name, email }) => (
        <option value={id} selected={id === props.chosen}>
          {name ?? email ?? id}
        </option>
      ))}
    </select>
  </label>
)
