// One JSON line per event. Secrets and people have no place in it: callers pass ids and names of
// calls, and whatever still looks like a credential is struck out.
import { pino } from 'pino'

export type Log = {
  info(facts: Record<string, unknown>, message: string): void
  warn(facts: Record<string, unknown>, message: string): void
  error(facts: Record<string, unknown>, message: string): void
}

const secrets = ['token', 'secret', 'password', 'authorization', 'cookie', 'code', 'email', 'name']

export const createLog = (level: string): Log =>
  pino({
    level,
    base: null,
    redact: { paths: secrets.flatMap((word) => [word, `*.${word}`, `*.*.${word}`]), remove: true },
    serializers: {
      // Only what we wrote ourselves: a library's error may carry the request it failed on.
      error: (error: unknown) =>
        error instanceof Error
          ? { kind: error.constructor.name, message: error.message }
          : 'unknown',
    },
  })
