// The house rules that no compiler knows, checked on the sources as text.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const sources = [
  ...globSync('src/**/*.ts', { cwd: root }),
  ...globSync('views/**/*.{ts,tsx}', { cwd: root }),
]
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The room a file lives in: `core`, `http`, `views`, or the file's own name at the top of `src`. */
const roomOf = (file: string) => {
  const [top, second = ''] = file.split('/')
  return top === 'views' ? 'views' : second
}

const imports = (file: string): string[] =>
  [...read(file).matchAll(/from '(\.[^']+)'/g)].map((match) =>
    relative(root, join(root, dirname(file), match[1]!)),
  )

const mayImport: Record<string, string[]> = {
  core: [],
  'wire.ts': ['core'],
  'config.ts': [],
  'log.ts': [],
  cobot: ['core', 'wire.ts'],
  salto: ['core', 'wire.ts'],
  db: ['core'],
  views: ['core'],
  connections: ['core', 'cobot', 'salto', 'db', 'config.ts', 'log.ts', 'manifest.json'],
  jobs: ['core', 'cobot', 'salto', 'db', 'connections', 'manifest.json'],
  http: ['core', 'cobot', 'salto', 'db', 'connections', 'views', 'manifest.json'],
  'app.ts': ['http', 'views', 'connections', 'cobot', 'salto', 'core', 'db', 'manifest.json'],
  'server.ts': ['app.ts', 'config.ts', 'core', 'db', 'jobs', 'connections', 'log.ts'],
}

test('imports point one way', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const room = roomOf(file)
    for (const target of imports(file)) {
      const other = target === 'manifest.json' ? target : roomOf(target)
      if (other !== room && !mayImport[room]?.includes(other)) wrong.push(`${file} → ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test('clock, chance, timers and the network come in through the ports alone', () => {
  const outside =
    /\bnew Date\(\)|\bDate\.now\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|(?<![.\w])fetch\(|\brandomBytes\b|\brandomUUID\b|Temporal\.Now\.(?!zonedDateTimeISO)/
  const wrong = sources
    .filter((file) => file !== 'src/server.ts')
    .flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => outside.test(line) && !/^\s*(\/\/|\*|\/\*\*)/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(wrong).toEqual([])
})

test('the environment is read in one place', () => {
  const readers = sources.filter((file) => read(file).includes('process.env'))
  expect(readers).toEqual(['src/server.ts'])
})

test('nothing is `any`, and no complaint of the compiler is silenced', () => {
  const wrong = sources.filter((file) =>
    /(:|as|<)\s*any\b|@ts-ignore|@ts-expect-error|biome-ignore/.test(read(file)),
  )
  expect(wrong).toEqual([])
})

test('removals are called with a proof that only the fence can build', () => {
  const makers = sources.filter((file) => /as (Place|Tag|Group|User)Proof\b/.test(read(file)))
  expect(makers).toEqual(['src/core/fence.ts'])
})

test('writes to KS happen through the audited writes alone', () => {
  const writes =
    /\bks\.(create|update|set|assign|take|block|allow|give|join|leave|remove|add|delete)[A-Z]\w*\(/
  const wrong = sources.filter((file) => writes.test(read(file)))
  expect(wrong).toEqual([])
})

test('the README registers what the manifest says', () => {
  const readme = read('README.md')
  const { cobot, salto, paths, section, label } = JSON.parse(read('manifest.json'))
  for (const scopes of [cobot.installScopes, cobot.frameScopes, salto.scopes])
    expect(readme).toContain(`\`${scopes.join(' ')}\``)
  for (const path of Object.values(paths)) expect(readme).toContain(`\`PUBLIC_URL${path}\``)
  expect(readme).toContain(`label *${label}*, section \`${section}\``)
})
