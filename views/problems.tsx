import type { ProblemAction, ProblemCode } from '../src/core/problems.ts'
import { Held, type HeldSet } from './held.tsx'
import type { Say } from './i18n.ts'

type Problem = { code: ProblemCode; params: Record<string, string> }
export type ProblemLine = Problem & {
  subject: string
  since: Date
  action: ProblemAction
  held?: HeldSet
}

/** One sentence. What was changed by hand, and what is gone, have sentences of their own. */
export const problemText = ({ t, at }: Say, code: ProblemCode, params: Problem['params']) => {
  const variants = [params.leftover && 'leftover', params.gone && 'gone', params.what, params.state]
  const context = variants.find((each) => each) ?? (params.name ? undefined : 'nameless')
  const startsAt = params.startsAt ? at(new Date(params.startsAt)) : ''
  return t(`problems.text.${code}`, { ...params, startsAt, context })
}

export const ProblemsPage = (props: { say: Say; lines: ProblemLine[]; setupUrl: string }) => {
  const { say, lines, setupUrl } = props
  if (lines.length === 0) return <p class="empty">{say.t('problems.none')}</p>
  return (
    <ul class="problems">
      {lines.map(({ code, params, since, subject, action, held }) => (
        <li>
          <p>
            {problemText(say, code, params)}
            <span class="hint">{say.t('problems.since', { at: say.at(since) })}</span>
          </p>
          {held ? (
            <Held {...{ say, held }} />
          ) : (
            <Action {...{ say, setupUrl, action }} sent={JSON.stringify({ code, subject })} />
          )}
        </li>
      ))}
    </ul>
  )
}

const Action = (props: { say: Say; action: ProblemAction; setupUrl: string; sent: string }) => {
  const { say, action, setupUrl, sent } = props
  const label = say.t(`problems.action.${action}`)
  if (action === 'reconnectSalto' || action === 'reconnectCobot')
    return (
      <a class="button" href={setupUrl} target="_blank" rel="noopener">
        {label}
      </a>
    )
  if (action === 'members' || action === 'mapResources')
    return (
      <button type="button" hx-get={action === 'members' ? '/members' : '/resources'}>
        {label}
      </button>
    )
  return (
    <button type="button" hx-post="/problems" hx-vals={sent}>
      {label}
    </button>
  )
}
