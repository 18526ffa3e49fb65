import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { fresh, kept } from '../../../server/base/memo.ts'
import { closeFrame, controlFrame, createFraming } from '../../../server/serve/ws/framing.ts'

const frames = createFraming()
const framed = (texts: readonly string[]) => frames(fresh(texts))

/** What a client reads that gets these bytes. */
async function read(bytes: Buffer, count: number): Promise<string[]> {
  const texts: string[] = []
  await withClient(bytes, async (ws) => {
    await new Promise<void>((resolve, reject) => {
      ws.on('error', reject)
      ws.on('message', (data, isBinary) => {
        expect(isBinary).toBe(false)
        if (texts.push(String(data)) === count) resolve()
      })
    })
  })
  return texts
}

/** Sends these bytes to a client after the handshake. */
async function withClient(bytes: Buffer, use: (ws: WebSocket) => Promise<void>): Promise<void> {
  const http = createServer().listen(0, '127.0.0.1')
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head, () => socket.write(bytes)))
  await once(http, 'listening')
  const address = http.address()
  const ws = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
  try {
    await use(ws)
  } finally {
    ws.terminate()
    server.close()
    http.close()
  }
}

test('texts of every size of a header come whole', async () => {
  const texts = [1, 125, 126, 127, 65_535, 65_536, 200_000].map((size) => 'x'.repeat(size))
  const wide = ['é'.repeat(63), '👋🏽'.repeat(9000), '\u2028', '{"type":"delta"}']
  expect(await read(framed([...texts, ...wide]), texts.length + wide.length)).toEqual([...texts, ...wide])
})

test('an empty text is a frame without a payload', () => {
  expect([...framed(['', 'a'])]).toEqual([0x81, 0, 0x81, 1, 97])
})

test('a list that comes again is the same bytes, made once', () => {
  const texts = ['a', 'bc']
  const again = kept(texts)
  expect(frames(again)).toBe(frames(again))
  expect(frames(again)).toEqual(framed(texts))
  expect(frames(fresh(texts))).not.toBe(frames(fresh(texts)))
})

test('control frames are what ws reads as such', async () => {
  const all = [controlFrame('ping', Buffer.from('a')), controlFrame('pong'), closeFrame(1013, 'No room')]
  const seen: unknown[] = []
  await withClient(Buffer.concat(all), async (ws) => {
    ws.on('ping', (data) => seen.push(['ping', String(data)]))
    ws.on('pong', (data) => seen.push(['pong', String(data)]))
    const [code, reason] = await once(ws, 'close')
    seen.push([code, String(reason)])
  })
  expect(seen).toEqual([
    ['ping', 'a'],
    ['pong', ''],
    [1013, 'No room'],
  ])
  expect([...closeFrame()]).toEqual([0x88, 0])
})

test('any texts come as they are', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(texts, async (each) => {
      expect(await read(framed(each), each.length)).toEqual(each)
    }),
    { numRuns: 20 },
  )
})
