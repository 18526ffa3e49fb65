import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Call, Transport } from '../../../server/api/call.ts'
import type { Headers } from '../../../server/api/headers.ts'
import { inPairs } from '../../../server/api/headers.ts'
import {
  SSE_HEAD,
  callOf,
  chunk,
  failureOf,
  listen,
  makeHttp as make,
  open,
  startCatcher,
  textOf,
  turnOfTheLoop,
  whole,
  withKey,
} from './network.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('what the API sees', () => {
  const gzipped = gzipSync('{"model":"m"}')
  const requests: Readonly<Record<string, { readonly head: readonly string[]; readonly body: Buffer }>> = {
    'names in odd cases, several times, and values in latin1': {
      head: [
        'POST /v1/responses HTTP/1.1',
        'X-One: 1',
        'Content-Type: application/json',
        'x-one: 2',
        'AUTHORIZATION: Bearer sk-client',
        'X-Latin: \u00e9\u00ff',
        'X-Empty: ',
        'Accept-Encoding: gzip, br',
        'OpenAI-Beta: a',
        'OpenAI-Beta: b',
        '1: 2',
        'content-length: 43',
      ],
      body: Buffer.from('{ "n": 12345678901234567890, "a":1, "a":2 }'),
    },
    'a body that is compressed': {
      head: ['POST /v1/responses HTTP/1.1', 'content-encoding: gzip', `Content-Length: ${gzipped.length}`],
      body: gzipped,
    },
    'a body without a type': {
      head: ['PUT /v1/files/1 HTTP/1.1', 'Content-Length: 3'],
      body: Buffer.from('\0\xff\n', 'latin1'),
    },
    'no body': { head: ['GET /v1/models HTTP/1.1', 'accept: */*'], body: Buffer.alloc(0) },
    'a method that may have a body, and has none': {
      head: ['POST /v1/responses/resp_1/cancel HTTP/1.1', 'content-length: 0'],
      body: Buffer.alloc(0),
    },
    'a body where it is rare': { head: ['DELETE /v1/x HTTP/1.1', 'content-length: 2'], body: Buffer.from('{}') },
    'an address that a URL would write in another way': {
      head: [`GET /v1/a/../%2e%2E//b%zz/"'|^{}?q=[1]&q=%5b&&=+%20&x=\\#f HTTP/1.1`],
      body: Buffer.alloc(0),
    },
    'a large body': { head: ['POST /v1/x HTTP/1.1', 'content-length: 3000000'], body: Buffer.alloc(3_000_000, 'abc') },
  }

  test.each(Object.entries(requests))('is what the client sent: %s', async (_name, { head, body }) => {
    const catcher = await startCatcher()
    const transport = make(catcher.baseURL)
    const between = createServer((request, response) => {
      const pass = async () => {
        const [path = '', query = ''] = (request.url ?? '').split(/(?=\?)/s)
        const { method = '', rawHeaders } = request
        const call = withKey({ method, path, query, headers: inPairs(rawHeaders), body: await buffer(request) })
        const { status } = await transport(call, open())
        response.writeHead(status).end()
      }
      void pass()
    })
    const port = await listen(between)
    const ask = async (to: number) => {
      const client = connect(to, '127.0.0.1')
      client.write(
        `${head.join('\r\n')}\r\nHost: x\r\nCookie: a=b\r\nConnection: close, x-hop\r\nx-hop: 1\r\nTE: trailers\r\n\r\n`,
        'latin1',
      )
      client.write(body)
      const caught = await catcher.next()
      caught.answer(whole(''))
      caught.socket.end()
      client.resume()
      await once(client, 'close')
      return caught.text
    }
    const ofTheConnection = /^(?:host|cookie|connection|x-hop|te|content-length):/i
    const comparable = (text: string) => {
      const end = text.indexOf('\r\n\r\n')
      const lines = text.slice(0, end).split('\r\n')
      return { lines: lines.filter((line) => !ofTheConnection.test(line)), body: text.slice(end + 4) }
    }
    const direct = await ask(catcher.port)
    const passed = await ask(port)
    expect(comparable(passed).lines).toEqual(comparable(direct).lines)
    expect(comparable(passed).body === comparable(direct).body).toBe(true)
    expect(passed).not.toMatch(/^(?:cookie|x-hop|te|transfer-encoding):/im)
    expect(/^content-length: (.*)$/im.exec(passed)?.[1]).toBe(/^content-length: (.*)$/im.exec(direct)?.[1])
  })

  test.each([
    ['/v1/responses', '?a=1', '/v1', '/v1/responses?a=1'],
    ['/responses', '', '/v1', '/v1/responses'],
    ['/v1/responses', '', '/openai/v1?api-version=1', '/openai/v1/responses?api-version=1'],
    ['/v1/responses', '?a=1', '?api-version=1', '/responses?api-version=1&a=1'],
  ])('%s%s below a base with %s is %s', async (path, query, base, target) => {
    const catcher = await startCatcher()
    const answer = make(`http://127.0.0.1:${catcher.port}${base}`)(withKey({ path, query }), open())
    const { text, answer: reply } = await catcher.next()
    reply(whole(''))
    expect((await answer).status).toBe(200)
    expect(text.split(' ', 2)[1]).toBe(target)
  })
})

