/** Records as an API streams them, and what they say. */
import { encodeSseEvent, parseSseRecord } from '../../server/api/framing/sse.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import { responses } from '../../server/api/responses/index.ts'
import type { Redactor } from '../../server/redact/redactor.ts'

/** Server-sent events of objects, each 10 ms after the last. */
export const toRecords = (objects: readonly Readonly<Record<string, unknown>>[]): AnswerRecord[] =>
  objects.map((object, index) =>
    parseSseRecord(encodeSseEvent(JSON.stringify(object), String(object.type), '\n'), index * 10),
  )

/** The records of an answer of the Responses API, redacted. */
export const redacted = (
  redactor: Redactor,
  records: readonly AnswerRecord[],
  found?: (kind: string, record: AnswerRecord) => void,
): Promise<readonly AnswerRecord[]> => redactor.records(records, responses, found)

/** What the events of records say. */
export const bodiesOf = (records: readonly AnswerRecord[]) => records.map(({ event }) => event?.body ?? {})

/** The deltas of all events, joined. */
export const deltasOf = (records: readonly AnswerRecord[]): string =>
  bodiesOf(records)
    .map(({ delta }) => (typeof delta === 'string' ? delta : ''))
    .join('')

/** The body that the records are. */
export const wiresOf = (records: readonly AnswerRecord[]): string => records.map(({ wire }) => String(wire)).join('')
