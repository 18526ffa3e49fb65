import { describe, expect, test } from 'vitest'
import { parseEvent } from '../../server/api/event.ts'

test('an event is the very text, and what it says', () => {
  const text = '{ "type" : "response.output_text.delta", "delta":"\\u00e9\u2028\\/", "n": 1.0 }'
  expect(parseEvent(text, 7, 'response.output_text.delta')).toEqual({
    at: 7,
    type: 'response.output_text.delta',
    name: 'response.output_text.delta',
    text,
    body: { type: 'response.output_text.delta', delta: 'é\u2028/', n: 1 },
  })
})

test('what came on several lines is one line', () => {
  expect(parseEvent('{"type":\n"a",\r\n"b":1}', 0)?.text).toBe('{"type":"a","b":1}')
})

test.each([
  ['{"type":"a"}', 'b', 'a'],
  ['{"a":1}', 'b', 'b'],
  ['{"type":7}', 'b', 'b'],
  ['{"error":{"message":"Oh"}}', undefined, 'error'],
  ['{"error":null}', undefined, ''],
  ['{"error":{}}', 'b', 'b'],
  ['{}', undefined, ''],
])('the type of %s under the name %s is %j', (text, name, type) => {
  expect(parseEvent(text, 0, name)?.type).toBe(type)
})

test.each(['', '[DONE]', '7', 'null', '[]', '{"type":', '"{}"'])('%j is none', (text) => {
  expect(parseEvent(text, 0, 'a')).toBeUndefined()
})

describe('an event that is nested too deeply', () => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`

  test('is none, however deep', () => {
    expect(parseEvent(nested(127), 0)?.body).toBeDefined()
    for (const depth of [128, 20_000, 1_000_000]) expect(parseEvent(nested(depth), 0)).toBeUndefined()
  })

  test('is not taken for one that has brackets in its texts, or many of them side by side', () => {
    const texts = JSON.stringify({ a: '"[{\\\\'.repeat(500), '[[{"': '['.repeat(500) })
    expect(parseEvent(texts, 0)?.body).toEqual(JSON.parse(texts))
    expect(parseEvent(`{"a":[${'[],'.repeat(500)}{}]}`, 0)).toBeDefined()
  })
})
