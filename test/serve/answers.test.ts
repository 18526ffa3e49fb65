import { describe, expect, test, vi } from 'vitest'
import type { JsonObject, JsonValue } from '../../server/base/json.ts'
import { createAnswers, readWish } from '../../server/serve/answers.ts'
import { FORMS, callFor } from '../kit/written.ts'

const wishFor = (call: JsonValue, text: string) => readWish(JSON.stringify({ call, answer: [{ type: 'text', text }] }))

const textOf = (answers: ReturnType<typeof createAnswers>, call: Parameters<typeof answers.next>[0]) => {
  const part = answers.next(call)?.parts[0]
  return part?.type === 'text' ? part.text : undefined
}

const chatCall = (body: JsonObject) => callFor({ path: '/v1/chat/completions', body: () => body }, '')

const REQUEST = {
  model: 'gpt-5',
  temperature: 0,
  messages: [
    { role: 'system', content: 'Be kind.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Say' },
        { type: 'text', text: 'hi' },
      ],
    },
  ],
  tools: [{ type: 'function', function: { name: 'weather', parameters: {} } }],
}

describe.each<[string, JsonValue, boolean]>([
  ['the text of the user', 'Say hi', true],
  ['another text', 'Say bye', false],
  ['a part of the text', 'Say', false],
  ['nothing at all', {}, true],
  ['the model', { model: 'gpt-5' }, true],
  ['another model', { model: 'gpt-4' }, false],
  ['a member that is another', { temperature: 1 }, false],
  ['a member that is not there', { top_p: 1 }, false],
  ['the text of the user by name', { messages: 'Say hi' }, true],
  ['another text by name', { messages: 'Say bye' }, false],
  ['parts of members', { tools: [{ function: { name: 'weather' } }] }, true],
  ['a list that is shorter', { messages: [{ role: 'system' }] }, false],
  ['a list as long', { messages: [{ role: 'system' }, {}] }, true],
  ['a list in place of a text', { model: ['gpt-5'] }, false],
])('%s', (_name, to, isMeant) => {
  test(isMeant ? 'means the call' : 'means another call', () => {
    const answers = createAnswers()
    answers.add(wishFor(to, 'Hello'))
    expect(textOf(answers, chatCall(REQUEST))).toBe(isMeant ? 'Hello' : undefined)
  })
})

test('the text of the user and the model are looked for once, however many answers are wanted', () => {
  const answers = createAnswers()
  for (let count = 0; count < 100; count++) {
    answers.add(wishFor(`Say ${count}`, 'Hello'))
    answers.add(wishFor({ model: `gpt-${count}`, messages: 'Say hi' }, 'Hello'))
  }
  const call = chatCall({ ...REQUEST, model: 'gpt-none' })
  const [lastUserText, modelOf] = [vi.fn(call.api.lastUserText), vi.fn(call.api.modelOf)]
  expect(answers.next({ ...call, api: { ...call.api, lastUserText, modelOf } })).toBeUndefined()
  expect([lastUserText.mock.calls.length, modelOf.mock.calls.length]).toEqual([1, 1])
})

test.each(FORMS.map((form) => [form.name, form] as const))('the text of the user is known in %s', (_name, form) => {
  const answers = createAnswers()
  answers.add(wishFor('Say hi', 'Hello'))
  expect(textOf(answers, callFor(form, 'Say hi'))).toBe('Hello')
  expect(textOf(answers, callFor(form, 'Say bye'))).toBeUndefined()
})

test('the model of Gemini stands in its path', () => {
  const [form] = FORMS.filter(({ name }) => name.startsWith('gemini'))
  const answers = createAnswers()
  answers.add(wishFor({ model: 'gemini-2.5-flash', contents: 'Say hi' }, 'Hello'))
  expect(form && textOf(answers, callFor(form, 'Say hi'))).toBe('Hello')
})

test('answers to the same calls come one after another, and then the last again', () => {
  const answers = createAnswers()
  answers.add(wishFor('Say hi', 'one'))
  answers.add(wishFor({ model: 'gpt-5' }, 'of the model'))
  answers.add(wishFor('Say hi', 'two'))
  const call = chatCall(REQUEST)
  expect([1, 2, 3].map(() => textOf(answers, call))).toEqual(['one', 'two', 'two'])
})

test('what was given last counts first', () => {
  const answers = createAnswers()
  answers.add(wishFor('Say hi', 'of the text'))
  answers.add(wishFor({}, 'of all'))
  expect(textOf(answers, chatCall(REQUEST))).toBe('of all')
})

test('a call that no model answers is not meant, unless it is to fail', () => {
  const count = callFor({ path: '/v1/messages/count_tokens', body: () => REQUEST }, '')
  const embedding = callFor({ path: '/v1/embeddings', body: () => ({ input: 'Say hi' }) }, '')
  const answers = createAnswers()
  answers.add(wishFor({}, 'Hello'))
  answers.add(wishFor('Say hi', 'Hello'))
  for (const call of [count, embedding]) expect(answers.next(call)).toBeUndefined()
  answers.add(readWish('{"call":{},"answer":{"type":"failure","status":503}}'))
  expect(textOf(answers, chatCall(REQUEST))).toBe('Hello')
  for (const call of [count, embedding]) expect(answers.next(call)?.failure?.status).toBe(503)
})

test('a body that is nested without end, or is none, is no call that is meant', () => {
  const answers = createAnswers()
  answers.add(wishFor('Say hi', 'Hello'))
  const deep = `{"messages":${'['.repeat(5000)}${']'.repeat(5000)}}`
  for (const text of [deep, '', 'x', '[]', 'null']) {
    const content = Buffer.from(text)
    expect(answers.next({ ...chatCall(REQUEST), content, body: content })).toBeUndefined()
  }
})

test.each([
  ['no JSON', 'Say hi', /An answer is asked for as/],
  ['no object', '[]', /An answer is asked for as/],
  ['no call', '{"answer":[]}', /An answer is asked for as/],
  ['a call that is a number', '{"call":1,"answer":[]}', /An answer is asked for as/],
  ['a piece that is none', '{"call":"x","answer":[{"type":"song"}]}', /is no piece of an answer/],
  ['no answer', '{"call":"x"}', /An answer is asked for as/],
  ['a call without end', `{"call":${'{"a":'.repeat(200)}1${'}'.repeat(200)},"answer":[]}`, /is nested more than/],
])('%s is refused in words', (_name, text, words) => {
  expect(() => readWish(text)).toThrow(words)
})
