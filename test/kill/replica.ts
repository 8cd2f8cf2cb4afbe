// One process of the add-on: started from the bundle, ready on a port of its own, killed with −9.
// The first one is stopped as in production, and leaves what it compiled to all that follow.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { kill, root } from '../support/addon.ts'

export type Replica = Awaited<ReturnType<typeof startReplica>>

/** A life so short is better spent than on tidying up its memory. */
const flags = ['--single-threaded-gc', '--min-semi-space-size=16']

export const startReplica = async (server: string, env: Record<string, string>) => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [...flags, server], {
    cwd: root,
    env: { PATH, HOME, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const streams = [child.stdout, child.stderr]
  const port = await new Promise<string>((resolve, reject) => {
    let said = ''
    const hear = (data: Buffer) => {
      said += data.toString()
      const [, port] = /"port":(\d+).*"msg":"ready"/.exec(said) ?? []
      if (port) resolve(port)
    }
    for (const stream of streams) stream.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the add-on ended with ${code}: ${said}`)))
  })
  // What it says from here on is let go by.
  for (const stream of streams) stream.removeAllListeners('data').resume()
  return {
    origin: `http://127.0.0.1:${port}`,
    kill: () => kill(child),
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
