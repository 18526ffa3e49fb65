/** What happens between a connection and a call: who is let in, who answers, what a page may read, how a reply is written. */
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { FAILURES } from '../../kit/bundled.ts'
import { sse } from '../../kit/standin.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { type RawRequest, type RawResponse, ask, begin, good, openSocket, runWithStandIn, valuesOf } from './kit.ts'

const HELLO = JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })

type Header = readonly [name: string, value: string]

/** Posts a call that has a fixture. */
const post = (url: string, ...headers: Header[]) => ask(url, { body: HELLO, headers })

const get = (url: string, target: string, ...headers: Header[]) => ask(url, { method: 'GET', target, headers })

/** The status and the code of an error in the shape of the API's. */
function errorIn({ status, body }: RawResponse) {
  const { error } = JSON.parse(body.toString())
  expect(Object.keys(error).toSorted()).toEqual(['code', 'message', 'param', 'type'])
  return [status, error.code]
}

const crossOriginIn = ({ headers }: RawResponse) => headers.filter(([name]) => name.startsWith('access-control-'))

test('whatever is answered says who answers', async () => {
  const { url } = await runServer({})
  const targets: RawRequest[] = [
    { method: 'GET', target: '/health' },
    { method: 'GET', target: '/nowhere' },
    { method: 'GET', target: '/v1/models' },
    { method: 'GET', target: '/v1/nothing' },
    { body: HELLO },
    { body: '{' },
    { body: HELLO, headers: [['origin', 'https://evil.example']] },
  ]
  for (const asked of targets) {
    expect(valuesOf(await ask(url, asked), 'x-deltatape')).toEqual([`${manifest.version} replay`])
  }
})

describe('pages of other origins', () => {
  const page: Header = ['origin', 'http://localhost:5173']

  test('read nothing unless they are allowed, and foreign ones are refused', async () => {
    const { url } = await runServer({})
    const preflight = await ask(url, { method: 'OPTIONS', headers: [page] })
    for (const response of [await get(url, '/health', page), await post(url, page), preflight]) {
      expect(crossOriginIn(response)).toEqual([])
    }
    for (const origin of ['https://evil.example', 'null']) {
      expect(errorIn(await post(url, ['origin', origin]))).toEqual([403, 'forbidden'])
    }
  })

  test('read what they ask for if ALLOWED_ORIGINS names them, refusals too', async () => {
    const { url } = await runServer({ ALLOWED_ORIGINS: 'https://app.example' })
    const allowed: Header = ['origin', 'https://app.example']
    const broken = await ask(url, { body: '{', headers: [allowed] })
    for (const response of [await post(url, allowed), await get(url, '/health', allowed), broken]) {
      expect(valuesOf(response, 'access-control-allow-origin')).toEqual(['https://app.example'])
      expect(valuesOf(response, 'access-control-expose-headers').join()).toContain('x-deltatape-fixture')
      expect(valuesOf(response, 'vary')).toEqual(['Origin'])
    }
    const asked: Header[] = [
      allowed,
      ['access-control-request-method', 'POST'],
      ['access-control-request-headers', 'authorization,content-type'],
    ]
    const preflight = await ask(url, { method: 'OPTIONS', headers: asked })
    expect(preflight.status).toBe(204)
    expect(valuesOf(preflight, 'access-control-allow-headers')).toEqual(['authorization,content-type'])
    expect(valuesOf(preflight, 'access-control-allow-origin')).toEqual(['https://app.example'])
    expect(crossOriginIn(await get(url, '/health', page))).toEqual([])
  })

  test('are told by deltatape what they may read, and not by the API', async () => {
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true', vary: 'Accept' }
    const { server } = await runWithStandIn(() => ({ headers, steps: good.map((event) => ({ event })) }))
    expect(crossOriginIn(await post(server.url))).toEqual([])
  })
})

