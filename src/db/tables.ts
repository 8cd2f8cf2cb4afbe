// Everything we keep. Every table but `spaces` has the space in its key; times are instants.
import type {
  ExtraConfigColumn,
  PgColumnBuilderBase,
  PgTableExtraConfigValue,
} from 'drizzle-orm/pg-core'
import type { Side } from '../core/errors.ts'
import type { Origin } from '../core/fence.ts'
import type * as id from '../core/ids.ts'
import type * as model from '../core/model.ts'
import type { ProblemCode, Task } from '../core/problems.ts'
import type { BookingWindow } from '../core/schedule.ts'
import type { Kit } from './kit.ts'

/** What became of something when its site was left, and why it is still there. */
export type Outcome = 'removed' | 'gone' | 'left' | 'out'
export type WhyLeft = 'asked' | 'adopted' | 'administrative' | 'renamed' | 'foreign' | 'refused'
/** What was done with the whole space, in order. */
export type ReceiptNote = 'uninstalled' | 'cobotCleared' | 'cobotRefused' | 'revoked' | 'notRevoked'

/** Where a tag's story with us stands (R5). `returning`: *Take tag back* was pressed. */
export type TagState = 'held' | 'notReturned' | 'lost' | 'returning'

/** Somebody whom KS knows already and who might be this person (R1). */
export type Candidate = {
  siteUserId: id.SiteUserId
  saltoUserId: id.SaltoUserId
  name: string
  email: string | null
  tagNumber: string | null
  reason: 'email' | 'name'
  /** Names of the mapped groups that the membership decides from the linking on. */
  groups: string[]
}

/** What the other side listed last, by kind; for pages and proposals, writes read afresh. */
export type Snapshots = {
  plan: model.Plan
  resource: model.Resource
  lock: model.Lock
  accessGroup: model.AccessGroup
  /** What a mapped group opens. */
  groupAccess: model.GroupAccess
  tag: model.Tag
  siteUser: model.SiteUser
  webhook: model.WebhookSubscription
  /** Who looked at our pages, for the names of admins. */
  admin: { name: string }
}

/** What identifies a row of each table. */
export const keys = {
  spaces: ['spaceId'],
  connections: ['spaceId', 'side'],
  sites: ['spaceId', 'siteId'],
  receipts: ['spaceId', 'siteId'],
  receiptLines: ['spaceId', 'siteId', 'subject'],
  snapshots: ['spaceId', 'kind', 'id'],
  memberships: ['spaceId', 'membershipId'],
  bookings: ['spaceId', 'bookingId'],
  planGroups: ['spaceId', 'siteId', 'planId'],
  resourceDoors: ['spaceId', 'siteId', 'resourceId'],
  pairings: ['spaceId', 'pairingId'],
  groupPlaces: ['spaceId', 'siteId', 'pairingId', 'accessGroupId'],
  bookingGroups: ['spaceId', 'siteId', 'bookingId'],
  tagHolders: ['siteId', 'tagId'],
  guard: ['spaceId', 'subject'],
  work: ['spaceId', 'task', 'subject'],
  budgets: ['key'],
  problems: ['spaceId', 'code', 'subject'],
  audit: ['spaceId', 'number'],
  authorizations: ['stateHash'],
  sessions: ['sessionHash'],
} as const

