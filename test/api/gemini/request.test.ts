import { expect, test } from 'vitest'
import { keyed } from '../../../server/api/gemini/request.ts'
import type { JsonObject } from '../../../server/base/json.ts'

const call = (id: string, name = 'ls') => ({ role: 'model', parts: [{ functionCall: { id, name, args: {} } }] })
const gave = (id: string, output: string, name = 'ls') => ({
  role: 'user',
  parts: [{ functionResponse: { id, name, response: { output } } }],
})
const asked = (...contents: JsonObject[]) => JSON.stringify(keyed({ contents, labels: { a: 'b' } }))

test('ids that a program gives to calls do not count, and which response is for which call does', () => {
  const one = asked(call('ls_1795713867279_0'), call('ls_1795713867279_1'), gave('ls_1795713867279_0', 'a'))
  expect(asked(call('ls_1795713875906_0'), call('ls_1795713875906_1'), gave('ls_1795713875906_0', 'a'))).toBe(one)
  expect(asked(call('ls_1795713867279_0'), call('ls_1795713867279_1'), gave('ls_1795713867279_1', 'a'))).not.toBe(one)
  expect(asked(call('x'), call('y'), gave('x', 'b'))).not.toBe(one)
})

test('all else is as it was', () => {
  const parts = [{ text: 'Hi' }, { functionCall: { name: 'ls' } }, { inlineData: { id: 'x' } }, 'odd']
  for (const contents of [[{ role: 'user', parts }], 'Hi', ['Hi', null, { parts: 'Hi' }], []]) {
    expect(keyed({ contents, labels: {} })).toEqual({ contents })
  }
  expect(keyed({ content: { parts } })).toEqual({ content: { parts } })
})
