// Tables that are saved only after an admin saw what follows: what comes of sending one.
import type { Asked } from '../../views/preview.tsx'
import { hashOf } from '../db/crypt.ts'

export type Answer = { status?: 409 | 422; notice?: string; asked?: Asked }

/** Nothing is stored while a row is wrong, or somebody else saved it meanwhile. */
export const refusalOf = (
  lines: readonly { reason: unknown; isNews: boolean }[],
): Answer['status'] | null => {
  if (lines.some(({ reason }) => reason)) return 422
  return lines.some(({ isNews }) => isNews) ? 409 : null
}

/** The question about what follows, unless the form confirms exactly this. */
export const askFirst = (
  { confirmed }: Record<string, unknown>,
  what: unknown,
  consequences: () => Omit<Asked, 'set' | 'isOther'>,
): Asked | null => {
  const set = hashOf(JSON.stringify(what))
  if (confirmed === set) return null
  return { ...consequences(), set, isOther: confirmed !== undefined }
}
