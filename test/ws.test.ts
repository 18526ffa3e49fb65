/** The sockets, as transcripts. */
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { compose, steps, words } from './answers.ts'
import { FAILURES } from './bundled.ts'
import { connect } from './client.ts'
import { expectRules } from './rules.ts'
import type { Answer } from './standin.ts'
import { manualClock, runServer, runStandIn, settle, temporaryFolder } from './tools.ts'

const FRENCH = 'Rephrase this in French: Hello world'

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

describe('/ws-stream', () => {
  test('sends the deltas, and then the message', async () => {
    const { url } = await runServer({})
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: FRENCH })
    await chat.turn()
    expect(chat.transcript).toEqual([
      '{"type":"delta","message":"Bonjour"}',
      '{"type":"delta","message":" tout"}',
      '{"type":"delta","message":" le"}',
      '{"type":"delta","message":" monde"}',
      '{"type":"delta","message":" !"}',
      expect.stringMatching(
        /^\{"type":"message","message":"Bonjour tout le monde !","response_id":"resp_\w+","model":"gpt-4.1-mini-2025-04-14","status":"completed","usage":\{"input_tokens":16,"output_tokens":5,"total_tokens":21\}\}$/,
      ),
    ])
  })

  test('sends two replays of a request as the same bytes', async () => {
    const { url } = await runServer({})
    const [one, two] = await Promise.all([connect(`${url}/ws-stream`), connect(`${url}/ws-stream`)])
    for (const input of [FRENCH, 'Count to two thousand', FAILURES.reset, 'a miss']) {
      for (const chat of [one, two]) {
        chat.send({ input })
        await chat.turn()
      }
    }
    expect(one.transcript).toEqual(two.transcript)
    expectRules(one.transcript, [undefined, undefined, undefined, undefined])
    expect(one.transcript.length).toBeGreaterThan(2000)
  })
})

describe('/ws', () => {
  test('sends the message alone', async () => {
    const { url } = await runServer({})
    const chat = await connect(`${url}/ws?session=1`)
    chat.send({ input: FRENCH, id: 'a' })
    expect(await chat.next()).toMatchObject({ type: 'message', message: 'Bonjour tout le monde !', id: 'a' })
    expect(chat.transcript).toHaveLength(1)
  })
})

test('a conversation goes on by the ids of its answers', async () => {
  const { url } = await runServer({})
  const chat = await connect(`${url}/ws`)
  const answers: string[] = []
  let previous: unknown
  for (const input of ['My name is Ada.', 'What is my name?', 'Spell it backwards.']) {
    chat.send({ input, previous_response_id: previous })
    const frame = await chat.next()
    previous = frame.response_id
    answers.push(frame.message)
  }
  expect(answers).toEqual(['Nice to meet you, Ada! What can I do for you?', 'Your name is Ada.', 'a, d, A'])
  chat.send({ input: 'What is my name?' })
  expect(await chat.next()).toMatchObject({
    code: 'fixture_miss',
    message: expect.stringContaining('previous_response_id'),
  })
})

test('what is no request is answered, and the connection goes on', async () => {
  const { url } = await runServer({})
  const chat = await connect(`${url}/ws-stream`)
  const codes: unknown[] = []
  for (const junk of ['{', '', '[]', '{}', '{"input":" "}', '{"input":"\\ud800"}']) {
    chat.send(junk)
    codes.push((await chat.next()).code)
  }
  chat.ws.send(Buffer.from(JSON.stringify({ input: FRENCH })))
  codes.push((await chat.next()).code)
  expect(codes).toEqual([
    'invalid_json',
    'invalid_json',
    'invalid_input',
    'invalid_input',
    'invalid_input',
    'invalid_input',
    'invalid_json',
  ])
  chat.send({ input: FRENCH })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message' })
})

test('10,000 junk messages leave the connection and the server as they were', async () => {
  const { url } = await runServer({})
  const chat = await connect(`${url}/ws-stream`)
  for (let index = 0; index < 10_000; index++) chat.send(`junk ${index}`)
  for (let index = 0; index < 10_000; index++) expect((await chat.next()).type).toBe('error')
  chat.send({ input: FRENCH })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message' })
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

describe('limits', () => {
  test('a message that is too large is told so, and ends the connection', async () => {
    const { url } = await runServer({ MAX_INPUT_BYTES: '1000' })
    const fits = await connect(`${url}/ws`)
    fits.send({ input: 'x'.repeat(1000 - '{"input":""}'.length) })
    expect((await fits.next()).code).toBe('fixture_miss')
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'x'.repeat(1001) })
    expect(await chat.next()).toMatchObject({ type: 'error', code: 'too_large' })
    expect(await chat.closed).toBe(1009)
  })

  test('a client that closes with that code itself is sent nothing', async () => {
    const { url } = await runServer({})
    const chat = await connect(`${url}/ws`)
    chat.ws.close(1009)
    await chat.closed
    expect(chat.transcript).toEqual([])
  })

  test('connections beyond the limit are closed, and one that ends makes room', async () => {
    const { url } = await runServer({ MAX_CONNECTIONS: '2' })
    const first = await connect(`${url}/ws`)
    await connect(`${url}/ws`)
    expect(await (await connect(`${url}/ws`)).closed).toBe(1013)
    await first.close()
    const chat = await connect(`${url}/ws`)
    chat.send({ input: FRENCH })
    expect((await chat.next()).type).toBe('message')
  })

  test('turns beyond the queue are answered busy', async () => {
    const { url } = await runServer({ MAX_QUEUED_TURNS: '1', REPLAY_PACE: '1000ms' })
    const chat = await connect(`${url}/ws`)
    for (const id of ['1', '2', '3']) chat.send({ input: FRENCH, id })
    expect(await chat.next()).toMatchObject({ code: 'busy', id: '3' })
  })
})

