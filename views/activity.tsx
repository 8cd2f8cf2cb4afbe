import type { ActivityLine, CauseKind } from '../src/core/activity.ts'
import type { Say } from './i18n.ts'
import { Button, LinkButton, SearchField, State, Table } from './parts.tsx'

export const columns = ['when', 'who', 'booking', 'what', 'why', 'result'] as const

/** A change in words, for the page and for the file. */
export const activityWords = (
  say: Say,
  line: ActivityLine,
): Record<(typeof columns)[number], string> => {
  const { t } = say
  const { at, about, name, booking, cause, outcome } = line
  const left = t(about === 'plan' ? 'activity.noPlan' : 'activity.left')
  const what = whatWords(say, line)
  const isDone = outcome.state === 'done' || outcome.state === 'underWay'
  const admin = cause.admin ?? t('activity.anAdmin')
  const { detail: event } = cause
  return {
    when: say.at(at),
    who: about === 'plan' && name ? t('activity.plan', { name }) : (name ?? left),
    booking: [booking?.resource, booking && say.span(booking.startsAt, booking.endsAt)]
      .filter(Boolean)
      .join(', '),
    what: isDone ? what : t('activity.tried', { what }),
    why: t(`activity.why.${cause.kind}`, { admin, event, context: event }),
    result: t(`activity.result.${outcome.state}`, { code: outcome.code, context: outcome.code }),
  }
}

const whatWords = ({ t, span }: Say, line: ActivityLine) => {
  const { about, action, target, names, hours, isInvitation } = line
  const { blocked, seat } = target
  const isIn = blocked === 'true' ? 'out' : 'in'
  const state = seat ?? (isInvitation ? 'app' : blocked === undefined ? undefined : isIn)
  const unknown = t('activity.unknown')
  return t(`activity.did.${action}`, {
    group: names.group ?? unknown,
    lock: names.lock ?? unknown,
    tag: names.tag ?? '',
    hours: hours ? span(hours.startsAt, hours.endsAt) : unknown,
    context: state ?? about,
  }).trim()
}

export const ActivityPage = (props: {
  say: Say
  search: string
  cause: string
  causes: readonly CauseKind[]
  lines: ActivityLine[]
  isNewest: boolean
  next: number | null
  eventsUrl: string | null
}) => {
  const { say, search, cause, lines, next } = props
  const { t } = say
  const leaf = (words: string, wanted: object) => (
    <Button label={t(words)} class="quiet" hx-get="/activity" hx-vals={JSON.stringify(wanted)} />
  )
  const file = `/activity/file?${new URLSearchParams({ search, cause })}`
  return (
    <>
      <p>{t('activity.about')}</p>
      <form
        class="bar"
        hx-get="/activity"
        hx-trigger="input delay:300ms, submit"
        hx-swap="outerMorph">
        <SearchField {...{ search, label: t('activity.search') }} />
        <select id="cause" name="cause" aria-label={t('activity.filter')}>
          {['all', ...props.causes].map((each) => (
            <option value={each} selected={each === cause}>
              {t(`activity.causes.${each}`)}
            </option>
          ))}
        </select>
        <Button
          label={t('activity.export')}
          class="quiet"
          data-download={file}
          data-failed={t('activity.notSaved')}
          disabled={lines.length === 0}
        />
        <Button label={t('why.open')} class="quiet" hx-get="/why" />
        {props.eventsUrl && (
          <LinkButton
            label={t('activity.events')}
            kind="quiet"
            href={props.eventsUrl}
            target="_blank"
          />
        )}
      </form>
      {lines.length === 0 ? (
        <p class="empty" role="status">
          {t(search || cause !== 'all' ? 'activity.noneFound' : 'activity.none')}
        </p>
      ) : (
        <Lines {...{ say, lines }} />
      )}
      <p class="actions">
        {!props.isNewest && leaf('activity.newest', { search, cause })}
        {next !== null && leaf('activity.older', { search, cause, before: next })}
      </p>
    </>
  )
}

const stateKinds = {
  done: 'good',
  refused: 'bad',
  failed: 'bad',
  underWay: '',
  unknown: '',
} as const

const Lines = ({ say, lines }: { say: Say; lines: ActivityLine[] }) => {
  const shown = columns.filter((column) => column !== 'booking')
  return (
    <Table columns={shown.map((column) => say.t(`activity.column.${column}`))}>
      {lines.map((line) => {
        const { when, who, booking, what, why, result } = activityWords(say, line)
        return (
          <tr>
            <td data-label={say.t('activity.column.when')}>{when}</td>
            <th scope="row">
              {who}
              {booking && <p class="hint">{booking}</p>}
            </th>
            <td data-label={say.t('activity.column.what')}>{what}</td>
            <td data-label={say.t('activity.column.why')}>{why}</td>
            <td data-label={say.t('activity.column.result')}>
              <State kind={stateKinds[line.outcome.state]}>{result}</State>
            </td>
          </tr>
        )
      })}
    </Table>
  )
}
