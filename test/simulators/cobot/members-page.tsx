import { localDate } from './dates.ts'
import type { Membership, Plan, Space, User } from './state.ts'

type Props = {
  space: Space
  base: string
  problem: string | null
  memberships: Membership[]
  plans: Plan[]
  users: User[]
  now: Date
}

export const MembersPage = (props: Props) => {
  const today = localDate(props.now, props.space.timeZone)
  return (
    <main>
      <h1>Members</h1>
      {props.problem && <p role="alert">{props.problem}</p>}
      <fieldset>
        <legend>New member</legend>
        <form method="post" action={`${props.base}/members`}>
          <label>
            Name <input name="name" required />
          </label>
          <label>
            E-mail <input type="email" name="email" />
          </label>
          <PlanSelect label="Plan" plans={props.plans} />
          <label>
            Starts on <input type="date" name="starts_at" value={today} required />
          </label>
          <UserSelect users={props.users} />
          <label class="check">
            <input type="checkbox" name="needs_approval" /> Needs approval
          </label>
          <button type="submit">Add member</button>
        </form>
      </fieldset>
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>E-mail</th>
            <th>Plan</th>
            <th>From</th>
            <th>Until</th>
            <th></th>
          </tr>
        </thead>
        <tbody>
          {props.memberships.map((membership) => (
            <MemberRow {...{ membership, today }} {...props} />
          ))}
        </tbody>
      </table>
    </main>
  )
}

const MemberRow = ({
  membership,
  today,
  base,
  plans,
  users,
}: Props & { membership: Membership; today: string }) => {
  const { id, name, email, plan, upcomingPlan, userId, confirmedAt, canceledTo } = membership
  const path = `${base}/members/${id}`
  return (
    <tr id={`member-${id}`}>
      <td>{name ?? '–'}</td>
      <td>
        {email ?? '–'}
        {userId && <div class="note">has a login</div>}
      </td>
      <td>
        {plan.name}
        {upcomingPlan && (
          <div class="note">
            {upcomingPlan.name} from {plan.canceledTo}
          </div>
        )}
      </td>
      <td class="when">
        {membership.startsAt}
        {!confirmedAt && (
          <form method="post" action={`${path}/confirmation`}>
            <button type="submit">Approve</button>
          </form>
        )}
      </td>
      <td class="when">{canceledTo ?? '–'}</td>
      <td>
        <details>
          <summary>Change {name ?? 'member'}</summary>
          <form method="post" action={`${path}/plan`}>
            <PlanSelect label="New plan" plans={plans} />
            <label>
              From date <input type="date" name="date" value={today} required />
            </label>
            <button type="submit">Change plan</button>
          </form>
          {canceledTo ? (
            <form method="post" action={`${path}/undo`}>
              <button type="submit">Undo cancellation</button>
            </form>
          ) : (
            <form method="post" action={`${path}/cancellation`}>
              <label>
                Cancel to <input type="date" name="date" value={today} required />
              </label>
              <label class="check">
                <input type="checkbox" name="delete_bookings" /> Delete later bookings
              </label>
              <button type="submit">Cancel membership</button>
            </form>
          )}
          <form method="post" action={`${path}/details`}>
            <label>
              Name <input name="name" value={name ?? ''} />
            </label>
            {!userId && (
              <label>
                E-mail <input type="email" name="email" value={email ?? ''} />
              </label>
            )}
            <button type="submit">Save details</button>
          </form>
          {!userId && (
            <form method="post" action={`${path}/user`}>
              <UserSelect users={users} />
              <button type="submit">Connect login</button>
            </form>
          )}
          <form method="post" action={`${path}/deletion`}>
            <button type="submit" class="danger">
              Delete member
            </button>
          </form>
        </details>
      </td>
    </tr>
  )
}

const PlanSelect = ({ label, plans }: { label: string; plans: Plan[] }) => (
  <label>
    {label}{' '}
    <select name="plan_id" required>
      {plans.map(({ id, name, hidden }) => (
        <option value={id}>{hidden ? `${name} (hidden)` : name}</option>
      ))}
    </select>
  </label>
)

const UserSelect = ({ users }: { users: User[] }) => (
  <label>
    Login{' '}
    <select name="user_id">
      <option value="">none</option>
      {users.map(({ id, name }) => (
        <option value={id}>{name}</option>
      ))}
    </select>
  </label>
)