describe('who is let in', () => {
  const refusal = async (url: string, headers: Record<string, string>) => {
    const ws = new WebSocket(url.replace('http', 'ws'), { headers })
    const [, response] = await once(ws, 'unexpected-response')
    ws.on('error', () => {})
    ws.terminate()
    return response.statusCode
  }

  test('an unknown path, a foreign host or a foreign page get an HTTP answer', async () => {
    const { url } = await runServer({})
    expect(await refusal(`${url}/nowhere`, {})).toBe(404)
    expect(await refusal(`${url}/ws/`, {})).toBe(404)
    expect(await refusal(`${url}/ws`, { host: 'evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'https://evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'null' })).toBe(403)
  })

  test('a page on loopback is let in to replay, and not to what can spend money', async () => {
    const { url } = await runServer({})
    await connect(`${url}/ws`, { origin: 'http://localhost:5173' })
    const { server, standIn } = await runLive({ status: 500, body: '{}' })
    expect(await refusal(`${server.url}/ws`, { origin: 'http://localhost:5173' })).toBe(403)
    await connect(`${server.url}/ws`, { origin: server.url })
    expect(standIn.calls).toEqual([])
  })
})

describe('a broken client', () => {
  /** A raw connection that has shaken hands. */
  const shakeHands = async (url: string) => {
    const { hostname, port, host } = new URL(url)
    const socket = connectSocket(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    const [head] = await once(socket, 'data')
    expect(String(head)).toContain('101 Switching Protocols')
    return socket
  }

  test.each([
    ['a frame without a mask', Buffer.from([0x81, 0x02, 0x68, 0x69])],
    ['a reserved opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['text that is no UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe])],
    ['a length without end', Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ])('that sends %s is closed, and nobody else', async (_what, bytes) => {
    const { url } = await runServer({})
    const other = await connect(`${url}/ws`)
    const socket = await shakeHands(url)
    socket.write(bytes)
    const [close] = await once(socket, 'data')
    expect(close.length).toBeGreaterThan(0)
    socket.destroy()
    other.send({ input: FRENCH })
    expect((await other.next()).type).toBe('message')
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

  test('and has not said so is found out by the heartbeat', async () => {
    const clock = manualClock()
    const { url } = await runServer({}, { clock })
    const chat = await connect(`${url}/ws`, { autoPong: false })
    const ping = once(chat.ws, 'ping')
    await clock.advance(30_000)
    await ping
    await clock.advance(30_000)
    expect(await chat.closed).toBe(1006)
  })

  test('a client that answers the heartbeat stays', async () => {
    const clock = manualClock()
    const { url } = await runServer({}, { clock })
    const chat = await connect(`${url}/ws`)
    for (let beat = 0; beat < 4; beat++) {
      const ping = once(chat.ws, 'ping')
      await clock.advance(30_000)
      await ping
      chat.send('junk, to know that the pong behind which it comes has arrived')
      await chat.next()
    }
    expect(chat.ws.readyState).toBe(WebSocket.OPEN)
  })
})

test('cancel ends the running turn, and the next one goes on', async () => {
  const { server } = await runLive({ steps: [...steps(compose('x').text(['a', 'b']).cut().events), 'hang'] })
  const chat = await connect(`${server.url}/ws-stream`)
  chat.send({ input: 'one', id: '1' })
  chat.send({ input: 'two', id: '2' })
  await chat.next()
  chat.send({ type: 'cancel' })
  while ((await chat.next()).type === 'delta');
  await chat.next()
  chat.send({ type: 'cancel', id: '2' })
  while ((await chat.next()).type === 'delta');
  expectRules(chat.transcript, ['1', '2'])
})

test('a client that does not read holds up its own answer only, and gets all of it in the end', async () => {
  const dir = await temporaryFolder()
  const pieces = Array.from({ length: 150 }, (_, index) => `${index} ${'x'.repeat(20_000)}`)
  const standIn = await runStandIn(() => ({ steps: steps(compose('large').text(pieces).completed()) }))
  const server = await runServer({
    MODEL_MODE: 'auto',
    OPENAI_API_KEY: 'sk-x-of-the-server',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
  })
  const recorder = await connect(`${server.url}/ws`)
  recorder.send({ input: 'Hi' })
  await recorder.next()
  const slow = await connect(`${server.url}/ws-stream`)
  slow.ws.pause()
  slow.send({ input: 'Hi' })
  const other = await connect(`${server.url}/ws`)
  other.send({ input: 'Hi' })
  expect((await other.next()).message).toHaveLength(pieces.join('').length)
  await settle()
  slow.ws.resume()
  const turn = await slow.turn()
  expect(turn).toHaveLength(151)
  expectRules(slow.transcript, [undefined])
})

test('text of every script comes through as it is', async () => {
  const text = words('こんにちは 👋🏽 مرحبا नमस्ते \u2028 naïve\n')
  const { server } = await runLive({ steps: steps(compose('x').text(text).completed()) })
  const chat = await connect(`${server.url}/ws-stream`)
  chat.send({ input: 'Hi' })
  expect((await chat.turn()).at(-1)?.message).toBe(text.join(''))
})
