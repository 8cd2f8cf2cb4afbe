// Everything we keep. Every table but `spaces` has the space in its key; times are instants.
import type { Origin } from '../core/fence.ts'
import type {
  AccessGroupId,
  BookingId,
  CobotUserId,
  LockId,
  MembershipId,
  PairingId,
  PlanId,
  ResourceId,
  SaltoUserId,
  SiteId,
  SiteUserId,
  SpaceId,
  TagId,
} from '../core/ids.ts'
import type { ExternalBooking, LocalDate, MembershipPlan, Role, Site, Tag } from '../core/model.ts'
import type { ProblemCode } from '../core/problems.ts'
import type { BookingWindow } from '../core/schedule.ts'
import type { Kit } from './kit.ts'

/** Switches of a space. */
export type Settings = {
  /** May a member open the door on the very date of `canceled_to`? Default: no (R19). */
  lastDayIncluded: boolean
}

/** Where a tag's story with us stands (R5). `returning`: *Take tag back* was pressed. */
export type TagState = 'held' | 'notReturned' | 'lost' | 'returning'

/** What an administrator of the space asked for and the look has still to carry out (R18). */
export type PairingOrder = 'none' | 'disconnect' | 'remove'

/** Somebody whom KS knows already and who might be this person (R1). */
export type Candidate = {
  siteUserId: SiteUserId
  saltoUserId: SaltoUserId
  name: string
  email: string | null
  tagNumber: string | null
  reason: 'email' | 'name' | 'tag'
  /** Names of the mapped groups that the membership decides from the linking on. */
  groups: string[]
}

export type LeaseToken = string

