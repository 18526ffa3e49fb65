import { expect, test } from 'vitest'
import { modelAsked } from '../../../server/serve/http/asking.ts'
import { callOf } from '../../kit/calls.ts'

const asked = (text: string, path = '/v1/chat/completions') =>
  modelAsked(callOf({}, { path, content: Buffer.from(text) }))

test.each([
  ['at the beginning', '{"model":"m","messages":[]}'],
  ['at the end', '{"messages":[{"content":"\\"model\\":\\"x\\""}],"model":"m"}'],
  ['with an escape', '{"model":"\\u006d"}'],
  ['before a text of megabytes', `{ "model": "m", "messages": ["${'x'.repeat(2_000_000)}"]}`],
])('the model %s', (_where, text) => expect(asked(text)).toBe('m'))

test.each([
  ['none', '{"messages":[]}'],
  ['behind a text of megabytes', `{"messages":["${'x'.repeat(2_000_000)}"],"model":"m"}`],
  ['what is no JSON', '{"model"'],
  ['a form', '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm'],
  ['no text', '{"model":7}'],
])('is not told of %s', (_what, text) => expect(asked(text)).toBe(''))

test('is the one of the path, where its API has it there', () => {
  expect(asked('{}', '/v1beta/models/gemini-x:generateContent')).toBe('gemini-x')
})

test('is cut if it is long', () => expect(asked(`{"model":"${'m'.repeat(5000)}"}`).length).toBeLessThan(200))
