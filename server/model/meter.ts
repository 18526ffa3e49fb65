/** How much of an answer has to be kept before it means something: an event without an end, a body in one piece. */
import { ModelError } from '../api/ending.ts'
import { type FramingName, isStream } from '../api/framing/index.ts'
import type { AnswerRecord } from '../api/record.ts'

export interface Measured {
  /** The records that are not too large. */
  readonly records: readonly AnswerRecord[]
  /** Why nothing more is read. */
  readonly flaw: ModelError | undefined
}

export interface Meter {
  /**
   * Takes what arrived.
   *
   * @param bytes how much it was
   * @param records what became whole with it
   */
  take(bytes: number, records: readonly AnswerRecord[], framing: FramingName): Measured
}

/**
 * Makes the meter of one answer.
 *
 * @param maxBytes how large an event, a line or a body in one piece may be
 * @param keepsText whether a text that is neither an event stream nor JSON has to be kept, too: a file is not
 */
export function createMeter(maxBytes: number, keepsText: boolean): Meter {
  /** The bytes of the record that is under way, and those of a body that is in no records. */
  let [begun, body] = [0, 0]
  return {
    take(bytes, records, framing) {
      const isInRecords = isStream(framing)
      begun += bytes
      for (const { wire } of records) begun -= Buffer.byteLength(wire)
      // Bytes that are no text are handed on, and no row keeps them.
      const isFile = records.some(({ wire }) => typeof wire !== 'string')
      if (!isInRecords && (framing === 'json' || (keepsText && !isFile))) body += bytes
      const large = isInRecords ? records.findIndex(({ wire }) => wire.length > maxBytes) : -1
      if (large === -1 && (isInRecords ? begun : body) <= maxBytes) return { records, flaw: undefined }
      const what = isInRecords ? 'an event' : 'a body'
      return {
        records: large === -1 ? records : records.slice(0, large),
        flaw: new ModelError({ end: 'malformed', why: `${what} of more than ${maxBytes} bytes (MAX_EVENT_BYTES)` }),
      }
    },
  }
}
