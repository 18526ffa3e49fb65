/** The WebSockets of a whole server: with its fixtures, its faults, and an API behind it. */
import { once } from 'node:events'
import { type IncomingMessage, get } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { compose, steps, words } from '../../kit/answers.ts'
import { FAILURES } from '../../kit/bundled.ts'
import { type Chat, connect } from '../../kit/client.ts'
import { expectRules } from '../../kit/rules.ts'
import type { Answer } from '../../kit/standin.ts'
import { folderWith, runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'

const FRENCH = 'Say hello to all in French'

/** What these tests ask for. */
const shelf = () =>
  folderWith({
    [FRENCH]: { events: compose('french').text(words('Bonjour tout le monde !')).completed() },
    [FAILURES.reset]: { events: compose('reset').text(words('The sea was')).cut().events, ending: { end: 'reset' } },
  })

const runReplay = async (env: Record<string, string> = {}, parts: Parameters<typeof runServer>[1] = {}) =>
  runServer({ FIXTURES_DIR: await shelf(), ...env }, parts)

const runLive = async (answer: Answer, env: Record<string, string> = {}) => {
  const standIn = await runStandIn(() => answer)
  const server = await runServer({
    MODEL_MODE: 'live',
    OPENAI_API_KEY: 'sk-of-the-server',
    OPENAI_BASE_URL: standIn.url,
    ...env,
  })
  return { standIn, server }
}

test('a conversation goes on by the ids of its answers', async () => {
  const { url } = await runServer({})
  const chat = await connect(`${url}/ws`)
  let previous: unknown
  for (const input of ['My name is Ada.', 'What is my name?', 'Spell it backwards.']) {
    chat.send({ input, previous_response_id: previous })
    const frame = await chat.next()
    expect(frame.type).toBe('message')
    previous = frame.response_id
  }
  chat.send({ input: 'What is my name?' })
  expect(await chat.next()).toMatchObject({
    code: 'fixture_miss',
    message: expect.stringContaining('previous_response_id'),
  })
})

test('a recorded failure is one error frame, after what came before it', async () => {
  const { url } = await runReplay()
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input: FAILURES.reset })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'error', code: 'upstream_reset' })
  expectRules(chat.transcript, [undefined])
})

test('a frame with an error says what the API refused', async () => {
  const body = JSON.stringify({ error: { message: 'Slow down', type: 'requests', code: 'rate_limit_exceeded' } })
  const { server } = await runLive({ status: 429, body })
  const chat = await connect(`${server.url}/ws`)
  chat.send({ input: 'Hi' })
  expect(await chat.next()).toMatchObject({ code: 'upstream_refused', status: 429 })
})

