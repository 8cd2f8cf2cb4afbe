// Assign tags: all tags of the site, and handing them out one after the other by keyboard.
import { Hono } from 'hono'
import { HandedOut, type HandOut, HandOutForm, TagRow, TagsPage } from '../../views/tags.tsx'
import { asId, type TagId } from '../core/ids.ts'
import { normalName } from '../core/names.ts'
import { setTag } from '../db/clicks.ts'
import { freeNumbers, handOut } from './hand-out.ts'
import { findMembers } from './member-lines.ts'
import { type C, clickOf, type Env, pageOf, show, type Web, wantedOf } from './page.ts'
import { findTags, tagFilters } from './tag-lines.ts'

const everyone = { search: '', filter: 'all' }
const states = { return: 'returning', lost: 'lost' } as const

export const tags = (web: Web) =>
  new Hono<Env>()
    .get('/tags', async (c) => show(web, c, 'tags', await tagsPage(web, c)))
    .get('/tags/hand-out', (c) =>
      c.html(HandOutForm({ say: c.get('say'), tag: c.req.query('tag') ?? '' })),
    )
    .post('/tags/hand-out', (c) => assign(web, c))
    .get('/tags/:tagId', (c) => showRow(web, c))
    .post('/tags/:tagId/:action', async (c) => {
      const state = Object.entries(states).find(([name]) => name === c.req.param('action'))?.[1]
      if (!state) return c.notFound()
      const tagId = asId<TagId>(c.req.param('tagId'))
      await web.db.tx((tx) => setTag(tx, clickOf(c, web), tagId, state))
      web.wake()
      return showRow(web, c)
    })

const tagsPage = async (web: Web, c: C) => {
  const { found, some } = pageOf(c, await findTags(web, c.get('here'), wantedOf(c)))
  return TagsPage({
    say: c.get('say'),
    found,
    filters: tagFilters,
    lines: some,
    numbers: await freeNumbers(web, c.get('here')),
    people: (await listPeople(web, c)).connected.map(({ label }) => label),
  })
}

const showRow = async (web: Web, c: C) => {
  const [line] = await findTags(web, c.get('here'), everyone, c.req.param('tagId'))
  return line ? c.html(TagRow({ say: c.get('say'), line })) : c.body(null, 200)
}

/** Whoever can be given a tag, each by words that mean nobody else; and the names of the others. */
const listPeople = async (web: Web, c: C) => {
  const { found } = await findMembers(web, c.get('here'), everyone)
  const canHold = (line: (typeof found)[number]) =>
    line.pairing !== undefined && line.state !== 'choosing' && line.state !== 'leaving'
  const others = found.filter((line) => !canHold(line)).map(({ name }) => normalName(name))
  const persons = new Map(
    found.filter(canHold).map((line) => [line.pairing?.pairingId, line] as const),
  )
  const alike = Map.groupBy(persons.values(), ({ name }) => normalName(name))
  const connected = [...persons.values()].flatMap(({ pairing, name, email, membershipId }) => {
    const isOne = alike.get(normalName(name))?.length === 1
    const label = isOne ? name : `${name} (${email ?? membershipId})`
    return pairing ? [{ pairingId: pairing.pairingId, name, label }] : []
  })
  return { connected, others: new Set(others) }
}

const assign = async (web: Web, c: C) => {
  const say = c.get('say')
  const typed = await c.req.parseBody()
  const tag = String(typed.tag ?? '').trim()
  const member = String(typed.member ?? '').trim()
  const refuse = (wrong: HandOut['wrong']) => c.html(HandOutForm({ say, tag, member, wrong }), 422)
  if (!tag) return refuse({ field: 'tag', reason: 'noTag' })
  const { connected, others } = await listPeople(web, c)
  const wanted = normalName(member)
  const person = connected.find(({ label }) => normalName(label) === wanted)
  if (!person) {
    const isAlike = connected.some(({ name }) => normalName(name) === wanted)
    const reason = !wanted ? 'noMember' : isAlike ? 'several' : 'unknownMember'
    return refuse({ field: 'member', reason: others.has(wanted) ? 'notConnected' : reason })
  }
  const refused = await handOut(web, c, person.pairingId, tag)
  if (refused) return refuse({ field: 'tag', ...refused })
  const lines = await findTags(web, c.get('here'), { search: tag, filter: 'all' })
  const line = lines.find(({ number }) => number === tag)
  const numbers = await freeNumbers(web, c.get('here'))
  return c.html(HandedOut({ say, line, numbers, done: { tag, member: person.name } }))
}
