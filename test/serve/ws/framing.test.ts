import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { framed } from '../../../server/serve/ws/framing.ts'

/** What a client reads that gets these bytes. */
async function read(bytes: Buffer, count: number): Promise<string[]> {
  const http = createServer().listen(0, '127.0.0.1')
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head, () => socket.write(bytes)))
  await once(http, 'listening')
  const address = http.address()
  const ws = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
  const texts: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      ws.on('error', reject)
      ws.on('message', (data, isBinary) => {
        expect(isBinary).toBe(false)
        if (texts.push(String(data)) === count) resolve()
      })
    })
  } finally {
    ws.terminate()
    server.close()
    http.close()
  }
  return texts
}

test('texts of every size of a header come whole', async () => {
  const texts = [1, 125, 126, 127, 65_535, 65_536, 200_000].map((size) => 'x'.repeat(size))
  const wide = ['é'.repeat(63), '👋🏽'.repeat(9000), '\u2028', '{"type":"delta"}']
  expect(await read(framed([...texts, ...wide]), texts.length + wide.length)).toEqual([...texts, ...wide])
})

test('an empty text is a frame without a payload', () => {
  expect([...framed(['', 'a'])]).toEqual([0x81, 0, 0x81, 1, 97])
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
