// How the Connect API says no.

/** Answered as `{ ErrorCode, Message }` with the given status. */
export class KsError extends Error {
  readonly status: 400 | 403 | 404 | 415
  readonly code: string
  constructor(status: 400 | 403 | 404 | 415, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const malformed = (message: string) => new KsError(400, '1100', message)
export const invalid = (message: string) => new KsError(400, '1101', message)
export const invalidQuery = (message: string) => new KsError(400, '1102', message)
export const notFound = (what: string) => new KsError(404, '2202', `${what} not found`)
export const forbidden = (message: string) => new KsError(403, '2203', message)
