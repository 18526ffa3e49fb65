import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { Agent } from 'undici'
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../../server/api/ending.ts'
import { createHttpTransport } from '../../../server/model/transport/http.ts'
import {
  SSE_HEAD,
  chunk,
  failureOf,
  makeHttp as make,
  open,
  startCatcher,
  textOf,
  turnOfTheLoop,
  whole,
  withKey,
} from './network.ts'

describe('what the client gets', () => {
  test('the head at once, and each piece as it arrives', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer } = await catcher.next()
    answer(SSE_HEAD)
    const { status, headers, body } = await coming
    expect({ status, headers }).toEqual({
      status: 200,
      headers: [
        ['content-type', 'text/event-stream'],
        ['transfer-encoding', 'chunked'],
      ],
    })
    const chunks = body[Symbol.asyncIterator]()
    for (const piece of [': wait\n\n', 'data: {}\n\n', 'data: [DONE]\n\n']) {
      const next = chunks.next()
      answer(chunk(piece))
      expect(String((await next).value)).toBe(piece)
    }
    answer('0\r\n\r\n')
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  test('headers in their order, with their case, several times, and in latin1', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer } = await catcher.next()
    answer(
      'HTTP/1.1 200 OK\r\nX-B: 1\r\nSet-Cookie: a\r\nx-a: \xe9\r\nset-cookie: b\r\nX-B: 2\r\ncontent-length: 0\r\n\r\n',
    )
    expect((await coming).headers).toEqual([
      ['X-B', '1'],
      ['Set-Cookie', 'a'],
      ['x-a', '\u00e9'],
      ['set-cookie', 'b'],
      ['X-B', '2'],
      ['content-length', '0'],
    ])
  })

  test('headers of a size that Node itself would refuse', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer } = await catcher.next()
    answer(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(500_000)}\r\ncontent-length: 0\r\n\r\n`)
    expect((await coming).headers[0]?.[1]).toHaveLength(500_000)
  })

  test('a compressed body as it is', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { socket } = await catcher.next()
    const body = gzipSync('hello')
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`)
    socket.write(body)
    const { headers, body: got } = await coming
    expect(headers[0]).toEqual(['content-encoding', 'gzip'])
    expect(await buffer(got)).toEqual(body)
  })

  test.each([201, 302, 304, 307, 400, 401, 407, 408, 409, 429, 500, 503, 529])(
    'the status %i, without a second call',
    async (status) => {
      const catcher = await startCatcher()
      const coming = make(catcher.baseURL)(withKey(), open())
      const { answer } = await catcher.next()
      const head = `HTTP/1.1 ${status} X\r\nlocation: /other\r\nx-should-retry: true\r\nretry-after: 0`
      answer(status === 304 ? `${head}\r\n\r\n` : whole('{"error":"no"}', head))
      const incoming = await coming
      expect(incoming.status).toBe(status)
      expect(await textOf(incoming)).toBe(status === 304 ? '' : '{"error":"no"}')
      expect(catcher.connections).toBe(1)
    },
  )

  test('the head alone of HEAD, and nothing of what comes before an answer', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey({ method: 'HEAD', body: Buffer.alloc(0) }), open())
    const { answer } = await catcher.next()
    answer('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n')
    const incoming = await coming
    expect(incoming).toMatchObject({ status: 200, headers: [['content-length', '5']] })
    expect(await textOf(incoming)).toBe('')
  })

  test('a large body, whole, though it is read slowly', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { socket } = await catcher.next()
    const size = 20_000_000
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size, 'abcdefg'))
    const { body } = await coming
    const got = await buffer(body)
    expect(got.equals(Buffer.alloc(size, 'abcdefg'))).toBe(true)
  })

  test('the next answer by the same connection', async () => {
    const catcher = await startCatcher()
    const transport = make(catcher.baseURL)
    for (const text of ['one', 'two']) {
      const coming = transport(withKey(), open())
      const { answer } = await catcher.next()
      answer(whole(text))
      expect(await textOf(await coming)).toBe(text)
      await turnOfTheLoop()
    }
    expect(catcher.connections).toBe(1)
  })
})

