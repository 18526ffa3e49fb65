import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ModelError } from '../../../server/api/ending.ts'
import type { Headers } from '../../../server/api/headers.ts'
import { failureOf, listen, makeCertificate, open, startProxy, textOf } from './network.ts'
import { COMPLETED, CREATED, DELTA, connectTo, create, goodTurn, reader, sse, startApi } from './sockets.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('a turn', () => {
  test('sends the very text, and gives the messages as server-sent events, as they come', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const text = '{ "type":"response.create", "n": 12345678901234567890, "generate":false }'
    const coming = transport(create(text), open())
    const line = await api.next()
    expect(await line.next()).toBe(text)
    line.send(CREATED)
    const incoming = await coming
    expect(incoming).toMatchObject({ status: 200, headers: [['content-type', 'text/event-stream; charset=utf-8']] })
    const { next, chunks } = reader(incoming)
    expect(await next()).toBe(sse(CREATED))
    for (const event of [DELTA, COMPLETED]) {
      const one = next()
      line.send(event)
      expect(await one).toBe(sse(event))
    }
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  test('follows another by the same connection', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const line = await goodTurn(transport, api.next())
    await goodTurn(transport, line)
    await goodTurn(transport, line)
    expect(api.lines).toHaveLength(1)
  })

  test.each(['response.completed', 'response.incomplete', 'response.failed'])('ends with %s', async (type) => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    const line = await api.next()
    await line.next()
    line.send({ type }, { type: 'late' })
    expect(await textOf(await coming)).toBe(sse({ type }))
  })

  test('that is refused ends with its error, and leaves the connection open', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    const line = await api.next()
    await line.next()
    const error = { type: 'error', status: 400, error: { code: 'previous_response_not_found' } }
    line.send(error)
    const incoming = await coming
    expect(incoming.status).toBe(200)
    expect(await textOf(incoming)).toBe(sse(error))
    await goodTurn(transport, line)
  })

  test('goes on after an error without a status; who leaves then leaves the connection open', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const [error, failed] = [{ type: 'error', code: null, message: 'Oh' }, { type: 'response.failed' }]
    const coming = transport(create(), open())
    const line = await api.next()
    await line.next()
    line.send(error, failed)
    expect(await textOf(await coming)).toBe(sse(error, failed))

    const controller = new AbortController()
    const second = transport(create(), controller.signal)
    await line.next()
    line.send(error)
    const { next, chunks } = reader(await second)
    expect(await next()).toBe(sse(error))
    const last = failureOf(chunks.next())
    controller.abort(new Error('It is over.'))
    expect(await last).toBe(controller.signal.reason)
    await goodTurn(transport, line)
  })

  test('gives odd messages as records of their own', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    const line = await api.next()
    await line.next()
    line.send('{\r\n  "type": "a",\n  "b": "\\n\u2028"\n}', '{"id":1}', '{"type":"a\\nb"}', 'no JSON', '', COMPLETED)
    expect(await textOf(await coming)).toBe(
      [
        'event: a\ndata: {  "type": "a",  "b": "\\n\u2028"}\n\n',
        'data: {"id":1}\n\n',
        'data: {"type":"a\\nb"}\n\n',
        'data: no JSON\n\n',
        'data: \n\n',
        sse(COMPLETED),
      ].join(''),
    )
  })

  test('may be large, and is not read ahead without end', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(`{"input":"${'x'.repeat(3_000_000)}"}`), open())
    const line = await api.next()
    expect(await line.next()).toHaveLength(3_000_012)
    const deltas = Array.from({ length: 200 }, (_, index) => ({ ...DELTA, delta: `${index}${'y'.repeat(100_000)}` }))
    line.send(...deltas, COMPLETED)
    const got = await textOf(await coming)
    expect(got === sse(...deltas, COMPLETED)).toBe(true)
    await goodTurn(transport, line)
  })

  test('is the only one at its time', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    await expect(transport(create(), open())).rejects.toThrow('one call at a time')
    const line = await api.next()
    line.send(COMPLETED)
    await coming
  })
})

