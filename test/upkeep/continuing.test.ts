import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../server/base/json.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { FixtureHeader } from '../../server/fixture/fixture.ts'
import { askedOf, keyOf } from '../../server/fixture/key.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { createContinuing } from '../../server/upkeep/continuing.ts'
import { callOf } from '../kit/calls.ts'

const PATHS: Readonly<Record<string, string>> = {
  responses: '/v1/responses',
  'chat-completions': '/v1/chat/completions',
  messages: '/v1/messages',
  gemini: '/v1beta/models/m:generateContent',
}

function headerOf(api: string, request: JsonObject, more: Partial<FixtureHeader> = {}): FixtureHeader {
  const call = callOf({ model: 'm', ...request }, { api: apiNamed(api), path: PATHS[api] ?? '/' })
  const asked = askedOf(call, createRedactor(), undefined)
  return {
    ...asked,
    key: keyOf(asked),
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in' },
    ...more,
  }
}

function problemsOf(headers: Readonly<Record<string, FixtureHeader>>) {
  const continuing = createContinuing()
  for (const [name, header] of Object.entries(headers)) continuing.take(name, header)
  return continuing.problems().map(({ name, severity, message }) => [name, severity, message])
}

const USER: JsonObject = { role: 'user', content: 'Weather?' }

/** One history that carries an answer, of each kind, and the mark by which that is known. */
const KINDS: readonly (readonly [kind: string, api: string, request: JsonObject, mark: string])[] = [
  ['an item', 'responses', { input: [USER, { type: 'reasoning', id: 'rs_1abc', summary: [] }] }, 'rs_1abc'],
  [
    'a call and its output',
    'responses',
    {
      input: [
        USER,
        { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
      ],
    },
    'call_1',
  ],
  ['a conversation', 'responses', { input: 'Hi', conversation: { id: 'conv_1' } }, 'conv_1'],
  [
    'a tool call',
    'chat-completions',
    {
      messages: [
        USER,
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
      ],
    },
    'call_1',
  ],
  [
    'a use of a tool',
    'messages',
    {
      messages: [
        USER,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'rain' }] },
      ],
    },
    'toolu_1',
  ],
  [
    'a signature',
    'messages',
    {
      messages: [
        USER,
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm', signature: 'c2ln1' }] },
        USER,
      ],
    },
    'c2ln1',
  ],
  [
    'a signature of a thought',
    'gemini',
    {
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: {} }, thoughtSignature: 'c2ln2' }] },
      ],
    },
    'c2ln2',
  ],
]

describe.each(KINDS)('a request that carries %s', (_kind, api, request, mark) => {
  const holder = headerOf(api, { [request.contents ? 'contents' : request.input ? 'input' : 'messages']: [USER] })

  test('is told of where no fixture holds that answer', () => {
    const header = headerOf(api, request)
    expect(problemsOf({ holder, 'step.jsonl': header })).toEqual([
      ['step.jsonl', 'warning', expect.stringMatching(/no fixture here holds.*MODEL_MODE=record/)],
    ])
    expect(problemsOf({ holder, 'step.jsonl': { ...header, follows: 'a'.repeat(64) } })).toHaveLength(1)
  })

  test('is fine where it names the fixture of it, and is told how to name it where it does not', () => {
    const held = { ...holder, knownBy: [mark] }
    const header = headerOf(api, request)
    expect(problemsOf({ 'held.jsonl': held, 'step.jsonl': { ...header, follows: held.key } })).toEqual([])
    expect(problemsOf({ 'held.jsonl': held, 'step.jsonl': header })).toEqual([
      ['step.jsonl', 'warning', expect.stringMatching(/answer of held\.jsonl.*npx deltatape verify --link/)],
    ])
  })
})

test('a previous_response_id that no fixture has is told of', () => {
  const step = headerOf('responses', { input: 'More', previous_response_id: 'resp_gone' })
  expect(problemsOf({ 'step.jsonl': step })).toEqual([['step.jsonl', 'warning', expect.stringContaining('no fixture')]])
  const holder = headerOf('responses', { input: 'Hi' }, { responseId: 'resp_gone' })
  expect(problemsOf({ holder, step })).toEqual([])
})

test("an id of a call to Gemini that no answer gave may be its program's own", () => {
  const step = headerOf('gemini', {
    contents: [
      { role: 'user', parts: [{ text: 'Weather?' }] },
      { role: 'model', parts: [{ functionCall: { id: 'ls_1795713867279_0', name: 'ls', args: {} } }] },
      { role: 'user', parts: [{ functionResponse: { id: 'ls_1795713867279_0', name: 'ls', response: {} } }] },
    ],
  })
  expect(problemsOf({ step })).toEqual([])
  const held = headerOf('gemini', { contents: [] }, { knownBy: ['ls_1795713867279_0'] })
  expect(problemsOf({ held, step })).toEqual([['step', 'warning', expect.stringContaining('answer of held')]])
})

test('the last answer counts: one before it may be held', () => {
  const called = (id: string): JsonObject[] => [
    { type: 'function_call', call_id: id, name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: id, output: 'rain' },
  ]
  const first = headerOf('responses', { input: [USER] }, { knownBy: ['call_1'] })
  const third = headerOf('responses', { input: [USER, ...called('call_1'), ...called('call_2')] })
  expect(problemsOf({ first, third })).toEqual([['third', 'warning', expect.stringContaining('no fixture')]])
})

test('what people write themselves is no answer: examples, pictures, texts; of many with one history one is told', () => {
  const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'x'.repeat(99) } }
  const examples = [USER, { role: 'assistant', content: 'Rain.' }, USER]
  expect(
    problemsOf({
      picture: headerOf('messages', { messages: [{ role: 'user', content: [picture] }] }),
      inline: headerOf('gemini', {
        contents: [{ parts: [{ inlineData: { mimeType: 'a/b', data: 'x'.repeat(99) } }] }],
      }),
      examples: headerOf('chat-completions', { messages: examples }),
    }),
  ).toEqual([])
  const byHand = (content: string) =>
    headerOf('chat-completions', {
      messages: [USER, { role: 'assistant', tool_calls: [{ id: 'call_hand' }] }, { role: 'user', content }],
    })
  expect(problemsOf({ one: byHand('1'), two: byHand('2'), three: byHand('3') })).toEqual([
    ['one', 'warning', expect.stringMatching(/and so do 2 more.*by hand/)],
  ])
})

test('a text is certain where an answer before it is held', () => {
  const turns = (...texts: string[]) => ({
    messages: texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
  })
  const first = headerOf('chat-completions', turns('Hi'), { knownBy: ['call_1'] })
  const marked: JsonObject = { role: 'assistant', content: 'Hello', tool_calls: [{ id: 'call_1' }] }
  const later = { messages: [USER, marked, USER, { role: 'assistant', content: 'Well' }, USER] }
  expect(problemsOf({ first, later: headerOf('chat-completions', later) })).toEqual([
    ['later', 'warning', expect.stringContaining('no fixture')],
  ])
})
