// How the service words what it knows.
import { notFound } from './errors.ts'
import { wallClock } from './schedule.ts'
import {
  type Entry,
  type Group,
  isSettling,
  type Key,
  type Lock,
  type Person,
  roleOf,
  type Site,
  type SiteUser,
  type State,
  seatsTaken,
  siteUserOf,
  type Tag,
  tagOf,
} from './state.ts'

export type Version = 'v1.1' | 'v1.2'

const iso = (at: number) => new Date(at).toISOString()

export const personOf = (state: State, saltoUserId: string): Person => {
  const person = state.people.get(saltoUserId)
  if (!person) throw notFound('User')
  return person
}

export const userSummary = (state: State, saltoUserId: string, siteId: string | null) => {
  const person = personOf(state, saltoUserId)
  return {
    id: person.saltoUserId,
    email: person.email,
    first_name: person.firstName,
    last_name: person.lastName,
    image_url: null,
    tag_number: tagOf(state, saltoUserId)?.number ?? null,
    is_managed_by_current_site: !person.hasProfile && person.managedBy === siteId,
    has_profile: person.hasProfile,
  }
}

export const userShort = (state: State, saltoUserId: string) => {
  const { firstName, lastName } = personOf(state, saltoUserId)
  return { id: saltoUserId, first_name: firstName, last_name: lastName }
}

export const roleResponse = (code: string) => {
  const role = roleOf(code)
  if (!role) throw notFound('Role')
  return {
    id: role.id,
    customer_reference: role.name,
    code,
    parent_id: code === 'site_user' ? (roleOf('site_admin')?.id ?? null) : null,
    is_hierarchical: role.hierarchical,
  }
}

export const siteUserResponse = (state: State, site: Site, user: SiteUser, version: Version) => ({
  id: user.siteUserId,
  user: userSummary(state, user.saltoUserId, site.siteId),
  roles: isSettling(state, user) ? [] : user.roleCodes.map(roleResponse),
  alias: user.alias,
  remote_access: user.roleCodes.some((code) => ['site_admin', 'site_mobile_user'].includes(code)),
  blocked: user.blocked,
  tag_owned_by_this_site: tagOf(state, user.saltoUserId)?.siteId === site.siteId,
  subscription_state: user.subscriptionState,
  ...user.flags,
  ...(version === 'v1.2' && { expires_at: null, data_removal_expires_at: null }),
})

export const siteResponse = (state: State, site: Site) => ({
  id: site.siteId,
  site_uid: site.uid,
  customer_reference: site.name,
  country_code: site.countryCode,
  time_zone: site.timeZone,
  subscription_valid: site.subscriptionValid,
  subscribed_user_amount: site.seats,
  owner: userSummary(state, site.ownerId, site.siteId),
  installation_state: site.installationState,
  mkey_compatible: true,
})

export const managedSiteResponse = (state: State, site: Site, version: Version) => ({
  ...siteResponse(state, site),
  active_user_amount: seatsTaken(site),
  active_iq_amount: 1,
  pin_enabled: site.pinEnabled,
  ...(version === 'v1.2' && { store_events_ttl: '90.00:00:00' }),
})

export const subscriptionResponse = (site: Site, version: Version) => ({
  end_date: null,
  user_amount: site.seats,
  iq_amount: 1,
  voucher_label: null,
  voucher_code: null,
  is_valid: site.subscriptionValid,
  features: [],
  ...(version === 'v1.2' && { type: 'business' }),
})

export const tagResponse = (state: State, site: Site, tag: Tag) => {
  const holder = tag.holder === null ? null : siteUserOf(site, tag.holder)
  return {
    id: tag.tagId,
    tag_number: tag.number,
    blocked: tag.blocked,
    creation_date: iso(tag.createdAt),
    registration_date: iso(tag.createdAt),
    source_iq_id: site.iq.iqId,
    site_user: holder && {
      id: holder.siteUserId,
      user: { ...userShort(state, holder.saltoUserId), image_url: null },
    },
    site_user_key_id: holder?.key?.keyId ?? null,
    is_pod_tag: tag.isPodTag,
  }
}

export const keyResponse = (state: State, key: Key) => ({
  id: key.keyId,
  key_identifier: state.tags.get(key.tagId)?.number ?? null,
  key_id: key.tagId,
  type: 'tag',
  expiry_date: null,
  registration_date: iso(key.registeredAt),
  blocked: key.blocked,
  offline_access: key.offlineAccess,
})

export const groupShort = (group: Group) => ({ id: group.groupId, customer_reference: group.name })

export const groupResponse = (group: Group) => ({
  ...groupShort(group),
  lock_count: group.locks.length,
  user_count: group.users.length,
})

export const lockShort = (lock: Lock) => ({ id: lock.lockId, customer_reference: lock.name })

const macOf = (id: string) => id.replaceAll('-', '').slice(0, 16).toUpperCase()

export const lockResponse = (site: Site, lock: Lock, version: Version) => ({
  ...lockShort(lock),
  mac: macOf(lock.lockId),
  floor: null,
  locked_state: 'locked',
  lock_type: lock.type,
  online: lock.offlineTags === null && site.iq.offlineSince === null,
  iq_link_state: 'attached',
  tag_registration_state: 'not_started',
  battery_level: 'good',
  left_open_alarm: false,
  intrusion_alarm: false,
  privacy_mode: false,
  easy_office_mode_schedule: null,
  iq: {
    id: site.iq.iqId,
    customer_reference: site.iq.name,
    mac_address: macOf(site.iq.iqId),
    is_online: site.iq.offlineSince === null,
    revision: '2.0',
    ...(version === 'v1.2' && { otp_enabled: true }),
  },
  repeater: null,
  communication_type: 'blue_net',
  ...(version === 'v1.2' && { vendor: null }),
})

export const iqResponse = (site: Site, version: Version) => ({
  id: site.iq.iqId,
  customer_reference: site.iq.name,
  time_zone: site.timeZone,
  mac: macOf(site.iq.iqId),
  operator: null,
  state: 'active',
  restore_required: false,
  reset_date: null,
  online: site.iq.offlineSince === null,
  led_enabled: true,
  data_sync_state: 'not_synced',
  signal_strength: null,
  revision: '2.0',
  ...(version === 'v1.2' && { otp_enabled: true }),
})

export const entryResponse = (state: State, site: Site, entry: Entry) => {
  const person = entry.saltoUserId === null ? null : state.people.get(entry.saltoUserId)
  const user = person && siteUserOf(site, person.saltoUserId)
  return {
    id: entry.entryId,
    event_category: entry.category,
    event_detail: entry.detail,
    utc_date_time: iso(entry.at),
    local_date_time: wallClock(new Date(entry.at), site.timeZone),
    lock_id: entry.lockId,
    lock_mac_address: macOf(entry.lockId),
    lock_customer_reference: site.locks.get(entry.lockId)?.name ?? null,
    user_id: person?.saltoUserId ?? null,
    user_first_name: person?.firstName ?? null,
    user_last_name: person?.lastName ?? null,
    user_image_url: null,
    user_alias: user?.alias ?? null,
    iq_id: site.iq.iqId,
    iq_customer_reference: site.iq.name,
    iq_mac_address: macOf(site.iq.iqId),
    iq_revision: '2.0',
    exit_requested: false,
    access_by: entry.accessBy,
    access_detail: entry.accessDetail,
    ttl_in_seconds: 7_776_000,
    expiration_date_time: iso(entry.at + 7_776_000_000),
  }
}
