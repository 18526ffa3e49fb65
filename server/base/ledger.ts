/** One ledger of what a process keeps in memory for others: charged when it is kept, credited when it is let go. */
import { DeltatapeError } from './errors.ts'

export interface Ledger {
  /** How much is kept, in bytes. */
  kept(): number
  /** Opens the account of one client, or of one call. */
  open(): Account
}

/** What one client keeps of the memory of all. In bytes. */
export interface Account {
  /** Whether so much more may be kept: nobody keeps more than twice of what is left free. */
  fits(bytes: number): boolean
  /** Charges what is kept, if there is room for it. */
  take(bytes: number): boolean
  /** Charges what is kept already, whether there is room or not. */
  charge(bytes: number): void
  /** Lets go of what was charged. */
  credit(bytes: number): void
  /** What a client is told for which there is no room. Whatever would never have room is too large. */
  refusal(bytes: number): DeltatapeError
  /** Lets go of all. Nothing is charged to it any more. */
  close(): void
}

const PASSED_BYTES = 8 * 1024 * 1024

/** How much a client may keep, as a multiple of what it leaves free. */
const SHARE = 2

/**
 * Makes a ledger. A client may keep twice as much as it leaves free: one alone two thirds of all, two two fifths each. So
 * there is always room for whoever comes next, however many keep as much as they can.
 *
 * @param maxBytes how much may be kept in all
 * @param passed called each time that {@link PASSED_BYTES} more were charged: most of them are garbage by then
 */
export const createLedger = (maxBytes: number, passed: () => void = () => {}): Ledger => new Books(maxBytes, passed)

class Books implements Ledger {
  readonly maxBytes: number
  readonly #passed: () => void
  #total = 0
  #untold = 0

  constructor(maxBytes: number, passed: () => void) {
    this.maxBytes = maxBytes
    this.#passed = passed
  }

  kept(): number {
    return this.#total
  }

  open(): Account {
    return new ClientAccount(this)
  }

  charge(bytes: number): void {
    this.#total += bytes
    if (bytes > 0) this.#untold += bytes
    if (this.#untold < PASSED_BYTES) return
    this.#untold = 0
    this.#passed()
  }
}

/** There are thousands of them: one object each, and no functions of its own. */
class ClientAccount implements Account {
  readonly #books: Books
  #own = 0
  #isOpen = true

  constructor(books: Books) {
    this.#books = books
  }

  fits(bytes: number): boolean {
    const { maxBytes } = this.#books
    return this.#own + bytes <= SHARE * (maxBytes - this.#books.kept() - bytes)
  }

  take(bytes: number): boolean {
    if (!this.fits(bytes)) return false
    this.charge(bytes)
    return true
  }

  charge(bytes: number): void {
    if (!this.#isOpen) return
    this.#own += bytes
    this.#books.charge(bytes)
  }

  credit(bytes: number): void {
    this.charge(-bytes)
  }

  refusal(bytes: number): DeltatapeError {
    const { maxBytes } = this.#books
    return bytes > (maxBytes * SHARE) / (SHARE + 1) ? tooLarge(maxBytes) : busy()
  }

  close(): void {
    this.charge(-this.#own)
    this.#isOpen = false
  }
}

const busy = () =>
  new DeltatapeError(
    'busy',
    'What waits here for clients takes as much memory as MAX_WAITING_BYTES leaves for this one. Send it again when less waits.',
  )

const tooLarge = (maxBytes: number) =>
  new DeltatapeError(
    'too_large',
    `This takes more than one client may have of the memory that MAX_WAITING_BYTES allows for all: ${maxBytes} bytes. Ask for less at once, or start the server with a larger one.`,
  )
