// What pages with a long list have in common: searching, filtering, leafing through.
import type { Child } from 'hono/jsx'
import type { Say } from './i18n.ts'

export type Page = { from: number; size: number; total: number }
type Of = { say: Say; of: 'members' | 'tags'; search: string; filter: string }
/** What the search is called, and each filter. */
type Words = { label: string; filters: readonly (readonly [value: string, words: string])[] }

/** Only the list is exchanged: what is being typed stays as it is. */
const intoList = { 'hx-target': '#list', 'hx-select': '#list', 'hx-swap': 'outerMorph' }

export const SearchBar = ({ say, of, search, filter, label, filters }: Of & Words) => (
  <form
    class="bar"
    hx-get={`/${of}`}
    hx-trigger="input delay:300ms, submit"
    hx-sync="this:replace"
    {...intoList}>
    <SearchField {...{ search, label }} />
    <select id="filter" name="filter" aria-label={say.t('members.filter')}>
      {filters.map(([value, words]) => (
        <option value={value} selected={value === filter}>
          {words}
        </option>
      ))}
    </select>
  </form>
)

export const SearchField = ({ search, label }: { search: string; label: string }) => (
  <input
    id="search"
    type="search"
    name="search"
    value={search}
    aria-label={label}
    placeholder={label}
  />
)

/** A table whose last column are the actions of its rows; `none` says that there are no rows. */
export const ActionTable = (props: {
  say: Say
  /** In words, as is `none`. */
  columns: string[]
  none: string
  rows: Child[]
}) => {
  const { say, columns, none, rows } = props
  if (rows.length === 0) return <p class="empty">{none}</p>
  return (
    <table>
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col">{column}</th>
          ))}
          <th scope="col">
            <span class="unseen">{say.t('members.column.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>{rows}</tbody>
    </table>
  )
}

export const Paging = ({ say, of, search, filter, page }: Of & { page: Page }) => {
  const { from, size, total } = page
  if (total <= size) return null
  const { t } = say
  const to = Math.min(from + size, total)
  const button = (words: string, start: number) => (
    <button
      type="button"
      class="quiet"
      hx-get={`/${of}`}
      hx-vals={JSON.stringify({ search, filter, from: start })}
      {...intoList}>
      {t(words)}
    </button>
  )
  return (
    <nav class="bar" aria-label={t('paging.label')}>
      {from > 0 && button('paging.previous', from - size)}
      <span>{t('paging.range', { from: from + 1, to, total })}</span>
      {to < total && button('paging.next', to)}
    </nav>
  )
}
