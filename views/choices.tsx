// Choosing several of many: closed, it says what is chosen and carries it along; only when somebody
// opens it is the whole list fetched, since a page may hold hundreds of them.
import type { Say } from './i18n.ts'

type Option = {
  value: string
  label: string
  /** Chosen by itself only. */
  alone?: boolean
}

type ChoicesFacts = {
  say: Say
  /** Of the form's field, which comes once for each that is chosen. */
  name: string
  /** What is chosen, and for which row. */
  label: string
  options: readonly Option[]
  chosen: readonly string[]
}

export const Choices = (
  props: ChoicesFacts & { from: string; none: string; about: string | false | null },
) => {
  const { say, name, label, options, chosen, from, none, about } = props
  const picked = options.filter(({ value }) => chosen.includes(value))
  const query = new URLSearchParams(picked.map(({ value }) => ['chosen', value]))
  return (
    <details
      class="over choices"
      name="over"
      aria-label={label}
      hx-get={`${from}?${query}`}
      hx-trigger="toggle once"
      hx-target="find .list"
      hx-swap="innerHTML">
      <summary aria-describedby={about || undefined}>
        <span class="unseen">{label}: </span>
        <span data-chosen data-none={none}>
          {picked.map((each) => each.label).join(', ') || none}
        </span>
      </summary>
      <div class="list">
        {picked.map(({ value }) => (
          <input type="checkbox" name={name} value={value} checked hidden />
        ))}
        <p class="hint">{say.t('choices.loading')}</p>
      </div>
    </details>
  )
}

/** All there is to choose from; what is chosen comes first. */
export const ChoiceList = ({ say, name, label, options, chosen }: ChoicesFacts) => {
  const { t } = say
  const isChosen = ({ value }: Option) => chosen.includes(value)
  const sorted = [...options.filter(isChosen), ...options.filter((each) => !isChosen(each))]
  return (
    <fieldset>
      <legend class="unseen">{label}</legend>
      {options.length > filterFrom && (
        <input
          type="search"
          data-filter
          aria-label={`${t('choices.filter')}: ${label}`}
          placeholder={t('choices.filter')}
        />
      )}
      <div class="boxes">
        {sorted.map((option) => (
          <label class="option">
            <input
              type="checkbox"
              name={name}
              value={option.value}
              checked={isChosen(option)}
              data-alone={option.alone}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <p role="status" class="hint" data-nothing={t('choices.nothing')}></p>
    </fieldset>
  )
}

/** A shorter list is seen at a glance. */
const filterFrom = 6
