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

export const createReading = (account: Account): Reading => new ClientReading(account)

class ClientReading implements Reading {
  readonly #account: Account
  #begun = 0
  #last = 0

  constructor(account: Account) {
    this.#account = account
  }

  arrived(bytes: number): boolean {
    const fits = this.#account.fits(bytes)
    this.#account.charge(bytes)
    this.#begun += bytes
    this.#last = bytes
    return fits
  }

  whole(bytes: number): void {
    // A message in fragments has more heads than are counted here. What is left came with the last bytes.
    this.#leave(Math.min(this.#begun - bytes - headBytes(bytes), this.#last))
  }

  control(bytes: number): void {
    this.#leave(this.#begun - bytes - headBytes(bytes))
  }

  begun(): number {
    return this.#begun
  }

  #leave(bytes: number): void {
    const rest = Math.max(bytes, 0)
    this.#account.credit(this.#begun - rest)
    this.#begun = rest
  }
}
