// Before the tests: finds what they need from the machine, or gets it where it can, or says what is
// missing and how to get it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findPostgres } from './postgres.ts'

const chromiums = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const findChromium = (): string | null =>
  [process.env.CHROMIUM, ...chromiums].find((path) => path && existsSync(path)) ?? null
export const findFirefox = (): string | null =>
  ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path)) ?? null

const isRoot = process.getuid?.() === 0
const hasApt = existsSync('/usr/bin/apt-get')

const installWithApt = (name: string) => {
  console.log(`Installing ${name} from Debian …`)
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { ...quiet, env })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
    ...quiet,
    env,
  })
}

if (import.meta.main) {
  const needed = [
    { what: 'chromium', find: findChromium, skips: 'the journey in the browser' },
    { what: 'postgresql', find: findPostgres, skips: 'the cases on a PostgreSQL server' },
    ...(process.env.LONG
      ? [{ what: 'firefox-esr', find: findFirefox, skips: 'the frame in Firefox' }]
      : []),
  ]
  for (const { what, find, skips } of needed) {
    if (!find() && isRoot && hasApt) installWithApt(what)
    if (!find()) console.log(`${skips} will be skipped: install Debian’s ${what} to run them.`)
  }
}
