import type { Child } from 'hono/jsx'
import type { MembershipId, PairingId, SiteUserId, TagId } from '../src/core/ids.ts'
import type { ProblemCode } from '../src/core/problems.ts'
import { type Progress, ProgressBar } from './connect-many.tsx'
import type { Say } from './i18n.ts'
import { MailText } from './mail.tsx'
import { Button, type Found, Offers, SearchedList, State } from './parts.tsx'
import { type MadePin, PinCard } from './pins.tsx'
import { problemText } from './problems.tsx'

export type MemberLine = {
  membershipId: MembershipId
  name: string
  email: string | null
  plan: string
  upcoming: { name: string; on: string } | null
  /** Of a visitor: the booking, of the resource that `plan` names. */
  visit: { startsAt: Date; endsAt: Date } | null
  endsOn: string | null
  state:
    | 'unconfirmed'
    | 'notConnected'
    | 'choosing'
    | 'working'
    | 'connected'
    | 'problem'
    | 'lockedOut'
    | 'leaving'
    | 'ended'
  /** Something is under way: the row asks again by itself. */
  isWorking: boolean
  /** *Erase* was pressed, and is not done yet. */
  isErasing: boolean
  pairingId: PairingId | null
  candidates: Candidate[]
  lockedOut: boolean
  problem: { code: ProblemCode; params: Record<string, string> } | null
  tag: { tagId: TagId; number: string; state: 'held' | 'notReturned' | 'lost' | 'returning' } | null
  /** The number of a tag that somebody gave them in SALTO KS. */
  otherTag: string | null
  app: 'asked' | 'sent' | 'used' | null
  /** Until when, and at which doors, a visitor's PIN would open; null when none can be made. */
  pin: { until: Date; doors: string[] } | null
  hasPin: boolean
  mayInvite: boolean
}

type Candidate = {
  siteUserId: SiteUserId
  name: string
  email: string | null
  tagNumber: string | null
  reason: 'email' | 'name'
  groups: string[]
}

export const MembersPage = (props: {
  say: Say
  found: Found
  filters: readonly string[]
  lines: MemberLine[]
  progress: Progress | null
  tagsOut: number
  /** Why pressing a button above the list did nothing. */
  reason: string | null
}) => {
  const { say, found, filters, lines, progress, tagsOut, reason } = props
  const { t } = say
  return (
    <>
      <ProgressBar {...{ say, progress }} />
      <SearchedList
        {...{ say, at: '/members', found, label: t('members.search') }}
        filters={filters.map((each) => [each, t(`members.filters.${each}`)])}
        count={t('members.count', { count: found.page.total })}
        columns={['name', 'plan', 'state', 'tag'].map((column) => t(`members.column.${column}`))}
        none={t('members.none')}
        rows={lines.map((line) => <MemberRow {...{ say, line }} />)}
        above={
          lines.some(({ state }) => state === 'notConnected') && <ChosenForm {...{ say, reason }} />
        }
        below={<MailText {...say} />}
      />
      {tagsOut > 0 && (
        <p>
          <a href="/tags?filter=out" hx-get="/tags?filter=out">
            {t('members.tagsOut', { count: tagsOut })}
          </a>
        </p>
      )}
    </>
  )
}

const ChosenForm = ({ say: { t }, reason }: { say: Say; reason: string | null }) => (
  <form id="chosen" class="bar" hx-post="/members/preview">
    <label class="check">
      <input type="checkbox" data-all="membershipId" /> {t('members.choosePage')}
    </label>
    <button type="submit">{t('members.connectSelected')}</button>
    <Button
      label={t('members.connectAll')}
      class="quiet"
      hx-post="/members/preview"
      hx-vals='{"all":"yes"}'
    />
    {reason && (
      <p class="reason" role="alert">
        {t(reason)}
      </p>
    )}
  </form>
)

type RowProps = {
  say: Say
  line: MemberLine
  /** The open form for a tag, as typed. */
  choice?: { value: string; numbers: string[]; reason?: string; holder?: string } | undefined
  made?: MadePin | undefined
}

const stateKinds: Partial<Record<MemberLine['state'], 'good' | 'bad'>> = {
  connected: 'good',
  problem: 'bad',
  choosing: 'bad',
  lockedOut: 'bad',
}

export const MemberRow = ({ say, line, choice, made }: RowProps) => {
  const { t } = say
  const { membershipId, name, upcoming, endsOn, state, tag, problem } = line
  const self = `/members/${membershipId}`
  const refresh = line.isWorking && !choice && !made && { 'hx-get': self, 'hx-trigger': 'every 2s' }
  return (
    <tr
      id={`member-${membershipId}`}
      {...refresh}
      hx-target="this"
      hx-target:inherited="closest tr">
      <th scope="row">
        {state === 'notConnected' ? (
          <label class="check">
            <input type="checkbox" name="membershipId" value={membershipId} form="chosen" /> {name}
          </label>
        ) : (
          name
        )}
        {line.email && line.email !== name && <p class="hint">{line.email}</p>}
      </th>
      <td data-label={t('members.column.plan')}>
        {line.plan}
        {line.visit && (
          <p class="hint">
            {t('members.visit', { span: say.span(line.visit.startsAt, line.visit.endsAt) })}
          </p>
        )}
        {upcoming && (
          <p class="hint">
            {t('members.upcoming', { plan: upcoming.name, day: say.day(upcoming.on) })}
          </p>
        )}
        {endsOn && <p class="hint">{t('members.ends', { day: say.day(endsOn) })}</p>}
      </td>
      <td data-label={t('members.column.state')}>
        <State kind={stateKinds[state]}>{t(`members.state.${state}`)}</State>
        {line.isErasing && <p class="hint">{t('person.erasing')}</p>}
        {problem && <p class="hint">{problemText(say, problem.code, problem.params)}</p>}
      </td>
      <td data-label={t('members.column.tag')}>
        {tag && (
          <>
            {tag.number}
            {tag.state !== 'held' && <p class="hint">{t(`members.tagState.${tag.state}`)}</p>}
          </>
        )}
        {line.otherTag && (
          <>
            {line.otherTag}
            <p class="hint">{t('members.otherTag')}</p>
          </>
        )}
        {line.hasPin && <p class="hint">{t('members.hasPin')}</p>}
        {line.app && <p class="hint">{t(`members.app.${line.app}`)}</p>}
      </td>
      <td class="actions">
        {line.candidates.map((candidate) => (
          <CandidateCard {...{ say, line, candidate }} />
        ))}
        {made && <PinCard {...{ say, line, made }} />}
        {choice ? <TagForm {...{ say, line, choice }} /> : <Actions {...{ say, line }} />}
      </td>
    </tr>
  )
}

