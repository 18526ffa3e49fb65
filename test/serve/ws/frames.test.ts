import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { binaryMessage, parseMessage } from '../../../server/serve/ws/frames.ts'

const refusal = (text: string) => {
  const message = parseMessage(text)
  return message.kind === 'invalid' ? `${message.error.code} ${message.error.message}` : message.kind
}

describe('parseMessage', () => {
  test('reads a request with all that it may have', () => {
    expect(parseMessage('{"input":"Hi"}')).toMatchObject({ kind: 'request', body: { input: 'Hi' }, ignored: [] })
    expect(parseMessage('{"input":[{"role":"user","content":"Hi"}],"id":"1","previous_response_id":"resp_1"}')).toEqual(
      {
        kind: 'request',
        id: '1',
        body: { input: [{ role: 'user', content: 'Hi' }], previous_response_id: 'resp_1' },
        ignored: [],
      },
    )
  })

  test('keeps the items of an input to the last member', () => {
    const input = [{ type: 'function_call_output', call_id: 'c', output: '1', unknown: [1, { a: null }] }]
    expect(parseMessage(JSON.stringify({ input }))).toMatchObject({ body: { input } })
  })

  test('names the members that mean nothing', () => {
    expect(parseMessage('{"input":"Hi","instructions":"Be brief","type":"message"}')).toMatchObject({
      kind: 'request',
      ignored: ['instructions'],
    })
  })

  test('takes null for no conversation, as the API does', () => {
    expect(parseMessage('{"input":"Hi","previous_response_id":null}')).toMatchObject({ body: { input: 'Hi' } })
  })

  test('reads a cancel, with and without an id', () => {
    expect(parseMessage('{"type":"cancel"}')).toEqual({ kind: 'cancel', id: undefined })
    expect(parseMessage('{"type":"cancel","id":"7"}')).toEqual({ kind: 'cancel', id: '7' })
  })

  test.each([
    ['', /^invalid_json/],
    ['{', /^invalid_json/],
    ['Hello', /^invalid_json/],
    ['null', /^invalid_input This message is null/],
    ['["Hi"]', /^invalid_input This message is a list/],
    ['{}', /^invalid_input "input" must be/],
    ['{"input":""}', /^invalid_input "input" must be/],
    ['{"input":" \\n\\t"}', /^invalid_input "input" must be/],
    ['{"input":[]}', /^invalid_input "input" must be/],
    ['{"input":["Hi"]}', /^invalid_input "input" must be/],
    ['{"input":[[]]}', /^invalid_input "input" must be/],
    ['{"input":7}', /^invalid_input "input" must be/],
    ['{"input":"\\ud83d"}', /^invalid_input This message holds a lone surrogate/],
    ['{"input":[{"content":"\\udc00"}]}', /^invalid_input This message holds a lone surrogate/],
    ['{"input":"Hi","id":7}', /^invalid_input "id" must be a string/],
    [JSON.stringify({ input: 'Hi', id: 'x'.repeat(129) }), /^invalid_input "id" must have at most 128/],
    ['{"input":"Hi","previous_response_id":""}', /^invalid_input "previous_response_id" is empty/],
    ['{"input":"Hi","previous_response_id":5}', /^invalid_input "previous_response_id" must be/],
    ['{"type":"cancel","id":5}', /^invalid_input "id" must be a string/],
    [`{"input":[${'{"a":'.repeat(200)}1${'}'.repeat(200)}]}`, /^invalid_input This message is nested/],
  ])('refuses %j', (text, expected) => {
    expect(refusal(text)).toMatch(expected)
  })

  test('an id of 128 characters is fine, whatever they are', () => {
    expect(parseMessage(JSON.stringify({ input: 'Hi', id: '👋'.repeat(128) })).kind).toBe('request')
  })

  test('echoes the id of what it refuses, if it is a valid one', () => {
    expect(parseMessage('{"input":"","id":"7"}')).toMatchObject({ kind: 'invalid', id: '7' })
    expect(parseMessage('{"input":"","id":7}')).toMatchObject({ kind: 'invalid', id: undefined })
  })

  test('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => void parseMessage(text)))
    fc.assert(
      fc.property(fc.record({ input: fc.jsonValue(), id: fc.jsonValue(), type: fc.jsonValue() }), (value) => {
        expect(['request', 'cancel', 'invalid']).toContain(parseMessage(JSON.stringify(value)).kind)
      }),
    )
  })
})

test('a binary message is refused, whatever it holds', () => {
  expect(binaryMessage()).toMatchObject({ kind: 'invalid', error: { code: 'invalid_json' } })
})
