import type { MembershipId, PairingId, SiteUserId, TagId } from '../src/core/ids.ts'
import type { ProblemCode } from '../src/core/problems.ts'
import type { Say } from './i18n.ts'
import { MailText } from './mail.tsx'
import { problemText } from './problems.tsx'

export type MemberLine = {
  membershipId: MembershipId
  name: string
  email: string | null
  plan: string
  upcoming: { name: string; on: string } | null
  endsOn: string | null
  isEnding: boolean
  state:
    | 'unconfirmed'
    | 'notConnected'
    | 'choosing'
    | 'working'
    | 'connected'
    | 'problem'
    | 'lockedOut'
    | 'leaving'
  /** Something is under way: the row asks again by itself. */
  isWorking: boolean
  pairingId: PairingId | null
  candidates: Candidate[]
  lockedOut: boolean
  problem: { code: ProblemCode; params: Record<string, string> } | null
  tag: { tagId: TagId; number: string; state: 'held' | 'notReturned' | 'lost' | 'returning' } | null
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
  search: string
  filter: string
  filters: readonly string[]
  lines: MemberLine[]
  total: number
  next: number | null
  tagsOut: { tagId: TagId; number: string; name: string }[]
}) => {
  const { say, search, filter, lines, next, tagsOut } = props
  const { t } = say
  return (
    <>
      <form
        class="bar"
        hx-get="/members"
        hx-trigger="input changed delay:300ms, submit"
        hx-swap="outerMorph">
        <input
          id="search"
          type="search"
          name="search"
          value={search}
          aria-label={t('members.search')}
          placeholder={t('members.search')}
        />
        <select id="filter" name="filter" aria-label={t('members.filter')}>
          {props.filters.map((each) => (
            <option value={each} selected={each === filter}>
              {t(`members.filters.${each}`)}
            </option>
          ))}
        </select>
        <p class="hint" role="status">
          {t('members.count', { count: props.total })}
        </p>
      </form>
      {lines.length === 0 ? (
        <p class="empty">{t('members.none')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {['name', 'plan', 'state', 'tag'].map((column) => (
                <th scope="col">{t(`members.column.${column}`)}</th>
              ))}
              <th scope="col">
                <span class="unseen">{t('members.column.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <MemberRow {...{ say, line }} />
            ))}
          </tbody>
        </table>
      )}
      {next !== null && (
        <p>
          <button
            type="button"
            class="quiet"
            hx-get="/members"
            hx-vals={JSON.stringify({ search, filter, from: next })}>
            {t('members.next')}
          </button>
        </p>
      )}
      {tagsOut.length > 0 && (
        <section>
          <h2>{t('members.tagsOut')}</h2>
          <ul class="checks">
            {tagsOut.map(({ tagId, number, name }) => (
              <li>
                <span>{t('members.stillWith', { number, name })}</span>
                <button type="button" class="quiet" hx-post={`/tags/${tagId}/return`}>
                  {t('members.return')} <span class="unseen">{number}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <MailText {...say} />
    </>
  )
}

type RowProps = {
  say: Say
  line: MemberLine
  /** The open form for a tag, as typed. */
  choice?: { value: string; numbers: string[]; reason?: string; holder?: string }
}

const stateKinds = { connected: 'good', problem: 'bad', choosing: 'bad', lockedOut: 'bad' }

export const MemberRow = ({ say, line, choice }: RowProps) => {
  const { t } = say
  const { membershipId, name, upcoming, endsOn, state, tag, problem } = line
  const self = `/members/${membershipId}`
  const refresh = line.isWorking && !choice && { 'hx-get': self, 'hx-trigger': 'every 2s' }
  return (
    <tr
      id={`member-${membershipId}`}
      {...refresh}
      hx-target="this"
      hx-target:inherited="closest tr">
      <th scope="row">
        {name}
        {line.email && line.email !== name && <p class="hint">{line.email}</p>}
      </th>
      <td data-label={t('members.column.plan')}>
        {line.plan}
        {upcoming && (
          <p class="hint">
            {t('members.upcoming', { plan: upcoming.name, day: say.day(upcoming.on) })}
          </p>
        )}
        {endsOn && <p class="hint">{t('members.ends', { day: say.day(endsOn) })}</p>}
      </td>
      <td data-label={t('members.column.state')}>
        <span
          class={`state ${Object.entries(stateKinds).find(([key]) => key === state)?.[1] ?? ''}`}>
          {t(`members.state.${state}`)}
        </span>
        {problem && <p class="hint">{problemText(say, problem.code, problem.params)}</p>}
      </td>
      <td data-label={t('members.column.tag')}>
        {tag && (
          <>
            {tag.number}
            {tag.state !== 'held' && <p class="hint">{t(`members.tagState.${tag.state}`)}</p>}
          </>
        )}
      </td>
      <td class="actions">
        {line.candidates.map((candidate) => (
          <CandidateCard {...{ say, line, candidate }} />
        ))}
        {choice ? <TagForm {...{ say, line, choice }} /> : <Actions {...{ say, line }} />}
      </td>
    </tr>
  )
}

const Actions = ({ say, line }: RowProps) => {
  const { t } = say
  const { membershipId, name, state, tag, lockedOut } = line
  const url = (action: string) => `/members/${membershipId}/${action}`
  const button = (action: string, label: string, kind: string, confirm?: string) => (
    <button
      type="button"
      class={kind}
      hx-post={url(action)}
      data-confirm={confirm && t(`members.confirm.${confirm}`, { name, number: tag?.number })}
      data-verb={confirm && t(label)}>
      {t(label)} <span class="unseen">{name}</span>
    </button>
  )
  if (state === 'unconfirmed') return null
  if (state === 'notConnected') return button('connect', 'members.connect', '')
  if (state === 'choosing') return button('another-person', 'members.notThem', 'quiet')
  if (state === 'leaving') return null
  const hasTag = tag?.state === 'held' || tag?.state === 'notReturned'
  return (
    <>
      <button type="button" class="quiet" hx-get={url('tag')}>
        {t(hasTag ? 'members.changeTag' : 'members.assignTag')} <span class="unseen">{name}</span>
      </button>
      <details class="more">
        <summary>
          {t('members.more')} <span class="unseen">{name}</span>
        </summary>
        {hasTag && button('return', 'members.return', 'quiet')}
        {hasTag && button('lost', 'members.lost', 'danger', 'lost')}
        {lockedOut
          ? button('let-in', 'members.letIn', 'quiet')
          : button('lock-out', 'members.lockOut', 'danger', 'lockOut')}
        {button('disconnect', 'members.disconnect', 'danger', 'disconnect')}
        <button
          type="button"
          class="quiet"
          hx-get={`/why?membershipId=${membershipId}`}
          hx-target="#frame">
          {t('nav.why')} <span class="unseen">{name}</span>
        </button>
      </details>
    </>
  )
}

const TagForm = ({ say, line, choice }: Required<RowProps>) => {
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
      <datalist id={id}>
        {choice.numbers.map((number) => (
          <option value={number} />
        ))}
      </datalist>
      <button type="submit">{t('members.assign')}</button>
      <button type="button" class="quiet" hx-get={`/members/${membershipId}`}>
        {t('cancel')}
      </button>
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
      <button
        type="button"
        hx-post={`/members/${line.membershipId}/link`}
        hx-vals={JSON.stringify({ siteUserId })}>
        {t('members.link')} <span class="unseen">{name}</span>
      </button>
    </div>
  )
}
