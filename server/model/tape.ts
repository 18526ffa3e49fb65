/** The records of answers while they are recorded: how much memory all of them may take together. */
import type { AnswerRecord } from '../api/record.ts'

/** Keeps the records of one answer, or none of them once there is no room. */
export interface Tape {
  readonly records: readonly AnswerRecord[]
  /** Whether there was no room for all. */
  readonly isFull: boolean
  add(records: readonly AnswerRecord[]): void
  /** Gives the room back. */
  close(): void
}

/** What one record takes beside its text and what its text means, in bytes. */
const RECORD_BYTES = 400

/** How much memory a record takes: its text is there as it came, as its event's, and as the values of that. */
const weightOf = ({ wire, event }: AnswerRecord): number => RECORD_BYTES + wire.length * (event ? 3 : 1)

/** @param maxBytes how much memory the records of all open tapes may take */
export function createTapes(maxBytes: number): { open(): Tape } {
  let taken = 0
  return {
    open() {
      const records: AnswerRecord[] = []
      let size = 0
      let isFull = false
      const close = () => {
        taken -= size
        size = 0
      }
      return {
        records,
        get isFull() {
          return isFull
        },
        add(more) {
          if (isFull) return
          for (const record of more) {
            records.push(record)
            size += weightOf(record)
            taken += weightOf(record)
          }
          if (taken <= maxBytes) return
          isFull = true
          records.length = 0
          close()
        },
        close,
      }
    },
  }
}
