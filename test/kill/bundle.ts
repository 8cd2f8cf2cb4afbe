// The add-on as one file of plain JavaScript: a process of it is up in a quarter of the time.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../support/addon.ts'

const requireTsx = createRequire(createRequire(import.meta.url).resolve('tsx'))
const { build } = requireTsx('esbuild') as typeof import('esbuild')

/** Builds into a folder that lies as `dist` does, so that the add-on finds what it reads. */
export const bundleAddon = async (): Promise<string> => {
  const folder = join(root, 'test/.artifacts/kill')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'app'), { recursive: true })
  symlinkSync(join(root, 'drizzle'), join(folder, 'drizzle'))
  symlinkSync(join(root, 'static'), join(folder, 'app/static'))
  const outfile = join(folder, 'app/dist/src/server.js')
  const forCommonJs = "import { createRequire as forCommonJs } from 'node:module'"
  await build({
    entryPoints: [join(root, 'src/server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3', 'pg-native', 'pino'],
    banner: { js: `${forCommonJs}\nconst require = forCommonJs(import.meta.url)` },
    logLevel: 'error',
  })
  return outfile
}
