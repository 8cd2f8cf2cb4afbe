// The only reader of the environment. All complaints at once, before anything starts.
import { z } from 'zod'

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .transform((text) => text.replace(/\/+$/, ''))
const seconds = (fallback: number) =>
  z.coerce.number({ error: 'must be a number of seconds' }).positive().default(fallback)
const required = z.string({ error: 'is missing' }).min(1, 'is empty')

const secretKeys = required.transform((text, context) =>
  text.split(',').map((entry) => {
    const [kid = '', base64 = ''] = entry.trim().split(':')
    const key = Uint8Array.from(Buffer.from(base64, 'base64'))
    const complain = (message: string) => context.addIssue({ code: 'custom', message })
    if (!kid || key.length !== 32)
      complain('must be kid:base64 of 32 bytes, several separated by commas')
    else if (!isRandom(key)) complain('must be random bytes, not words or a pattern')
    return { kid, key }
  }),
)

/** Chance gives 32 bytes that are text, or of so few kinds, less than once in 10^13. */
const isRandom = (key: Uint8Array): boolean =>
  new Set(key).size > 16 && key.some((byte) => byte < 32 || byte > 126)

const schema = z.object({
  PUBLIC_URL: url,
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z
    .string()
    .regex(/^(file:.+|postgres(ql)?:\/\/.+)$/, 'must begin with file: or postgres://')
    .default('file:data/salto.db'),
  SECRET_KEYS: secretKeys,
  COBOT_CLIENT_ID: required,
  COBOT_CLIENT_SECRET: required,
  COBOT_URL: url.default('https://www.cobot.me'),
  COBOT_SPACE_URL: z
    .string()
    .regex(/^https?:\/\/.*\{subdomain\}/, 'must be an address with {subdomain} in it')
    .transform((text) => text.replace(/\/+$/, ''))
    .default('https://{subdomain}.cobot.me'),
  COBOT_API_URL: url.default('https://api.cobot.me'),
  SALTO_CLIENT_ID: required,
  SALTO_CLIENT_SECRET: required,
  SALTO_API_URL: url.default('https://connect.my-clay.com'),
  SALTO_IDENTITY_URL: url.default('https://identity.eu.my-clay.com'),
  SALTO_APP_URL: url.default('https://app.saltoks.com'),
  ROLE: z.enum(['all', 'web', 'worker']).default('all'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  COBOT_SWEEP_SECONDS: seconds(300),
  KS_SWEEP_SECONDS: seconds(840),
  LEASE_SECONDS: seconds(60),
  SETTLE_SECONDS: seconds(30),
})

export type Config = ReturnType<typeof readConfig>

export class BadSettings extends Error {}

/** Reads all settings, or throws one `BadSettings` that lists everything wrong; values are not shown. */
export const readConfig = (env: Record<string, string | undefined>) => {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const read = schema.safeParse(set)
  if (!read.success) {
    const lines = read.error.issues.map((issue) => `  ${String(issue.path[0])}: ${issue.message}`)
    throw new BadSettings(`These settings need a look:\n${[...new Set(lines)].sort().join('\n')}`)
  }
  const e = read.data
  return {
    publicUrl: e.PUBLIC_URL,
    port: e.PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    secretKeys: e.SECRET_KEYS,
    cobot: {
      clientId: e.COBOT_CLIENT_ID,
      clientSecret: e.COBOT_CLIENT_SECRET,
      cobotUrl: e.COBOT_URL,
      spaceUrl: e.COBOT_SPACE_URL,
      apiUrl: e.COBOT_API_URL,
    },
    salto: {
      clientId: e.SALTO_CLIENT_ID,
      clientSecret: e.SALTO_CLIENT_SECRET,
      apiUrl: e.SALTO_API_URL,
      identityUrl: e.SALTO_IDENTITY_URL,
      appUrl: e.SALTO_APP_URL,
    },
    role: e.ROLE,
    logLevel: e.LOG_LEVEL,
    cobotSweepMs: e.COBOT_SWEEP_SECONDS * 1000,
    ksSweepMs: e.KS_SWEEP_SECONDS * 1000,
    leaseMs: e.LEASE_SECONDS * 1000,
    settleMs: e.SETTLE_SECONDS * 1000,
  }
}
