import type { ChainLink, Mend } from '../src/core/why.ts'
import type { Say } from './i18n.ts'
import { Button, LinkButton, SearchField, State } from './parts.tsx'

export type WhyAnswer = {
  opens: boolean
  until: Date | null
  next: { from: Date; until: Date | null } | null
  now: Date
  /** Asked about another time than now. */
  at: Date | null
  person: string
  door: string
  way: { plan: string } | { resource: string; startsAt: Date; endsAt: Date } | null
  chain: ChainLink[]
  broken: ChainLink | null
  ways: { cobot: string; salto: string; events: string }
}

type Choice = { id: string; name: string }

export const WhyPage = (props: {
  say: Say
  search: string
  people: Choice[]
  more: number
  membershipId: string
  doors: Choice[]
  lockId: string
  at: string
  zone: string
  answer: WhyAnswer | null
}) => {
  const { say, search, people, more, membershipId, doors, lockId, answer } = props
  const { t } = say
  const options = (choices: Choice[], chosen: string) =>
    choices.map(({ id, name }) => (
      <option value={id} selected={id === chosen}>
        {name}
      </option>
    ))
  return (
    <>
      <form class="bar" hx-get="/why" hx-trigger="input delay:300ms, submit" hx-swap="outerMorph">
        <SearchField {...{ search, label: t('activity.search') }} />
        <select id="person" name="membershipId" aria-label={t('why.person')}>
          <option value="">{t('why.choosePerson')}</option>
          {options(people, membershipId)}
        </select>
        <select id="door" name="lockId" aria-label={t('why.door')}>
          <option value="">{t('why.chooseDoor')}</option>
          {options(doors, lockId)}
        </select>
        <label class="hint">
          {t('why.at', { zone: props.zone })}{' '}
          <input id="at" type="datetime-local" name="at" value={props.at} />
        </label>
        <p class="hint" role="status">
          {people.length === 0 && t('members.none')}
          {more > 0 && t('why.more', { count: more })}
        </p>
      </form>
      {doors.length === 0 && <p class="empty">{t('resources.noLocks')}</p>}
      {answer ? <Answer {...{ say, answer }} /> : <p class="empty">{t('why.what')}</p>}
    </>
  )
}

/** The last second that is open. */
const last = (until: Date) => new Date(until.getTime() - 1000)

const sentence = ({ t, at, hour, span }: Say, { opens, until, next, now }: WhyAnswer): string => {
  if (opens) return until ? t('why.yesUntil', { until: hour(last(until), now) }) : t('why.yes')
  if (!next) return t('why.no')
  const { from } = next
  return next.until
    ? t('why.noNext', { next: span(from, last(next.until)) })
    : t('why.noFrom', { from: at(from) })
}

const Answer = ({ say, answer }: { say: Say; answer: WhyAnswer }) => {
  const { t } = say
  const { person, door, at, way, broken } = answer
  const asked = { person, door, at: at ? say.at(at) : '', context: at ? 'at' : undefined }
  return (
    <section aria-labelledby="answer">
      <p class="hint">{t('why.asked', asked)}</p>
      <h2 id="answer" class={`answer state ${answer.opens ? 'good' : 'bad'}`} aria-live="polite">
        {sentence(say, answer)}
      </h2>
      {way && (
        <p>
          {'plan' in way
            ? t('why.byPlan', { plan: way.plan })
            : t('why.byBooking', {
                resource: way.resource,
                hours: say.span(way.startsAt, way.endsAt),
              })}
        </p>
      )}
      <ol class="checks chain">
        {answer.chain.map((each) => (
          <li class={each === broken ? 'broken' : ''}>
            <State kind={each.ok ? 'good' : 'bad'}>
              {t(each.ok ? 'why.inOrder' : 'why.notInOrder')}
            </State>
            <span>
              {t(`why.link.${each.link}`)}
              {each === broken && (
                <strong>{t(`why.broken.${each.link}.${each.detail}`, { person, door })}</strong>
              )}
            </span>
            {each === broken && each.action && (
              <Way {...{ say, answer, mend: each.action, link: each.link }} />
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

const Way = (props: { say: Say; answer: WhyAnswer; mend: Mend; link: ChainLink['link'] }) => {
  const { say, answer, mend, link } = props
  const { ways, person } = answer
  const label = say.t(`why.mend.${mend}`)
  if (mend === 'check') return <Button label={label} hx-post="/overview/checks" />
  if (mend === 'cobot' || mend === 'salto') {
    const href = mend === 'cobot' ? ways.cobot : link === 'hardware' ? ways.events : ways.salto
    return <LinkButton {...{ label, href }} target="_blank" />
  }
  const isPerson = mend === 'members' || mend === 'connect'
  const url = isPerson ? `/members?${new URLSearchParams({ search: person })}` : `/${mend}`
  return <Button label={label} hx-get={url} />
}
