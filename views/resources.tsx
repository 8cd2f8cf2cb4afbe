import type { LockId, ResourceId } from '../src/core/ids.ts'
import type { Lock } from '../src/core/model.ts'
import type { Say } from './i18n.ts'

export type ResourceLine = {
  resourceId: ResourceId
  name: string
  enabled: boolean
  lockIds: LockId[]
  /** As typed. */
  before: string
  after: string
  /** Why no lock is chosen. */
  hint: 'none' | 'several' | 'lost' | null
  /** Why it could not be saved. */
  reason: 'noLock' | 'minutes' | null
}

type Table = { say: Say; lines: ResourceLine[]; locks: Lock[]; minutesMax: number }

export const ResourcesPage = ({ say, lines, locks, minutesMax }: Table) => {
  const { t } = say
  if (lines.length === 0) return <p class="empty">{t('resources.noResources')}</p>
  if (locks.length === 0) return <p class="empty">{t('resources.noLocks')}</p>
  return (
    <form hx-post="/resources" novalidate>
      <p class="hint">{t('resources.what')}</p>
      {lines.some((line) => line.reason) && (
        <p role="alert" class="note bad">
          {t('resources.notSaved')}
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">{t('resources.resource')}</th>
            <th scope="col">{t('resources.locks')}</th>
            <th scope="col">{t('resources.before')}</th>
            <th scope="col">{t('resources.after')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <ResourceRow {...{ say, line, locks, minutesMax }} />
          ))}
        </tbody>
      </table>
      <div class="actions">
        <button type="submit">{t('resources.save')}</button>
      </div>
    </form>
  )
}

const ResourceRow = (props: Omit<Table, 'lines'> & { line: ResourceLine }) => {
  const { say, line, locks, minutesMax } = props
  const { t } = say
  const { resourceId, name, reason, hint } = line
  const isAbout = (what: typeof reason) => (reason === what ? 'true' : undefined)
  const minutes = (label: 'before' | 'after', value: string) => (
    <td class="number" data-label={t(`resources.${label}`)}>
      <input
        type="number"
        name={`${label}:${resourceId}`}
        value={value}
        min="0"
        max={minutesMax}
        aria-label={`${t(`resources.${label}`)}: ${name}`}
        aria-invalid={isAbout('minutes')}
      />
    </td>
  )
  return (
    <tr id={`resource-${resourceId}`}>
      <td>
        <label class="check">
          <input type="checkbox" name="enabled" value={resourceId} checked={line.enabled} />
          {name}
        </label>
        {reason && <p class="reason">{t(`resources.reason.${reason}`, { max: minutesMax })}</p>}
      </td>
      <td data-label={t('resources.locks')}>
        <select
          multiple
          name={`locks:${resourceId}`}
          size={Math.min(locks.length, 4)}
          aria-label={`${t('resources.locks')}: ${name}`}
          aria-invalid={isAbout('noLock')}>
          {locks.map((lock) => (
            <option value={lock.lockId} selected={line.lockIds.includes(lock.lockId)}>
              {lock.name}
            </option>
          ))}
        </select>
        {hint && <p class="hint">{t(`resources.hint.${hint}`)}</p>}
      </td>
      {minutes('before', line.before)}
      {minutes('after', line.after)}
    </tr>
  )
}
