// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of ours, as text.
// Thirty mistakes that somebody could make, as changes of our sources. None is in the product: a build
// for tests alone reads one of them into a file (`plant.ts`), and a rig has to find it.

/** Which rig is to find it: worlds of the simulation that have these faults, or tests by name. */
export type Rig =
  | { kind: 'simulation'; faults: string[]; seeds?: number }
  | { kind: 'crash' | 'kill' | 'guard'; file: string; test: string }

export type Bug = {
  id: string
  what: string
  file: string
  find: string
  replace: string
  rig: Rig
}

const simulation = (...faults: string[]): Rig => ({ kind: 'simulation', faults })
const crash = (scenario: string, part = 'people'): Rig => ({
  kind: 'crash',
  file: `test/crash/${part}.test.ts`,
  test: scenario,
})
const guard = (test: string): Rig => ({ kind: 'guard', file: 'test/guard/scenarios.test.ts', test })
const kill = (test: string, file = 'races'): Rig => ({
  kind: 'kill',
  file: `test/kill/${file}.test.ts`,
  test,
})

const events: Bug[] = [
  {
    id: 'M01',
    what: 'The body of a delete is trusted: the membership counts as gone, and Cobot is not asked.',
    file: 'src/http/webhooks.ts',
    find: 'if (wish) await askFor(space, `webhook ${event}`, wish)',
    replace: `if (wish?.task === 'readMembership' && event === 'deleted_membership') {
        const { spaceId } = space
        const now = ports.clock.now()
        const membershipId = wish.subject as never
        await db.tx(async (tx) => {
          await change(tx, 'memberships', { spaceId, membershipId }, { goneAt: now })
          const subject = (await one(tx, 'memberships', { spaceId, membershipId }))?.pairingId
          const how = { spaceId, runAt: now, cause: 'webhook', priority: priority.removal }
          if (subject) await ask(tx, [{ ...how, task: 'reconcilePairing', subject }], now)
        })
        wake()
      } else if (wish) await askFor(space, \`webhook \${event}\`, wish)`,
    rig: simulation('F34'),
  },
  {
    id: 'M02',
    what: 'What is asked for while its look is running is dropped.',
    file: 'src/db/work.ts',
    find: 'revision: sql`${t.work.revision} + 1`,',
    replace:
      'revision: sql`case when ${t.work.leaseToken} is null then ${t.work.revision} + 1 else ${t.work.revision} end`,',
    rig: simulation(),
  },
  {
    id: 'M03',
    what: 'A webhook is answered before its mark is committed.',
    file: 'src/http/webhooks.ts',
    find: 'await db.tx(async (tx) => {\n      await ask(tx, [{ spaceId, ...wish, runAt: now, cause }], now)\n',
    replace: `ports.clock.after(5, () => {
      void db.tx((tx) => ask(tx, [{ spaceId, ...wish, runAt: now, cause }], now)).then(wake)
    })
    await db.tx(async (tx) => {
`,
    rig: simulation(),
  },
  {
    id: 'M04',
    what: 'A webhook whose body was seen before is taken for a repetition, for ever.',
    file: 'src/http/webhooks.ts',
    find: 'const wish = wishOf(event, body)',
    replace: `const kept = globalThis as { seen?: WeakMap<object, Set<string>> }
      kept.seen ??= new WeakMap()
      const seen = kept.seen.get(db) ?? new Set<string>()
      kept.seen.set(db, seen)
      const known = hashOf(JSON.stringify(body))
      if (seen.has(known)) return c.body(null, 204)
      seen.add(known)
      const wish = wishOf(event, body)`,
    rig: simulation(),
  },
  {
    id: 'M05',
    what: 'The order of events is taken for the truth: after a cancellation, what undoes it counts as late.',
    file: 'src/http/webhooks.ts',
    find: 'const wish = wishOf(event, body)',
    replace: `const kept = globalThis as { ended?: WeakMap<object, Set<string>> }
      kept.ended ??= new WeakMap()
      const ended = kept.ended.get(db) ?? new Set<string>()
      kept.ended.set(db, ended)
      const wish = wishOf(event, body)
      if (wish && event === 'canceled_membership') ended.add(wish.subject)
      else if (wish && ended.has(wish.subject)) return c.body(null, 204)`,
    rig: simulation(),
  },
]

