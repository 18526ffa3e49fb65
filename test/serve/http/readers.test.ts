/** Clients that have stopped reading what they asked for over HTTP. */
import { Duplex } from 'node:stream'
import { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { createReaders } from '../../../server/serve/http/readers.ts'
import { startServer } from '../../../server/serve/server.ts'
import { readConfig } from '../../../server/serve/config.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { manualClock, openTestStore, readableLog, runStandIn, temporaryFolder } from '../../kit/tools.ts'
import { openSocket } from './kit.ts'

const MINUTE = 60_000

/** A connection of whose unread bytes so many wait. */
function connection(state: { bytesWritten: number; writableLength: number }) {
  const socket = new Socket()
  Object.defineProperties(socket, {
    bytesWritten: { get: () => state.bytesWritten },
    writableLength: { get: () => state.writableLength },
  })
  return socket
}

test('a stream of HTTP/2, whose bytes nobody counts, is told by what waits', async () => {
  const clock = manualClock()
  const readers = createReaders(clock)
  const lines = [9, 9, 0].map((writableLength) =>
    Object.defineProperty(new Duplex({ read() {}, write() {} }), 'writableLength', {
      value: writableLength,
      writable: true,
    }),
  )
  const [slow] = lines
  for (const line of lines) readers.watch(line)
  await clock.advance(4 * MINUTE)
  Object.assign(Object(slow), { writableLength: 8 })
  await clock.advance(1.5 * MINUTE)
  expect(lines.map(({ destroyed }) => destroyed)).toEqual([false, true, false])
  for (const line of lines) line.destroy()
  await clock.advance(MINUTE)
})

test('one that has read nothing for five minutes is gone; one that reads a little, or for whom nothing waits, is not', async () => {
  const clock = manualClock()
  const readers = createReaders(clock)
  const slow = { bytesWritten: 1000, writableLength: 900 }
  const [stopped, reading, idle] = [
    connection({ bytesWritten: 1000, writableLength: 1000 }),
    connection(slow),
    connection({ bytesWritten: 1000, writableLength: 0 }),
  ]
  for (const socket of [stopped, reading, idle]) readers.watch(socket)
  await clock.advance(4 * MINUTE)
  expect(stopped.destroyed).toBe(false)
  slow.writableLength = 800
  await clock.advance(1.5 * MINUTE)
  expect([stopped, reading, idle].map(({ destroyed }) => destroyed)).toEqual([true, false, false])
  slow.writableLength = 800
  await clock.advance(5 * MINUTE)
  expect(reading.destroyed).toBe(true)
  expect(idle.destroyed).toBe(false)
})

test('one that has left HTTP is not watched any more', async () => {
  const clock = manualClock()
  const readers = createReaders(clock)
  const socket = connection({ bytesWritten: 1000, writableLength: 1000 })
  readers.watch(socket)
  readers.release(socket)
  await clock.advance(10 * MINUTE)
  expect(socket.destroyed).toBe(false)
})

test('the call to the API of a reader that has stopped ends', async () => {
  const ended = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'x'.repeat(10_000) }
  const standIn = await runStandIn((call) => {
    begun.resolve()
    void call.closed.then(() => ended.resolve())
    return { steps: Array.from({ length: 2000 }, () => ({ event: delta })) }
  })
  const looks = manualClock()
  // Only what looks at readers goes as the test says.
  const clock = {
    ...systemClock,
    timer: (ms: number, act: () => void) => (ms === 30_000 ? looks.timer(ms, act) : systemClock.timer(ms, act)),
  }
  const config = readConfig({
    PORT: '0',
    MODEL_MODE: 'live',
    OPENAI_API_KEY: 'sk-of-the-server',
    OPENAI_BASE_URL: standIn.url,
  })
  const redactor = createRedactor()
  const store = openTestStore(await temporaryFolder())
  const server = await startServer(config, { log: readableLog().log, redactor, store, clock })
  onTestFinished(() => server.close(0))
  const socket: Duplex = openSocket(server.url).pause()
  const body = '{"model":"m","input":"x","stream":true}'
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await begun.promise
  const over = new AbortController()
  void ended.promise.then(() => over.abort())
  while (!over.signal.aborted) {
    await looks.advance(30_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  socket.destroy()
})
