/** Texts → the bytes of a WebSocket. */
import { remember } from '../../base/memo.ts'

/**
 * Texts as the frames of a WebSocket: unmasked, each in one (RFC 6455, 5.2). All of a batch is one write, and its bytes
 * are kept where it comes again: ws makes them anew for each frame, which costs ten times as much.
 */
export const framed = remember((texts: readonly string[]): Buffer => {
  const sizes = texts.map((text) => Buffer.byteLength(text))
  const headBytes = (size: number) => (size < 126 ? 2 : size < 0x10000 ? 4 : 10)
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + headBytes(size) + size, 0))
  let at = 0
  for (const [index, text] of texts.entries()) {
    const size = sizes[index] ?? 0
    at = bytes.writeUInt8(FIN_AND_TEXT, at)
    if (size < 126) at = bytes.writeUInt8(size, at)
    else if (size < 0x10000) at = bytes.writeUInt16BE(size, bytes.writeUInt8(126, at))
    else at = bytes.writeBigUInt64BE(BigInt(size), bytes.writeUInt8(127, at))
    at += bytes.write(text, at)
  }
  return bytes
})

const FIN_AND_TEXT = 0x81
