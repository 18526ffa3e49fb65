/** The sockets, as transcripts. */
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { readConfig } from '../../../server/config.ts'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import type { Model } from '../../../server/model/model.ts'
import { systemClock, type Clock } from '../../../server/base/clock.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createSockets } from '../../../server/serve/ws/sockets.ts'
import { compose, steps, words } from '../../kit/answers.ts'
import { FAILURES } from '../../kit/bundled.ts'
import { connect, type Chat } from '../../kit/client.ts'
import { expectRules } from '../../kit/rules.ts'
import type { Answer } from '../../kit/standin.ts'
import { folderWith, manualClock, readableLog, runServer, runStandIn, settle, toEvents } from '../../kit/tools.ts'

const FRENCH = 'Say hello to all in French'
const LONG = 'Count'

/** What these tests ask for. */
const shelf = () =>
  folderWith({
    [FRENCH]: { events: compose('french').text(words('Bonjour tout le monde !')).completed() },
    [LONG]: {
      events: compose('long')
        .text(Array.from({ length: 2000 }, (_, index) => ` ${index}`))
        .completed(),
    },
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

describe('/ws-stream', () => {
  test('sends the deltas, and then the message', async () => {
    const { url } = await runReplay()
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
    const { url } = await runReplay()
    const [one, two] = await Promise.all([connect(`${url}/ws-stream`), connect(`${url}/ws-stream`)])
    for (const input of [FRENCH, LONG, FAILURES.reset, 'a miss']) {
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
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws?session=1`)
    chat.send({ input: FRENCH, id: 'a' })
    expect(await chat.next()).toMatchObject({ type: 'message', message: 'Bonjour tout le monde !', id: 'a' })
    expect(chat.transcript).toHaveLength(1)
  })
})

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

test('what is no request is answered, and the connection goes on', async () => {
  const { url } = await runReplay()
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
  const { url } = await runReplay()
  const chat = await connect(`${url}/ws-stream`)
  for (let index = 0; index < 10_000; index++) chat.send(`junk ${index}`)
  for (let index = 0; index < 10_000; index++) expect((await chat.next()).type).toBe('error')
  chat.send({ input: FRENCH })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message' })
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

test('who floods the server does not keep others waiting', async () => {
  const { url } = await runReplay()
  const flood = await connect(`${url}/ws-stream`)
  for (let index = 0; index < 20_000; index++) flood.send('')
  await flood.next()
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(flood.transcript.length).toBeLessThan(20_000)
  // What it sent and is not read yet goes with it.
  flood.ws.terminate()
})

test('a hundred pings at once are answered, and the turn that runs goes on', async () => {
  const { url } = await runReplay()
  const chat = await connect(`${url}/ws-stream`)
  let pongs = 0
  chat.ws.on('pong', () => pongs++)
  chat.socket.cork()
  for (let index = 0; index < 100; index++) chat.ws.ping()
  chat.send({ input: FRENCH })
  chat.socket.uncork()
  expect((await chat.turn()).at(-1)?.type).toBe('message')
  expect(pongs).toBe(100)
})

describe('limits', () => {
  test('a message that is too large is told so, and ends the connection', async () => {
    const { url } = await runReplay({ MAX_INPUT_BYTES: '1000' })
    const fits = await connect(`${url}/ws`)
    fits.send({ input: 'x'.repeat(1000 - '{"input":""}'.length) })
    expect((await fits.next()).code).toBe('fixture_miss')
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'x'.repeat(1001) })
    expect(await chat.next()).toMatchObject({ type: 'error', code: 'too_large' })
    expect(await chat.closed).toBe(1009)
  })

  test('so is one that comes in too many fragments', async () => {
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws`)
    for (let index = 0; index < 17_000; index++) chat.ws.send('x', { fin: false })
    expect(await chat.next()).toMatchObject({ code: 'too_large', message: expect.stringContaining('16384 fragments') })
    expect(await chat.closed).toBe(1009)
  })

  test('a client that closes with that code itself is sent nothing', async () => {
    const { url } = await runReplay()
    const chat = await connect(`${url}/ws`)
    chat.ws.close(1009)
    await chat.closed
    expect(chat.transcript).toEqual([])
  })

  test('connections beyond the limit are closed, and one that ends makes room', async () => {
    const { url } = await runReplay({ MAX_CONNECTIONS: '2' })
    const first = await connect(`${url}/ws`)
    await connect(`${url}/ws`)
    expect(await (await connect(`${url}/ws`)).closed).toBe(1013)
    await first.close()
    const chat = await connect(`${url}/ws`)
    chat.send({ input: FRENCH })
    expect((await chat.next()).type).toBe('message')
  })

  test('turns beyond the queue are answered busy', async () => {
    const { url } = await runReplay({ MAX_QUEUED_TURNS: '1', REPLAY_PACE: '1000ms' })
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
    const { url } = await runReplay()
    expect(await refusal(`${url}/nowhere`, {})).toBe(404)
    expect(await refusal(`${url}/ws/`, {})).toBe(404)
    expect(await refusal(`${url}/ws`, { host: 'evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'https://evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'null' })).toBe(403)
  })

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

  test('a page on loopback is let in to replay, and not to what can spend money', async () => {
    const { url } = await runReplay()
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
    const { url } = await runReplay()
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

  test('with messages that nobody has read yet begins nothing', async () => {
    const { server, standIn } = await runLive({ instead: 'hang' })
    const chat = await connect(`${server.url}/ws-stream`)
    chat.socket.cork()
    for (let index = 0; index < 3000; index++) {
      if (index === 1500) chat.send({ input: 'Hi' })
      chat.ws.ping()
    }
    chat.socket.uncork()
    const other = await connect(`${server.url}/ws-stream`)
    chat.ws.terminate()
    // One message a turn of the event loop: what comes behind 3,500 others is read later than all of the first.
    other.socket.cork()
    for (let index = 0; index < 3500; index++) other.ws.ping()
    other.send('junk')
    other.socket.uncork()
    await other.next()
    expect(standIn.calls).toEqual([])
    await other.close()
  })

  test('and has not said so is found out by the heartbeat', async () => {
    const clock = manualClock()
    const { url } = await runReplay({}, { clock })
    const chat = await connect(`${url}/ws`, { autoPong: false })
    const ping = once(chat.ws, 'ping')
    await clock.advance(30_000)
    await ping
    await clock.advance(30_000)
    expect(await chat.closed).toBe(1006)
  })

  test('a client that answers the heartbeat stays', async () => {
    const clock = manualClock()
    const { url } = await runReplay({}, { clock })
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

describe('a client that does not read', () => {
  const BATCHES = 300
  const BATCH = toEvents([{ type: 'response.output_text.delta', output_index: 0, delta: 'x'.repeat(60_000) }])

  /** A server whose model has 18 MB to say, and how many of its batches were taken for each input. */
  const runLoud = async (clock: Clock = systemClock) => {
    const taken = new Map<string, number>()
    const model: Model = async function* ({ body }) {
      for (let index = 0; index < BATCHES; index++) {
        taken.set(String(body.input), index)
        yield BATCH
      }
      yield toEvents([{ type: 'response.completed', response: {} }])
    }
    const { log } = readableLog()
    const sockets = createSockets({
      config: readConfig({}),
      model,
      redactor: createRedactor(),
      clock,
      journal: createJournal(log, 'replay'),
      log,
    })
    const http = createServer().on('upgrade', sockets.upgrade).listen(0, '127.0.0.1')
    await once(http, 'listening')
    onTestFinished(async () => {
      const drained = sockets.drain()
      sockets.stop(new DeltatapeError('shutting_down', 'Bye.'))
      await drained
      http.close()
    })
    const address = http.address()
    return { taken, sockets, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` }
  }

  test('holds up its own model, and gets everything in the end', async () => {
    const { taken, url } = await runLoud()
    const slow = await connect(`${url}/ws-stream`)
    slow.ws.pause()
    slow.send({ input: 'slow' })
    const quick = await connect(`${url}/ws-stream`)
    quick.send({ input: 'quick' })
    expect((await quick.turn()).length).toBe(BATCHES + 1)
    expect(taken.get('slow')).toBeLessThan(BATCHES / 2)
    slow.ws.resume()
    expect((await slow.turn()).length).toBe(BATCHES + 1)
    expectRules(slow.transcript, [undefined])
  })

  test('is no client that is gone, for some minutes: what it would answer waits behind what it has to read', async () => {
    const clock = manualClock()
    const { taken, url } = await runLoud(clock)
    /** Until the model has to wait: nothing is taken of it any more. */
    const heldUp = async (input: string) => {
      let before: number | undefined
      for (let same = 0; same < 50 || before === undefined; same = before === taken.get(input) ? same + 1 : 0) {
        before = taken.get(input)
        await settle()
      }
    }
    const slow = await connect(`${url}/ws-stream`)
    slow.ws.pause()
    slow.send({ input: 'slow' })
    await heldUp('slow')
    // Whoever speaks may still be behind.
    slow.send({ type: 'cancel', id: 'another' })
    for (let beat = 0; beat < 8; beat++) await clock.advance(30_000)
    // It reads a little, and the server gets on.
    const before = taken.get('slow')
    slow.ws.resume()
    while (taken.get('slow') === before) await settle()
    slow.ws.pause()
    await heldUp('slow')
    expect(taken.get('slow')).toBeLessThan(BATCHES - 1)
    for (let beat = 0; beat < 8; beat++) await clock.advance(30_000)
    slow.ws.resume()
    expect((await slow.turn()).length).toBe(BATCHES + 1)

    const dead = await connect(`${url}/ws-stream`)
    dead.ws.pause()
    dead.send({ input: 'dead' })
    await heldUp('dead')
    for (let beat = 0; beat < 20; beat++) await clock.advance(30_000)
    dead.ws.resume()
    expect(await dead.closed).toBe(1006)
    expect(dead.transcript.length).toBeLessThan(BATCHES)
  })

  test('does not hold up the end of the server', async () => {
    const { sockets, url } = await runLoud()
    const slow = await connect(`${url}/ws-stream`)
    slow.send({ input: 'slow' })
    await slow.next()
    slow.ws.pause()
    const drained = sockets.drain()
    sockets.stop(new DeltatapeError('shutting_down', 'Bye.'))
    await drained
    slow.ws.terminate()
  })

  test('but sends and sends is not read any further', async () => {
    const { url } = await runReplay()
    const flood = await connect(`${url}/ws`)
    flood.ws.pause()
    // An answer of the server is larger than what it answers: it would have to keep all of them.
    const written: number[] = []
    const one = '{"input":""}'.padEnd(100)
    for (let index = 0; index < 200_000; index++) flood.ws.send(one)
    const quick = await connect(`${url}/ws`)
    quick.send({ input: FRENCH })
    await quick.next()
    written.push(flood.ws.bufferedAmount)
    expect(written[0]).toBeGreaterThan(0)
    flood.ws.terminate()
  })
})

test('text of every script comes through as it is', async () => {
  const text = words('こんにちは 👋🏽 مرحبا नमस्ते \u2028 naïve\n')
  const { server } = await runLive({ steps: steps(compose('x').text(text).completed()) })
  const chat = await connect(`${server.url}/ws-stream`)
  chat.send({ input: 'Hi' })
  expect((await chat.turn()).at(-1)?.message).toBe(text.join(''))
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
        const chat = await connect(`${url}/ws?fault=chaos:7:1`)
        const ends: unknown[] = []
        for (let turn = 0; turn < 12 && chat.ws.readyState === WebSocket.OPEN; turn++) {
          chat.send({ input: FRENCH })
          ends.push(
            await chat.next().then(
              ({ code, type }) => code ?? type,
              () => 'dropped',
            ),
          )
        }
        return ends
      }),
    )
    expect(runs[0]).toEqual(runs[1])
    expect(new Set(runs[0]).size).toBeGreaterThan(2)
  })

  test('cannot be asked for where the API is called', async () => {
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
