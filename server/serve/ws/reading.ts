/** What a client is in the middle of sending: it is in memory before its message is whole. */
import type { Account } from '../../base/ledger.ts'

export interface Reading {
  /** So many bytes came. Says whether there is room for them. */
  arrived(bytes: number): boolean
  /** A message of so many bytes is whole, and not this one's to count any more. */
  whole(bytes: number): void
  /** So is a ping or a pong, which may come amid the fragments of a message: they still wait for the rest. */
  control(bytes: number): void
  /** How much is here of what is not whole, in bytes. */
  begun(): number
}

/** The bytes around a masked frame (RFC 6455, 5.2). */
const headBytes = (payload: number): number => (payload < 126 ? 6 : payload < 0x10000 ? 8 : 14)

export function createReading(account: Account): Reading {
  let begun = 0
  let last = 0
  const leave = (bytes: number) => {
    const rest = Math.max(bytes, 0)
    account.credit(begun - rest)
    begun = rest
  }
  return {
    arrived(bytes) {
      const fits = account.fits(bytes)
      account.charge(bytes)
      begun += bytes
      last = bytes
      return fits
    },
    whole(bytes) {
      // A message in fragments has more heads than are counted here. What is left came with the last bytes.
      leave(Math.min(begun - bytes - headBytes(bytes), last))
    },
    control: (bytes) => leave(begun - bytes - headBytes(bytes)),
    begun: () => begun,
  }
}