describe('the connection', () => {
  test("has the client's headers, but for those of its own connection", async () => {
    const api = await startApi()
    const { transport } = connectTo(`${api.baseURL}?api-version=1`, {
      headers: [
        ['Host', 'elsewhere'],
        ['Authorization', 'Bearer sk-client'],
        ['X-One', '1'],
        ['OpenAI-Beta', 'responses_websockets=2026-02-06'],
        ['x-one', '2'],
        ['Connection', 'Upgrade, x-hop'],
        ['x-hop', '1'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Key', 'x'],
        ['Sec-WebSocket-Version', '12'],
        ['Sec-WebSocket-Extensions', 'permessage-deflate'],
        ['sec-websocket-protocol', 'other'],
        ['Cookie', 'a=b'],
        ['X-Latin', '\u00e9'],
        ['x-deltatape-token', 'secret'],
      ],
    })
    void transport({ ...create(), query: '?a=%20' }, open()).catch(() => {})
    const { request } = await api.next()
    expect(request.url).toBe('/v1/responses?api-version=1&a=%20')
    const ofWs = /^(?:sec-websocket-(?:key|version)|connection|upgrade|host)$/i
    const raw = request.rawHeaders.flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]]] : []))
    expect(raw.filter(([name = '']) => !ofWs.test(name))).toEqual([
      ['Authorization', 'Bearer sk-client'],
      ['X-One', '1'],
      ['X-One', '2'],
      ['OpenAI-Beta', 'responses_websockets=2026-02-06'],
      ['X-Latin', '\u00e9'],
    ])
    expect(request.headers).toMatchObject({ connection: 'Upgrade', 'sec-websocket-version': '13' })
  })

  test("has the server's key if the client brought none", async () => {
    const api = await startApi()
    const headers: Headers = [['Authorization', 'Bearer any']]
    const { transport } = connectTo(api.baseURL, { credential: 'any', apiKey: 'sk-server', headers })
    void transport(create(), open()).catch(() => {})
    expect((await api.next()).request.headers.authorization).toBe('Bearer sk-server')
  })

  test('is not opened if there is no key: each call is refused', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL, { credential: 'any' })
    for (const incoming of [await transport(create(), open()), await transport(create(), open())]) {
      expect(incoming.status).toBe(401)
      expect(await textOf(incoming)).toContain('OPENAI_API_KEY')
    }
    expect(api.lines).toHaveLength(0)
  })

  test.each([200, 302, 401, 404, 426, 429, 503])(
    'may be refused with the status %i, and is tried again',
    async (status) => {
      const server = createServer()
      let refusing = true
      const api = await startApi(server)
      const [accept] = server.listeners('upgrade')
      server.removeAllListeners('upgrade')
      server.on('upgrade', (request, socket: Socket, head) => {
        if (!refusing) return accept?.call(server, request, socket, head)
        const lines = [`HTTP/1.1 ${status} No`, 'X-A: 1', 'x-a: 2', 'location: /other', 'content-length: 14']
        socket.end(`${lines.join('\r\n')}\r\n\r\n{"error":"no"}`)
      })
      const { transport } = connectTo(api.baseURL)
      const incoming = await transport(create(), open())
      expect(incoming.status).toBe(status)
      expect(incoming.headers.slice(0, 2)).toEqual([
        ['X-A', '1'],
        ['x-a', '2'],
      ])
      expect(await textOf(incoming)).toBe('{"error":"no"}')
      refusing = false
      await goodTurn(transport, api.next())
    },
  )

  test('that is refused lets go of the answer with its reader', async () => {
    const server = createServer()
    const { promise, resolve } = Promise.withResolvers<Socket>()
    server.on('upgrade', (_request, socket: Socket) => {
      socket.write('HTTP/1.1 503 No\r\ncontent-length: 14\r\n\r\n{')
      resolve(socket.resume())
    })
    const { transport } = connectTo(`http://127.0.0.1:${await listen(server)}/v1`)
    const { leave } = reader(await transport(create(), open()))
    const gone = once(await promise, 'end')
    await leave()
    await gone
  })

  test('that cannot be opened is told as that', async () => {
    const { transport } = connectTo('http://127.0.0.1:1/v1')
    const error = await failureOf(transport(create(), open()))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ failure: { end: 'unreachable', why: 'ECONNREFUSED' } })
  })

  test('is opened anew after the API closed it between turns', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const line = await goodTurn(transport, api.next())
    const closed = once(line.ws, 'close')
    line.send({ type: 'error', status: 400, error: { code: 'websocket_connection_limit_reached' } })
    line.ws.close(1000)
    await closed
    await goodTurn(transport, api.next())
    expect(api.lines).toHaveLength(2)
  })
})

test('an API beyond a proxy is reached through it', async () => {
  const host = 'api.corp.invalid'
  const certificate = await makeCertificate(host)
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate.cert])
  onTestFinished(() => setDefaultCACertificates(trusted))
  const api = await startApi(createHttpsServer(certificate))
  const { url, seen } = await startProxy(api.port)
  const { transport, close } = connectTo(`https://${host}/v1`, { env: { https_proxy: url } })
  const { request, ws } = await goodTurn(transport, api.next())
  expect(seen).toEqual([`CONNECT ${host}:443`])
  expect(request.rawHeaders.join()).not.toMatch(/proxy/i)
  const closed = once(ws, 'close')
  close()
  expect((await closed)[0]).toBe(1000)

  const refusing = await startProxy(1, '407 Proxy Authentication Required')
  const other = connectTo(`https://${host}/v1`, { env: { https_proxy: refusing.url } })
  expect(await failureOf(other.transport(create(), open()))).toMatchObject({ failure: { end: 'unreachable' } })

  const near = await startApi()
  const direct = connectTo(near.baseURL, { env: { HTTP_PROXY: url, NO_PROXY: '127.0.0.1' } })
  await goodTurn(direct.transport, near.next())
  expect(seen).toHaveLength(1)
})

test('a test that fakes timers changes nothing', async () => {
  const api = await startApi()
  const { transport, close } = connectTo(api.baseURL)
  const line = await goodTurn(transport, api.next())
  vi.useFakeTimers()
  await goodTurn(transport, line)
  const gone = once(line.ws, 'close')
  close()
  await gone
  const other = connectTo(api.baseURL)
  const second = await goodTurn(other.transport, api.next())
  vi.useRealTimers()
  await goodTurn(other.transport, second)
})
