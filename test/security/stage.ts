// Two spaces with everything in them, and people who have no business there: sessions of any age and
// use, the ids of the one space to try from the other, and what must not have changed.
import { createCobotOAuth } from '../../src/cobot/oauth.ts'
import { sealContext } from '../../src/connections/cobot.ts'
import { sealHookKey } from '../../src/connections/hooks.ts'
import { asId, type CobotUserId, type SiteId, type SpaceId } from '../../src/core/ids.ts'
import { appendAudit } from '../../src/db/audit.ts'
import { saveConnection } from '../../src/db/connections.ts'
import { hashOf } from '../../src/db/crypt.ts'
import { addPairing, saveSpace } from '../../src/db/spaces.ts'
import { change, list, type Name, one, put, type Row } from '../../src/db/store.ts'
import { keys } from '../../src/db/tables.ts'
import type { Web } from '../../src/http/page.ts'
import { startSession } from '../../src/http/session.ts'
import { createSaltoOAuth } from '../../src/salto/oauth.ts'
import { createWorld } from '../http/world.ts'

/** Stands in every name of the first space, and may be seen by its admins alone. */
export const MARK = 'Geheimnis'

const id = asId as (value: string) => never

export const createStage = async () => {
  const world = await createWorld()
  const { cobot, deps, db, clock, mara, spaceId, siteId } = world
  const { config, ports } = deps
  const now = () => clock.now()
  const vera = cobot.addUser({ name: 'Vera', email: 'vera@pier.example' })
  const otto = cobot.addUser({ name: 'Otto', email: 'otto@harbour.example' })
  const pier = { subdomain: 'pier', name: 'Pier', timeZone: 'Europe/Berlin', ownerId: vera }
  const pierId = asId<SpaceId>(cobot.addSpace(pier))
  const pierSite = asId<SiteId>('site-of-pier')

  const install = async (space: SpaceId, subdomain: string, owner: string) => {
    const hookKey = `hook-key-${subdomain}`
    const hook = {
      hookKeySealed: await sealHookKey(deps, space, hookKey),
      hookKeyHash: hashOf(hookKey),
    }
    const name = subdomain === 'harbour' ? MARK : 'Open'
    const facts = { name, timeZone: 'Europe/Berlin', locale: 'en' }
    const seal = (side: 'cobot' | 'salto', what: 'access' | 'refresh') =>
      deps.crypt.seal(`${side}-${what}-${subdomain}`, sealContext(side, what, space))
    const salto = {
      accessSealed: await seal('salto', 'access'),
      refreshSealed: await seal('salto', 'refresh'),
      accessExpiresAt: new Date(now().getTime() + 3600_000),
    }
    const cobotTokens = {
      accessSealed: await seal('cobot', 'access'),
      refreshSealed: null,
      accessExpiresAt: null,
    }
    await db.tx(async (tx) => {
      await saveSpace(tx, { spaceId: space, subdomain, hourFormat: 24, ...facts }, hook, now())
      await change(tx, 'spaces', { spaceId: space }, { linkUserUrl: 'https://cobot.example/links' })
      await saveConnection(tx, { spaceId: space, side: 'cobot' }, { ...cobotTokens, owner }, now())
      await saveConnection(tx, { spaceId: space, side: 'salto' }, { ...salto, owner: null }, now())
    })
    return hookKey
  }

  /** One row at least of everything that pages show. */
  const fill = (space: SpaceId, site: SiteId, mark: string) =>
    db.tx(async (tx) => {
      const at = { readAt: now(), goneAt: null }
      const of = { spaceId: space, siteId: site }
      const ids = {
        pairingId: id(`pairing-${mark}`),
        membershipId: id(`member-${mark}`),
        resourceId: id(`room-${mark}`),
        bookingId: id(`booking-${mark}`),
        tagId: id(`tag-${mark}`),
        accessGroupId: id(`group-${mark}`),
        lockId: id(`lock-${mark}`),
        planId: id(`plan-${mark}`),
        siteUserId: id(`person-${mark}`),
      }
      const name = `${mark} Member`
      const info = {
        siteId: site,
        name: mark,
        timeZone: 'Europe/Berlin',
        subscriptionValid: true,
        seatsAllowed: 10,
        seatsUsed: 2,
        ownerSaltoUserId: null,
        pinEnabled: false,
        installationState: 'released',
      } as const
      const zone = 'Europe/Berlin'
      await put(tx, 'sites', { ...of, state: 'active', timeZone: zone, info, readAt: now() })
      const plan = { planId: ids.planId, name: mark, canceledTo: null, hidden: false }
      const tag = { tagId: ids.tagId, number: `7${mark}`, blocked: false, podTag: false }
      const lock = { lockId: ids.lockId, name: mark, lockType: 'wall', online: true }
      const group = { accessGroupId: ids.accessGroupId, name: mark, lockCount: 1 }
      for (const [kind, key, data] of [
        ['plan', ids.planId, plan],
        ['tag', ids.tagId, { ...tag, holder: null }],
        ['lock', ids.lockId, lock],
        ['resource', ids.resourceId, { resourceId: ids.resourceId, name: mark }],
        ['accessGroup', ids.accessGroupId, group],
      ] as const)
        await put(tx, 'snapshots', { spaceId: space, kind, id: key, data: data as never, ...at })
      await addPairing(tx, { ...of, pairingId: ids.pairingId, person: `membership:m-${mark}` })
      const candidate = {
        siteUserId: ids.siteUserId,
        saltoUserId: id('s'),
        name,
        email: null,
        tagNumber: null,
        reason: 'name' as const,
        groups: [],
      }
      await change(tx, 'pairings', { pairingId: ids.pairingId }, { candidates: [candidate] })
      await put(tx, 'memberships', {
        spaceId: space,
        membershipId: ids.membershipId,
        pairingId: ids.pairingId,
        name,
        email: `m@${mark}.example`,
        cobotUserId: null,
        teamId: null,
        plan,
        ...at,
        upcomingPlan: null,
        confirmedAt: now(),
        startsOn: '2026-01-01',
        canceledTo: null,
        endLearnedOn: null,
        planEndLearnedOn: null,
        absentAt: null,
      })
      const { pairingId, accessGroupId, bookingId, resourceId } = ids
      const until = new Date(now().getTime() + 3600_000)
      await put(tx, 'bookings', {
        spaceId: space,
        bookingId,
        resourceId,
        membershipId: ids.membershipId,
        external: null,
        startsAt: now(),
        endsAt: until,
        title: mark,
        ...at,
      })
      await put(tx, 'planGroups', {
        ...of,
        planId: ids.planId,
        accessGroupId,
        name: mark,
        origin: 'matched',
        state: 'ready',
        opensNothing: false,
        chosen: null,
        changedAt: now(),
      })
      await put(tx, 'resourceDoors', {
        ...of,
        resourceId,
        enabled: true,
        lockIds: [ids.lockId],
        minutesBefore: 5,
        minutesAfter: 5,
      })
      await put(tx, 'groupPlaces', {
        ...of,
        pairingId,
        accessGroupId,
        origin: 'made',
        basis: '',
        joinedAt: now(),
        unwantedSince: null,
      })
      await put(tx, 'bookingGroups', {
        ...of,
        bookingId,
        accessGroupId: null,
        name: 'Cobot 123456789012',
        creatingSince: null,
        written: null,
        zone,
      })
      await put(tx, 'tagHolders', {
        ...of,
        tagId: ids.tagId,
        number: tag.number,
        pairingId,
        state: 'held',
        doneAt: now(),
      })
      await put(tx, 'guard', {
        spaceId: space,
        subject: `pairing:${pairingId}`,
        evidence: 'inferred',
        accessGroupIds: [accessGroupId],
        state: 'held',
        at: now(),
      })
      await put(tx, 'problems', {
        spaceId: space,
        code: 'P10',
        subject: `pairing:${pairingId}`,
        leftAt: null,
        source: `reconcilePairing:${pairingId}`,
        params: { name, change: 'out' },
        since: now(),
        shownAt: now(),
        toldAt: null,
      })
      await appendAudit(tx, space, {
        at: now(),
        cause: 'sweep',
        task: 'reconcilePairing',
        subject: pairingId,
        action: 'joinAccessGroup',
        target: { accessGroupId },
        reason: null,
        result: 'done',
      })
      return ids
    })

  const hooks = {
    harbour: await install(spaceId, 'harbour', mara),
    pier: await install(pierId, 'pier', vera),
  }
  const harbourIds = await fill(spaceId, siteId, MARK)
  await fill(pierId, pierSite, 'Open')

  const web = {
    ...deps,
    wake: () => {},
    ready: async () => true,
    cobotOAuth: createCobotOAuth(config.cobot, ports),
    saltoOAuth: createSaltoOAuth(config.salto, ports),
  } satisfies Web

  /** The token of a session of that person, whoever they are. */
  const sessionOf = async (
    userId: string,
    use: Row<'sessions'>['use'],
    more: Partial<Row<'sessions'>> = {},
    ofSpace = spaceId,
  ): Promise<string> => {
    const space = await one(db.read, 'spaces', { spaceId: ofSpace })
    const scopes = ['openid', 'read_user']
    const accessToken = cobot.issueToken({ userId, clientId: 'client-1', scopes })
    const user = { cobotUserId: asId<CobotUserId>(userId), email: 'x@y.example', adminOf: [] }
    const admin = { space: space!, user, locale: 'en' }
    const { token } = await startSession(web, use, admin, accessToken)
    const sessionHash = hashOf(token)
    await db.tx((tx) => change(tx, 'sessions', { sessionHash }, { sessionHash, ...more }))
    return token
  }

  /** All that is stored of a space, but who looks at it and when Cobot last told of anything. */
  const rowsOf = async (of: SpaceId) => {
    const passing: Name[] = ['sessions', 'authorizations', 'budgets']
    const names = (Object.keys(keys) as Name[]).filter((name) => !passing.includes(name))
    const all = await Promise.all(names.map((name) => list(db.read, name, { spaceId: of })))
    return all.map((rows) =>
      rows
        .filter((row) => !('kind' in row && row.kind === 'admin'))
        .map((row) => ('lastEventAt' in row ? { ...row, lastEventAt: null } : row)),
    )
  }
  const stored = async (of: SpaceId = spaceId) => JSON.stringify(await rowsOf(of))

  return {
    ...world,
    vera,
    otto,
    pierId,
    pierSite,
    hooks,
    harbourIds,
    web,
    sessionOf,
    rowsOf,
    stored,
  }
}
