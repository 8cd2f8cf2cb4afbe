// Whom KS may know already: offered to an admin, never linked by itself (R1).
import type { SiteUser } from './model.ts'
import { normalName } from './names.ts'

/** `emails` in small letters. */
export type Known = { name: string; emails: readonly string[] }
type Names = Pick<SiteUser, 'firstName' | 'lastName' | 'email' | 'alias'>

/** Same e-mail, or the same name where either side has no e-mail. */
export const reasonFor = (user: Names, { name, emails }: Known): 'email' | 'name' | null => {
  if (user.email && emails.length > 0)
    return emails.includes(user.email.toLowerCase()) ? 'email' : null
  return name && namesOf(user).includes(normalName(name)) ? 'name' : null
}

const namesOf = ({ firstName, lastName, alias }: Names) => [
  normalName(`${firstName} ${lastName}`),
  normalName(alias?.replace(/ · C\d+$/, '') ?? ''),
]

/** Asks the same of many people, without comparing everybody with everybody. */
export const findReason = (users: readonly Names[]) => {
  const under = Map.groupBy(
    users.flatMap((user) =>
      [...namesOf(user), user.email?.toLowerCase() ?? ''].map((key) => ({ key, user })),
    ),
    ({ key }) => key,
  )
  return (known: Known) => {
    const keys = [normalName(known.name), ...known.emails].filter(Boolean)
    const reasons = keys.flatMap((key) =>
      (under.get(key) ?? []).map(({ user }) => reasonFor(user, known)),
    )
    return reasons.find((reason) => reason !== null) ?? null
  }
}
