// Which groups a plan opens, and who moves when that changes.
import { expect, test } from 'vitest'
import type { PlanInterval } from '../../src/core/entitlements.ts'
import { type AccessGroupId, asId, type PlanId } from '../../src/core/ids.ts'
import {
  findPlan,
  mappedGroups,
  movesBetween,
  otherPlans,
  proposedGroups,
} from '../../src/core/mappings.ts'

const plan = (id: string) => asId<PlanId>(id)
const groupId = (id: string) => asId<AccessGroupId>(id)
const plans = [
  { planId: plan('p1'), name: 'Full Time', hidden: false },
  { planId: plan('p2'), name: 'Flex', hidden: true },
]

test.each([
  ['by its id', 'p9', 'Full Time', 'p9'],
  ['a copy without id by its name', null, ' full  TIME', 'p1'],
  ['hidden ones, too', null, 'Flex', 'p2'],
  ['whatever is not in the list', null, 'Team Ferri', otherPlans],
])('D6 a plan is known %s', (_, id, planName, expected) => {
  expect(findPlan({ planId: id === null ? null : plan(id), planName }, plans)).toBe(expected)
})

test.each([
  ['the group of its name', 'g1', null, ['g1']],
  ['nothing while there is none', null, null, []],
  ['another group, by choice', 'g1', ['g2'], ['g2']],
  ['several', null, ['g2', 'g3'], ['g2', 'g3']],
  ['nothing, by choice', 'g1', [], []],
])('D6 a plan opens %s', (_, own, chosen, expected) => {
  const ids = chosen?.map(groupId) ?? null
  expect(mappedGroups({ accessGroupId: own === null ? null : groupId(own), chosen: ids })).toEqual(
    expected,
  )
})

const group = (id: string, name: string) => ({ accessGroupId: groupId(id), name, lockCount: 1 })
const owned = (own: string | null, chosen: string[] | null = null) => ({
  planId: plan('other'),
  accessGroupId: own === null ? null : groupId(own),
  chosen: chosen?.map(groupId) ?? null,
})

test.each([
  ['what is called like it', [], ['g1', 'g2']],
  ['nothing that another plan got by its name', [owned('g1')], ['g2']],
  ['nor after an admin chose something else for that plan', [owned('g1', ['g3'])], ['g2']],
  ['what an admin chose for another plan as well', [owned(null, ['g1'])], ['g1', 'g2']],
])('R8 a name proposes %s', (_, mappings, expected) => {
  const groups = [group('g1', 'full time'), group('g2', 'Full  Time '), group('g3', 'Fulltime')]
  const found = proposedGroups('Full Time', groups, mappings)
  expect(found.map(({ accessGroupId }) => accessGroupId)).toEqual(expected)
})

const now = new Date('2026-11-24T09:00:00Z')
const interval = (planId: string, over: Partial<PlanInterval> = {}): PlanInterval => ({
  membershipId: asId<never>('m'),
  planId: plan(planId),
  planName: planId,
  startsAt: new Date('2026-11-01T00:00:00Z'),
  endsAt: null,
  ...over,
})
const ended = { endsAt: new Date('2026-11-20T00:00:00Z') }
const toCome = { startsAt: new Date('2026-12-01T00:00:00Z') }
type Groups = Record<string, string[]>
const by =
  (groups: Groups) =>
  ({ planName }: PlanInterval) =>
    (groups[planName] ?? []).map(groupId)

test.each<[string, PlanInterval[], string[], Groups, Groups, string[], string[]]>([
  ['moves', [interval('a')], ['1'], { a: ['1'] }, { a: ['2'] }, ['2'], ['1']],
  ['gains a second one', [interval('a')], ['1'], { a: ['1'] }, { a: ['1', '2'] }, ['2'], []],
  ['loses all', [interval('a')], ['1', '2'], { a: ['1', '2'] }, { a: [] }, [], ['1', '2']],
  [
    'keeps what another plan gives as well',
    ...([[interval('a'), interval('b')], ['1'], { a: ['1'], b: ['1'] }] as const),
    ...([{ a: [], b: ['1'] }, [], []] as const),
  ] as never,
  ['of others is none of this', [interval('b')], ['1'], { a: ['1'] }, { a: [] }, [], []],
  ['has ended', [interval('a', ended)], ['1'], { a: ['1'] }, { a: ['2'] }, [], []],
  ['is to come', [interval('a', toCome)], [], { a: ['1'] }, { a: ['2'] }, [], []],
  ['was taken out by hand', [interval('a')], [], { a: ['1'] }, { a: [] }, [], []],
  ['is in there already', [interval('a')], ['2'], { a: [] }, { a: ['2'] }, [], []],
])(
  'D6 when plans are mapped otherwise: %s',
  (_, intervals, inside, before, after, gains, loses) => {
    const person = { pairingId: asId<never>('x'), name: 'Mia', intervals }
    const moves = movesBetween(
      [{ ...person, inside: new Set(inside.map(groupId)) }],
      by(before),
      by(after),
      now,
    )
    expect(moves.flatMap((move) => move.gains)).toEqual(gains)
    expect(moves.flatMap((move) => move.loses)).toEqual(loses)
  },
)
