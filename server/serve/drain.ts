/** Waiting for a client to read. */
import type { Writable } from 'node:stream'

/** Makes what resolves when all that was written to a stream has been handed on, or the stream is gone. */
export function createDrain(stream: Writable): () => Promise<void> {
  let waiting: Promise<void> | undefined
  return () => {
    waiting ??= new Promise((resolve) => {
      const settle = () => {
        stream.off('drain', settle)
        stream.off('close', settle)
        waiting = undefined
        resolve()
      }
      stream.on('drain', settle)
      stream.on('close', settle)
      if (stream.destroyed) settle()
    })
    return waiting
  }
}
