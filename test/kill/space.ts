// One space of many: its admin sets it up over HTTP, people come, book and go, and what KS should
// then hold is reckoned by the oracle.
import manifest from '../../manifest.json' with { type: 'json' }
import { until } from '../support/addon.ts'
import { differences, expectKs, laterDay, wallClock } from '../support/oracle.ts'
import { createVisitor } from '../support/visitor.ts'
import { cobotClient, publicUrl, type Stage } from './stage.ts'

const zone = 'Europe/Berlin'
const hour = 3600_000
const bookingsMax = 6

export type Space = Awaited<ReturnType<typeof openSpace>>

export const openSpace = async (stage: Stage, index: number) => {
  const { cobot, salto, fraction } = stage
  const subdomain = `space-${index}`
  const oneOf = <T>(things: readonly T[]): T | undefined =>
    things[Math.floor(fraction() * things.length)]
  const today = () => wallClock(new Date(), zone).slice(0, 10)

  // Two admins: the calls of the one who clicks do not count against the add-on's own.
  const ownerId = cobot.addUser({ email: `mara.${index}@harbour.example`, name: 'Mara Harbour' })
  const clerkId = cobot.addUser({ email: `ben.${index}@harbour.example`, name: 'Ben Berth' })
  cobot.addSpace({ subdomain, name: subdomain, timeZone: zone, ownerId })
  cobot.addAdmin(subdomain, clerkId)
  const fullTime = cobot.addPlan(subdomain, { name: 'Full Time' })
  const flex = cobot.addPlan(subdomain, { name: 'Flex' })
  const all = ['Ada', 'Bo', 'Cem', 'Dina', 'Eve', 'Finn'].map((name, nr) =>
    cobot.addMembership(subdomain, {
      name: `${name} Nr${index}`,
      email: `${name.toLowerCase()}.${index}@members.example`,
      planId: nr % 2 ? fullTime : flex,
      startsAt: laterDay(today(), -30),
    }),
  )
  /** One on each plan just stays: the guard holds whoever would be the last to leave a group. */
  const members = all.slice(0, 4)
  /** Some come and go in Cobot, the others are connected and disconnected. */
  const [comers, clicked] = [members.slice(0, 2), members.slice(2)]
  const rooms = ['Quay Room', 'Attic'].map((name) => cobot.addResource(subdomain, { name }))

  const login = { email: `kai.${index}@keys.example`, password: 'open sesame' }
  const ksOwner = salto.addUserProfile({ ...login, firstName: 'Kai', lastName: 'Keys' })
  const siteId = salto.addSite({ name: subdomain, timeZone: zone, seats: 40, ownerId: ksOwner })
  const [frontDoor = '', ...roomLocks] = ['Front door', 'Quay Room', 'Attic'].map((name) =>
    salto.addLock(siteId, { name }),
  )
  salto.addAccessGroup(siteId, { name: 'Full Time', lockIds: [frontDoor], schedule: 'always' })
  const doors = new Map(
    rooms.map((id, nr) => [
      id,
      { lockIds: [roomLocks[nr] ?? ''], minutesBefore: 0, minutesAfter: 0 },
    ]),
  )

  const openFrame = async (): Promise<string> => {
    const clerk = createVisitor(stage.send)
    clerk.setCookie(stage.cobotUrl, cobot.loginCookie(clerkId))
    cobot.approve(clerkId, cobotClient, manifest.cobot.frameScopes)
    const page = await clerk.go(linkUrl)
    const [, frameUrl = ''] = /<iframe[^>]+src="([^"]+)"/.exec(page.text) ?? []
    const frame = await clerk.go(frameUrl.replaceAll('&amp;', '&'))
    const [, token] = /name="session" content="([^"]+)"/.exec(frame.text) ?? []
    if (!token) throw new Error(`no frame at ${frameUrl}: ${frame.text}`)
    return token
  }
  const press = async (path: string, body?: URLSearchParams) => {
    const method = body ? 'POST' : 'GET'
    const ask = () => {
      const headers = { authorization: `Bearer ${token}`, 'hx-request': 'true' }
      return stage.send(new Request(publicUrl + path, { method, headers, ...(body && { body }) }))
    }
    let response = await ask()
    if (response.status === 401) {
      token = await openFrame()
      response = await ask()
    }
    return { status: response.status, text: await response.text() }
  }

  const visitor = createVisitor(stage.send)
  visitor.setCookie(stage.cobotUrl, cobot.loginCookie(ownerId))
  cobot.approve(ownerId, cobotClient, manifest.cobot.installScopes)
  await visitor.go(`${publicUrl}/install?subdomain=${subdomain}`)
  const toSalto = await visitor.go(`${publicUrl}/oauth/salto?subdomain=${subdomain}`)
  await visitor.go(await salto.signIn(toSalto.url, login))
  const site = { siteId }
  const { url: linkUrl } = await visitor.go(`${publicUrl}/setup/site?subdomain=${subdomain}`, site)
  let token = await openFrame()

  await until(`the locks of ${subdomain}`, async () => {
    const { text } = await press('/resources')
    return [...rooms, ...roomLocks].every((id) => text.includes(id))
  })
  const form = new URLSearchParams()
  for (const [id, { lockIds }] of doors) {
    form.append('enabled', id)
    form.set(`locks:${id}`, lockIds[0] ?? '')
    form.set(`before:${id}`, '0')
    form.set(`after:${id}`, '0')
  }
  const saved = await press('/resources', form)
  if (saved.status !== 200) throw new Error(`the doors of ${subdomain}: ${saved.status}`)

  const connected = new Set<string>()
  const persons = new Set<string>()
  /** Clicks on their way, or to be made again because no answer came. */
  const open = new Map<string, 'connect' | 'disconnect'>()
  const underWay = new Set<string>()
  const sendClick = async (membershipId: string) => {
    const action = open.get(membershipId)
    if (!action || underWay.has(membershipId)) return
    underWay.add(membershipId)
    const path = `/members/${membershipId}/${action}`
    const { status } = await press(path, new URLSearchParams()).catch(() => ({ status: 0 }))
    underWay.delete(membershipId)
    if (status !== 200) return
    open.delete(membershipId)
    if (action === 'disconnect') connected.delete(membershipId)
    else connected.add(membershipId)
    persons.add(`membership:${membershipId}`)
  }
  const click = (membershipId: string, action: 'connect' | 'disconnect') => {
    open.set(membershipId, action)
    return sendClick(membershipId)
  }
  await Promise.all(all.map((id) => click(id, 'connect')))

  const hours = () => {
    // Beyond a day, and well inside the week from which on the doors are made ready.
    const from = Math.ceil(Date.now() / hour) * hour + (26 + Math.floor(fraction() * 100)) * hour
    return { from: new Date(from).toISOString(), to: new Date(from + 2 * hour).toISOString() }
  }
  const bookings = () => cobot.bookings(subdomain)
  const memberOf = (id: string | undefined) => (id ? cobot.membership(id) : null)

  /** What people do, each with its weight; what cannot be done now is left undone. */
  const doings: [weight: number, act: () => unknown][] = [
    [
      4,
      () => {
        const [resourceId, membershipId] = [oneOf(rooms), oneOf(members)]
        if (bookings().length >= bookingsMax || !resourceId || !membershipId) return
        cobot.addBooking(subdomain, { resourceId, membershipId, ...hours() })
      },
    ],
    [3, () => withBooking((id) => cobot.updateBooking(id, hours()))],
    [
      1,
      () => withBooking((id) => cobot.updateBooking(id, { membershipId: oneOf(members) ?? null })),
    ],
    [1, () => withBooking((id) => cobot.updateBooking(id, { resourceId: oneOf(rooms) ?? '' }))],
    [2, () => withBooking((id) => cobot.deleteBooking(id))],
    [
      3,
      () => {
        const member = memberOf(oneOf(comers))
        if (member?.canceledTo) cobot.uncancelMembership(subdomain, member.id)
        else if (member) cobot.cancelMembership(subdomain, member.id, laterDay(today(), -1))
      },
    ],
    [
      1,
      () => {
        const member = memberOf(oneOf(members))
        const other = member?.plan.planId === flex ? fullTime : flex
        if (member) cobot.changePlan(subdomain, member.id, other)
      },
    ],
    [
      1,
      () => {
        const member = memberOf(oneOf(members))
        const name = `${member?.name?.split(' ')[0]} ${Math.floor(fraction() * 1000)}`
        if (member) cobot.updateMembership(subdomain, member.id, { name })
      },
    ],
    [
      2,
      () => {
        const id = oneOf(clicked)
        if (id && !open.has(id)) void click(id, connected.has(id) ? 'disconnect' : 'connect')
      },
    ],
  ]
  const withBooking = (act: (bookingId: string) => unknown) => {
    const booking = oneOf(bookings())
    if (booking) act(booking.id)
  }
  const lots = doings.flatMap(([weight, act]) => Array.from({ length: weight }, () => act))

  return {
    subdomain,
    /** Somebody does something. */
    happen: () => {
      oneOf(lots)?.()
    },
    /** Presses again what got no answer. */
    pressAgain: () => Promise.all([...open.keys()].map(sendClick)),
    /** What is not as it should be, one sentence each. */
    differences: (): string[] => {
      const now = new Date()
      const memberships = cobot.memberships(subdomain)
      const isConnected = (each: (typeof memberships)[number]) => connected.has(each.id)
      const facts = { now, zone, memberships, bookings: bookings(), doors, isConnected }
      const expected = expectKs({ ...facts, endAnnouncedOn: new Map() })
      const users = salto.users(siteId)
      const plans = [
        { name: 'Full Time', lockIds: [frontDoor] },
        { name: 'Flex', lockIds: [] },
      ]
      const groups = salto.groups(siteId)
      const said = differences({ expected, persons, users, groups, plans, now, zone })
      // The site's owner and one user for everybody connected, member for now or not.
      if (users.length !== connected.size + 1)
        said.push(`${users.length - 1} people in KS for ${connected.size} connected`)
      if (open.size > 0) said.push(`${open.size} clicks without an answer`)
      return said.map((each) => `${subdomain}: ${each}`)
    },
  }
}
