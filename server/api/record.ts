/** One piece of an answer as it arrived, and lists of them. */
import type { List } from '../base/memo.ts'
import type { ModelEvent } from './event.ts'

/** A server-sent event, a line, a piece of a JSON body, bytes: whatever came, exactly as it came. */
export interface AnswerRecord {
  /** Milliseconds since the call was sent. */
  readonly at: number
  /**
   * What was on the wire: text if it is well-formed UTF-8, or else bytes, as a binary message always is. The records of an
   * answer joined are its body.
   */
  readonly wire: string | Uint8Array
  /** The event that it holds, if its data is a JSON object. */
  readonly event?: ModelEvent | undefined
  /** Data that is no JSON object, such as `[DONE]`, or what an error says that has no data; never empty. */
  readonly data?: string | undefined
}

/** Records that are handed on together. */
export type Batch = List<AnswerRecord>

/** A batch is cut before it holds more than this, in characters, if it has more than one record. */
export const MAX_BATCH_CHARS = 64 * 1024

/** Cuts records into parts of at most {@link MAX_BATCH_CHARS}, but for a larger single record. */
export function* inParts(records: readonly AnswerRecord[]): Generator<readonly AnswerRecord[]> {
  let start = 0
  let size = 0
  for (const [index, { wire }] of records.entries()) {
    size += wire.length
    if (index === start || size <= MAX_BATCH_CHARS) continue
    yield records.slice(start, index)
    start = index
    size = wire.length
  }
  if (start < records.length) yield records.slice(start)
}

/** The events that records hold, in order. */
export const eventsIn = (records: readonly AnswerRecord[]): ModelEvent[] => records.flatMap(({ event }) => event ?? [])

/** The bytes of records, joined. */
export function bytesOf(records: readonly AnswerRecord[]): Buffer<ArrayBuffer> {
  const texts: string[] = []
  for (const { wire } of records) {
    if (typeof wire !== 'string') return Buffer.concat(records.map((record) => Buffer.from(record.wire)))
    texts.push(wire)
  }
  return Buffer.from(texts.join(''))
}

/** The text of records, joined; undefined if they are no text. */
export function textOf(records: readonly AnswerRecord[]): string | undefined {
  const texts: string[] = []
  for (const { wire } of records) {
    if (typeof wire !== 'string') return undefined
    texts.push(wire)
  }
  return texts.join('')
}
