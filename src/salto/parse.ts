// SALTO's answers in our words. A name is called `customer_reference` everywhere.
import { z } from 'zod'
import type * as id from '../core/ids.ts'
import type * as model from '../core/model.ts'
import { idOf, oneOf, orNull, textOrNull, unread } from '../wire.ts'
import { DAYS, withoutOffset } from './assumed.ts'

const text = textOrNull.transform((value) => value ?? '')
/** Off when the answer does not say. */
const flag = orNull(z.boolean()).transform((value) => value ?? false)

export const site: z.ZodType<model.Site> = z
  .object({
    id: idOf<id.SiteId>(),
    customerReference: text,
    timeZone: textOrNull,
    subscriptionValid: z.boolean(),
    subscribedUserAmount: z.number().nullable(),
    activeUserAmount: orNull(z.number()),
    installationState: oneOf('released', 'installation', 'self_installed'),
    owner: z.object({ id: idOf<id.SaltoUserId>() }).nullish(),
    pinEnabled: flag,
  })
  .transform((wire) => ({
    siteId: wire.id,
    name: wire.customerReference,
    timeZone: wire.timeZone,
    subscriptionValid: wire.subscriptionValid,
    seatsAllowed: wire.subscribedUserAmount,
    seatsUsed: wire.activeUserAmount,
    installationState: wire.installationState,
    ownerSaltoUserId: wire.owner?.id ?? null,
    pinEnabled: wire.pinEnabled,
  }))

export const role: z.ZodType<model.Role> = z
  .object({ id: idOf<id.RoleId>(), code: text, isHierarchical: z.boolean() })
  .transform(({ id, code, isHierarchical }) => ({ roleId: id, code, hierarchical: isHierarchical }))

export const siteUser: z.ZodType<model.SiteUser> = z
  .object({
    id: idOf<id.SiteUserId>(),
    user: z.object({
      id: idOf<id.SaltoUserId>(),
      firstName: text,
      lastName: text,
      email: textOrNull,
      tagNumber: textOrNull,
      hasProfile: z.boolean(),
    }),
    alias: textOrNull,
    blocked: z.boolean(),
    subscriptionState: oneOf('subscribed', 'suspended'),
    roles: z.array(role),
    usePin: flag,
  })
  .transform(({ id, user: { id: saltoUserId, ...user }, subscriptionState, ...rest }) => ({
    siteUserId: id,
    saltoUserId,
    seat: subscriptionState,
    ...user,
    ...rest,
  }))

const holder = z
  .object({
    id: idOf<id.SiteUserId>(),
    user: z.object({ firstName: text, lastName: text }).nullish(),
  })
  .transform(({ id, user }) => ({
    siteUserId: id,
    name: `${user?.firstName ?? ''} ${user?.lastName ?? ''}`.trim(),
  }))

export const tag: z.ZodType<model.Tag> = z
  .object({
    id: idOf<id.TagId>(),
    tagNumber: text,
    blocked: z.boolean(),
    isPodTag: z.boolean(),
    siteUser: holder.nullish(),
    siteUserKeyId: z.string().nullish(),
  })
  // A tag without a holder is handed out: somebody has to say that there is none.
  .refine((wire) => wire.siteUser !== undefined || wire.siteUserKeyId === null, {
    path: ['siteUser'],
  })
  .transform((wire) => ({
    tagId: wire.id,
    number: wire.tagNumber,
    blocked: wire.blocked,
    podTag: wire.isPodTag,
    holder: wire.siteUser ?? null,
  }))

export const key: z.ZodType<model.Key> = z
  .object({
    id: idOf<id.KeyId>(),
    keyId: z.string(),
    type: oneOf('tag', 'mkey', 'pin', 'wallet'),
    blocked: z.boolean(),
  })
  .transform(({ id, keyId, ...rest }) => ({ keyId: id, credentialId: keyId, ...rest }))

/** A bare text; whoever types it finds digits only. */
export const pin = z.string().regex(/^\d+$/)

export const lock: z.ZodType<model.Lock> = z
  .object({
    id: idOf<id.LockId>(),
    customerReference: text,
    lockType: z.string(),
    online: z.boolean(),
  })
  .transform(({ id, customerReference: name, ...rest }) => ({ lockId: id, name, ...rest }))

export type Iq = { iqId: string; name: string; online: boolean }

export const iq: z.ZodType<Iq> = z
  .object({ id: z.string(), customerReference: text, online: z.boolean() })
  .transform(({ id, customerReference: name, online }) => ({ iqId: id, name, online }))

export const accessGroup: z.ZodType<model.AccessGroup> = z
  .object({ id: idOf<id.AccessGroupId>(), customerReference: text, lockCount: orNull(z.number()) })
  .transform(({ id, customerReference: name, ...rest }) => ({ accessGroupId: id, name, ...rest }))

export const groupUserId = z
  .object({ id: idOf<id.SaltoUserId>() })
  .transform(({ id }): id.SaltoUserId => id)
export const groupLockId = z.object({ id: idOf<id.LockId>() }).transform(({ id }): id.LockId => id)

const localDateTime = orNull(z.string()).transform((value) => value && withoutOffset(value))

export const timeSchedule: z.ZodType<model.TimeSchedule> = z
  .looseObject({
    id: idOf<id.TimeScheduleId>(),
    startTime: z.string(),
    endTime: z.string(),
    startDate: localDateTime,
    endDate: localDateTime,
  })
  .refine((wire) => DAYS.every((day) => typeof wire[day] === 'boolean'), { path: ['weekdays'] })
  .transform(({ id, startTime, endTime, startDate, endDate, ...days }) => ({
    timeScheduleId: id,
    weekdays: DAYS.map((day) => days[day] === true),
    startTime,
    endTime,
    startLocal: startDate,
    endLocal: endDate,
  }))

/** Lists come as `{ items, next_page_link, count }`, some as a bare array. */
export const page = z.preprocess(
  (body) => (Array.isArray(body) ? { items: body, nextPageLink: null } : body),
  z.object({
    items: z.array(unread),
    nextPageLink: z.string().nullable(),
    count: z.number().nullish(),
  }),
)
