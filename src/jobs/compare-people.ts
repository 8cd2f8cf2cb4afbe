// Connected people as KS lists them, against the ledger and what is said already. Only whoever
// differs is looked at, and that look decides (R15).
import { blockChange, hasTag, seatChange, tagChange } from '../core/differences.ts'
import { isAdministrative } from '../core/fence.ts'
import type { AccessGroupId } from '../core/ids.ts'
import { mappedGroups } from '../core/mappings.ts'
import type { AccessGroup, SiteUser, Tag } from '../core/model.ts'
import { type ProblemCode, priority } from '../core/problems.ts'
import type { SiteRow } from '../db/spaces.ts'
import { list } from '../db/store.ts'
import { findKey } from './pairing-tags.ts'
import type { Look } from './run.ts'

export const comparePeople = async (
  look: Look,
  { siteId }: SiteRow,
  ks: { groups: AccessGroup[]; users: SiteUser[]; tags: Tag[] },
): Promise<void> => {
  const { read, spaceId } = look
  const ledger = await list(read, 'groupPlaces', { spaceId, siteId })
  const places = new Map(ledger.map((row) => [`${row.pairingId} ${row.accessGroupId}`, row]))
  const mapped = await list(read, 'planGroups', { spaceId, siteId })
  const ids = new Set([
    ...ledger.map(({ accessGroupId }) => accessGroupId),
    ...mapped.flatMap(mappedGroups),
  ])
  const inside = new Map<AccessGroupId, ReadonlySet<string>>()
  for (const { accessGroupId } of ks.groups)
    if (ids.has(accessGroupId))
      inside.set(accessGroupId, new Set(await look.ks.listGroupUsers(siteId, accessGroupId)))
  const users = new Map(ks.users.map((user) => [user.siteUserId, user]))
  const tags = new Map(ks.tags.map((tag) => [tag.tagId, tag]))
  const holders = Map.groupBy(
    await list(read, 'tagHolders', { spaceId, siteId }),
    ({ pairingId }) => pairingId,
  )
  const problems = await list(read, 'problems', { spaceId, code: ['P10', 'P19', 'P21', 'P22'] })
  const said = Map.groupBy(problems, ({ source }) => source)

  for (const pairing of await list(read, 'pairings', { spaceId, siteId, state: 'paired' })) {
    const { pairingId, siteUserId } = pairing
    const user = siteUserId && users.get(siteUserId)
    const rows = holders.get(pairingId) ?? []
    const known = said.get(`reconcilePairing:${pairingId}`) ?? []
    const says = (code: ProblemCode) => known.some((each) => each.code === code)
    const mayHaveKey = says('P22') && user && (hasTag(rows, user) || user.hasProfile)
    if (user && (isAdministrative(user) !== says('P21') || says('P19') || mayHaveKey))
      look.ask('reconcilePairing', pairingId, priority.difference)
    if (user && isAdministrative(user)) continue
    const seen: string[] = []
    const see = (thing: string, change: string | null, holder = '') => {
      if (change) seen.push(`pairing:${pairingId}${thing} ${change} ${holder}`)
    }
    if (!user) see('', 'gone')
    else {
      see(':block', blockChange(pairing, user))
      see(':seat', seatChange(pairing, user))
      // Of a group that KS does not list nothing is concluded.
      for (const [accessGroupId, people] of inside) {
        const place = places.get(`${pairingId} ${accessGroupId}`)
        if (!people.has(user.saltoUserId))
          see(`:place:${accessGroupId}`, place?.joinedAt && !place.unwantedSince ? 'out' : null)
        else if (!place) see(`:place:${accessGroupId}`, pairing.endedAt ? 'still' : 'in')
      }
      for (const row of rows) {
        const tag = tags.get(row.tagId) ?? null
        const isLost = row.state === 'lost' && tag?.holder?.siteUserId === user.siteUserId
        const key = isLost ? await findKey(look, row, user.siteUserId) : null
        const found = tagChange(row, user.siteUserId, tag, key)
        see(`:tag:${row.tagId}`, found?.change ?? null, found?.holder)
        if (row.state === 'held' && !row.doneAt && tag && !tag.holder) see(':tag', 'free at last')
      }
    }
    const before = known
      .filter(({ code }) => code === 'P10')
      .map(({ subject, params }) => `${subject} ${params.change} ${params.holder ?? ''}`)
    if (seen.sort().join() !== before.sort().join())
      look.ask('reconcilePairing', pairingId, priority.difference)
  }
}
