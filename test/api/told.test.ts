import { describe, expect, test } from 'vitest'
import { parseEvent } from '../../server/api/event.ts'
import { apiNamed, apiOf } from '../../server/api/index.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import type { Piece, Told } from '../../server/api/told.ts'
import type { JsonValue } from '../../server/base/json.ts'
import { asSse, readCorpus } from '../kit/corpus.ts'
import { absent, readAnswers, readRequest } from '../kit/corpus-any.ts'
import { recordsOf } from '../kit/rows.ts'

type Json = Readonly<Record<string, unknown>>

/** Events that all came at one moment: nothing may be told by the time. */
const eventsOf = (bodies: readonly Json[]): ModelEvent[] =>
  bodies.flatMap((body) => parseEvent(JSON.stringify(body), 5) ?? [])

const joined = (pieces: readonly Piece[] = []): string => pieces.map(({ text }) => text).join('')

/** What is told, in short: texts joined, the events that hold them, and the calls with their arguments. */
function shortly({ pieces, thoughts = [], calls = [] }: Told) {
  const byCall = Map.groupBy(calls, ({ call }) => call)
  return {
    text: joined(pieces),
    thoughts: joined(thoughts),
    at: [...thoughts, ...pieces, ...calls].map(({ event }) => event),
    calls: [...byCall.values()].map((parts) => [parts.at(-1)?.name, joined(parts)]),
  }
}

const chat = (delta: Json) => ({ choices: [{ index: 0, delta }] })
const block = (index: number, delta: Json) => ({ type: 'content_block_delta', index, delta })
const parts = (...all: readonly Json[]) => ({ candidates: [{ content: { parts: all } }] })
const item = (type: string, index: number, more: Json) => ({
  type: `response.output_item.${type}`,
  output_index: index,
  item: more,
})
const piece = (type: string, index: number, delta: string, more: Json = {}) => ({
  type: `response.${type}.delta`,
  output_index: index,
  delta,
  ...more,
})

const WEATHER = ['get_weather', '{"city":"Paris"}']
const SAID = { text: 'Sunny.', thoughts: 'Let me see.', calls: [WEATHER] }

