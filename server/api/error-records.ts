/** An error within an answer that has begun: in records of the framing that the answer has. */
import type { JsonObject } from '../base/json.ts'
import type { Place } from './api.ts'
import { sseEvent } from './error.ts'
import { parseEvent } from './event.ts'
import { eventstream } from './framing/eventstream.ts'
import type { AnswerRecord } from './record.ts'

/**
 * The records that hold the bodies of errors, and what closes the answer. A body in one piece has none: it is taken for an
 * event stream, as before the first event.
 *
 * @param name what the framing calls such an event, if it has names
 */
export function errorRecords(
  bodies: readonly JsonObject[],
  { framing, sent }: Pick<Place, 'framing' | 'sent'>,
  name?: string,
): readonly AnswerRecord[] {
  if (framing === 'lines') return bodies.map((body) => recordOf(body, '', '\n'))
  if (framing === 'eventstream') return bodies.flatMap((body) => exception(body, name ?? 'error'))
  if (framing !== 'array') return bodies.map((body) => sseEvent(body, name))
  const elements = bodies.map((body, index) => recordOf(body, sent + index > 0 ? ',\r\n' : '['))
  return [...elements, { at: 0, wire: '\r\n]' }]
}

function recordOf(body: JsonObject, before: string, after = ''): AnswerRecord {
  const text = JSON.stringify(body)
  return { at: 0, wire: before + text + after, event: parseEvent(text, 0) }
}

/** The message with which a stream of AWS ends in failure. */
function exception(body: JsonObject, name: string): AnswerRecord[] {
  const headers = { ':exception-type': name, ':content-type': 'application/json', ':message-type': 'exception' }
  const record = eventstream.carrier.carry(JSON.stringify(body), { headers }, 0, { eol: '\n' })
  return typeof record === 'string' ? [] : [record]
}
