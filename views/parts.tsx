// What pages are built from: buttons, notes, tables, and lists to search, filter and leaf through.
import type { Child, JSX } from 'hono/jsx'
import type { Say } from './i18n.ts'

type ButtonProps = JSX.IntrinsicElements['button'] & {
  label: string
  /** The name of its row, for whoever hears the button without the row. */
  about?: string
}

export const Button = ({ label, about, ...rest }: ButtonProps) => (
  <button type="button" {...rest}>
    {label}
    {about !== undefined && (
      <>
        {' '}
        <span class="unseen">{about}</span>
      </>
    )}
  </button>
)

type LinkProps = JSX.IntrinsicElements['a'] & { label: string; kind?: string }

/** Leads to another page. */
export const LinkButton = ({ label, kind = '', ...rest }: LinkProps) => (
  <a class={`button ${kind}`.trim()} {...rest} rel="noopener">
    {label}
  </a>
)

/** What went wrong, said at once. */
export const Alert = ({ children }: { children?: Child }) => (
  <p role="alert" class="note bad">
    {children}
  </p>
)

/** Never by colour alone: the stylesheet puts a sign before the words. */
export const State = (props: { kind: 'good' | 'bad' | '' | undefined; children?: Child }) => (
  <span class={`state ${props.kind ?? ''}`}>{props.children}</span>
)

export const Table = ({ columns, children }: { columns: Child[]; children?: Child }) => (
  <table>
    <thead>
      <tr>
        {columns.map((column) => (
          <th scope="col">{column}</th>
        ))}
      </tr>
    </thead>
    <tbody>{children}</tbody>
  </table>
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

export type Page = { from: number; size: number; total: number }

/** What an input offers while somebody types. */
export const Offers = ({ id, values }: { id: string; values: readonly string[] }) => (
  <datalist id={id}>
    {values.map((value) => (
      <option value={value} />
    ))}
  </datalist>
)

/** What is looked for in a long list, and the part of it that is shown. */
export type Found = { search: string; filter: string; page: Page }

/** Only the list is exchanged: what is being typed stays as it is. */
const intoList = { 'hx-target': '#list', 'hx-select': '#list', 'hx-swap': 'outerMorph' }

/** A long list under its search; what it is called, and what it says, comes in words. */
export const SearchedList = (props: {
  say: Say
  at: string
  found: Found
  label: string
  filters: readonly (readonly [value: string, words: string])[]
  count: string
  columns: string[]
  none: string
  rows: Child[]
  above?: Child
  below?: Child
}) => {
  const { say, at, found, label, filters, count } = props
  return (
    <>
      <form
        class="bar"
        hx-get={at}
        hx-trigger="input delay:300ms, submit"
        hx-sync="this:replace"
        {...intoList}>
        <SearchField search={found.search} label={label} />
        <select id="filter" name="filter" aria-label={say.t('members.filter')}>
          {filters.map(([value, words]) => (
            <option value={value} selected={value === found.filter}>
              {words}
            </option>
          ))}
        </select>
      </form>
      <div id="list">
        <p class="hint count" role="status">
          {count}
        </p>
        {props.above}
        <ActionTable {...props} />
        <Paging {...{ say, at, found }} />
        {props.below}
      </div>
    </>
  )
}

/** A table whose last column are the actions of its rows; `none` says that there are no rows. */
const ActionTable = (props: { say: Say; columns: string[]; none: string; rows: Child[] }) => {
  const { say, columns, none, rows } = props
  if (rows.length === 0) return <p class="empty">{none}</p>
  const actions = <span class="unseen">{say.t('members.column.actions')}</span>
  return <Table columns={[...columns, actions]}>{rows}</Table>
}

const Paging = ({ say, at, found }: { say: Say; at: string; found: Found }) => {
  const { t } = say
  const { page, ...wanted } = found
  const { from, size, total } = page
  if (total <= size) return null
  const to = Math.min(from + size, total)
  const button = (words: string, start: number) => (
    <Button
      label={t(words)}
      class="quiet"
      hx-get={at}
      hx-vals={JSON.stringify({ ...wanted, from: start })}
      {...intoList}
    />
  )
  return (
    <nav class="bar" aria-label={t('paging.label')}>
      {from > 0 && button('paging.previous', from - size)}
      <span>{t('paging.range', { from: from + 1, to, total })}</span>
      {to < total && button('paging.next', to)}
    </nav>
  )
}
