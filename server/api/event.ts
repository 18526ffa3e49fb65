/** One event: a record whose data is a JSON object. */
import { type JsonObject, MAX_DEPTH, parseObject } from '../base/json.ts'

export interface ModelEvent {
  /** Milliseconds since the call was sent. */
  readonly at: number
  readonly type: string
  /** The name that stood around it: in the `event:` line, or in the `:event-type` or `:exception-type` of a message. */
  readonly name?: string | undefined
  /** Whether the message that holds it says that it is an exception or an error. */
  readonly isException?: true | undefined
  /** The JSON text that the API sent, on one line. */
  readonly text: string
  /** The same, parsed. */
  readonly body: JsonObject
}

/**
 * The event that a text holds, or undefined if it holds no JSON object, or one that is nested more than
 * {@link MAX_DEPTH} levels deep: no message could be made of it. White space between tokens may hold line
 * breaks if it came as several `data:` lines; they are left out, so that an event is one line.
 *
 * @param name what stands around it, which counts if the data has no type
 */
export function parseEvent(text: string, at: number, name?: string): ModelEvent | undefined {
  const line = text.replaceAll(/[\r\n]/g, '')
  const body = isTooDeep(line) ? undefined : parseObject(line)
  if (body === undefined) return undefined
  return eventOf(line, body, at, name)
}

/** The event that a text was found to hold before, on one line: nothing is checked again. */
export const knownEvent = (text: string, at: number, name?: string): ModelEvent =>
  eventOf(text, JSON.parse(text), at, name)

/** The same event at another time, with another name around it: its text is not parsed again. */
export const withName = ({ text, body }: ModelEvent, at: number, name?: string): ModelEvent =>
  eventOf(text, body, at, name)

function eventOf(text: string, body: JsonObject, at: number, name: string | undefined): ModelEvent {
  const { type, event_type: other } = body
  const own = typeof type === 'string' ? type : typeof other === 'string' ? other : undefined
  // Gateways send errors without a type; the SDK takes any object with an `error` for one.
  return { at, type: own ?? name ?? (body.error ? 'error' : ''), name, text, body }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const OPEN: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSE: ReadonlySet<number> = new Set([0x5d, 0x7d])

/** Whether a JSON text nests too deeply. Told before it is parsed: a value takes many times the memory of its text. */
function isTooDeep(text: string): boolean {
  // What is opened has to be closed: most events are too short.
  if (text.length <= 2 * MAX_DEPTH) return false
  let depth = 0
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === QUOTE) isQuoted = !isQuoted
    else if (isQuoted) index += unit === BACKSLASH ? 1 : 0
    else if (OPEN.has(unit)) depth++
    else if (CLOSE.has(unit)) depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}
