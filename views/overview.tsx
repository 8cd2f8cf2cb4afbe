import type { Say } from './i18n.ts'
import { Button, LinkButton, State } from './parts.tsx'

export type Check = {
  what: string
  isOk: boolean
  params?: Record<string, string | number | Date | null>
  /** What mends it: the set-up, SALTO's own pages, the page of plans, or a new comparison. */
  way: 'setup' | 'salto' | 'plans' | 'check'
}

type Overview = {
  say: Say
  checks: Check[]
  /** How many looks are due. */
  due: number
  ways: { setup: string; salto: string }
}

export const OverviewPage = ({ say, checks, due, ways }: Overview) => (
  <>
    {/* An own id per pace: the element, and with it the timer, is another one when it changes. */}
    <div
      id={due > 0 ? 'soon' : 'later'}
      hx-get="/overview"
      hx-trigger={due > 0 ? 'every 5s' : 'every 30s'}
      hx-swap="outerMorph"></div>
    <div class="bar">
      <p class="hint">{say.t('overview.due', { count: due })}</p>
      <Button label={say.t('overview.check')} hx-post="/overview/checks" />
    </div>
    <ul class="checks">
      {checks.map((check) => (
        <CheckLine {...{ say, check, ways }} />
      ))}
    </ul>
  </>
)

const CheckLine = (props: { say: Say; check: Check; ways: Overview['ways'] }) => {
  const { say, check, ways } = props
  const { what, isOk, way } = check
  const { at, ...rest } = check.params ?? {}
  const params = { ...rest, at: at instanceof Date ? say.at(at) : '' }
  const isLost = what === 'cobot' || what === 'salto'
  return (
    <li>
      <State kind={isOk ? 'good' : 'bad'}>
        {say.t(isOk ? 'overview.ready' : 'overview.notReady')}
      </State>
      <span>{say.t(isOk ? `overview.ok.${what}` : `overview.bad.${what}`, params)}</span>
      {!isOk && way === 'plans' && <Button label={say.t('nav.plans')} hx-get="/plans" />}
      {!isOk && way !== 'check' && way !== 'plans' && (
        <LinkButton
          label={say.t(isLost ? `overview.reconnect.${what}` : `overview.way.${way}`)}
          href={ways[way]}
          target="_blank"
        />
      )}
    </li>
  )
}
