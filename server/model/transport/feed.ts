/** Bytes on their way from a connection to their one reader. */
import type { Readable } from 'node:stream'
import { reset } from './failure.ts'

/** How many bytes may wait to be read before the connection has to wait. */
const HIGH_WATER_BYTES = 64 * 1024

/** The connection that the bytes come from. */
export interface Source {
  pause(): void
  resume(): void
  /** Lets go of it, because nobody reads any more. Called once at most, and never after the end. */
  leave(): void
}

export interface Feed {
  /**
   * What came, in order, and after it the failure if there is one. Its reader may leave at any time, even while it waits;
   * if the signal is aborted it gets the reason at once, and nothing more.
   */
  readonly body: AsyncIterable<Uint8Array>
  push(bytes: Uint8Array): void
  end(): void
  fail(failure: unknown): void
}

type Next = IteratorResult<Uint8Array, undefined>

const DONE: Next = { done: true, value: undefined }

/**
 * Makes a feed for one reader, which gets all that waits in one piece: a connection gives what it read in small ones, and
 * each that is handed on costs the same.
 */
export function createFeed(signal: AbortSignal, source: Source): Feed {
  let waiting: Uint8Array[] = []
  let size = 0
  const flow = createFlow(source)
  /** Wakes the reader that waits: it takes what is there by then. */
  let wake: (() => void) | undefined
  /** What the reader gets after the last bytes; set once. */
  let last: (() => Promise<Next>) | undefined

  const conclude = (end: () => Promise<Next>): boolean => {
    if (last) return false
    last = end
    signal.removeEventListener('abort', abort)
    flow.resume()
    wake?.()
    return true
  }
  const leave = (end: () => Promise<Next>) => {
    waiting = []
    if (conclude(end)) source.leave()
  }
  const abort = () => leave(() => Promise.reject(signal.reason))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()

  const take = (): Uint8Array => {
    const pieces = waiting
    waiting = []
    size = 0
    flow.resume()
    const [only] = pieces
    return only && pieces.length === 1 ? only : Buffer.concat(pieces)
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    async next() {
      if (waiting.length === 0 && !last) {
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
      }
      return waiting.length > 0 ? { done: false, value: take() } : (last?.() ?? DONE)
    },
    return() {
      leave(() => Promise.resolve(DONE))
      return Promise.resolve(DONE)
    },
  }
  return {
    body: { [Symbol.asyncIterator]: () => iterator },
    push(value) {
      if (last || value.length === 0) return
      waiting.push(value)
      size += value.length
      wake?.()
      if (size >= HIGH_WATER_BYTES) flow.pause()
    },
    end: () => void conclude(() => Promise.resolve(DONE)),
    fail: (failure) => void conclude(() => Promise.reject(failure)),
  }
}

/** Pauses a source, and resumes it, once each in turn. */
function createFlow(source: Source) {
  let paused = false
  return {
    pause(): void {
      if (!paused) source.pause()
      paused = true
    },
    resume(): void {
      if (paused) source.resume()
      paused = false
    },
  }
}

/** What a stream of Node gives. Leaving it destroys it. */
export function bytesOf(stream: Readable, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const feed = createFeed(signal, {
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    leave: () => void stream.destroy(),
  })
  stream.on('data', feed.push)
  stream.on('end', feed.end)
  stream.on('error', (error) => {
    // What came before the break, and was not asked for yet, is there still.
    for (let left: unknown = stream.read(); left instanceof Uint8Array; left = stream.read()) feed.push(left)
    feed.fail(reset(error))
  })
  return feed.body
}
