/** Whether an answer of the Responses API is whole: what its records say, one after another. */
import { isObject, parseJson } from '../../base/json.ts'
import type { Follower } from '../api.ts'
import type { Ending } from '../ending.ts'
import { finalResponseOf, isTerminal } from './events.ts'

/** How much of a body is kept to say what it was, if it is no answer. In characters. */
const MAX_WHY_CHARS = 500

const excerpt = (text: string): string => text.slice(0, MAX_WHY_CHARS).toWellFormed()

export function follow(): Follower {
  /** A terminal event came. */
  let over = false
  /** All that came of an end is an `error`: the API still sends `response.failed`. */
  let failing = false
  /** The last event carried a response with a final status: it ends the answer if nothing follows. */
  let mayBeOver = false
  /** Data that is no event, if it came before the end. */
  let malformed: string | undefined
  /** What came before the first event: of an answer in one piece, all of it. */
  let body: string[] | undefined = []
  return {
    take({ event, data, wire }) {
      if (event) {
        body = undefined
        failing = event.type === 'error' && !over
        over ||= isTerminal(event)
        mayBeOver = finalResponseOf(event) !== undefined
      } else if (data !== undefined && data !== '[DONE]') {
        body = undefined
        if (!over) malformed ??= data
      } else if (data === undefined && typeof wire === 'string') body = begun(body, wire)
      if (failing) return 'failing'
      return over || mayBeOver ? 'settling' : 'open'
    },
    end() {
      if (malformed !== undefined) return { end: 'malformed', why: excerpt(malformed) }
      if (over || mayBeOver) return { end: 'complete' }
      return body ? endOfBody(body.join('')) : { end: 'truncated' }
    },
  }
}

/** The body with another piece. Before there is anything, what keeps a connection alive says nothing, and may come without end. */
function begun(body: string[] | undefined, wire: string): string[] | undefined {
  if (body?.length !== 0 || !wire.split(/\r\n|\r|\n/).every((line) => NO_EVENT.test(line))) body?.push(wire)
  return body
}

/** A line of an event stream that holds no event. */
const NO_EVENT = /^(?:$|:|(?:event|id|retry|data)(?::|$))/

/** What the last line is if it was cut off within the name of its field. */
const CUT_FIELD = /^(?:e|ev|eve|even|i|r|re|ret|retr|d|da|dat)$/

/** How a body without any event ended: as a whole JSON object, cut off, or as something that is no answer. */
function endOfBody(body: string): Ending {
  const text = body.trim()
  if (text === '') return { end: 'truncated' }
  if (isObject(parseJson(text))) return { end: 'complete' }
  const lines = text.split(/\r\n|\r|\n/)
  const isStream = lines.every(
    (line, index) => NO_EVENT.test(line) || (index === lines.length - 1 && CUT_FIELD.test(line)),
  )
  if (text.startsWith('{') || isStream) return { end: 'truncated' }
  return { end: 'malformed', why: excerpt(text) }
}
