// A space with 1,000 members, 500 tags, 200 resources and 200 locks, and what its longest pages cost.
import { gzipSync } from 'node:zlib'
import { asId, type MembershipId, type SiteUserId, type TagId } from '../../src/core/ids.ts'
import type { Click } from '../../src/db/click.ts'
import { connectMany, giveTag } from '../../src/db/clicks.ts'
import type { Db } from '../../src/db/open.ts'
import { change, list } from '../../src/db/store.ts'
import { stage } from '../http/people.ts'

export const numbered = <T>(length: number, make: (number: string) => T) =>
  Array.from({ length }, (_, n) => make(String(n).padStart(4, '0')))

export const crowdedHouse = async () => {
  const on = await stage()
  const { db, spaceId, mara, clock } = on.world
  const click = { spaceId, by: mara, now: clock.now() }
  const ids = numbered(1000, (n) => asId<MembershipId>(`membership-${n}`))
  await on.memberships(
    numbered(1000, (n) => ({
      membershipId: `membership-${n}`,
      name: `Person Number${n}`,
      cobotUserId: `login-${n}`,
      email: `person${n}@members.example`,
    })),
  )
  await on.tags(...numbered(500, (n) => on.tag(`0230${n}`)))
  const lock = { lockType: 'wall_reader', online: true }
  await on.locks(...numbered(200, (n) => ({ lockId: `lock-${n}`, name: `Door ${n}`, ...lock })))
  await on.resources(...numbered(200, (n) => ({ resourceId: `room-${n}`, name: `Door ${n}` })))
  await on.users(...numbered(1000, (n) => on.user(`su-${n}`)))
  const siteUserIds = numbered(1000, (n) => asId<SiteUserId>(`su-${n}`))
  const tags = numbered(300, (n) => ({ tagId: asId<TagId>(`id-0230${n}`), number: `0230${n}` }))
  const connecting = await connectCrowd(db, click, { membershipIds: ids, siteUserIds, tags })
  await on.settle()
  return {
    connecting,
    get: (path: string) => {
      // No faster than a session may ask.
      clock.set(new Date(clock.now().getTime() + 100))
      return on.text(path)
    },
    packedKB: (page: string) => gzipSync(page).length / 1024,
    close: () => db.close(),
  }
}

type Crowd = {
  membershipIds: MembershipId[]
  siteUserIds: SiteUserId[]
  tags: { tagId: TagId; number: string }[]
}

/** 700 are connected, each with a user in KS and some with a tag; returns what the click took. */
export const connectCrowd = async (db: Db, click: Click, crowd: Crowd): Promise<number> => {
  const { membershipIds, siteUserIds, tags } = crowd
  const connecting = await processorMs(() =>
    connectMany(db, click, membershipIds.slice(0, 700), newId()),
  )
  const { spaceId } = click
  await db.tx(async (tx) => {
    for (const [n, { pairingId }] of (await list(tx, 'pairings', { spaceId })).entries()) {
      const siteUserId = siteUserIds[n] ?? null
      await change(tx, 'pairings', { pairingId }, { state: 'paired', siteUserId })
      const tag = tags[n]
      if (tag) await giveTag(tx, click, pairingId, tag)
    }
  })
  return connecting
}

/** What a machine with nothing else to do needs, also on one that is busy. */
export const processorMs = async (run: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const newId = () => {
  let last = 0
  return () => asId<never>(`pairing-${last++}`)
}
