// What a rig says about the bug that was planted: the first test that fails has found it.
import { writeFileSync } from 'node:fs'
import { afterEach } from 'vitest'
import { simulatedMs } from '../support/clock.ts'

export type Found = {
  /** What plays it again: a seed, or the name of a test. */
  seed: number | string
  /** All the simulated time up to there. */
  simulatedMs: number
  /** Nothing when it was not found. */
  says: string[]
}

export const found = (what: Found): void => {
  const { FOUND } = process.env
  if (FOUND) writeFileSync(FOUND, JSON.stringify(what))
}

afterEach(({ task }) => {
  const { state, errors } = task.result ?? {}
  if (state !== 'fail' || task.file.name.endsWith('hunt.ts')) return
  const says = errors?.map(({ message }) => message.slice(0, 2000)) ?? []
  const seed = [task.suite?.name, task.name].filter(Boolean).join(': ')
  found({ seed, simulatedMs: simulatedMs(), says })
})
