/** What one replay brought: each arrival with its time, and how it ended. It grows while it is listened to. Pure. */
import { type Expected, deltaIn, frameIn, isTerminal } from './expected.ts'

/** How a replay ended, in ms since it was sent. */
export type End =
  /** A turn of a chat, with its last frame. */
  | { readonly how: 'told'; readonly at: number; readonly code?: string | undefined }
  /** A connection of a chat, before the last frame of its turn. */
  | { readonly how: 'closed'; readonly at: number; readonly code: number; readonly reason: string }
  /** A body, with its last byte. */
  | { readonly how: 'whole'; readonly at: number }
  /** A body that broke, or an answer that never came. */
  | { readonly how: 'broken'; readonly at: number }
  /** Whoever looked on stopped it. */
  | { readonly how: 'stopped'; readonly at: number }

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
  bytes = 0
  /** The deltas of a chat, joined. */
  text = ''
  /** When the first text came. */
  firstText: number | undefined
  /** The status of a call over HTTP. */
  status: number | undefined
  /** The fixture that the server names. */
  fixture: string | undefined
  difference: Difference
  end: End | undefined

  constructor(expected: Expected, sent = 0) {
    this.expected = expected
    this.sent = sent
  }

  frame(at: number, text: string): void {
    if (this.difference === undefined && this.expected.frames[this.length] !== text) this.difference = this.length
    this.frames.push(text)
    this.note(at, 1, new TextEncoder().encode(text).length)
    const delta = deltaIn(text)
    if (delta !== undefined) {
      this.text += delta
      this.firstText ??= at
    }
    const frame = frameIn(text)
    if (isTerminal(frame)) this.end ??= { how: 'told', at, code: frame?.code }
  }

  chunk(at: number, chunk: Uint8Array<ArrayBuffer>): void {
    if (this.difference === undefined) {
      const same = sameFrom(this.expected.body, this.length, chunk)
      if (same < chunk.length) this.difference = this.length + same
    }
    this.chunks.push(chunk)
    this.note(at, chunk.length, chunk.length)
  }

  /** The whole body. */
  body(): Uint8Array<ArrayBuffer> {
    const body = new Uint8Array(this.bytes)
    let at = 0
    for (const chunk of this.chunks) {
      body.set(chunk, at)
      at += chunk.length
    }
    return body
  }

  private note(at: number, length: number, bytes: number): void {
    this.at.push(at)
    this.length += length
    this.bytes += bytes
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
  difference === undefined && length === (expected.how === 'chat' ? expected.frames.length : expected.body.length)

/**
 * Where two replays are first not the same; undefined if they are. Of a body that breaks a browser throws away what was not
 * read by then: nobody can tell how long it was.
 */
export function differenceOf(one: Heard, other: Heard): Difference {
  if (one.expected.how === 'chat') {
    const at = one.frames.findIndex((frame, index) => frame !== other.frames[index])
    return at !== -1 ? at : one.length < other.length ? one.length : undefined
  }
  const [a, b] = [one.body(), other.body()]
  const same = sameFrom(a, 0, b)
  const isBroken = one.end?.how === 'broken' || other.end?.how === 'broken'
  const enough = isBroken ? Math.min(a.length, b.length) : Math.max(a.length, b.length)
  return same === enough ? undefined : same
}

/** What came of a body as text, at most so many bytes of it; undefined if it is none. */
export function textOf(heard: Heard, most: number): string | undefined {
  const [first] = heard.chunks
  if (!first) return undefined
  const body = heard.chunks.length === 1 || first.length > most ? first : heard.body()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, most), { stream: true })
  } catch {
    return undefined
  }
}
