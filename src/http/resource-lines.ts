// A row per resource: what is stored or proposed for it, and what came back in the form.
import type { ResourceLine } from '../../views/resources.tsx'
import { minutesMax } from '../core/doors.ts'
import { asId, type LockId } from '../core/ids.ts'
import type { Lock, Resource } from '../core/model.ts'
import { sameName } from '../core/names.ts'
import type { DoorChoice } from '../db/doors.ts'
import type { Tx } from '../db/open.ts'
import { list } from '../db/store.ts'
import type { Here } from './page.ts'

export const isMinutes = (text: string) => /^\d{1,3}$/.test(text) && Number(text) <= minutesMax

export type ResourceTable = { lines: ResourceLine[]; locks: Lock[] }

const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)

/** What is stored; for a resource that nobody has decided on yet, the lock of the same name. */
export const readResourceTable = async (tx: Tx, { space, site }: Here): Promise<ResourceTable> => {
  const { spaceId, settings } = space
  const { minutesBefore = 0, minutesAfter = 0 } = settings
  const known = await list(tx, 'snapshots', { spaceId, kind: ['lock', 'resource'] })
  const locks = known.filter(({ kind, goneAt }) => kind === 'lock' && !goneAt)
  const gone = known.filter(({ kind, goneAt }) => kind === 'lock' && goneAt)
  const there = locks.map(({ data }) => data as Lock).sort(byName)
  const doors = site ? await list(tx, 'resourceDoors', { spaceId, siteId: site.siteId }) : []
  const lines = known
    .filter(({ kind }) => kind === 'resource')
    .map(({ data, goneAt }) => ({ ...(data as Resource), isGone: goneAt !== null }))
    .sort(byName)
    .flatMap(({ resourceId, name, isGone }): ResourceLine[] => {
      const door = doors.find((each) => each.resourceId === resourceId)
      // Deleted in Cobot: a problem as long as it is switched on (B5).
      if (isGone && !door?.enabled) return []
      const alike = there.filter((lock) => sameName(lock.name, name))
      const proposed = alike.length === 1 ? alike.map(({ lockId }) => lockId) : []
      const lockIds = door?.lockIds ?? proposed
      const lost = lockIds.filter((id) => !there.some(({ lockId }) => lockId === id))
      const open = lockIds.length > 0 ? null : alike.length > 1 ? 'several' : 'none'
      const chosen = {
        enabled: door?.enabled ?? false,
        lockIds,
        before: String(door?.minutesBefore ?? minutesBefore),
        after: String(door?.minutesAfter ?? minutesAfter),
      }
      return [
        {
          resourceId,
          name,
          ...chosen,
          shown: chosen,
          was: textOf(chosen),
          isStored: door !== undefined,
          lost: lost.map((lockId) => {
            const row = gone.find(({ id }) => id === lockId)
            return { lockId, name: (row?.data as Lock | undefined)?.name ?? '?' }
          }),
          hint: isGone ? 'gone' : lost.length > 0 ? 'lost' : open,
          reason: null,
          isNews: false,
          isSent: false,
        },
      ]
    })
  return { lines, locks: there }
}

/** A row as a text, to compare and to send along. */
const textOf = ({ enabled, lockIds, before, after }: ResourceLine['shown']): string =>
  `${enabled ? 'on' : 'off'}|${[...lockIds].sort().join(' ')}|${before}|${after}`

/** A row as it came back; one that somebody else saved meanwhile says so. */
export const readResourceLine = (
  line: ResourceLine,
  form: Record<string, unknown>,
  locks: readonly Lock[],
): ResourceLine => {
  const { resourceId, lost, isStored } = line
  const all = (name: string) => [form[name] ?? []].flat().map(String)
  // A resource that came into the list after the page was made.
  if (form[`before:${resourceId}`] === undefined) return line
  const [was = line.was] = all(`was:${resourceId}`)
  const wanted = all(`locks:${resourceId}`)
  const lockIds = [...lost, ...locks]
    .map(({ lockId }) => lockId)
    .filter((lockId) => wanted.includes(lockId))
  const [before = '', after = ''] = [...all(`before:${resourceId}`), ...all(`after:${resourceId}`)]
  const enabled = all('enabled').includes(resourceId)
  const typed = { enabled, lockIds: lockIds.map(asId<LockId>), before, after }
  const sent = textOf(typed)
  // Nobody has decided on it, nor does this form.
  if (!isStored && sent === was) return line
  const isNews = isStored && was !== line.was && sent !== line.was
  if (isNews && sent === was) return { ...line, isNews, isSent: true }
  const wrong = !isMinutes(before) ? 'before' : !isMinutes(after) ? 'after' : null
  const noLock = enabled && lockIds.length === 0 ? 'noLock' : null
  return { ...line, ...typed, reason: noLock ?? wrong, isNews, isSent: true }
}

/** What is to be stored: rows that differ from what is stored, or was proposed. */
export const doorsOf = (lines: readonly ResourceLine[]): DoorChoice[] =>
  lines
    .filter((line) => line.isSent && (!line.isStored || textOf(line) !== line.was))
    .map(({ resourceId, enabled, lockIds, before, after }) => ({
      resourceId,
      enabled,
      lockIds,
      minutesBefore: Number(before),
      minutesAfter: Number(after),
    }))