const Actions = ({ say, line }: RowProps) => {
  const { t } = say
  const { membershipId, name, email, state, tag, lockedOut } = line
  const url = (action: string) => `/members/${membershipId}/${action}`
  const button = (action: string, label: string, kind: string, confirm?: string, verb = label) => (
    <>
      <Button
        label={t(label)}
        class={kind}
        about={name}
        hx-post={url(action)}
        data-confirm={
          confirm && t(`members.confirm.${confirm}`, { name, number: tag?.number, email })
        }
        data-verb={confirm && t(verb, { name })}
      />{' '}
    </>
  )
  const more = (rest: Child = null) => (
    <details class="over more" name="over">
      <summary>
        {t('members.more')} <span class="unseen">{name}</span>
      </summary>
      <div class="menu">
        {rest}
        <Button
          label={t('person.download')}
          class="quiet"
          about={name}
          data-download={url('file')}
          data-failed={t('activity.notSaved')}
        />
        {!line.visit && button('erase', 'person.erase', 'danger', 'erase', 'person.eraseVerb')}
      </div>
    </details>
  )
  if (['unconfirmed', 'leaving', 'ended'].includes(state)) return more()
  if (state === 'notConnected' || state === 'choosing')
    return (
      <>
        {state === 'notConnected'
          ? button('connect', 'members.connect', '')
          : button('another-person', 'members.notThem', 'quiet')}
        {more()}
      </>
    )
  const hasTag = tag?.state === 'held' || tag?.state === 'notReturned'
  return (
    <>
      <Button
        label={t(hasTag ? 'members.changeTag' : 'members.assignTag')}
        class="quiet"
        about={name}
        hx-get={url('tag')}
      />{' '}
      {hasTag && button('return', 'members.return', 'quiet')}
      {hasTag && button('lost', 'members.lost', 'danger', 'lost')}
      {line.pin && button('pin', 'members.newPin', 'quiet', line.hasPin ? 'pin' : undefined)}
      {line.mayInvite && button('invite', 'members.invite', 'quiet', 'invite')}
      {lockedOut
        ? button('let-in', 'members.letIn', 'quiet')
        : button('lock-out', 'members.lockOut', 'danger', 'lockOut')}
      {!line.visit && button('disconnect', 'members.disconnect', 'danger', 'disconnect')}
      {more(
        <Button
          label={t('nav.why')}
          class="quiet"
          about={name}
          hx-get={`/why?membershipId=${membershipId}`}
          hx-target="#frame"
        />,
      )}
    </>
  )
}

const TagForm = (props: RowProps & { choice: NonNullable<RowProps['choice']> }) => {
  const { say, line, choice } = props
  const { t } = say
  const { membershipId, name } = line
  const id = `tags-${membershipId}`
  return (
    <form hx-post={`/members/${membershipId}/tag`} class="inline" novalidate>
      <input
        name="tag"
        list={id}
        value={choice.value}
        inputmode="numeric"
        autocomplete="off"
        placeholder={t('members.tag')}
        aria-label={`${t('members.tag')} ${name}`}
        aria-invalid={choice.reason && 'true'}
        aria-describedby={`${id}-hint`}
      />
      <Offers id={id} values={choice.numbers} />
      <button type="submit">{t('members.assign')}</button>
      <Button label={t('cancel')} class="quiet" hx-get={`/members/${membershipId}`} />
      <p id={`${id}-hint`} class={choice.reason ? 'reason' : 'hint'}>
        {choice.reason
          ? t(`members.tagReason.${choice.reason}`, choice)
          : t('members.free', { count: choice.numbers.length })}
      </p>
    </form>
  )
}

/** Both sides, and what linking means. */
const CandidateCard = ({ say, line, candidate }: RowProps & { candidate: Candidate }) => {
  const { t } = say
  const { name, email, tagNumber, groups, siteUserId } = candidate
  const groupNames = groups.join(', ')
  return (
    <div class="card">
      <dl>
        <dt>Cobot</dt>
        <dd>{[line.name, line.email].filter(Boolean).join(' · ')}</dd>
        <dt>SALTO KS</dt>
        <dd>{[name, email, tagNumber].filter(Boolean).join(' · ')}</dd>
      </dl>
      <p class="hint">
        {t(`members.candidate.${candidate.reason}`)}{' '}
        {groupNames && t('members.candidate.groups', { groups: groupNames })}
      </p>
      <Button
        label={t('members.link')}
        about={name}
        hx-post={`/members/${line.membershipId}/link`}
        hx-vals={JSON.stringify({ siteUserId })}
      />
    </div>
  )
}
