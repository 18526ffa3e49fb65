/** One server-sent event, and batches of them. */
import { type JsonObject, parseObject } from '../base/json.ts'

/** Cuts events into batches. */
export function* inParts(events: readonly ModelEvent[]): Generator<readonly ModelEvent[]> {
  let start = 0
  let size = 0
  for (const [index, { text }] of events.entries()) {
    size += text.length
    if (index === start || size <= MAX_BATCH_CHARS) continue
    yield events.slice(start, index)
    start = index
    size = text.length
  }
  if (start < events.length) yield events.slice(start)
}

/** Cuts events into batches that are not too large to hand on at once. */
export function* inBatches(events: readonly ModelEvent[]): Iterable<readonly ModelEvent[]> {
  let start = 0
  let size = 0
  for (const [index, event] of events.entries()) {
    size += event.text.length
    if (size > MAX_BATCH_CHARS && index > start) {
      yield events.slice(start, index)
      start = index
      size = event.text.length
    }
  }
  if (start < events.length) yield events.slice(start)
}

export const MAX_BATCH_CHARS = 64 * 1024

/** One server-sent event. */
export interface ModelEvent {
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly type: string
  /** The name that stood in the `event:` line, where the data has no type of its own. */
  readonly name?: string | undefined
  /** The JSON text that the API sent, on one line. */
  readonly text: string
  /** The same, parsed. */
  readonly body: JsonObject
}

/**
 * The event that a `data:` text holds, or undefined where it holds no JSON object. White space between tokens may
 * hold line breaks where it came as several `data:` lines; they are left out, so that an event is one line.
 *
 * @param name the `event:` line, which counts where the data has no type
 */
export function parseEvent(text: string, at: number, name?: string): ModelEvent | undefined {
  const line = text.replaceAll(/[\r\n]/g, '')
  const body = parseObject(line)
  if (body === undefined) return undefined
  if (typeof body.type === 'string') return { at, type: body.type, text: line, body }
  // Gateways send errors without a type; the SDK takes any object with an `error` for one.
  return { at, type: name ?? (body.error ? 'error' : ''), name, text: line, body }
}
