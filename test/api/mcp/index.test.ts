/** MCP: which calls it is, what of them counts, and when their answers are whole. */
import { describe, expect, test } from 'vitest'
import type { Headers } from '../../../server/api/headers.ts'
import { createReader } from '../../../server/api/framing/index.ts'
import { apiOf } from '../../../server/api/index.ts'
import { mcp } from '../../../server/api/mcp/index.ts'
import { bytesOf } from '../../../server/api/record.ts'
import type { JsonObject, JsonValue } from '../../../server/base/json.ts'
import { absent, readAnswers, readRequest } from '../../kit/corpus-any.ts'

const BOTH: Headers = [['Accept', 'application/json, text/event-stream']]
const SSE: Headers = [['accept', 'text/event-stream']]
const OPEN: Headers = [['mcp-session-id', 's']]

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const note = { jsonrpc: '2.0', method: 'notifications/initialized' }
const answer = (id: JsonValue, result: JsonValue = {}) => ({ jsonrpc: '2.0', id, result })

const call = (body: unknown, headers = BOTH, method = 'POST') => ({
  method,
  path: '/any/path',
  query: '',
  headers,
  content: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
})

test.each([
  ['a request', call(list), true],
  ['a batch', call([list, note]), true],
  ['a notification', call(note), true],
  ['a response', call(answer(1)), true],
  ['a request that takes JSON alone', call(list, [['accept', 'application/json']]), false],
  ['a request that takes anything', call(list, [['accept', '*/*']]), false],
  ['no message', call({ id: 1, method: 'x' }), false],
  ['another version', call({ ...list, jsonrpc: '1.0' }), false],
  ['nothing', call(undefined), false],
  ['an empty batch', call([]), false],
  ['no JSON', { ...call(list), content: Buffer.from('{"jsonrpc":"2.0"') }, false],
  ['a stream that is opened', call(undefined, [...SSE, ...OPEN], 'GET'), true],
  ['a stream of anything', call(undefined, SSE, 'GET'), false],
  ['the end of a session', call(undefined, OPEN, 'DELETE'), true],
  ['an end of anything', call(undefined, [], 'DELETE'), false],
  ['another method', call(list, BOTH, 'PUT'), false],
])('%s is a call of MCP: %s', (_what, asked, owns) => {
  expect(apiOf(asked) === mcp).toBe(owns)
})

describe('the key of a message', () => {
  const tool = { name: 'get_weather', arguments: { city: 'Paris' } }

  test.each<[string, JsonObject, JsonObject]>([
    ['its id', list, { jsonrpc: '2.0', method: 'tools/list' }],
    [
      'its progress token',
      { ...list, params: { ...tool, _meta: { progressToken: 1 } } },
      { jsonrpc: '2.0', method: 'tools/list', params: tool },
    ],
    [
      'its progress token alone',
      { ...list, params: { _meta: { progressToken: 1, other: 2 } } },
      { jsonrpc: '2.0', method: 'tools/list', params: { _meta: { other: 2 } } },
    ],
    [
      'its client',
      { ...list, method: 'initialize', params: { clientInfo: { name: 'x' }, capabilities: {} } },
      { jsonrpc: '2.0', method: 'initialize', params: { capabilities: {} } },
    ],
    [
      'which request is given up',
      { ...note, method: 'notifications/cancelled', params: { requestId: 7, reason: 'x' } },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { reason: 'x' } },
    ],
    ['nothing else', { ...note, params: { a: 1 } }, { ...note, params: { a: 1 } }],
    ['what is no object', { ...note, params: [1] }, { ...note, params: [1] }],
    ['that of a batch', { json: [list, note, 1] }, { json: [{ jsonrpc: '2.0', method: 'tools/list' }, note, 1] }],
    ['nothing of no body', {}, {}],
  ])('leaves out %s', (_what, request, counting) => expect(mcp.keyed(request)).toEqual(counting))

  test('is named by what is asked', () => {
    const asked = { ...list, method: 'tools/call', params: { ...tool, arguments: { city: 'Paris', days: 3 } } }
    expect(mcp.lastUserText(asked)).toBe('tools/call get_weather Paris')
    expect(mcp.lastUserText({ json: [list, note] })).toBe('tools/list notifications/initialized')
    expect(mcp.lastUserText({})).toBe('')
  })
})

const sse = (...messages: readonly unknown[]) =>
  messages.map((message) => `event: message\r\ndata: ${JSON.stringify(message)}\r\n\r\n`).join('')

