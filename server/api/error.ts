/** Errors of deltatape in the words of the API that was called. */
import { type DeltatapeError, edgesOf } from '../base/errors.ts'
import { type JsonObject, isObject, parseJson } from '../base/json.ts'
import type { Api, Told } from './api.ts'
import { RefusedError } from './ending.ts'

/** A status, and the body that goes with it. */
export interface ApiError {
  readonly status: number
  readonly body: JsonObject
}

/** What is told of an error of deltatape. */
export function toldOfError(cause: DeltatapeError): Told {
  const status = cause instanceof RefusedError ? cause.refusal.status : (edgesOf(cause.code).http ?? 500)
  return { status, message: cause.message, code: cause.code }
}

/** An error as the API would put it; a refusal of the API keeps its own words. */
export function errorOf(cause: DeltatapeError, api: Pick<Api, 'words'>): ApiError {
  const told = toldOfError(cause)
  const sent = cause instanceof RefusedError ? parseJson(cause.refusal.body) : undefined
  const isOwn = isObject(sent) && isObject(sent.error)
  return { status: told.status, body: isOwn ? sent : api.words(told) }
}

/** The shape of errors of OpenAI's APIs, which most others understand, too. */
export const openaiWords = ({ status, message, code }: Told): JsonObject => ({
  error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code },
})

/** The same as an event of a stream. */
export const openaiRecord = (told: Told): string =>
  `event: error\ndata: ${JSON.stringify({ type: 'error', status: told.status, ...openaiWords(told) })}\n\n`
