/** How APIs stream a text: the records of a whole answer, with the text in the given pieces. */
import type { Api } from '../../server/api/api.ts'
import type { Headers } from '../../server/api/headers.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { recordsOf } from './exchanges.ts'

type Json = Readonly<Record<string, unknown>>

/** Writes one object of an answer. */
export type Write = (object: Json) => string

export interface Shape {
  readonly api: Api
  readonly headers: Headers
  /** The bytes of the answer; a plain body comes in pieces. */
  readonly body: (pieces: readonly string[], write: Write) => string
  /** The size of the pieces in which the body comes, if not in one. */
  readonly chunk?: number
}

const SSE: Headers = [['content-type', 'text/event-stream']]
const JSON_BODY: Headers = [['content-type', 'application/json']]
const LINES: Headers = [['content-type', 'application/x-ndjson']]

const named = (write: Write) => (event: Json) => `event: ${String(event.type)}\ndata: ${write(event)}\n\n`
const unnamed = (write: Write) => (event: Json) => `data: ${write(event)}\n\n`

const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }

/** Events of the Responses API between those that begin and end an answer. */
const responses = (
  events: (pieces: readonly string[], text: string) => readonly Json[],
  output: (text: string) => Json = () => ({ type: 'other' }),
): Shape => ({
  api: apiNamed('responses'),
  headers: SSE,
  body: (pieces, write) => {
    const text = pieces.join('')
    const response = { id: 'resp_1', object: 'response', model: 'm', status: 'in_progress', output: [] }
    return [
      { type: 'response.created', response },
      ...events(pieces, text),
      { type: 'response.completed', response: { ...response, status: 'completed', output: [output(text)] } },
    ]
      .map((event, sequence_number) => named(write)({ ...event, sequence_number }))
      .join('')
  },
})

const deltas =
  (family: string, place: Json = at) =>
  (pieces: readonly string[]): Json[] =>
    pieces.map((delta) => ({ type: `response.${family}.delta`, ...place, delta }))

const other = (headers: Headers, body: Shape['body'], chunk?: number): Shape => ({
  api: apiNamed('any'),
  headers,
  body,
  ...(chunk === undefined ? {} : { chunk }),
})

const chunks = (choicesOf: (piece: string) => readonly Json[]) =>
  other(
    SSE,
    (pieces, write) =>
      [...pieces.map(choicesOf), [{ index: 0, delta: {}, finish_reason: 'stop' }]]
        .map((choices) => unnamed(write)({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'm', choices }))
        .join('') + 'data: [DONE]\n\n',
  )

const messages = (delta: (piece: string) => Json) =>
  other(SSE, (pieces, write) =>
    [
      { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [] } },
      ...pieces.map((piece) => ({ type: 'content_block_delta', index: 0, delta: delta(piece) })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_stop' },
    ]
      .map(named(write))
      .join(''),
  )

const parts = (piece: string): Json => ({
  candidates: [{ content: { parts: [{ text: piece }], role: 'model' }, index: 0 }],
  modelVersion: 'm',
})

const tokens = (pieces: readonly string[]) =>
  pieces.map((token) => ({ token, logprob: -0.1, bytes: [...Buffer.from(token)], top_logprobs: [] }))

