/** What the API sees of a call, and what the client gets of its answer beside the body. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Call, Transport } from '../../server/api/call.ts'
import type { Headers } from '../../server/api/headers.ts'
import { compose, words } from '../kit/answers.ts'
import { sse } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { drain, liveFrom } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const KEY = 'sk-the-key-of-the-server'
const TEXT = compose('live').text(words('Hello there')).completed()

/** A request as it came. */
interface Seen {
  readonly method: string | undefined
  readonly target: string | undefined
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** An API that keeps what it was asked, and answers with these headers. */
async function startApi(headers: readonly string[] = [], body = TEXT.map(sse).join('')) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, url: target, rawHeaders } = request
    seen.push({ method, target, headers: rawHeaders, body: Buffer.concat(chunks) })
    response.sendDate = false
    response.writeHead(200, ['content-type', 'text/event-stream', ...headers]).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { seen, url: `http://127.0.0.1:${port}/v1` }
}

describe('a call of a client', () => {
  test('goes out as it came: method, path, query, headers in their order, and the bytes of its body', async () => {
    const api = await startApi()
    const body = Buffer.from('{ "model":"m",\r\n"input" : "é\\u00e9", "seed":9007199254740993, "stream": true }')
    const headers: Headers = [
      ['X-Stainless-Lang', 'js'],
      ['Content-Type', 'application/json'],
      ['Authorization', 'Bearer sk-of-the-client'],
      ['x-many', '1'],
      ['OpenAI-Beta', 'x=y'],
      ['X-Many', '2'],
      ['Accept-Encoding', 'br'],
    ]
    const call = callOf(
      {},
      { body, content: body, headers, credential: 'sk-of-the-client', query: '?b=%2F&a=+1', path: '/v1/responses' },
    )
    await drain(liveFrom(api), call)
    expect(api.seen).toHaveLength(1)
    const [asked] = api.seen
    expect([asked?.method, asked?.target]).toEqual(['POST', '/v1/responses?b=%2F&a=+1'])
    expect(asked?.body).toEqual(body)
    const own = new Set(['host', 'connection', 'content-length'])
    const pairs = (asked?.headers ?? []).flatMap((name, index, all) =>
      index % 2 === 0 ? [[name, all[index + 1]]] : [],
    )
    expect(pairs.filter(([name = '']) => !own.has(name.toLowerCase()))).toEqual(headers)
  })

  test('asks for a stream only if the client did', async () => {
    const api = await startApi()
    await drain(liveFrom(api), callOf({ ...ASK, stream: undefined }))
    await drain(liveFrom(api), callOf({ ...ASK, stream: false }))
    expect(api.seen.map(({ body }) => JSON.parse(body.toString()))).toEqual([ASK, { stream: false, ...ASK }])
  })

  test('without a key of its own has the server’s, and is refused as the API would if there is none', async () => {
    const api = await startApi()
    await drain(liveFrom(api), ASK)
    expect(api.seen[0]?.headers).toContain('Bearer sk-stand-in')
    const keyless: Transport = async () => ({
      status: 401,
      headers: [['content-type', 'application/json']],
      body: (async function* () {
        yield Buffer.from('{"error":{"message":"OPENAI_API_KEY"}}')
      })(),
    })
    const { head, error } = await drain(liveFrom(api, { apiKey: undefined, http: keyless }), ASK)
    expect([head?.status, error, api.seen.length]).toEqual([401, undefined, 1])
  })

  test('is carried by what it brings, or else by how it was made', async () => {
    const carried: string[] = []
    const carry =
      (name: string): Transport =>
      async () => {
        carried.push(name)
        return { status: 204, headers: [], body: (async function* () {})() }
      }
    const model = liveFrom({ url: 'http://127.0.0.1:9/v1' }, { http: carry('http'), sdk: carry('sdk') })
    const calls: Partial<Call>[] = [
      {},
      { own: true },
      { transport: carry('its own') },
      { own: true, transport: carry('its own') },
    ]
    for (const more of calls) await drain(model, callOf(ASK, { path: '/v1/files', ...more }))
    expect(carried).toEqual(['http', 'sdk', 'its own', 'its own'])
  })
})

describe('the head of an answer', () => {
  test('is that of the API, but for what is about the connection, and who may read it', async () => {
    const sent = [
      ['X-Request-Id', 'req_1'],
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['openai-processing-ms', '7'],
      ['Keep-Alive', 'timeout=5'],
      ['Access-Control-Allow-Origin', '*'],
      ['X-Hop', '1'],
      ['Connection', 'X-Hop'],
      ['x-ratelimit-remaining-tokens', '1'],
    ]
    const api = await startApi(sent.flat())
    const call = callOf(ASK, { credential: 'sk-client', headers: [['authorization', 'Bearer sk-client']] })
    const { head } = await drain(liveFrom(api), call)
    expect(head?.headers).toEqual([
      ['content-type', 'text/event-stream'],
      ['X-Request-Id', 'req_1'],
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['openai-processing-ms', '7'],
      ['x-ratelimit-remaining-tokens', '1'],
    ])
  })

  test('tells how long the body is, if the API does and nothing may change it', async () => {
    const length = (text: string) => ['content-length', String(Buffer.byteLength(text))]
    const lengthOf = ({ head }: Awaited<ReturnType<typeof drain>>) =>
      head?.headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1]
    const json = '{"id":"resp_1"}'
    const api = await startApi([...length(json), 'content-type', 'application/json'], json)
    const own = callOf(ASK, { credential: 'sk-client', headers: [['authorization', 'Bearer sk-client']] })
    expect(lengthOf(await drain(liveFrom(api), own))).toBe(String(json.length))
    // In a stream the server's own key may become a placeholder.
    const stream = await startApi(length(TEXT.map(sse).join('')))
    expect(lengthOf(await drain(liveFrom(stream, { apiKey: KEY }), ASK))).toBeUndefined()
    expect(lengthOf(await drain(liveFrom(stream, { apiKey: KEY }), own))).toMatch(/^\d+$/)
  })
})
