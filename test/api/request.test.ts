/** What requests say, by row: the last words of the user, the model, and what counts for the key. */
import { expect, test } from 'vitest'
import { apiNamed } from '../../server/api/index.ts'
import { textIn } from '../../server/api/request.ts'
import type { JsonObject } from '../../server/base/json.ts'

const said = (role: string, content: JsonObject[string]): JsonObject => ({ role, content })

test.each<readonly [row: string, request: JsonObject, text: string]>([
  ['chat-completions', { messages: [said('user', 'Hi'), said('assistant', 'Ho')] }, 'Hi'],
  ['chat-completions', { messages: [said('user', 'Hi'), said('user', 'Hi again')] }, 'Hi again'],
  [
    'chat-completions',
    {
      messages: [
        said('user', [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ]),
      ],
    },
    'a b',
  ],
  [
    'chat-completions',
    { messages: [said('user', 'Look'), said('user', [{ type: 'image_url', image_url: {} }])] },
    'Look',
  ],
  ['chat-completions', { messages: [said('system', 'Be brief')] }, ''],
  ['chat-completions', { messages: [said('user', 'Hi'), { role: 'tool', tool_call_id: 'c', content: '21' }] }, 'Hi'],
  ['chat-completions', { messages: 'Hi' }, ''],
  ['chat-completions', { prompt: 'Once' }, 'Once'],
  ['chat-completions', { prompt: ['Once', 'upon'] }, 'Once upon'],
  ['messages', { messages: [said('user', 'Hi'), said('user', [])] }, 'Hi'],
  ['messages', { messages: [said('user', [{ type: 'tool_result', tool_use_id: 't', content: '21' }])] }, ''],
  ['messages', { system: 'Be brief', messages: [said('user', [{ type: 'text', text: 'Hi' }])] }, 'Hi'],
  ['gemini', { contents: [{ parts: [{ text: 'Hi' }] }] }, 'Hi'],
  [
    'gemini',
    {
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [{ text: 'Ho' }] },
      ],
    },
    'Hi',
  ],
  ['gemini', { contents: { role: 'user', parts: [{ text: 'Hi' }] } }, 'Hi'],
  ['gemini', { contents: 'Hi' }, 'Hi'],
  ['gemini', { content: { parts: [{ text: 'Embed me' }] } }, 'Embed me'],
  ['interactions', { input: 'Hi' }, 'Hi'],
  [
    'interactions',
    {
      input: [
        { type: 'text', text: 'Look' },
        { type: 'image', data: 'aWVuZA==' },
      ],
    },
    'Look',
  ],
  ['interactions', { input: [said('user', 'Hi'), said('model', 'Ho')] }, 'Hi'],
  ['interactions', { input: [said('user', [{ type: 'text', text: 'Hi' }])] }, 'Hi'],
  [
    'interactions',
    {
      input: [
        { type: 'user_input', content: [{ type: 'text', text: 'Hi' }] },
        { type: 'model_output', content: [{ type: 'text', text: 'Ho' }] },
      ],
    },
    'Hi',
  ],
  ['interactions', { input: [{ type: 'function_result', call_id: 'c', result: { degrees: 21 } }] }, ''],
  ['ollama', { messages: [said('user', 'Hi'), said('assistant', 'Ho')] }, 'Hi'],
  ['ollama', { prompt: 'Once' }, 'Once'],
  ['ollama', { input: ['Embed', 'me'] }, 'Embed me'],
  ['cohere', { messages: [said('system', 'x'), said('user', 'Hi')] }, 'Hi'],
  ['cohere', { message: 'Hi', chat_history: [{ role: 'USER', message: 'Before' }] }, 'Hi'],
  ['responses', { input: [said('user', 'Hi'), { type: 'function_call_output', output: '21' }] }, 'Hi'],
  ['any', { input: 'Embed me' }, 'Embed me'],
])('the last words of the user, to %s: %j', (row, request, text) => {
  expect(apiNamed(row).lastUserText(request)).toBe(text)
})

test.each<readonly [row: string, counts: JsonObject, leftOut: JsonObject]>([
  [
    'chat-completions',
    { model: 'm', messages: [], stream: true, stream_options: { include_usage: true }, seed: 1, tools: [] },
    { user: 'ada', metadata: {}, store: true, service_tier: 'flex', safety_identifier: 'a', prompt_cache_key: 'k' },
  ],
  [
    'messages',
    { model: 'm', messages: [], stream: true, thinking: {}, max_tokens: 1, container: 'c' },
    { metadata: { user_id: 'ada' }, service_tier: 'auto', inference_geo: 'eu' },
  ],
  ['gemini', { contents: [], cachedContent: 'c', safetySettings: [], generationConfig: {} }, { labels: { a: 'b' } }],
  ['interactions', { input: 'Hi', stream: true, previous_interaction_id: 'v1', store: false }, { labels: {} }],
  ['ollama', { model: 'm', messages: [], options: { seed: 1 }, think: true, format: 'json' }, { keep_alive: '5m' }],
  ['cohere', { model: 'm', messages: [], safety_mode: 'NONE', seed: 1 }, {}],
  ['bedrock', { messages: [], guardrailConfig: {}, system: [] }, { requestMetadata: {}, performanceConfig: {} }],
  ...['chat-completions', 'messages', 'interactions', 'cohere', 'openai', 'responses'].map(
    (row) => [row, { model: 'm' }, { stream: false }] as const,
  ),
  // Here a stream comes unless it is not wanted.
  ['ollama', { model: 'm', stream: false }, {}],
  ['any', { metadata: {}, user: 'ada', stream: false }, {}],
])('of a request to %s this counts for the key: %j; this does not: %j', (row, counts, leftOut) => {
  expect(apiNamed(row).keyed({ ...leftOut, ...counts })).toEqual(counts)
})

test.each<readonly [row: string, path: string, request: JsonObject, model: string]>([
  ['chat-completions', '/v1/chat/completions', { model: 'gpt-x' }, 'gpt-x'],
  ['chat-completions', '/v1/chat/completions', { model: 7 }, ''],
  ['messages', '/v1/messages', { model: 'claude-x' }, 'claude-x'],
  ['messages', '/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:rawPredict', {}, 'claude-x'],
  ['gemini', '/v1beta/models/gemini-x:generateContent', {}, 'gemini-x'],
  ['interactions', '/v1beta/interactions', { model: 'gemini-x' }, 'gemini-x'],
  ['interactions', '/v1beta/interactions', { agent: 'deep-research' }, 'deep-research'],
  ['ollama', '/api/chat', { model: 'llama' }, 'llama'],
  ['any', '/v1/rerank', { model: 'm' }, 'm'],
])('%s finds the model in %s with %j: %j', (row, path, request, model) => {
  expect(apiNamed(row).modelOf({ method: 'POST', path }, request)).toBe(model)
})

test.each<readonly [JsonObject[string], string]>([
  ['a', 'a'],
  [{ text: 'a' }, 'a'],
  [[{ text: 'a' }, 'b', { type: 'image' }, ['c']], 'a b c'],
  [7, ''],
  [null, ''],
])('the text in %j is %j', (content, text) => {
  expect(textIn(content)).toBe(text)
})
