// The table of threats names what is there, and what is installed is what was looked at.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** A test or a file, as our tables name them; all that is not there. */
const missing = (proof: string): string[] =>
  proof
    .replace(/ \|$/, '')
    .split(/; (?=`)/)
    .filter((each) => {
      const [, file = '', name = ''] = /^`([^`]+)`(?: › (.+))?$/.exec(each) ?? []
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(name)
    })

const text = readFileSync('test/security/README.md', 'utf8')
const rows = text
  .split('\n')
  .filter((line) => /^\| T\d/.test(line))
  .map((line) => {
    const [threat = '', control = ''] = line.split(' | ').map((cell) => cell.trim())
    return { number: Number(/T(\d+)/.exec(threat)?.[1]), threat, control }
  })

test('every threat has its row, and every row a control that exists', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 36 }, (_, n) => n + 1))
  for (const { threat, control } of rows) {
    const files = [...control.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? '')
    expect([threat, files.length > 0, files.filter((file) => !existsSync(file))]).toEqual([
      threat,
      true,
      [],
    ])
  }
})

test('every row of every table names tests that exist', () => {
  for (const line of text.split('\n').filter((each) => /^\| (?!---)/.test(each))) {
    const [row = '', ...cells] = line.replace(/ \|$/, '').split(' | ')
    const proof = cells.at(-1) ?? ''
    if (/^(proof|test)$/.test(proof)) continue
    expect([row, missing(proof)]).toEqual([row, []])
    expect([row, proof]).toEqual([row, expect.stringContaining(' › ')])
  }
})

test('every requirement of the standard that is listed stands there once, in order, with what shows it', () => {
  const lines = readFileSync('test/security/asvs.md', 'utf8').split('\n')
  const listed = lines
    .filter((line) => /^\| \d/.test(line))
    .map((line) => line.slice(2).split(' | '))
  const numbers = listed.map(([number = '']) => number)
  const inOrder = [...new Set(numbers)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  expect(numbers).toEqual(inOrder)
  expect(numbers.length).toBeGreaterThan(100)
  for (const [number, , , proof = ''] of listed)
    expect([number, missing(proof)]).toEqual([number, []])
})

test('what is decided otherwise is told, and nothing else', () => {
  const told = [...text.matchAll(/^- \*\*(T[^*]+)\*\*/gm)].flatMap(([, names]) =>
    names?.split(', '),
  )
  const marked = rows.filter(({ threat }) => threat.includes('⚠')).map(({ number }) => `T${number}`)
  expect(told.sort()).toEqual(marked.sort())
})

test('T33 dependencies are few, exact, locked by content, and run nothing when installed', () => {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
  const { dependencies, devDependencies, optionalDependencies } = read('package.json')
  expect(Object.keys(dependencies).length).toBeLessThanOrEqual(15)
  const versions = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies })
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([])
  const { packages } = read('package-lock.json')
  for (const [path, each] of Object.entries<Record<string, string>>(packages)) {
    if (!path || each.link) continue
    expect([path, each.integrity]).toEqual([path, expect.stringMatching(/^sha512-/)])
    // Without an address it comes from the registry.
    expect([path, each.resolved ?? 'https://registry.npmjs.org/']).toEqual([
      path,
      expect.stringMatching(/^https:\/\/registry\.npmjs\.org\//),
    ])
    // What the product runs with has nothing to run when it is installed, allowed or not.
    if (!each.dev) expect([path, each.hasInstallScript]).toEqual([path, undefined])
  }
  expect(readFileSync('.npmrc', 'utf8')).toContain('ignore-scripts=true')
})

test('T33 whatever runs with the product stands in the README with its reason, and nothing else does', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const [, after = ''] = readFileSync('README.md', 'utf8').split(
    '\nDependencies, and what each saves us: ',
  )
  const reasons = after.split('.\n\n')[0]?.split(/(?<=\)), /) ?? []
  const named = reasons.flatMap((each) =>
    [...each.matchAll(/\*([^*]+)\*/g)].map(([, name]) => name),
  )
  const ours = Object.keys({ ...dependencies, ...optionalDependencies })
  expect(named.sort()).toEqual(ours.sort())
  for (const each of reasons) expect(each).toMatch(/\*\s+\([^)]{4,}\)$/)
})
