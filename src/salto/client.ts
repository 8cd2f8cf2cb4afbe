// What we ask of SALTO KS, with the permission of the admin who connected it. Whatever takes
// something away wants a proof, and a thing already gone counts as done.
import type { z } from 'zod'
import { Refused } from '../core/errors.ts'
import type { GroupProof, PlaceProof, TagProof, UserProof } from '../core/fence.ts'
import type * as id from '../core/ids.ts'
import type { LocalDateTime } from '../core/model.ts'
import type { Ports } from '../core/ports.ts'
import {
  type Call,
  createVerbs,
  createWire,
  orNull404,
  path,
  readPages,
  remember,
} from '../wire.ts'
import * as assumed from './assumed.ts'
import * as parse from './parse.ts'
import type { SaltoSettings } from './settings.ts'

/** Wall-clock readings of the site, both ends included; null and null means always. */
export type Window = { startLocal: LocalDateTime | null; endLocal: LocalDateTime | null }

type InSite = { siteId: id.SiteId }
type OfSiteUser = InSite & { siteUserId: id.SiteUserId }
type OfGroup = InSite & { accessGroupId: id.AccessGroupId }

/** For so long a look uses its token before it asks again for one; it is good for much longer. */
const tokenForMs = 60_000

export type Salto = ReturnType<typeof createSalto>

