/** Amazon Bedrock: Converse, and Invoke with what the models' own APIs say. */
import { describe, expect, test } from 'vitest'
import type { Api } from '../../../server/api/api.ts'
import { eventstream } from '../../../server/api/framing/eventstream.ts'
import { apiNamed } from '../../../server/api/index.ts'
import type { AnswerRecord } from '../../../server/api/record.ts'
import type { JsonObject } from '../../../server/base/json.ts'

const bedrock: Api = apiNamed('bedrock')

function message(kind: 'event' | 'exception', name: string, payload: JsonObject): AnswerRecord {
  const headers = { [`:${kind}-type`]: name, ':content-type': 'application/json', ':message-type': kind }
  const record = eventstream.carrier.carry(JSON.stringify(payload), { headers }, 5, { eol: '\n' })
  if (typeof record === 'string') throw new Error(record)
  return record
}

/** A stream of Converse. */
const converse = (...events: (readonly [string, JsonObject])[]) =>
  events.map(([name, payload]) => message('event', name, payload))

/** A stream of Invoke. */
const invoke = (...events: JsonObject[]) =>
  events.map((each) =>
    message('event', 'chunk', { bytes: Buffer.from(JSON.stringify(each)).toString('base64'), p: 'ab' }),
  )

const inOne = (body: JsonObject): AnswerRecord[] => [{ at: 5, wire: JSON.stringify(body) }]

function follow(records: readonly AnswerRecord[]) {
  const follower = bedrock.follow()
  const progress = records.map((each) => follower.take(each))
  return [follower.end().end, progress.at(-1)]
}

const told = (records: readonly AnswerRecord[]) => {
  const { pieces, thoughts: _thoughts, calls: _calls, ...rest } = bedrock.told(bedrock.events(records))
  return { text: pieces.map(({ text }) => text).join(''), ...rest }
}

const METRICS = {
  'amazon-bedrock-invocationMetrics': { inputTokenCount: 3, outputTokenCount: 4, invocationLatency: 9 },
}

const begun = ['messageStart', { role: 'assistant' }] as const
const hello = ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' } }] as const
const stop = ['messageStop', { stopReason: 'end_turn' }] as const
const metadata = ['metadata', { usage: { inputTokens: 1, outputTokens: 2 }, metrics: { latencyMs: 3 } }] as const

