// Before the tests: finds what they need from the machine, or gets it where it can, or says what is
// missing and how to get it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const chromiums = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const findChromium = (): string | null =>
  [process.env.CHROMIUM, ...chromiums].find((path) => path && existsSync(path)) ?? null

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

if (import.meta.main && !findChromium()) {
  if (isRoot && hasApt) installWithApt('chromium')
  if (!findChromium())
    console.log(
      'No Chromium was found: the journey in the browser will be skipped. ' +
        'Install Debian’s chromium, or set CHROMIUM to the path of one.',
    )
}
