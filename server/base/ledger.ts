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
export function createLedger(maxBytes: number, passed: () => void = () => {}): Ledger {
  let total = 0
  let untold = 0
  return {
    kept: () => total,
    open() {
      let own = 0
      let isOpen = true
      const fits = (bytes: number) => own + bytes <= SHARE * (maxBytes - total - bytes)
      const charge = (bytes: number) => {
        if (!isOpen) return
        own += bytes
        total += bytes
        if (bytes > 0) untold += bytes
        if (untold < PASSED_BYTES) return
        untold = 0
        passed()
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
        refusal: (bytes) => (bytes > (maxBytes * SHARE) / (SHARE + 1) ? tooLarge(maxBytes) : busy()),
        close() {
          charge(-own)
          isOpen = false
        },
      }
    },
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
    `This takes more than one client may have of the memory that MAX_WAITING_BYTES allows for all: ${maxBytes} bytes.`,
  )