const STREAMS: readonly (readonly [string, AnswerRecord[], unknown[]])[] = [
  ['Converse is whole with its metadata', converse(begun, hello, stop, metadata), ['complete', 'settling']],
  ['Converse is cut without it', converse(begun, hello, stop), ['truncated', 'open']],
  [
    'Messages is whole with its own end',
    invoke({ type: 'message_start' }, { type: 'message_stop' }),
    ['complete', 'settling'],
  ],
  [
    'Messages is cut before it',
    invoke({ type: 'message_start' }, { type: 'message_delta', delta: { stop_reason: 'end_turn' } }),
    ['truncated', 'open'],
  ],
  [
    'any model is whole with the metrics',
    invoke({ outputText: 'Hi' }, { outputText: '', ...METRICS }),
    ['complete', 'settling'],
  ],
  [
    'Titan is whole with a reason, if the body ends',
    invoke({ outputText: 'Hi', completionReason: 'FINISH' }),
    ['complete', 'open'],
  ],
  ['Titan is cut without one', invoke({ outputText: 'Hi', completionReason: null }), ['truncated', 'open']],
  ['Llama is cut without a reason', invoke({ generation: 'Hi', stop_reason: null }), ['truncated', 'open']],
  [
    'Nova says what Converse says',
    invoke({ messageStart: {} }, { messageStop: { stopReason: 'end_turn' } }),
    ['truncated', 'open'],
  ],
  [
    'Nova is whole with its metadata',
    invoke({ messageStart: {} }, { metadata: { usage: { inputTokens: 1 } } }),
    ['complete', 'settling'],
  ],
  [
    'a chat is whole with a reason',
    invoke({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    ['complete', 'open'],
  ],
  [
    'Command is whole when it says so',
    invoke({ is_finished: false, text: 'Hi' }, { is_finished: true }),
    ['complete', 'settling'],
  ],
  [
    'an exception is a failure',
    [...converse(begun), message('exception', 'throttlingException', { message: 'Slow' })],
    ['complete', 'failing'],
  ],
  [
    'an error of the model is a failure',
    invoke({ type: 'error', error: { type: 'overloaded_error', message: 'Oh' } }),
    ['complete', 'failing'],
  ],
  ['what carries no JSON goes on', [message('event', 'chunk', { bytes: 'AAAA' })], ['truncated', 'open']],
  ['a message that is cut', [...converse(begun), { at: 0, wire: Uint8Array.of(0, 0, 0, 0x8f) }], ['truncated', 'open']],
]

test.each(STREAMS)('%s', (_what, records, ended) => {
  expect(follow(records)).toEqual(ended)
})

test.each([
  ['{"output":{}}', 'complete'],
  ['[{"generated_text":"x"}]', 'complete'],
  ['{"output":', 'truncated'],
  ['[{"a":1}', 'truncated'],
  ['', 'truncated'],
  ['\u0000\u0000\u0000\u0012', 'truncated'],
  ['<p>Sorry</p>', 'malformed'],
])('in one piece %j is %s', (wire, end) => {
  expect(follow([{ at: 0, wire }])[0]).toBe(end)
})

const CALL = { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' }

describe('tells text, tool calls with their arguments, usage and the reason', () => {
  test.each<[string, AnswerRecord[], object]>([
    [
      'Converse, streamed',
      converse(
        begun,
        hello,
        ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: ' there' } }],
        ['contentBlockDelta', { contentBlockIndex: 1, delta: { reasoningContent: { text: 'Hm' } } }],
        ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { name: 'get_weather', toolUseId: 't' } } }],
        ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":' } } }],
        ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '"Paris"}' } } }],
        stop,
        metadata,
      ),
      { text: 'Hello there', output: [CALL], usage: { inputTokens: 1, outputTokens: 2 }, status: 'completed' },
    ],
    [
      'Converse, in one piece',
      inOne({
        output: {
          message: { content: [{ text: 'Hello' }, { toolUse: { name: 'get_weather', input: { city: 'Paris' } } }] },
        },
        stopReason: 'max_tokens',
        usage: { inputTokens: 1 },
      }),
      {
        text: 'Hello',
        output: [CALL],
        usage: { inputTokens: 1 },
        status: 'incomplete',
        why: 'The answer was cut short: max_tokens.',
      },
    ],
    [
      'Messages, streamed',
      invoke(
        { type: 'message_start', message: { usage: { input_tokens: 1 } } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
        { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', name: 'get_weather' } },
        { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
        { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"Paris"}' } },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } },
        { type: 'message_stop', ...METRICS },
      ),
      { text: 'Hello', output: [CALL], usage: { input_tokens: 1, output_tokens: 2 }, status: 'completed' },
    ],
    [
      'Messages, in one piece',
      inOne({
        type: 'message',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } },
        ],
        stop_reason: 'tool_use',
        usage: { input_tokens: 1 },
      }),
      { text: 'Hello', output: [CALL], usage: { input_tokens: 1 }, status: 'completed' },
    ],
    [
      'Nova, streamed',
      invoke(
        { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hello' } } },
        { messageStop: { stopReason: 'end_turn' } },
        { metadata: { usage: { inputTokens: 1 } }, ...METRICS },
      ),
      { text: 'Hello', output: [], usage: { inputTokens: 1 }, status: 'completed' },
    ],
    [
      'a chat, streamed',
      invoke(
        { choices: [{ delta: { content: 'Hello' } }] },
        { choices: [{ delta: {}, finish_reason: 'length' }], ...METRICS },
      ),
      {
        text: 'Hello',
        output: [],
        usage: { inputTokenCount: 3, outputTokenCount: 4 },
        status: 'incomplete',
        why: 'The answer was cut short: length.',
      },
    ],
    [
      'Titan, streamed',
      invoke(
        { outputText: 'Hel', completionReason: null },
        { outputText: 'lo', completionReason: 'FINISH', ...METRICS },
      ),
      { text: 'Hello', output: [], usage: { inputTokenCount: 3, outputTokenCount: 4 }, status: 'completed' },
    ],
    [
      'Titan, in one piece',
      inOne({ results: [{ outputText: 'Hello', completionReason: 'LENGTH' }] }),
      { text: 'Hello', output: [], status: 'incomplete', why: 'The answer was cut short: LENGTH.' },
    ],
    ['Llama', invoke({ generation: 'Hello', stop_reason: 'stop' }), { text: 'Hello', output: [], status: 'completed' }],
    [
      'Claude of old',
      inOne({ completion: 'Hello', stop_reason: 'stop' }),
      { text: 'Hello', output: [], status: 'completed' },
    ],
    [
      'Mistral of old',
      inOne({ outputs: [{ text: 'Hello', stop_reason: 'stop' }] }),
      { text: 'Hello', output: [], status: 'completed' },
    ],
    ['vectors', inOne({ embedding: [0.1], inputTextTokenCount: 2 }), { text: '', output: [] }],
  ])('%s', (_what, records, expected) => {
    expect(told(records)).toEqual({ usage: undefined, status: undefined, why: undefined, ...expected })
  })
})

