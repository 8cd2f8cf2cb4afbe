import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { BadSettings, readConfig } from '../src/config.ts'
import { testEnv } from './support/world.ts'

test('settings have defaults where DESIGN says so', () => {
  const config = readConfig(testEnv())
  expect(config).toMatchObject({
    port: 3000,
    host: '127.0.0.1',
    databaseUrl: 'file:data/salto.db',
    role: 'all',
    cobotSweepMs: 300_000,
    ksSweepMs: 840_000,
    leaseMs: 60_000,
    settleMs: 30_000,
  })
})

test('everything that is missing or malformed is said at once, and no value is shown', () => {
  const complaint = () =>
    readConfig({
      PUBLIC_URL: 'ftp://secret-host.example',
      PORT: 'many',
      SECRET_KEYS: 'k1:c2hvcnQ=',
      COBOT_CLIENT_ID: 'id',
      COBOT_SPACE_URL: 'https://no-placeholder.example',
      DATABASE_URL: 'mysql://secret',
    })
  expect(complaint).toThrow(BadSettings)
  let message = ''
  try {
    complaint()
  } catch (error) {
    message = error instanceof Error ? error.message : ''
  }
  for (const name of [
    'PUBLIC_URL',
    'PORT',
    'SECRET_KEYS',
    'COBOT_CLIENT_SECRET',
    'COBOT_SPACE_URL',
    'DATABASE_URL',
    'SALTO_CLIENT_ID',
    'SALTO_CLIENT_SECRET',
  ])
    expect(message).toContain(name)
  expect(message).not.toMatch(/secret-host|mysql|c2hvcnQ/)
  expect(message).not.toContain('COBOT_CLIENT_ID:')
})

test('an empty value counts as missing, and a trailing slash does not matter', () => {
  expect(() => readConfig(testEnv({ SALTO_CLIENT_ID: '' }))).toThrow('SALTO_CLIENT_ID')
  expect(readConfig(testEnv({ PUBLIC_URL: 'https://salto.example/' })).publicUrl).toBe(
    'https://salto.example',
  )
})

test('several secret keys are read in order', () => {
  const key = (word: string) => createHash('sha256').update(word).digest('base64')
  const { secretKeys } = readConfig(testEnv({ SECRET_KEYS: `new:${key('n')}, old:${key('o')}` }))
  expect(secretKeys.map(({ kid }) => kid)).toEqual(['new', 'old'])
})

test.each([
  ['zeros', Buffer.alloc(32)],
  ['a pattern', Buffer.alloc(32, 'abcdef\xff')],
  ['a phrase', Buffer.from('correct horse battery staple 123')],
  ['hex digits', Buffer.from('0123456789abcdef0123456789abcdef')],
  ['31 bytes', createHash('sha256').update('x').digest().subarray(1)],
])('T35 a key that is %s is refused at the start, and not shown', (_, bytes) => {
  const base64 = bytes.toString('base64')
  const complaint = () => readConfig(testEnv({ SECRET_KEYS: `k1:${base64}` }))
  expect(complaint).toThrow(/SECRET_KEYS: must be/)
  expect(complaint).not.toThrow(base64)
})
