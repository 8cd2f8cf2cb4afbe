import type { TagId } from '../src/core/ids.ts'
import type { Say } from './i18n.ts'
import { Button, type Found, Offers, SearchedList, State } from './parts.tsx'

export type TagLine = {
  tagId: TagId
  number: string
  state: 'free' | 'held' | 'notReturned' | 'lost' | 'returning' | 'blocked' | 'pod' | 'inSalto'
  /** For filtering. */
  kind: 'free' | 'held' | 'out'
  holder: string | null
  /** When the holder's last membership ended. */
  endedOn: string | null
  /** Something is under way: the row asks again by itself. */
  isWorking: boolean
}

/** The two fields as typed, and why they were not taken. */
export type HandOut = {
  tag: string
  member?: string
  wrong?: { field: 'tag' | 'member'; reason: string; holder?: string } | undefined
  done?: { tag: string; member: string }
}

export const TagsPage = (props: {
  say: Say
  found: Found
  filters: readonly string[]
  lines: TagLine[]
  numbers: string[]
  people: string[]
}) => {
  const { say, found, filters, lines, numbers, people } = props
  const { t } = say
  return (
    <>
      <h2>{t('tags.handOut')}</h2>
      <HandOutForm {...{ say, tag: '' }} />
      <Offers id="free" values={numbers} />
      <Offers id="people" values={people} />
      <h2>{t('tags.all')}</h2>
      <SearchedList
        {...{ say, at: '/tags', found, label: t('tags.search') }}
        filters={filters.map((each) => [each, t(`tags.filters.${each}`)])}
        count={t('tags.count', { count: found.page.total })}
        columns={['number', 'holder', 'state'].map((column) => t(`tags.column.${column}`))}
        none={t('tags.none')}
        rows={lines.map((line) => <TagRow {...{ say, line }} />)}
      />
    </>
  )
}

/** One tag after the other: Enter hands it out, and the next number can be typed. */
export const HandOutForm = ({ say, tag, member = '', wrong, done }: HandOut & { say: Say }) => {
  const { t } = say
  const field = (name: 'tag' | 'member', value: string, options: string, focus: boolean) => {
    const isWrong = wrong?.field === name
    return (
      <p class="field">
        <label for={`hand-out-${name}`}>{t(`tags.field.${name}`)}</label>
        <input
          id={`hand-out-${name}`}
          name={name}
          list={options}
          value={value}
          autocomplete="off"
          data-focus={focus}
          data-next={name === 'tag' && 'hand-out-member'}
          aria-invalid={isWrong && 'true'}
          aria-describedby={isWrong && 'hand-out-reason'}
        />
        {isWrong && (
          <span id="hand-out-reason" class="reason">
            {t(`tags.reason.${wrong.reason}`, { tag, member, holder: wrong.holder })}
          </span>
        )}
      </p>
    )
  }
  // A number without a name was chosen below: the name comes next.
  const isNameNext = wrong ? wrong.field === 'member' : tag !== ''
  return (
    <form id="hand-out" class="bar fields" hx-post="/tags/hand-out" hx-target="this" novalidate>
      {field('tag', tag, 'free', !isNameNext && (wrong ?? done) !== undefined)}
      {field('member', member, 'people', isNameNext)}
      <button type="submit">{t('members.assign')}</button>
      <p class="hint" role="status">
        {done ? t('tags.done', done) : !wrong && t('tags.how')}
      </p>
    </form>
  )
}

/** The form for the next one, with the row and the free numbers as they are now. */
export const HandedOut = (props: {
  say: Say
  line: TagLine | undefined
  numbers: string[]
  done: NonNullable<HandOut['done']>
}) => {
  const { say, line, numbers, done } = props
  return (
    <>
      <HandOutForm {...{ say, tag: '', done }} />
      <hx-partial hx-target="#free" hx-swap="outerHTML">
        <Offers id="free" values={numbers} />
      </hx-partial>
      {line && (
        <hx-partial hx-target={`#tag-${line.tagId}`} hx-swap="outerHTML">
          <TagRow {...{ say, line }} />
        </hx-partial>
      )}
    </>
  )
}

const kinds: Partial<Record<TagLine['state'], 'good' | 'bad'>> = {
  held: 'good',
  lost: 'bad',
  blocked: 'bad',
  notReturned: 'bad',
}

export const TagRow = ({ say, line }: { say: Say; line: TagLine }) => {
  const { t } = say
  const { tagId, number, state, holder, endedOn } = line
  const self = `/tags/${tagId}`
  const refresh = line.isWorking && { 'hx-get': self, 'hx-trigger': 'every 2s' }
  const canBeTaken = state === 'held' || state === 'notReturned'
  return (
    <tr id={`tag-${tagId}`} {...refresh} hx-target="this" hx-target:inherited="closest tr">
      <th scope="row">{number}</th>
      <td data-label={t('tags.column.holder')}>
        {state === 'notReturned' ? t('tags.stillWith', { holder }) : holder}
        {endedOn && <p class="hint">{t('tags.ended', { day: say.day(endedOn) })}</p>}
      </td>
      <td data-label={t('tags.column.state')}>
        <State kind={kinds[state]}>{t(`tags.state.${state}`)}</State>
      </td>
      <td class="actions">
        {state === 'free' && (
          <Button
            label={t('members.assignTag')}
            class="quiet"
            about={number}
            hx-get={`/tags/hand-out?tag=${encodeURIComponent(number)}`}
            hx-target="#hand-out"
          />
        )}
        {canBeTaken && (
          <>
            <Button
              label={t('members.return')}
              class="quiet"
              about={number}
              hx-post={`${self}/return`}
            />{' '}
            <Button
              label={t('members.lost')}
              class="danger"
              about={number}
              hx-post={`${self}/lost`}
              data-confirm={t('members.confirm.lost', { number, name: holder })}
              data-verb={t('members.lost')}
            />
          </>
        )}
      </td>
    </tr>
  )
}
