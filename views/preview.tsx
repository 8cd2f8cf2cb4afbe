import type { Say } from './i18n.ts'

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

/** Asks about what follows; its button sends the form again, as it was typed. */
export const Preview = ({ say, form, asked }: { say: Say; form: string; asked: Asked }) => {
  const { t } = say
  return (
    <dialog id="preview" aria-labelledby="preview-title" data-open>
      <h2 id="preview-title" tabindex={-1}>
        {t('preview.title')}
      </h2>
      {asked.isOther && (
        <p role="alert" class="note bad">
          {t('preview.other')}
        </p>
      )}
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
