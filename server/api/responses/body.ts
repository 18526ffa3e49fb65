/** The JSON bodies of the Responses API: requests, whole answers, errors. */
import { DeltatapeError, edgesOf } from '../../base/errors.ts'
import { memberSpan, memberText } from '../../base/json-text.ts'
import { type JsonObject, type JsonValue, flawOf, isObject, parseJson } from '../../base/json.ts'
import { ModelError } from '../ending.ts'
import type { ModelEvent } from '../event.ts'
import { isTerminal } from './events.ts'

/** An error in the shape of the API's: a status, and `{ message, type, param, code }`. */
export interface ApiError {
  readonly status: number
  readonly error: JsonObject
}

/** An error of deltatape, or of the API where it refused a request, as the API would put it. */
export function apiErrorOf(cause: DeltatapeError): ApiError {
  const refusal = cause instanceof ModelError && cause.failure.end === 'refused' ? cause.failure : undefined
  const status = refusal?.status ?? edgesOf(cause.code).http ?? 500
  const sent = refusal && parseJson(refusal.body)
  if (isObject(sent) && isObject(sent.error)) return { status, error: sent.error }
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return { status, error: { message: cause.message, type, param: null, code: cause.code } }
}

/**
 * A body of `POST /v1/responses`, or of a `response.create`.
 *
 * @throws DeltatapeError `invalid_json` or `invalid_input`
 */
export function parseBody(text: string): JsonObject {
  const body = parseJson(text)
  if (body === undefined) throw new DeltatapeError('invalid_json', 'The body is no JSON.')
  if (!isObject(body)) throw new DeltatapeError('invalid_input', 'The body is JSON, but no object.')
  const flaw = flawOf(body)
  if (flaw) throw new DeltatapeError('invalid_input', `The body ${flaw}.`)
  return body
}

/** Gathers the answer to a request that was not to be streamed. */
export interface Gathered {
  push(batch: readonly ModelEvent[]): void
  /** The response that the terminal event carries, as JSON text; or the error that came in its place. */
  result(): { readonly status: number; readonly text: string }
}

export function gather(): Gathered {
  const items = new Map<number, string>()
  let last: ModelEvent | undefined
  return {
    push(batch) {
      for (const event of batch) {
        if (isTerminal(event) && (!last || tellsMore(event, last))) last = event
        if (event.type !== 'response.output_item.done') continue
        const { output_index: index } = event.body
        items.set(typeof index === 'number' ? index : items.size, memberText(event.text, 'item') ?? 'null')
      }
    },
    result() {
      const { type, text = '{}', body = {} } = last ?? {}
      if (type === 'error' || (type === 'response.failed' && !isObject(body.response))) {
        return errorResult(isObject(body.error) ? body.error : body)
      }
      const response = memberText(text, 'response') ?? '{}'
      const output = isObject(body.response) ? body.response.output : undefined
      if (items.size === 0 || (Array.isArray(output) && output.length > 0)) return { status: 200, text: response }
      const inOrder = [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item)
      return { status: 200, text: withOutput(response, `[${inOrder.join(',')}]`) }
    },
  }
}

/** Some gateways stream the items and then leave them out of the response. All else keeps its very text. */
function withOutput(response: string, output: string): string {
  const span = memberSpan(response, 'output')
  if (span) return response.slice(0, span[0]) + output + response.slice(span[1])
  const open = response.slice(0, response.lastIndexOf('}'))
  return `${open}${/\{\s*$/.test(open) ? '' : ','}"output":${output}}`
}

/** The statuses with which the API refuses what it would otherwise have told in an `error` event. */
const STATUS_OF: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  invalid_prompt: 400,
  context_length_exceeded: 400,
  invalid_request_error: 400,
}

/** Types of events, where an event holds no error with a type of its own. */
const OWN_TYPES = new Set<JsonValue>(['error', 'response.failed'])

/** The first end counts, but for the response that follows an error. */
const tellsMore = ({ type, body }: ModelEvent, last: ModelEvent): boolean =>
  last.type === 'error' && type === 'response.failed' && isObject(body.response)

function errorResult({ message = '', type = 'server_error', param = null, code = null }: JsonObject) {
  const status = STATUS_OF[String(code)] ?? STATUS_OF[String(type)] ?? 500
  const error = { message, type: OWN_TYPES.has(type) ? 'server_error' : type, param, code }
  return { status, text: JSON.stringify({ error }) }
}
