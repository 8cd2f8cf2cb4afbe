// The add-on as a process of its own, as in production, and patience for what it does.
import { type ChildProcess, spawn } from 'node:child_process'

export const root = new URL('../..', import.meta.url).pathname
export const addonCommand = ['--import', 'tsx', 'src/server.ts']

export const startAddon = async (env: Record<string, string>): Promise<ChildProcess> => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, addonCommand, {
    cwd: root,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const hear = (data: Buffer) => {
      said += data.toString()
      if (said.includes('"msg":"ready"')) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => reject(new Error(`the add-on ended with ${code}: ${said}`)))
  })
  return child
}

export const kill = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })

/** Asks again and again until it is so; the real world needs a moment. */
export const until = async <T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> => {
  const deadline = Date.now() + 25_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
