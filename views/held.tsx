import type { Say } from './i18n.ts'

export type HeldSet = {
  what: string
  /** Stands for exactly these lines. */
  set: string
  lines: {
    name: string
    doors: string[]
    startsAt: Date | null
    evidence: 'direct' | 'inferred'
    at: Date
  }[]
}

/** Who waits for an admin's word: all of them by name, then both ways out. */
export const Held = ({ say, held }: { say: Say; held: HeldSet }) => {
  const { t } = say
  const { what, set, lines } = held
  const count = lines.length
  return (
    <div class="held">
      <table>
        <thead>
          <tr>
            {['name', 'doors', 'evidence', 'since'].map((column) => (
              <th scope="col">{t(`held.column.${column}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, doors, startsAt, evidence, at }) => (
            <tr>
              <th scope="row">{name}</th>
              <td data-label={t('held.column.doors')}>
                {doors.join(', ')} {startsAt && <p class="hint">{say.at(startsAt)}</p>}
              </td>
              <td data-label={t('held.column.evidence')}>{t(`held.${what}.${evidence}`)}</td>
              <td data-label={t('held.column.since')}>{say.at(at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="actions">
        <button
          type="button"
          class="danger"
          hx-post="/problems/allowances"
          hx-vals={JSON.stringify({ what, set })}
          data-confirm={t(`held.${what}.confirm`, { count })}
          data-verb={t(`held.${what}.verb`, { count })}>
          {t('held.allow')}
        </button>
        <button type="button" class="quiet" hx-post="/problems/readings">
          {t('held.readAgain')}
        </button>
      </p>
    </div>
  )
}
