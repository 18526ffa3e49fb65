/** How long one answer may keep the event loop to itself. */
import { type Clock, nextTurn } from '../base/clock.ts'

/** In ms: what others wait for at most. */
const STINT_MS = 5

/** How much is read in one go. Even the smallest records of so many bytes take no longer than a stint. */
const PIECE_BYTES = 8 * 1024

/** To be awaited before each piece of work, if it gives a promise: then everything else goes first. */
export type Rest = () => Promise<void> | undefined

/** An API that sends faster than it is read would never let the event loop turn. */
export function createRest(clock: Clock): Rest {
  /** When this stint began; undefined if the loop has turned since. */
  let began: number | undefined
  return () => {
    if (began === undefined) {
      began = clock.now()
      clock.soon(() => (began = undefined))
      return undefined
    }
    if (clock.now() - began < STINT_MS) return undefined
    began = undefined
    return nextTurn()
  }
}

/** Bytes in pieces that can be read in one go. */
export function* inPieces(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES)
}
