/** A WebSocket client by hand, on a raw socket: what it does not do cannot be what is measured. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Opens a WebSocket. What it sends from then on is read from the socket. */
export async function openWebSocket(url: URL, path: string): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    ].join('\r\n'),
  )
  const [head]: unknown[] = await once(socket, 'data')
  if (!String(head).startsWith('HTTP/1.1 101 ')) throw new Error(`${url.host}${path}: ${String(head)}`)
  return socket
}

/** A text message as a client sends it. Its mask is zero, which leaves the text as it is. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length > 0xff_ff) throw new RangeError('A message of the bench is at most 64 kB.')
  const short = payload.length < 126
  const head = Buffer.alloc(short ? 6 : 8)
  head[0] = 0x81
  head[1] = 0x80 | (short ? payload.length : 126)
  if (!short) head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

/** How many bytes a server sends for these text messages. */
export function wireBytes(texts: readonly string[]): number {
  return texts
    .map((text) => Buffer.byteLength(text))
    .reduce((sum, bytes) => sum + bytes + (bytes < 126 ? 2 : bytes <= 0xff_ff ? 4 : 10), 0)
}

/** Reads text messages of a server out of the chunks of a socket, however they are cut. */
function createFrameReader(onText: (text: string) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 2) {
      const code = (rest[1] ?? 0) & 0x7f
      const start = code < 126 ? 2 : code === 126 ? 4 : 10
      if (rest.length < start) return
      const length = code < 126 ? code : code === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
      if (rest.length < start + length) return
      if (rest[0] === 0x81) onText(rest.toString('utf8', start, start + length))
      rest = rest.subarray(start + length)
    }
  }
}

/**
 * Plays one turn on a connection of its own.
 *
 * @param onText told of each message as it comes
 * @returns all messages of the turn
 */
export async function playTurn(
  url: URL,
  path: string,
  input: string,
  onText: (text: string) => void = () => {},
): Promise<string[]> {
  const socket = await openWebSocket(url, path)
  const texts: string[] = []
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>()
  const read = createFrameReader((text) => {
    texts.push(text)
    onText(text)
    if (!text.startsWith('{"type":"delta"')) end()
  })
  socket.on('data', read)
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`${url.host}${path} closed the connection in a turn.`)))
  socket.write(clientFrame(JSON.stringify({ input })))
  await ended
  socket.destroy()
  return texts
}
