// What pages with a long list have in common: searching, filtering, leafing through.
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
    hx-trigger="input changed delay:300ms, submit"
    hx-sync="this:replace"
    {...intoList}>
    <input
      id="search"
      type="search"
      name="search"
      value={search}
      aria-label={label}
      placeholder={label}
    />
    <select id="filter" name="filter" aria-label={say.t('members.filter')}>
      {filters.map(([value, words]) => (
        <option value={value} selected={value === filter}>
          {words}
        </option>
      ))}
    </select>
  </form>
)

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
