/** What one replay brought: each arrival with its time, and how it ended. It grows while it is listened to. Pure. */
import { type Expected, type Frame, frameIn, isTerminal } from './expected.ts'

/** How a replay ended, in ms since it was sent. */
export type End =
  /** A turn of a chat, with its last frame. */
  | { readonly how: 'told'; readonly at: number; readonly frame: Frame }
  /** A connection of a chat, before the last frame of its turn. */
  | { readonly how: 'closed'; readonly at: number; readonly code: number; readonly reason: string }
  /** A body with its last byte; a body that broke, or an answer that never came; what whoever looked on stopped. */
  | { readonly how: 'whole' | 'broken' | 'stopped'; readonly at: number }

/** Where it is first another one than what was recorded: the number of a frame, or of a byte, from 0 on. */
export type Difference = number | undefined

export class Heard {
  readonly expected: Expected
  /** When the request was sent, on the clock of this page. All times are in ms since then. */
  sent: number
  /** When each frame, or piece of a body, came. */
  readonly at: number[] = []
  /** How many frames, or bytes, had come with each. */
  readonly until: number[] = []
  readonly frames: string[] = []
  readonly chunks: Uint8Array<ArrayBuffer>[] = []
  /** How many frames, or bytes, came. */
  length = 0
  /** The deltas of a chat, joined. */
  text = ''
  /** The status of a call over HTTP. */
  status: number | undefined
  difference: Difference
  end: End | undefined
  /** Whether a frame came after the one that ends the turn. */
  isTrailed = false

  constructor(expected: Expected, sent = 0) {
    this.expected = expected
    this.sent = sent
  }

  frame(at: number, text: string): void {
    if (this.expected.frames[this.length] !== text) this.difference ??= this.length
    this.frames.push(text)
    this.note(at, 1)
    this.isTrailed ||= this.end?.how === 'told'
    const frame = frameIn(text)
    if (frame?.type === 'delta') this.text += frame.message
    if (isTerminal(frame)) this.end ??= { how: 'told', at, frame }
  }

  chunk(at: number, chunk: Uint8Array<ArrayBuffer>): void {
    const same = sameFrom(this.expected.body, this.length, chunk)
    if (same < chunk.length) this.difference ??= this.length + same
    this.chunks.push(chunk)
    this.note(at, chunk.length)
  }

  /** The body, or so many bytes of its beginning. */
  body(most = this.length): Uint8Array<ArrayBuffer> {
    const body = new Uint8Array(Math.min(most, this.length))
    let at = 0
    for (const chunk of this.chunks) {
      if (at >= body.length) break
      body.set(chunk.subarray(0, body.length - at), at)
      at += chunk.length
    }
    return body
  }

  private note(at: number, length: number): void {
    this.at.push(at)
    this.length += length
    this.until.push(this.length)
  }
}

/** How much of a chunk is the same as what stands in a body from there on. */
function sameFrom(body: Uint8Array, from: number, chunk: Uint8Array): number {
  let same = 0
  while (same < chunk.length && body[from + same] === chunk[same]) same++
  return same
}

/** Whether it brought what was recorded, and no less: to the frame, or to the byte. */
export const isWhole = ({ difference, length, expected }: Heard): boolean =>
  difference === undefined && length === expected.length

/**
 * Where two replays are first not the same; undefined if they are. Of a body that breaks a browser throws away what was not
 * read by then: nobody can tell how long it was.
 */
export function differenceOf(one: Heard, other: Heard): Difference {
  if (one.expected.unit === 'frame') {
    const at = one.frames.findIndex((frame, index) => frame !== other.frames[index])
    return at !== -1 ? at : one.length < other.length ? one.length : undefined
  }
  const same = sameFrom(one.body(), 0, other.body())
  const isBroken = one.end?.how === 'broken' || other.end?.how === 'broken'
  const enough = isBroken ? Math.min(one.length, other.length) : Math.max(one.length, other.length)
  return same === enough ? undefined : same
}
