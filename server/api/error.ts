/** Errors of deltatape as APIs put them; the shape of OpenAI's APIs, which most others understand, too. */
import { type DeltatapeError, edgesOf } from '../base/errors.ts'
import { type JsonObject, isObject, parseJson } from '../base/json.ts'
import type { Api, Asked, Refused, Trouble } from './api.ts'
import { RefusedError } from './ending.ts'
import { parseSseRecord } from './framing/sse.ts'
import { type Headers, headerOf } from './headers.ts'
import type { AnswerRecord } from './record.ts'

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

/** What an error of deltatape is to the client of an API. */
export const troubleOf = (cause: DeltatapeError, { missStatus }: Pick<Api, 'missStatus'>): Trouble => ({
  status: (cause.code === 'fixture_miss' ? missStatus : undefined) ?? edgesOf(cause.code).http ?? 500,
  message: cause.message,
  code: cause.code,
})

/** A refusal as the API puts it, with how long its client is to wait, if that is said. */
export function refusedBy(api: Pick<Api, 'refused'>, trouble: Trouble, call?: Asked): Required<Refused> {
  const { status = trouble.status, headers = [], body } = api.refused(trouble, call)
  const wait: Headers = trouble.retryAfter === undefined ? [] : [['retry-after', String(trouble.retryAfter)]]
  return { status, headers: [...headers, ...wait], body }
}

/** Statuses at which promptfoo gives up a whole eval, and counts it as passed. */
const GIVEN_UP: ReadonlySet<number> = new Set([401, 403, 404, 501])

/** The status with which an error of deltatape fails whoever asks. */
const failingStatus = (status: number, call: Asked | undefined): number =>
  GIVEN_UP.has(status) && headerOf(call?.headers ?? [], 'x-promptfoo-version') !== undefined ? 400 : status

/** An error in place of an answer: as the API would put it; a refusal of the API keeps its own words. */
export function refusalOf(cause: DeltatapeError, api: Api, call?: Asked): Refused & { readonly status: number } {
  const refusal = cause instanceof RefusedError ? cause.refusal : undefined
  const sent = refusal && parseJson(refusal.body)
  if (refusal && isObject(sent)) return { status: refusal.status, body: sent }
  const own = troubleOf(cause, api)
  const trouble = { ...own, status: refusal?.status ?? failingStatus(own.status, call) }
  return { status: trouble.status, ...api.refused(trouble, call) }
}

/** `{ message, type, param, code }` */
export const errorOf = ({ status, message, code }: Trouble): JsonObject => ({
  message,
  type: code === 'fault' ? code : status < 500 ? 'invalid_request_error' : 'server_error',
  param: null,
  code,
})

/** `{ "error": { … } }` */
export const inError = (trouble: Trouble): Refused => ({ body: { error: errorOf(trouble) } })

/** A server-sent event that holds an object. */
export const sseEvent = (body: JsonObject, name?: string, eol = '\n'): AnswerRecord =>
  parseSseRecord(`${name === undefined ? '' : `event: ${name}${eol}`}data: ${JSON.stringify(body)}${eol}${eol}`, 0)

/** The content type of most streams. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8'
