/** Keeps the server's own key from clients: an API that refuses it may repeat it. */
import type { Api } from '../api/api.ts'
import type { Headers } from '../api/headers.ts'
import { parseSseRecord } from '../api/framing/sse.ts'
import { wireOf } from '../api/framing/framing.ts'
import { type AnswerRecord, bytesOf } from '../api/record.ts'
import { placeholderFor } from '../redact/match.ts'

/** Puts a placeholder where the key stood. */
export interface Placeholder {
  headers(headers: Headers): Headers
  /** In a whole body. What does not hold it comes back as it is. */
  body(records: readonly AnswerRecord[]): readonly AnswerRecord[]
  /** In a record that tells of a failure, or is no event. */
  failure(record: AnswerRecord): AnswerRecord
}

/** From this length on a key is told from an ordinary word. In characters. */
const MIN_KEY_CHARS = 8

/** Gives undefined if there is no key that could be told from an ordinary word. */
export function hideKey(key: string | undefined, api: Api): Placeholder | undefined {
  if (key === undefined || key.length < MIN_KEY_CHARS) return undefined
  const hide = (text: string) => text.replaceAll(key, placeholderFor('api-key'))
  return {
    headers: (headers) => headers.map(([name, value]) => [name, hide(value)] as const),
    body(records) {
      const bytes = bytesOf(records)
      const last = records.at(-1)
      if (!last || !bytes.includes(key)) return records
      return [{ at: last.at, wire: wireOf(Buffer.from(hide(bytes.toString('latin1')), 'latin1')) }]
    },
    failure(record) {
      const { event, data, wire, at } = record
      if (typeof wire !== 'string' || !wire.includes(key)) return record
      // What is not an event may be a failure: a failed response in one piece, a page of a gateway.
      if (!event && data === undefined) return { at, wire: hide(wire) }
      return event && !api.failureOf(event) ? record : parseSseRecord(hide(wire), at)
    },
  }
}
