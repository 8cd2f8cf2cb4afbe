// A visitor who has a booking this morning, at a door that takes PINs, with a user in KS by our worker.
import { asId, type ResourceId } from '../../src/core/ids.ts'
import { change, list, one, put } from '../../src/db/store.ts'
import { handlers } from '../../src/jobs/tasks.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { createWorld } from './world.ts'

export const [from, to] = ['2026-03-02T10:00:00Z', '2026-03-02T12:00:00Z']

export const stage = async (over: Parameters<typeof createWorld>[0] = {}) => {
  const world = await createWorld(over)
  const { cobot, ks, db, deps, clock, spaceId, siteId } = world
  ks.setSite(siteId, { pinEnabled: true })
  const resourceId = asId<ResourceId>(cobot.addResource('harbour', { name: 'Quay Room' }))
  const lock = ks.addLock(siteId, { name: 'Quay Room', type: 'wall_reader_pin' })
  const frontDoor = ks.addLock(siteId, { name: 'Front door' })
  const frame = await world.openFrame()
  const minutes = { minutesBefore: 0, minutesAfter: 0 }
  await db.tx(async (tx) => {
    const settings = { lastDayIncluded: false, visitors: true }
    await change(tx, 'spaces', { spaceId }, { settings })
    const lockIds = [asId<never>(lock), asId<never>(frontDoor)]
    const door = { spaceId, siteId, resourceId, enabled: true, lockIds, ...minutes }
    await put(tx, 'resourceDoors', door)
  })
  const worker = createWorker(deps, handlers)
  /** Both sides are read anew, and what follows is done. */
  const settle = async () => {
    await frame.post('/overview/checks')
    for (let step = 0; step < 3; step++) {
      await worker.drain()
      await clock.advance(10_000)
    }
  }
  await settle()
  const visit = { resourceId, from, to, name: 'Vera Visitor', email: 'vera@visit.example' }
  cobot.addExternalBooking('harbour', visit)
  await settle()
  const [pairing] = await list(db.read, 'pairings', { spaceId })
  const row = `/members/${encodeURIComponent(pairing?.person ?? '')}`
  const page = async (path = row) => (await frame.get(path)).text()
  const press = async () => {
    const answer = await frame.post(`${row}/pin`)
    const text = await answer.text()
    return { answer, text, pin: /class="pin" value="(\d+)"/.exec(text)?.[1] ?? null }
  }
  return {
    ...world,
    frame,
    settle,
    row,
    page,
    press,
    lock,
    frontDoor,
    pairingId: pairing!.pairingId,
    user: () => ks.users(siteId).find(({ firstName }) => firstName === 'Vera'),
    audit: async () =>
      (await list(db.read, 'audit', { spaceId }))
        .sort((a, b) => a.number - b.number)
        .filter(({ action }) => /Pin$/.test(action))
        .map(({ action, result, cause }) => `${action} ${result} ${cause}`),
    problems: async () => (await list(db.read, 'problems', { spaceId })).map(({ code }) => code),
    pairing: () => one(db.read, 'pairings', { spaceId, pairingId: pairing!.pairingId }),
    opens: (pin: string, at: string, lockId = lock) => ks.door({ lockId, pin, at }).opened,
  }
}
