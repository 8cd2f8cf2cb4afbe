// One process of the add-on: started from the bundle, ready on a port of its own, killed with −9.
import { spawn } from 'node:child_process'
import { kill, root } from '../support/addon.ts'

export type Replica = Awaited<ReturnType<typeof startReplica>>

export const startReplica = async (server: string, env: Record<string, string>) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [server], {
    cwd: root,
    env: { PATH, HOME, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const port = await new Promise<string>((resolve, reject) => {
    const hear = (data: Buffer) => {
      said = (said + data.toString()).slice(-20_000)
      const [, port] = /"port":(\d+).*"msg":"ready"/.exec(said) ?? []
      if (port) resolve(port)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the add-on ended with ${code}: ${said}`)))
  })
  return { origin: `http://127.0.0.1:${port}`, kill: () => kill(child) }
}
