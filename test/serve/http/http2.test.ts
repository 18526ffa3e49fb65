/** HTTP/2 without TLS on the port of HTTP/1.1: the same answers, the same guards, the same limits. */
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
  connect,
  constants,
} from 'node:http2'
import { connect as connectTo } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectByTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compose, steps } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { good, post, readAll, runWithStandIn } from './kit.ts'

/** A session of a client, which ends with the test. */
function sessionTo(url: string): ClientHttp2Session {
  const session = connect(url)
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

/** Resolves when it is closed, well or badly. */
const closed = (one: ClientHttp2Session | ClientHttp2Stream) =>
  new Promise<void>((resolve) => (one.destroyed ? resolve() : one.once('close', resolve)))

interface Got {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}

/** Sends a request. */
function send(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): ClientHttp2Stream {
  const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ':path': '/health', ...headers })
  stream.on('error', () => {})
  stream.end(body)
  return stream
}

async function read(stream: ClientHttp2Stream): Promise<Got> {
  const [headers] = await once(stream, 'response')
  return { status: headers[':status'], headers, text: await text(stream) }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const CALL = { ':path': '/v1/responses', ...JSON_TYPE }
const BODY = JSON.stringify({ model: 'gpt-4.1-mini', input: 'Hi', stream: true })

describe('a client that speaks HTTP/2 at once', () => {
  test('gets the very answer that one of HTTP/1.1 gets', async () => {
    const dir = await folderWith({ Hi: { events: good } })
    const { url } = await runServer({ FIXTURES_DIR: dir })
    const session = sessionTo(url)
    const [one, other] = [await read(send(session, CALL, BODY)), await read(send(session, CALL, BODY))]
    const before = await post(url, { input: 'Hi', stream: true })
    expect(one.text).toBe(await before.text())
    expect(other.text).toBe(one.text)
    for (const name of ['content-type', 'x-deltatape', 'x-deltatape-fixture']) {
      expect(one.headers[name]).toBe(before.headers.get(name))
    }
    const health = await read(send(session, {}))
    expect([health.status, health.text]).toEqual([200, '{"status":"ok"}'])
    const missed = await read(send(session, CALL, BODY.replace('Hi', 'Ho')))
    expect([missed.status, missed.headers['x-should-retry'], JSON.parse(missed.text).error.code]).toEqual([
      404,
      'false',
      'fixture_miss',
    ])
    const head = send(session, { ':method': 'HEAD' })
    expect((await read(head)).text).toBe('')
  })

  test('is led through this server again', async () => {
    const { server, standIn } = await runWithStandIn(() => ({ status: 307, headers: { location: there }, body: '' }))
    const there = `${standIn.url}/elsewhere`
    const { status, headers } = await read(send(sessionTo(server.url), { ':path': '/v1/models' }))
    expect([status, headers.location]).toEqual([307, `${server.url}/${new URL(there).host}/v1/elsewhere`])
  })

  test('is passed on with its headers, and streams while the API does', async () => {
    const gate = Promise.withResolvers<void>()
    const { server, standIn } = await runWithStandIn(() => ({
      steps: [...steps(good.slice(0, 2)), { until: gate.promise }, ...steps(good.slice(2))],
    }))
    const stream = send(sessionTo(server.url), { ...CALL, 'x-mine': ['1', '2'], authorization: 'Bearer sk-mine' }, BODY)
    const [first] = await once(stream, 'data')
    expect(String(first)).toContain('response.created')
    gate.resolve()
    expect(await text(stream)).toContain('response.completed')
    const { headers } = standIn.calls[0] ?? {}
    expect(headers).toMatchObject({ 'x-mine': '1, 2', authorization: 'Bearer sk-mine' })
    expect(Object.keys(headers ?? {}).filter((name) => name.startsWith(':'))).toEqual([])
  })

  test('sees a break as a break', async () => {
    const { server } = await runWithStandIn(() => ({ steps: [...steps(good.slice(0, 2)), 'reset'] }))
    const stream = send(sessionTo(server.url), CALL, BODY)
    await closed(stream)
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    const { url } = await runServer({ FIXTURES_DIR: await folderWith({ Hi: { events: good } }), FAULT: 'drop' })
    const dropped = send(sessionTo(url), CALL, BODY)
    await closed(dropped)
    expect(dropped.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
  })

  test('that leaves ends its call to the API', async () => {
    const { server, standIn, called } = await runWithStandIn(() => ({ steps: [...steps(good.slice(0, 1)), 'hang'] }))
    const stream = send(sessionTo(server.url), CALL, BODY)
    await called()
    stream.close(constants.NGHTTP2_CANCEL)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('that leaves in the middle of its body costs nothing', async () => {
    const { url } = await runServer({ MAX_CONNECTIONS: '1' })
    const session = sessionTo(url)
    const stream = session.request({ ':method': 'POST', ...CALL })
    stream.on('error', () => {})
    stream.write(BODY.slice(0, 9))
    const { status } = await read(send(session, {}))
    expect(status).toBe(200)
    stream.close(constants.NGHTTP2_CANCEL)
    expect((await read(send(session, CALL, BODY))).status).toBe(404)
  })
})

describe('the guards hold', () => {
  test.each<[string, OutgoingHttpHeaders, number]>([
    ['another host', { ':authority': 'evil.example' }, 403],
    ['another host beside the own', { host: 'evil.example' }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['no token', {}, 401],
    ['the token', { 'x-deltatape-token': 'sesame' }, 404],
  ])('%s', async (_what, headers, status) => {
    const { url } = await runServer({ AUTH_TOKEN: 'sesame' })
    const got = await read(send(sessionTo(url), { ...CALL, ...headers }, BODY))
    expect(got.status).toBe(status)
  })

  test('a body that is too large is refused', async () => {
    const { url } = await runServer({ MAX_BODY_BYTES: '100' })
    expect((await read(send(sessionTo(url), CALL, 'x'.repeat(101)))).status).toBe(413)
  })

  test('more calls than MAX_CONNECTIONS are told so', async () => {
    const { server, called } = await runWithStandIn(() => ({ steps: [...steps(good.slice(0, 1)), 'hang'] }), {
      MAX_CONNECTIONS: '1',
    })
    const session = sessionTo(server.url)
    send(session, CALL, BODY)
    await called()
    const { status, headers } = await read(send(session, CALL, BODY.replace('Hi', 'Ho')))
    expect([status, headers['retry-after']]).toEqual([503, '1'])
  })

  test('what asks for more streams than there may be waits, and what resets many of them is sent away', async () => {
    const { url } = await runServer({})
    const session = sessionTo(url)
    const [{ maxConcurrentStreams }] = await once(session, 'remoteSettings')
    expect(maxConcurrentStreams).toBeLessThanOrEqual(128)
    const gone = closed(session)
    for (let wave = 0; wave < 50 && !session.destroyed; wave++) {
      const streams = Array.from({ length: 100 }, () => send(session, CALL, BODY))
      await new Promise((resolve) => setImmediate(resolve))
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await gone
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })
})

describe('when the server stops', () => {
  test('what is being answered is answered, and idle sessions end', async () => {
    const gate = Promise.withResolvers<void>()
    const { server, called } = await runWithStandIn(() => ({
      steps: [...steps(good.slice(0, 2)), { until: gate.promise }, ...steps(good.slice(2))],
    }))
    const [busy, idle] = [sessionTo(server.url), sessionTo(server.url)]
    await read(send(idle, {}))
    const stream = send(busy, CALL, BODY)
    await called()
    const ended = closed(idle)
    const closing = server.close()
    await ended
    gate.resolve()
    expect(await text(stream)).toContain('response.completed')
    await closing
  })

  test('a connection that has said nothing is not waited for', async () => {
    const { server } = await runWithStandIn(() => ({ steps: [] }))
    const { hostname, port } = new URL(server.url)
    const silent = connectTo(Number(port), hostname).on('error', () => {})
    await once(silent, 'connect')
    // The server knows of it, too.
    await fetch(`${server.url}/health`)
    await server.close()
    expect(silent.destroyed || (await once(silent, 'close'))).toBeTruthy()
  })

  test('a client that does not read is not waited for', async () => {
    const { server, called } = await runWithStandIn(() => ({ steps: [...steps(good.slice(0, 2)), 'hang'] }))
    send(sessionTo(server.url), CALL, BODY)
    await called()
    await server.close(0)
  })
})

describe('the first bytes of a connection', () => {
  const lines = (host: string) => `GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`

  test.each<[string, (host: string) => string[]]>([
    ['come one by one', (host) => [...lines(host)]],
    ['begin as those of HTTP/2 do', (host) => ['P', `${lines(host).replace('GET /health', 'OST /nothing')}`]],
  ])('%s: HTTP/1.1 is answered', async (_what, pieces) => {
    const { url } = await runServer({})
    const { hostname, port, host } = new URL(url)
    const socket = connectTo(Number(port), hostname).setNoDelay(true)
    const answer = text(socket)
    for (const piece of pieces(host)) {
      socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 (?:200 OK|404 Not Found)\r\n/)
  })

  test('those of HTTP/2 may come in pieces', async () => {
    const { url } = await runServer({})
    const { hostname, port } = new URL(url)
    const socket = connectTo(Number(port), hostname).setNoDelay(true)
    onTestFinished(() => void socket.destroy())
    // The preface, and empty settings.
    const bytes = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')
    const answer = once(socket, 'data')
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [settings] = await answer
    expect(settings.readUInt8(3)).toBe(4)
  })

  test('whoever leaves before them is gone, and one that breaks is no error', async () => {
    const { url, lines: logged } = await runServer({})
    const { hostname, port } = new URL(url)
    const quiet = connectTo(Number(port), hostname)
    await once(quiet, 'connect')
    quiet.end()
    await once(quiet, 'close')
    const broken = connectTo(Number(port), hostname)
    await once(broken, 'connect')
    broken.resetAndDestroy()
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(logged).toEqual([])
  })
})

test('what was recorded over one protocol is replayed over the other', async () => {
  const { server, dir, standIn } = await runWithStandIn(() => ({
    steps: steps(compose('two').text(['Hi']).completed()),
  }))
  const recorded = await read(send(sessionTo(server.url), CALL, BODY))
  expect(standIn.calls).toHaveLength(1)
  const replaying = await runServer({ FIXTURES_DIR: dir })
  expect((await readAll(await post(replaying.url, { input: 'Hi', stream: true }))).text).toBe(recorded.text)
})

test('a client that speaks TLS is told of, as one whose call was not replayed', async () => {
  const { url, misses, lines } = await runServer({})
  const { hostname, port } = new URL(url)
  const [error] = await once(connectByTls({ host: hostname, port: Number(port) }), 'error')
  expect(error).toMatchObject({ code: expect.stringMatching(/EPROTO|WRONG_VERSION/) })
  const why = expect.stringMatching(/speaks TLS .* http:\/\/ or ws:\/\//)
  expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: why }),
  )
  expect(misses.untold()).toEqual({ reasons: [{ why, times: 1 }], more: 0 })
})
