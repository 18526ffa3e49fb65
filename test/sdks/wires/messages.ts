/** Anthropic's Messages. */
import { USAGE, type Wire, WORDS, sse, typeOf } from './wire.ts'

const message = {
  id: 'msg_01standin',
  type: 'message',
  role: 'assistant',
  model: 'standin-1',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: USAGE.input, output_tokens: 1 },
}

const start = { type: 'message_start', message }

const end = (reason: string) => [
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: USAGE.output },
  },
  { type: 'message_stop' },
]

const block = (content: object) => ({ type: 'content_block_start', index: 0, content_block: content })

const delta = (part: object) => ({ type: 'content_block_delta', index: 0, delta: part })

const json = (partial: string) => delta({ type: 'input_json_delta', partial_json: partial })

const asks = [
  start,
  block({ type: 'tool_use', id: 'toolu_01standin', name: 'get_weather', input: {} }),
  json(''),
  json('{"city":'),
  json(' "Paris"}'),
  ...end('tool_use'),
]

const tells = [
  start,
  block({ type: 'text', text: '' }),
  { type: 'ping' },
  ...WORDS.map((text) => delta({ type: 'text_delta', text })),
  ...end('end_turn'),
]

const failed = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }

/** The API pads objects with blanks before the closing brace. */
const padded = (records: readonly Buffer[]) =>
  records.map((record, index) =>
    index % 2 === 0 ? record : Buffer.from(record.toString().replace(/\}\n\n$/, `${' '.repeat(index)}}\n\n`)),
  )

export const messages: Wire = {
  path: /^\/v1\/messages$/,
  type: 'text/event-stream; charset=utf-8',
  headers: { 'request-id': 'req_1' },
  streams: ({ body }) => body.stream === true,
  asks: padded(sse(asks, { nameOf: typeOf })),
  tells: padded(sse(tells, { nameOf: typeOf })),
  error: Buffer.concat(sse([failed], { nameOf: typeOf })),
  whole: JSON.stringify({
    ...message,
    content: [{ type: 'text', text: WORDS.join('') }],
    stop_reason: 'end_turn',
    usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
  }),
}