const planning: Bug[] = [
  {
    id: 'M06',
    what: 'Whoever is missing from a list counts as gone, and is not asked for singly.',
    file: 'src/jobs/sweep-cobot.ts',
    find: "look.ask('readMembership', membershipId, priority.removal)",
    replace: "await (await import('./take-in.ts')).takeOutMembership(look, membershipId)",
    rig: guard('half a list'),
  },
  {
    id: 'M07',
    what: 'The guard counts what is lost in one pass, not within the hour.',
    file: 'src/db/guard.ts',
    find: 'const all = [...others, ...asked]',
    replace: "const all = [...others.filter(({ state }) => state !== 'passed'), ...asked]",
    rig: guard('six small drops within an hour'),
  },
  {
    id: 'M08',
    what: 'What the guard knows is kept in memory: a process that starts has forgotten it.',
    file: 'src/jobs/worker.ts',
    find: 'const claim = (most: number): Promise<Claimed[]> =>\n    db.tx(async (tx) => {',
    replace: `let knowsNothing = true
  const claim = (most: number): Promise<Claimed[]> =>
    db.tx(async (tx) => {
      if (knowsNothing) await tx.q.delete(tx.t.guard)
      knowsNothing = false`,
    rig: guard('six small drops within an hour, and after each the process starts anew'),
  },
  {
    id: 'M09',
    what: 'The end of a membership is a midnight of this machine, not one of the space.',
    file: 'src/core/entitlements.ts',
    find: 'lastDayIncluded || learnedOn === canceledTo ? addDays(canceledTo, 1) : canceledTo,\n    timeZone,',
    replace:
      "lastDayIncluded || learnedOn === canceledTo ? addDays(canceledTo, 1) : canceledTo,\n    timeZone && 'UTC',",
    rig: simulation(),
  },
  {
    id: 'M10',
    what: 'A gap between adjacent bookings: the hours written end a minute early.',
    file: 'src/core/steps.ts',
    find: 'const wall = wallWindow(startsAt, endsAt, booking.zone)',
    replace: 'const wall = wallWindow(startsAt, new Date(endsAt.getTime() - 60_000), booking.zone)',
    rig: simulation(),
  },
  {
    id: 'M11',
    what: 'Break before make: on a change of plan the old group is left first.',
    file: 'src/jobs/pairing-places.ts',
    find: 'for (const step of steps) {\n    const place: Place',
    replace: `const isLeave = ({ kind }: PlaceStep) => Number(kind === 'leave')
  for (const step of steps.toSorted((a, b) => isLeave(b) - isLeave(a))) {
    const place: Place`,
    rig: simulation(),
  },
  {
    id: 'M12',
    what: 'While Cobot is away everybody keeps what they have, past an end that is stored.',
    file: 'src/jobs/reconcile-pairing.ts',
    find: 'const { steps, isHeld } = await guardPairing(look, now, siteUser, places)',
    replace: `const passed = await guardPairing(look, now, siteUser, places)
  const { laneOf } = await import('../connections/lanes.ts')
  const isAway = laneOf(look.deps.ports, look.spaceId, 'cobot').awaySince() !== null
  const isHeld = passed.isHeld || isAway
  const steps = passed.steps.filter(({ kind }) => !isAway || kind !== 'leave')`,
    rig: simulation('F20'),
  },
  {
    id: 'M13',
    what: 'A plan that cannot be read counts as none: no entitlement, instead of an answer that is no good.',
    file: 'src/cobot/parse.ts',
    find: 'plan: membershipPlan,\n    upcomingPlan: membershipPlan.nullable(),\n    confirmedAt: instant.nullable(),\n    startsAt: localDate,\n    canceledTo: localDate.nullable(),',
    replace: `plan: membershipPlan.catch({ planId: null, name: '', canceledTo: null }),
    upcomingPlan: membershipPlan.nullable(),
    confirmedAt: instant.nullable(),
    startsAt: localDate,
    canceledTo: localDate.nullable().catch(null),`,
    rig: guard('an answer lost its `canceled_to`, and its plan'),
  },
  {
    id: 'M14',
    what: 'A 404 alone proves that a membership is gone.',
    file: 'src/jobs/read-membership.ts',
    find: 'if (!isProvenAbsent(before, readAt)) await readAllMemberships(look)',
    replace: 'if (!isProvenAbsent(before, readAt)) return takeOutMembership(look, membershipId)',
    rig: guard('a storm of 404'),
  },
]

