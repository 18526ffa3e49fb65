/** Errors as HTTP responses. */
import { ModelError } from '../../api/ending.ts'
import { apiErrorOf } from '../../api/responses/body.ts'
import { DeltatapeError, type ErrorCode } from '../../base/errors.ts'

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const BODILESS = new Set([204, 205, 304])

const MORE_HEADERS: Partial<Record<ErrorCode, Record<string, string>>> = {
  // What is left of the body is not read.
  too_large: { connection: 'close' },
  unauthorized: { 'www-authenticate': 'Bearer' },
  upgrade_required: { upgrade: 'websocket' },
}

/**
 * An error as a response: a refusal of the API as it was recorded, with the headers that clients act on; an error of
 * deltatape in the same shape, and not worth a retry.
 */
export function refuse(error: DeltatapeError): Response {
  if (error instanceof ModelError && error.failure.end === 'refused') {
    const { status, headers, body } = error.failure
    return new Response(BODILESS.has(status) ? null : body, { status, headers })
  }
  const { status, error: told } = apiErrorOf(error)
  return Response.json({ error: told }, { status, headers: { 'x-should-retry': 'false', ...MORE_HEADERS[error.code] } })
}
