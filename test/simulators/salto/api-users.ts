// Site users: invitations, seats, tags.
import { Hono } from 'hono'
import { forbidden, invalid, malformed, notFound } from './errors.ts'
import {
  answerPage,
  type Body,
  type Deps,
  type Env,
  named,
  readBody,
  required,
  requiredId,
  versionOf,
} from './request.ts'
import { groupShort, keyResponse, personOf, siteUserResponse } from './shapes.ts'
import {
  addToSite,
  assignTag,
  invite,
  isSettling,
  makePin,
  type Person,
  personByEmail,
  ROLES,
  removeFromSite,
  type Site,
  type SiteUser,
  type State,
  setSubscription,
  siteUserOf,
  tagOf,
  USER_FLAGS,
  unassignTag,
} from './state.ts'

export const userRoutes = (deps: Deps) => {
  const { state } = deps

  /** Writes about somebody who is not yet known everywhere are refused. */
  const settled = (user: SiteUser) => {
    if (!isSettling(state, user)) return user
    throw forbidden('User does not have permission for this operation on this user')
  }

  return new Hono<Env>()
    .get('/', (c) => {
      const { site, caller, isAdmin } = c.var
      const seen = isAdmin ? [...site.users.values()] : [caller]
      const users = seen.map((user) => siteUserResponse(state, site, user, versionOf(c)))
      return answerPage(c, deps, users)
    })

    .post('/', async (c) => {
      const { site } = c.var
      const body = await readBody(c)
      const names = {
        firstName: required(body, 'first_name'),
        lastName: required(body, 'last_name'),
      }
      const roleCodes = readRoles(body)
      const email = readEmail(body)
      const known = email ? personByEmail(state, email) : null
      if (known && state.switches.existingEmail === 'reject') {
        throw malformed('The e-mail is already in use')
      }
      if (known && siteUserOf(site, known.saltoUserId)) throw malformed('The user already exists')
      if (typeof body.tag_id === 'string' && body.tag_id) checkTag(state, site, body.tag_id)
      const person = known ?? newPerson(state, { ...names, email, managedBy: site.siteId })
      const user = addToSite(state, site, person, { alias: null, roleCodes })
      patchSettings(user, body)
      if (typeof body.tag_id === 'string' && body.tag_id) assignTag(state, site, user, body.tag_id)
      invite(state, site, person)
      const response = siteUserResponse(state, site, user, versionOf(c))
      return c.json(response, state.switches.createdStatus)
    })

    .post('/existing', async (c) => {
      const { site } = c.var
      const body = await readBody(c)
      const person = state.people.get(requiredId(body, 'id'))
      if (!person) throw notFound('User')
      if (siteUserOf(site, person.saltoUserId)) throw invalid('The user is already in this site')
      const roleCodes = readRoles(body)
      const user = addToSite(state, site, person, { alias: null, roleCodes })
      patchSettings(user, body)
      invite(state, site, person)
      return c.json(siteUserResponse(state, site, user, versionOf(c)))
    })

    .get('/:user', (c) => {
      const { site } = c.var
      const user = named(c, 'user', site.users, 'User')
      return c.json(siteUserResponse(state, site, user, versionOf(c)))
    })

    .patch('/:user', async (c) => {
      const { site } = c.var
      const user = settled(named(c, 'user', site.users, 'User'))
      const body = await readBody(c)
      const roleCodes = body.role_ids === undefined ? user.roleCodes : readRoles(body)
      const person = personOf(state, user.saltoUserId)
      const change = readPersonChange(state, person, body)
      if ('tag_id' in body) patchTag(state, site, user, body.tag_id)
      user.roleCodes = roleCodes
      patchSettings(user, body)
      const isNewEmail = change.email !== person.email
      Object.assign(person, change)
      if (isNewEmail) invite(state, site, person)
      return c.json(siteUserResponse(state, site, user, versionOf(c)))
    })

    .delete('/:user', (c) => {
      removeFromSite(state, c.var.site, settled(named(c, 'user', c.var.site.users, 'User')))
      return c.body(null, 202)
    })

    .patch('/:user/subscription', async (c) => {
      const user = settled(named(c, 'user', c.var.site.users, 'User'))
      const { state: wanted } = await readBody(c)
      if (wanted !== 'subscribed' && wanted !== 'suspended') throw invalid('state is not valid')
      setSubscription(c.var.site, user, wanted)
      return c.body(null, 204)
    })

    .put('/:user/pin', async (c) => {
      const user = settled(named(c, 'user', c.var.site.users, 'User'))
      const { expiry_date: expiry = null } = await readBody(c)
      const expiresAt = expiry === null ? null : Date.parse(String(expiry))
      return c.json(makePin(state, c.var.site, user, expiresAt))
    })

    .patch('/:user/resend_invite', (c) => {
      const user = settled(named(c, 'user', c.var.site.users, 'User'))
      const person = personOf(state, user.saltoUserId)
      if (!person.email || person.hasProfile) throw invalid('There is nothing to resend')
      invite(state, c.var.site, person)
      return c.body(null, 204)
    })

    .get('/:user/access_groups', (c) => {
      const { site } = c.var
      const { saltoUserId } = named(c, 'user', site.users, 'User')
      const groups = [...site.groups.values()].filter(({ users }) => users.includes(saltoUserId))
      return answerPage(c, deps, groups.map(groupShort))
    })

    .get('/:user/keys', (c) => {
      const { site } = c.var
      const { key } = named(c, 'user', site.users, 'User')
      return answerPage(c, deps, key ? [keyResponse(state, key)] : [])
    })

    .patch('/:user/keys/:key', async (c) => {
      const { site } = c.var
      const { key } = settled(named(c, 'user', site.users, 'User'))
      if (key?.keyId !== c.req.param('key')) throw notFound('Key')
      const body = await readBody(c)
      if (typeof body.blocked === 'boolean') key.blocked = body.blocked
      if (typeof body.offline_access === 'boolean') key.offlineAccess = body.offline_access
      return c.json(keyResponse(state, key))
    })
}

