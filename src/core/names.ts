// Names of people as KS wants them, and names of plans, groups, resources and locks as people
// compare them.

/** KS wants two names: everything before the last blank is the first; a single word gets a mark. */
export const ksName = (person: { name: string | null; email: string | null; marker: string }) => {
  const said = person.name?.trim() || person.email?.split('@')[0] || ''
  const words = said.split(/\s+/).filter(Boolean)
  const last = words.pop()
  if (!last) return { firstName: 'Member', lastName: person.marker.replace('· ', '') }
  return words.length
    ? { firstName: words.join(' '), lastName: last }
    : { firstName: last, lastName: '(Cobot)' }
}

/** `Mia Member · C482913507`: what KS lists, and how we know a user of ours again (R11). */
export const alias = (person: { name: string | null; email: string | null; marker: string }) => {
  const { firstName, lastName } = ksName(person)
  const shown = lastName === '(Cobot)' ? firstName : `${firstName} ${lastName}`
  return `${shown.slice(0, 200)} ${person.marker}`
}

/** Equal but for case, surrounding and repeated blanks. */
export const sameName = (a: string, b: string): boolean => normalName(a) === normalName(b)

export const normalName = (name: string): string =>
  name.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase()
