// What a person could do in Cobot, as functions: each changes the state and sends its webhooks.
import type { Ports } from '../../../src/core/ports.ts'
import { bookingJson, membershipJson } from './api1-json.ts'
import { addLocalDays, localDate, midnight } from './dates.ts'
import {
  type Booking,
  endOf,
  hexId,
  Impossible,
  type Membership,
  must,
  of,
  type PlanCopy,
  type Resource,
  type Space,
  type State,
  settlePlans,
  spaceBySubdomain,
} from './state.ts'
import type { Webhooks } from './webhooks.ts'
import { spaceUrl } from './world.ts'

export type Controls = ReturnType<typeof createControls>

export const createControls = ({
  state,
  ports,
  origin,
  webhooks,
}: {
  state: State
  ports: Ports
  origin: string
  webhooks: Webhooks
}) => {
  const now = () => ports.clock.now()
  const newId = (id?: string) => id ?? hexId(ports.random)
  const spaceOf = (subdomain: string) => must(spaceBySubdomain(state, subdomain), 'space')
  const ownerOf = (thing: { spaceId: string }) => must(state.spaces.get(thing.spaceId), 'space')
  const membershipOf = (subdomain: string, id: string) => {
    settlePlans(state, now())
    return inSpace(spaceOf(subdomain), state.memberships.get(id), 'membership')
  }
  const resourceOf = (subdomain: string, id: string) =>
    inSpace(spaceOf(subdomain), state.resources.get(id), 'resource')
  const planOf = (subdomain: string, id: string) =>
    inSpace(spaceOf(subdomain), state.plans.get(id), 'plan')
  const bookingOf = (id: string) => must(state.bookings.get(id), 'booking')
  const externalBookingOf = (id: string) => must(state.externalBookings.get(id), 'external booking')

  const tell = (space: Space, event: string, path: string, object = {}) =>
    webhooks.emit(space, event, { url: origin + path, ...object })
  const tellMembership = (membership: Membership, event: string, object = {}) => {
    const space = ownerOf(membership)
    const path = `/spaces/${space.subdomain}/api/memberships/${membership.id}`
    tell(space, event, path, object)
  }
  // External bookings are told in API 2's words, all others in API 1's.
  const tellBooking = (booking: Booking, event: string, object = {}) => {
    const space = ownerOf(booking)
    const api1 = `/spaces/${space.subdomain}/api/bookings/${booking.id}`
    tell(space, event, booking.externalBookingId ? `/api2/bookings/${booking.id}` : api1, object)
  }
  const tellResource = (resource: Resource, event: string) =>
    tell(ownerOf(resource), event, `/api2/resources/${resource.id}`)
  const tellAdmin = (space: Space, event: string, userId: string) =>
    tell(space, event, `/spaces/${space.subdomain}/api/admins/${userId}`)

  const today = (space: Space) => localDate(now(), space.timeZone)
  const startOf = (membership: Membership) =>
    midnight(membership.startsAt, ownerOf(membership).timeZone)

  const tellConfirmed = (membership: Membership, byAdmin: boolean) => {
    if (byAdmin) tellMembership(membership, 'admin_confirmed_membership')
    const waits = state.confirmedTiming === 'start' && startOf(membership) > now()
    if (!waits) tellMembership(membership, 'confirmed_membership')
  }

  const removeBooking = (booking: Booking) => {
    state.bookings.delete(booking.id)
    const inline = bookingJson(state, booking, spaceUrl(origin, ownerOf(booking)))
    tellBooking(booking, 'deleted_booking', { booking: inline })
  }

  const saveBooking = (booking: Booking) => {
    state.bookings.set(booking.id, booking)
    tellBooking(booking, 'created_booking')
  }

  const writeLaterBookings = () => {
    const due = state.laterBookings.filter(({ at }) => at <= now())
    state.laterBookings = state.laterBookings.filter((later) => !due.includes(later))
    for (const { booking } of due) saveBooking(booking)
  }

  /** Catches up with what only the clock brings: new plans, late bookings. */
  const settle = () => {
    settlePlans(state, now())
    writeLaterBookings()
  }

  type BookingWish = {
    id?: string
    resourceId: string
    membershipId?: string | null
    from: string
    to: string
    title?: string | null
    eventId?: string
  }
  const buildBooking = (subdomain: string, wish: BookingWish): Booking => {
    const resource = resourceOf(subdomain, wish.resourceId)
    const membership = wish.membershipId ? membershipOf(subdomain, wish.membershipId) : null
    const [from, to] = range(wish.from, wish.to)
    return {
      id: newId(wish.id),
      spaceId: resource.spaceId,
      resourceId: resource.id,
      membershipId: membership?.id ?? null,
      externalBookingId: null,
      recurringId: null,
      eventId: wish.eventId ?? null,
      from,
      to,
      title: wish.title ?? null,
      name: membership?.name ?? null,
      createdAt: now(),
      updatedAt: now(),
    }
  }

  return {
    // Spaces and people

    addUser: (user: { id?: string; email: string; name: string }) => {
      const id = newId(user.id)
      state.users.set(id, { ...user, id })
      return id
    },

    /** A login's own data changes: in every space at once. */
    changeUserEmail: (userId: string, email: string) => {
      must(state.users.get(userId), 'user').email = email
      for (const membership of state.memberships.values()) {
        if (membership.userId !== userId) continue
        membership.email = email
        tellMembership(membership, 'updated_connected_user')
      }
    },

    addSpace: (space: {
      id?: string
      subdomain: string
      name: string
      timeZone: string
      locale?: string
      hourFormat?: 12 | 24
      ownerId: string
    }) => {
      if (spaceBySubdomain(state, space.subdomain)) throw new Impossible('the subdomain is taken')
      const id = newId(space.id)
      state.spaces.set(id, {
        id,
        subdomain: space.subdomain,
        name: space.name,
        timeZone: space.timeZone,
        locale: space.locale ?? 'en-GB',
        hourFormat: space.hourFormat ?? 24,
        ownerId: must(state.users.get(space.ownerId), 'user').id,
        adminIds: [space.ownerId],
        cuts: {},
        createdAt: now(),
        suspended: false,
        deleted: false,
        externalBookings: true,
      })
      return id
    },

    addAdmin: (subdomain: string, userId: string) => {
      const space = spaceOf(subdomain)
      if (space.adminIds.includes(userId)) return
      space.adminIds.push(must(state.users.get(userId), 'user').id)
      tellAdmin(space, 'created_admin', userId)
    },

    /** Space tokens of that admin, and what was subscribed with them, go to the owner. */
    removeAdmin: (subdomain: string, userId: string) => {
      const space = spaceOf(subdomain)
      if (userId === space.ownerId) throw new Impossible('the owner stays an admin')
      space.adminIds = space.adminIds.filter((id) => id !== userId)
      for (const assigned of [...state.tokens.values(), ...of(state.subscriptions, space.id)]) {
        if (assigned.spaceId === space.id && assigned.userId === userId) {
          assigned.userId = space.ownerId
        }
      }
      tellAdmin(space, 'deleted_admin', userId)
    },

    /** Narrows what an admin may do; tokens assigned to that admin lose these scopes there. */
    cutPermissions: (subdomain: string, userId: string, scopes: string[]) => {
      spaceOf(subdomain).cuts[userId] = scopes
    },

    changeSubdomain: (subdomain: string, to: string) => {
      if (spaceBySubdomain(state, to)) throw new Impossible('the subdomain is taken')
      spaceOf(subdomain).subdomain = to
    },

    changeSpace: (
      subdomain: string,
      set: { name?: string; timeZone?: string; locale?: string },
    ) => {
      Object.assign(spaceOf(subdomain), set)
    },

    suspendSpace: (subdomain: string) => {
      const space = spaceOf(subdomain)
      space.suspended = true
      tell(space, 'changed_space_subscription', `/www/api/spaces/${subdomain}`)
    },

    unsuspendSpace: (subdomain: string) => {
      const space = spaceOf(subdomain)
      space.suspended = false
      tell(space, 'changed_space_subscription', `/www/api/spaces/${subdomain}`)
    },

    deleteSpace: (subdomain: string) => {
      spaceOf(subdomain).deleted = true
    },

    /** Whether the space has bought the external-bookings add-on; API 2 answers 402 without. */
    setExternalBookings: (subdomain: string, bought: boolean) => {
      spaceOf(subdomain).externalBookings = bought
    },

    // Plans

    addPlan: (subdomain: string, plan: { id?: string; name: string; hidden?: boolean }) => {
      const id = newId(plan.id)
      const spaceId = spaceOf(subdomain).id
      state.plans.set(id, { id, spaceId, name: plan.name, hidden: plan.hidden ?? false })
      return id
    },

    renamePlan: (subdomain: string, planId: string, name: string) => {
      planOf(subdomain, planId).name = name
    },

    /** Memberships keep their copies, and their copies keep the id. */
    removePlan: (subdomain: string, planId: string) => {
      state.plans.delete(planOf(subdomain, planId).id)
    },

    // Memberships

    addMembership: (
      subdomain: string,
      wish: {
        id?: string
        name: string | null
        email: string | null
        phone?: string | null
        userId?: string
        planId: string | null
        planName?: string
        startsAt?: string
        /** Absent: confirmed now. `null`: waits for approval. */
        confirmedAt?: string | Date | null
        canceledTo?: string
        teamId?: string
      },
    ) => {
      const space = spaceOf(subdomain)
      const plan = wish.planId ? planOf(subdomain, wish.planId) : null
      const confirmedAt = wish.confirmedAt === undefined ? now() : wish.confirmedAt
      const membership: Membership = {
        id: newId(wish.id),
        spaceId: space.id,
        name: wish.name,
        email: wish.email,
        phone: wish.phone ?? null,
        userId: wish.userId ? must(state.users.get(wish.userId), 'user').id : null,
        teamId: wish.teamId ?? null,
        plan: {
          planId: plan?.id ?? null,
          name: wish.planName ?? plan?.name ?? 'Team plan',
          canceledTo: null,
        },
        upcomingPlan: null,
        planChangedAt: null,
        confirmedAt: confirmedAt ? new Date(confirmedAt) : null,
        startsAt: wish.startsAt ?? today(space),
        canceledTo: wish.canceledTo ?? null,
      }
      state.memberships.set(membership.id, membership)
      tellMembership(membership, 'created_membership')
      if (membership.confirmedAt) tellConfirmed(membership, false)
      if (membership.canceledTo) tellMembership(membership, 'canceled_membership')
      return membership.id
    },

    confirmMembership: (subdomain: string, membershipId: string) => {
      const membership = membershipOf(subdomain, membershipId)
      if (membership.confirmedAt) throw new Impossible('already confirmed')
      membership.confirmedAt = now()
      tellConfirmed(membership, true)
    },

    /** Changes now when the date is today or absent, otherwise at that date. */
    changePlan: (subdomain: string, membershipId: string, planId: string, date?: string) => {
      const membership = membershipOf(subdomain, membershipId)
      const plan = planOf(subdomain, planId)
      const copy: PlanCopy = { planId: plan.id, name: plan.name, canceledTo: null }
      if (!date || date <= today(ownerOf(membership))) {
        membership.plan = copy
        membership.upcomingPlan = null
      } else {
        membership.plan.canceledTo = date
        membership.upcomingPlan = copy
      }
      tellMembership(membership, 'changed_membership_plan')
    },

    cancelMembership: (
      subdomain: string,
      membershipId: string,
      date: string,
      { deleteBookings = false } = {},
    ) => {
      const membership = membershipOf(subdomain, membershipId)
      membership.canceledTo = date
      tellMembership(membership, 'canceled_membership')
      if (!deleteBookings) return
      const endsAt = midnight(date, ownerOf(membership).timeZone)
      for (const booking of state.bookings.values()) {
        if (booking.membershipId === membership.id && booking.from >= endsAt) removeBooking(booking)
      }
    },

    /** Undoes a cancellation that has not come true yet, or brings back somebody who left. */
    uncancelMembership: (subdomain: string, membershipId: string) => {
      const membership = membershipOf(subdomain, membershipId)
      if (!membership.canceledTo) throw new Impossible('not canceled')
      const endsAt = endOf(state, membership.canceledTo, ownerOf(membership).timeZone)
      membership.canceledTo = null
      tellMembership(
        membership,
        endsAt > now() ? 'uncanceled_membership' : 'reactivated_membership',
      )
    },

    deleteMembership: (subdomain: string, membershipId: string) => {
      const membership = membershipOf(subdomain, membershipId)
      const inline = membershipJson(state, membership)
      state.memberships.delete(membership.id)
      for (const booking of state.bookings.values()) {
        if (booking.membershipId === membership.id) booking.membershipId = null
      }
      tellMembership(membership, 'deleted_membership', { membership: inline })
    },

    updateMembership: (
      subdomain: string,
      membershipId: string,
      change: { name?: string | null; email?: string | null; phone?: string | null },
    ) => {
      const membership = membershipOf(subdomain, membershipId)
      if (change.email !== undefined && membership.userId) {
        throw new Impossible('only the person can change the e-mail address of a login')
      }
      Object.assign(membership, change)
      tellMembership(membership, 'updated_membership_details')
    },

    connectUser: (subdomain: string, membershipId: string, userId: string) => {
      const membership = membershipOf(subdomain, membershipId)
      const user = must(state.users.get(userId), 'user')
      membership.userId = user.id
      membership.email = user.email
      tellMembership(membership, 'connected_user')
    },

    // Resources

    addResource: (
      subdomain: string,
      wish: {
        id?: string
        name: string
        description?: string | null
        hidden?: boolean
        usage?: 'bookable' | 'allocatable'
        capacity?: number | null
        units?: number
      },
    ) => {
      const resource: Resource = {
        description: null,
        hidden: false,
        usage: 'bookable',
        capacity: null,
        units: 1,
        ...wish,
        id: newId(wish.id),
        spaceId: spaceOf(subdomain).id,
      }
      state.resources.set(resource.id, resource)
      tellResource(resource, 'created_resource')
      return resource.id
    },

    renameResource: (subdomain: string, resourceId: string, name: string) => {
      const resource = resourceOf(subdomain, resourceId)
      resource.name = name
      tellResource(resource, 'updated_resource')
    },

    removeResource: (subdomain: string, resourceId: string) => {
      const resource = resourceOf(subdomain, resourceId)
      for (const booking of state.bookings.values()) {
        if (booking.resourceId === resourceId) removeBooking(booking)
      }
      state.resources.delete(resource.id)
      tellResource(resource, 'deleted_resource')
    },

    // Bookings; `from` and `to` are ISO 8601 instants

    addBooking: (subdomain: string, wish: BookingWish) => {
      const booking = buildBooking(subdomain, wish)
      saveBooking(booking)
      return booking.id
    },

    /** The first is there at once, the others after `laterMs`. Times of day stay the same. */
    addRecurringBookings: (
      subdomain: string,
      wish: Omit<BookingWish, 'id'> & { everyDays?: number; count: number; laterMs?: number },
    ) => {
      const zone = spaceOf(subdomain).timeZone
      const recurringId = newId()
      const ids: string[] = []
      for (let i = 0; i < wish.count; i++) {
        const first = buildBooking(subdomain, wish)
        const days = i * (wish.everyDays ?? 7)
        const booking: Booking = {
          ...first,
          recurringId,
          from: addLocalDays(first.from, days, zone),
          to: addLocalDays(first.to, days, zone),
        }
        ids.push(booking.id)
        if (i === 0 || !wish.laterMs) saveBooking(booking)
        else state.laterBookings.push({ at: new Date(now().getTime() + wish.laterMs), booking })
      }
      return { recurringId, ids }
    },

    updateBooking: (
      bookingId: string,
      change: { from?: string; to?: string; resourceId?: string; membershipId?: string | null },
    ) => {
      const booking = bookingOf(bookingId)
      const { subdomain } = ownerOf(booking)
      const [from, to] = range(change.from ?? booking.from, change.to ?? booking.to)
      booking.from = from
      booking.to = to
      if (change.resourceId) booking.resourceId = resourceOf(subdomain, change.resourceId).id
      if (change.membershipId === null) {
        booking.membershipId = null
        booking.name = null
      } else if (change.membershipId) {
        const membership = membershipOf(subdomain, change.membershipId)
        booking.membershipId = membership.id
        booking.name = membership.name
      }
      booking.updatedAt = now()
      const external = state.externalBookings.get(booking.externalBookingId ?? '')
      if (external) Object.assign(external, { from, to, resourceId: booking.resourceId })
      tellBooking(booking, 'updated_booking')
    },

    deleteBooking: (bookingId: string) => {
      const booking = bookingOf(bookingId)
      const external = state.externalBookings.get(booking.externalBookingId ?? '')
      if (external) Object.assign(external, { status: 'canceled', canceledBy: 'space' })
      removeBooking(booking)
    },

    /** Gives the external booking's id; its booking is in the calendar at once, even if pending. */
    addExternalBooking: (
      subdomain: string,
      wish: {
        id?: string
        resourceId: string
        from: string
        to: string
        title?: string | null
        name: string
        email: string
        status?: 'pending' | 'approved'
        numberOfVisitors?: number
      },
    ) => {
      const { id: wantedId, ...rest } = wish
      const booking = buildBooking(subdomain, rest)
      const id = newId(wantedId)
      state.externalBookings.set(id, {
        id,
        spaceId: booking.spaceId,
        resourceId: booking.resourceId,
        from: booking.from,
        to: booking.to,
        title: booking.title,
        status: wish.status ?? 'approved',
        canceledBy: null,
        name: wish.name,
        email: wish.email,
        numberOfVisitors: wish.numberOfVisitors ?? 1,
      })
      saveBooking({ ...booking, externalBookingId: id, name: wish.name })
      return id
    },

    approveExternalBooking: (externalBookingId: string) => {
      const external = externalBookingOf(externalBookingId)
      if (external.status !== 'pending') throw new Impossible(`the booking is ${external.status}`)
      external.status = 'approved'
      tell(ownerOf(external), 'approved_external_booking', `/api2/external_bookings/${external.id}`)
    },

    cancelExternalBooking: (externalBookingId: string, by: 'visitor' | 'space' = 'space') => {
      const external = externalBookingOf(externalBookingId)
      if (external.status === 'canceled') throw new Impossible('already canceled')
      external.status = 'canceled'
      external.canceledBy = by
      for (const booking of state.bookings.values()) {
        if (booking.externalBookingId === external.id) removeBooking(booking)
      }
    },

    // Permissions

    /** As if the person had gone through OAuth; with a `subdomain`, the space token after it. */
    issueToken: (wish: {
      userId: string
      clientId: string
      scopes: string[]
      subdomain?: string
    }) => {
      const value = hexId(ports.random, 32)
      const spaceId = wish.subdomain ? spaceOf(wish.subdomain).id : null
      const { userId, clientId, scopes } = wish
      state.tokens.set(value, { value, userId, clientId, scopes, spaceId })
      return value
    },

    /** As if the person had pressed "Allow" before: authorize comes straight back. */
    approve: (userId: string, clientId: string, scopes: string[]) => {
      for (const scope of scopes) state.approvals.add(`${userId} ${clientId} ${scope}`)
    },

    /** As if the person had logged in: the cookie to send. */
    loginCookie: (userId: string) => {
      const value = hexId(ports.random)
      state.logins.set(value, must(state.users.get(userId), 'user').id)
      return `cobot_session=${value}`
    },

    /** Every token of a person, or the space tokens of a space (`spaceToken` is its subdomain). */
    revokeTokens: (which: { userId?: string; spaceToken?: string }) => {
      const spaceId = which.spaceToken && spaceOf(which.spaceToken).id
      for (const token of state.tokens.values()) {
        const isTheirs = !token.spaceId && token.userId === which.userId
        if (isTheirs || (spaceId && token.spaceId === spaceId)) state.tokens.delete(token.value)
      }
    },

    removeNavigationLink: (linkId: string) => {
      state.navigationLinks.delete(linkId)
    },

    removeSubscription: (subscriptionId: string) => {
      state.subscriptions.delete(subscriptionId)
    },

    deactivateSubscription: (subscriptionId: string) => {
      must(state.subscriptions.get(subscriptionId), 'subscription').active = false
    },

    // Switches for what nobody knows for sure

    setIssuer: (issuer: 'www' | 'space') => {
      state.issuer = issuer
    },
    setCanceledToReading: (reading: 'exclusive' | 'inclusive') => {
      state.canceledTo = reading
    },
    setConfirmedTiming: (timing: 'confirmation' | 'start') => {
      state.confirmedTiming = timing
    },
    setLinks: (links: 'relative' | 'absolute') => {
      state.links = links
    },
    /** Whether frames are also told `cobot_space_id` and `cobot_section`. */
    setFrameSpaceId: (told: boolean) => {
      state.frameSpaceId = told
    },

    settle,

    /** Fires what the clock alone brings about, for the time since the last tick. */
    tick: () => {
      const [since, until] = [state.lastTick, now()]
      state.lastTick = until
      settle()
      const due: { at: Date; fire: () => void }[] = []
      const at = (instant: Date, fire: () => void) => {
        if (instant > since && instant <= until) due.push({ at: instant, fire })
      }
      for (const membership of state.memberships.values()) {
        const { confirmedAt, canceledTo, planChangedAt } = membership
        const startsAt = startOf(membership)
        if (confirmedAt && confirmedAt < startsAt && state.confirmedTiming === 'start') {
          at(startsAt, () => tellMembership(membership, 'confirmed_membership'))
        }
        if (planChangedAt) {
          at(planChangedAt, () => tellMembership(membership, 'membership_plan_change_date_reached'))
        }
        if (canceledTo) {
          at(endOf(state, canceledTo, ownerOf(membership).timeZone), () =>
            tellMembership(membership, 'membership_cancellation_date_reached'),
          )
        }
      }
      for (const booking of state.bookings.values()) {
        at(booking.from, () => tellBooking(booking, 'booking_will_begin'))
        at(booking.to, () => tellBooking(booking, 'booking_has_ended'))
      }
      due.sort((a, b) => a.at.getTime() - b.at.getTime())
      for (const { fire } of due) fire()
    },

    // For looking

    space: (subdomain: string) => spaceBySubdomain(state, subdomain) ?? null,
    user: (id: string) => state.users.get(id) ?? null,
    membership: (id: string) => {
      settle()
      return state.memberships.get(id) ?? null
    },
    memberships: (subdomain: string) => {
      settle()
      return of(state.memberships, spaceOf(subdomain).id)
    },
    plans: (subdomain: string) => of(state.plans, spaceOf(subdomain).id),
    resources: (subdomain: string) => of(state.resources, spaceOf(subdomain).id),
    bookings: (subdomain: string) => {
      settle()
      return of(state.bookings, spaceOf(subdomain).id)
    },
    booking: (id: string) => {
      settle()
      return state.bookings.get(id) ?? null
    },
    externalBooking: (id: string) => state.externalBookings.get(id) ?? null,
    subscriptions: (subdomain: string) => of(state.subscriptions, spaceOf(subdomain).id),
    navigationLinks: (subdomain: string) => of(state.navigationLinks, spaceOf(subdomain).id),
    activities: (subdomain: string) =>
      state.activities.filter(({ spaceId }) => spaceId === spaceOf(subdomain).id),
    /** The tokens that are alive, without their values. */
    tokens: () => [...state.tokens.values()].map(({ value: _, ...token }) => token),
    users: () => [...state.users.values()],
  }
}

const inSpace = <T extends { spaceId: string }>(space: Space, thing: T | undefined, what: string) =>
  must(thing?.spaceId === space.id ? thing : undefined, what)

const range = (from: string | Date, to: string | Date): [Date, Date] => {
  const [start, end] = [new Date(from), new Date(to)]
  if (!(start < end)) throw new Impossible('a booking ends after it begins')
  return [start, end]
}