describe('whose key it is', () => {
  const sent = async (over: Partial<Call>, apiKey?: string) => {
    const catcher = await startCatcher()
    const answer = make(catcher.baseURL, apiKey)(callOf(over), open())
    const { text, answer: reply } = await catcher.next()
    reply(whole(''))
    await answer
    return text.split('\r\n').slice(3, text.split('\r\n').indexOf(''))
  }

  test("the client's own, as it was sent", async () => {
    const headers: Headers = [['Authorization', 'bearer  sk-client']]
    expect(await sent({ headers, credential: 'sk-client' }, 'sk-server')).toContain('Authorization: bearer  sk-client')
  })

  test("the server's, in the place of what is no key", async () => {
    const headers: Headers = [
      ['A', '1'],
      ['Authorization', 'Bearer any'],
      ['B', '2'],
      ['authorization', 'Bearer other'],
    ]
    const lines = ['A: 1', 'Authorization: Bearer sk-server', 'B: 2', 'content-length: 26']
    expect(await sent({ headers, credential: 'any' }, 'sk-server')).toEqual(lines)
    expect(await sent({ headers }, 'sk-server')).toEqual(lines)
  })

  test("the server's, if the client sent none", async () => {
    expect(await sent({ headers: [['A', '1']] }, 'sk-server')).toEqual([
      'A: 1',
      'authorization: Bearer sk-server',
      'content-length: 26',
    ])
  })

  test('none: the call is refused as the API would, and nothing is sent', async () => {
    const catcher = await startCatcher()
    const refusal = await make(catcher.baseURL)(callOf({ credential: 'any' }), open())
    expect(refusal).toMatchObject({ status: 401, headers: [['content-type', 'application/json']] })
    expect(JSON.parse(await textOf(refusal))).toEqual({
      error: {
        message: expect.stringContaining('OPENAI_API_KEY'),
        type: 'invalid_request_error',
        param: null,
        code: 'missing_api_key',
      },
    })
    expect(catcher.connections).toBe(0)
  })
})

describe('a test that fakes timers', () => {
  const ask = async (transport: Transport, catcher: Awaited<ReturnType<typeof startCatcher>>) => {
    const coming = transport(withKey(), open())
    const { answer } = await catcher.next()
    answer(whole('hello', 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=600'))
    return textOf(await coming)
  }

  test('changes nothing, whenever it does', async () => {
    const catcher = await startCatcher()
    const transport = make(catcher.baseURL)
    expect(await ask(transport, catcher)).toBe('hello')
    await turnOfTheLoop()
    vi.useFakeTimers()
    expect(await ask(transport, catcher)).toBe('hello')
    expect(await ask(transport, catcher)).toBe('hello')
    vi.useRealTimers()
    expect(await ask(transport, catcher)).toBe('hello')

    const coming = transport(withKey(), open())
    const { answer } = await catcher.next()
    vi.useFakeTimers()
    answer(SSE_HEAD + chunk('data: 1\n\n'))
    const { body } = await coming
    answer('0\r\n\r\n')
    expect((await buffer(body)).toString()).toBe('data: 1\n\n')
    vi.useRealTimers()
    expect(await ask(transport, catcher)).toBe('hello')
  })

  test('a call may be left', async () => {
    vi.useFakeTimers()
    const catcher = await startCatcher()
    const controller = new AbortController()
    const coming = make(catcher.baseURL)(withKey(), controller.signal)
    const { answer, socket } = await catcher.next()
    answer(SSE_HEAD)
    const gone = once(socket, 'close')
    const next = failureOf((await coming).body[Symbol.asyncIterator]().next())
    controller.abort(new Error('The client left.'))
    expect(await next).toBe(controller.signal.reason)
    await gone
  })
})
