/** One event: a record whose data is a JSON object. */
import { type JsonObject, parseObject } from '../base/json.ts'

export interface ModelEvent {
  /** Milliseconds since the call was sent. */
  readonly at: number
  readonly type: string
  /** The name that stood in the `event:` line, if there was one. */
  readonly name?: string | undefined
  /** The JSON text that the API sent, on one line. */
  readonly text: string
  /** The same, parsed. */
  readonly body: JsonObject
}

/**
 * The event that a `data:` text holds, or undefined if it holds no JSON object. White space between tokens may hold line
 * breaks if it came as several `data:` lines; they are left out, so that an event is one line.
 *
 * @param name the `event:` line, which counts if the data has no type
 */
export function parseEvent(text: string, at: number, name?: string): ModelEvent | undefined {
  const line = text.replaceAll(/[\r\n]/g, '')
  const body = parseObject(line)
  if (body === undefined) return undefined
  if (typeof body.type === 'string') return { at, type: body.type, name, text: line, body }
  // Gateways send errors without a type; the SDK takes any object with an `error` for one.
  return { at, type: name ?? (body.error ? 'error' : ''), name, text: line, body }
}
