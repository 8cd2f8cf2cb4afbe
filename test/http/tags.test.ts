// Assign tags: every tag, who has it, and handing them out one after the other.
import { beforeEach, expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import { change, one } from '../../src/db/store.ts'
import { stage } from './people.ts'

let on: Awaited<ReturnType<typeof stage>>
beforeEach(async () => {
  on = await stage()
})

const holderOf = (number: string) =>
  one(on.world.db.read, 'tagHolders', { tagId: asId<never>(`id-${number}`) })
const handOut = async (tag: string, member: string) => {
  const answer = await on.frame.post('/tags/hand-out', { tag, member })
  return { status: answer.status, page: await answer.text() }
}

test('each tag has a row with its holder and state: ours, of SALTO KS, blocked, free', async () => {
  await on.memberships([{ membershipId: 'm1' }, { membershipId: 'm2', name: 'Noa Next' }])
  await on.connect('m1')
  await on.connect('m2')
  await on.tags(
    on.tag('001'),
    on.tag('002'),
    on.tag('003', { holder: { siteUserId: 'x', name: 'Kim Keys' } }),
    on.tag('004', { blocked: true }),
    on.tag('005'),
  )
  await handOut('001', 'Mia Member')
  await handOut('002', 'Noa Next')
  const key = { tagId: asId<never>('id-002') }
  await on.world.db.tx((tx) =>
    change(tx, 'tagHolders', key, { state: 'notReturned', doneAt: null }),
  )
  await on.memberships([{ membershipId: 'm2', name: 'Noa Next', canceledTo: '2026-03-01' }])
  const page = await on.text('/tags')
  const row = (number: string) => on.rowOf(page, `tag-id-${number}`)
  expect(row('001')).toMatch(/Mia Member.*handed out.*Take tag back.*Report lost/s)
  expect(row('002')).toMatch(/still with Noa Next.*membership ended Sun, 1 Mar 2026.*not returned/s)
  expect(row('003')).toMatch(/Kim Keys.*given in SALTO KS/s)
  expect(row('003')).not.toContain('<button')
  expect(row('004')).toContain('blocked in SALTO')
  expect(row('005')).toMatch(/free.*Assign tag/s)
  const numbers = async (query: string) =>
    [...(await on.text(`/tags?${query}`)).matchAll(/<tr id="tag-id-(\d+)"/g)].map(([, n]) => n)
  expect(await numbers('filter=free')).toEqual(['005'])
  expect(await numbers('filter=out')).toEqual(['002'])
  expect(await numbers('filter=held')).toEqual(['001', '003', '004'])
  expect(await numbers('search=noa')).toEqual(['002'])
  expect(await on.text('/members')).toMatch(/href="\/tags\?filter=out".*1 tag is still with/)
})

test('tags are handed out by number and name; the form comes back empty for the next one', async () => {
  await on.memberships([{ membershipId: 'm1' }])
  const pairingId = await on.connect('m1')
  await on.tags(on.tag('001'), on.tag('002'))
  expect(await on.text('/tags')).toMatch(/<datalist id="people"><option value="Mia Member">/)
  const { status, page } = await handOut(' 001 ', 'mia  MEMBER')
  expect(status).toBe(200)
  expect(await holderOf('001')).toMatchObject({ pairingId, state: 'held' })
  expect(page).toContain('Tag 001 is with Mia Member now.')
  expect(page).toMatch(/name="tag" list="free" value="" autocomplete="off" data-focus="true"/)
  expect(page).toMatch(/hx-target="#free".*<option value="002">/s)
  expect(page).toMatch(/hx-target="#tag-id-001".*Take tag back/s)
  expect(await on.world.work()).toContainEqual(
    expect.objectContaining({ task: 'reconcilePairing', subject: pairingId }),
  )
  expect(await on.text('/tags/hand-out?tag=002')).toMatch(
    /value="002".*name="member"[^>]*data-focus="true"/s,
  )
})

test('what cannot be handed out comes back as typed, with the reason beside the field', async () => {
  await on.memberships([
    { membershipId: 'm1' },
    { membershipId: 'm2', name: 'Noa Next', email: 'noa@members.example' },
    { membershipId: 'm3', name: 'Noa Next', email: 'next@members.example' },
    { membershipId: 'm4', name: 'Olaf Out' },
  ])
  for (const id of ['m1', 'm2', 'm3']) await on.connect(id)
  await on.tags(on.tag('001'), on.tag('002', { blocked: true }))
  const refusals: [tag: string, member: string, field: 'tag' | 'member', says: string][] = [
    ['', '', 'tag', 'Type the printed number.'],
    ['001', '', 'member', 'Type who gets the tag.'],
    ['001', 'Nobody', 'member', 'No connected member is called Nobody.'],
    ['001', 'Mia', 'member', 'No connected member is called Mia.'],
    ['001', 'Noa Next', 'member', 'Several members are called Noa Next.'],
    ['001', 'Olaf Out', 'member', 'Olaf Out is not connected yet.'],
    ['9', 'Mia Member', 'tag', 'There is no tag 9 at the site.'],
    ['002', 'Mia Member', 'tag', 'Tag 002 is blocked.'],
  ]
  for (const [tag, member, field, says] of refusals) {
    const { status, page } = await handOut(tag, member)
    expect([status, page]).toEqual([422, expect.stringContaining(says)])
    expect(page).toContain(`name="tag" list="free" value="${tag}"`)
    expect(page).toContain(`name="member" list="people" value="${member}"`)
    const typed = new RegExp(`name="${field}"[^>]*data-focus="true"[^>]*aria-invalid="true"`)
    expect(page).toMatch(typed)
  }
  expect(await holderOf('001')).toBeNull()
  expect((await handOut('001', 'Noa Next (noa@members.example)')).status).toBe(200)
  expect((await handOut('001', 'Mia Member')).page).toContain('Tag 001 belongs to Noa Next.')
})

test('a tag that somebody kept is taken back, and a lost one blocked, in its row', async () => {
  await on.memberships([{ membershipId: 'm1' }])
  await on.connect('m1')
  await on.tags(on.tag('001'))
  await handOut('001', 'Mia Member')
  const key = { tagId: asId<never>('id-001') }
  await on.world.db.tx((tx) => change(tx, 'tagHolders', key, { state: 'notReturned' }))
  const row = await (await on.frame.post('/tags/id-001/return')).text()
  expect(row).toMatch(/hx-get="\/tags\/id-001" hx-trigger="every 2s".*being taken back/s)
  expect(await holderOf('001')).toMatchObject({ state: 'returning' })
  await on.frame.post('/tags/id-001/lost')
  expect(await holderOf('001')).toMatchObject({ state: 'lost' })
  expect((await on.frame.post('/tags/id-001/burn')).status).toBe(404)
})

test('fifty tags a page, and nothing of another space', async () => {
  const numbers = Array.from({ length: 80 }, (_, n) => String(n).padStart(4, '0'))
  await on.tags(...numbers.map((number) => on.tag(number)))
  const page = await on.text('/tags?filter=free&search=0')
  expect(page.match(/<tr id="tag/g)).toHaveLength(50)
  expect(page).toContain('1–50 of 80')
  const vals = '{"search":"0","filter":"free","from":50}'.replaceAll('"', '&quot;')
  expect(page).toContain(`hx-vals="${vals}"`)
  const next = await on.text('/tags?filter=free&search=0&from=50')
  expect(next.match(/<tr id="tag/g)).toHaveLength(30)
  expect(await on.text('/tags/id-unknown')).toBe('')
})
