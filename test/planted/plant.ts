// Puts one bug into the source of its file, on the way from the disk to a test; nothing else reads it.
import { join } from 'node:path'
import { root } from '../support/addon.ts'
import { type Bug, bugs } from './bugs.ts'

/** The source with the bug in it. One that has nowhere to go has rotted, and says so. */
export const plant = ({ id, find, replace, file }: Bug, source: string): string => {
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${id} fits ${file} ${after === undefined ? 'nowhere' : 'more than once'}`)
  return before + replace + after
}

/** For the configuration of a test run. */
export const planted = (id: string) => {
  const bug = bugs.find((each) => each.id === id)
  if (!bug) throw new Error(`no bug ${id}`)
  const path = join(root, bug.file)
  return {
    name: 'planted bug',
    enforce: 'pre' as const,
    transform: (source: string, from: string) => (from === path ? plant(bug, source) : null),
  }
}