test.each<[string, readonly Header[]]>([
  ['that is not this server', [['host', 'evil.example']]],
  [
    'given twice',
    [
      ['host', 'localhost'],
      ['host', 'evil.example'],
    ],
  ],
])('a host %s is refused, and logged', async (_which, hosts) => {
  const { url, lines } = await runServer({})
  const socket = openSocket(url).setEncoding('latin1')
  const head = hosts.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`GET /health HTTP/1.1\r\n${head}connection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 403 .*"code":"forbidden"/s)
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'warn', code: 'forbidden', endpoint: '/health', msg: expect.stringContaining('evil.example') },
  ])
})

describe('AUTH_TOKEN', () => {
  const TOKEN = 'open-sesame'
  const bearer = (token: string): Header => ['authorization', `Bearer ${token}`]

  test('is asked of every endpoint but /health', async () => {
    const { url } = await runServer({ AUTH_TOKEN: TOKEN })
    expect((await get(url, '/health')).status).toBe(200)
    for (const response of [
      await post(url),
      await get(url, '/v1/models'),
      await get(url, '/v1/anything/else'),
      await post(url, bearer('wrong')),
      await post(url, bearer('any')),
      await post(url, ['x-deltatape-token', 'wrong'], bearer(TOKEN)),
    ]) {
      expect(errorIn(response)).toEqual([401, 'unauthorized'])
      expect(valuesOf(response, 'www-authenticate')).toEqual(['Bearer'])
    }
  })

  test('is asked for before the body is read, and whoever goes on sending can read that', async () => {
    const { url } = await runServer({ AUTH_TOKEN: TOKEN })
    const socket = openSocket(url).setEncoding('latin1')
    const length = 20_000_000
    socket.write(`POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 401 /)
    socket.write('x'.repeat(length))
    socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  test('is taken as bearer token, or beside one', async () => {
    const { url } = await runServer({ AUTH_TOKEN: TOKEN })
    expect((await post(url, bearer(TOKEN))).status).toBe(200)
    expect((await post(url, ['x-deltatape-token', TOKEN])).status).toBe(200)
    expect((await get(url, '/v1/models', ['authorization', `bearer ${TOKEN}`])).status).toBe(200)
  })
})

describe('an answer that a browser shows by itself', () => {
  const html = { headers: { 'content-type': 'text/html', 'content-security-policy': 'script-src *' }, body: '<script>' }
  const policiesOf = (response: RawResponse) => valuesOf(response, 'content-security-policy')

  test.each<[string, ...Header[]]>([
    ['it is led to', ['sec-fetch-mode', 'navigate'], ['sec-fetch-dest', 'document']],
    ['is in a frame', ['sec-fetch-dest', 'iframe']],
    ['does not say for what it asks', ['accept', 'text/html,application/xhtml+xml,*/*;q=0.8']],
  ])('has no rights of this server if the browser %s', async (_how, ...headers) => {
    for (const MODEL_MODE of ['record', 'replay']) {
      const { server } = await runWithStandIn(() => html, { MODEL_MODE })
      for (const target of ['/v1/files/file_1', '/@page/v1/files/file_1']) {
        const response = await get(server.url, target, ...headers)
        expect(policiesOf(response)).toContain('sandbox')
        expect(valuesOf(response, 'x-content-type-options')).toEqual(['nosniff'])
      }
    }
  })

  test.each<[string, ...Header[]]>([
    ['a program', ['accept', '*/*']],
    ['the script of a page', ['sec-fetch-mode', 'cors'], ['sec-fetch-dest', 'empty']],
  ])('is as the API sent it for %s', async (_who, ...headers) => {
    const { server } = await runWithStandIn(() => html)
    const response = await get(server.url, '/v1/files/file_1', ...headers)
    expect([policiesOf(response), valuesOf(response, 'x-content-type-options')]).toEqual([['script-src *'], []])
  })
})