export const createSalto = (deps: {
  settings: SaltoSettings
  ports: Pick<Ports, 'fetch' | 'clock'>
  accessToken: () => Promise<string>
  /** Every call goes through here. */
  through?: <T>(call: () => Promise<T>) => Promise<T>
}) => {
  const { settings, ports, accessToken, through = (call) => call() } = deps
  const wire = createWire({ side: 'salto', ports })
  const token = remember(ports.clock, accessToken)

  const at = (texts: TemplateStringsArray, ...ids: string[]) => {
    const to = path(texts, ...ids)
    return `${settings.apiUrl}/${assumed.versionOf(to)}${to}`
  }

  const ask = (call: Call) =>
    through(async () => {
      const authorization = `Bearer ${await token('', tokenForMs)}`
      return (await wire({ ...call, headers: { authorization, accept: 'application/json' } })).body
    })
  const { read, get, create, send, remove } = createVerbs('salto', ask)

  const list = <T>(name: string, schema: z.ZodType<T>, all: string, filter?: string) => {
    const query = filter ? `&$filter=${encodeURIComponent(filter)}` : ''
    const url = `${all}?$inlinecount=allpages${query}`
    return readPages({ side: 'salto', name, url }, async (call) => {
      const { items, nextPageLink, count } = await read(parse.page, call)
      return { items, schema, next: nextPageLink, totalItems: count }
    })
  }

  /** Adds to a set; when that is refused, being inside already counts as done. */
  const add = async (
    name: string,
    url: string,
    json: Record<string, string>,
    inside: () => Promise<string[]>,
  ) => {
    try {
      await send(name, 'POST', url, json)
    } catch (error) {
      if (!(error instanceof Refused) || !assumed.mayMeanInsideAlready(error)) throw error
      const [wanted = ''] = Object.values(json)
      if (!(await inside()).includes(wanted)) throw error
    }
  }

  const groupUrl = ({ siteId, accessGroupId }: OfGroup) =>
    at`/sites/${siteId}/access_groups/${accessGroupId}`
  const schedulesUrl = ({ siteId, accessGroupId }: OfGroup) =>
    at`/sites/${siteId}/access_groups/${accessGroupId}/time_schedules`
  const userUrl = ({ siteId, siteUserId }: OfSiteUser) => at`/sites/${siteId}/users/${siteUserId}`

  const listSiteUsers = (siteId: id.SiteId, filter?: string) =>
    list('list site users', parse.siteUser, at`/sites/${siteId}/users`, filter)
  const listAccessGroups = (siteId: id.SiteId, filter?: string) =>
    list('list access groups', parse.accessGroup, at`/sites/${siteId}/access_groups`, filter)
  const listGroupUsers = (siteId: id.SiteId, accessGroupId: id.AccessGroupId) =>
    list('list group users', parse.groupUserId, `${groupUrl({ siteId, accessGroupId })}/users`)
  const listGroupLocks = (siteId: id.SiteId, accessGroupId: id.AccessGroupId) =>
    list('list group locks', parse.groupLockId, `${groupUrl({ siteId, accessGroupId })}/locks`)

  const patchUser = (name: string, user: OfSiteUser, json: unknown) =>
    send(name, 'PATCH', userUrl(user), json)

  return {
    listSites: () => list('list sites', parse.site, at`/sites`),

    getSite: (siteId: id.SiteId) => orNull404(get('get site', parse.site, at`/sites/${siteId}`)),

    /** The person behind our permission, as a user of the site. */
    getMe: (siteId: id.SiteId) => orNull404(get('get me', parse.siteUser, at`/sites/${siteId}/me`)),

    /** The roles we may hand out. */
    listRoles: (siteId: id.SiteId) => list('list roles', parse.role, at`/sites/${siteId}/roles`),

    listSiteUsers,

    getSiteUser: (siteId: id.SiteId, siteUserId: id.SiteUserId) =>
      orNull404(get('get site user', parse.siteUser, userUrl({ siteId, siteUserId }))),

    /** Those whose alias ends with the marker. */
    findSiteUsersByMarker: async (siteId: id.SiteId, marker: string) => {
      const found = await listSiteUsers(siteId, `endswith(alias,${quoted(marker)})`)
      return found.filter((user) => user.alias?.endsWith(marker))
    },

    listKeys: (siteId: id.SiteId, siteUserId: id.SiteUserId) =>
      list('list keys', parse.key, at`/sites/${siteId}/users/${siteUserId}/keys`),

    listGroupsOfSiteUser: async (siteId: id.SiteId, siteUserId: id.SiteUserId) => {
      const url = at`/sites/${siteId}/users/${siteUserId}/access_groups`
      const found = await list('list groups of site user', parse.accessGroup, url)
      return found.map(({ accessGroupId, name }) => ({ accessGroupId, name }))
    },

    listTags: (siteId: id.SiteId) => list('list tags', parse.tag, at`/sites/${siteId}/tags`),

    getTag: (siteId: id.SiteId, tagId: id.TagId) =>
      orNull404(get('get tag', parse.tag, at`/sites/${siteId}/tags/${tagId}`)),

    /** Doors only; lockers are managed elsewhere. */
    listLocks: async (siteId: id.SiteId) => {
      const locks = await list('list locks', parse.lock, at`/sites/${siteId}/locks`)
      return locks.filter((lock) => lock.lockType !== 'locker_lock')
    },

    listIqs: (siteId: id.SiteId) => list('list IQs', parse.iq, at`/sites/${siteId}/iqs`),

    listAccessGroups,

    /** Names are not unique; blanks around them do not count. */
    findAccessGroupsByName: async (siteId: id.SiteId, name: string) => {
      const found = await listAccessGroups(siteId, `customer_reference eq ${quoted(name)}`)
      return found.filter((group) => group.name.trim() === name.trim())
    },

    getAccessGroup: (siteId: id.SiteId, accessGroupId: id.AccessGroupId) =>
      orNull404(get('get access group', parse.accessGroup, groupUrl({ siteId, accessGroupId }))),

    listGroupUsers,
    listGroupLocks,

    listGroupSchedules: (siteId: id.SiteId, accessGroupId: id.AccessGroupId) =>
      list('list group schedules', parse.timeSchedule, schedulesUrl({ siteId, accessGroupId })),

    /** A user without e-mail is not written to by SALTO; the key must then be absent. */
    createSiteUser: (
      user: InSite & { firstName: string; lastName: string; alias: string; roleIds: id.RoleId[] },
    ) =>
      create('create site user', parse.siteUser, at`/sites/${user.siteId}/users`, {
        ...namesOf(user),
        alias: user.alias,
        role_ids: user.roleIds,
      }),

    /** Writes what is given. An e-mail makes SALTO send an invitation; roles replace those present. */
    updateSiteUser: (
      user: OfSiteUser & {
        firstName?: string
        lastName?: string
        alias?: string
        blocked?: boolean
        email?: string
        roleIds?: id.RoleId[]
      },
    ) => {
      const { alias, blocked, email, roleIds } = user
      const json = { ...namesOf(user), alias, blocked, email, role_ids: roleIds }
      return patchUser('update site user', user, json)
    },

    setSeat: ({ seat, ...user }: OfSiteUser & { seat: 'subscribed' | 'suspended' }) =>
      send('set seat', 'PATCH', `${userUrl(user)}/subscription`, { state: seat }),

    assignTag: ({ tagId, ...user }: OfSiteUser & { tagId: id.TagId }) =>
      patchUser('assign tag', user, { tag_id: tagId }),

    takeTagOff: async (proof: TagProof): Promise<void> => {
      await orNull404(patchUser('take tag off', proof, { tag_id: assumed.NO_TAG }))
    },

    blockKey: ({ siteId, siteUserId, keyId }: OfSiteUser & { keyId: id.KeyId }) => {
      const url = at`/sites/${siteId}/users/${siteUserId}/keys/${keyId}`
      return send('block key', 'PATCH', url, { blocked: true })
    },

    allowPin: (proof: UserProof) => patchUser('allow PIN', proof, { use_pin: true }),

    /** A new PIN, in place of the one before; nobody can read it again. */
    givePin: async (proof: UserProof, expiresAt: Date) => ({
      pin: await read(parse.pin, {
        name: 'give PIN',
        method: 'PUT',
        url: `${userUrl(proof)}/pin`,
        json: { expiry_date: assumed.pinExpiry(expiresAt, ports.clock.now()) },
      }),
    }),

    createAccessGroup: ({ siteId, name }: InSite & { name: string }) =>
      create('create access group', parse.accessGroup, at`/sites/${siteId}/access_groups`, {
        customer_reference: name,
      }),

    joinAccessGroup: ({ saltoUserId, ...group }: OfGroup & { saltoUserId: id.SaltoUserId }) =>
      add('join access group', `${groupUrl(group)}/users`, { user_id: saltoUserId }, () =>
        listGroupUsers(group.siteId, group.accessGroupId),
      ),

    leaveAccessGroup: (proof: PlaceProof) =>
      remove('leave access group', `${groupUrl(proof)}${path`/users/${proof.saltoUserId}`}`),

    removeGroupUser: (proof: GroupProof, saltoUserId: id.SaltoUserId) =>
      remove('remove group user', `${groupUrl(proof)}${path`/users/${saltoUserId}`}`),

    addGroupLock: ({ lockId, ...group }: OfGroup & { lockId: id.LockId }) =>
      add('add group lock', `${groupUrl(group)}/locks`, { lock_id: lockId }, () =>
        listGroupLocks(group.siteId, group.accessGroupId),
      ),

    removeGroupLock: (proof: GroupProof, lockId: id.LockId) =>
      remove('remove group lock', `${groupUrl(proof)}${path`/locks/${lockId}`}`),

    createSchedule: (schedule: OfGroup & Window) =>
      create(
        'create schedule',
        parse.timeSchedule,
        schedulesUrl(schedule),
        assumed.scheduleBody(schedule),
      ),

    updateSchedule: (proof: GroupProof, timeScheduleId: id.TimeScheduleId, window: Window) =>
      send(
        'update schedule',
        'PATCH',
        `${schedulesUrl(proof)}${path`/${timeScheduleId}`}`,
        assumed.scheduleBody(window),
      ),

    deleteSchedule: (proof: GroupProof, timeScheduleId: id.TimeScheduleId) =>
      remove('delete schedule', `${schedulesUrl(proof)}${path`/${timeScheduleId}`}`),

    deleteAccessGroup: (proof: GroupProof) => remove('delete access group', groupUrl(proof)),

    deleteSiteUser: (proof: UserProof) => remove('delete site user', userUrl(proof)),
  }
}

/** A text in an OData filter. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const namesOf = ({ firstName, lastName }: { firstName?: string; lastName?: string }) => ({
  first_name: firstName?.slice(0, assumed.NAME_MAX),
  last_name: lastName?.slice(0, assumed.NAME_MAX),
})
