/** What a message says that its answer repeats. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ties } from '../../../server/api/mcp/ties.ts'

const request = (id: string, token?: string) =>
  `{"jsonrpc":"2.0", "method":"tools/call","params":{"id":5${token === undefined ? '' : `,"_meta":{"progressToken": ${token}}`}}, "id":${id}}`

const retied = (answer: string, from: string, to: string) => ties.retied(answer, ties.of(from), ties.of(to))

test.each([
  ['1', '7'],
  ['1', '"a"'],
  ['"a\\u0062"', '12345678901234567890'],
])('the id %s becomes %s, and everything else of the answer stays', (was, now) => {
  const answer = (id: string) => `{ "jsonrpc" : "2.0",\n "result":{"id":1,"items":[{"id": 1}]}, "id" : ${id}  }`
  expect(retied(answer(was), request(was), request(now))).toBe(answer(now))
})

test.each([
  ['of another', '{"jsonrpc":"2.0","id":2,"result":{}}'],
  ['of nobody', '{"jsonrpc":"2.0","id":null,"error":{}}'],
  ['of a request of the server', '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}'],
  ['of no message', '{"id":1,"result":{}}'],
  ['of no JSON', 'id: 1'],
])('the id %s stays', (_what, answer) => {
  expect(retied(answer, request('1'), request('7'))).toBe(answer)
})

test('notifications of progress have the token of the call', () => {
  const told = (token: string) =>
    `{"method":"notifications/progress","params":{"progress":1,"progressToken":${token}},"jsonrpc":"2.0"}`
  expect(retied(told('1'), request('1', '1'), request('7', '"t"'))).toBe(told('"t"'))
  expect(retied(told('2'), request('1', '1'), request('7', '"t"'))).toBe(told('2'))
  expect(retied(told('1'), request('1', '1'), request('7'))).toBe(told('1'))
})

test('a batch is told apart by its order, in a fixture too', () => {
  const batch = (...ids: readonly string[]) => `[${ids.map((id) => request(id)).join(', ')}]`
  const answer = (...ids: readonly string[]) =>
    `[${ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{}}`).join(' ,')}]`
  expect(retied(answer('2', '1'), batch('1', '2'), batch('2', '1'))).toBe(answer('1', '2'))
  expect(retied(answer('2', '1'), `{"json":${batch('1', '2')}}`, batch('"x"', '4'))).toBe(answer('4', '"x"'))
})

test('what any JSON is tied to, nothing is lost', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (one, other) => {
      expect(retied(one, other, other)).toBe(one)
    }),
  )
})
