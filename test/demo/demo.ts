// `npm run demo`: Cobot, SALTO KS and the add-on on this machine, no account needed.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { play } from './play.ts'
import { ksLogin, subdomain } from './seed.ts'

const stage = await play({ addon: 4000, cobot: 4100, salto: 4200 })
const file = join(mkdtempSync(join(tmpdir(), 'salto-demo-')), 'salto.db')
const config = readConfig({
  ...stage.env,
  DATABASE_URL: `file:${file}`,
  LOG_LEVEL: 'warn',
  SETTLE_SECONDS: '5',
})
const stop = await startServer(config)

console.log(`
  SALTO KS for Cobot: the demo is ready. Everything is played on this machine; nothing leaves it.

  Cobot, admin page   ${stage.cobotUrl}/spaces/${subdomain}/admin   (log in as Mara)
  SALTO KS            ${stage.saltoUrl}/app
  The add-on itself   ${stage.addonUrl}/?cobot_subdomain=${subdomain}

  What to try
  1. In Cobot open Add-ons, follow the link to SALTO KS and press "Get started"; allow it.
  2. Connect to SALTO KS: log in as ${ksLogin.email}, password "${ksLogin.password}", and allow it.
  3. Choose "Harbour Loft" and configure it. You are back in Cobot, at Manage » Salto.
  4. Map resources: tick "Quay Room" and save.
  5. Connect members: connect Mia Member and assign her a tag.
  6. In Cobot book the Quay Room for Mia, then open SALTO KS » Doors and try her tag
     at the Quay Room before, during and after the booking.

  Ctrl+C ends it.
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void stop()
      .then(stage.stop)
      .finally(() => process.exit(0))
  })