export const SHAPES: Readonly<Record<string, Shape>> = {
  'text of the Responses API': responses(
    (pieces, text) => [...deltas('output_text')(pieces), { type: 'response.output_text.done', ...at, text }],
    (text) => ({ type: 'message', content: [{ type: 'output_text', text }] }),
  ),
  'arguments of a function': responses(
    (pieces, text) => [
      ...deltas('function_call_arguments')(pieces),
      { type: 'response.function_call_arguments.done', ...at, arguments: text },
    ],
    (text) => ({ type: 'function_call', name: 'f', call_id: 'call_1', arguments: text }),
  ),
  reasoning: responses(deltas('reasoning_summary_text', { item_id: 'rs_1', output_index: 0, summary_index: 0 })),
  'a text without a done event': responses(deltas('output_text')),
  'two texts in turn': responses((pieces) =>
    pieces.flatMap((delta) => [
      { type: 'response.output_text.delta', ...at, delta },
      { type: 'response.output_text.delta', ...at, item_id: 'msg_2', output_index: 1, delta: ' and so on' },
    ]),
  ),
  'parts of a summary, one after another': responses((pieces) =>
    pieces.map((delta, summary_index) => ({
      type: 'response.reasoning_summary_text.delta',
      item_id: 'rs_1',
      output_index: 0,
      summary_index,
      delta,
    })),
  ),
  'items whose id changes': responses((pieces) =>
    pieces.map((delta, index) => ({
      type: 'response.output_text.delta',
      item_id: `msg_${index}`,
      content_index: 0,
      delta,
    })),
  ),
  'the output of a shell': responses((pieces) =>
    pieces.map((stdout) => ({
      type: 'response.shell_call_output_content.delta',
      item_id: 'sh',
      output_index: 0,
      command_index: 0,
      delta: { stdout },
    })),
  ),
  'log probabilities of deltas': responses((pieces, text) => [
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: tokens([delta]) })),
    { type: 'response.output_text.done', ...at, text, logprobs: tokens(pieces) },
  ]),
  'log probabilities without deltas': responses((pieces, text) => [
    { type: 'response.output_text.done', ...at, text, logprobs: tokens(pieces) },
  ]),
  'log probabilities of the response alone': {
    ...responses(() => []),
    body: (pieces, write) =>
      named(write)({
        type: 'response.completed',
        response: {
          id: 'resp_1',
          status: 'completed',
          output: [
            { type: 'message', content: [{ type: 'output_text', text: pieces.join(''), logprobs: tokens(pieces) }] },
          ],
        },
      }),
  },
  'Chat Completions': chunks((content) => [{ index: 0, delta: { content }, finish_reason: null }]),
  'Chat Completions, two choices in turn': chunks((content) => [
    { index: 0, delta: { content } },
    { index: 1, delta: { content: 'Something else. ' } },
  ]),
  'Chat Completions, choices in records of their own': other(
    SSE,
    (pieces, write) =>
      pieces
        .flatMap((content) => [
          { object: 'chat.completion.chunk', choices: [{ index: 1, delta: { content: 'Something else. ' } }] },
          { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] },
        ])
        .map(unnamed(write))
        .join('') + 'data: [DONE]\n\n',
  ),
  'Chat Completions, reasoning': chunks((piece) => [{ index: 0, delta: { reasoning_content: piece } }]),
  'Chat Completions, arguments of two tools in turn': chunks((piece) => [
    {
      index: 0,
      delta: {
        tool_calls: [
          { index: 0, function: { arguments: '{"a":1}' } },
          { index: 1, function: { arguments: piece } },
        ],
      },
    },
  ]),
  'Chat Completions, log probabilities': chunks((piece) => [
    { index: 0, delta: {}, logprobs: { content: tokens([piece]) } },
  ]),
  'Messages, text': messages((text) => ({ type: 'text_delta', text })),
  'Messages, thinking': messages((thinking) => ({ type: 'thinking_delta', thinking })),
  'Messages, input of a tool': messages((piece) => ({ type: 'input_json_delta', partial_json: piece })),
  Gemini: other(SSE, (pieces, write) => pieces.map((piece) => `data: ${write(parts(piece))}\r\n\r\n`).join('')),
  'Gemini, as an array': other(
    JSON_BODY,
    (pieces, write) => `[${pieces.map((piece) => write(parts(piece))).join('\n,\r\n')}]`,
    40,
  ),
  lines: other(LINES, (pieces, write) =>
    pieces
      .map((content) => `${write({ model: 'm', message: { role: 'assistant', content }, done: false })}\n`)
      .join(''),
  ),
  'lines, cut anywhere': other(
    LINES,
    (pieces, write) =>
      pieces
        .map((content) => `${write({ model: 'm', message: { role: 'assistant', content }, done: false })}\n`)
        .join(''),
    23,
  ),
  'a JSON body, cut anywhere': other(
    JSON_BODY,
    (pieces, write) => write({ object: 'x', output: [{ content: pieces.join('') }] }),
    17,
  ),
}

/** The records of an answer. */
export const recordsIn = (
  { headers, body, chunk }: Shape,
  pieces: readonly string[],
  write: Write,
): readonly AnswerRecord[] => {
  const bytes = Buffer.from(body(pieces, write))
  return recordsOf(bytes, headers, chunk ?? bytes.length)
}