test("the API's own WebSocket mode is passed on as it was sent, recorded, and replayed without the API", async () => {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/v1/responses' })
  onTestFinished(() => void upstream.close())
  await once(upstream, 'listening')
  const address = upstream.address()
  const asked: string[] = []
  let connections = 0
  upstream.on('connection', (ws) => {
    connections++
    ws.on('message', (data) => {
      asked.push(String(data))
      const answer = compose(`turn${asked.length}`)
        .text([`${asked.length}`])
        .completed()
      for (const event of answer) ws.send(JSON.stringify(event))
    })
  })
  const messages = [
    '{"type":"response.create","model":"m", "input":"Hi","generate":false,"seed":9007199254740993}',
    '{"type":"response.create","model":"m","input":"Go on","store":false,"previous_response_id":"resp_turn1"}',
  ]
  /** Sends the messages one after another, and gives what came back. */
  const talk = async (url: string) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
    const texts: string[] = []
    ws.on('message', (data) => texts.push(String(data)))
    await once(ws, 'open')
    for (const [index, message] of messages.entries()) {
      ws.send(message)
      const isOver = () => texts.filter((text) => text.includes('"type":"response.completed"')).length > index
      while (!isOver()) await once(ws, 'message')
    }
    ws.terminate()
    return texts
  }
  const env = { FIXTURES_DIR: await temporaryFolder(), OPENAI_API_KEY: 'sk-of-the-server' }
  const port = typeof address === 'object' && address ? address.port : 0
  const recording = await runServer({ ...env, MODEL_MODE: 'record', OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` })
  const live = await talk(recording.url)
  expect([connections, asked]).toEqual([1, messages])
  await recording.close(0)
  const { url } = await runServer(env)
  expect(await talk(url)).toEqual(live)
  expect(asked).toHaveLength(2)
})

describe('an upgrade', () => {
  test('one that is refused and keeps its side open does not hold up the end of the server', async () => {
    const { url, close } = await runReplay()
    const { hostname, port } = new URL(url)
    const socket = connectSocket({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await once(socket, 'data')
    await close()
    socket.destroy()
  })

  test('a client that offers another protocol is answered over HTTP', async () => {
    const { url } = await runReplay()
    const response = await new Promise<IncomingMessage>((resolve) =>
      get(
        `${url}/health`,
        { headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' } },
        resolve,
      ),
    )
    expect(response.statusCode).toBe(200)
  })
})

describe('a client that leaves', () => {
  test('ends its call to the API', async () => {
    const { server, standIn } = await runLive({ steps: [...steps(compose('x').text(['a']).cut().events), 'hang'] })
    const chat = await connect(`${server.url}/ws-stream`)
    chat.send({ input: 'Hi' })
    await chat.next()
    chat.ws.terminate()
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test.each([
    ['says so, and reads no more', (chat: Chat) => chat.ws.close()],
    ['closes its half of the connection, and reads no more', (chat: Chat) => chat.socket.end()],
  ])('and %s: its call ends at once, too', async (_how, leave) => {
    const much = Array.from({ length: 400 }, () => 'x'.repeat(20_000))
    const { server, standIn } = await runLive({ steps: [...steps(compose('x').text(much).cut().events), 'hang'] })
    const chat = await connect(`${server.url}/ws-stream`)
    chat.send({ input: 'Hi' })
    await chat.next()
    chat.ws.pause()
    leave(chat)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    chat.ws.terminate()
  })
})

describe('faults on purpose', () => {
  const ended = (code: string, deltas: number) => [...Array.from({ length: deltas }, () => 'delta'), code]

  // Four events come before the five deltas.
  test.each([
    ['refuse:429@0', ended('upstream_refused', 0)],
    ['error@6', ended('upstream_error', 2)],
    ['fail@6', ended('upstream_failed', 2)],
    ['truncate@6', ended('upstream_truncated', 2)],
    ['reset@6', ended('upstream_reset', 2)],
    ['stall@6', ended('upstream_stalled', 2)],
    ['malformed@6', ended('upstream_malformed', 2)],
    ['delay:1ms@2,reset@5', ended('upstream_reset', 1)],
    ['delay:1ms@6', ended('message', 5)],
    ['reset@5000', ended('message', 5)],
    ['', ended('message', 5)],
    ['reset@x', ended('invalid_input', 0)],
  ])('?fault=%s', async (plan, expected) => {
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws-stream?fault=${encodeURIComponent(plan)}`)
    for (const id of ['a', 'b']) {
      chat.send({ input: FRENCH, id })
      const turn = await chat.turn()
      expect(turn.map(({ type, code }) => (type === 'error' ? code : type))).toEqual(expected)
    }
    expectRules(chat.transcript, ['a', 'b'], { streamed: true })
  })

  test('drop breaks the connection, after what was sent', async () => {
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws-stream?fault=drop@6`)
    chat.send({ input: FRENCH })
    expect(await chat.closed).toBe(1006)
    expect(chat.transcript).toEqual(['{"type":"delta","message":"Bonjour"}', '{"type":"delta","message":" tout"}'])
    const again = await connect(`${url}/ws-stream`)
    again.send({ input: FRENCH })
    expect((await again.turn()).at(-1)?.type).toBe('message')
  })

  test('are taken from the header as well, in the dialect of the API too', async () => {
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws`, { headers: { 'x-deltatape-fault': 'fail@5' } })
    chat.send({ input: FRENCH })
    expect(await chat.next()).toMatchObject({ type: 'error', code: 'upstream_failed' })
    const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`, {
      headers: { 'x-deltatape-fault': 'error@4' },
    })
    const types: unknown[] = []
    ws.on('message', (data) => types.push(JSON.parse(String(data)).type))
    await once(ws, 'open')
    ws.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: FRENCH }))
    while (types.at(-1) !== 'response.failed') await once(ws, 'message')
    expect(types.slice(4)).toEqual(['error', 'response.failed'])
    ws.close()
  })

  test('a seeded mix is the same for the same seed, on another server too', async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const { url } = await runReplay()
        const ends: unknown[] = []
        for (let turn = 0; turn < 12; turn++) {
          const chat = await connect(`${url}/ws?fault=chaos:7:1`)
          chat.send({ input: FRENCH })
          ends.push(
            await chat.next().then(
              ({ code, type }) => code ?? type,
              () => 'dropped',
            ),
          )
          chat.ws.terminate()
        }
        return ends
      }),
    )
    expect(runs[0]).toEqual(runs[1])
    expect(new Set(runs[0]).size).toBeGreaterThan(2)
  })

  test('cannot be asked for if the API is called', async () => {
    const { server, standIn } = await runLive({ steps: [] })
    const chat = await connect(`${server.url}/ws-stream?fault=reset@7`)
    chat.send({ input: 'Hi' })
    expect(await chat.next()).toMatchObject({ type: 'error', code: 'invalid_input' })
    expect(standIn.calls).toHaveLength(0)
  })

  test('FAULT breaks the answers of the API, too, and what a client asks for stands over it', async () => {
    const { url } = await runReplay({ FAULT: 'reset@5' })
    const codes = ['/ws', '/ws?fault=fail@5'].map(async (path) => {
      const chat = await connect(`${url}${path}`)
      chat.send({ input: FRENCH })
      return (await chat.next()).code
    })
    expect(await Promise.all(codes)).toEqual(['upstream_reset', 'upstream_failed'])
    const { server } = await runLive(
      { steps: steps(compose('live').text(words('one two')).completed()) },
      { FAULT: 'truncate@4' },
    )
    const chat = await connect(`${server.url}/ws`)
    chat.send({ input: 'Hi' })
    expect(await chat.next()).toMatchObject({ code: 'upstream_truncated' })
  })
})
