// The start page and the set-up, both at top level.
import type { Site } from '../src/core/model.ts'
import type { Say } from './i18n.ts'
import { TopPage } from './layout.tsx'
import {
  countPeople,
  DisconnectForm,
  LeavingPreview,
  Leavings,
  type Left,
  type Preview,
} from './leaving.tsx'
import { Alert, LinkButton } from './parts.tsx'

export const StartPage = (props: { say: Say; subdomain: string; isWrong?: boolean }) => {
  const { t } = props.say
  return (
    <TopPage say={props.say} title="SALTO KS for Cobot">
      <p class="lead">{t('start.what')}</p>
      <h2>{t('start.before')}</h2>
      <ul>
        <li>{t('start.needCobot')}</li>
        <li>{t('start.needSite')}</li>
        <li>{t('start.needGroups')}</li>
        <li>{t('start.needTags')}</li>
      </ul>
      <form action="/install" class="card">
        <label for="subdomain">{t('start.subdomain')}</label>
        <input
          id="subdomain"
          name="subdomain"
          value={props.subdomain}
          required
          maxlength={100}
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="subdomain-hint"
          aria-invalid={props.isWrong && 'true'}
        />
        <p id="subdomain-hint" class={props.isWrong ? 'reason' : 'hint'}>
          {t(props.isWrong ? 'start.wrong' : 'start.hint')}
        </p>
        <button type="submit">{t('start.go')}</button>
      </form>
    </TopPage>
  )
}

/** A site of SALTO KS, and why it cannot be used, if so. */
export type SiteChoice = {
  site: Site
  reason: 'subscription' | 'notReleased' | 'noAdmin' | 'otherSpace' | 'timeZone' | null
}

type Setup = {
  say: Say
  space: { subdomain: string; name: string }
  site: { siteId: string; info: Site } | null
  isConnected: boolean
  /** Why the choice was not taken. */
  reason: 'wrong' | 'changed' | null
  /** null while no site is being chosen. */
  choices: SiteChoice[] | null
  /** What another choice takes away at the site in use. */
  preview: Preview | null
  left: Left
}

export const SetupPage = (props: Setup) => {
  const { say, space, site, isConnected, choices, left } = props
  const { t } = say
  const query = `?subdomain=${space.subdomain}`
  const leavings = <Leavings {...{ say, left, at: '/setup', query }} />
  if (left.isOver)
    return (
      <TopPage say={say} title={t('setup.title', { space: space.name })}>
        {leavings}
        <LinkButton label={t('message.install')} href={`/install${query}`} />
      </TopPage>
    )
  const connect = (label: string, kind = '') => (
    <LinkButton {...{ kind, label: t(label) }} href={`/oauth/salto${query}`} />
  )
  const disconnect = (
    <LinkButton label={t('setup.disconnect')} kind="danger" href={`/setup/leaving${query}`} />
  )
  return (
    <TopPage say={say} title={t('setup.title', { space: space.name })}>
      <ol class="steps">
        <li class="done">{t('setup.stepCobot')}</li>
        <li class={isConnected ? 'done' : 'now'}>{t('setup.stepSalto')}</li>
        <li class={site ? 'done' : isConnected ? 'now' : ''}>{t('setup.stepSite')}</li>
      </ol>
      {!isConnected && (
        <section class="card">
          <p>{t(site ? 'setup.reconnectWhy' : 'setup.connectWhy')}</p>
          {connect(site ? 'setup.reconnect' : 'setup.connect')}
        </section>
      )}
      {site && (
        <section class="card">
          <h2>{t('setup.current')}</h2>
          <p>
            <strong>{site.info.name}</strong> · {site.info.timeZone}
          </p>
          <div class="actions">
            <form method="post" action={`/setup/site${query}`}>
              <input type="hidden" name="siteId" value={site.siteId} />
              <button type="submit">{t('setup.keep')}</button>
            </form>
            {isConnected && connect('setup.reconnect', 'quiet')}
            {isConnected && !choices && (
              <LinkButton label={t('setup.another')} kind="quiet" href={`/setup${query}&choose`} />
            )}
            {disconnect}
          </div>
        </section>
      )}
      {choices && <SiteForm {...props} choices={choices} action={`/setup/site${query}`} />}
      {!site && (
        <div class="actions">
          {isConnected && connect('setup.reconnect', 'quiet')}
          {disconnect}
        </div>
      )}
      {leavings}
    </TopPage>
  )
}

export const SetupLeavingPage = (props: {
  say: Say
  space: { subdomain: string; name: string }
  preview: Preview
  reason: 'changed' | 'mode' | null
}) => {
  const { say, space, preview, reason } = props
  const query = `?subdomain=${space.subdomain}`
  const send = { method: 'post', action: `/setup/leaving${query}` }
  return (
    <TopPage say={say} title={say.t('setup.disconnectTitle', { space: space.name })}>
      <DisconnectForm {...{ say, preview, send, reason }}>
        <LinkButton label={say.t('setup.back')} kind="quiet" href={`/setup${query}`} />
      </DisconnectForm>
    </TopPage>
  )
}

const SiteForm = (props: Setup & { choices: SiteChoice[]; action: string }) => {
  const { say, site, choices, preview, reason } = props
  const { t } = say
  const usable = choices.filter((each) => !each.reason && each.site.siteId !== site?.siteId)
  if (choices.length === 0) return <p class="note bad">{t('setup.noSites')}</p>
  const asks = preview && {
    'data-confirm': t('setup.moving', { site: preview.siteName }),
    'data-verb': t('setup.move', { count: countPeople(preview) }),
  }
  return (
    <form method="post" action={props.action} class="card">
      {reason === 'changed' && <Alert>{t('leaving.reason.changed')}</Alert>}
      <label for="site">{t('setup.site')}</label>
      <select id="site" name="siteId" required aria-invalid={reason === 'wrong' && 'true'}>
        <option value="">{t('setup.choose')}</option>
        {choices.map((choice) => (
          <option
            value={choice.site.siteId}
            disabled={!usable.includes(choice)}
            selected={usable.length === 1 && usable[0] === choice}>
            {siteText(say, choice, choice.site.siteId === site?.siteId)}
          </option>
        ))}
      </select>
      {reason === 'wrong' && <p class="reason">{t('setup.wrong')}</p>}
      {preview && (
        <>
          <LeavingPreview {...{ say, preview }} />
          <input type="hidden" name="shown" value={preview.shown} />
        </>
      )}
      <button type="submit" {...asks}>
        {t('setup.configure')}
      </button>
    </form>
  )
}

/** Name, zone, seats, and what is in the way. */
const siteText = ({ t }: Say, { site, reason }: SiteChoice, isCurrent: boolean): string => {
  const { seatsUsed, seatsAllowed } = site
  return [
    site.name,
    site.timeZone,
    t(site.subscriptionValid ? 'setup.valid' : 'setup.ended'),
    t('setup.seats', { used: seatsUsed ?? '?', allowed: seatsAllowed ?? '∞' }),
    isCurrent ? t('setup.inUse') : reason && t(`setup.reason.${reason}`),
  ]
    .filter(Boolean)
    .join(' · ')
}