describe('a reply on the wire', () => {
  test('has its length if all of it is there, and is in chunks otherwise', async () => {
    const whole = await post((await runServer({})).url)
    expect(valuesOf(whole, 'content-length')).toEqual([String(whole.body.byteLength)])
    const streamed = await ask((await runServer({ REPLAY_PACE: '1ms' })).url, {
      body: JSON.stringify({ ...JSON.parse(HELLO), stream: true }),
    })
    expect(valuesOf(streamed, 'content-length')).toEqual([])
    expect(valuesOf(streamed, 'transfer-encoding')).toEqual(['chunked'])
  })

  test('has the headers of the API in their case and order, several of one name too, and none that is for one connection', async () => {
    const headers = {
      'X-Request-ID': 'req_1',
      'X-Many': ['one', 'two'],
      'Set-Cookie': ['a=1', 'b=2'],
      Trailer: 'x-sum',
    }
    const { server } = await runWithStandIn(() => ({ headers, steps: good.map((event) => ({ event })) }))
    const response = await post(server.url)
    expect(response.headers.filter(([name]) => Object.hasOwn(headers, name) || name === 'x-many')).toEqual([
      ['X-Request-ID', 'req_1'],
      ['X-Many', 'one'],
      ['X-Many', 'two'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ])
    expect(valuesOf(response, 'trailer')).toEqual([])
  })

  test('of HEAD, and with a status that has no body, ends after its head', async () => {
    const { server } = await runWithStandIn(({ method }) =>
      method === 'HEAD' ? { body: '{"a":1}' } : { status: 204, body: '' },
    )
    const head = await ask(server.url, { method: 'HEAD', target: '/v1/files/file_1' })
    expect([head.status, head.body.byteLength]).toEqual([200, 0])
    const empty = await ask(server.url, { method: 'DELETE', target: '/v1/files/file_1' })
    expect([empty.status, empty.body.byteLength, valuesOf(empty, 'transfer-encoding')]).toEqual([204, 0, []])
  })

  test('that is over before the length of which its head tells breaks: the next answer would count for the rest', async () => {
    const steps = good.map((event) => ({ event }))
    const sent = steps.map(({ event }) => sse(event)).join('')
    const { server } = await runWithStandIn(
      () => ({ headers: { 'content-length': String(Buffer.byteLength(sent) + 500) }, steps: [...steps, 'close'] }),
      { MODEL_MODE: 'live' },
    )
    const socket = openSocket(server.url).setEncoding('utf8')
    socket.write(`POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${HELLO.length}\r\n\r\n${HELLO}`)
    socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(sent)
  })

  test('of a connection that is to break breaks it, before the head and in the body', async () => {
    const { url } = await runServer({})
    await expect(post(url, ['x-deltatape-fault', 'drop'])).rejects.toMatchObject({ code: 'ECONNRESET' })
    const streamed = JSON.stringify({ ...JSON.parse(HELLO), stream: true })
    const response = await begin(url, { body: streamed, headers: [['x-deltatape-fault', 'drop@4']] })
    expect(response.statusCode).toBe(200)
    let text = ''
    response.on('data', (chunk) => (text += String(chunk)))
    const [error] = await once(response, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(text.match(/^event: /gm)).toHaveLength(4)
  })

  test('has of a header that no connection takes what can be sent, whether all of it is there or not', async () => {
    const dir = await folderWith({ Hi: { events: good } })
    for (const name of await readdir(dir)) {
      const text = await readFile(join(dir, name), 'utf8')
      await writeFile(join(dir, name), text.replace('text/event-stream; charset=utf-8', 'text/→'))
    }
    for (const REPLAY_PACE of ['instant', '1ms']) {
      const server = await runServer({ FIXTURES_DIR: dir, REPLAY_PACE, MAX_CONNECTIONS: '1' })
      const body = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Hi', stream: true })
      const { status, headers, body: sent } = await ask(server.url, { body })
      expect(status).toBe(200)
      expect(headers).toContainEqual(['content-type', 'text/%E2%86%92'])
      expect(sent.toString()).toContain('response.completed')
      await server.close()
    }
  })

  test('comes in its turn on a connection that asks several at once', async () => {
    const { url } = await runServer({})
    const socket = openSocket(url).setEncoding('latin1')
    const one = (body: string, more = '') =>
      `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\n${more}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const refused = JSON.stringify({ model: 'gpt-4.1-mini', input: FAILURES.refused })
    socket.write(one(HELLO) + one('{') + one(refused) + one(HELLO, 'connection: close\r\n'))
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))).toEqual([200, 400, 429, 200])
  })
})
