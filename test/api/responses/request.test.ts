/** What a request to the Responses API says. The key's tests say what of it counts. */
import { describe, expect, test } from 'vitest'
import { LEFT_OUT, keyed, lastUserText } from '../../../server/api/responses/request.ts'
import { type JsonObject, type JsonValue, parseObject } from '../../../server/base/json.ts'

test('what counts is the request without what does not shape its answer, and the request stays as it is', () => {
  const counting = { model: 'm', input: 'Hi', tools: [{ type: 'x', metadata: 1 }], stream: true }
  const others = Object.fromEntries([...LEFT_OUT].map((name) => [name, 'x']))
  const request = Object.freeze({ ...others, ...counting })
  expect(keyed(request)).toEqual(counting)
  expect(keyed({ ...counting, stream: false })).toEqual({ model: 'm', input: 'Hi', tools: counting.tools })
})

test('a member that is called like one that every object has counts like any other', () => {
  const request = parseObject('{"constructor":"x","toString":[1],"__proto__":{"a":1},"valueOf":null}') ?? {}
  expect(JSON.stringify(keyed(request))).toBe(JSON.stringify(request))
})

describe('the last text of the user', () => {
  const user = (content: JsonValue) => ({ role: 'user', content })
  const textOf = (input: JsonValue | undefined) => lastUserText(input === undefined ? {} : { input })

  test.each<[JsonValue | undefined, string]>([
    ['Say hi', 'Say hi'],
    [[user('one'), user('two')], 'two'],
    [
      [
        user('one'),
        { role: 'assistant', content: 'no' },
        user([{ type: 'input_text', text: 'two' }, { type: 'input_image' }]),
      ],
      'two',
    ],
    [[user([{ text: 'two' }, { text: '' }, { text: 'parts' }])], 'two parts'],
    [[user('one'), { type: 'function_call_output', output: '1' }], 'one'],
    [[user('one'), user([{ type: 'input_image' }])], 'one'],
    [[{ role: 'system', content: 'no' }], ''],
    [[7, null, 'text'], ''],
    [{ role: 'user', content: 'no list' }, ''],
    [undefined, ''],
  ])('of %j is %j', (input, text) => {
    expect(textOf(input)).toBe(text)
  })

  test('is that of the input alone', () => {
    const request: JsonObject = { instructions: 'no', prompt: { id: 'no' } }
    expect(lastUserText(request)).toBe('')
  })
})
