// What the long-running rigs found, kept between runs as `test/.artifacts/results/<rig>.json`.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const resultsFolder =
  process.env.RESULTS ?? new URL('../.artifacts/results', import.meta.url).pathname

/** Puts parts of a rig's results beside those that are there: its tests may run apart. */
export const saveResults = (rig: string, parts: object, folder = resultsFolder): void => {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${rig}.json`)
  const before = readResults(rig, folder)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify({ ...before, ...parts }, null, 2)}\n`)
  renameSync(draft, file)
}

export const readResults = <R extends object>(rig: string, folder = resultsFolder): R | null => {
  const file = join(folder, `${rig}.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}
