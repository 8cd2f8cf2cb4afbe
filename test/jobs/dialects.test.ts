// The main job and every click, the same on each kind of database.
import { expect, test } from 'vitest'
import { asId } from '../../src/core/ids.ts'
import * as clicks from '../../src/db/clicks.ts'
import { list } from '../../src/db/store.ts'
import { dialects } from '../support/database.ts'
import { createWorld } from '../support/world.ts'

test.each(dialects)(
  '%s: connect, link, tags, lock-out, bookings, restore, disconnect',
  async (dialect) => {
    const world = await createWorld({ dialect })
    const { salto, siteId, click, act, settle } = world
    const user = (name: string) => salto.users(siteId).find(({ alias }) => alias?.startsWith(name))
    const groupUsers = () => salto.groupByName(siteId, 'Full Time')?.users
    const known = salto.addSiteUser(siteId, {
      firstName: 'Ilse',
      lastName: 'Bakker',
      roleCodes: ['site_user'],
    })
    await settle()
    await world.mapRoom({ minutesBefore: 5 })
    const [mia, tom, ilse] = [
      world.addMember('Mia Member'),
      world.addMember('Tom Turner'),
      world.addMember('Ilse Bakker'),
    ]
    await settle()
    const [miaId, tomId, ilseId] = [
      await world.connect(mia),
      await world.connect(tom),
      await world.connect(ilse),
    ]

    expect(await act((tx) => clicks.linkCandidate(tx, click(), ilseId, known.siteUserId))).toBe(
      true,
    )
    const tag = { tagId: asId<never>(world.tagIds[0] ?? ''), number: '02300001' }
    expect(await act((tx) => clicks.giveTag(tx, click(), miaId, tag))).toBeNull()
    expect(await act((tx) => clicks.giveTag(tx, click(), tomId, tag))).toMatchObject({
      pairingId: miaId,
    })
    await act((tx) => clicks.lockOut(tx, click(), tomId, true))
    world.book(mia, '2026-11-26T09:00:00Z', '2026-11-26T10:00:00Z')
    await settle()
    expect(groupUsers()).toContain(known.saltoUserId)
    expect(user('Mia')?.tagNumber).toBe('02300001')
    expect(user('Tom')?.blocked).toBe(true)
    expect(world.bookingGroups()).toMatchObject([
      { users: [user('Mia')?.saltoUserId], schedules: [{ start_date: '2026-11-26T09:55:00' }] },
    ])

    await act((tx) => clicks.setTag(tx, click(), tag.tagId, 'returning'))
    await act((tx) => clicks.lockOut(tx, click(), tomId, false))
    salto.removeFromGroup(siteId, world.fullTimeGroup, user('Mia')?.saltoUserId ?? '')
    const place = `pairing:${miaId}:place:${world.fullTimeGroup}`
    await act((tx) => clicks.restore(tx, click(), place))
    await act((tx) => clicks.disconnectMember(tx, click(), tomId))
    await settle()
    expect(await list(world.db.read, 'tagHolders', { spaceId: world.spaceId })).toEqual([])
    expect(groupUsers()).toContain(user('Mia')?.saltoUserId)
    expect(user('Tom')).toBeUndefined()

    const doubtful = world.addMember('Ilse Bakker', { email: null })
    await settle()
    salto.addSiteUser(siteId, { firstName: 'Ilse', lastName: 'Bakker', roleCodes: ['site_user'] })
    const doubtfulId = await world.connect(doubtful)
    await act((tx) => clicks.refuseCandidates(tx, click(), doubtfulId))
    const stray = salto.addAccessGroup(siteId, {
      name: 'Cobot 123456789012',
      lockIds: [],
      schedule: null,
    })
    const leftover = {
      siteId,
      accessGroupId: asId<never>(stray),
      name: 'Cobot 123456789012',
      zone: 'UTC',
    }
    await act((tx) => clicks.removeLeftover(tx, click(), leftover))
    await act((tx) => clicks.lookAgain(tx, click(), null))
    await settle()
    expect(user('Ilse Bakker ·')).toBeDefined()
    expect(world.bookingGroups()).toHaveLength(1)
    const writes = salto.writes()
    await world.advance(20 * 60_000, 5 * 60_000)
    expect(salto.writes()).toBe(writes)
    await world.close()
  },
)
