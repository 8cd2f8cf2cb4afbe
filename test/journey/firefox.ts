// Firefox as Debian has it, with a fresh profile and its own ways with cookies, spoken to in WebDriver
// BiDi: only what a visit needs.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kill, until } from '../support/addon.ts'

type Answer = { id?: number; type: string; error?: string; message?: string; result?: unknown }
type Named = { role: string; name: string }

export const openFirefox = async (executablePath: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'salto-firefox-'))
  const child = spawn(
    executablePath,
    ['--headless', '--remote-debugging-port=0', '--profile', folder],
    { env: { ...process.env, HOME: folder }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString()
      const [, found] = said.match(/BiDi listening on (ws:\S+)\s/) ?? []
      if (found) resolve(found)
    })
    child.once('exit', () => reject(new Error(`Firefox ended: ${said}`)))
  })
  const socket = new WebSocket(`${address}/session`)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer: Answer = JSON.parse(data)
    if (answer.id) waiting.get(answer.id)?.(answer)
  })
  let sent = 0
  const send = <Result>(method: string, params: object) =>
    new Promise<Result>((resolve, reject) => {
      const id = ++sent
      waiting.set(id, ({ type, error, message, result }) =>
        type === 'success'
          ? resolve(result as Result)
          : reject(new Error(`${method}: ${error} ${message}`)),
      )
      socket.send(JSON.stringify({ id, method, params }))
    })

  type Context = { context: string; children: Context[] | null }
  const tree = () => send<{ contexts: Context[] }>('browsingContext.getTree', {})
  await send('session.new', { capabilities: {} })
  const [page] = (await tree()).contexts
  const context = page?.context ?? ''

  const goTo = (url: string) => send('browsingContext.navigate', { context, url, wait: 'complete' })
  /** Waits for this on the page, or in its frame. */
  const find = (where: 'page' | 'frame', named: Named) =>
    until(`${named.role} ${named.name} in Firefox`, async () => {
      const [top] = (await tree()).contexts
      const at = where === 'page' ? top : top?.children?.[0]
      if (!at) return null
      const [element] = await send<{ nodes: { sharedId: string }[] }>(
        'browsingContext.locateNodes',
        { context: at.context, locator: { type: 'accessibility', value: named } },
      ).then(
        ({ nodes }) => nodes,
        () => [],
      )
      return element && { element, context: at.context }
    })
  const click = async (where: 'page' | 'frame', named: Named) => {
    const found = await find(where, named)
    await send('script.callFunction', {
      functionDeclaration: '(element) => element.scrollIntoView({ block: "center" })',
      arguments: [found.element],
      target: { context: found.context },
      awaitPromise: false,
    })
    const origin = { type: 'element', element: found.element }
    const actions = [
      { type: 'pointerMove', x: 0, y: 0, origin },
      ...['pointerDown', 'pointerUp'].map((type) => ({ type, button: 0 })),
    ]
    await send('input.performActions', {
      context: found.context,
      actions: [{ type: 'pointer', id: 'mouse', actions }],
    })
  }
  const close = async () => {
    socket.close()
    await kill(child)
    rmSync(folder, { recursive: true, force: true })
  }
  return { goTo, find, click, close }
}