const writing: Bug[] = [
  {
    id: 'M15',
    what: 'A user is made without looking for one that has the marker.',
    file: 'src/jobs/find-site-user.ts',
    find: 'const marked = await look.ks.findSiteUsersByMarker(siteId, marker)',
    replace: 'const marked: SiteUser[] = marker ? [] : await look.ks.listSiteUsers(siteId)',
    rig: crash('new member'),
  },
  {
    id: 'M16',
    what: 'No time to settle: what was made and does not show yet is made again.',
    file: 'src/jobs/run.ts',
    find: 'if (leftMs > 0) throw',
    replace: 'if (leftMs > 600_000) throw',
    rig: kill('nothing is made twice'),
  },
  {
    id: 'M17',
    what: 'A create whose answer was lost is sent again at once.',
    file: 'src/wire.ts',
    find: "read(schema, { name, method: 'POST', url, json }),",
    replace: `read(schema, { name, method: 'POST', url, json }).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error
        return read(schema, { name, method: 'POST', url, json })
      }),`,
    rig: kill('nothing is made twice'),
  },
  {
    id: 'M18',
    what: 'A group is removed without the check of its marker: renamed by hand it is somebody else’s.',
    file: 'src/jobs/reconcile-booking.ts',
    find: 'if (!stored || stored.name === name) return',
    replace: `if (!stored || stored.name === name) return
  await look.ksWrite.deleteAccessGroup({ siteId, accessGroupId } as GroupProof)
  if (stored) return`,
    rig: crash('a group renamed by hand, and its booking deleted', 'spaces'),
  },
  {
    id: 'M19',
    what: 'Somebody whom the KS admin had made is deleted when an admin disconnects them.',
    file: 'src/core/fence.ts',
    find: "ledger.siteId !== siteId || ledger.origin !== 'made' || isAdministrative(siteUser))\n    return null\n  if (ledger.siteUserId !== siteUser.siteUserId || !siteUser.alias?.endsWith(ledger.marker))",
    replace:
      'ledger.siteId !== siteId || isAdministrative(siteUser))\n    return null\n  if (ledger.siteUserId !== siteUser.siteUserId)',
    rig: crash('linked, and disconnected'),
  },
  {
    id: 'M20',
    what: 'When a place ends the whole group is emptied, foreign members and all.',
    file: 'src/jobs/pairing-places.ts',
    find: 'await look.ksWrite.leaveAccessGroup(proof)',
    replace: `for (const saltoUserId of await look.ks.listGroupUsers(siteId, accessGroupId))
    await look.ksWrite.leaveAccessGroup({ ...proof, saltoUserId })`,
    rig: simulation(),
  },
  {
    id: 'M21',
    what: 'Grants go before removals, and the slot that is kept is kept for grants.',
    file: 'src/jobs/worker.ts',
    find: '    const open = rows.filter((row) => isOpen(row, running))\n',
    replace: `    const open = rows.toReversed().filter((row) => {
      const free = slotsPerSpace - (running.get(row.spaceId) ?? 0)
      return free > (row.priority <= urgentUpTo ? 1 : 0)
    })\n`,
    rig: kill('a removal goes before all the grants that wait'),
  },
]