/** Answers that think, then speak, then call a tool; each piece in an event of its own. */
const STREAMS: readonly (readonly [string, string, readonly Json[], readonly number[]])[] = [
  [
    'Chat Completions, by the name that DeepSeek has for it',
    'chat-completions',
    [
      chat({ reasoning_content: 'Let me ' }),
      chat({ reasoning_content: 'see.', content: '' }),
      chat({ content: 'Sunny.' }),
      chat({ tool_calls: [{ index: 0, function: { name: 'get_weather', arguments: '' } }] }),
      chat({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chat({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
    ],
    [0, 1, 2, 3, 4, 5],
  ],
  [
    'Chat Completions, by both names that OpenRouter has for it',
    'chat-completions',
    [
      chat({ reasoning: 'Let me ', reasoning_details: [{ type: 'reasoning.text', text: 'Let me ' }] }),
      chat({ reasoning: null, reasoning_details: [{ type: 'reasoning.summary', summary: 'see.' }] }),
      chat({ content: 'Sunny.', function_call: { name: '', arguments: '' } }),
      chat({ function_call: { name: 'get_weather', arguments: '{"city":"Paris"}' } }),
    ],
    [0, 1, 2, 3],
  ],
  [
    'Chat Completions, in the parts that Mistral has for it',
    'chat-completions',
    [
      chat({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Let me see.' }] }] }),
      chat({ content: 'Sunny.' }),
      chat({ tool_calls: [{ type: 'custom', custom: { name: 'get_weather', input: '{"city":"Paris"}' } }] }),
    ],
    [0, 1, 2],
  ],
  [
    'Messages',
    'messages',
    [
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      block(0, { type: 'thinking_delta', thinking: 'Let me see.' }),
      block(0, { type: 'signature_delta', signature: 'c2ln' }),
      block(1, { type: 'text_delta', text: 'Sunny.' }),
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', name: 'get_weather', input: {} } },
      block(2, { type: 'input_json_delta', partial_json: '' }),
      block(2, { type: 'input_json_delta', partial_json: '{"city":' }),
      block(2, { type: 'input_json_delta', partial_json: '"Paris"}' }),
    ],
    [1, 3, 4, 6, 7],
  ],
  [
    'Messages, a call that begins with all of its input',
    'messages',
    [
      block(0, { type: 'thinking_delta', thinking: 'Let me see.' }),
      block(1, { type: 'text_delta', text: 'Sunny.' }),
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } },
      },
    ],
    [0, 1, 2],
  ],
  [
    'Gemini',
    'gemini',
    [
      parts({ text: 'Let me see.', thought: true }),
      parts({ text: 'Sunny.' }, { functionCall: { name: 'get_weather', args: { city: 'Paris' } } }),
    ],
    [0, 1, 1],
  ],
  [
    'Ollama',
    'ollama',
    [
      { message: { content: '', thinking: 'Let me ' } },
      { message: { content: '', thinking: 'see.' } },
      { message: { content: 'Sunny.' } },
      { message: { content: '', tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Paris' } } }] } },
    ],
    [0, 1, 2, 3],
  ],
  [
    'Cohere',
    'cohere',
    [
      { type: 'content-delta', index: 0, delta: { message: { content: { thinking: 'Let me ' } } } },
      { type: 'tool-plan-delta', delta: { message: { tool_plan: 'see.' } } },
      { type: 'content-delta', index: 1, delta: { message: { content: { text: 'Sunny.' } } } },
      {
        type: 'tool-call-start',
        index: 0,
        delta: { message: { tool_calls: { function: { name: 'get_weather', arguments: '' } } } },
      },
      {
        type: 'tool-call-delta',
        index: 0,
        delta: { message: { tool_calls: { function: { arguments: '{"city":"Paris"}' } } } },
      },
    ],
    [0, 1, 2, 3, 4],
  ],
  [
    'Converse, within Invoke',
    'bedrock',
    [
      { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Let me see.' } } } },
      { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'Sunny.' } } },
      { contentBlockStart: { contentBlockIndex: 2, start: { toolUse: { name: 'get_weather' } } } },
      { contentBlockDelta: { contentBlockIndex: 2, delta: { toolUse: { input: '{"city":"Paris"}' } } } },
    ],
    [0, 1, 2, 3],
  ],
  [
    'Interactions',
    'interactions',
    [
      {
        event_type: 'step.delta',
        index: 0,
        delta: { type: 'thought_summary', content: { type: 'text', text: 'Let me see.' } },
      },
      { event_type: 'step.delta', index: 1, delta: { type: 'text', text: 'Sunny.' } },
      { event_type: 'step.start', index: 2, step: { type: 'function_call', name: 'get_weather', arguments: {} } },
      { event_type: 'step.delta', index: 2, delta: { type: 'arguments_delta', arguments: '{"city":"Paris"}' } },
    ],
    [0, 1, 2, 3],
  ],
  [
    'Responses',
    'responses',
    [
      item('added', 0, { type: 'reasoning', id: 'rs' }),
      piece('reasoning_text', 0, 'Let me ', { content_index: 0 }),
      piece('reasoning_text', 0, 'see.', { content_index: 0 }),
      { type: 'response.reasoning_text.done', output_index: 0, content_index: 0, text: 'Let me see.' },
      item('done', 0, { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Let me see.' }] }),
      piece('output_text', 1, 'Sunny.', { content_index: 0 }),
      item('added', 2, { type: 'function_call', name: 'get_weather', arguments: '' }),
      piece('function_call_arguments', 2, '{"city":'),
      piece('function_call_arguments', 2, '"Paris"}'),
      { type: 'response.function_call_arguments.done', output_index: 2, arguments: '{"city":"Paris"}' },
      item('done', 2, { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' }),
    ],
    [1, 2, 5, 6, 7, 8],
  ],
  [
    'Responses, without any delta',
    'responses',
    [
      { type: 'response.reasoning_summary_text.done', output_index: 0, summary_index: 0, text: 'Let me see.' },
      { type: 'response.output_text.done', output_index: 1, content_index: 0, text: 'Sunny.' },
      { type: 'response.mcp_call_arguments.done', output_index: 2, arguments: '{"city":"Paris"}' },
      item('done', 2, { type: 'mcp_call', name: 'get_weather', arguments: '{"city":"Paris"}' }),
    ],
    [0, 1, 2, 3],
  ],
  [
    'Responses, whose items come with their end alone',
    'responses',
    [
      item('done', 0, { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }] }),
      item('done', 1, { type: 'message', content: [{ type: 'output_text', text: 'Sunny.' }] }),
      item('done', 2, { type: 'custom_tool_call', name: 'get_weather', input: '{"city":"Paris"}' }),
    ],
    [0, 1, 2],
  ],
]

test.each(STREAMS)(
  '%s: thoughts, text and tool calls are told piece by piece, by their events',
  (_what, name, bodies, at) => {
    const told = apiNamed(name).told(eventsOf(bodies))
    expect(shortly(told)).toEqual({ ...SAID, at })
    expect(told.calls?.at(-1)?.name).toBe('get_weather')
  },
)

/** The same answers in one piece. */
const WHOLE: readonly (readonly [string, Json])[] = [
  [
    'chat-completions',
    {
      choices: [
        {
          message: {
            reasoning: 'Let me see.',
            content: 'Sunny.',
            tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
          },
        },
      ],
    },
  ],
  [
    'messages',
    {
      content: [
        { type: 'thinking', thinking: 'Let me see.' },
        { type: 'text', text: 'Sunny.' },
        { type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } },
      ],
    },
  ],
  [
    'ollama',
    {
      message: {
        thinking: 'Let me see.',
        content: 'Sunny.',
        tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Paris' } } }],
      },
    },
  ],
  [
    'cohere',
    {
      message: {
        content: [
          { type: 'thinking', thinking: 'Let me see.' },
          { type: 'text', text: 'Sunny.' },
        ],
        tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
      },
    },
  ],
  [
    'bedrock',
    {
      output: {
        message: {
          content: [
            { reasoningContent: { reasoningText: { text: 'Let me see.' } } },
            { text: 'Sunny.' },
            { toolUse: { name: 'get_weather', input: { city: 'Paris' } } },
          ],
        },
      },
    },
  ],
  [
    'interactions',
    {
      steps: [
        { type: 'thought', summary: [{ type: 'text', text: 'Let me see.' }] },
        { type: 'model_output', content: [{ type: 'text', text: 'Sunny.' }] },
        { type: 'function_call', name: 'get_weather', arguments: { city: 'Paris' } },
      ],
    },
  ],
  [
    'responses',
    {
      object: 'response',
      status: 'completed',
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Let me see.' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'Sunny.' }] },
        { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' },
      ],
    },
  ],
]

test.each(WHOLE)('%s: an answer in one piece is told likewise', (name, body) => {
  const row = apiNamed(name)
  const events = row.events(recordsOf('application/json', [JSON.stringify(body)]))
  expect(shortly(row.told(events))).toEqual({ ...SAID, at: [0, 0, 0] })
})

test('the parts of a summary are told apart', () => {
  const { thoughts = [] } = apiNamed('responses').told(
    eventsOf([
      piece('reasoning_summary_text', 0, 'One', { summary_index: 0 }),
      piece('reasoning_summary_text', 0, ' thing', { summary_index: 0 }),
      piece('reasoning_summary_text', 0, 'Another', { summary_index: 1 }),
    ]),
  )
  const [first, second, third] = thoughts.map(({ part }) => part)
  expect(first).toBe(second)
  expect(third).not.toBe(first)
})

test('two calls of one tool that come at one moment are two', () => {
  const call = { message: { content: '', tool_calls: [{ function: { name: 'roll', arguments: { sides: 6 } } }] } }
  const told = apiNamed('ollama').told(eventsOf([call, call]))
  expect(shortly(told).calls).toEqual([
    ['roll', '{"sides":6}'],
    ['roll', '{"sides":6}'],
  ])
  expect(told.output).toHaveLength(2)
})

test('a call of Gemini that comes in parts is one, and the next is another', () => {
  const call = (functionCall: Json) => parts({ functionCall })
  const arg = (value: string) => call({ partialArgs: [{ jsonPath: '$.city', stringValue: value }] })
  const { calls = [], output } = apiNamed('gemini').told(
    eventsOf([call({ name: 'a', willContinue: true }), arg('Paris'), call({}), call({ name: 'b' }), arg('Rome')]),
  )
  expect(calls.map(({ call: which, name, event }) => [which, name, event])).toEqual([
    [0, 'a', 0],
    [0, 'a', 1],
    [1, 'b', 3],
    [1, 'b', 4],
  ])
  expect(output).toHaveLength(2)
})

describe('a tool that the API runs by itself', () => {
  test.each([
    ['messages', { content: [{ type: 'server_tool_use', name: 'web_search', input: { query: 'x' } }] }],
    ['gemini', parts({ executableCode: { language: 'PYTHON', code: 'print(1)' } })],
    ['gemini', parts({ toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['x'] } } })],
    ['interactions', { steps: [{ type: 'google_search_call', arguments: { queries: ['x'] } }] }],
    [
      'chat-completions',
      { choices: [{ message: { executed_tools: [{ type: 'search', arguments: '{}', output: 'x' }] } }] },
    ],
  ])('is a call of %s, and no output that a client answers', (name, body) => {
    const told = apiNamed(name).told(eventsOf([body]))
    expect(told.calls?.map(({ text }) => text)).toEqual([expect.stringMatching(/./)])
    expect(told.output).toEqual([])
  })

  test.each([
    ['code_interpreter', [piece('code_interpreter_call_code', 0, 'print(1)')]],
    [
      'shell',
      [
        piece('shell_call_command', 0, 'ls', { command_index: 0 }),
        piece('shell_call_command', 0, 'pwd', { command_index: 1 }),
      ],
    ],
    ['apply_patch', [piece('apply_patch_call_operation_diff', 0, '+a')]],
    ['web_search', [item('done', 0, { type: 'web_search_call', action: { type: 'search', query: 'x' } })]],
  ])('is a call of the Responses API by what it is: %s', (name, bodies) => {
    const type = `${name}_call`
    const { calls } = shortly(apiNamed('responses').told(eventsOf([item('added', 0, { type }), ...bodies])))
    expect(calls).toEqual([[name, expect.stringMatching(/./)]])
  })
})

/** Every text that stands in a value. */
function* textsIn(value: JsonValue): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each)
}

describe.skipIf(absent)('real answers', () => {
  const answers = readAnswers().filter(({ status }) => status < 300)
  const any = answers.map((answer) => {
    const { method, path, query, headers, body } = readRequest(answer)
    const content = Buffer.from(body === undefined ? '' : JSON.stringify(body))
    const row = apiOf({
      method,
      path,
      query: String(new URLSearchParams(query)),
      headers: Object.entries(headers),
      content,
    })
    return { name: answer.name, row, records: recordsOf(answer.contentType, [answer.body]) }
  })
  const streams = readCorpus().map((stream) => ({
    name: stream.name,
    row: apiNamed('responses'),
    records: recordsOf('text/event-stream', [asSse(stream)]),
  }))

  test.each([...any, ...streams])('$name: each piece stands in its event, and in order', ({ row, records }) => {
    const events = row.events(records)
    const { pieces, thoughts = [], calls = [] } = row.told(events)
    for (const list of [pieces, thoughts, calls]) {
      expect(list.map(({ event }) => event)).toEqual(list.map(({ event }) => event).toSorted((a, b) => a - b))
      for (const { event, at } of list) expect(at).toBe(events[event]?.at)
    }
    for (const { text, event } of [...pieces, ...thoughts]) {
      const told = [...textsIn(events[event]?.body ?? null)]
      // Texts in parts are told in one.
      expect(told.some((each) => each.includes(text)) || told.filter((each) => text.includes(each)).length > 1).toBe(
        true,
      )
    }
  })
})
