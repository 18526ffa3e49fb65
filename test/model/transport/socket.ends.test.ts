import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../../server/api/ending.ts'
import { failureOf, listen, open, textOf } from './network.ts'
import { COMPLETED, CREATED, DELTA, type Line, connectTo, create, goodTurn, reader, sse, startApi } from './sockets.ts'

describe('a connection that ends in the middle', () => {
  const begin = async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    const line = await api.next()
    await line.next()
    line.send(CREATED, DELTA)
    return { api, transport, line, incoming: await coming }
  }

  test.each([1000, 1001, undefined])('in good order, with code %s, ends the body', async (code) => {
    const { incoming, line, transport, api } = await begin()
    line.ws.close(code)
    expect(await textOf(incoming)).toBe(sse(CREATED, DELTA))
    await goodTurn(transport, api.next())
  })

  test.each([
    ['without a close frame', (line: Line) => line.ws.terminate(), 'ECONNRESET'],
    ['by a reset', (line: Line) => line.request.socket.resetAndDestroy(), 'ECONNRESET'],
    [
      'in what is no frame',
      (line: Line) => line.request.socket.write('\xff\xff', 'latin1'),
      'WS_ERR_UNEXPECTED_RSV_2_3',
    ],
  ])('%s, breaks it after what came before', async (_name, end, why) => {
    const { incoming, line, transport, api } = await begin()
    const { next, chunks } = reader(incoming)
    expect(await next()).toBe(sse(CREATED))
    expect(await next()).toBe(sse(DELTA))
    const last = failureOf(chunks.next())
    end(line)
    const error = await last
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ failure: { end: 'reset', why }, cause: { code: why } })
    await goodTurn(transport, api.next())
  })

  test.each([
    [1011, 'keepalive ping timeout', 'closed with code 1011, keepalive ping timeout'],
    [4001, '', 'closed with code 4001'],
  ])('with code %i, says it, and what the API says of it', async (code, reason, why) => {
    const { incoming, line, transport, api } = await begin()
    const { next, chunks } = reader(incoming)
    expect(await next()).toBe(sse(CREATED))
    expect(await next()).toBe(sse(DELTA))
    line.ws.close(code, reason)
    expect(await failureOf(chunks.next())).toMatchObject({ failure: { end: 'reset', why } })

    const second = failureOf(transport(create(), open()))
    const other = await api.next()
    await other.next()
    other.ws.close(code, reason)
    expect(await second).toMatchObject({ failure: { end: 'unreachable', why } })
    await goodTurn(transport, api.next())
  })

  test.each([1, 2])('by a message that is too large, in %i pieces, is malformed', async (pieces) => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL, { maxEventBytes: 1000 })
    const failed = failureOf(transport(create(), open()))
    const line = await api.next()
    await line.next()
    const closed = once(line.ws, 'close')
    for (let piece = 1; piece <= pieces; piece++) line.ws.send('x'.repeat(1001 / pieces + 1), { fin: piece === pieces })
    expect(await failed).toMatchObject({
      code: 'upstream_malformed',
      message: expect.stringContaining('1000 bytes (MAX_EVENT_BYTES)'),
    })
    await closed
    await goodTurn(transport, api.next())
  })

  test('before the first message: in good order it is an empty answer, or else none', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const first = transport(create(), open())
    const line = await api.next()
    line.ws.close(1000)
    const incoming = await first
    expect(incoming.status).toBe(200)
    expect(await textOf(incoming)).toBe('')

    const second = failureOf(transport(create(), open()))
    const other = await api.next()
    other.ws.terminate()
    expect(await second).toMatchObject({ failure: { end: 'unreachable', why: 'ECONNRESET' } })
  })
})

describe('leaving', () => {
  test.each(['its reader', 'an abort'])(
    'in the middle, by %s, closes the connection; the next turn opens one',
    async (who) => {
      const api = await startApi()
      const { transport } = connectTo(api.baseURL)
      const controller = new AbortController()
      const coming = transport(create(), controller.signal)
      const line = await api.next()
      await line.next()
      line.send(CREATED)
      const { next, leave, chunks } = reader(await coming)
      await next()
      const last = chunks.next()
      const gone = once(line.ws, 'close')
      const reason = new Error('The client left.')
      if (who === 'an abort') {
        controller.abort(reason)
        expect(await failureOf(last)).toBe(reason)
      } else {
        await leave()
        expect(await last).toEqual({ done: true, value: undefined })
      }
      await gone
      await goodTurn(transport, api.next())
    },
  )

  test('before the first message, and before the connection is there', async () => {
    const server = createServer()
    const { promise: upgrading, resolve } = Promise.withResolvers<Socket>()
    server.on('upgrade', (_request, socket: Socket) => resolve(socket.resume()))
    const { transport } = connectTo(`http://127.0.0.1:${await listen(server)}/v1`)
    const controller = new AbortController()
    const coming = failureOf(transport(create(), controller.signal))
    const gone = once(await upgrading, 'end')
    const reason = new Error('The client left.')
    controller.abort(reason)
    expect(await coming).toBe(reason)
    await gone
    expect(await failureOf(transport(create(), controller.signal))).toBe(reason)
  })

  test('after the end leaves the connection open', async () => {
    const api = await startApi()
    const { transport } = connectTo(api.baseURL)
    const controller = new AbortController()
    const coming = transport(create(), controller.signal)
    const line = await api.next()
    await line.next()
    line.send(CREATED, COMPLETED)
    const { next, leave } = reader(await coming)
    await next()
    expect(await next()).toBe(sse(COMPLETED))
    controller.abort()
    await leave()
    await goodTurn(transport, line)
  })

  test('with the client closes the connection in good order', async () => {
    const api = await startApi()
    const { transport, close } = connectTo(api.baseURL)
    const line = await goodTurn(transport, api.next())
    const closed = once(line.ws, 'close')
    close()
    expect((await closed)[0]).toBe(1000)
  })

  test('with the client, in the middle of what others wait for, closes the connection at its end', async () => {
    const api = await startApi()
    const { transport, close } = connectTo(api.baseURL)
    const coming = transport(create(), open())
    const line = await api.next()
    const closed = once(line.ws, 'close')
    await line.next()
    line.send(CREATED)
    const incoming = await coming
    close()
    line.send(DELTA, COMPLETED)
    expect(await textOf(incoming)).toBe(sse(CREATED, DELTA, COMPLETED))
    expect((await closed)[0]).toBe(1000)
  })
})