/** How a body ends as the answer to a request. */
function endOf(body: string, request: JsonObject = list, method = 'POST') {
  const reader = createReader([['content-type', /^[{[]/.test(body) ? 'application/json' : 'text/event-stream']])
  const follower = mcp.follow({ method, path: '/mcp', request })
  const records = [...reader.read(Buffer.from(body), 0), ...reader.end(0, true)]
  const progress = records.map((record) => follower.take(record))
  return [follower.end().end, progress.at(-1)]
}

const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }
const two = { json: [list, { ...list, id: 'b' }, note] }

test.each<[string, string, JsonObject, string]>([
  ['a stream with its response', sse(progress, answer(1)), list, 'complete'],
  ['a stream with an error', sse({ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'Oh' } }), list, 'complete'],
  ['a stream without its response', sse(progress), list, 'truncated'],
  ['a stream with the response to another', sse(answer(2)), list, 'truncated'],
  ['a request of the server alone', sse({ ...list, method: 'sampling/createMessage' }), list, 'truncated'],
  ['nothing', '', list, 'truncated'],
  ['JSON with its response', JSON.stringify(answer(1)), list, 'complete'],
  ['cut JSON', JSON.stringify(answer(1)).slice(0, -1), list, 'truncated'],
  ['JSON that is no response', '{"error":"x"}', list, 'truncated'],
  ['a batch with all', sse(answer('b'), answer(1)), two, 'complete'],
  ['a batch with one', sse(answer('b'), answer('b')), two, 'truncated'],
  ['a batch in JSON', JSON.stringify([answer(1), answer('b')]), two, 'complete'],
  ['a part of a batch in JSON', JSON.stringify([answer('b')]), two, 'truncated'],
  ['nothing for a notification', '', note, 'complete'],
])('%s', (_what, body, request, end) => expect(endOf(body, request)[0]).toBe(end))

test('after the last response more is waited for a moment only', () => {
  expect(endOf(sse(answer(1)))[1]).toBe('settling')
  expect(endOf(sse(answer(1)), two)[1]).toBe('open')
})

test('what the server says by itself ends whenever it ends', () => {
  expect(endOf('', {}, 'GET')).toEqual(['complete', undefined])
  expect(endOf(sse(progress), {}, 'GET')).toEqual(['complete', 'open'])
})

describe('an error', () => {
  const trouble = { status: 200, message: 'No fixture.', code: 'fixture_miss' }
  const error = { code: -32603, message: 'No fixture.', data: { code: 'fixture_miss' } }

  test('of a miss is one of JSON-RPC, with the id of its request', () => {
    expect(mcp.refused(trouble, call({ ...list, id: 'é' }))).toEqual({
      body: { jsonrpc: '2.0', id: 'é', error },
    })
    expect(mcp.refused(trouble, call([list, note, { ...list, id: 2 }]))).toEqual({
      body: [1, 2].map((id) => ({ jsonrpc: '2.0', id, error })),
    })
  })

  test('of what waits for no response has its status', () => {
    expect(mcp.refused(trouble, call(note))).toEqual({ status: 404, body: { jsonrpc: '2.0', id: null, error } })
    expect(mcp.refused(trouble, call(undefined, SSE, 'GET')).status).toBe(405)
    expect(mcp.refused({ ...trouble, status: 529, code: 'fault' }, call(list)).status).toBeUndefined()
  })

  test('within a stream is the response', () => {
    const place = { call: call(list), sent: 1, last: undefined, framing: 'sse' as const, isFailure: false }
    expect(bytesOf(mcp.failing(trouble, place)).toString()).toBe(
      `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, error })}\n\n`,
    )
  })
})

test('tells what a tool answered', () => {
  const reader = createReader([])
  const body = JSON.stringify(answer(1, { content: [{ type: 'text', text: 'Hi' }, { type: 'image' }] }))
  const told = mcp.told(mcp.events([...reader.read(Buffer.from(body), 3), ...reader.end(3, true)]))
  expect(told.pieces).toEqual([{ at: 3, text: 'Hi', event: 0 }])
})

describe.skipIf(absent)('real answers', () => {
  const answers = readAnswers().filter(({ api }) => api === 'mcp')

  test.each(answers)('$name is whole, and cut before its end it is not', (real) => {
    const { method, body: asked, headers, path } = readRequest(real)
    const content = Buffer.from(JSON.stringify(asked))
    expect(apiOf({ method, path, headers: Object.entries(headers), content })).toBe(mcp)
    const request = typeof asked === 'object' && asked !== null && !Array.isArray(asked) ? asked : {}
    const text = real.body.toString()
    expect(endOf(text, request)[0]).toBe('complete')
    for (let length = 0; length < text.length; length += 97) {
      const cut = endOf(text.slice(0, length), request)[0]
      expect(cut).not.toBe('complete')
    }
  })
})
