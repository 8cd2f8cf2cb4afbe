import type { ProblemAction, ProblemCode } from '../src/core/problems.ts'
import { Held, type HeldSet } from './held.tsx'
import type { Say } from './i18n.ts'
import { Button, LinkButton } from './parts.tsx'

type Problem = { code: ProblemCode; params: Record<string, string> }
type ProblemLine = Problem & {
  subject: string
  since: Date
  leftAt: Date | null
  action: ProblemAction
  /** Its action takes something away from somebody: it is asked about first. */
  takesAway: boolean
  isMendedInSalto: boolean
  held?: HeldSet
}

/** One sentence. What was changed by hand, and what is gone, have sentences of their own. */
export const problemText = ({ t, at }: Say, code: ProblemCode, params: Problem['params']) => {
  const variants = [
    params.leftover && leftovers[params.leftover],
    params.change,
    params.what,
    params.state,
  ]
  const context = variants.find((each) => each) ?? (params.name ? undefined : 'nameless')
  const startsAt = params.startsAt ? at(new Date(params.startsAt)) : ''
  return t(`problems.text.${code}`, { ...params, startsAt, context })
}

/** With our marker, and in no ledger of ours. */
const leftovers: Record<string, string> = {
  yes: 'leftover',
  user: 'leftoverUser',
  users: 'leftoverUsers',
}

type Ways = { setup: string; salto: string }

export const ProblemsPage = (props: { say: Say; lines: ProblemLine[]; ways: Ways }) => {
  const { say, lines, ways } = props
  const list = (shown: ProblemLine[]) => (
    <ul class="problems">
      {shown.map((line) => (
        <li>
          <p>
            {problemText(say, line.code, line.params)}
            <span class="hint">{say.t('problems.since', { at: say.at(line.since) })}</span>
          </p>
          {line.held ? <Held {...{ say, held: line.held }} /> : <Action {...{ say, ways, line }} />}
        </li>
      ))}
    </ul>
  )
  const open = lines.filter(({ leftAt }) => !leftAt)
  const left = lines.filter(({ leftAt }) => leftAt)
  return (
    <>
      {open.length > 0 ? list(open) : <p class="empty">{say.t('problems.none')}</p>}
      {left.length > 0 && (
        <details>
          <summary>{say.t('problems.leftAsIs', { count: left.length })}</summary>
          {list(left)}
        </details>
      )}
    </>
  )
}

const Action = (props: { say: Say; line: ProblemLine; ways: Ways }) => {
  const { say, line, ways } = props
  const { code, subject, params, action, takesAway } = line
  const sent = { code, subject }
  const label = say.t(`problems.action.${action}`)
  if (action === 'reconnectSalto' || action === 'reconnectCobot')
    return <LinkButton label={label} href={ways.setup} target="_blank" />
  const page = pageOf(action, params)
  return (
    <div class="actions">
      {page ? (
        <Button label={label} hx-get={page} />
      ) : (
        <Button
          label={label}
          hx-post="/problems"
          hx-vals={JSON.stringify(sent)}
          data-confirm={takesAway ? say.t(`problems.confirm.${action}`, params) : undefined}
          data-verb={label}
        />
      )}
      {code === 'P10' && !line.leftAt && (
        <Button
          label={say.t('problems.action.leave')}
          class="quiet"
          hx-post="/problems"
          hx-vals={JSON.stringify({ ...sent, leave: 'yes' })}
        />
      )}
      {line.isMendedInSalto && (
        <LinkButton
          label={say.t('problems.action.salto')}
          kind="quiet"
          href={ways.salto}
          target="_blank"
        />
      )}
    </div>
  )
}

/** Where it is mended; null: the button does it. */
const pageOf = (action: ProblemAction, { name = '' }: Problem['params']): string | null => {
  if (action === 'members') return `/members?search=${encodeURIComponent(name)}`
  if (action === 'mapResources') return '/resources'
  return action === 'plans' ? '/plans' : null
}
