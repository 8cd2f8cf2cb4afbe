import type { Say } from './i18n.ts'
import { Button, Table } from './parts.tsx'

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

const columns = ['name', 'doors', 'evidence', 'since']

/** Who waits for an admin's word: all of them by name, then both ways out. */
export const Held = ({ say, held }: { say: Say; held: HeldSet }) => {
  const { t } = say
  const { what, set, lines } = held
  const count = lines.length
  return (
    <div class="held">
      <Table columns={columns.map((column) => t(`held.column.${column}`))}>
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
      </Table>
      <p class="actions">
        <Button
          label={t('held.allow')}
          class="danger"
          hx-post="/problems/allowances"
          hx-vals={JSON.stringify({ what, set })}
          data-confirm={t(`held.${what}.confirm`, { count })}
          data-verb={t(`held.${what}.verb`, { count })}
        />
        <Button label={t('held.readAgain')} class="quiet" hx-post="/problems/readings" />
      </p>
    </div>
  )
}
