// Map resources, and what bookings open, in Cobot's frame.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { bookingGroupName } from '../../src/core/schedule.ts'
import { subdomain } from '../demo/seed.ts'
import { until } from '../support/addon.ts'
import { executablePath } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

describe.skipIf(!executablePath)('resources and bookings', () => {
  let s: Scene
  const hour = 3600_000
  const lock = (name: string) => s.salto.locks(s.siteId).find((each) => each.name === name)?.lockId
  const opens = (tagNumber: string, name: string, at: Date) =>
    s.salto.door({ lockId: lock(name) ?? '', tagNumber, at }).opened
  const room = (name: string) => s.frame.getByRole('checkbox', { name, exact: true }).first()
  const save = () => s.frame.getByRole('button', { name: 'Save' }).click()
  const group = (name: string, lockName: string) =>
    until(`a group of ${name} for ${lockName}`, () =>
      s.bookingGroups(name).find(({ locks }) => locks.includes(lock(lockName) ?? '')),
    )
  const noGroup = (id: string) =>
    until('no group', () => s.salto.groups(s.siteId).every((each) => each.id !== id))
  const problem = (text: string) => s.frame.getByRole('listitem').filter({ hasText: text })

  beforeAll(async () => {
    s = await openScene()
    await s.connect('Mia Member', 'Full Time')
    await s.assign('Mia Member', '02300003')
    await s.hasTag('Mia Member', '02300003')
    await s.see('Map resources', room('Quay Room'))
  })
  afterAll(() => s.close())

  test('B1 B4 a lock of the same name is there already, and saving shows first what follows', async () => {
    s.book('Mia Member', 'Quay Room', s.at(30), s.at(32))
    await s.open('Overview')
    await s.open('Map resources')
    await room('Quay Room').check()
    await room('Lighthouse').check()
    await save()
    await s.frame.getByText(/upcoming bookings? gets? access/).waitFor()
    expect(s.bookingGroups('Mia Member')).toEqual([])
    await s.confirm(/^(Give|Change) access/)
    await group('Mia Member', 'Quay Room')
    await s.open('Map resources')
    expect(await room('Quay Room').isChecked()).toBe(true)
    expect(await room('Lighthouse').isChecked()).toBe(true)
    expect(await room('Workshop').isChecked()).toBe(false)
  })

  test('B2 a resource without a lock says so, and is not switched on until one is chosen', async () => {
    await room('Roof Terrace').check()
    await save()
    await s.frame.getByText('Choose a lock before switching this on.').waitFor()
    expect(await room('Roof Terrace').isChecked()).toBe(true)
  })

  test('J what gets no answer says so, and what was chosen stays', async () => {
    await s.context.setOffline(true)
    await save()
    await s.frame.getByText('No answer came.').waitFor()
    expect(await room('Roof Terrace').isChecked()).toBe(true)
    await s.context.setOffline(false)
  })

  test('B3 several locks, and minutes before and after', async () => {
    const row = s.row('Roof Terrace')
    await s.choose(row, 'Front door', 'Storage')
    const before = row.getByRole('spinbutton', { name: /^Minutes before/ })
    await before.fill('9999')
    await row.getByRole('spinbutton', { name: /^Minutes after/ }).fill('5')
    await save()
    await row.getByText(/^Minutes are whole numbers/).waitFor()
    expect(await before.inputValue()).toBe('9999')
    await before.fill('10')
    await save()
    await s.frame.getByText('Saved.').waitFor()
    const [from, to] = [s.at(50), s.at(51)]
    s.book('Mia Member', 'Roof Terrace', from, to)
    await group('Mia Member', 'Storage')
    const shut = [from.getTime() - 11 * 60_000, to.getTime() + 7 * 60_000]
    const open = [from.getTime() - 10 * 60_000, to.getTime() + 4 * 60_000]
    expect(shut.map((at) => opens('02300003', 'Storage', new Date(at)))).toEqual([false, false])
    expect(open.map((at) => opens('02300003', 'Storage', new Date(at)))).toEqual([true, true])
  })

  test('C1 C2 a booking opens its locks, follows every change, and goes', async () => {
    const [from, to] = [s.at(70), s.at(72)]
    const booking = s.book('Mia Member', 'Lighthouse', from, to)
    const made = await group('Mia Member', 'Lighthouse')
    expect(made.name).toMatch(/^Cobot \d{12}$/)
    expect(opens('02300003', 'Lighthouse', new Date(from.getTime() - 60_000))).toBe(false)
    expect(opens('02300003', 'Lighthouse', from)).toBe(true)
    const later = new Date(to.getTime() + hour)
    s.cobot.updateBooking(booking, { from: to.toISOString(), to: later.toISOString() })
    await until('the new time', () => opens('02300003', 'Lighthouse', new Date(+to + hour / 2)))
    expect(opens('02300003', 'Lighthouse', from)).toBe(false)
    s.cobot.deleteBooking(booking)
    await noGroup(made.id)
  })

  test('C2 H2 hours changed by hand in SALTO KS are told, stay, and go with the next change', async () => {
    const [from, to] = [s.at(8), s.at(10)]
    const booking = s.book('Mia Member', 'Lighthouse', from, to)
    const made = await group('Mia Member', 'Lighthouse')
    const [schedule] = made.schedules
    await s.frame.getByRole('link', { name: 'Overview' }).waitFor()
    s.salto.removeSchedule(s.siteId, made.id, schedule?.id ?? '')
    s.salto.addSchedule(s.siteId, made.id, 'always')
    await s.notice(problem(`The group ${made.name}`))
    expect(opens('02300003', 'Lighthouse', s.at(12))).toBe(true)
    s.cobot.updateBooking(booking, { from: new Date(+from + hour / 2).toISOString() })
    await until('the hours of Cobot', () => !opens('02300003', 'Lighthouse', s.at(12)))
  })

  test('C3 H1 a booking by somebody who is not connected waits for Connect', async () => {
    s.book('Tom Turner', 'Quay Room', s.at(75), s.at(76))
    const told = problem('Tom Turner has booked Quay Room')
    await s.see('Problems', told)
    await told.getByRole('button', { name: 'Connect' }).first().click()
    await group('Tom Turner', 'Quay Room')
    await until('healed', async () => {
      await s.open('Problems')
      return (await told.count()) === 0
    })
  })

  test('C4 adjacent bookings leave no gap, also across midnight', async () => {
    const midnight = s.at(96)
    midnight.setUTCHours(23, 0, 0, 0)
    const at = (hours: number) => new Date(+midnight + hours * hour)
    s.book('Mia Member', 'Quay Room', at(-2), at(0))
    s.book('Mia Member', 'Quay Room', at(0), at(2))
    for (const minutes of [-120, -1, 0, 1, 119])
      await until(`open at ${minutes}`, () =>
        opens('02300003', 'Quay Room', new Date(+midnight + minutes * 60_000)),
      )
    expect(opens('02300003', 'Quay Room', new Date(+midnight + 122 * 60_000))).toBe(false)
  })

  test('C4 a series opens every time, and what was booked a minute ago opens at once', async () => {
    const wish = {
      resourceId: s.resourceOf('Quay Room'),
      membershipId: s.membershipOf('Mia Member'),
    }
    const [from, to] = [s.at(14), s.at(15)]
    const times = { from: from.toISOString(), to: to.toISOString() }
    s.cobot.addRecurringBookings(subdomain, { ...wish, ...times, everyDays: 2, count: 3 })
    for (const days of [0, 2, 4])
      await until(`open after ${days} days`, () =>
        opens('02300003', 'Quay Room', new Date(+from + (days * 24 + 0.5) * hour)),
      )
    expect(opens('02300003', 'Quay Room', new Date(+from + 24.5 * hour))).toBe(false)
    const isOpenNow = () => opens('02300003', 'Quay Room', new Date())
    // By the hour of the day others of hers may run now.
    for (const each of s.cobot.bookings(subdomain))
      if (each.membershipId === wish.membershipId && each.from < s.at(2))
        s.cobot.deleteBooking(each.id)
    await until('closed', () => !isOpenNow())
    const now = { from: new Date(Date.now() - 60_000).toISOString(), to: s.at(1).toISOString() }
    const booking = s.cobot.addBooking(subdomain, { ...wish, ...now })
    await until('open now', isOpenNow)
    s.cobot.deleteBooking(booking)
    await until('closed again', () => !isOpenNow())
  })

  test('C5 an approved visitor gets a person, a tag and a PIN from us, and is removed after', async () => {
    await s.open('Settings')
    await s.frame.getByLabel('Visitors open doors').check()
    await save()
    await s.frame.getByText(/^Saved\./).waitFor()
    const visit = s.cobot.addExternalBooking(subdomain, {
      resourceId: s.resourceOf('Quay Room'),
      status: 'pending',
      from: s.at(3).toISOString(),
      to: s.at(5).toISOString(),
      name: 'Vera Visit',
      email: 'vera@visitors.example',
    })
    s.cobot.approveExternalBooking(visit)
    await until('Vera in KS', () => s.users('Vera Visit').length === 1)
    expect(s.users('Vera Visit')[0]?.email ?? null).toBeNull()
    await s.see('Connect members', s.row('Vera Visit').getByRole('button', { name: /^Assign tag/ }))
    await s.assign('Vera Visit', '02300009')
    await s.hasTag('Vera Visit', '02300009')
    await until('a door', () => opens('02300009', 'Quay Room', s.at(4)))
    await s.press(s.row('Vera Visit'), /^New PIN/)
    const shown = s.row('Vera Visit').getByRole('textbox', { name: 'PIN of Vera Visit' })
    const pin = await shown.inputValue()
    const types = (at: Date) => s.salto.door({ lockId: lock('Quay Room') ?? '', pin, at }).opened
    expect([s.at(2), s.at(4), s.at(6)].map(types)).toEqual([false, true, false])
    await s.row('Vera Visit').getByRole('button', { name: 'Hide PIN' }).click()
    await s.row('Vera Visit').getByText('has a PIN').waitFor()
    await shown.waitFor({ state: 'detached' })
    s.cobot.cancelExternalBooking(visit)
    await until('nobody', () => s.users('Vera Visit').length === 0)
  })

  test('C6 groups of ended bookings are deleted', async () => {
    const booking = s.book('Mia Member', 'Lighthouse', s.at(2), s.at(3))
    // Others of hers may begin soon as well, by the hour of the day.
    const name = bookingGroupName(asId(booking))
    const { id } = await until('the group', () =>
      s.bookingGroups('Mia Member').find((group) => group.name === name),
    )
    s.cobot.updateBooking(booking, { from: s.at(-50).toISOString(), to: s.at(-49).toISOString() })
    await noGroup(id)
  })

  test('B5 a resource or a lock that is gone is a problem of its row, and of nothing else', async () => {
    s.salto.removeLock(lock('Lighthouse') ?? '')
    s.cobot.removeResource(subdomain, s.resourceOf('Roof Terrace'))
    await s.checkNow()
    await s.see('Problems', problem('A lock of Lighthouse is gone in SALTO KS'))
    await s.see('Problems', problem('The resource Roof Terrace is gone in Cobot'))
    await s.open('Map resources')
    await s.frame.getByText('This resource is gone from Cobot').waitFor()
    expect(s.bookingGroups('Tom Turner')).toHaveLength(1)
  })
})
