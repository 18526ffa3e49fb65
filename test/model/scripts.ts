/** What the API sends to a model that is tested: whole answers, bodies of every kind, failures; and what is said of each. */
import type { Head } from '../../server/api/api.ts'
import type { Call } from '../../server/api/call.ts'
import type { Failure } from '../../server/api/ending.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { callOf } from '../kit/calls.ts'
import { inChunks } from '../kit/corpus.ts'
import { type Answer, type Step, sse } from '../kit/standin.ts'

type Json = Readonly<Record<string, unknown>>

export const ASK = { model: 'gpt-4.1-mini', input: 'Say hi' }

export const text = compose('contract').text(words('Hello, 世界! 👋🏽')).completed()
export const partial = compose('contract').text(words('The sea was calm')).cut().events

/** More than fits into a batch, and more than is kept in memory of a fixture. */
export const large = compose('large')
  .text(Array.from({ length: 120 }, (_, index) => `${index}${'x'.repeat(5000)}`))
  .completed()

/** Streams that end as the API ends them. */
export const ENDED: Readonly<Record<string, readonly Json[]>> = {
  'a text': text,
  'an incomplete answer': compose('contract').text(['The']).incomplete('max_output_tokens'),
  'a failed response': compose('contract').text(['The']).cut().failed('server_error', 'It broke.'),
  'an error event and the failed response that follows it': compose('contract').error('server_error', 'It broke.'),
  'a terminal event alone': [{ type: 'response.completed', response: { id: 'resp_x', status: 'completed' } }],
  'an end of another type': [...partial, { type: 'response.done', response: { id: 'resp_x', status: 'completed' } }],
  'events without sequence numbers, of unknown types': [
    { type: 'response.apply_patch_call_operation_diff.delta', delta: 'x' },
    { type: 'keepalive' },
    { type: 'response.completed', response: {} },
  ],
}

/** A body to the byte, and the head that comes before it. */
export interface Script {
  readonly status?: number
  readonly type: string
  readonly body: string | Uint8Array
  readonly framing: Head['framing']
  /** The path of a call that is none of the Responses API's. */
  readonly path?: string
}

const stream = { type: 'text/event-stream; charset=utf-8', framing: 'sse' } as const
const whole = text.map(sse).join('')
const response = { id: 'resp_1', object: 'response', status: 'completed', output: [], text: 'é 👋🏽 世界' }

export const BODIES: Readonly<Record<string, Script>> = {
  'a stream': { ...stream, body: whole },
  'lines that end with CR LF, comments and [DONE]': {
    ...stream,
    body: `: keep-alive\r\n\r\n:\r\n${whole.replaceAll('\n', '\r\n')}: ping\r\n\r\ndata: [DONE]\r\n\r\n`,
  },
  'lines that end with CR': { ...stream, body: whole.replaceAll('\n', '\r') },
  'everything that the standard allows': {
    ...stream,
    body:
      `\u{FEFF}\n\nretry: 10\nid: 7\n\nevent: response.created\nid\ndata: {"type":\ndata:"response.created",\n` +
      `data: "n" : 1.0 }\nunknown: x\n\n:no blank\ndata\n\nevent: nothing\n\n` +
      `data:{ "type" : "response.output_text.delta", "delta":"\\u00e9\u2028\\/","n":9007199254740993 }   \n\n${whole}\n\n`,
  },
  'a last event without its blank line': { ...stream, body: whole.slice(0, -1) },
  'bytes that are no UTF-8': {
    ...stream,
    body: Buffer.concat([Buffer.from(': \u00ff caf', 'latin1'), Buffer.of(0xe9), Buffer.from(`\n\n${whole}`)]),
  },
  'a stream that says that it is plain text': { type: 'text/plain', framing: 'sse', body: `\n${whole}` },
  'JSON laid out for people, kept waiting by white space': {
    type: 'application/json',
    framing: 'json',
    body: `\n         \n${JSON.stringify(response, null, 2)}\n`,
  },
  'JSON that could be written otherwise': {
    type: 'application/json; charset=utf-8',
    framing: 'json',
    body: '{ "object":"response",\t"n" : 1.0,"\\u0061":"\\/", "n":9007199254740993, "status":"completed" }\r\n',
  },
  'an HTTP error': {
    status: 429,
    type: 'application/json',
    framing: 'json',
    body: '{\n "error": {"message": "Slow down", "code": "rate_limit_exceeded"}\n}',
  },
  'an HTTP error that is no JSON': { status: 502, type: 'text/html', framing: 'text', body: '<h1>Bad gateway</h1>\n' },
  'an HTTP error that says that it is a stream': {
    status: 503,
    type: 'text/event-stream',
    framing: 'json',
    body: '{"error":{"message":"Overloaded"}}',
  },
  'an HTTP error without a body': { status: 504, type: 'text/plain', framing: 'text', body: '' },
  'bytes of another API': {
    type: 'audio/mpeg',
    framing: 'text',
    path: '/v1/audio/speech',
    body: Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 167) % 256)),
  },
  'text of another API': {
    type: 'text/plain; charset=utf-8',
    framing: 'text',
    path: '/v1/audio/transcriptions',
    body: 'Zeile é\r\n世界 👋🏽\n',
  },
  'nothing from another API': { type: 'application/json', framing: 'json', path: '/v1/other', body: '' },
}

