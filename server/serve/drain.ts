/** Waiting for a client to read. */
import type { Writable } from 'node:stream'
import type { Account } from '../base/ledger.ts'

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

/** Makes what charges to an account what a stream's reader has not taken yet; to be called when that has changed. */
export function meter(stream: Pick<Writable, 'writableLength'>, account: Account): () => void {
  let charged = 0
  return () => {
    const waiting = stream.writableLength
    account.charge(waiting - charged)
    charged = waiting
  }
}
