/** Reads what is cut by nothing: one record for each piece that arrives. */
import { type RecordReader, viewOf, wireOf } from './framing.ts'

const NONE = Buffer.alloc(0)

/**
 * Reads a body piece by piece. A piece of text is cut at the end of a character: at most three bytes of an unfinished one
 * wait for the next piece. A piece that is no UTF-8 is a record of bytes.
 */
export function createPlainReader(): RecordReader {
  let held: Buffer = NONE
  const record = (bytes: Buffer, at: number) => (bytes.length > 0 ? [{ at, wire: wireOf(bytes) }] : [])
  return {
    read(bytes, at) {
      const piece = held.length > 0 ? Buffer.concat([held, bytes]) : viewOf(bytes)
      const end = piece.length - unfinished(piece)
      const records = record(piece.subarray(0, end), at)
      const isText = records.every(({ wire }) => typeof wire === 'string')
      held = isText ? Buffer.from(piece.subarray(end)) : NONE
      return isText ? records : record(piece, at)
    },
    end(at) {
      const left = held
      held = NONE
      return record(left, at)
    },
  }
}

/** How many bytes at the end begin a character of UTF-8 and do not end it. */
function unfinished(bytes: Buffer): number {
  for (let count = 1; count <= 3; count++) {
    const byte = bytes[bytes.length - count] ?? 0
    const isContinuation = byte >= 0x80 && byte < 0xc0
    if (!isContinuation) return lengthOfCharacter(byte) > count ? count : 0
  }
  return 0
}

/** How many bytes a character has that begins with this one. */
function lengthOfCharacter(first: number): number {
  if (first < 0xc0) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}