export const defineTables = (kit: Kit) => {
  const { table, index, uniqueIndex, primaryKey, text, int, real, bool, json, time } = kit
  const space = () => text<SpaceId>().notNull()
  const site = () => text<SiteId>().notNull()
  return {
    spaces: table(
      'spaces',
      {
        spaceId: text<SpaceId>().primaryKey(),
        subdomain: text().notNull(),
        name: text().notNull(),
        timeZone: text().notNull(),
        locale: text().notNull(),
        hourFormat: int().notNull(),
        state: text<'installed' | 'disconnected'>().notNull(),
        settings: json<Settings>().notNull(),
        hookKeySealed: text().notNull(),
        hookKeyHash: text().notNull(),
        linkUserUrl: text(),
        createdAt: time().notNull(),
      },
      (t) => [
        uniqueIndex('spaces_subdomain').on(t.subdomain),
        uniqueIndex('spaces_hook_key').on(t.hookKeyHash),
      ],
    ),
    connections: table(
      'connections',
      {
        spaceId: space(),
        side: text<'cobot' | 'salto'>().notNull(),
        state: text<'ok' | 'refused'>().notNull(),
        accessSealed: text().notNull(),
        accessExpiresAt: time(),
        refreshSealed: text(),
        /** The Cobot user behind the space token, whose budget it uses; SALTO: unused. */
        owner: text(),
        /** Grows with each new token; a refresher is elected by updating it conditionally. */
        version: int().notNull(),
        refreshingUntil: time(),
        changedAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.side] })],
    ),
    sites: table(
      'sites',
      {
        spaceId: space(),
        siteId: site(),
        state: text<'active' | 'leaving'>().notNull(),
        name: text().notNull(),
        timeZone: text().notNull(),
        info: json<Site>().notNull(),
        readAt: time().notNull(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.siteId] }),
        uniqueIndex('sites_one_space').on(t.siteId),
      ],
    ),

    // What Cobot said. `readAt` is the start of the read; an older read never overwrites (R15).
    plans: table(
      'plans',
      {
        spaceId: space(),
        planId: text<PlanId>().notNull(),
        name: text().notNull(),
        hidden: bool().notNull(),
        readAt: time().notNull(),
        goneAt: time(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.planId] })],
    ),
    memberships: table(
      'memberships',
      {
        spaceId: space(),
        membershipId: text<MembershipId>().notNull(),
        name: text(),
        email: text(),
        cobotUserId: text<CobotUserId>(),
        teamId: text(),
        plan: json<MembershipPlan>().notNull(),
        upcomingPlan: json<MembershipPlan>(),
        confirmedAt: time(),
        startsOn: text<LocalDate>().notNull(),
        canceledTo: text<LocalDate>(),
        /** The day on which we first saw this end of the membership, of its plan (R19). */
        endLearnedOn: text<LocalDate>(),
        planEndLearnedOn: text<LocalDate>(),
        readAt: time().notNull(),
        /** The start of the complete list that did not have it any more. */
        absentAt: time(),
        goneAt: time(),
        pairingId: text<PairingId>(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.membershipId] }),
        index('memberships_pairing').on(t.spaceId, t.pairingId),
        index('memberships_user').on(t.spaceId, t.cobotUserId),
      ],
    ),
    resources: table(
      'resources',
      {
        spaceId: space(),
        resourceId: text<ResourceId>().notNull(),
        name: text().notNull(),
        readAt: time().notNull(),
        goneAt: time(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.resourceId] })],
    ),
    bookings: table(
      'bookings',
      {
        spaceId: space(),
        bookingId: text<BookingId>().notNull(),
        resourceId: text<ResourceId>().notNull(),
        membershipId: text<MembershipId>(),
        external: json<ExternalBooking>(),
        startsAt: time().notNull(),
        endsAt: time().notNull(),
        title: text(),
        readAt: time().notNull(),
        goneAt: time(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.bookingId] }),
        index('bookings_membership').on(t.spaceId, t.membershipId),
        index('bookings_resource').on(t.spaceId, t.resourceId),
        index('bookings_time').on(t.spaceId, t.endsAt),
      ],
    ),

    // What KS said; for pages and proposals. Writes read afresh.
    locks: table(
      'locks',
      {
        spaceId: space(),
        siteId: site(),
        lockId: text<LockId>().notNull(),
        name: text().notNull(),
        online: bool().notNull(),
        readAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.lockId] })],
    ),
    accessGroups: table(
      'access_groups',
      {
        spaceId: space(),
        siteId: site(),
        accessGroupId: text<AccessGroupId>().notNull(),
        name: text().notNull(),
        lockCount: int(),
        readAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.accessGroupId] })],
    ),
    tags: table(
      'tags',
      {
        spaceId: space(),
        siteId: site(),
        tagId: text<TagId>().notNull(),
        number: text().notNull(),
        blocked: bool().notNull(),
        podTag: bool().notNull(),
        holder: json<NonNullable<Tag['holder']>>(),
        readAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.tagId] })],
    ),
    siteUsers: table(
      'site_users',
      {
        spaceId: space(),
        siteId: site(),
        siteUserId: text<SiteUserId>().notNull(),
        saltoUserId: text<SaltoUserId>().notNull(),
        firstName: text().notNull(),
        lastName: text().notNull(),
        email: text(),
        alias: text(),
        tagNumber: text(),
        blocked: bool().notNull(),
        roles: json<Role[]>().notNull(),
        readAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.siteUserId] })],
    ),

    // Mappings, per site.
    planGroups: table(
      'plan_groups',
      {
        spaceId: space(),
        siteId: site(),
        planId: text<PlanId>().notNull(),
        /** null while the group is being made, or while several fit. */
        accessGroupId: text<AccessGroupId>(),
        /** The group's name when it was matched, or the name we gave it. */
        name: text().notNull(),
        origin: text<'made' | 'matched' | 'chosen'>().notNull(),
        state: text<'making' | 'ready' | 'several' | 'missing'>().notNull(),
        opensNothing: bool().notNull(),
        changedAt: time().notNull(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.siteId, t.planId] }),
        index('plan_groups_group').on(t.spaceId, t.siteId, t.accessGroupId),
      ],
    ),
    resourceDoors: table(
      'resource_doors',
      {
        spaceId: space(),
        siteId: site(),
        resourceId: text<ResourceId>().notNull(),
        enabled: bool().notNull(),
        lockIds: json<LockId[]>().notNull(),
        minutesBefore: int().notNull(),
        minutesAfter: int().notNull(),
        changedAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.resourceId] })],
    ),

    // The ledger: what we put into KS.
    pairings: table(
      'pairings',
      {
        spaceId: space(),
        pairingId: text<PairingId>().notNull(),
        siteId: site(),
        /** `user:ID` of the Cobot login, or `membership:ID` without one (R10). */
        person: text().notNull(),
        /** The end of the alias of a user we made, `· C482913` (R11). */
        marker: text().notNull(),
        state: text<'new' | 'choosing' | 'paired' | 'disconnected'>().notNull(),
        order: text<PairingOrder>().notNull(),
        candidates: json<Candidate[]>().notNull(),
        /** The admin said that none of the candidates is this person. */
        notThem: bool().notNull(),
        siteUserId: text<SiteUserId>(),
        saltoUserId: text<SaltoUserId>(),
        origin: text<Origin>(),
        /** Set before the create call, so that a lost answer is looked for and not repeated. */
        creatingSince: time(),
        madeAt: time(),
        seat: text<'subscribed' | 'suspended' | 'unknown'>(),
        /** When the last entitlement ended; a user we made is deleted 30 days later. */
        endedAt: time(),
        lockedOut: bool().notNull(),
        lockedOutDone: bool().notNull(),
        connectedBy: text(),
        changedAt: time().notNull(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.pairingId] }),
        uniqueIndex('pairings_person').on(t.spaceId, t.siteId, t.person),
        uniqueIndex('pairings_site_user').on(t.siteId, t.siteUserId),
      ],
    ),
    groupPlaces: table(
      'group_places',
      {
        spaceId: space(),
        siteId: site(),
        pairingId: text<PairingId>().notNull(),
        accessGroupId: text<AccessGroupId>().notNull(),
        origin: text<Origin>().notNull(),
        /** The entitlement it rests on; a place changed by hand is written anew when it changes. */
        basis: text().notNull(),
        /** null between the intention and the answer. */
        joinedAt: time(),
        /** First read after which KS did not show the place any more (R15). */
        missingSince: time(),
        changedByHandAt: time(),
        /** When the place stopped being wanted; its removal waits at most 5 min for the new one. */
        unwantedSince: time(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.siteId, t.pairingId, t.accessGroupId] })],
    ),
    bookingGroups: table(
      'booking_groups',
      {
        spaceId: space(),
        siteId: site(),
        bookingId: text<BookingId>().notNull(),
        accessGroupId: text<AccessGroupId>(),
        name: text().notNull(),
        creatingSince: time(),
        /** What the last completed look left in KS; null while something is under way. */
        written: json<BookingWindow>(),
        /** The site's zone in which `written` was reckoned (R16). */
        zone: text().notNull(),
        writtenAt: time(),
        missingSince: time(),
        changedByHandAt: time(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.siteId, t.bookingId] }),
        index('booking_groups_name').on(t.spaceId, t.siteId, t.name),
      ],
    ),
    tagHolders: table(
      'tag_holders',
      {
        spaceId: space(),
        siteId: site(),
        tagId: text<TagId>().notNull(),
        number: text().notNull(),
        pairingId: text<PairingId>().notNull(),
        state: text<TagState>().notNull(),
        /** null until KS has been told what `state` says (R18). */
        doneAt: time(),
        changedAt: time().notNull(),
      },
      (t) => [
        primaryKey({ columns: [t.siteId, t.tagId] }),
        index('tag_holders_pairing').on(t.spaceId, t.pairingId),
      ],
    ),

    // Work and what is said about it.
    work: table(
      'work',
      {
        spaceId: space(),
        task: text().notNull(),
        subject: text().notNull(),
        revision: int().notNull(),
        /** null: nothing to do until somebody asks. */
        runAt: time(),
        askedAt: time().notNull(),
        cause: text().notNull(),
        priority: int().notNull(),
        attempts: int().notNull(),
        leaseToken: text<LeaseToken>(),
        leaseUntil: time(),
        lastError: text(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.task, t.subject] }),
        index('work_due').on(t.runAt),
        index('work_leases').on(t.leaseUntil),
      ],
    ),
    budgets: table('budgets', {
      /** `memberships:USER` or `any:USER`: budgets belong to the Cobot user behind the token. */
      key: text().primaryKey(),
      tokens: real().notNull(),
      filledAt: time().notNull(),
      notBefore: time(),
    }),
    problems: table(
      'problems',
      {
        spaceId: space(),
        code: text<ProblemCode>().notNull(),
        subject: text().notNull(),
        /** `task:subject` of the look that saw it and will take it back. */
        source: text().notNull(),
        params: json<Record<string, string>>().notNull(),
        since: time().notNull(),
      },
      (t) => [
        primaryKey({ columns: [t.spaceId, t.code, t.subject] }),
        index('problems_source').on(t.spaceId, t.source),
      ],
    ),
    audit: table(
      'audit',
      {
        spaceId: space(),
        number: int().notNull(),
        at: time().notNull(),
        cause: text().notNull(),
        task: text().notNull(),
        subject: text().notNull(),
        action: text().notNull(),
        target: json<Record<string, string>>().notNull(),
        result: text().notNull(),
        /** Hash over the previous row's hash and this row: a chain per space. */
        hash: text().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.number] })],
    ),
    webhookSubscriptions: table(
      'webhook_subscriptions',
      {
        spaceId: space(),
        event: text().notNull(),
        subscriptionId: text().notNull(),
        active: bool().notNull(),
        checkedAt: time().notNull(),
      },
      (t) => [primaryKey({ columns: [t.spaceId, t.event] })],
    ),

    // People at our pages.
    authorizations: table('authorizations', {
      stateHash: text().primaryKey(),
      purpose: text<'install' | 'setup' | 'frame' | 'salto'>().notNull(),
      subdomain: text().notNull(),
      spaceId: text<SpaceId>(),
      verifierSealed: text().notNull(),
      nonce: text().notNull(),
      /** Whom the frame says it shows itself to; a hint, checked against the login. */
      cobotUserId: text<CobotUserId>(),
      locale: text(),
      /** Hash of the cookie that a top-level flow is bound to. */
      cookieHash: text(),
      expiresAt: time().notNull(),
    }),
    sessions: table('sessions', {
      sessionHash: text().primaryKey(),
      spaceId: text<SpaceId>().notNull(),
      use: text<'frame' | 'setup'>().notNull(),
      cobotUserId: text<CobotUserId>().notNull(),
      adminName: text().notNull(),
      locale: text().notNull(),
      tokenSealed: text().notNull(),
      adminReadAt: time().notNull(),
      expiresAt: time().notNull(),
    }),
  }
}