describe('leaving', () => {
  test('the reader, while it waits', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer, socket } = await catcher.next()
    answer(SSE_HEAD)
    const chunks = (await coming).body[Symbol.asyncIterator]()
    const next = chunks.next()
    const gone = once(socket, 'close')
    expect(await chunks.return?.()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    await gone
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  test('a loop over the body', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer, socket } = await catcher.next()
    answer(SSE_HEAD + chunk('data: 1\n\n'))
    const gone = once(socket, 'close')
    for await (const piece of (await coming).body) {
      expect(String(piece)).toBe('data: 1\n\n')
      break
    }
    await gone
  })

  test.each(['before the head', 'in the body', 'in a body that nobody reads'])('an abort %s', async (when) => {
    const catcher = await startCatcher()
    const controller = new AbortController()
    const coming = make(catcher.baseURL)(withKey(), controller.signal)
    const { answer, socket } = await catcher.next()
    const gone = once(socket, 'close')
    const reason = new Error('The client left.')
    if (when === 'before the head') {
      controller.abort(reason)
      expect(await failureOf(coming)).toBe(reason)
      return void (await gone)
    }
    answer(SSE_HEAD)
    const chunks = (await coming).body[Symbol.asyncIterator]()
    const next = when === 'in the body' ? failureOf(chunks.next()) : undefined
    controller.abort(reason)
    if (next) expect(await next).toBe(reason)
    expect(await failureOf(chunks.next())).toBe(reason)
    await gone
  })

  test('an abort while the connection is not there yet, and before the call', async () => {
    const controller = new AbortController()
    const { promise: connecting, resolve } = Promise.withResolvers<void>()
    const dispatcher = new Agent({ connect: () => resolve() })
    const transport = createHttpTransport({
      baseURL: 'http://127.0.0.1:1/v1',
      apiKey: undefined,
      dispatcher: () => Promise.resolve(dispatcher),
    })
    const coming = failureOf(transport(withKey(), controller.signal))
    await connecting
    const reason = new Error('The client left.')
    controller.abort(reason)
    expect(await coming).toBe(reason)
    expect(await failureOf(transport(withKey(), controller.signal))).toBe(reason)
  })
})

describe('what fails', () => {
  const unreachable = (why: unknown) => ({ failure: { end: 'unreachable', why } })

  test('nobody listens', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    const port = typeof address === 'object' ? address?.port : undefined
    const error = await failureOf(make(`http://127.0.0.1:${port}/v1`)(withKey(), open()))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject(unreachable('ECONNREFUSED'))
  })

  test('a connection that is closed, or breaks, before the head', async () => {
    const catcher = await startCatcher()
    const transport = make(catcher.baseURL)
    for (const [end, why] of [
      ['end', 'UND_ERR_SOCKET'],
      ['resetAndDestroy', 'ECONNRESET'],
    ] as const) {
      const coming = failureOf(transport(withKey(), open()))
      const { socket } = await catcher.next()
      socket[end]()
      expect(await coming).toMatchObject(unreachable(why))
    }
    expect(catcher.connections).toBe(2)
  })

  test('what is no HTTP', async () => {
    const catcher = await startCatcher()
    const coming = failureOf(make(catcher.baseURL)(withKey(), open()))
    const { answer } = await catcher.next()
    answer('220 ready\r\n')
    expect(await coming).toMatchObject(unreachable(expect.stringContaining('does not match the HTTP/1.1 protocol')))
  })

  test.each([
    ['breaks', 'resetAndDestroy', 'ECONNRESET'],
    ['is closed too early', 'end', 'UND_ERR_SOCKET'],
  ] as const)('a body that %s: what came before it is handed on', async (_name, end, why) => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer, socket } = await catcher.next()
    answer(SSE_HEAD + chunk('data: 1\n\n'))
    const chunks = (await coming).body[Symbol.asyncIterator]()
    const first = await chunks.next()
    expect(String(first.value)).toBe('data: 1\n\n')
    const next = failureOf(chunks.next())
    socket[end]()
    const error = await next
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ failure: { end: 'reset', why } })
  })

  test('a body that breaks before anybody reads it', async () => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL)(withKey(), open())
    const { answer, socket } = await catcher.next()
    answer(SSE_HEAD + chunk('data: 1\n\n'))
    const { body } = await coming
    socket.end()
    await once(socket, 'close')
    const chunks = body[Symbol.asyncIterator]()
    expect(String((await chunks.next()).value)).toBe('data: 1\n\n')
    expect(await failureOf(chunks.next())).toMatchObject({ failure: { end: 'reset', why: 'UND_ERR_SOCKET' } })
  })
})
