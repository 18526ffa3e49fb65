/** How an answer without any event ended: by what its body is. */
import { parseJson } from '../base/json.ts'
import type { Ending } from './ending.ts'

/** How much of a body is kept to say what it was, if it is no answer. In characters. */
const MAX_WHY_CHARS = 500

export const excerpt = (text: string): string => text.slice(0, MAX_WHY_CHARS).toWellFormed()

/** A line of an event stream that holds no event. */
const NO_EVENT = /^(?:$|:|(?:event|id|retry|data)(?::|$))/

/** What the last line is if it was cut off within the name of its field. */
const CUT_FIELD = /^(?:e|ev|eve|even|i|r|re|ret|retr|d|da|dat)$/

/**
 * The body with another piece. Before there is anything, what keeps a connection alive says nothing, and may come without
 * end.
 */
export function begun(body: string[] | undefined, wire: string): string[] | undefined {
  if (body?.length !== 0 || !wire.split(/\r\n|\r|\n/).every((line) => NO_EVENT.test(line))) body?.push(wire)
  return body
}

/**
 * How a body without any event ended: as a whole JSON value, cut off, or as something that is no answer.
 *
 * @param isAnswer whether a whole JSON value is one
 */
export function endOfBody(body: string, isAnswer: (value: unknown) => boolean): Ending {
  const text = body.trim()
  if (text === '') return { end: 'truncated' }
  if (isAnswer(parseJson(text))) return { end: 'complete' }
  const lines = text.split(/\r\n|\r|\n/)
  const isStream = lines.every(
    (line, index) => NO_EVENT.test(line) || (index === lines.length - 1 && CUT_FIELD.test(line)),
  )
  const isCut = /^[{[]/.test(text) && parseJson(text) === undefined
  if (isCut || isStream) return { end: 'truncated' }
  return { end: 'malformed', why: excerpt(text) }
}
