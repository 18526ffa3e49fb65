/** Limits whose product is memory: what a client chooses is bounded wherever it is echoed, logged or kept. */
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from '../kit/client.ts'
import { runServer } from '../kit/tools.ts'
import { ask, begin, openSocket, valuesOf } from './http/kit.ts'

const MILLION = 'x'.repeat(1_000_000)
/** As long as a header or an address may be. */
const HEADER = 'x'.repeat(15_000)

const CREATE = { type: 'response.create', model: 'gpt-4.1-mini', input: 'My name is Ada.' }
const HELLO = { model: 'gpt-4.1-mini', input: 'My name is Ada.' }

/** How long an answer to one message may be, and all lines of the log about it. In characters. */
const MAX_ANSWER = 4096
const MAX_LOGGED = 20_000

const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0)

describe('texts of a million characters', () => {
  const messages: readonly (readonly [what: string, path: string, message: unknown])[] = [
    ['the id of a turn', '/ws', { input: 'Hi', id: MILLION }],
    ['the id to cancel', '/ws', { type: 'cancel', id: MILLION }],
    ['the answer that is continued', '/ws', { input: 'Hi', previous_response_id: MILLION }],
    ['the type of a chat message', '/ws', { type: MILLION }],
    ['a role', '/ws', { input: [{ role: MILLION, content: 'Hi' }] }],
    ['the name of a member', '/ws', { input: 'My name is Ada.', id: 'a', [MILLION]: 1 }],
    ['a lane', '/v1/responses', { ...CREATE, stream_id: MILLION }],
    ['a lane that is refused', '/v1/responses', { type: 'x', stream_id: MILLION }],
    ['the type of a message', '/v1/responses', { type: MILLION }],
    ['a type that is no text', '/v1/responses', { type: [MILLION] }],
    ['a model', '/v1/responses', { ...CREATE, model: MILLION }],
  ]

  test.each(messages)('%s at %s are no part of what is answered or logged', async (_what, path, message) => {
    const { url, lines } = await runServer({ LOG_LEVEL: 'debug', MAX_INPUT_BYTES: '2000000' })
    const ws = new WebSocket(`${url.replace('http', 'ws')}${path}`)
    await once(ws, 'open')
    const answered: string[] = []
    ws.on('message', (data) => answered.push(String(data)))
    ws.send(JSON.stringify(message))
    // A message that cannot be answered is answered in its order.
    ws.send('{')
    while (!answered.some((text) => text.includes('invalid_json'))) await once(ws, 'message')
    ws.terminate()
    expect(lengthOf(answered)).toBeLessThan(MAX_ANSWER)
    expect(lengthOf(lines)).toBeLessThan(MAX_LOGGED)
  })

  const bodies: readonly (readonly [what: string, body: unknown])[] = [
    ['a model', { ...HELLO, model: MILLION }],
    ['an id', { ...HELLO, previous_response_id: MILLION }],
    ['the name of a member', { ...HELLO, [MILLION]: 1 }],
    ['an input', { ...HELLO, input: MILLION }],
  ]

  test.each(bodies)('%s in a body are no part of what is answered or logged', async (_what, body) => {
    const { url, lines } = await runServer({ LOG_LEVEL: 'debug' })
    const { body: answer } = await ask(url, { body: JSON.stringify(body) })
    expect(answer.length).toBeLessThan(MAX_ANSWER)
    expect(lengthOf(lines)).toBeLessThan(MAX_LOGGED)
  })
})

test.each<[string, Parameters<typeof ask>[1]]>([
  ['a path', { method: 'GET', target: `/${HEADER}` }],
  ['a path of the API', { method: 'GET', target: `/v1/${HEADER}` }],
  ['a query', { method: 'POST', target: `/v1/responses?a=${HEADER}`, body: JSON.stringify(HELLO) }],
  ['faults in a query', { target: `/v1/responses?fault=${HEADER}`, body: JSON.stringify(HELLO) }],
  ['faults', { headers: [['x-deltatape-fault', HEADER]], body: JSON.stringify(HELLO) }],
  ['a seed', { headers: [['x-deltatape-fault', `chaos:${HEADER}:0`]], body: JSON.stringify(HELLO) }],
  ['an origin', { headers: [['origin', `https://${HEADER}`]], body: JSON.stringify(HELLO) }],
  ['a content-encoding', { headers: [['content-encoding', HEADER]], body: JSON.stringify(HELLO) }],
  ['a content-type', { headers: [['content-type', HEADER]], body: JSON.stringify(HELLO) }],
  ['a token', { headers: [['authorization', HEADER]], body: JSON.stringify(HELLO) }],
])('%s as long as a header may be is no part of what is answered, and cut in the log', async (_what, asked) => {
  const { url, lines } = await runServer({ LOG_LEVEL: 'debug' })
  const { body } = await ask(url, asked)
  expect(body.length).toBeLessThan(MAX_ANSWER)
  expect(lengthOf(lines)).toBeLessThan(MAX_LOGGED)
})

