import type { Say } from './i18n.ts'

/** What an admin does, in the order in which a space comes to it. */
const topics = [
  'idea',
  'first',
  'members',
  'tags',
  'bookings',
  'plans',
  'visitors',
  'byHand',
  'wave',
  'urgent',
  'leaving',
]

export const HelpPage = ({ say: { t } }: { say: Say }) => (
  <div class="prose">
    {topics.map((topic) => (
      <section>
        <h2>{t(`help.${topic}.title`)}</h2>
        <p>{t(`help.${topic}.text`)}</p>
      </section>
    ))}
  </div>
)
