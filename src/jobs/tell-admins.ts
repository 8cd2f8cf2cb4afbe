// What cannot wait for somebody to open our page is told on the space's dashboard in Cobot. Noted
// after Cobot has taken it: a crash between the two tells it twice rather than never.
import { tellAt, urgentCodes } from '../core/problems.ts'
import { change, list, type Row } from '../db/store.ts'
import type { TaskHandler } from './run.ts'

/** More names than this do not fit a line. */
const namesMax = 10

export const tellAdmins: TaskHandler = async (look) => {
  const { deps, spaceId, space } = look
  const open = await list(look.read, 'problems', { spaceId, code: urgentCodes })
  for (const code of urgentCodes) {
    const due = open.filter((each) => each.code === code && tellAt(each) <= look.now())
    if (due.length === 0) continue
    const cobot = await look.cobot()
    const text = deps.sentence(space, { code, params: together(due) })
    await cobot.createActivity({ text, level: 'WARN', channels: ['admin'] })
    const told = { toldAt: look.now() }
    for (const each of due) Object.assign(each, told)
    const subject = due.map((each) => each.subject)
    await look.tx((tx) => change(tx, 'problems', { spaceId, code, subject }, told))
  }
  for (const each of open) look.lookAgainAt(tellAt(each))
}

/** Several persons with the same problem are one line. */
const together = (problems: readonly Row<'problems'>[]): Record<string, string> => {
  const names = problems.flatMap(({ params }) => params.name ?? [])
  const more = names.length > namesMax ? ' …' : ''
  const name = names.slice(0, namesMax).sort().join(', ') + more
  return { ...problems[0]?.params, ...(name && { name }) }
}
