/** Pieces of a body become one buffer while they come: kept until the end, they would take twice as much. */

export interface Gathering {
  add(piece: Uint8Array): void
  /** All of it. */
  whole(): Uint8Array
}

/** The smallest buffer for several pieces, in bytes. Larger ones are given back to the machine when they are let go. */
const FIRST_BYTES = 256 * 1024

/** Gathers pieces; one alone is not copied. */
export function createGathering(): Gathering {
  let buffer: Uint8Array = new Uint8Array()
  let used = 0
  return {
    add(piece) {
      if (used === 0) buffer = piece
      else {
        const needed = used + piece.byteLength
        if (needed > buffer.byteLength) {
          const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * buffer.byteLength, needed))
          larger.set(buffer.subarray(0, used))
          buffer = larger
        }
        buffer.set(piece, used)
      }
      used += piece.byteLength
    },
    whole: () => (used === buffer.byteLength ? buffer : buffer.subarray(0, used)),
  }
}
