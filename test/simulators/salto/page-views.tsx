// What the pages of the played web app show.
import type { Controls } from './controls.ts'
import { DAYS, type Schedule } from './schedule.ts'

export type UserRow = ReturnType<Controls['users']>[number]
export type GroupRow = ReturnType<Controls['groups']>[number]
export type TagRow = ReturnType<Controls['tags']>[number]
export type LockRow = ReturnType<Controls['locks']>[number]
export type EntryRow = ReturnType<Controls['entries']>[number]

export const nameOf = ({ firstName, lastName }: UserRow) => `${firstName} ${lastName}`.trim()

/** A button that posts to an address of its own. */
const Action = ({ to, label }: { to: string; label: string }) => (
  <form method="post" action={to}>
    <button type="submit">{label}</button>
  </form>
)

export const People = (props: { users: UserRow[]; groups: GroupRow[]; query: string }) => (
  <table>
    <thead>
      <tr>
        <th>Name</th>
        <th>Alias</th>
        <th>E-mail</th>
        <th>Access groups</th>
        <th>Tag</th>
        <th>Seat</th>
        <th>Blocked</th>
      </tr>
    </thead>
    <tbody>
      {props.users.map((user) => (
        <tr id={`user-${user.siteUserId}`}>
          <td>
            {nameOf(user)}
            {user.roles.includes('site_admin') && ' (admin)'}
          </td>
          <td>{user.alias}</td>
          <td>
            {user.email}
            {user.email && !user.hasProfile && ' (invited)'}
          </td>
          <td>
            {props.groups
              .filter(({ users }) => users.includes(user.saltoUserId))
              .map(({ name }) => name)
              .join(', ')}
          </td>
          <td>{user.tagNumber}</td>
          <td>
            {user.subscriptionState}{' '}
            <Action
              to={`/app/people/${user.siteUserId}/seat${props.query}`}
              label={user.subscriptionState === 'suspended' ? 'Resume' : 'Suspend'}
            />
          </td>
          <td>
            {user.blocked ? 'yes' : 'no'}{' '}
            <Action
              to={`/app/people/${user.siteUserId}/block${props.query}`}
              label={user.blocked ? 'Unblock' : 'Block'}
            />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
)

export const Groups = (props: {
  groups: GroupRow[]
  users: UserRow[]
  locks: LockRow[]
  query: string
}) => (
  <>
    {props.groups.map((group) => (
      <Group {...props} group={group} />
    ))}
    <form method="post" action={`/app/groups${props.query}`} class="row">
      <label>
        New access group <input name="name" required />
      </label>
      <button type="submit">Add</button>
    </form>
  </>
)

const Group = (props: { group: GroupRow; users: UserRow[]; locks: LockRow[]; query: string }) => {
  const { group, query } = props
  const at = `/app/groups/${group.id}`
  const isIn = (user: UserRow) => group.users.includes(user.saltoUserId)
  const has = (lock: LockRow) => group.locks.includes(lock.lockId)
  return (
    <section id={`group-${group.id}`} aria-label={group.name}>
      <h2>{group.name}</h2>
      <h3>People</h3>
      <ul>
        {props.users.filter(isIn).map((user) => (
          <li>
            {nameOf(user)}{' '}
            <Action
              to={`${at}/users/${user.saltoUserId}/removal${query}`}
              label={`Remove ${nameOf(user)}`}
            />
          </li>
        ))}
      </ul>
      <form method="post" action={`${at}/users${query}`} class="row">
        <label for={`person-${group.id}`}>Person</label>
        <select name="id" id={`person-${group.id}`}>
          {props.users
            .filter((user) => !isIn(user))
            .map((user) => (
              <option value={user.saltoUserId}>{nameOf(user)}</option>
            ))}
        </select>
        <button type="submit">Add person</button>
      </form>
      <h3>Locks</h3>
      <ul>
        {props.locks.filter(has).map((lock) => (
          <li>
            {lock.name}{' '}
            <Action
              to={`${at}/locks/${lock.lockId}/removal${query}`}
              label={`Remove ${lock.name}`}
            />
          </li>
        ))}
      </ul>
      <form method="post" action={`${at}/locks${query}`} class="row">
        <label for={`lock-for-${group.id}`}>Lock</label>
        <select name="id" id={`lock-for-${group.id}`}>
          {props.locks
            .filter((lock) => !has(lock))
            .map((lock) => (
              <option value={lock.lockId}>{lock.name}</option>
            ))}
        </select>
        <button type="submit">Add lock</button>
      </form>
      <h3>Time schedules</h3>
      <ul>
        {group.schedules.map((schedule) => (
          <li>
            {inWords(schedule)}{' '}
            <Action to={`${at}/schedules/${schedule.id}/removal${query}`} label="Remove schedule" />
          </li>
        ))}
      </ul>
      {group.schedules.length === 0 && (
        <>
          None: this group opens nothing.
          <Action to={`${at}/schedules${query}`} label="Add “Always”" />
        </>
      )}
      <form method="post" action={`${at}/name${query}`} class="row">
        <label>
          Name <input name="name" value={group.name} required />
        </label>
        <button type="submit">Rename</button>
      </form>
      <Action to={`${at}/removal${query}`} label="Delete this group" />
    </section>
  )
}

const inWords = (schedule: Schedule) => {
  const days = DAYS.filter((day) => schedule[day])
  const isAllDay = schedule.start_time === '00:00:00' && schedule.end_time.startsWith('23:59')
  const parts = [
    days.length === 7 ? 'every day' : days.map((day) => day.slice(0, 3)).join(', '),
    isAllDay ? '' : `${schedule.start_time}–${schedule.end_time}`,
    schedule.start_date ? `from ${schedule.start_date.replace('T', ' ')}` : '',
    schedule.end_date ? `until ${schedule.end_date.replace('T', ' ')}` : '',
  ]
  const isAlways = days.length === 7 && parts.filter(Boolean).length === 1
  return isAlways ? 'Always' : parts.filter(Boolean).join(', ')
}

export const Tags = ({ tags, users }: { tags: TagRow[]; users: UserRow[] }) => (
  <table>
    <thead>
      <tr>
        <th>Number</th>
        <th>Holder</th>
        <th>Blocked</th>
        <th>Pod</th>
      </tr>
    </thead>
    <tbody>
      {tags.map((tag) => (
        <tr id={`tag-${tag.tagId}`}>
          <td>{tag.number}</td>
          <td>{holderOf(tag, users)}</td>
          <td>{tag.blocked ? 'yes' : 'no'}</td>
          <td>{tag.isPodTag ? 'yes' : 'no'}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const holderOf = (tag: TagRow, users: UserRow[]) => {
  const holder = users.find(({ saltoUserId }) => saltoUserId === tag.holder)
  return holder ? nameOf(holder) : 'free'
}

export const Locks = (props: { locks: LockRow[]; groups: GroupRow[]; iqOnline: boolean }) => (
  <>
    <p>The hub is {props.iqOnline ? 'online' : 'offline: changes do not reach the doors'}.</p>
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Type</th>
          <th>State</th>
          <th>Access groups</th>
        </tr>
      </thead>
      <tbody>
        {props.locks.map((lock) => (
          <tr id={`lock-${lock.lockId}`}>
            <td>{lock.name}</td>
            <td>{lock.type}</td>
            <td>{lock.online ? 'online' : 'offline'}</td>
            <td>
              {props.groups
                .filter(({ locks }) => locks.includes(lock.lockId))
                .map(({ name }) => name)
                .join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </>
)

export const Events = ({ entries }: { entries: EntryRow[] }) => (
  <table>
    <thead>
      <tr>
        <th>Local time</th>
        <th>Lock</th>
        <th>Event</th>
        <th>Person</th>
        <th>By</th>
      </tr>
    </thead>
    <tbody>
      {entries.toReversed().map((entry) => (
        <tr id={`entry-${entry.id}`}>
          <td>{entry.local_date_time.replace('T', ' ')}</td>
          <td>{entry.lock_customer_reference}</td>
          <td>
            {entry.event_category}
            {entry.event_detail && ` (${entry.event_detail})`}
          </td>
          <td>{`${entry.user_first_name ?? ''} ${entry.user_last_name ?? ''}`}</td>
          <td>{`${entry.access_by} ${entry.access_detail ?? ''}`}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

export type Knock = { credential: string; pin: string; lockId: string; date: string; time: string }

export const Doors = (props: {
  tags: TagRow[]
  users: UserRow[]
  locks: LockRow[]
  knock: Knock
  verdict: { opened: boolean; reason: string } | null
  query: string
}) => {
  const { knock, verdict } = props
  return (
    <>
      <form method="post" action={`/app/doors${props.query}`}>
        <div class="field">
          <label for="credential">Tag</label>
          <select name="credential" id="credential">
            <optgroup label="Tags">
              {props.tags.map((tag) => (
                <option
                  value={`tag:${tag.number}`}
                  selected={knock.credential === `tag:${tag.number}`}>
                  {`${tag.number} (${holderOf(tag, props.users)})`}
                </option>
              ))}
            </optgroup>
            <optgroup label="Phones">
              {props.users.map((user) => (
                <option
                  value={`phone:${user.saltoUserId}`}
                  selected={knock.credential === `phone:${user.saltoUserId}`}>
                  {`Phone of ${nameOf(user)}`}
                </option>
              ))}
            </optgroup>
          </select>
        </div>
        <div class="field">
          <label for="pin">or a PIN, where the lock takes one</label>
          <input name="pin" id="pin" value={knock.pin} inputmode="numeric" autocomplete="off" />
        </div>
        <div class="field">
          <label for="lockId">Lock</label>
          <select name="lockId" id="lockId">
            {props.locks.map((lock) => (
              <option value={lock.lockId} selected={knock.lockId === lock.lockId}>
                {lock.name}
              </option>
            ))}
          </select>
        </div>
        <div class="row">
          <label>
            Date <input type="date" name="date" value={knock.date} required />
          </label>
          <label>
            Time <input type="time" name="time" value={knock.time} required />
          </label>
        </div>
        <p>Date and time are the site's own. Groups and schedules are taken as they are now.</p>
        <button type="submit" class="main">
          Try it
        </button>
      </form>
      {verdict && (
        <output class={`verdict ${verdict.opened ? 'opened' : 'closed'}`}>
          <strong>{verdict.opened ? 'Opened' : 'Stays closed'}</strong>
          {verdict.reason}
        </output>
      )}
    </>
  )
}

export const Mail = (props: {
  mails: ReturnType<Controls['outbox']>
  users: UserRow[]
  query: string
}) => (
  <table>
    <thead>
      <tr>
        <th>Sent</th>
        <th>To</th>
        <th>Subject</th>
        <th />
      </tr>
    </thead>
    <tbody>
      {props.mails.toReversed().map((mail) => {
        const user = props.users.find(({ saltoUserId }) => saltoUserId === mail.saltoUserId)
        return (
          <tr>
            <td>{mail.at.slice(0, 19).replace('T', ' ')} UTC</td>
            <td>{mail.to}</td>
            <td>You are invited to SALTO KS</td>
            <td>
              {user && !user.hasProfile && (
                <Action
                  to={`/app/mail/${mail.saltoUserId}${props.query}`}
                  label="Accept the invitation"
                />
              )}
            </td>
          </tr>
        )
      })}
    </tbody>
  </table>
)
