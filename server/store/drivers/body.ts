/** What engines have in common that keep an object as one value: its version, and its body in pieces. */
import { randomBytes } from 'node:crypto'
import type { Found } from '../driver.ts'

/** The most of a body that one command moves. */
export const PIECE_BYTES = 1024 * 1024

/** How many characters a version has. */
export const VERSION_CHARS = 16

/** By chance, not by a counter: one that was lost with all else would begin anew, and repeat what readers know. */
export const newVersion = (): string => randomBytes(12).toString('base64url')

/** Reads so many bytes of the version that was found; throws where it is not there any more. */
export type ReadOn = (from: number, bytes: number) => Promise<Uint8Array>

/** A body up to an end, of which the first piece is at hand. */
export function bodyOf(piece: Uint8Array, end: number, readOn: ReadOn): Found['body'] {
  if (piece.length === end) return () => [piece]
  return async function* pieces() {
    yield piece
    for (let from = piece.length; from < end; from += PIECE_BYTES)
      yield await readOn(from, Math.min(PIECE_BYTES, end - from))
  }
}
