// The PIN of a visitor, in the row that asked for it.
import type { Say } from './i18n.ts'
import type { MemberLine } from './members.tsx'

/** The digits, in this one answer only, or why there are none. */
export type MadePin = { digits: string } | { reason: string }

export const PinCard = (props: { say: Say; line: MemberLine; made: MadePin }) => {
  const { say, line, made } = props
  const { t } = say
  const { membershipId, name, pin } = line
  if ('reason' in made)
    return (
      <p class="reason" role="alert">
        {t(`members.pin.${made.reason}`, { name })}
      </p>
    )
  const id = `pin-${membershipId}`
  return (
    <div class="card">
      <input
        id={id}
        class="pin"
        value={made.digits}
        size={made.digits.length}
        readonly
        autocomplete="off"
        data-focus="true"
        aria-label={t('members.pin.label', { name })}
        aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`}>
        {pin && t('members.pin.use', { doors: pin.doors.join(', '), until: say.at(pin.until) })}{' '}
        {t('members.pin.once')}
      </p>
      <p class="actions">
        <button
          type="button"
          data-copy={id}
          data-done={t('members.pin.copied')}
          data-failed={t('members.pin.notCopied')}>
          {t('mail.copy')}
        </button>
        <button type="button" class="quiet" hx-get={`/members/${membershipId}`}>
          {t('members.pin.hide')}
        </button>
      </p>
    </div>
  )
}
