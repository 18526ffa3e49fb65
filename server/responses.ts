/**
 * OpenAI's own protocol: the events of one answer → what the Responses API would send for them, as server-sent events,
 * as JSON, and over a WebSocket. Pure.
 */
import { DeltatapeError, edgesOf } from './errors.ts'
import { flawOf, isObject, memberSpan, memberText, parseJson, type JsonObject, type JsonValue } from './json.ts'
import { ModelError, isTerminal, type ModelEvent } from './model/model.ts'
import { remember } from './remember.ts'
import type { Dialect, Turn } from './turn.ts'

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

const bytes = new TextEncoder()

/** Events as server-sent events, in UTF-8. */
export const encodeEvents = remember((batch: readonly ModelEvent[]): Uint8Array<ArrayBuffer> =>
  bytes.encode(batch.map(encodeEvent).join('')),
)

function encodeEvent({ type, name, body, text }: ModelEvent): string {
  const named = (body.type === type || name === type) && !/[\r\n]/.test(type)
  return named ? `event: ${type}\ndata: ${text}\n\n` : `data: ${text}\n\n`
}

/** How a stream that has begun is ended for an error: by what is sent still, and by a clean end or a broken connection. */
export interface StreamEnd {
  readonly text: string
  readonly broken: boolean
}

/** Ends a stream as the API's own ended: cut off, broken, or with the very text that is no event. */
export function endStream(cause: DeltatapeError): StreamEnd {
  if (cause.code === 'dropped') return { text: '', broken: true }
  const failure = cause instanceof ModelError ? cause.failure : undefined
  switch (failure?.end) {
    case 'truncated':
      return { text: '', broken: false }
    case 'reset':
    case 'stalled':
      return { text: '', broken: true }
    case 'malformed':
      return {
        text: `${failure.text
          .split(/\r\n|\r|\n/)
          .map((line) => `data: ${line}\n`)
          .join('')}\n`,
        broken: false,
      }
    default:
      return {
        text: `event: error\ndata: ${JSON.stringify({ type: 'error', ...apiErrorOf(cause) })}\n\n`,
        broken: false,
      }
  }
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

/** The error that events tell of, for the log. */
export function failureIn(batch: readonly ModelEvent[], redact: (text: string) => string): Turn['error'] {
  for (const { type, body } of batch) {
    const failed = type === 'response.failed'
    if (!failed && type !== 'error') continue
    const error = (failed ? isObject(body.response) && body.response.error : body.error) || body
    const message = isObject(error) && typeof error.message === 'string' ? redact(error.message) : ''
    return { code: failed ? 'upstream_failed' : 'upstream_error', message }
  }
  return undefined
}

export interface ResponsesOptions {
  /** What passes before a text of the API is told otherwise than as an event. */
  readonly redact: (text: string) => string
}

/** Speaks as the API does in its WebSocket mode: `response.create` in, events out. */
export const responses = ({ redact }: ResponsesOptions): Dialect => ({
  read(text) {
    try {
      if (text === undefined)
        throw new DeltatapeError('invalid_json', 'This message is binary. Send JSON as a text message.')
      const { type, stream_id: streamId, ...body } = parseBody(text)
      const turn = createTurn(typeof streamId === 'string' ? streamId : undefined, redact)
      if (type === 'response.create') return { kind: 'request', body, ignored: [], turn }
      const error = new DeltatapeError(
        'invalid_input',
        `The type of this message is ${JSON.stringify(type) ?? 'missing'}. Send {"type":"response.create", …}.`,
      )
      return { kind: 'refused', error, messages: turn.fail(error) }
    } catch (error) {
      if (!(error instanceof DeltatapeError)) throw error
      return { kind: 'refused', error, messages: [complain(error)] }
    }
  },
  complain,
})

const complain = (error: DeltatapeError): string => JSON.stringify({ type: 'error', ...apiErrorOf(error) })

/** Puts a member before the others of an object, whose very text stays. */
const withMember = (text: string, name: string, value: string): string => {
  const rest = text.slice(text.indexOf('{') + 1)
  return `{${JSON.stringify(name)}:${JSON.stringify(value)}${/^\s*\}/.test(rest) ? '' : ','}${rest}`
}

/** Events as messages, and what they say of the turn. */
const encodeMessages = remember((batch: readonly ModelEvent[]) => ({
  ends: batch.some(isTerminal),
  // A WebSocket has no `event:` line that could name what has no type.
  texts: Object.freeze(
    batch.map(({ type, body, text }) =>
      typeof body.type === 'string' || type === '' ? text : withMember(text, 'type', type),
    ),
  ),
}))

/** One turn over a WebSocket. A client that runs several lanes gives a `stream_id`, which every message then carries. */
function createTurn(streamId: string | undefined, redact: (text: string) => string): Turn {
  let ended = false
  let failure: Turn['error']
  const tagged = (text: string) => (streamId === undefined ? text : withMember(text, 'stream_id', streamId))
  return {
    get ended() {
      return ended
    },
    get error() {
      return failure
    },
    push(batch) {
      failure ??= failureIn(batch, redact)
      const { ends, texts } = encodeMessages(batch)
      ended ||= ends
      return streamId === undefined ? texts : texts.map(tagged)
    },
    fail(error) {
      if (ended) return []
      ended = true
      failure = error
      return [tagged(complain(error))]
    },
  }
}
