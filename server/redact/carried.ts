/** Events that carry other events in base64, as those of Bedrock's Invoke do: what they carry is searched as if it stood there. */
import { rewritten } from '../api/framing/index.ts'
import { parseEvent } from '../api/event.ts'
import type { AnswerRecord } from '../api/record.ts'
import { memberSpan } from '../base/json-text.ts'

/** An event within another one. */
interface Carried {
  readonly outer: AnswerRecord
  /** As a record of its own. */
  readonly inner: AnswerRecord
}

/** The member that carries it. */
const MEMBER = 'bytes'

/** The event that a record carries, if it carries one. */
function carriedIn(outer: AnswerRecord): Carried | undefined {
  const base64 = outer.event?.body[MEMBER]
  if (typeof base64 !== 'string') return undefined
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  // What is not written back to the same base64 is left to the search for base64 in any text.
  if (bytes.toString('base64') !== base64 || !Buffer.from(text).equals(bytes)) return undefined
  const event = parseEvent(text, outer.at)
  return event?.text === text ? { outer, inner: { at: outer.at, wire: text, event } } : undefined
}

/** The record that carries another event in place of its own. */
function carrying({ outer }: Carried, { event }: AnswerRecord): AnswerRecord {
  const text = outer.event?.text ?? ''
  const [start, end] = memberSpan(text, MEMBER) ?? [0, 0]
  const base64 = JSON.stringify(Buffer.from(event?.text ?? '').toString('base64'))
  return rewritten(outer, text.slice(0, start) + base64 + text.slice(end), (around) => around)
}

/**
 * The records with what they carry redacted; the very same list if it is clean.
 *
 * @param redact redacts events, as many as it is given, and is told of a record that stands for one
 */
export async function redactCarried(
  records: readonly AnswerRecord[],
  redact: (
    inner: readonly AnswerRecord[],
    outerOf: (inner: AnswerRecord) => AnswerRecord,
  ) => Promise<readonly AnswerRecord[]>,
): Promise<readonly AnswerRecord[]> {
  const carried = records.map(carriedIn)
  const all = carried.filter((each) => each !== undefined)
  if (all.length === 0) return records
  const outers = new Map(all.map(({ inner, outer }) => [inner, outer]))
  const inner = all.map((each) => each.inner)
  const written = await redact(inner, (each) => outers.get(each) ?? each)
  if (written === inner) return records
  let next = 0
  return records.map((record, index) => {
    const each = carried[index]
    if (!each) return record
    const after = written[next++]
    return after === undefined || after === each.inner ? record : carrying(each, after)
  })
}
