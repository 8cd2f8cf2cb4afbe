// One JSON line per event. Secrets and people have no place in it: callers pass ids and names of
// calls, and whatever still looks like a credential is struck out.
import { type DestinationStream, pino } from 'pino'

export type Log = {
  info(facts: Record<string, unknown>, message: string): void
  warn(facts: Record<string, unknown>, message: string): void
  error(facts: Record<string, unknown>, message: string): void
}

const secrets = ['token', 'secret', 'password', 'authorization', 'cookie', 'code', 'email', 'name']

export const createLog = (level: string, to?: DestinationStream): Log => {
  const paths = secrets.flatMap((word) => [word, `*.${word}`, `*.*.${word}`])
  const error = (error: unknown) => (error instanceof Error ? factsOf(error) : 'unknown')
  const how = { level, base: null, redact: { paths, remove: true }, serializers: { error } }
  return to ? pino(how, to) : pino(how)
}

/** Their messages are ours and name calls and ids. */
const ours = ['Unavailable', 'RetryLater', 'ReconnectNeeded', 'Refused', 'Rejected', 'LeaseLost']

/** Of a library's error only kind, code and place: its message may carry what it failed on. */
const factsOf = (error: Error) => {
  const { name } = error.constructor
  if (ours.includes(name)) return { kind: name, message: error.message }
  const { code } = (error.cause ?? error) as { code?: unknown }
  const lines = error.stack?.replace(error.message, '').split('\n') ?? []
  const at = lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
  const kind = /^\w{1,40}$/.test(String(code ?? '')) ? `${name} ${code}` : name
  return { kind, ...(name === 'Error' && { message: error.message }), at: at.slice(0, 4) }
}
