import { expect, test } from 'vitest'
import { createCrypt, hashOf } from '../../src/db/crypt.ts'

const key = (kid: string, fill: number) => ({ kid, key: new Uint8Array(32).fill(fill) })

test('what was sealed opens again in its own place, and only there', async () => {
  const crypt = createCrypt([key('k1', 1)])
  const sealed = await crypt.seal('a token', 'cobot/access/space-1')
  expect(sealed).not.toContain('a token')
  expect(await crypt.open(sealed, 'cobot/access/space-1')).toBe('a token')
  await expect(crypt.open(sealed, 'cobot/access/space-2')).rejects.toThrow('moved')
})

test('keys rotate: the first seals, all open, an unknown one is refused', async () => {
  const old = await createCrypt([key('k1', 1)]).seal('a token', 'x')
  const both = createCrypt([key('k2', 2), key('k1', 1)])
  expect(await both.open(old, 'x')).toBe('a token')
  const fresh = await both.seal('a token', 'x')
  expect(await createCrypt([key('k2', 2)]).open(fresh, 'x')).toBe('a token')
  await expect(createCrypt([key('k2', 2)]).open(old, 'x')).rejects.toThrow('k1')
})

test('a tampered value is refused', async () => {
  const crypt = createCrypt([key('k1', 1)])
  const sealed = await crypt.seal('a token', 'x')
  const [head, iv, , text, tag] = sealed.split('.')
  const flipped = `${text?.[0] === 'A' ? 'B' : 'A'}${text?.slice(1)}`
  await expect(crypt.open([head, iv, '', flipped, tag].join('.'), 'x')).rejects.toThrow()
})

test('hashes are the same for the same secret and show nothing of it', () => {
  expect(hashOf('a')).toBe(hashOf('a'))
  expect(hashOf('a')).not.toBe(hashOf('b'))
})