export const defineTables = (kit: Kit) => {
  const { index, uniqueIndex, text, int, real, bool, json, time } = kit
  const space = () => text<id.SpaceId>().notNull()
  const site = () => text<id.SiteId>().notNull()
  const now = () => time().notNull()

  /** A table with its primary key from `keys`; `planGroups` is `plan_groups` in the database. */
  const keyed = <C extends Record<string, PgColumnBuilderBase>>(
    name: keyof typeof keys,
    columns: C,
    indexes: (t: { [K in keyof C]: ExtraConfigColumn }) => PgTableExtraConfigValue[] = () => [],
  ) =>
    kit.table(snakeCase(name), columns, (t) => [
      kit.primaryKey({ columns: keys[name].map((column) => t[column]) as never }),
      ...indexes(t),
    ])

  return {
    spaces: keyed(
      'spaces',
      {
        spaceId: space(),
        subdomain: text().notNull(),
        name: text().notNull(),
        timeZone: text().notNull(),
        locale: text().notNull(),
        hourFormat: int().notNull().$type<12 | 24>(),
        state: text<'installed' | 'disconnected'>().notNull(),
        settings: json<model.Settings>().notNull(),
        hookKeySealed: text().notNull(),
        hookKeyHash: text().notNull(),
        /** The page in Cobot that shows our frame. */
        linkUserUrl: text(),
        /** When Cobot last told us of anything. */
        lastEventAt: time(),
        createdAt: now(),
      },
      (t) => [
        uniqueIndex('spaces_subdomain').on(t.subdomain),
        uniqueIndex('spaces_hook_key').on(t.hookKeyHash),
      ],
    ),
    connections: keyed('connections', {
      spaceId: space(),
      side: text<Side>().notNull(),
      state: text<'ok' | 'refused'>().notNull(),
      accessSealed: text().notNull(),
      accessExpiresAt: time(),
      refreshSealed: text(),
      /** The Cobot user behind the space token, whose budget it uses. */
      owner: text(),
      /** Grows with each new token; a refresher is elected by updating it conditionally. */
      version: int().notNull(),
      refreshingUntil: time(),
      changedAt: now(),
    }),
    sites: keyed(
      'sites',
      {
        spaceId: space(),
        siteId: site(),
        state: text<'active' | 'leaving'>().notNull(),
        timeZone: text().notNull(),
        info: json<model.Site>().notNull(),
        /** By the last sweep. */
        readAt: now(),
      },
      (t) => [uniqueIndex('sites_one_space').on(t.siteId)],
    ),

    /** A site that is left: what is to be done there, and what came of it (R17). */
    receipts: keyed('receipts', {
      spaceId: space(),
      siteId: site(),
      siteName: text().notNull(),
      mode: text<'remove' | 'leave'>().notNull(),
      /** The whole space is disconnected with it, not only moved to another site. */
      whole: bool().notNull(),
      startedAt: now(),
      endedAt: time(),
      notes: json<ReceiptNote[]>().notNull(),
    }),
    receiptLines: keyed('receiptLines', {
      spaceId: space(),
      siteId: site(),
      /** `pairing:ID`, `booking:ID`, `plan:ID`, `tag:ID`. */
      subject: text().notNull(),
      /** A person's, a group's, or the number of a tag; '' once people are forgotten. */
      name: text().notNull(),
      /** Who has the tag. */
      holder: text(),
      /** null until its look has seen to it. */
      outcome: text<Outcome>(),
      why: text<WhyLeft>(),
    }),

    // What the two sides said. `readAt` is the start of the read; an older read never overwrites.
    snapshots: keyed('snapshots', {
      spaceId: space(),
      kind: text<keyof Snapshots>().notNull(),
      id: text().notNull(),
      data: json<Snapshots[keyof Snapshots]>().notNull(),
      readAt: now(),
      goneAt: time(),
    }),
    memberships: keyed(
      'memberships',
      {
        spaceId: space(),
        membershipId: text<id.MembershipId>().notNull(),
        name: text(),
        email: text(),
        cobotUserId: text<id.CobotUserId>(),
        teamId: text(),
        plan: json<model.MembershipPlan>().notNull(),
        upcomingPlan: json<model.MembershipPlan>(),
        confirmedAt: time(),
        startsOn: text<model.LocalDate>().notNull(),
        canceledTo: text<model.LocalDate>(),
        /** The day on which we first saw this end of the membership, of its plan (R19). */
        endLearnedOn: text<model.LocalDate>(),
        planEndLearnedOn: text<model.LocalDate>(),
        readAt: now(),
        /** The start of the complete list that did not have it any more. */
        absentAt: time(),
        goneAt: time(),
        pairingId: text<id.PairingId>(),
      },
      (t) => [
        index('memberships_pairing').on(t.spaceId, t.pairingId),
        index('memberships_user').on(t.spaceId, t.cobotUserId),
      ],
    ),
    bookings: keyed(
      'bookings',
      {
        spaceId: space(),
        bookingId: text<id.BookingId>().notNull(),
        resourceId: text<id.ResourceId>().notNull(),
        membershipId: text<id.MembershipId>(),
        external: json<model.ExternalBooking>(),
        startsAt: now(),
        endsAt: now(),
        title: text(),
        readAt: now(),
        goneAt: time(),
      },
      (t) => [
        index('bookings_membership').on(t.spaceId, t.membershipId),
        index('bookings_time').on(t.spaceId, t.endsAt),
      ],
    ),

    // Mappings, per site (R17).
    planGroups: keyed('planGroups', {
      spaceId: space(),
      siteId: site(),
      planId: text<id.PlanId>().notNull(),
      /** By name; null while the group is being made, or while several fit. */
      accessGroupId: text<id.AccessGroupId>(),
      /** An admin's choice instead of the name's: none, one or several; null when nobody chose. */
      chosen: json<id.AccessGroupId[]>(),
      /** The group's name when it was matched, or the name we gave it. */
      name: text().notNull(),
      origin: text<'made' | 'matched'>().notNull(),
      state: text<'making' | 'ready' | 'several' | 'missing'>().notNull(),
      opensNothing: bool().notNull(),
      changedAt: now(),
    }),
    resourceDoors: keyed('resourceDoors', {
      spaceId: space(),
      siteId: site(),
      resourceId: text<id.ResourceId>().notNull(),
      enabled: bool().notNull(),
      lockIds: json<id.LockId[]>().notNull(),
      minutesBefore: int().notNull(),
      minutesAfter: int().notNull(),
    }),

    // The ledger: what we put into KS. Only what stands here is ever taken away (R2).
    pairings: keyed(
      'pairings',
      {
        spaceId: space(),
        pairingId: text<id.PairingId>().notNull(),
        siteId: site(),
        /** `user:ID` of the Cobot login, `membership:ID` without one (R10), `visitor:ID` of a booking. */
        person: text().notNull(),
        /** The end of the alias of a user we made, `· C482913507` (R11). */
        marker: text().notNull(),
        /** By the setting, not by an admin: the brake on waves of grants counts them (R9). */
        bySetting: bool(),
        state: text<'new' | 'choosing' | 'paired' | 'leaving'>().notNull(),
        candidates: json<Candidate[]>().notNull(),
        /** The admin said that none of the candidates is this person. */
        notThem: bool().notNull(),
        siteUserId: text<id.SiteUserId>(),
        saltoUserId: text<id.SaltoUserId>(),
        origin: text<Origin>(),
        /** Set before the create call, so that a lost answer is looked for and not repeated. */
        creatingSince: time(),
        madeAt: time(),
        /** When the last entitlement ended; a user we made is deleted 30 days later. */
        endedAt: time(),
        lockedOut: bool().notNull(),
        /** Has KS been told what `lockedOut` says (R18)? */
        lockedOutDone: bool().notNull(),
        /** The entitlement the seat was taken for, '' after we freed it; null: not seen to yet. */
        seatedFor: text(),
        /** *Invite to app*: asked for by an admin, then sent by SALTO; once (R18). */
        invite: text<'asked' | 'sent'>(),
        /** When an admin connected this person together with others; the page shows how far they are. */
        batchAt: time(),
      },
      (t) => [
        uniqueIndex('pairings_person').on(t.spaceId, t.siteId, t.person),
        uniqueIndex('pairings_site_user').on(t.siteId, t.siteUserId),
      ],
    ),
    groupPlaces: keyed('groupPlaces', {
      spaceId: space(),
      siteId: site(),
      pairingId: text<id.PairingId>().notNull(),
      accessGroupId: text<id.AccessGroupId>().notNull(),
      origin: text<Origin>().notNull(),
      /** The entitlement it rests on; a place changed by hand is written anew when it changes. */
      basis: text().notNull(),
      /** null between the intention and the answer. */
      joinedAt: time(),
      /**
       * When the place stopped being wanted; its removal waits at most 5 min for the new one. Whoever
       * is out of it since then was taken out by us.
       */
      unwantedSince: time(),
    }),
    bookingGroups: keyed('bookingGroups', {
      spaceId: space(),
      siteId: site(),
      bookingId: text<id.BookingId>().notNull(),
      accessGroupId: text<id.AccessGroupId>(),
      name: text().notNull(),
      creatingSince: time(),
      /** What the last completed look left in KS; null while something is under way. */
      written: json<BookingWindow>(),
      /** The site's zone in which `written` was reckoned (R16). */
      zone: text().notNull(),
    }),
    /** One row per tag: a second holder is refused by the table itself (R5). */
    tagHolders: keyed('tagHolders', {
      spaceId: space(),
      siteId: site(),
      tagId: text<id.TagId>().notNull(),
      number: text().notNull(),
      pairingId: text<id.PairingId>().notNull(),
      state: text<TagState>().notNull(),
      /** null until KS has been told what `state` says (R18). */
      doneAt: time(),
    }),
    /** Changes of access within the last hour that neither a date nor an admin explains (R9). */
    guard: keyed('guard', {
      spaceId: space(),
      subject: text().notNull(),
      evidence: text<'direct' | 'inferred'>().notNull(),
      accessGroupIds: json<id.AccessGroupId[]>().notNull(),
      /** `announced` by a sweep, `passed`, `held` in a wave, `allowed` by an admin. */
      state: text<'announced' | 'passed' | 'held' | 'allowed'>().notNull(),
      at: now(),
    }),

    // Work, and what is said about it.
    work: keyed(
      'work',
      {
        spaceId: space(),
        task: text<Task>().notNull(),
        subject: text().notNull(),
        revision: int().notNull(),
        /** null: nothing to do until somebody asks. */
        runAt: time(),
        askedAt: now(),
        cause: text().notNull(),
        priority: int().notNull(),
        attempts: int().notNull(),
        leaseToken: text(),
        leaseUntil: time(),
        lastError: text(),
      },
      (t) => [index('work_due').on(t.runAt), index('work_leases').on(t.leaseUntil)],
    ),
    budgets: keyed('budgets', {
      /** `memberships:USER` or `any:USER`: budgets belong to the Cobot user behind the token. */
      key: text().notNull(),
      tokens: real().notNull(),
      filledAt: now(),
      notBefore: time(),
    }),
    problems: keyed('problems', {
      spaceId: space(),
      code: text<ProblemCode>().notNull(),
      subject: text().notNull(),
      /** `task:subject` of the look that saw it and will take it back. */
      source: text().notNull(),
      params: json<Record<string, string>>().notNull(),
      since: now(),
      /** null until a second look said the same of what was changed by hand (R15). */
      shownAt: time(),
      /** *Leave* was pressed: as long as the look goes on saying the same, nobody is bothered. */
      leftAt: time(),
      /** When Cobot last took it for the admins to read; only of urgent ones. */
      toldAt: time(),
    }),
    audit: keyed(
      'audit',
      {
        spaceId: space(),
        number: int().notNull(),
        at: now(),
        cause: text().notNull(),
        task: text().notNull(),
        subject: text().notNull(),
        action: text().notNull(),
        target: json<Record<string, string>>().notNull(),
        /** What it rests on: ids, instants, words of evidence; null in rows older than reasons. */
        reason: text(),
        /** `asked` before the call; then a row of its own with what came of it. */
        result: text().notNull(),
        /** Hash over the previous row's hash and this row: a chain per space. */
        hash: text().notNull(),
      },
      (t) => [index('audit_subject').on(t.spaceId, t.subject, t.at)],
    ),

    // People at our pages; states and session tokens as hashes.
    authorizations: keyed('authorizations', {
      stateHash: text().notNull(),
      purpose: text<'install' | 'frame' | 'salto'>().notNull(),
      subdomain: text().notNull(),
      verifierSealed: text().notNull(),
      nonce: text().notNull(),
      /** Whom the frame says it shows itself to; a hint, checked against the login. */
      cobotUserId: text<id.CobotUserId>(),
      locale: text(),
      /** Hash of the cookie that a top-level flow is bound to. */
      cookieHash: text(),
      expiresAt: now(),
    }),
    sessions: keyed('sessions', {
      sessionHash: text().notNull(),
      spaceId: space(),
      use: text<'frame' | 'setup'>().notNull(),
      cobotUserId: text<id.CobotUserId>().notNull(),
      adminName: text().notNull(),
      locale: text().notNull(),
      tokenSealed: text().notNull(),
      /** When Cobot last said that this person is an admin of the space. */
      adminReadAt: now(),
      expiresAt: now(),
    }),
  }
}

export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
