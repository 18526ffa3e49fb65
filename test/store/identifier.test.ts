/** Which call it is, of calls whose bodies are the same. */
import { expect, test } from 'vitest'
import { chatCompletions } from '../../server/api/chat-completions/index.ts'
import { responses } from '../../server/api/responses/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { createIdentifier } from '../../server/store/identifier.ts'
import { callOf } from '../kit/calls.ts'

test('what counts beside the body is never taken for what was asked before', async () => {
  const identify = createIdentifier(createRedactor(), () => Promise.reject(new Error('It continues nothing.')))
  const path = '/v1/chat/completions'
  const body = { model: 'm', messages: [] }
  const beta = (value: string) => [['OpenAI-Beta', value] as const, ['x-other', value] as const]
  const to = (host: string) => ({ upstream: host, host })
  const calls = [
    callOf(body, { path }),
    callOf(body, { path, headers: beta('a') }),
    callOf(body, { path, headers: beta('b') }),
    callOf(body, { path, to: to('a.example') }),
    callOf(body, { path, to: to('b.example') }),
    callOf(body, { path, query: '?a=b' }),
    callOf(body, { path, api: responses }),
    callOf(body, { path, method: 'PUT', api: chatCompletions }),
  ]
  const keys = await Promise.all(calls.map(async (call) => (await identify(call)).key))
  expect(new Set(keys).size).toBe(calls.length)
  const again = { ...callOf(body, { path }), headers: [['x-other', 'c'] as const] }
  expect((await identify(again)).key).toBe(keys[0])
})
