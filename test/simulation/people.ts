// What people do: members and admins in Cobot, the admin in our pages, somebody in SALTO KS.
import { asId, type MembershipId, type PairingId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { list, one } from '../../src/db/store.ts'
import { dayOf, laterDay, markerOf, personOf, wallClock } from '../support/oracle.ts'
import type { createWorld } from '../support/world.ts'
import { doorRows, idOf } from './places.ts'
import type { Chance } from './scheduler.ts'
import type { SpaceModel, Truth } from './truth.ts'

type Base = Awaited<ReturnType<typeof createWorld>>

const minute = 60_000

export const createPeople = (deps: {
  base: Base
  space: SpaceModel
  truth: Truth
  chance: Chance
  /** The other processes hear of a click as of any wish. */
  wake(): void
  /** Compares KS with what is true now. */
  look(): void
  /** No booking edge within these hours of a change of clocks. */
  isDoubtful(at: Date): boolean
}) => {
  const { base, space, chance, truth } = deps
  const { cobot, salto, clock, db } = base
  const { subdomain, siteId } = space
  const spaceId = idOf(space)
  let named = 0
  const now = () => clock.now()
  const click = () => ({ spaceId, by: 'Mara', now: now() })
  /** An admin whose click fails sees that, clicks again, and gives up at last; true when it is done. */
  const act = async (work: Parameters<typeof db.tx>[0]): Promise<boolean> => {
    for (let attempt = 0; attempt < 50; attempt++)
      try {
        await db.tx(work)
        deps.wake()
        return true
      } catch (error) {
        if (!/database/.test(String(error))) throw error
      }
    return false
  }
  const today = () => dayOf(now(), space.zone)
  const localHour = () =>
    Number(
      new Intl.DateTimeFormat('en-GB', {
        timeZone: space.zone,
        hour: '2-digit',
        hour12: false,
      }).format(now()),
    )

  const members = () => cobot.memberships(subdomain)
  const any = <T>(list: readonly T[]): T | undefined =>
    list[chance.whole(0, Math.max(0, list.length - 1))]
  const aMember = () => any(members())
  const aPlan = () => chance.pick(space.plans).planId
  /** Mostly a date that comes while the world lasts. */
  const soon = () => laterDay(today(), chance.pick([1, 1, 1, 2, 3]))
  const aBooking = () => any(cobot.bookings(subdomain).filter(({ to }) => to > now()))

  const add = (wish: {
    userId?: string
    planId?: string
    startsAt?: string
    confirmedAt?: null
  }) => {
    named += 1
    const user = wish.userId ? cobot.user(wish.userId) : null
    const email = user?.email ?? `member.${space.index}.${named}@members.example`
    return cobot.addMembership(subdomain, {
      name: `Member ${'ABCDEFGHIJ'[named % 10]}${named}`,
      email,
      planId: aPlan(),
      startsAt: laterDay(today(), -20),
      ...wish,
    })
  }

  const times = (): { from: string; to: string } | null => {
    const quarter = Math.ceil(now().getTime() / (15 * minute)) * 15 * minute
    const from = new Date(quarter + chance.whole(-4, 80) * 15 * minute)
    const to = new Date(from.getTime() + chance.whole(1, 16) * 15 * minute)
    if (deps.isDoubtful(from) || deps.isDoubtful(to)) return null
    return { from: from.toISOString(), to: to.toISOString() }
  }

  const cancel = (id: string | undefined, date: string) => {
    const member = members().find((each) => each.id === id)
    if (!member || member.canceledTo === date || space.endAnnouncedOn.get(member.id) === date)
      return
    cobot.cancelMembership(subdomain, member.id, date)
    space.endAnnouncedOn.set(member.id, today())
  }

  /** Connects whoever is known and is not connected yet. */
  const connectSome = async (share = 1) => {
    for (const membership of members()) {
      const membershipId = asId<MembershipId>(membership.id)
      const known = await one(db.read, 'memberships', { spaceId, membershipId, goneAt: null })
      if (!known || (known.pairingId && space.persons.has(personOf(membership)))) continue
      if (!chance.is(share)) continue
      const pairingId = asId<PairingId>(`pairing-${membershipId}`)
      if (!(await act((tx) => clicks.connectMembership(tx, click(), membershipId, pairingId))))
        return
      space.persons.add(personOf(membership))
      space.everConnected.add(personOf(membership))
    }
  }

  const pairingOf = async (person: string | undefined) =>
    person ? one(db.read, 'pairings', { spaceId, person }) : null

  const actions: Record<string, () => unknown> = {
    book: () => {
      const [resourceId, member, when] = [chance.pick(space.resources), aMember(), times()]
      if (when)
        cobot.addBooking(subdomain, { resourceId, membershipId: member?.id ?? null, ...when })
    },
    move: () => {
      const [booking, when] = [aBooking(), times()]
      if (booking && when) cobot.updateBooking(booking.id, when)
    },
    otherResource: () => {
      const booking = aBooking()
      if (booking) cobot.updateBooking(booking.id, { resourceId: chance.pick(space.resources) })
    },
    handOver: () => {
      const [booking, member] = [aBooking(), aMember()]
      if (booking && member) cobot.updateBooking(booking.id, { membershipId: member.id })
    },
    unbook: () => {
      const booking = aBooking()
      if (booking) cobot.deleteBooking(booking.id)
    },
    planToday: () => {
      const member = aMember()
      if (member) cobot.changePlan(subdomain, member.id, aPlan())
    },
    // A second thought, while the first one is being looked at.
    planTwice: () => {
      const member = aMember()
      if (!member) return
      cobot.changePlan(subdomain, member.id, aPlan())
      // There and back again is no old news.
      truth.hear(now().getTime())
      const again = aPlan()
      clock.after(chance.between(100, 2000), () => {
        if (!cobot.membership(member.id)) return
        cobot.changePlan(subdomain, member.id, again)
        deps.look()
      })
    },
    // An end that is learned only on its own day counts from the next one: announced in good time.
    planLater: () => {
      const member = aMember()
      if (member && localHour() < 19) cobot.changePlan(subdomain, member.id, aPlan(), soon())
    },
    cancel: () => {
      const member = aMember()
      if (localHour() < 19) cancel(member?.id, soon())
    },
    cancelToday: () => {
      const member = aMember()
      if (localHour() < 19) cancel(member?.id, today())
    },
    uncancel: () => {
      const member = any(members().filter(({ canceledTo }) => canceledTo))
      if (member) cobot.uncancelMembership(subdomain, member.id)
    },
    remove: () => {
      const member = aMember()
      if (member) cobot.deleteMembership(subdomain, member.id)
    },
    rename: () => {
      const member = aMember()
      named += 1
      if (member) cobot.updateMembership(subdomain, member.id, { name: `Renamed Nr${named}` })
    },
    join: () => {
      const email = `login.${space.index}.${++named}@members.example`
      add(chance.is(0.5) ? { userId: cobot.addUser({ email, name: `Login ${named}` }) } : {})
    },
    // One person, two memberships.
    again: () => {
      const member = aMember()
      if (member?.userId)
        add({ userId: member.userId, startsAt: laterDay(today(), chance.whole(0, 1)) })
    },
    apply: () => add({ confirmedAt: null, startsAt: today() }),
    confirm: () => {
      const waiting = members().find(({ confirmedAt }) => !confirmedAt)
      if (waiting) cobot.confirmMembership(subdomain, waiting.id)
    },
    changeEmail: () => {
      const member = aMember()
      const email = `moved.${++named}@members.example`
      if (member?.userId) cobot.changeUserEmail(member.userId, email)
      else if (member) cobot.updateMembership(subdomain, member.id, { email })
    },
    connect: () => connectSome(),
    disconnect: async () => {
      const person = any([...space.persons].sort())
      const pairing = await pairingOf(person)
      if (!person || !pairing) return
      if (!(await act((tx) => clicks.disconnectMember(tx, click(), pairing.pairingId)))) return
      space.persons.delete(person)
      space.lockedOut.delete(person)
    },
    lockOut: async () => {
      const person = any([...space.persons].sort())
      const pairing = await pairingOf(person)
      if (!person || pairing?.state !== 'paired') return
      if (await act((tx) => clicks.lockOut(tx, click(), pairing.pairingId, true)))
        space.lockedOut.add(person)
    },
    letIn: async () => {
      const person = any([...space.lockedOut].sort())
      const pairing = await pairingOf(person)
      if (!person || !pairing) return
      if (await act((tx) => clicks.lockOut(tx, click(), pairing.pairingId, false)))
        space.lockedOut.delete(person)
    },
    // F47: locks of a room, and the minutes around it, while bookings of it are under way.
    mapAnew: async () => {
      const resourceId = chance.pick(space.resources.slice(0, 2))
      const locks = salto.locks(siteId).map(({ lockId }) => lockId)
      const lockIds = [chance.pick(locks), chance.pick(locks)]
      const minutesBefore = chance.pick([0, 0, 10, 15])
      const doors = new Map(space.doors).set(resourceId, {
        lockIds: [...new Set(lockIds)],
        minutesBefore,
        minutesAfter: chance.pick([0, 5]),
      })
      if (await saveDoors(doors)) space.doors = doors
    },
  }

  const saveDoors = (doors = space.doors) =>
    act((tx) => clicks.saveDoors(tx, click(), asId(siteId), doorRows(doors)))

  const touch = (person: string) => {
    space.touched.add(person)
    truth.forgive(person)
  }

  /** F46: an admin edits KS by hand. Whom it concerns is left out of the comparison until restored. */
  const byHand = (): boolean => {
    const persons = new Map(
      [...space.everConnected].map((person) => [markerOf(person), person] as const),
    )
    const ours = salto.users(siteId).flatMap((user) => {
      const person = persons.get(user.alias?.slice(-12) ?? '')
      return person ? [{ ...user, person }] : []
    })
    const user = any(ours)
    const groups = salto.groups(siteId)
    const inPlan = groups.filter((group) => space.plans.some(({ name }) => name === group.name))
    // What is done to the group of a booking that is over is the KS admin's own business.
    const wall = wallClock(now(), space.siteZone)
    const isOpen = ({ end_date }: { end_date: string | null }) => (end_date ?? '') > wall
    const booked = any(
      groups.filter(
        ({ name, users, schedules }) =>
          /^Cobot \d+$/.test(name) && users.length && schedules.some(isOpen),
      ),
    )
    const holder = ours.find(({ saltoUserId }) => saltoUserId === booked?.users[0])
    switch (chance.whole(0, 6)) {
      case 0: {
        const group = any(inPlan.filter(({ users }) => users.includes(user?.saltoUserId ?? '')))
        if (!group || !user) return false
        touch(user.person)
        salto.removeFromGroup(siteId, group.id, user.saltoUserId)
        return true
      }
      case 1:
        if (!booked || !holder) return false
        touch(holder.person)
        salto.addSchedule(siteId, booked.id, 'always')
        return true
      case 2:
        if (!booked || !holder || !booked.locks[0]) return false
        touch(holder.person)
        salto.removeLockFromGroup(siteId, booked.id, booked.locks[0])
        return true
      case 3:
        if (!booked || !holder) return false
        touch(holder.person)
        salto.removeAccessGroup(siteId, booked.id)
        return true
      case 4:
        if (!user) return false
        touch(user.person)
        salto.removeSiteUser(siteId, user.siteUserId)
        return true
      case 5: {
        // A stranger in a plan group: nobody's business but the KS admin's.
        const { saltoUserId } = salto.addSiteUser(siteId, {
          firstName: 'Stan',
          lastName: `S${++named}`,
        })
        const group = any(inPlan)
        if (group) salto.addToGroup(siteId, group.id, saltoUserId)
        return true
      }
      default:
        salto.addAccessGroup(siteId, { name: `Party ${++named}`, lockIds: [], schedule: 'always' })
        return true
    }
  }

  /** What an admin does at the end with what the page shows. */
  const clearProblems = async () => {
    const rows = await list(db.read, 'problems', { spaceId })
    for (const { code, subject, source, params } of rows) {
      if (code === 'P10' && params.leftover === 'user') {
        const siteUserId = asId<never>(subject.split(':')[1] ?? '')
        const leftover = { siteId: asId<never>(siteId), siteUserId, marker: params.marker ?? '' }
        const pairingId = asId<PairingId>(`pairing-${siteUserId}`)
        await act((tx) => clicks.removeLeftoverUser(tx, click(), leftover, pairingId))
      } else if (code === 'P10' && params.leftover === 'yes') {
        const accessGroupId = asId<never>(subject.split(':')[1] ?? '')
        const leftover = {
          siteId: asId<never>(siteId),
          accessGroupId,
          name: params.group ?? '',
          zone: space.siteZone,
        }
        await act((tx) => clicks.removeLeftover(tx, click(), leftover))
      } else if (code === 'P10' && !params.leftover)
        await act((tx) => clicks.restore(tx, click(), subject))
      else await act((tx) => clicks.lookAgain(tx, click(), source))
    }
  }

  /** What an admin clicked and an old copy of the database does not know. */
  const redo = async () => {
    await saveDoors()
    for (const person of [...space.everConnected].sort()) {
      const pairing = await pairingOf(person)
      if (!pairing) continue
      const { pairingId, state, lockedOut } = pairing
      if (!space.persons.has(person) && state !== 'leaving')
        await act((tx) => clicks.disconnectMember(tx, click(), pairingId))
      const isOut = space.lockedOut.has(person)
      if (space.persons.has(person) && lockedOut !== isOut)
        await act((tx) => clicks.lockOut(tx, click(), pairingId, isOut))
    }
    for (const person of space.persons)
      if (!(await pairingOf(person)) && !stands(person)) space.persons.delete(person)
    await connectSome()
  }

  /** Is inside something in KS under our marker: taken into the ledger again, without any click. */
  const stands = (person: string): boolean => {
    const [user] = salto.users(siteId).filter(({ alias }) => alias?.endsWith(markerOf(person)))
    const id = user?.saltoUserId ?? ''
    return salto.groups(siteId).some(({ users }) => users.includes(id))
  }

  /** *Check now*. */
  const checkAll = () => act((tx) => clicks.lookAgain(tx, click(), null))

  return {
    add,
    actions,
    checkAll,
    redo,
    /** An admin sees to everything that is shown, and that all are connected. */
    putRight: async () => {
      await redo()
      for (let left = space.lockedOut.size; left > 0; left--) await actions.letIn?.()
      await connectSome()
      await clearProblems()
      await checkAll()
    },
    byHand,
    saveDoors,
  }
}

export type People = ReturnType<typeof createPeople>

/** How often each thing happens, against the others. */
export const habits: [string, number][] = [
  ['book', 14],
  ['move', 10],
  ['otherResource', 4],
  ['handOver', 6],
  ['unbook', 6],
  ['planToday', 6],
  ['planTwice', 4],
  ['planLater', 4],
  ['cancel', 8],
  ['cancelToday', 2],
  ['uncancel', 5],
  ['remove', 2],
  ['rename', 2],
  ['join', 5],
  ['again', 3],
  ['apply', 2],
  ['confirm', 3],
  ['changeEmail', 2],
  ['connect', 12],
  ['disconnect', 2],
  ['lockOut', 2],
  ['letIn', 3],
]
