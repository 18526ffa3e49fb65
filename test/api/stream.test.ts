/** Answers that stream events, by the rows that follow them so. */
import { describe, expect, test } from 'vitest'
import type { Api } from '../../server/api/api.ts'
import { chatCompletions } from '../../server/api/chat-completions.ts'
import { cohere } from '../../server/api/cohere.ts'
import { parseSseRecord } from '../../server/api/framing/sse.ts'
import { gemini } from '../../server/api/gemini.ts'
import { messages } from '../../server/api/messages.ts'

const record = (data: unknown) =>
  parseSseRecord(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`, 0)

function follow(api: Api, ...data: unknown[]) {
  const follower = api.follow()
  const progress = data.map((each) => follower.take(record(each)))
  return [follower.end().end, progress.at(-1)]
}

const chunk = (index: number, finish_reason: string | null = null) => ({
  choices: [{ index, delta: { content: 'Hi' }, finish_reason }],
})

describe('Chat Completions', () => {
  test.each<[string, unknown[], unknown[]]>([
    ['is whole after [DONE]', [chunk(0), '[DONE]'], ['complete', 'settling']],
    ['is whole after each choice has a reason to finish', [chunk(0), chunk(0, 'stop')], ['complete', 'open']],
    ['may have its usage after that', [chunk(0, 'stop'), { choices: [], usage: {} }], ['complete', 'open']],
    ['is cut as long as one choice has none', [chunk(0), chunk(1), chunk(0, 'stop')], ['truncated', 'open']],
    ['is cut without any', [chunk(0)], ['truncated', 'open']],
    ['has failed with an error', [chunk(0), { error: { message: 'Oh' } }], ['complete', 'failing']],
    ['is malformed with data that is no JSON', [chunk(0), '{"choices":'], ['malformed', 'open']],
  ])('%s', (_what, data, told) => {
    expect(follow(chatCompletions, ...data)).toEqual(told)
  })
})

test.each<[string, Api, unknown[], unknown[]]>([
  ['Messages', messages, [{ type: 'message_start' }, { type: 'message_stop' }], ['complete', 'settling']],
  ['Messages', messages, [{ type: 'message_start' }, { type: 'message_delta' }], ['truncated', 'open']],
  ['Messages', messages, [{ type: 'error', error: { type: 'overloaded_error' } }], ['complete', 'failing']],
  ['Gemini', gemini, [{ candidates: [{ finishReason: 'STOP' }] }], ['complete', 'open']],
  ['Gemini', gemini, [{ promptFeedback: { blockReason: 'SAFETY' } }], ['complete', 'open']],
  ['Gemini', gemini, [{ candidates: [{ content: {} }] }], ['truncated', 'open']],
  ['Cohere', cohere, [{ type: 'message-start' }, { type: 'message-end', delta: {} }], ['complete', 'settling']],
  ['Cohere', cohere, [{ type: 'message-start' }], ['truncated', 'open']],
  ['Cohere', cohere, [{ type: 'message-end', delta: { finish_reason: 'ERROR' } }], ['complete', 'failing']],
])('%s: %#', (_name, api, data, told) => {
  expect(follow(api, ...data)).toEqual(told)
})

describe.each([chatCompletions, messages, gemini, cohere])('$name', (api) => {
  const end = (...wires: string[]) => {
    const follower = api.follow()
    for (const wire of wires) follower.take({ at: 0, wire })
    return follower.end().end
  }

  test('has bodies in one piece, which are whole if they are JSON', () => {
    expect([end('{"id":', '"x"}'), end('[{"a":1}]'), end('{"id":'), end(''), end(': ping\n\n'), end('<p>')]).toEqual([
      'complete',
      'complete',
      'truncated',
      'truncated',
      'truncated',
      'malformed',
    ])
  })

  test('tells of an error within a stream in words that it takes for a failure itself', () => {
    const told = { status: 529, message: 'Overloaded on purpose', code: 'fault' }
    for (const wire of [api.errorRecord(told), ...api.broken(told, { kind: 'error', sent: 3, response: {} })]) {
      const { event } = parseSseRecord(wire, 0)
      expect(wire).toContain('Overloaded on purpose')
      expect(event && api.isFinished({ method: 'POST', path: '/' }, [event])).toBe(false)
    }
    expect(JSON.stringify(api.words(told))).toContain('Overloaded on purpose')
  })
})

test('errors have the shape that each API has', () => {
  const told = { status: 404, message: 'Why.', code: 'fixture_miss' }
  expect(chatCompletions.words(told)).toMatchObject({ error: { message: 'Why.', code: 'fixture_miss' } })
  expect(messages.words(told)).toMatchObject({ type: 'error', error: { type: 'not_found_error', message: 'Why.' } })
  expect(gemini.words(told)).toEqual({ error: { code: 404, message: 'Why.', status: 'NOT_FOUND' } })
  expect(cohere.words(told)).toEqual({ message: 'Why.' })
})

test.each<[Api, Parameters<Api['lastUserText']>[0], string]>([
  [
    chatCompletions,
    {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Ho' },
      ],
    },
    'Hi',
  ],
  [chatCompletions, { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { text: 'b' }] }] }, 'a b'],
  [chatCompletions, { prompt: 'Once' }, 'Once'],
  [
    messages,
    {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'user', content: [] },
      ],
    },
    'Hi',
  ],
  [gemini, { contents: [{ parts: [{ text: 'Hi' }] }] }, 'Hi'],
  [gemini, { contents: 'Hi' }, 'Hi'],
  [
    cohere,
    {
      messages: [
        { role: 'system', content: 'x' },
        { role: 'user', content: 'Hi' },
      ],
    },
    'Hi',
  ],
])('a fixture is named by what the user said last: %#', (api, request, text) => {
  expect(api.lastUserText(request)).toBe(text)
})

test('what does not shape an answer is left out of the key', () => {
  const request = { model: 'm', messages: [], stream: false, user: 'ada', metadata: { a: 1 }, n: 2 }
  expect(chatCompletions.keyed(request)).toEqual({ model: 'm', messages: [], n: 2 })
  expect(messages.keyed({ model: 'm', stream: true, metadata: {} })).toEqual({ model: 'm', stream: true })
  expect(gemini.keyed({ contents: [], labels: { a: 'b' } })).toEqual({ contents: [] })
})
