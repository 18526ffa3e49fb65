/** What a framing is: it cuts a body into records as it arrives, and loses no byte of it. */
import { isUtf8 } from 'node:buffer'
import type { AnswerRecord } from '../record.ts'

/** Cuts one body into records. The wires of all records joined are all bytes that were read, however they came. */
export interface RecordReader {
  /**
   * Takes the next bytes, and gives the records that they make whole. The caller may reuse the memory afterwards.
   *
   * @param at when they came, in ms since the call was sent
   */
  read(bytes: Uint8Array, at: number): AnswerRecord[]
  /**
   * Takes the end of the body, and gives what is left.
   *
   * @param clean whether the body ended as HTTP says. If it broke instead, what is left means nothing
   */
  end(at: number, clean: boolean): AnswerRecord[]
}

/** The same bytes as a Buffer, without copying them. */
export const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The wire of a record: text if the bytes are well-formed UTF-8, or else a copy of them. */
export function wireOf(bytes: Buffer): string | Uint8Array {
  const text = bytes.toString('utf8')
  // What is no UTF-8 becomes U+FFFD: only a text that holds one needs a closer look.
  return text.includes('\u{FFFD}') && !isUtf8(bytes) ? new Uint8Array(bytes) : text
}
