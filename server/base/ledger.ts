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
  /** Whether so much more may be kept: nobody keeps more than is left for all others together. */
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

/**
 * Makes a ledger. A client may keep as much as it leaves free: one alone half of all, two a third each. So there is
 * always room for whoever comes next, however many keep as much as they can.
 *
 * @param maxBytes how much may be kept in all
 */
export function createLedger(maxBytes: number): Ledger {
  let total = 0
  return {
    kept: () => total,
    open() {
      let own = 0
      let isOpen = true
      const fits = (bytes: number) => own + bytes <= maxBytes - total - bytes
      const charge = (bytes: number) => {
        if (!isOpen) return
        own += bytes
        total += bytes
      }
      return {
        fits,
        take(bytes) {
          if (!fits(bytes)) return false
          charge(bytes)
          return true
        },
        charge,
        credit: (bytes) => charge(-bytes),
        refusal: (bytes) => (bytes > maxBytes / 2 ? tooLarge(maxBytes) : busy()),
        close() {
          charge(-own)
          isOpen = false
        },
      }
    },
  }
}

/** What a text takes of memory at most, in bytes: a character takes two if any of them is beyond Latin-1. */
export const weightOf = (text: string): number =>
  Buffer.byteLength(text) === text.length ? text.length : 2 * text.length

const busy = () =>
  new DeltatapeError(
    'busy',
    'What waits here for clients takes as much memory as MAX_WAITING_BYTES leaves for this one. Send it again when less waits.',
  )

const tooLarge = (maxBytes: number) =>
  new DeltatapeError(
    'too_large',
    `This takes more than half of the memory that MAX_WAITING_BYTES allows for all clients: ${maxBytes} bytes.`,
  )
