// People who are not whom they seem, who want to be forgotten, or whose names and dates are odd; and
// answers of the other side that make no sense.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instant, localDate } from '../../src/cobot/parse.ts'
import { alias, ksName } from '../../src/core/names.ts'
import { personMarker } from '../../src/core/schedule.ts'
import { lookAgain } from '../../src/db/clicks.ts'
import { openSqlite } from '../../src/db/open.ts'
import { list } from '../../src/db/store.ts'
import { keys } from '../../src/db/tables.ts'
import { createWorld } from '../support/world.ts'

const long = process.env.LONG !== undefined
const hub = 'harbour-hub'
const dayMs = 24 * 3600_000

test('T15 the e-mail address of an admin, an owner or another member gives nobody their access', async () => {
  const world = await createWorld()
  const { cobot, salto, siteId, fullTimeGroup } = world
  const server = salto.addLock(siteId, { name: 'Server room' })
  const boss = salto.addSiteUser(siteId, {
    firstName: 'Bea',
    lastName: 'Boss',
    email: 'bea@keys.example',
  })
  salto.setRoles(siteId, boss.siteUserId, ['site_user', 'site_admin'])
  salto.addAccessGroup(siteId, { name: 'Servers', lockIds: [server], schedule: 'always' })
  const mia = world.addMember('Mia Member')
  const otto = world.addMember('Otto Other')
  await world.settle()
  for (const id of [mia, otto]) await world.connect(id)
  const before = {
    pairings: [await world.pairing(mia), await world.pairing(otto)],
    boss: JSON.stringify(salto.users(siteId).find((u) => u.siteUserId === boss.siteUserId)),
  }
  // A member who is paired takes one address after the other; then somebody new has each of them.
  const ofOthers = ['bea@keys.example', 'kai@keys.example', 'otto.other@members.example']
  for (const email of ofOthers) {
    cobot.updateMembership(hub, mia, { email })
    await world.advance(10 * 60_000, 5 * 60_000)
  }
  for (const [n, email] of [...ofOthers, 'BEA@keys.example', 'bea+x@keys.example'].entries()) {
    const id = world.addMember(`Nadia${n} New`, { email })
    await world.settle()
    await world.connect(id)
    const pairing = await world.pairing(id)
    expect([email, pairing?.siteUserId]).not.toEqual([email, boss.siteUserId])
    expect([email, pairing?.siteUserId]).not.toEqual([email, before.pairings[1]?.siteUserId])
    expect([email, pairing?.siteUserId]).not.toEqual([email, before.pairings[0]?.siteUserId])
    cobot.deleteMembership(hub, id)
    await world.settle()
  }
  const who = [await world.pairing(mia), await world.pairing(otto)]
  expect(who.map((row) => row?.siteUserId)).toEqual(before.pairings.map((row) => row?.siteUserId))
  const inGroup = salto.groups(siteId).find(({ id }) => id === fullTimeGroup)?.users
  for (const row of before.pairings) expect(inGroup).toContain(row?.saltoUserId)
  const after = salto.users(siteId).find((u) => u.siteUserId === boss.siteUserId)
  expect(JSON.stringify(after)).toBe(before.boss)
  await world.close()
})

test('T32 who left is in no table any more, nor in the bytes of the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forgotten-'))
  const db = await openSqlite(join(folder, 'salto.db'))
  const world = await createWorld({ db })
  const { cobot, spaceId } = world
  const zelda = world.addMember('Zelda Zwischenzeit')
  const mia = world.addMember('Mia Member')
  await world.mapRoom()
  await world.settle()
  for (const id of [zelda, mia]) await world.connect(id)
  const booking = { resourceId: world.quayRoom, membershipId: zelda, title: 'Zelda meets' }
  cobot.addBooking(hub, { ...booking, from: '2026-11-24T10:00:00Z', to: '2026-11-24T12:00:00Z' })
  await world.settle()
  cobot.cancelMembership(hub, zelda, '2026-11-26')
  const bytes = () => readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  expect(bytes().some((file) => file.includes('Zelda'))).toBe(true)
  await world.advance(130 * dayMs, 10 * dayMs)
  const tables = Object.keys(keys) as (keyof typeof keys)[]
  for (const name of tables) {
    const text = JSON.stringify(await list(db.read, name, {}))
    expect([name, /zelda/i.test(text)]).toEqual([name, false])
  }
  expect(JSON.stringify(await list(db.read, 'memberships', { spaceId }))).toContain('Mia')
  await world.close()
  expect(bytes().some((file) => /zelda/i.test(file.toString('latin1')))).toBe(false)
  rmSync(folder, { recursive: true })
})

test('T13 whatever somebody is called, KS gets two names and an alias with their own mark', () => {
  const odd = [
    '',
    ' ',
    '\n',
    '· C123456789',
    'Mia · C123456789',
    '\u202E',
    '(Cobot)',
    '\t\u0000',
    'x'.repeat(500),
  ]
  const text = fc.option(fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'binary' })))
  fc.assert(
    fc.property(text, text, fc.string({ minLength: 1 }), (name, email, person) => {
      const marker = personMarker(person)
      const { firstName, lastName } = ksName({ name, email, marker })
      expect([firstName.trim(), lastName.trim()]).not.toContain('')
      const shown = alias({ name, email, marker })
      expect(shown.endsWith(` ${marker}`)).toBe(true)
      expect(shown.length).toBeLessThanOrEqual(220)
    }),
    { seed: 3, numRuns: long ? 20_000 : 400 },
  )
})

