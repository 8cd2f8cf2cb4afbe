// What a rig found, kept for `npm run report`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = new URL('../.artifacts/results/', import.meta.url)

/** Adds to what is known of a rig from other parts of the same run. */
export const saveResult = (name: string, found: Record<string, unknown>): void => {
  mkdirSync(folder, { recursive: true })
  const file = new URL(`${name}.json`, folder)
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  writeFileSync(file, JSON.stringify({ ...before, ...found }, null, 2))
}
