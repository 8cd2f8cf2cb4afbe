// Connecting many at once: what would happen, and how far it is.
import type { Say } from './i18n.ts'
import { Button } from './parts.tsx'

/** `waiting` need an admin: they have to choose, or something is wrong. */
export type Progress = { total: number; done: number; waiting: number }

export type Preview = {
  membershipIds: string[]
  people: string[]
  /** null: as many as wanted. */
  freeSeats: number | null
  groups: string[]
  /** KS may know them already: an admin looks at each. */
  leftOut: { name: string; reason: 'email' | 'name' }[]
}

/** Gone when all are through; asks again by itself until then. */
export const ProgressBar = ({ say, progress }: { say: Say; progress: Progress | null }) => {
  if (!progress) return <div id="progress"></div>
  const { t } = say
  const { total, done, waiting } = progress
  const refresh = { 'hx-get': '/members/progress', 'hx-trigger': 'every 2s', 'hx-target': 'this' }
  return (
    <div id="progress" class="bar" {...refresh}>
      <progress max={total} value={done} aria-label={t('connect.progress')} />
      <span role="status">
        {t('connect.done', { done, total })}
        {waiting > 0 && t('connect.waiting', { count: waiting })}
      </span>
    </div>
  )
}

export const PreviewPage = ({ say, preview }: { say: Say; preview: Preview }) => {
  const { t } = say
  const { membershipIds, people, freeSeats, groups, leftOut } = preview
  const count = people.length
  return (
    <section role="dialog" aria-labelledby="connect-title">
      <h2 id="connect-title">{t('connect.title', { count })}</h2>
      <ul>
        {count > 0 && (
          <li>
            {freeSeats === null
              ? t('connect.seatsUnlimited', { count })
              : t('connect.seats', { count, free: freeSeats })}
            {freeSeats !== null && freeSeats < count && (
              <p class="reason">{t('connect.seatsMissing', { count: count - freeSeats })}</p>
            )}
          </li>
        )}
        {groups.length > 0 && <li>{t('connect.groups', { groups: groups.join(', ') })}</li>}
        {count > 0 && <li>{t('connect.noMail')}</li>}
      </ul>
      {count > 0 && (
        <details open={count <= 12}>
          <summary>{t('connect.who', { count })}</summary>
          <ul>
            {people.map((name) => (
              <li>{name}</li>
            ))}
          </ul>
        </details>
      )}
      {leftOut.length > 0 && (
        <>
          <h3>{t('connect.leftOut', { count: leftOut.length })}</h3>
          <p class="hint">{t('connect.leftOutWhy')}</p>
          <ul>
            {leftOut.map(({ name, reason }) => (
              <li>
                {name} <span class="hint">{t(`members.candidate.${reason}`)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <form class="actions" hx-post="/members/connections">
        {count > 0 && (
          <>
            <input type="hidden" name="membershipIds" value={membershipIds.join(' ')} />
            <button type="submit">{t('connect.verb', { count })}</button>
          </>
        )}
        <Button label={t('cancel')} class="quiet" hx-get="/members" />
      </form>
    </section>
  )
}