/** A body as it is sent, in pieces that end anywhere, each one for itself. */
export function answerWith({ status = 200, type, body }: Script, seed: string): Answer {
  const pieces = inChunks(Buffer.from(body), seed, 600).map((step): Step => {
    return typeof step === 'object' && 'raw' in step ? { raw: step.raw, after: 1 } : step
  })
  return { status, headers: { 'content-type': type, 'x-request-id': 'req_1' }, steps: pieces }
}

/** The call that is answered so. What comes in one piece is asked for without a stream. */
export function callFor(input: string): Call {
  const { framing = 'sse', path } = BODIES[input] ?? {}
  return callOf(
    { ...ASK, input, ...(framing === 'sse' ? {} : { stream: undefined }) },
    path === undefined ? {} : { path },
  )
}

/** An answer that fails, the failure, and how many events come before it. */
export interface Failing {
  readonly answer: Answer
  readonly failure: Failure
  readonly events?: number
  /** The whole body that comes. */
  readonly body?: string
}

const begun = partial.map(sse).join('')
const page = '<!doctype html>\n<p>Please log in</p>'

export const FAILED: Readonly<Record<string, Failing>> = {
  'a connection that breaks before the head': {
    answer: { instead: 'reset' },
    failure: { end: 'unreachable', why: 'UND_ERR_SOCKET' },
  },
  'a connection that breaks after the head': {
    answer: { steps: ['reset'] },
    failure: { end: 'reset', why: 'ECONNRESET' },
    body: '',
  },
  'a connection that breaks in the middle': {
    answer: { steps: [...steps(partial), { raw: 'event: resp' }, 'reset'] },
    failure: { end: 'reset', why: 'ECONNRESET' },
    events: partial.length,
    body: `${begun}event: resp`,
  },
  'a connection that breaks in the body of an HTTP error': {
    answer: { status: 500, steps: [{ raw: '{"error":' }, 'reset'], headers: { 'content-type': 'application/json' } },
    failure: { end: 'reset', why: 'ECONNRESET' },
    body: '{"error":',
  },
  'a body that ends too early': {
    answer: { steps: steps(partial) },
    failure: { end: 'truncated' },
    events: partial.length,
    body: begun,
  },
  'a body that ends in an event': {
    answer: { steps: [...steps(partial), { raw: 'data: {"type":"resp' }] },
    failure: { end: 'truncated' },
    events: partial.length,
    body: `${begun}data: {"type":"resp`,
  },
  'a body that is empty': { answer: { steps: [] }, failure: { end: 'truncated' }, body: '' },
  '[DONE] without a terminal event': {
    answer: { steps: [...steps(partial), { raw: 'data: [DONE]\n\n' }] },
    failure: { end: 'truncated' },
    events: partial.length,
    body: `${begun}data: [DONE]\n\n`,
  },
  'a line that is no JSON, and all that follows it': {
    answer: { steps: [...steps(partial), { raw: 'data: {"type":\n\n' }, ...steps(text)] },
    failure: { end: 'malformed', why: '{"type":' },
    events: partial.length + text.length,
    body: `${begun}data: {"type":\n\n${whole}`,
  },
  'a page instead of an answer': {
    answer: { headers: { 'content-type': 'text/html' }, body: page },
    failure: { end: 'malformed', why: page },
    body: page,
  },
  'JSON that is cut off': {
    answer: { body: '{"id":"resp_1","output":[' },
    failure: { end: 'truncated' },
    body: '{"id":"resp_1","output":[',
  },
}
