// Before anything begins or ends we hear from both sides what time it is.
import { createCobotOAuth } from '../cobot/oauth.ts'
import { createSaltoOAuth } from '../salto/oauth.ts'
import type { Deps } from './deps.ts'

const patienceMs = 5000

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
