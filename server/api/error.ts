/** Errors in the shape of OpenAI's APIs, which most others understand, too. */
import { type DeltatapeError, edgesOf } from '../base/errors.ts'
import { type JsonObject, isObject, parseJson } from '../base/json.ts'
import { RefusedError } from './ending.ts'

/** A status, and `{ message, type, param, code }`. */
export interface ApiError {
  readonly status: number
  readonly error: JsonObject
}

/** An error of deltatape as the API would put it; a refusal of the API keeps its own words. */
export function apiError(cause: DeltatapeError): ApiError {
  const refusal = cause instanceof RefusedError ? cause.refusal : undefined
  const status = refusal?.status ?? edgesOf(cause.code).http ?? 500
  const sent = refusal && parseJson(refusal.body)
  if (isObject(sent) && isObject(sent.error)) return { status, error: sent.error }
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return { status, error: { message: cause.message, type, param: null, code: cause.code } }
}
