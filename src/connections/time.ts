// Before anything begins or ends we hear from both sides what time it is, and from the database
// again and again: several processes must agree on what was before and what after.
import { createCobotOAuth } from '../cobot/oauth.ts'
import { createSaltoOAuth } from '../salto/oauth.ts'
import type { Deps } from './deps.ts'

const patienceMs = 5000
const againMs = 30_000
/** Clocks that are kept in step differ by less. */
const inStepMs = 100

/** Whoever does not answer soon is heard later, with the first call. */
export const askTheTime = async ({ ports, config }: Pick<Deps, 'ports' | 'config'>) => {
  const asked = Promise.allSettled([
    createCobotOAuth(config.cobot, ports).discover(),
    createSaltoOAuth(config.salto, ports).discover(),
  ])
  const { promise, resolve } = Promise.withResolvers<void>()
  const callOff = ports.clock.after(patienceMs, resolve)
  await Promise.race([asked, promise])
  callOff()
}

/** Goes by the clock of a shared database when ours is out of step with it; returns how to stop. */
export const shareTheTime = async ({ ports, db, log }: Pick<Deps, 'ports' | 'db' | 'log'>) => {
  const { clock } = ports
  let isOver = false
  let callOff = () => {}
  const ask = async () => {
    try {
      const askedMs = clock.now().getTime()
      const at = await db.time()
      if (!at) return
      // Said at some time between asking and hearing; corrected for less, we would only be less in step.
      const isInStep =
        askedMs - inStepMs <= at.getTime() && at.getTime() <= clock.now().getTime() + inStepMs
      if (!isInStep) clock.hear?.('database', at)
    } catch (error) {
      log.warn({ error }, 'the database does not tell the time')
    }
    if (!isOver) callOff = clock.after(againMs, () => void ask())
  }
  await ask()
  return () => {
    isOver = true
    callOff()
  }
}
