// Nobody gets mail from us (D4); what a new member should know goes into Cobot's own.
import type { Say } from './i18n.ts'
import { Button } from './parts.tsx'

export const MailText = ({ t }: Say) => {
  const text = t('mail.text')
  return (
    <details class="mail">
      <summary>{t('mail.title')}</summary>
      <p>{t('mail.where')}</p>
      <textarea
        id="mail-text"
        rows={text.split('\n').length + 4}
        readonly
        aria-label={t('mail.title')}>
        {text}
      </textarea>
      <p>
        <Button
          label={t('mail.copy')}
          data-copy="mail-text"
          data-done={t('mail.copied')}
          data-failed={t('mail.notCopied')}
        />
      </p>
    </details>
  )
}
