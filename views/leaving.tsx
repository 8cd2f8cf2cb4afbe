// Leaving a site: what it would do, how far it is, and what came of it. One list serves all three.
import type { Child } from 'hono/jsx'
import type { Say } from './i18n.ts'
import { Alert, Button } from './parts.tsx'

const outcomes = ['removed', 'left', 'gone', 'out'] as const
const kinds = ['pairing', 'booking', 'plan', 'tag'] as const

export type LeavingLine = {
  kind: (typeof kinds)[number]
  name: string
  holder: string | null
  outcome: (typeof outcomes)[number] | null
  why: string | null
}

/** What leaving this site would do; `shown` stands for exactly these people and groups. */
export type Preview = { siteName: string; lines: LeavingLine[]; shown: string; isRefused: boolean }

export type Leaving = {
  siteId: string
  siteName: string
  mode: 'remove' | 'leave'
  whole: boolean
  startedAt: Date
  endedAt: Date | null
  notes: string[]
  lines: LeavingLine[]
  /** Something could not be done yet. */
  isStuck: boolean
}

export type Left = {
  leavings: Leaving[]
  /** The whole space is being disconnected, or is no more. */
  isOver: boolean
}

const overTexts = { '/settings': 'leaving.over', '/setup': 'setup.over' }

/** Lists longer than this are folded. */
const unfolded = 20

const itemsOf = ({ t }: Say, lines: readonly LeavingLine[]): string[] =>
  lines.flatMap(({ name, holder, why }) => {
    const with_ = holder ? t('leaving.with', { number: name, name: holder }) : name
    return name ? [why ? `${with_} (${t(`leaving.why.${why}`)})` : with_] : []
  })

const partsOf = (say: Say, lines: readonly LeavingLine[]) =>
  outcomes.flatMap((outcome) => {
    const of = lines.filter((line) => line.outcome === outcome)
    const sorts = kinds.flatMap((kind) => {
      const some = of.filter((line) => line.kind === kind)
      const title = say.t(`leaving.kind.${kind}`, { count: some.length })
      return some.length > 0 ? [{ title, items: itemsOf(say, some) }] : []
    })
    return sorts.length > 0 ? [{ title: say.t(`leaving.outcome.${outcome}`), sorts }] : []
  })

const LeavingLines = ({ say, lines }: { say: Say; lines: readonly LeavingLine[] }) => (
  <dl class="leaving">
    {partsOf(say, lines).map(({ title, sorts }) => (
      <>
        <dt>{title}</dt>
        {sorts.map((sort) => (
          <dd>
            {sort.items.length > unfolded ? (
              <details>
                <summary>{sort.title}</summary>
                {sort.items.join(', ')}
              </details>
            ) : (
              <>
                <strong>{sort.title}</strong> {sort.items.join(', ')}
              </>
            )}
          </dd>
        ))}
      </>
    ))}
  </dl>
)

/** What a change of site takes away, before anything happens. */
export const LeavingPreview = ({ say, preview }: { say: Say; preview: Preview }) => {
  const { lines, siteName, isRefused } = preview
  return (
    <>
      {lines.length === 0 ? (
        <p class="empty">{say.t('leaving.nothing')}</p>
      ) : (
        <>
          <p>{say.t('leaving.preview', { site: siteName })}</p>
          <LeavingLines {...{ say, lines }} />
        </>
      )}
      {isRefused && <p class="note bad">{say.t('leaving.refused')}</p>}
    </>
  )
}

/** People who are removed from the site; others stay, without what the add-on gave them. */
export const countPeople = ({ lines }: Preview): number =>
  lines.filter(({ kind, outcome }) => kind === 'pairing' && outcome === 'removed').length

