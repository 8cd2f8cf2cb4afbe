// The space's switches, its connections, and the way out.
import { Hono } from 'hono'
import { DisconnectForm, Leavings } from '../../views/leaving.tsx'
import { SettingsBack, SettingsPage } from '../../views/settings.tsx'
import { minutesMax } from '../core/doors.ts'
import { planIntervals } from '../core/entitlements.ts'
import { proposedMinutes, type Settings, switches } from '../core/model.ts'
import { saveSettings } from '../db/clicks.ts'
import { list } from '../db/store.ts'
import { disconnectSpace, previewOf, readLeft, sendReceipt } from './leaving.ts'
import { type C, clickOf, type Env, installUrl, setupUrl, show, type Web } from './page.ts'
import { isMinutes } from './resource-lines.ts'

export const settings = (web: Web) =>
  new Hono<Env>()
    .get('/settings', async (c) => show(web, c, 'settings', await settingsPage(web, c)))
    .post('/settings', async (c) => {
      const form = await c.req.parseBody()
      const before = c.get('here').space.settings
      const on = Object.fromEntries(switches.map((name) => [name, form[name] !== undefined]))
      const typed = typedMinutes(before, form)
      const minutes = proposedMinutes.map((name) => [name, Number(typed[name])])
      const saved: Settings = { lastDayIncluded: false, ...on, ...Object.fromEntries(minutes) }
      if (!proposedMinutes.every((name) => isMinutes(typed[name]))) {
        c.get('here').space.settings = { ...before, ...on }
        return show(web, c, 'settings', await settingsPage(web, c, typed), { status: 422 })
      }
      await web.db.tx((tx) => saveSettings(tx, clickOf(c, web), saved))
      web.wake()
      c.get('here').space.settings = saved
      const isSame =
        before.lastDayIncluded === saved.lastDayIncluded &&
        (before.visitors ?? false) === (saved.visitors ?? false)
      const notice = c.get('say').t(isSame ? 'settings.saved' : 'settings.savedLooks')
      return show(web, c, 'settings', await settingsPage(web, c), { notice })
    })
    .get('/settings/leaving', (c) => askFirst(web, c, null))
    .post('/settings/leaving', async (c) => {
      const reason = await disconnectSpace(web, c)
      if (reason) return askFirst(web, c, reason)
      return show(web, c, 'settings', await settingsPage(web, c))
    })
    .get('/settings/progress', async (c) => {
      const left = await readLeft(web, c)
      return c.html(Leavings({ say: c.get('say'), left, at: '/settings' }))
    })
    .get('/settings/receipts/:siteId', (c) => sendReceipt(web, c))

const askFirst = async (web: Web, c: C, reason: 'changed' | 'mode' | null) => {
  const say = c.get('say')
  const send = { 'hx-post': '/settings/leaving' }
  const preview = await previewOf(web, c)
  const form = DisconnectForm({ say, preview, send, reason, children: SettingsBack({ say }) })
  return show(web, c, 'settings', form, { status: reason ? 422 : 200 })
}

/** As they are, or as they came back in the form. */
const typedMinutes = (settings: Settings, form: Record<string, unknown> = {}) => ({
  minutesBefore: String(form.minutesBefore ?? settings.minutesBefore ?? 0),
  minutesAfter: String(form.minutesAfter ?? settings.minutesAfter ?? 0),
})

const settingsPage = async (web: Web, c: C, typed?: ReturnType<typeof typedMinutes>) => {
  const { space, site } = c.get('here')
  const { spaceId, subdomain } = space
  const connected = await list(web.db.read, 'connections', { spaceId, state: 'ok' })
  const isOk = (side: string) => connected.some((each) => each.side === side)
  const minutes = typed ?? typedMinutes(space.settings)
  return SettingsPage({
    minutes: proposedMinutes.map((name) => {
      const value = minutes[name]
      return { name, value, isWrong: !isMinutes(value) }
    }),
    minutesMax,
    say: c.get('say'),
    settings: space.settings,
    ending: await listEnding(web, c),
    site: site && { name: site.info.name, timeZone: site.timeZone },
    isConnected: { cobot: isOk('cobot'), salto: isOk('salto') },
    ways: { cobot: installUrl(subdomain), salto: setupUrl(subdomain) },
    left: await readLeft(web, c),
  })
}

/** Names of connected people who would have a day more, or less, if the last day counted otherwise. */
const listEnding = async ({ db, ports }: Web, c: C): Promise<string[]> => {
  const { spaceId, timeZone } = c.get('here').space
  const now = ports.clock.now()
  const rows = await list(db.read, 'memberships', { spaceId, goneAt: null })
  const ends = (row: (typeof rows)[number], lastDayIncluded: boolean) =>
    planIntervals(row, { timeZone, lastDayIncluded }).flatMap(({ endsAt }) =>
      endsAt && endsAt > now ? endsAt.getTime() : [],
    )
  const isConcerned = (row: (typeof rows)[number]) =>
    row.pairingId && ends(row, true).join() !== ends(row, false).join()
  return [...new Set(rows.filter(isConcerned).map(({ name }) => name ?? '?'))].sort()
}