test('F45 a time stamp is read exactly, or refused', () => {
  const pad = (n: number, length = 2) => String(n).padStart(length, '0')
  const moment = fc.record({
    year: fc.integer({ min: 1900, max: 9999 }),
    month: fc.nat(14),
    day: fc.nat(33),
    hour: fc.nat(25),
    minute: fc.nat(61),
    offset: fc.integer({ min: -14, max: 14 }),
  })
  fc.assert(
    fc.property(moment, ({ year, month, day, hour, minute, offset }) => {
      const date = `${pad(year, 4)}/${pad(month)}/${pad(day)}`
      const iso = date.replaceAll('/', '-')
      const zone = `${offset < 0 ? '-' : '+'}${pad(Math.abs(offset))}`
      const time = `${pad(hour)}:${pad(minute)}:00`
      const ms = Date.UTC(year, month - 1, day, hour - offset, minute)
      const there = new Date(Date.UTC(year, month - 1, day))
      const isDay = there.getUTCMonth() === month - 1 && there.getUTCDate() === day
      const isMoment = isDay && hour < 24 && minute < 60
      expect(localDate.safeParse(date).data).toBe(isDay ? iso : undefined)
      for (const written of [`${date} ${time} ${zone}00`, `${iso}T${time}${zone}:00`])
        expect(instant.safeParse(written).data?.getTime()).toBe(isMoment ? ms : undefined)
      for (const vague of [`${date} ${time}`, `${iso}T${time}`, `${date} ${time} CET`, date])
        expect(instant.safeParse(vague).success).toBe(false)
    }),
    { seed: 5, numRuns: long ? 20_000 : 250 },
  )
})

/** Structure broken, meaning untouched: such an answer says nothing. */
const breakage = fc.record({
  nth: fc.nat(40),
  how: fc.constantFrom('less', 'type', 'cut', 'html', 'empty', 'twice', 'nothing', 'scalar'),
  at: fc.nat(1000),
})

test('T25 F17 broken answers remove nobody and stop nothing', { timeout: 900_000 }, async () => {
  let wish: { nth: number; how: string; at: number } | null = null
  let broken = 0
  const spoil = (text: string, { how, at }: NonNullable<typeof wish>): string => {
    if (how === 'cut') return text.slice(0, at % Math.max(1, text.length - 1))
    if (how === 'html') return '<html><body>It works!</body></html>'
    if (how === 'empty') return Array.isArray(JSON.parse(text)) ? '[]' : '{}'
    if (how === 'nothing') return ''
    if (how === 'scalar') return '7'
    const body: unknown = JSON.parse(text)
    const things: Record<string, unknown>[] = []
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Array.isArray(value)) things.push(value as Record<string, unknown>)
      for (const each of Object.values(value)) walk(each)
    }
    walk(body)
    if (how === 'twice' && Array.isArray(body)) return JSON.stringify([...body, ...body])
    const thing = things[at % Math.max(1, things.length)] ?? {}
    const names = Object.keys(thing)
    const name = names[at % Math.max(1, names.length)] ?? ''
    if (how === 'less') delete thing[name]
    else thing[name] = typeof thing[name] === 'number' ? [] : 7
    return JSON.stringify(body)
  }
  let count = 0
  const world = await createWorld({
    through: async (request, answer) => {
      const response = await answer(request)
      const isOurs = !request.url.startsWith('http://127') && request.method === 'GET'
      if (!wish || !isOurs || !response.ok || count++ !== wish.nth) return response
      const text = await response.text()
      broken++
      const headers = { 'Content-Type': 'application/json' }
      return new Response(spoil(text || '{}', wish), { status: response.status, headers })
    },
  })
  const { salto, cobot, siteId, worker, clock } = world
  await world.mapRoom()
  for (const name of ['Mia Member', 'Otto Other', 'Tom Turner']) {
    const id = world.addMember(name)
    await world.settle()
    await world.connect(id)
    if (name === 'Mia Member') world.book(id, '2026-11-24T08:00:00Z', '2026-11-25T20:00:00Z')
  }
  await world.settle()
  const groups = () => JSON.stringify(salto.groups(siteId))
  const seats = () => JSON.stringify(salto.users(siteId).map((u) => [u.siteUserId, u.blocked]))
  const before = [groups(), seats()]
  await fc.assert(
    fc.asyncProperty(breakage, async (next) => {
      wish = next
      count = 0
      await world.act((tx) => lookAgain(tx, world.click(), null))
      await worker.drain()
      await clock.advance(2000)
      await worker.drain()
      wish = null
      expect([groups(), seats()]).toEqual(before)
    }),
    { seed: 9, numRuns: long ? 5000 : 15, endOnFailure: true },
  )
  expect(broken).toBeGreaterThan(5)
  // And afterwards all goes on as ever.
  await world.advance(30 * 60_000, 5 * 60_000)
  expect([groups(), seats()]).toEqual(before)
  const tom = cobot.memberships(hub).find(({ name }) => name === 'Tom Turner')
  cobot.deleteMembership(hub, tom!.id)
  await world.advance(20 * 60_000, 5 * 60_000)
  expect(groups()).not.toBe(before[0])
  await world.close()
})
