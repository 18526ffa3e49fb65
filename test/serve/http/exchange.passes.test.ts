/** What the API sees with deltatape between, and what comes back from every path: the very bytes, both ways. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { sse } from '../../kit/standin.ts'
import { runServer } from '../../kit/tools.ts'
import { startCatcher, whole } from '../../model/transport/network.ts'
import { type RawRequest, type RawResponse, ask, good, openSocket, runWithStandIn, valuesOf } from './kit.ts'

/** A request as it is sent, in latin1. */
const rawRequest = (line: string, headers: readonly string[], body?: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        `${line} HTTP/1.1`,
        'Host: localhost',
        ...headers,
        ...(body ? [`Content-Length: ${body.byteLength}`] : []),
        '',
        '',
      ].join('\r\n'),
      'latin1',
    ),
    body ?? new Uint8Array(),
  ])

const JSON_TYPE = 'Content-Type: application/json'
const KEY = 'Authorization: Bearer sk-of-the-client'

const multipart = Buffer.concat([
  Buffer.from('--b\r\ncontent-disposition: form-data; name="file"; filename="ü.bin"\r\n\r\n'),
  Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  Buffer.from('\r\n--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--b--\r\n'),
])

const REQUESTS: Readonly<Record<string, Buffer>> = {
  'a compressed body': rawRequest(
    'POST /v1/responses',
    [JSON_TYPE, 'Content-Encoding: gzip', KEY],
    gzipSync('{"model":"m","input":"Hi"}'),
  ),
  'a body that nobody would write so': rawRequest(
    'POST /v1/responses',
    ['content-type: application/json; charset=utf-8', KEY],
    Buffer.from(' {"input" :"H\\u0069 ü", "b":1.0,"a":9007199254740993, "stream":false,"stream" : false}\r\n'),
  ),
  'a GET with a query': rawRequest('GET /v1/responses/resp_1?include[]=a&include%5B%5D=b&&empty=&x=%zz', [KEY]),
  'a DELETE': rawRequest('DELETE /v1/responses/resp_1', [KEY, 'Accept: */*']),
  'a POST without a body': rawRequest('POST /v1/responses/resp_1/cancel', [KEY], new Uint8Array()),
  'a multipart body': rawRequest('POST /v1/files', ['Content-Type: multipart/form-data; boundary=b', KEY], multipart),
  'a path that is written oddly': rawRequest('GET /v1/files/a%2Fb%20c;d/~x', [KEY]),
  'headers that nobody knows, in their case, several times, in latin1': rawRequest(
    'POST /v1/embeddings',
    [
      'X-Stainless-Lang: js',
      'openai-BETA: one',
      KEY,
      'X-Twice: 1',
      'x-unknown_header: \xfc \xe9',
      'X-Twice: 2',
      'Accept-Encoding: gzip, br',
      'OpenAI-Organization: org',
      'User-Agent: somebody/1.0 (really)',
      JSON_TYPE,
      'Idempotency-Key: once',
    ],
    Buffer.from('{"input":"Hi"}'),
  ),
}

/** What does not pass: of the connection, of this host alone, or deltatape's own. */
const OURS = /^(?:host|connection|keep-alive|te|cookie|x-deltatape-\S+|x-hop):/i

/** A request line, headers but for those that do not pass, and the body. A body's length may stand anywhere among the headers. */
function seen(text: string) {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s)
  const [line, ...headers] = head.split('\r\n')
  const isLength = (header: string) => /^content-length:/i.test(header)
  const passed = headers.filter((header) => !OURS.test(header))
  return {
    line,
    headers: passed.filter((header) => !isLength(header)),
    lengths: passed.filter(isLength).map((header) => header.toLowerCase()),
    body,
  }
}

const withHeaders = (request: Buffer, ...more: readonly string[]): Buffer => {
  const text = request.toString('latin1')
  return Buffer.from(text.replace('Host: localhost\r\n', `Host: localhost\r\n${more.join('\r\n')}\r\n`), 'latin1')
}

