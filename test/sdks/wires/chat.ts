/** Chat Completions, as OpenAI, Groq and Mistral send them. */
import { USAGE, type Wire, WORDS, sse } from './wire.ts'

const usage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
}

const head = { id: 'chatcmpl-1', created: 1_790_000_000, model: 'standin-1' }

const chunk = (delta: object, finish: string | null = null, rest: object = {}) => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  ...rest,
})

const call = (part: object) => ({ tool_calls: [{ index: 0, ...part }] })

const asks = [
  chunk({ role: 'assistant', content: '' }),
  chunk(call({ id: 'call_0aB1', type: 'function', function: { name: 'get_weather', arguments: '' } })),
  chunk(call({ function: { arguments: '{"city":' } })),
  chunk(call({ function: { arguments: '"Paris"}' } })),
]

const tells = [chunk({ role: 'assistant', content: '' }), ...WORDS.map((content) => chunk({ content }))]

const whole = {
  ...head,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: WORDS.join(''), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage,
}

const streams: Wire['streams'] = ({ body }) => body.stream === true

const error = { error: { message: 'The model is overloaded.', type: 'server_error', param: null, code: 'overloaded' } }

const [filtered = Buffer.of()] = sse([
  {
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: [
      { prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: 'safe' } } },
    ],
  },
])

/** Usage comes in a chunk without choices. */
export const chat: Wire = {
  path: /^\/v1\/chat\/completions$/,
  type: 'text/event-stream; charset=utf-8',
  headers: { 'x-request-id': 'req_1' },
  streams,
  asks: sse([
    ...asks,
    chunk({}, 'tool_calls'),
    { ...head, object: 'chat.completion.chunk', choices: [], usage },
    '[DONE]',
  ]),
  tells: sse([...tells, chunk({}, 'stop'), { ...head, object: 'chat.completion.chunk', choices: [], usage }, '[DONE]']),
  error: Buffer.concat(sse([error])),
  whole: JSON.stringify(whole, undefined, 2),
}

/** What was found in the prompt comes first, in a chunk without choices. */
export const azure: Wire = {
  ...chat,
  path: /^\/openai\/deployments\/[^/]+\/chat\/completions$/,
  asks: [filtered, ...chat.asks],
  tells: [filtered, ...chat.tells],
}

/** Usage comes with the last choice, in Groq's own member. */
export const groq: Wire = {
  ...chat,
  path: /^\/openai\/v1\/chat\/completions$/,
  type: 'text/event-stream',
  asks: sse([...asks, chunk({}, 'tool_calls', { x_groq: { id: 'req_1', usage } }), '[DONE]']),
  tells: sse([...tells, chunk({}, 'stop', { x_groq: { id: 'req_1', usage } }), '[DONE]']),
  error: Buffer.from(`event: error\n${String(sse([error])[0])}`),
}

/** Usage comes with the last choice, and a call of a tool in one chunk. */
export const mistral: Wire = {
  ...chat,
  asks: sse([
    chunk({ role: 'assistant', content: '' }),
    chunk(call({ id: 'call_0aB1', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } })),
    chunk({}, 'tool_calls', { usage, p: 'abcdef' }),
    '[DONE]',
  ]),
  tells: sse([...tells, chunk({}, 'stop', { usage, p: 'abc' }), '[DONE]']),
}
