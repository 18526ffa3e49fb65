/** Answers that are no stream of events: a body in one piece, and what is said of one that was to be a stream. */
import { parseJson, isObject, type JsonValue } from '../base/json.ts'
import type { Ending } from './ending.ts'
import { type ModelEvent, parseEvent } from './event.ts'
import { type AnswerRecord, eventsIn, textOf } from './record.ts'

/** How much of a body is kept to say what it was, if it is no answer. In characters. */
const MAX_WHY_CHARS = 500

export const excerpt = (text: string): string => text.slice(0, MAX_WHY_CHARS).toWellFormed()

/** A line of an event stream that holds no event. */
const NO_EVENT = /^(?:$|:|(?:event|id|retry|data)(?::|$))/

/** What the last line is if it was cut off within the name of its field. */
const CUT_FIELD = /^(?:e|ev|eve|even|i|r|re|ret|retr|d|da|dat)$/

const linesOf = (text: string): string[] => text.split(/\r\n|\r|\n/)

/** Whether a piece of a body says nothing: what keeps a connection alive may come without end. */
export const saysNothing = (wire: string): boolean => linesOf(wire).every((line) => NO_EVENT.test(line))

/** How a body without any event ended: as whole JSON, cut off, or as something that is no answer. */
export function endOfBody(body: string, isAnswer: (value: JsonValue) => boolean = isObject): Ending {
  const text = body.trim()
  if (text === '') return { end: 'truncated' }
  const value = parseJson(text)
  if (value !== undefined && isAnswer(value)) return { end: 'complete' }
  const lines = linesOf(text)
  // A message of an AWS event stream begins so.
  if (text.startsWith('\0')) return { end: 'truncated' }
  const isStream = lines.every(
    (line, index) => NO_EVENT.test(line) || (index === lines.length - 1 && CUT_FIELD.test(line)),
  )
  if (text.startsWith('{') || (text.startsWith('[') && isAnswer([])) || isStream) return { end: 'truncated' }
  return { end: 'malformed', why: excerpt(text) }
}

/** The events of an answer, or one that stands for its JSON body; of a list of objects one for each. */
export function eventsOrBody(records: readonly AnswerRecord[]): readonly ModelEvent[] {
  const events = eventsIn(records)
  if (events.length > 0) return events
  const text = textOf(records)?.trim() ?? ''
  const at = records.at(-1)?.at ?? 0
  const whole = parseEvent(text, at)
  if (whole) return [whole]
  const list = text.startsWith('[') ? parseJson(text) : undefined
  return Array.isArray(list) ? list.flatMap((each) => parseEvent(JSON.stringify(each), at) ?? []) : []
}
