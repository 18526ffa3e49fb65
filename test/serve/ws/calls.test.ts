import { describe, expect, test } from 'vitest'
import { contentText } from '../../../server/api/call.ts'
import { type CallsOptions, type CreateUpstream, createCalls } from '../../../server/serve/ws/calls.ts'
import { chatTurns } from '../../../server/serve/ws/chat.ts'

const createTurn = chatTurns({ deltas: true })

const request = (body: string, content = body) => ({
  kind: 'request' as const,
  body,
  content,
  ignored: [],
  turn: createTurn({ redact: (text) => text }),
})

/** The calls of a connection, and what happened to its upstream. */
function setUp(options: Partial<CallsOptions>) {
  const told: unknown[] = []
  const createUpstream: CreateUpstream = (...given) => {
    told.push(['created', ...given])
    return { transport: () => Promise.reject(new Error('not called')), close: () => told.push('closed') }
  }
  const calls = createCalls({
    own: false,
    headers: [['OpenAI-Beta', 'x']],
    query: '?a=1',
    credential: 'sk-1',
    manner: { fault: 'reset@5', pace: '2x' },
    createUpstream,
    ...options,
  })
  return { calls, told }
}

describe('a client of the API', () => {
  test('has its messages passed on, as calls with its own headers', () => {
    const { calls } = setUp({})
    const call = calls.for(request('{"type":"response.create","a":1}', '{"a":1,"stream":true}'))
    expect(call).toMatchObject({
      api: { name: 'responses' },
      method: 'POST',
      path: '/v1/responses',
      query: '',
      headers: [
        ['OpenAI-Beta', 'x'],
        ['content-type', 'application/json'],
      ],
      credential: 'sk-1',
      fault: 'reset@5',
      pace: '2x',
      own: undefined,
    })
    expect(Buffer.from(call.body).toString()).toBe('{"type":"response.create","a":1}')
    expect(contentText(call)).toBe('{"a":1,"stream":true}')
  })

  test('has one upstream for all of them, from the first one to the end', () => {
    const { calls, told } = setUp({})
    expect(told).toEqual([])
    const [first, second] = [calls.for(request('{}')), calls.for(request('{}'))]
    expect(told).toEqual([['created', [['OpenAI-Beta', 'x']], '?a=1', 'sk-1']])
    expect(first.transport).toBeDefined()
    expect(second.transport).toBe(first.transport)
    calls.close()
    expect(told.at(-1)).toBe('closed')
  })

  test('has none if nothing is called', () => {
    const { calls } = setUp({ createUpstream: undefined })
    expect(calls.for(request('{}')).transport).toBeUndefined()
    calls.close()
  })
})

test("a chat asks in deltatape's own name: with no header of the client but its trace, and over HTTP", () => {
  const trace = ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'] as const
  const { calls, told } = setUp({ own: true, headers: [['OpenAI-Beta', 'x'], trace] })
  const call = calls.for(request('{"input":"Hi"}'))
  expect(call).toMatchObject({ own: true, headers: [trace, ['content-type', 'application/json']], credential: 'sk-1' })
  expect(call.transport).toBeUndefined()
  expect(call.content).toBe(call.body)
  expect(told).toEqual([])
})