/** The whole space is disconnected; `send` says how the form is sent. */
export const DisconnectForm = (props: {
  say: Say
  preview: Preview
  send: Record<string, string>
  reason: 'changed' | 'mode' | null
  children?: Child
}) => {
  const { say, preview, send, reason, children } = props
  const { t } = say
  const count = countPeople(preview)
  const site = preview.siteName
  const choice = (mode: 'remove' | 'leave', ask: string, verb: string) => (
    <label class="check">
      <input
        type="radio"
        name="mode"
        value={mode}
        checked={mode === 'remove'}
        data-ask={ask}
        data-verb={verb}
      />
      {t(`leaving.mode.${mode}`)}
    </label>
  )
  return (
    <form {...send} class="card">
      {reason && <Alert>{t(`leaving.reason.${reason}`)}</Alert>}
      <LeavingPreview {...{ say, preview }} />
      <input type="hidden" name="shown" value={preview.shown} />
      <fieldset>
        <legend>{t('leaving.choose')}</legend>
        {choice('remove', t('leaving.askRemove', { site }), t('leaving.verbRemove', { count }))}
        <p class="hint">{t('leaving.removeHint')}</p>
        {choice('leave', t('leaving.askLeave', { site }), t('leaving.verbLeave'))}
        <p class="hint">{t('leaving.leaveHint')}</p>
      </fieldset>
      <div class="actions">
        <button
          type="submit"
          class="danger"
          data-confirm={t('leaving.askRemove', { site })}
          data-verb={t('leaving.verbRemove', { count })}>
          {t('leaving.disconnect')}
        </button>
        {children}
      </div>
    </form>
  )
}

/**
 * Looks by itself how far it is; `at` is where the page asks, `query` what it has to add. At the
 * end it says that the space is disconnected, if the whole space is left.
 */
export const Leavings = (props: {
  say: Say
  left: Left
  at: '/settings' | '/setup'
  query?: string
}) => {
  const { say, left, at, query = '' } = props
  const { leavings, isOver } = left
  const isDone = leavings.every(({ endedAt }) => endedAt)
  return (
    <section id="leavings">
      {!isDone && (
        <div
          hx-get={`${at}/progress${query}`}
          hx-trigger="every 5s"
          hx-target="#leavings"
          hx-swap="outerMorph"></div>
      )}
      {leavings.map((leaving) =>
        leaving.endedAt ? (
          <Receipt {...{ say, leaving, at, query }} />
        ) : (
          <Progress {...{ say, leaving }} />
        ),
      )}
      {isOver && isDone && <p role="status">{say.t(overTexts[at])}</p>}
    </section>
  )
}

const Progress = ({ say, leaving }: { say: Say; leaving: Leaving }) => {
  const { t } = say
  const { lines, siteName, whole, isStuck } = leaving
  const open = lines.filter(({ outcome }) => !outcome).length
  const done = { done: lines.length - open, total: lines.length }
  return (
    <div class="card" role="status">
      <h2>{t(whole ? 'leaving.running' : 'leaving.moving', { site: siteName || 'SALTO KS' })}</h2>
      <p>
        <progress max={Math.max(done.total, 1)} value={done.done} aria-hidden="true"></progress>{' '}
        {t('leaving.progress', done)}
      </p>
      {isStuck && <p class="note bad">{t('leaving.stuck')}</p>}
      <p class="hint">{t('leaving.byItself')}</p>
    </div>
  )
}

const Receipt = (props: { say: Say; leaving: Leaving; at: string; query: string }) => {
  const { say, leaving, at, query } = props
  const { siteId, lines, notes } = leaving
  return (
    <div class="card">
      <h2>{receiptTitle(say, leaving)}</h2>
      <LeavingLines {...{ say, lines }} />
      {notes.map((note) => (
        <p>{say.t(`leaving.note.${note}`)}</p>
      ))}
      <p class="hint">{say.t('leaving.forgotten')}</p>
      <div class="actions">
        <Button
          label={say.t('leaving.download')}
          class="quiet"
          data-download={`${at}/receipts/${encodeURIComponent(siteId)}${query}`}
          data-failed={say.t('activity.notSaved')}
        />
      </div>
    </div>
  )
}

const receiptTitle = ({ t, at }: Say, { siteName, endedAt, startedAt }: Leaving): string =>
  t('leaving.receipt', { site: siteName || 'SALTO KS', at: at(endedAt ?? startedAt) })

/** The receipt as a file to keep. */
export const receiptText = (say: Say, space: string, leaving: Leaving): string =>
  [
    space,
    receiptTitle(say, leaving),
    ...partsOf(say, leaving.lines).flatMap(({ title, sorts }) => [
      '',
      title,
      ...sorts.flatMap((sort) => [`  ${sort.title}`, ...sort.items.map((item) => `    ${item}`)]),
    ]),
    '',
    ...leaving.notes.map((note) => say.t(`leaving.note.${note}`)),
    '',
  ].join('\n')
