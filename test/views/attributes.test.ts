// The compiler does not know the attributes of htmx: a misspelt one would silently do nothing, and one
// that evaluates text would be refused by the browser.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const allowed =
  /^hx-(get|post|put|patch|delete|vals|trigger|sync|include|indicator|disable|swap-oob)$/
const inheritable = /^hx-(target|swap|select)(:inherited)?$/
const perStatus = /^hx-status:(\d{3}|[45]xx)$/

const views = readdirSync('views').filter((name) => name.endsWith('.tsx'))

test.each(views)('%s uses only attributes that htmx knows and our policy allows', (name) => {
  const source = readFileSync(`views/${name}`, 'utf8')
  const used = [...source.matchAll(/(?<!<\/?)\bhx-[\w:-]+/g)].map(([attribute]) => attribute)
  const known = [allowed, inheritable, perStatus]
  expect(used.filter((each) => !known.some((pattern) => pattern.test(each)))).toEqual([])
  // Of a form with several fields, one that stays the same would swallow what another one asked.
  expect(source.match(/hx-trigger="[^"]*\bchanged\b/g)).toBeNull()
  expect(source.match(/hx-(vals|trigger)="(js:|[^"]*\[)/g)).toBeNull()
})
