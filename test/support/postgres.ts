// A PostgreSQL server of our own on loopback, from Debian's package; it ends with the test file.
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../demo/play.ts'

export const findPostgres = (): string | null =>
  globSync('/usr/lib/postgresql/*/bin')
    .filter((bin) => existsSync(join(bin, 'initdb')))
    .sort()
    .at(-1) ?? null

/** The server refuses to run as root: then it runs as the user of Debian's package. */
const serverUser = () => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export const startPostgres = async (bin: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'salto-postgres-'))
  const port = await freePort('127.0.0.1')
  const user = serverUser()
  if (user.uid) chownSync(folder, user.uid, user.gid)
  const run = (command: string, ...args: string[]) =>
    execFileSync(join(bin, command), args, { ...user, cwd: folder, stdio: 'ignore' })
  const data = join(folder, 'data')
  run('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync')
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off`
  run('pg_ctl', '-D', data, '-o', options, '-l', join(folder, 'log'), '-w', 'start')
  let databases = 0
  return {
    /** The address of a new, empty database. */
    newDatabase: () => {
      const name = `test_${++databases}`
      run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', name)
      return `postgres://postgres@127.0.0.1:${port}/${name}`
    },
    stop: () => {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
