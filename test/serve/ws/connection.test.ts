/** One connection: fair to others, patient with a slow client, and how it ends. */
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Clock, systemClock } from '../../../server/base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../../server/base/errors.ts'
import type { Model } from '../../../server/model/model.ts'
import { compose } from '../../kit/answers.ts'
import { type Chat, connect } from '../../kit/client.ts'
import { expectRules } from '../../kit/rules.ts'
import { manualClock, settle } from '../../kit/tools.ts'
import { FRENCH, answerOf, freshBatch, inputOf, runHanging, runScripted, runSockets } from './kit.ts'

/** What a client sends to shake hands. */
const handshake = (host: string) =>
  `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

test('1,000 junk messages leave the connection and the server as they were', async () => {
  const { url } = await runScripted()
  const chat = await connect(`${url}/ws-stream`)
  for (let index = 0; index < 1000; index++) chat.send(`junk ${index}`)
  for (let index = 0; index < 1000; index++) expect((await chat.next()).type).toBe('error')
  chat.send({ input: FRENCH })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message' })
  expect((await fetch(`${url}/health`)).status).toBe(200)
})

test('who floods the server does not keep others waiting', async () => {
  const { url } = await runScripted()
  const flood = await connect(`${url}/ws-stream`)
  for (let index = 0; index < 20_000; index++) flood.send('')
  await flood.next()
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(flood.transcript.length).toBeLessThan(20_000)
  // What it sent and is not read yet goes with it.
  flood.ws.terminate()
})

test('a hundred pings at once are answered, and the turn that runs goes on', async () => {
  const { url } = await runScripted()
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

describe('the end of a connection', () => {
  /** A frame of a client: masked with zeros. */
  const frame = (opcode: number, payload: Uint8Array) =>
    Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])
  const ask = frame(1, Buffer.from(JSON.stringify({ input: FRENCH })))

  test('comes after the answer to what was sent before it, in one piece with it', async () => {
    const { url } = await runScripted()
    const chat = await connect(`${url}/ws`)
    chat.socket.write(Buffer.concat([ask, ask, frame(8, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65]))]))
    expect(await once(chat.ws, 'close')).toEqual([1000, Buffer.from('bye')])
    expectRules(chat.transcript, [undefined, undefined], { streamed: false })
  })

  test('so does an error that closes it', async () => {
    const { url } = await runScripted()
    for (const [broken, code] of [
      [Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
      [frame(1, Buffer.from([0xff])), 1007],
    ] as const) {
      const chat = await connect(`${url}/ws`)
      chat.socket.write(Buffer.concat([ask, ask, broken]))
      expect(await chat.closed).toBe(code)
      expectRules(chat.transcript, [undefined, undefined], { streamed: false })
    }
  })

  test('is not waited for if the client does not answer', async () => {
    const clock = manualClock()
    const { sockets, url } = await runScripted({}, { clock })
    const chat = await connect(`${url}/ws`)
    chat.ws.pause()
    const drained = sockets.drain()
    await clock.advance(500)
    await drained
    chat.ws.resume()
    expect(await once(chat.ws, 'close')).toEqual([1001, Buffer.from(shuttingDown().message)])
  })

  test('nor if it has said so, and keeps its side open', async () => {
    const clock = manualClock()
    const { url } = await runScripted({}, { clock })
    const { hostname, port, host } = new URL(url)
    const socket = connectSocket({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.write(handshake(host))
    await once(socket, 'data')
    socket.write(frame(8, Buffer.from([0x03, 0xe8])))
    const [close] = await once(socket, 'data')
    expect([...close]).toEqual([0x88, 2, 0x03, 0xe8])
    socket.resume()
    await once(socket, 'end')
    const broken = once(socket, 'error')
    await clock.advance(30_000)
    // What is written to a connection that was let go breaks it.
    while (!socket.destroyed) await new Promise<void>((resolve) => socket.write('x', () => resolve()))
    await broken
  })
})

describe('a broken client', () => {
  /** A raw connection that has shaken hands. */
  const shakeHands = async (url: string) => {
    const { hostname, port, host } = new URL(url)
    const socket = connectSocket(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(handshake(host))
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
    const { url } = await runScripted()
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
  test('ends its call', async () => {
    const { url, aborted } = await runHanging(compose('x').text(['a']).cut().events)
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: 'Hi' })
    await chat.next()
    chat.ws.terminate()
    await aborted
  })

  test.each([
    ['says so, and reads no more', (chat: Chat) => chat.ws.close()],
    ['closes its half of the connection, and reads no more', (chat: Chat) => chat.socket.end()],
  ])('and %s: its call ends at once, too', async (_how, leave) => {
    const much = Array.from({ length: 400 }, () => 'x'.repeat(20_000))
    const { url, aborted } = await runHanging(compose('x').text(much).cut().events)
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: 'Hi' })
    await chat.next()
    chat.ws.pause()
    leave(chat)
    await aborted
    chat.ws.terminate()
  })

  test('with messages that nobody has read yet begins nothing', async () => {
    const { url, signals } = await runHanging([])
    const chat = await connect(`${url}/ws-stream`)
    chat.socket.cork()
    for (let index = 0; index < 3000; index++) {
      if (index === 1500) chat.send({ input: 'Hi' })
      chat.ws.ping()
    }
    chat.socket.uncork()
    const other = await connect(`${url}/ws-stream`)
    chat.ws.terminate()
    // One message a turn of the event loop: what comes after 3,500 others is read later than all of the first.
    other.socket.cork()
    for (let index = 0; index < 3500; index++) other.ws.ping()
    other.send('junk')
    other.socket.uncork()
    await other.next()
    expect(signals).toEqual([])
    await other.close()
  })

  test('and has not said so is found out by the heartbeat', async () => {
    const clock = manualClock()
    const { url } = await runScripted({}, { clock })
    const chat = await connect(`${url}/ws`, { autoPong: false })
    const ping = once(chat.ws, 'ping')
    await clock.advance(30_000)
    await ping
    await clock.advance(30_000)
    expect(await chat.closed).toBe(1006)
  })

  test('a client that answers the heartbeat stays', async () => {
    const clock = manualClock()
    const { url } = await runScripted({}, { clock })
    const chat = await connect(`${url}/ws`)
    for (let beat = 0; beat < 4; beat++) {
      const ping = once(chat.ws, 'ping')
      await clock.advance(30_000)
      await ping
      chat.send('junk, to know that the pong before it has arrived')
      await chat.next()
    }
    expect(chat.ws.readyState).toBe(WebSocket.OPEN)
  })
})

describe('a client that does not read', () => {
  const BATCHES = 300
  const BATCH = freshBatch([{ type: 'response.output_text.delta', output_index: 0, delta: 'x'.repeat(60_000) }])

  /** Sockets whose model has 18 MB to say, and how many of its batches were taken for each input. */
  const runLoud = async (clock: Clock = systemClock) => {
    const taken = new Map<string, number>()
    const model: Model = async (call) =>
      answerOf(
        (async function* () {
          for (let index = 0; index < BATCHES; index++) {
            taken.set(inputOf(call), index)
            yield BATCH
          }
          yield freshBatch([{ type: 'response.completed', response: {} }])
        })(),
      )
    return { taken, ...(await runSockets(model, { clock })) }
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

  test('is not taken for one that is gone, for some minutes: our ping waits until it has read the rest', async () => {
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
    const { url } = await runScripted()
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
