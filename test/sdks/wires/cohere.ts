/** Cohere's chat, version 2. */
import { USAGE, type Wire, WORDS, sse, typeOf } from './wire.ts'

const usage = {
  billed_units: { input_tokens: USAGE.input, output_tokens: USAGE.output },
  tokens: { input_tokens: USAGE.input, output_tokens: USAGE.output },
}

const start = {
  id: 'b1946ac9-standin',
  type: 'message-start',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
}

const end = (reason: string) => [{ type: 'message-end', delta: { finish_reason: reason, usage } }, '[DONE]']

const call = (type: string, part: object) => ({ type, index: 0, delta: { message: { tool_calls: part } } })

const text = (type: string, part: object) => ({ type, index: 0, delta: { message: { content: part } } })

const events = (all: readonly (object | string)[]) => sse(all, { nameOf: typeOf })

export const cohere: Wire = {
  path: /^\/v2\/chat$/,
  type: 'text/event-stream',
  streams: ({ body }) => body.stream === true,
  asks: events([
    start,
    call('tool-call-start', {
      id: 'get_weather_0standin',
      type: 'function',
      function: { name: 'get_weather', arguments: '' },
    }),
    call('tool-call-delta', { function: { arguments: '{"city":' } }),
    call('tool-call-delta', { function: { arguments: '"Paris"}' } }),
    { type: 'tool-call-end', index: 0 },
    ...end('TOOL_CALL'),
  ]),
  tells: events([
    start,
    text('content-start', { type: 'text', text: '' }),
    ...WORDS.map((word) => text('content-delta', { text: word })),
    { type: 'content-end', index: 0 },
    ...end('COMPLETE'),
  ]),
  error: Buffer.concat(
    events([
      { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'The model is overloaded.', usage } },
      '[DONE]',
    ]),
  ),
  whole: JSON.stringify({
    id: start.id,
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', content: [{ type: 'text', text: WORDS.join('') }] },
    usage,
  }),
}

const lines = (...all: readonly object[]) => all.map((each) => Buffer.from(`${JSON.stringify(each)}\n`))

const streamEnd = (reason: string, response: object) => ({
  event_type: 'stream-end',
  is_finished: true,
  finish_reason: reason,
  response: { ...response, finish_reason: reason, meta: usage },
})

const begun = { event_type: 'stream-start', is_finished: false, generation_id: 'b1946ac9-standin' }

/** Version 1: lines. */
export const cohereLines: Wire = {
  ...cohere,
  path: /^\/v1\/chat$/,
  type: 'application/stream+json',
  asks: lines(
    begun,
    {
      event_type: 'tool-calls-generation',
      is_finished: false,
      tool_calls: [{ name: 'get_weather', parameters: { city: 'Paris' } }],
    },
    streamEnd('COMPLETE', { text: '' }),
  ),
  tells: lines(
    begun,
    ...WORDS.map((word) => ({ event_type: 'text-generation', is_finished: false, text: word })),
    streamEnd('COMPLETE', { text: WORDS.join('') }),
  ),
  error: Buffer.concat(
    lines({ event_type: 'stream-end', is_finished: true, finish_reason: 'ERROR', error: 'Overloaded' }),
  ),
  whole: JSON.stringify({ text: WORDS.join(''), finish_reason: 'COMPLETE', meta: usage }),
}
