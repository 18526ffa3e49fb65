/** Calls whose answers can be written, in each form that their APIs have, and answers for them. */
import type { Call } from '../../server/api/call.ts'
import { apiOf } from '../../server/api/index.ts'
import type { Item } from '../../server/api/said.ts'
import type { JsonObject } from '../../server/base/json.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { type Identity, identify } from '../../server/fixture/key.ts'
import { readItems, writtenFor } from '../../server/fixture/written.ts'
import { createRedactor } from '../../server/redact/redactor.ts'

/** A form in which an API answers. */
export interface Form {
  readonly name: string
  readonly path: string
  readonly query?: string
  readonly body: (input: string) => JsonObject
}

const responses = (input: string) => ({ model: 'gpt-4.1-mini', input })
const chat = (content: string) => ({ model: 'gpt-4.1-mini', messages: [{ role: 'user', content }] })
const messages = (content: string) => ({
  model: 'claude-sonnet-5',
  max_tokens: 99,
  messages: [{ role: 'user', content }],
})
const gemini = (text: string) => ({ contents: [{ role: 'user', parts: [{ text }] }] })
const models = '/v1beta/models/gemini-2.5-flash'
const streamed = (body: Form['body']) => (input: string) => ({ ...body(input), stream: true })

export const FORMS: readonly Form[] = [
  { name: 'responses, streamed', path: '/v1/responses', body: streamed(responses) },
  { name: 'responses, in one piece', path: '/v1/responses', body: responses },
  { name: 'chat-completions, streamed', path: '/v1/chat/completions', body: streamed(chat) },
  {
    name: 'chat-completions, streamed and counted',
    path: '/v1/chat/completions',
    body: (input) => ({ ...chat(input), stream: true, stream_options: { include_usage: true } }),
  },
  { name: 'chat-completions, in one piece', path: '/v1/chat/completions', body: chat },
  { name: 'messages, streamed', path: '/v1/messages', body: streamed(messages) },
  { name: 'messages, in one piece', path: '/v1/messages', body: messages },
  { name: 'gemini, streamed', path: `${models}:streamGenerateContent`, query: '?alt=sse', body: gemini },
  { name: 'gemini, as an array', path: `${models}:streamGenerateContent`, body: gemini },
  { name: 'gemini, in one piece', path: `${models}:generateContent`, body: gemini },
]

/** What each of them may be wanted to say. */
export const SAID: Readonly<Record<string, readonly Item[]>> = {
  'a text': [{ type: 'text', text: 'Hello, you two.' }],
  'no text': [{ type: 'text', text: '' }],
  nothing: [],
  'a tool': [{ type: 'tool', name: 'get_weather', arguments: '{"city":"Paris"}' }],
  'a tool without arguments': [{ type: 'tool', name: 'now', arguments: '{}' }],
  'a tool with an integer that no number holds': [
    { type: 'tool', name: 'find', arguments: '{"id":12345678901234567890,"text":"12345678901234567890"}' },
  ],
  'two tools': [
    { type: 'tool', name: 'get_weather', arguments: '{"city":"Paris"}' },
    { type: 'tool', name: 'get_weather', arguments: '{"city":"Rome"}' },
  ],
  'a text and a tool': [
    { type: 'text', text: 'Let me look.' },
    { type: 'tool', name: 'get_weather', arguments: '{"city":"Paris"}' },
  ],
  'a refusal': [{ type: 'refusal', text: 'I do not talk about that.' }],
  reasoning: [
    { type: 'reasoning', text: 'They greet me. I greet them.' },
    { type: 'text', text: 'Hello.' },
  ],
  'a text that is cut short': [{ type: 'text', text: 'Once upon' }, { type: 'incomplete' }],
}

export function callFor({ path, query = '', body }: Omit<Form, 'name'>, input: string): Call {
  const content = Buffer.from(JSON.stringify(body(input)))
  const headers = [['content-type', 'application/json']] as const
  return { api: apiOf({ method: 'POST', path }), method: 'POST', path, query, headers, content, body: content }
}

export const identityFor = (form: Omit<Form, 'name'>, input = 'Say hi'): Identity =>
  identify(callFor(form, input), createRedactor())

/** What a form says where items are wanted of it. */
export const draftFor = (name: string, items: readonly Item[], more: JsonObject = {}): Fixture => {
  const form = FORMS.find((each) => each.name === name)
  if (!form) throw new Error(`There is no form ${name}.`)
  return writtenFor(identityFor({ ...form, body: (input) => ({ ...form.body(input), ...more }) }), readItems(items))
}
