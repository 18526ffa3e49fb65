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

/** Makes a feed for one reader, which reads one piece at a time. */
export function createFeed(signal: AbortSignal, source: Source): Feed {
  const waiting: Uint8Array[] = []
  let size = 0
  const flow = createFlow(source)
  let reader: PromiseWithResolvers<Next> | undefined
  /** What the reader gets after the last bytes; set once. */
  let last: (() => Promise<Next>) | undefined

  const conclude = (end: () => Promise<Next>): boolean => {
    if (last) return false
    last = end
    signal.removeEventListener('abort', abort)
    flow.resume()
    reader?.resolve(end())
    return true
  }
  const leave = (end: () => Promise<Next>) => {
    waiting.length = 0
    if (conclude(end)) source.leave()
  }
  const abort = () => leave(() => Promise.reject(signal.reason))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next() {
      const value = waiting.shift()
      if (value) {
        size -= value.length
        if (waiting.length === 0) flow.resume()
        return Promise.resolve({ done: false, value })
      }
      if (last) return last()
      reader = Promise.withResolvers<Next>()
      return reader.promise
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
      if (reader) {
        reader.resolve({ done: false, value })
        reader = undefined
        return
      }
      waiting.push(value)
      size += value.length
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