test('an exception is told with its class', () => {
  const { event } = message('exception', 'throttlingException', { message: 'Too many tokens.' })
  expect(event && bedrock.failureOf(event)).toEqual({
    code: 'upstream_error',
    message: 'The API sent an error: Too many tokens (throttlingException).',
  })
  expect(bedrock.isFinished({ method: 'POST', path: '/' }, event ? [event] : [])).toBe(false)
})

test.each<[JsonObject, string]>([
  [{ messages: [{ role: 'user', content: [{ text: 'Hi' }, { text: 'there' }] }] }, 'Hi there'],
  [
    {
      anthropic_version: 'x',
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Ho' },
      ],
    },
    'Hi',
  ],
  [{ messages: [{ role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'no' }] } }] }] }, ''],
  [{ inputText: 'Hi' }, 'Hi'],
  [{ prompt: 'Hi' }, 'Hi'],
  [{ message: 'Hi' }, 'Hi'],
  [{}, ''],
])('the last words of the user of %j are %j', (request, text) => {
  expect(bedrock.lastUserText(request)).toBe(text)
})

test('the path says the model, and what does not shape an answer does not count', () => {
  const model = (path: string) => bedrock.modelOf({ method: 'POST', path }, {})
  expect(model('/model/anthropic.claude-3-sonnet-20240229-v1%3A0/converse')).toBe(
    'anthropic.claude-3-sonnet-20240229-v1:0',
  )
  expect(model('/model/us.amazon.nova-micro-v1:0/invoke')).toBe('us.amazon.nova-micro-v1:0')
  expect(model('/model/%E0%A4%A/invoke')).toBe('%E0%A4%A')
  expect(bedrock.keyed({ messages: [], requestMetadata: { a: 'b' }, performanceConfig: {}, system: [] })).toEqual({
    messages: [],
    system: [],
  })
})

test.each([
  ['converse-stream', 'application/vnd.amazon.eventstream'],
  ['invoke-with-response-stream', 'application/vnd.amazon.eventstream'],
  ['converse', undefined],
  ['invoke', undefined],
])('the path says whether it streams: %s', (method, type) => {
  expect(bedrock.streamType({ method: 'POST', path: `/model/m/${method}`, query: '' }, {})).toBe(type)
})