export const newPerson = (
  state: State,
  given: Pick<Person, 'firstName' | 'lastName' | 'email' | 'managedBy'>,
): Person => {
  const person: Person = {
    saltoUserId: state.newId(),
    subject: state.newId(),
    password: null,
    hasProfile: false,
    tagId: null,
    ...given,
  }
  state.people.set(person.saltoUserId, person)
  return person
}

const readRoles = (body: Body): string[] => {
  const ids = Array.isArray(body.role_ids) ? body.role_ids : []
  const codes = ids.map((id) => {
    const found = Object.entries(ROLES).find(([, role]) => role.id === id)
    if (!found) throw invalid('The role is not valid')
    return found
  })
  if (!codes.some(([, role]) => role.hierarchical)) {
    throw invalid('At least one hierarchical role is required')
  }
  return codes.map(([code]) => code)
}

const readEmail = (body: Body): string | null => {
  if (body.email === undefined || body.email === null) return null
  if (typeof body.email !== 'string' || !/^\S+@\S+$/.test(body.email)) {
    throw malformed(`Email '${String(body.email)}' is not valid`)
  }
  return body.email
}

const checkTag = (state: State, site: Site, tagId: string) => {
  const tag = state.tags.get(tagId)
  if (tag?.siteId !== site.siteId) throw notFound('Tag')
  if (tag.holder) throw invalid('The tag is already assigned')
}

const patchTag = (state: State, site: Site, user: SiteUser, tagId: unknown) => {
  if (typeof tagId === 'string' && tagId) return assignTag(state, site, user, tagId)
  const means = tagId === null ? 'null' : 'empty'
  if (means === state.switches.tagUnassign) {
    const tag = tagOf(state, user.saltoUserId)
    if (tag?.siteId === site.siteId) unassignTag(state, tag)
  } else if (means === 'empty') {
    throw malformed('The tag_id field is not valid.')
  }
}

/** Alias, blocked and the office mode flags: what a site may always change. */
const patchSettings = (user: SiteUser, body: Body) => {
  if (typeof body.alias === 'string' || body.alias === null) user.alias = body.alias
  if (typeof body.blocked === 'boolean') user.blocked = body.blocked
  for (const flag of USER_FLAGS) {
    if (typeof body[flag] === 'boolean') user.flags[flag] = body[flag]
  }
}

/** Names and e-mail belong to the person as soon as there is a profile. */
const readPersonChange = (state: State, person: Person, body: Body) => {
  const change = {
    firstName: typeof body.first_name === 'string' ? body.first_name : person.firstName,
    lastName: typeof body.last_name === 'string' ? body.last_name : person.lastName,
    email: body.email === undefined ? person.email : readEmail(body),
  }
  const isSame =
    change.firstName === person.firstName &&
    change.lastName === person.lastName &&
    change.email === person.email
  if (person.hasProfile && !isSame) {
    throw forbidden('User does not have permission for this operation on this user')
  }
  const holder = change.email === null ? null : personByEmail(state, change.email)
  if (holder && holder !== person) throw malformed('The e-mail is already in use')
  return change
}