describe('the API sees the same bytes with deltatape between as without', () => {
  test.each(Object.entries(REQUESTS))('%s', async (_name, request) => {
    const api = await startCatcher()
    const direct = openSocket(`http://127.0.0.1:${api.port}`)
    direct.write(request)
    const without = await api.next()
    for (const mode of ['live', 'record']) {
      const { server } = await runWithStandIn(() => ({}), { MODEL_MODE: mode, OPENAI_BASE_URL: api.baseURL })
      const client = openSocket(server.url)
      const own = ['Connection: keep-alive, X-Hop', 'X-Hop: 1', 'Keep-Alive: 5', 'TE: trailers', 'Cookie: a=1']
      client.write(withHeaders(request, ...own, 'X-Deltatape-Other: 1'))
      const between = await api.next()
      expect(seen(between.text)).toEqual(seen(without.text))
      for (const name of ['x-hop', 'keep-alive:', 'te:', 'cookie', 'x-deltatape']) {
        expect(between.text.toLowerCase()).not.toContain(`\r\n${name}`)
      }
      between.answer(whole('{}'))
      client.destroy()
    }
    direct.destroy()
  })

  test('but for the parameter that asks for faults', async () => {
    const api = await startCatcher()
    const { server } = await runWithStandIn(() => ({}), { MODEL_MODE: 'live', OPENAI_BASE_URL: api.baseURL })
    for (const [query, passed] of [
      ['?fault=&a=1&default=2', '?a=1&default=2'],
      ['?fault=', ''],
    ]) {
      const client = openSocket(server.url)
      client.write(rawRequest(`GET /v1/files${query}`, [KEY]))
      const { text, answer } = await api.next()
      expect(seen(text).line).toBe(`GET /v1/files${passed} HTTP/1.1`)
      answer(whole('{}'))
      client.destroy()
    }
  })
})

const binary = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256))

const ANSWERS: Readonly<
  Record<string, { readonly type: string; readonly body: string | Buffer; readonly status?: number }>
> = {
  'GET /v1/files/file_1/content': { type: 'application/octet-stream', body: binary },
  'POST /v1/audio/speech': { type: 'audio/mpeg', body: binary.subarray(0, 5000) },
  'POST /v1/embeddings': { type: 'application/json', body: '{\n  "data": [ {"embedding":[0.10,-1e-7]} ]\n}\n' },
  'GET /v1/responses/resp_1': {
    type: 'application/json',
    body: '{"id":"resp_1","object":"response","status":"completed"}',
  },
  'GET /v1/responses/resp_1?stream=true': { type: 'text/event-stream', body: `: hi\r\n\r\n${good.map(sse).join('')}` },
  'GET /v1/responses/resp_2': {
    type: 'application/json',
    body: '{"error":{"message":"No such response"}}',
    status: 404,
  },
  'DELETE /v1/responses/resp_1': {
    type: 'application/json',
    body: '{"id":"resp_1","object":"response.deleted","deleted":true}',
  },
  'POST /v1/responses/resp_1/cancel': {
    type: 'application/json',
    body: '{"id":"resp_1","object":"response","status":"cancelled"}',
  },
  'GET /v1/models': { type: 'application/json', body: '{"object":"list","data":[{"id":"of-the-api"}]}' },
  'POST /v1/chat/completions': { type: 'text/event-stream', body: 'data: {"choices":[]}\n\ndata: [DONE]\n\n' },
  'GET /v1/usage?from=2026&to=2027': { type: 'text/plain; charset=latin1', body: Buffer.from('pr\xeat', 'latin1') },
  'DELETE /v1/files/file_1': { type: 'application/json', body: '', status: 204 },
}

const asked = (name: string): RawRequest => {
  const [method = '', target = ''] = name.split(' ')
  return { method, target, ...(method === 'POST' ? { body: JSON.stringify({ input: 'Hi' }) } : {}) }
}

const told = ({ status, headers, body }: RawResponse) => ({ status, type: valuesOf({ headers }, 'content-type'), body })

test('what every path answers is passed on, recorded, and replayed, to the byte', async () => {
  const { server, standIn, dir } = await runWithStandIn(
    ({ method, path }) => {
      const { type, ...answer } = ANSWERS[`${method} ${path}`] ?? { type: '', body: '', status: 500 }
      return { headers: { 'content-type': type }, ...answer }
    },
    { RECORD_FAILURES: '1' },
  )
  const replaying = async () => (await runServer({ FIXTURES_DIR: dir })).url
  const names = Object.keys(ANSWERS)
  for (const name of names) {
    const { status = 200, type, body } = ANSWERS[name] ?? { type: '', body: '' }
    const recorded = await ask(server.url, asked(name))
    expect(told(recorded), name).toEqual({ status, type: [type], body: Buffer.from(body) })
  }
  await server.close()
  await standIn.close()
  const url = await replaying()
  for (const name of [...names, ...names]) {
    const { status = 200, type, body } = ANSWERS[name] ?? { type: '', body: '' }
    const replayed = await ask(url, asked(name))
    expect(told(replayed), name).toEqual({ status, type: [type], body: Buffer.from(body) })
    expect(valuesOf(replayed, 'x-deltatape-fixture'), name).toHaveLength(1)
    expect(valuesOf(replayed, 'x-deltatape-derived'), name).toEqual([])
  }
  for (const other of ['GET /v1/files/file_2/content', 'GET /v1/usage?from=2025&to=2027', 'DELETE /v1/models']) {
    const { status, body } = await ask(url, asked(other))
    expect([status, JSON.parse(body.toString()).error.code], other).toEqual([404, 'fixture_miss'])
  }
})
