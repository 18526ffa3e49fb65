/** OpenAI's Responses. */
import { compose } from '../../kit/answers.ts'
import { USAGE, type Wire, WORDS, sse, typeOf } from './wire.ts'

const usage = {
  input_tokens: USAGE.input,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: USAGE.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: USAGE.input + USAGE.output,
}

type Events = readonly Readonly<Record<string, unknown>>[]

/** The usage stands in the response that ends the stream. */
const counted = (events: Events) =>
  events.map((event) =>
    event.type === 'response.completed' ? { ...event, response: Object.assign({}, event.response, { usage }) } : event,
  )

const asks = counted(compose('asks', 'standin-1').call('get_weather', ['{"city":', '"Paris"}']).completed())

const tells = counted(compose('tells', 'standin-1').text(WORDS).completed())

const failed = {
  type: 'error',
  sequence_number: 2,
  code: 'server_error',
  message: 'The model is overloaded.',
  param: null,
}

export const responses: Wire = {
  path: /^\/v1\/responses$/,
  type: 'text/event-stream; charset=utf-8',
  headers: { 'x-request-id': 'req_1' },
  streams: ({ body }) => body.stream === true,
  asks: sse(asks, { nameOf: typeOf }),
  tells: sse(tells, { nameOf: typeOf }),
  error: Buffer.concat(sse([failed], { nameOf: typeOf })),
  whole: JSON.stringify(tells.at(-1)?.response, undefined, 2),
}
