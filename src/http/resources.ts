// Map resources: which locks a booking opens, and for how long around it.
import { Hono } from 'hono'
import { type ResourceLine, ResourcesPage } from '../../views/resources.tsx'
import { asId, type LockId } from '../core/ids.ts'
import type { Lock } from '../core/model.ts'
import { sameName } from '../core/names.ts'
import { saveDoors } from '../db/clicks.ts'
import { listSnapshot } from '../db/snapshots.ts'
import { list } from '../db/store.ts'
import { type C, clickOf, type Env, type Here, show, type Web } from './page.ts'

const minutesMax = 240

export const resources = (web: Web) =>
  new Hono<Env>()
    .get('/resources', async (c) => {
      const { lines, locks } = await readTable(web, c.get('here'))
      return showTable(web, c, lines, locks)
    })
    .post('/resources', async (c) => {
      const { site } = c.get('here')
      const { lines, locks } = await readTable(web, c.get('here'))
      const form = await c.req.parseBody({ all: true })
      const typed = lines.map((line) => readLine(line, form, locks))
      if (!site || typed.some((line) => line.reason)) return showTable(web, c, typed, locks, 422)
      const doors = typed.map(({ resourceId, enabled, lockIds, before, after }) => ({
        ...{ resourceId, enabled, lockIds },
        ...{ minutesBefore: Number(before), minutesAfter: Number(after) },
      }))
      await web.db.tx((tx) => saveDoors(tx, clickOf(c, web), site.siteId, doors))
      web.wake()
      return showTable(web, c, typed, locks, 200, c.get('say').t('resources.saved'))
    })

const showTable = (
  web: Web,
  c: C,
  lines: ResourceLine[],
  locks: Lock[],
  status: 200 | 422 = 200,
  notice?: string,
) => {
  const table = ResourcesPage({ say: c.get('say'), lines, locks, minutesMax })
  return show(web, c, 'resources', table, { status, ...(notice && { notice }) })
}

/** What is stored; for a resource that nobody has decided on yet, the lock of the same name. */
const readTable = async ({ db }: Web, { space, site }: Here) => {
  const { spaceId } = space
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
  const locks = (await listSnapshot(db.read, spaceId, 'lock')).sort(byName)
  const doors = site ? await list(db.read, 'resourceDoors', { spaceId, siteId: site.siteId }) : []
  const found = (await listSnapshot(db.read, spaceId, 'resource')).sort(byName)
  const lines = found.map(({ resourceId, name }): ResourceLine => {
    const door = doors.find((each) => each.resourceId === resourceId)
    const alike = locks.filter((lock) => sameName(lock.name, name))
    const proposed = alike.length === 1 ? alike.map(({ lockId }) => lockId) : []
    const lockIds = door?.lockIds ?? proposed
    const isLost = lockIds.some((id) => !locks.some(({ lockId }) => lockId === id))
    const open = alike.length > 1 ? 'several' : 'none'
    return {
      ...{ resourceId, name, lockIds, enabled: door?.enabled ?? false, reason: null },
      before: String(door?.minutesBefore ?? 0),
      after: String(door?.minutesAfter ?? 0),
      hint: isLost ? 'lost' : lockIds.length > 0 ? null : open,
    }
  })
  return { lines, locks }
}

const readLine = (
  line: ResourceLine,
  form: Record<string, unknown>,
  locks: Lock[],
): ResourceLine => {
  const all = (name: string) => [form[name] ?? []].flat().map(String)
  const { resourceId } = line
  const chosen = all(`locks:${resourceId}`)
  const lockIds = locks.map(({ lockId }) => lockId).filter((lockId) => chosen.includes(lockId))
  const enabled = all('enabled').includes(resourceId)
  const [before = '', after = ''] = [...all(`before:${resourceId}`), ...all(`after:${resourceId}`)]
  const isMinutes = (text: string) => /^\d{1,3}$/.test(text) && Number(text) <= minutesMax
  const reason = !isMinutes(before) || !isMinutes(after) ? 'minutes' : null
  const noLock = enabled && lockIds.length === 0 ? 'noLock' : null
  return {
    ...line,
    enabled,
    lockIds: lockIds.map(asId<LockId>),
    before,
    after,
    reason: noLock ?? reason,
  }
}