test('a path of a WebSocket that is long, or that every object has, is refused as any other', async () => {
  const { url, lines } = await runServer({ LOG_LEVEL: 'debug' })
  for (const path of ['constructor', '__proto__', 'toString', HEADER]) {
    const socket = openSocket(url).setEncoding('latin1')
    socket.write(`CONNECT a:${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(text.length).toBeLessThan(1000)
  }
  expect(lengthOf(lines)).toBeLessThan(MAX_LOGGED)
})

describe('MAX_WAITING_BYTES', () => {
  const QUEUED = { input: 'x'.repeat(50_000) }
  const BUDGET = { MAX_WAITING_BYTES: '1000000' }

  test('turns that wait beyond it are busy, one more client is let in, and those that there are go on', async () => {
    const { url } = await runServer(BUDGET)
    const greedy = await Promise.all(Array.from({ length: 4 }, () => connect(`${url}/ws?fault=delay:600000ms`)))
    for (const chat of greedy) {
      for (let index = 0; index < 20; index++) chat.send(QUEUED)
      expect(await chat.next()).toMatchObject({ code: 'busy', message: expect.stringContaining('MAX_WAITING_BYTES') })
    }
    const modest = await connect(`${url}/ws`)
    modest.send({ input: 'My name is Ada.' })
    expect(await modest.next()).toMatchObject({ type: 'message' })
    expect((await ask(url, { body: JSON.stringify(HELLO) })).status).toBe(200)
    for (const chat of greedy) await chat.close()
    modest.send({ ...QUEUED, input: 'y'.repeat(200_000) })
    expect(await modest.next()).toMatchObject({ code: 'fixture_miss' })
  })

  test('over HTTP a body beyond it is 503, and says when to come again', async () => {
    const { url } = await runServer(BUDGET)
    const asking = (chars: number) => ask(url, { body: JSON.stringify({ ...HELLO, input: 'x'.repeat(chars) }) })
    const greedy = await connect(`${url}/ws?fault=delay:600000ms`)
    for (let index = 0; index < 20; index++) greedy.send(QUEUED)
    expect(await greedy.next()).toMatchObject({ code: 'busy' })
    let refused = await asking(500_000)
    expect(refused.status).toBe(503)
    expect(JSON.parse(String(refused.body))).toMatchObject({ error: { code: 'busy' } })
    expect(valuesOf(refused, 'retry-after')).toEqual(['1'])
    expect((await ask(url, { body: JSON.stringify(HELLO) })).status).toBe(200)
    await greedy.close()
    while (refused.status === 503) refused = await asking(100_000)
    expect(refused.status).toBe(404)
  })

  test('a message that would never have room is told so, and its connection closed', async () => {
    const { url } = await runServer({ ...BUDGET, MAX_INPUT_BYTES: '2000000' })
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'x'.repeat(1_500_000) })
    expect(await chat.next()).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('MAX_WAITING_BYTES'),
    })
    expect(await chat.closed).toBe(1009)
  })

  test('a message in fragments counts while it comes, with pings in between, too', async () => {
    const { url } = await runServer({ ...BUDGET, MAX_INPUT_BYTES: '2000000' })
    const greedy = await connect(`${url}/ws`)
    for (let fragment = 0; fragment < 20; fragment++) {
      greedy.ws.send('x'.repeat(50_000), { fin: false })
      greedy.ws.ping()
    }
    expect(await greedy.next()).toMatchObject({ message: expect.stringContaining('MAX_WAITING_BYTES') })
    expect(await greedy.closed).toBe(1009)
  })

  test('an upgrade beyond it is 503', async () => {
    const { url } = await runServer({ MAX_WAITING_BYTES: '10000' })
    const chat = await connect(`${url}/ws`)
    const headers = [
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ] as const
    const refused = await begin(url, { method: 'GET', target: '/ws', headers })
    expect(refused).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
    refused.destroy()
    await chat.close()
    const next = await connect(`${url}/ws`)
    await next.close()
  })

  test('a small body that becomes a large one is charged as what it becomes', async () => {
    const { url } = await runServer(BUDGET)
    const body = gzipSync(JSON.stringify({ ...HELLO, input: 'x'.repeat(5_000_000) }))
    const headers = [['content-encoding', 'gzip']] as const
    expect((await ask(url, { body, headers })).status).toBe(413)
    const layers = [['content-encoding', Array.from({ length: 500 }, () => 'gzip').join()]] as const
    expect((await ask(url, { body, headers: layers })).status).toBe(415)
  })
})

test('of requests that a client sends in a row few are begun at a time', async () => {
  const { url, lines } = await runServer({ LOG_LEVEL: 'debug' })
  const body = JSON.stringify(HELLO)
  const post = (fault: string) =>
    `POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nx-deltatape-fault: ${fault}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const socket = openSocket(url).setEncoding('latin1')
  socket.write(post('delay:300ms').repeat(4) + post('refuse:429') + post('refuse:500'))
  let text = ''
  while (!text.includes('HTTP/1.1 500')) text += String((await once(socket, 'data'))[0])
  socket.destroy()
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([
    ...Array.from({ length: 4 }, () => 'HTTP/1.1 200'),
    'HTTP/1.1 429',
    'HTTP/1.1 500',
  ])
  // The last two were not begun while all of the first four waited.
  const times = lines.map((line): unknown => JSON.parse(line).ms)
  expect(times).toHaveLength(6)
  expect(Number(times[0])).toBeGreaterThan(200)
})

test('a client that sends more requests in a row than any program does is gone', async () => {
  const { url, lines } = await runServer({})
  const body = JSON.stringify(HELLO)
  const post = `POST /v1/responses?fault=delay:600000ms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const health = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const modest = openSocket(url)
  modest.write(health.repeat(128))
  const greedy = openSocket(url)
  greedy.on('error', () => {})
  greedy.write(post.repeat(4) + health.repeat(124))
  await expect.poll(() => modest.bytesRead).toBeGreaterThan(128 * 100)
  greedy.write(health)
  await once(greedy, 'close')
  expect(greedy.bytesRead).toBe(0)
  expect(modest.destroyed).toBe(false)
  expect(lines.filter((line) => line.includes('128 requests in a row'))).toHaveLength(1)
  modest.destroy()
})
