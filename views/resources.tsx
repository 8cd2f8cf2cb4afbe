import type { LockId, ResourceId } from '../src/core/ids.ts'
import type { Lock } from '../src/core/model.ts'
import { Choices } from './choices.tsx'
import type { Say } from './i18n.ts'
import { type Asked, SavedTable } from './preview.tsx'

type Chosen = { enabled: boolean; lockIds: LockId[]; before: string; after: string }

export type ResourceLine = Chosen & {
  resourceId: ResourceId
  name: string
  /** What is stored, or proposed while nobody has decided; the rest is as typed. */
  shown: Chosen
  /** The same as a text, which is sent along. */
  was: string
  isStored: boolean
  /** It came back in a form. */
  isSent: boolean
  /** Chosen locks that KS does not have any more. */
  lost: Pick<Lock, 'lockId' | 'name'>[]
  /** What there is to know about its locks, or that it is gone itself. */
  hint: 'none' | 'several' | 'lost' | 'gone' | null
  /** Why it could not be saved. */
  reason: 'noLock' | 'before' | 'after' | null
  /** Somebody else saved this row meanwhile. */
  isNews: boolean
}

type Table = { say: Say; lines: ResourceLine[]; locks: Lock[]; minutesMax: number }

export const ResourcesPage = (props: Table & { asked: Asked | undefined }) => {
  const { say, lines, locks, minutesMax, asked } = props
  const { t } = say
  if (lines.length === 0) return <p class="empty">{t('resources.noResources')}</p>
  if (locks.length === 0) return <p class="empty">{t('resources.noLocks')}</p>
  return (
    <SavedTable
      {...{ say, id: 'resources', lines, asked }}
      what={t('resources.what')}
      meanwhile={t('resources.meanwhile')}
      columns={['resource', 'locks', 'before', 'after'].map((column) => t(`resources.${column}`))}>
      {lines.map((line) => (
        <ResourceRow {...{ say, line, locks, minutesMax }} />
      ))}
    </SavedTable>
  )
}

const ResourceRow = (props: Omit<Table, 'lines'> & { line: ResourceLine }) => {
  const { say, line, locks, minutesMax } = props
  const { t } = say
  const { resourceId, name, reason, hint, isNews } = line
  const [reasonId, hintId] = [`reason-${resourceId}`, `hint-${resourceId}`]
  const about = (what: typeof reason) =>
    reason === what ? { 'aria-invalid': 'true', 'aria-describedby': reasonId } : {}
  const why = (what: typeof reason) =>
    reason === what && (
      <p id={reasonId} class="reason">
        {t(`resources.reason.${what === 'noLock' ? what : 'minutes'}`, { max: minutesMax })}
      </p>
    )
  const minutes = (label: 'before' | 'after', value: string) => (
    <td class="number" data-label={t(`resources.${label}`)}>
      <input
        type="number"
        name={`${label}:${resourceId}`}
        value={value}
        min="0"
        max={minutesMax}
        aria-label={`${t(`resources.${label}`)}: ${name}`}
        {...about(label)}
      />
      {why(label)}
    </td>
  )
  return (
    <tr id={`resource-${resourceId}`}>
      <td>
        <input type="hidden" name={`was:${resourceId}`} value={line.was} />
        <label class="check">
          <input
            type="checkbox"
            name="enabled"
            value={resourceId}
            checked={line.enabled}
            aria-describedby={hint && hintId}
          />
          {name}
        </label>
        {hint === 'gone' && (
          <p id={hintId} class="reason">
            {t('resources.hint.gone')}
          </p>
        )}
        {isNews && <p class="reason">{storedText(say, line, locks)}</p>}
      </td>
      <td data-label={t('resources.locks')}>
        <Choices
          {...lockChoices(say, line, locks)}
          from={`/resources/${encodeURIComponent(resourceId)}/locks`}
          none={t('resources.noLock')}
          about={reason === 'noLock' ? reasonId : hint && hint !== 'gone' && hintId}
        />
        {why('noLock')}
        {hint && hint !== 'gone' && (
          <p id={hintId} class={hint === 'lost' ? 'reason' : 'hint'}>
            {t(`resources.hint.${hint}`)}
          </p>
        )}
      </td>
      {minutes('before', line.before)}
      {minutes('after', line.after)}
    </tr>
  )
}

type Locked = Pick<ResourceLine, 'resourceId' | 'name' | 'lockIds' | 'lost'>

/** All locks to choose from, for a row. */
export const lockChoices = (say: Say, line: Locked, locks: readonly Lock[]) => {
  const { resourceId, name, lockIds, lost } = line
  const { t } = say
  return {
    say,
    name: `locks:${resourceId}`,
    label: `${t('resources.locks')}: ${name}`,
    options: [
      ...lost.map((lock) => ({ value: lock.lockId, label: t('plans.gone', { group: lock.name }) })),
      ...locks.map((lock) => ({ value: lock.lockId, label: lock.name })),
    ],
    chosen: lockIds,
  }
}

/** What somebody else saved. */
const storedText = ({ t }: Say, { shown, lost }: ResourceLine, locks: readonly Lock[]): string => {
  const { enabled, lockIds, before, after } = shown
  const named = [...lost, ...locks].filter(({ lockId }) => lockIds.includes(lockId))
  return t('resources.news', {
    before,
    after,
    state: t(enabled ? 'resources.newsOn' : 'resources.newsOff'),
    locks: named.map(({ name }) => name).join(', ') || t('resources.noLock'),
  })
}

type Moved = {
  resourceId: ResourceId
  name: string
  startsAt: Date
  kind: 'gains' | 'loses' | 'changes' | 'waits'
}

/** How many bookings gain, lose and change, and which ones. */
export const bookingConsequences = (
  { t, at }: Say,
  moves: readonly Moved[],
  lines: readonly ResourceLine[],
): Pick<Asked, 'consequences' | 'verb' | 'takesAway'> => {
  const of = (kind: Moved['kind']) => moves.filter((move) => move.kind === kind)
  const about = ({ resourceId, name, startsAt }: Moved) => {
    const resource = lines.find((line) => line.resourceId === resourceId)?.name ?? ''
    return [name || t('resources.somebody'), resource, at(startsAt)].join(' · ')
  }
  const kinds = (['gains', 'loses', 'changes', 'waits'] as const).filter((kind) => of(kind).length)
  const [gains, loses] = [of('gains').length, of('loses').length]
  const count = moves.length - of('waits').length
  const kind = count === gains ? 'letIn' : count === loses ? 'remove' : 'change'
  return {
    consequences: kinds.map((each) => ({
      text: t(`resources.${each}`, { count: of(each).length }),
      about: of(each).map(about),
    })),
    verb: t(`resources.verb.${kind}`, { count }),
    takesAway: loses > 0,
  }
}
