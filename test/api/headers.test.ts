/** Which headers are passed on, to either side, and which are kept. */
import { expect, test } from 'vitest'
import type { Headers } from '../../server/api/headers.ts'
import { headersThatCount, keptHeaders, passedDown, passedUp, sendable } from '../../server/api/headers.ts'

const named = (names: readonly string[]): Headers => names.map((name) => [name, `value of ${name}`])
const namesOf = (headers: Headers): string[] => headers.map(([name]) => name)

/** About one connection (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
]

test('the API gets all that the client sent, in its order and case, and several of one name', () => {
  const sent = [
    ['Content-Type', 'application/json'],
    ['X-Stainless-Retry-Count', '0'],
    ['authorization', 'Bearer sk-x'],
    ['OpenAI-Organization', 'org'],
    ['x-many', '1'],
    ['content-encoding', 'gzip'],
    ['X-Many', '2'],
    ['Accept-Encoding', 'br'],
    ['Origin', 'http://localhost'],
  ] as const
  expect(passedUp(sent)).toEqual(sent)
})

test('but for those of the connection, its host, cookies, and what is for deltatape', () => {
  const theirs = [
    ...OF_THE_CONNECTION,
    'Expect',
    'Host',
    'Cookie',
    'Content-Length',
    'X-Deltatape-Token',
    'x-deltatape',
  ]
  expect(passedUp(named(theirs))).toEqual([])
  expect(namesOf(passedUp(named(['x-deltatapes', 'my-x-deltatape', 'cookie2', 'hosts'])))).toHaveLength(4)
})

test('the client gets all that the API sent, but for those of the connection and who may read it', () => {
  const sent = [
    ['Content-Type', 'text/event-stream'],
    ['X-Request-Id', 'req_1'],
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['Content-Length', '12'],
    ['content-encoding', 'zstd'],
    ['X-RateLimit-Remaining-Tokens', '1'],
  ] as const
  expect(passedDown(sent, false)).toEqual(sent)
  const others = [...OF_THE_CONNECTION, 'Access-Control-Allow-Origin', 'access-control-expose-headers', 'x-deltatape']
  expect(passedDown(named(others), false)).toEqual([])
})

test('a body that was decoded has neither its coding nor its length', () => {
  const sent = named(['content-encoding', 'Content-Length', 'content-type', 'content-language'])
  expect(namesOf(passedDown(sent, true))).toEqual(['content-type', 'content-language'])
})

test('what the header connection names belongs to the connection, too', () => {
  const sent = [
    ['Connection', 'close, X-Hop'],
    ['x-hop', '1'],
    ['connection', 'x-other'],
    ['X-Other', '2'],
    ['x-end-to-end', '3'],
  ] as const
  expect(passedUp(sent)).toEqual([['x-end-to-end', '3']])
  expect(passedDown(sent, false)).toEqual([['x-end-to-end', '3']])
})

test('a fixture keeps those that clients act on, in lower case, and no other', () => {
  const kept = [
    'Content-Type',
    'content-encoding',
    'retry-after',
    'Retry-After-Ms',
    'x-should-retry',
    'request-id',
    'X-Request-ID',
    'x-ratelimit-limit-requests',
    'anthropic-ratelimit-tokens-remaining',
    'x-amzn-RequestId',
    'x-amzn-errortype',
    'mcp-session-id',
    'location',
    'x-goog-upload-url',
    'x-generation-id',
    'Content-Disposition',
    'content-range',
    'accept-ranges',
    'link',
    'WWW-Authenticate',
    'operation-location',
    'x-amzn-bedrock-input-token-count',
  ]
  const others = [
    'set-cookie',
    'openai-organization',
    'openai-project',
    'openai-processing-ms',
    'date',
    'server',
    'cf-ray',
    'content-length',
    'x-content-type-options',
    'via',
  ]
  expect(namesOf(keptHeaders(named([...others, ...kept]), 'POST'))).toEqual(kept.map((name) => name.toLowerCase()))
  expect(namesOf(keptHeaders(named(['Content-Length', 'etag']), 'HEAD'))).toEqual(['content-length'])
})

test('of the headers of a call those count that its API names, and those that say which part it is about', () => {
  expect(headersThatCount()).toEqual(['content-range', 'last-event-id', 'range'])
  expect(headersThatCount(['accept', 'last-event-id'])).toEqual(['accept', 'last-event-id', 'content-range', 'range'])
})

test('headers that no connection takes are left out, or encoded', () => {
  expect(
    sendable([
      ['x-good', 'é ok\t'],
      ['bad name', 'x'],
      ['', 'x'],
      ['x-lines', 'b\r\nx-injected: 1'],
      ['x-zero', '\0'],
      ['x-japanese', '日本'],
      ['x-half', '\ud800'],
    ]),
  ).toEqual([
    ['x-good', 'é ok\t'],
    ['x-japanese', '%E6%97%A5%E6%9C%AC'],
    ['x-half', '%EF%BF%BD'],
  ])
})
