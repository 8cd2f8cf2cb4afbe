// The thirty planted bugs fit the sources of today; `planted.test.ts` has the rigs find them.
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/addon.ts'
import { bugs } from './bugs.ts'
import { plant, planted } from './plant.ts'

test('there are thirty, each with a number of its own', () => {
  const ids = Array.from({ length: 30 }, (_, index) => `M${String(index + 1).padStart(2, '0')}`)
  expect(bugs.map(({ id }) => id)).toEqual(ids)
})

test.each(bugs)('$id fits exactly one place of $file, which can still be read', (bug) => {
  const source = readFileSync(join(root, bug.file), 'utf8')
  const changed = plant(bug, source)
  expect(changed).not.toBe(source)
  expect(() => stripTypeScriptTypes(changed)).not.toThrow()
})

test('a bug that fits nowhere, or in two places, says so', () => {
  const [bug] = bugs
  if (!bug) throw new Error('no bugs')
  expect(() => plant(bug, 'nothing of the kind')).toThrow('M01 fits src/http/webhooks.ts nowhere')
  expect(() => plant(bug, bug.find + bug.find)).toThrow('more than once')
  expect(() => planted('M31')).toThrow('no bug M31')
})