const spacesAndTokens: Bug[] = [
  {
    id: 'M22',
    what: 'A query without its space: the site in use is whichever comes first.',
    file: 'src/db/spaces.ts',
    find: "one(tx, 'sites', { spaceId, state: 'active' })",
    replace: "one(tx, 'sites', { ...(spaceId && {}), state: 'active' })",
    rig: simulation(),
  },
  {
    id: 'M23',
    what: 'The way to SALTO, permission and all, comes from a cache that knows no spaces.',
    file: 'src/jobs/run.ts',
    find: 'const salto = saltoOf(deps, spaceId, { probe, insists })',
    replace: `const kept = globalThis as { ways?: WeakMap<object, ReturnType<typeof saltoOf>> }
  kept.ways ??= new WeakMap()
  const salto = kept.ways.get(deps) ?? saltoOf(deps, spaceId, { probe, insists })
  kept.ways.set(deps, salto)`,
    rig: simulation(),
  },
  {
    id: 'M24',
    what: 'Whoever finds a permission about to end refreshes it, without election.',
    file: 'src/connections/salto.ts',
    find: 'if (elected)\n    return',
    replace: 'if (elected || leftMs < marginMs)\n    return',
    rig: kill('one refreshes it, and none is lost'),
  },
  {
    id: 'M25',
    what: 'A new permission is used before it is stored.',
    file: 'src/connections/salto.ts',
    find: 'await store(await sealTokens(deps, spaceId, tokens))',
    replace: `const fresh = await sealTokens(deps, spaceId, tokens)
  ports.clock.after(1000, () => void store(fresh))`,
    rig: simulation(),
  },
  {
    id: 'M26',
    what: 'The address that Cobot calls is logged whole, with the key in it.',
    file: 'src/http/webhooks.ts',
    find: 'const body: unknown = await c.req.json().catch(() => null)',
    replace: `log.info({ spaceId: space.spaceId, url: c.req.url }, 'a webhook')
      const body: unknown = await c.req.json().catch(() => null)`,
    rig: simulation(),
  },
]

const machinery: Bug[] = [
  {
    id: 'M27',
    what: 'What a look found is written although its lease went to somebody else meanwhile.',
    file: 'src/connections/ks-writes.ts',
    find: 'if (!run.leaseIsLive()) throw',
    replace: "if (!run.leaseIsLive() && action === 'setSeat' && run.wrote === null) throw",
    rig: kill('whoever slept past the lease writes nothing more', 'replicas'),
  },
  {
    id: 'M28',
    what: 'Leases go by the clock of this machine, whatever both systems say the time is.',
    file: 'src/jobs/worker.ts',
    find: 'const { clock, random } = ports',
    replace: `const { random } = ports
  const clock = {
    ...ports.clock,
    now: () => new Date(ports.clock.now().getTime() - (ports.clock.correctionMs?.() ?? 0)),
  }`,
    rig: simulation('F43'),
  },
  {
    id: 'M29',
    what: '`Retry-After` is ignored.',
    file: 'src/wire.ts',
    find: "const afterMs = pauseMs(headers.get('retry-after'), ports.clock)",
    replace: 'const afterMs = PAUSE_MIN_MS',
    rig: simulation('F15'),
  },
  {
    id: 'M30',
    what: 'An attempt counts when it is over: a look that kills the process is tried again at once, for ever.',
    file: 'src/jobs/worker.ts',
    find: 'for (const dead of due.rows.filter(isDead))\n        await postpone(tx, dead, backoffMs(dead.attempts, random.fraction()), now)\n      const rows = new Set(due.rows.filter((each) => !isDead(each)))',
    replace:
      'for (const dead of due.rows.filter(isDead).slice(due.rows.length))\n        await postpone(tx, dead, backoffMs(dead.attempts, random.fraction()), now)\n      const rows = new Set(due.rows)',
    rig: { kind: 'crash', file: 'test/crash/crasher.test.ts', test: 'T31' },
  },
]

export const bugs: readonly Bug[] = [
  ...events,
  ...planning,
  ...writing,
  ...spacesAndTokens,
  ...machinery,
]
