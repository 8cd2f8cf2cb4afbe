import type { AccessGroupId, PlanId } from '../src/core/ids.ts'
import type { Move } from '../src/core/mappings.ts'
import type { AccessGroup, TimeSchedule } from '../src/core/model.ts'
import { Choices } from './choices.tsx'
import type { Say } from './i18n.ts'
import { Button, LinkButton } from './parts.tsx'
import { type Asked, type Consequence, SavedTable } from './preview.tsx'

export type PlanLine = {
  planId: PlanId
  /** '' for the plans that are not in the space's list. */
  name: string
  isOther: boolean
  /** Not in the space's list any more; people are still on it. */
  isGone: boolean
  people: number
  connected: number
  /** `name`, `nothing`, or ids of groups: as stored, and as typed. */
  stored: string[]
  chosen: string[]
  opens: Opening[]
  warning: 'several' | 'missing' | 'making' | 'nothing' | null
  /** Why it could not be saved. */
  reason: 'none' | 'mixed' | null
  /** Somebody else saved this row meanwhile. */
  isNews: boolean
}

type Opening = {
  id: AccessGroupId
  name: string
  isThere: boolean
  locks: number | null
  hours: TimeSchedule[] | null
}

type Table = { say: Say; lines: PlanLine[]; groups: AccessGroup[]; saltoUrl: string }

export const PlansPage = (props: Table & { asked: Asked | undefined }) => {
  const { say, lines, groups, saltoUrl, asked } = props
  const { t } = say
  return (
    <SavedTable
      {...{ say, id: 'plans', lines, asked }}
      what={t('plans.what')}
      meanwhile={t('plans.meanwhile')}
      columns={['plan', 'groups', 'opens'].map((column) => t(`plans.${column}`))}>
      {lines.map((line) => (
        <PlanRow {...{ say, line, groups, saltoUrl }} />
      ))}
    </SavedTable>
  )
}

const PlanRow = (props: Omit<Table, 'lines'> & { line: PlanLine }) => {
  const { say, line, groups, saltoUrl } = props
  const { t } = say
  const { planId, people, connected, stored, reason, warning } = line
  const [id, name] = [line.isOther ? 'other' : planId, nameOf(say, line)]
  const { options } = groupChoices(say, line, groups)
  const labels = stored.map((value) => options.find((each) => each.value === value)?.label ?? value)
  return (
    <tr id={`plan-${id}`}>
      <th scope="row">
        {name}
        {line.isOther && <p class="hint">{t('plans.otherWhat')}</p>}
        {line.isGone && <p class="hint">{t('plans.notListed')}</p>}
        <p class="hint">
          {t('plans.people', { count: people })} {people > 0 && t('plans.connected', { connected })}
        </p>
      </th>
      <td data-label={t('plans.groups')}>
        <input type="hidden" name={`was:${planId}`} value={stored.join(' ')} />
        <Choices
          {...groupChoices(say, line, groups)}
          from={`/plans/${encodeURIComponent(planId)}/groups`}
          none={t('plans.noGroup')}
          about={reason && `reason-${id}`}
        />
        {reason && (
          <p id={`reason-${id}`} class="reason">
            {t(`plans.reason.${reason}`)}
          </p>
        )}
        {line.isNews && <p class="reason">{t('plans.news', { stored: labels.join(', ') })}</p>}
      </td>
      <td data-label={t('plans.opens')}>
        {line.opens.length === 0 && <p class="hint">{t('plans.nothing')}</p>}
        {line.opens.length === 0 && !line.isOther && !warning && stored.includes('name') && (
          <p class="hint">{t('plans.toBeMade')}</p>
        )}
        {line.opens.map((opening) => (
          <p class="opening">
            {opening.name}
            <span class="hint">{openingText(say, opening)}</span>
          </p>
        ))}
        {warning && <p class="reason">{t(`plans.warning.${warning}`, { plan: name })}</p>}
        {warning === 'nothing' && (
          <LinkButton label={t('overview.way.salto')} href={saltoUrl} target="_blank" />
        )}
        {warning === 'missing' && stored.includes('name') && (
          <Button
            label={t('problems.action.restore')}
            about={name}
            class="quiet"
            hx-post="/plans/restorations"
            hx-vals={JSON.stringify({ planId })}
          />
        )}
      </td>
    </tr>
  )
}

const nameOf = ({ t }: Say, { isOther, name }: PlanLine) => (isOther ? t('plans.other') : name)

/** All groups to choose from, for a row. */
export const groupChoices = (say: Say, line: PlanLine, groups: readonly AccessGroup[]) => ({
  say,
  name: `groups:${line.planId}`,
  label: `${say.t('plans.groups')}: ${nameOf(say, line)}`,
  options: optionsOf(say, line, groups),
  chosen: line.chosen,
})

const optionsOf = ({ t }: Say, line: PlanLine, groups: readonly AccessGroup[]) => {
  const { isOther, name, stored, opens } = line
  const gone = opens
    .filter(({ id }) => stored.includes(id) && !groups.some((each) => each.accessGroupId === id))
    .map(({ id, name: group }) => ({ value: id, label: t('plans.gone', { group }) }))
  return [
    {
      value: 'name',
      alone: true,
      label: isOther ? t('plans.undecided') : t('plans.byName', { name }),
    },
    { value: 'nothing', label: t('plans.nothing'), alone: true },
    ...gone,
    ...groups.map(({ accessGroupId, name: group, lockCount }) => ({
      value: accessGroupId,
      label: lockCount === null ? group : `${group} (${t('plans.locks', { count: lockCount })})`,
    })),
  ]
}

const openingText = (say: Say, { isThere, locks, hours }: Opening): string => {
  const { t } = say
  if (!isThere) return t('plans.isGone')
  if (locks === 0) return t('plans.noLocks')
  if (locks === null) return t('plans.unread')
  // Hours are read once somebody needs the group.
  if (hours === null) return t('plans.locks', { count: locks })
  if (hours.length === 0) return t('plans.noHours')
  const texts = hours.map((schedule) =>
    isAlways(schedule) ? t('plans.always') : say.hours(schedule),
  )
  return `${t('plans.locks', { count: locks })}, ${texts.join('; ')}`
}

const isAlways = ({ weekdays, startTime, endTime, startLocal, endLocal }: TimeSchedule): boolean =>
  weekdays.every(Boolean) &&
  startTime === '00:00:00' &&
  endTime >= '23:59' &&
  !startLocal &&
  !endLocal

/** Each group with those who come into it, then with those who leave it. */
export const planConsequences = (
  { t }: Say,
  moves: readonly Move[],
  groups: readonly AccessGroup[],
): Pick<Asked, 'consequences' | 'verb' | 'takesAway'> => {
  const follow = (kind: 'gains' | 'loses'): Consequence[] =>
    [...new Set(moves.flatMap((move) => move[kind]))].map((id) => {
      const about = moves.filter((move) => move[kind].includes(id)).map(({ name }) => name)
      const group = groups.find(({ accessGroupId }) => accessGroupId === id)?.name ?? ''
      return { text: t(`plans.${kind}`, { count: about.length, group }), about: about.sort() }
    })
  const [gains, loses] = [follow('gains'), follow('loses')]
  const kind = loses.length === 0 ? 'letIn' : gains.length === 0 ? 'remove' : 'move'
  return {
    consequences: [...gains, ...loses],
    verb: t(`plans.verb.${kind}`, { count: moves.length }),
    takesAway: loses.length > 0,
  }
}
