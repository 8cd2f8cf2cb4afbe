import type { Child } from 'hono/jsx'
import type { Say } from './i18n.ts'
import { Alert, Table } from './parts.tsx'

/** One thing that follows, and whom or what it is about. */
export type Consequence = { text: string; about: string[] }

/** What would follow from a form that was sent, before it is done. */
export type Asked = {
  consequences: Consequence[]
  /** What the button does, in words. */
  verb: string
  takesAway: boolean
  /** Stands for exactly this. */
  set: string
  /** Something else was confirmed: it would be this by now. */
  isOther: boolean
}

/** A table that is saved as a whole. */
export const SavedTable = (props: {
  say: Say
  id: string
  /** What it is for, its columns, and what is said when somebody else saved it meanwhile. */
  what: string
  columns: string[]
  meanwhile: string
  lines: readonly { reason: unknown; isNews: boolean }[]
  asked: Asked | undefined
  children?: Child
}) => {
  const { say, id, columns, lines, asked } = props
  return (
    <>
      <form id={id} hx-post={`/${id}`} novalidate>
        <p class="hint">{props.what}</p>
        {lines.some(({ reason }) => reason) && <Alert>{say.t('table.notSaved')}</Alert>}
        {lines.some(({ isNews }) => isNews) && <Alert>{props.meanwhile}</Alert>}
        <Table columns={columns}>{props.children}</Table>
        <div class="actions">
          <button type="submit">{say.t('table.save')}</button>
        </div>
      </form>
      {asked && <Preview {...{ say, asked }} form={id} />}
    </>
  )
}

/** Asks about what follows; its button sends the form again, as it was typed. */
const Preview = ({ say, form, asked }: { say: Say; form: string; asked: Asked }) => {
  const { t } = say
  return (
    <dialog id="preview" aria-labelledby="preview-title" data-open>
      <h2 id="preview-title" tabindex={-1}>
        {t('preview.title')}
      </h2>
      {asked.isOther && <Alert>{t('preview.other')}</Alert>}
      <ul class="follows">
        {asked.consequences.map(({ text, about }) => (
          <li>
            {text}
            {about.length > 0 && (
              <details>
                <summary>
                  {t('preview.who')} <span class="unseen">{text}</span>
                </summary>
                <ul tabindex={0}>
                  {about.map((each) => (
                    <li>{each}</li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
      <form method="dialog" class="actions">
        <button
          type="submit"
          form={form}
          name="confirmed"
          value={asked.set}
          class={asked.takesAway ? 'danger' : ''}>
          {asked.verb}
        </button>
        <button type="submit" class="quiet">
          {t('cancel')}
        </button>
      </form>
    </dialog>
  )
}
