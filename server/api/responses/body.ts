/** The JSON bodies of the Responses API: requests, and whole answers made of the events of a stream. */
import { DeltatapeError } from '../../base/errors.ts'
import { memberSpan, memberText } from '../../base/json-text.ts'
import { type JsonObject, type JsonValue, flawOf, isObject, memberOf, parseJson } from '../../base/json.ts'
import type { ModelEvent } from '../event.ts'
import { terminalOf } from './events.ts'

/** @throws DeltatapeError `unsupported_media_type` if a body is not said to be JSON: pages can send any other without asking */
export function checkType(type = ''): void {
  if (/^application\/json\s*(;|$)/i.test(type)) return
  throw new DeltatapeError(
    'unsupported_media_type',
    'The body has to be application/json, and the content-type has to say so.',
  )
}

/**
 * A body of `POST /v1/responses`, or of a `response.create`.
 *
 * @throws DeltatapeError `invalid_json` or `invalid_input`
 */
export function parseBody(text: string): JsonObject {
  const body = parseJson(text)
  if (body === undefined)
    throw new DeltatapeError('invalid_json', 'The body is not JSON. Send a JSON object, as the SDKs do.')
  if (!isObject(body))
    throw new DeltatapeError('invalid_input', 'The body is JSON, but not an object. Send an object, as the SDKs do.')
  const flaw = flawOf(body)
  if (flaw) throw new DeltatapeError('invalid_input', `The body ${flaw}.`)
  return body
}

/**
 * The JSON body that the API would have answered without `stream`: the response that ends the stream, or the error that
 * came in its place.
 */
export function answerInOne(events: readonly ModelEvent[]): { readonly status: number; readonly text: string } {
  const { type, text = '{}', body = {} } = lastWord(events) ?? {}
  if (type === 'error' || (type === 'response.failed' && !isObject(body.response))) {
    return errorResult(isObject(body.error) ? body.error : body)
  }
  const response = memberText(text, 'response') ?? '{}'
  const output = isObject(body.response) ? body.response.output : undefined
  const items = itemsOf(events)
  if (items.length === 0 || (Array.isArray(output) && output.length > 0)) return { status: 200, text: response }
  return { status: 200, text: withOutput(response, `[${items.join(',')}]`) }
}

/** The event that says how the answer ended; of an error and the failed response that follows it the latter. */
function lastWord(events: readonly ModelEvent[]): ModelEvent | undefined {
  const end = terminalOf(events)
  if (end?.type !== 'error') return end
  return (
    events.slice(events.indexOf(end)).find(({ type, body }) => type === 'response.failed' && isObject(body.response)) ??
    end
  )
}

/** The texts of the output items, in order. */
function itemsOf(events: readonly ModelEvent[]): string[] {
  const items = new Map<number, string>()
  for (const { type, body, text } of events) {
    if (type !== 'response.output_item.done') continue
    const { output_index: index } = body
    items.set(typeof index === 'number' ? index : items.size, memberText(text, 'item') ?? 'null')
  }
  return [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item)
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

/** Types of events: an event may hold no error with a type of its own. */
const OWN_TYPES = new Set<JsonValue>(['error', 'response.failed'])

function errorResult({ message = '', type = 'server_error', param = null, code = null }: JsonObject) {
  const status = memberOf(STATUS_OF, String(code)) ?? memberOf(STATUS_OF, String(type)) ?? 500
  const error = { message, type: OWN_TYPES.has(type) ? 'server_error' : type, param, code }
  return { status, text: JSON.stringify({ error }) }
}
