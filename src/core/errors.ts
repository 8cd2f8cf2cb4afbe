// Errors are named by what we do next. Messages name the call and the subject, never a token, a
// body, a person or an e-mail address.
import type { ProblemCode } from './problems.ts'

export type Side = 'cobot' | 'salto'

class OfSide extends Error {
  readonly side: Side
  constructor(side: Side, message: string) {
    super(message)
    this.side = side
  }
}

/** The other side is unreachable, slow or broken; asking again later helps. */
export class Unavailable extends OfSide {}

/** Our permission is no longer accepted; an admin must connect again. */
export class ReconnectNeeded extends OfSide {}

/** The other side, or our own budget, asks for a pause; costs no attempt. */
export class RetryLater extends Error {
  readonly afterMs: number
  /** Who asks for the pause; null when we do ourselves. */
  readonly side: Side | null
  /** We ask too often; else the other side is busy with itself. */
  readonly isTooMany: boolean
  constructor(message: string, afterMs: number, side: Side | null = null, isTooMany = false) {
    super(message)
    this.afterMs = afterMs
    this.side = side
    this.isTooMany = isTooMany
  }
}

/** The other side is plainly away: nothing is asked until somebody finds that it is back. */
export class Away extends RetryLater {
  constructor(side: Side, afterMs: number) {
    super(`${side} does not answer`, afterMs)
  }
}

/** The other side understood and said no; the same question gets the same answer. */
export class Refused extends OfSide {
  readonly status: number
  readonly code: string | null
  constructor(side: Side, status: number, code: string | null, message: string) {
    super(side, message)
    this.status = status
    this.code = code
  }
}

/** Asking again cannot help before its inputs change; shown as a problem. */
export class Rejected extends Error {
  readonly problem: ProblemCode
  readonly params: Record<string, string>
  constructor(problem: ProblemCode, params: Record<string, string>, message: string) {
    super(message)
    this.problem = problem
    this.params = params
  }
}
