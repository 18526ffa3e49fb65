/** Messages → the bytes of a WebSocket (RFC 6455, 5.2): unmasked, as a server sends them. */
import { type List, alone, remade, remember } from '../../base/memo.ts'

const FIN = 0x80
const TEXT = 0x1
const OPCODES = { close: 0x8, ping: 0x9, pong: 0xa } as const

/**
 * Makes what turns texts into bytes, each text in a frame of its own. A list is one write, and the bytes of a kept list
 * are remembered: ws makes them anew for each frame, which costs ten times as much.
 */
export const createFraming = (): ((texts: List<string>) => Buffer) =>
  remember(
    ({ items, kept }: List<string>) => (kept ? alone(framed(items)) : framed(items)),
    (bytes) => bytes.byteLength,
  )

/**
 * Messages that a kept list is made into each time: their bytes are what is remembered of them, not their texts.
 *
 * @param again makes the same once more
 */
export const comingAgain = (texts: readonly string[], { tally }: List<unknown>, again: () => readonly string[]) =>
  remade(texts, { chars: texts.reduce((sum, text) => sum + text.length, 0), tally, pack: () => again })

function framed(texts: readonly string[]): Buffer<ArrayBuffer> {
  const sizes = texts.map((text) => Buffer.byteLength(text))
  const headBytes = (size: number) => (size < 126 ? 2 : size < 0x10000 ? 4 : 10)
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + headBytes(size) + size, 0))
  let at = 0
  for (const [index, text] of texts.entries()) {
    const size = sizes[index] ?? 0
    at = bytes.writeUInt8(FIN | TEXT, at)
    if (size < 126) at = bytes.writeUInt8(size, at)
    else if (size < 0x10000) at = bytes.writeUInt16BE(size, bytes.writeUInt8(126, at))
    else at = bytes.writeBigUInt64BE(BigInt(size), bytes.writeUInt8(127, at))
    at += bytes.write(text, at)
  }
  return bytes
}

/** How long texts are, in bytes. */
export const bytesIn = remember(({ items }: List<string>) =>
  items.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
)

/** A control frame with a payload of at most 125 bytes (RFC 6455, 5.5). */
export const controlFrame = (kind: keyof typeof OPCODES, payload: Uint8Array = new Uint8Array()): Buffer =>
  Buffer.concat([Buffer.from([FIN | OPCODES[kind], payload.length]), payload])

/** A close frame. The reason has at most 123 bytes; without a code there is none. */
export function closeFrame(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return controlFrame('close')
  return controlFrame('close', Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]))
}
