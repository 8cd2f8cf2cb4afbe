// The PIN of a visitor, in the row that asked for it.
import type { Say } from './i18n.ts'
import type { MemberLine } from './members.tsx'
import { Button } from './parts.tsx'

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
        <Button
          label={t('mail.copy')}
          data-copy={id}
          data-done={t('members.pin.copied')}
          data-failed={t('members.pin.notCopied')}
        />
        <Button label={t('members.pin.hide')} class="quiet" hx-get={`/members/${membershipId}`} />
      </p>
    </div>
  )
}
