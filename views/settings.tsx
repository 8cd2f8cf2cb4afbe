// The switches of a space, how it is connected, and the way out.
import { type proposedMinutes, type Settings, switches } from '../src/core/model.ts'
import type { Say } from './i18n.ts'
import { Leavings, type Left } from './leaving.tsx'
import { Button, LinkButton, State } from './parts.tsx'

type SettingsFacts = {
  say: Say
  settings: Settings
  /** Proposed for resources that are mapped for the first time; as typed. */
  minutes: { name: (typeof proposedMinutes)[number]; value: string; isWrong: boolean }[]
  minutesMax: number
  /** People with an end to come, whom the reading of the last day concerns. */
  ending: string[]
  site: { name: string; timeZone: string } | null
  isConnected: { cobot: boolean; salto: boolean }
  ways: { cobot: string; salto: string }
  left: Left
}

const namesShown = 10

export const SettingsPage = (props: SettingsFacts) => {
  const { say, left } = props
  const { t } = say
  const leavings = <Leavings {...{ say, left, at: '/settings' }} />
  if (left.isOver) return leavings
  return (
    <>
      <Switches {...props} />
      <Connection {...props} />
      {leavings}
      <section class="card">
        <h2>{t('settings.leaveTitle')}</h2>
        <p>{t('settings.leaveWhat')}</p>
        <Button label={t('leaving.disconnect')} class="danger" hx-get="/settings/leaving" />
      </section>
    </>
  )
}

const Switches = ({ say, settings, minutes, minutesMax, ending }: SettingsFacts) => {
  const { t } = say
  const names = ending.slice(0, namesShown).join(', ')
  const more = ending.length > namesShown ? ' …' : ''
  const toggle = (name: (typeof switches)[number], more: string) => (
    <>
      <label class="check">
        <input
          type="checkbox"
          name={name}
          value="on"
          checked={settings[name]}
          aria-describedby={`${name}-hint`}
        />
        {t(`settings.${name}`)}
      </label>
      <p class="hint" id={`${name}-hint`}>
        {t(`settings.${name}Hint`)} {more}
      </p>
    </>
  )
  const concerns = t('settings.ending', { count: ending.length, names: names + more })
  return (
    <form hx-post="/settings" class="card" novalidate>
      <h2>{t('settings.switches')}</h2>
      {switches.map((name) => toggle(name, name === 'lastDayIncluded' ? concerns : ''))}
      <fieldset>
        <legend>{t('settings.minutes')}</legend>
        <p class="hint" id="minutes-hint">
          {t('settings.minutesHint')}
        </p>
        <div class="minutes">
          {minutes.map(({ name, value, isWrong }) => (
            <div>
              <label for={name}>{t(`settings.${name}`)}</label>
              <input
                id={name}
                class="short"
                type="number"
                name={name}
                value={value}
                min="0"
                max={minutesMax}
                aria-invalid={isWrong && 'true'}
                aria-describedby={isWrong ? `${name}-reason` : 'minutes-hint'}
              />
              {isWrong && (
                <p class="reason" id={`${name}-reason`}>
                  {t('resources.reason.minutes', { max: minutesMax })}
                </p>
              )}
            </div>
          ))}
        </div>
      </fieldset>
      <button type="submit">{t('table.save')}</button>
    </form>
  )
}

const Connection = ({ say, site, isConnected, ways }: SettingsFacts) => {
  const { t } = say
  const side = (name: 'cobot' | 'salto') => (
    <>
      <dt>{t(`settings.side.${name}`)}</dt>
      <dd>
        <State kind={isConnected[name] ? 'good' : 'bad'}>
          {t(isConnected[name] ? 'settings.connected' : 'settings.notConnected')}
        </State>
      </dd>
    </>
  )
  const way = (name: 'cobot' | 'salto') => (
    <LinkButton
      label={t(`overview.reconnect.${name}`)}
      kind={isConnected[name] ? 'quiet' : ''}
      href={ways[name]}
      target="_blank"
    />
  )
  return (
    <section class="card">
      <h2>{t('settings.connections')}</h2>
      <dl>
        <dt>{t('settings.site')}</dt>
        <dd>{site ? `${site.name} · ${site.timeZone}` : t('settings.noSite')}</dd>
        {side('cobot')}
        {side('salto')}
      </dl>
      <p class="hint">{t('settings.language')}</p>
      <div class="actions">
        {way('cobot')}
        {way('salto')}
      </div>
    </section>
  )
}

export const SettingsBack = ({ say }: { say: Say }) => (
  <Button label={say.t('leaving.cancel')} class="quiet" hx-get="/settings" />
)
