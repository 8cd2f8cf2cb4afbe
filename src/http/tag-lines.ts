// Every tag of the site: who has it, by our ledger first, else by what KS listed.
import type { TagLine } from '../../views/tags.tsx'
import type { Tag } from '../core/model.ts'
import { normalName } from '../core/names.ts'
import { localDate } from '../core/temporal.ts'
import type { Tx } from '../db/open.ts'
import { list, type Row } from '../db/store.ts'
import { listVisitors } from '../db/visitors.ts'
import { isFreeTag } from '../salto/assumed.ts'
import type { Wanted } from './member-lines.ts'
import type { Here, Web } from './page.ts'

export const tagFilters = ['all', 'free', 'held', 'out'] as const

/** By number; one of them when `only` is given. */
export const findTags = async (
  { db: { read } }: Web,
  { space }: Here,
  { search, filter }: Wanted,
  only?: string,
): Promise<TagLine[]> => {
  const { spaceId, timeZone } = space
  const which = only === undefined ? {} : { id: only }
  const rows = await list(read, 'snapshots', { spaceId, kind: 'tag', goneAt: null, ...which })
  const whose = only === undefined ? {} : { tagId: only as Tag['tagId'] }
  const held = await list(read, 'tagHolders', { spaceId, ...whose })
  const known = new Map(rows.map((row) => [row.id as Tag['tagId'], row.data as Tag]))
  const ours = new Map(held.map((row) => [row.tagId, row]))
  const people = await readPeople(read, spaceId, timeZone, held)
  const wanted = normalName(search)
  return [...new Set([...known.keys(), ...ours.keys()])]
    .map((tagId) => lineOf(tagId, known.get(tagId), ours.get(tagId), people))
    .filter(({ kind }) => filter === 'all' || kind === filter)
    .filter(({ number, holder }) =>
      [number, holder ?? ''].some((w) => normalName(w).includes(wanted)),
    )
    .sort((a, b) => (a.number < b.number ? -1 : 1))
}

type People = ReadonlyMap<string, { name: string; endedOn: string | null }>

const lineOf = (
  tagId: Tag['tagId'],
  tag: Tag | undefined,
  row: Row<'tagHolders'> | undefined,
  people: People,
): TagLine => {
  const number = tag?.number ?? row?.number ?? ''
  if (row) {
    const { name, endedOn } = people.get(row.pairingId) ?? { name: '?', endedOn: null }
    const isOut = row.state === 'notReturned'
    return {
      tagId,
      number,
      state: row.state,
      kind: isOut ? 'out' : 'held',
      holder: name,
      endedOn: isOut ? endedOn : null,
      isWorking: row.state === 'returning' || (!row.doneAt && !isOut),
    }
  }
  const rest = { tagId, number, endedOn: null, isWorking: false }
  const holder = tag?.holder?.name ?? null
  if (tag && isFreeTag(tag)) return { ...rest, state: 'free', kind: 'free', holder }
  const state = tag?.blocked ? 'blocked' : tag?.podTag ? 'pod' : 'inSalto'
  return { ...rest, state, kind: 'held', holder }
}

/** Who has tags of ours, and when their last membership ended. */
const readPeople = async (
  read: Tx,
  spaceId: Here['space']['spaceId'],
  timeZone: string,
  held: readonly Row<'tagHolders'>[],
): Promise<People> => {
  const pairingId = [...new Set(held.map((row) => row.pairingId))]
  const memberships = await list(read, 'memberships', { spaceId, pairingId })
  const pairings = await list(read, 'pairings', { spaceId, pairingId })
  const people = new Map<string, { name: string; endedOn: string | null }>()
  for (const { pairing, booking } of await listVisitors(read, spaceId, pairings)) {
    const endedOn = localDate(booking.endsAt, timeZone)
    people.set(pairing.pairingId, { name: booking.external?.name ?? '?', endedOn })
  }
  const endOf = ({ goneAt, canceledTo }: Row<'memberships'>) =>
    canceledTo ?? (goneAt && localDate(goneAt, timeZone)) ?? ''
  for (const [id, theirs] of Map.groupBy(memberships, (each) => each.pairingId ?? '')) {
    const name = theirs.find((each) => each.name)?.name ?? theirs[0]?.email ?? '?'
    people.set(id, { name, endedOn: theirs.map(endOf).sort().at(-1) || null })
  }
  return people
}
