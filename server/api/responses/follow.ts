/** Whether an answer of the Responses API is whole: what its records say, one after another. */
import type { Follower } from '../api.ts'
import { endOfBody, excerpt, saysNothing } from '../body.ts'
import { finalResponseOf, isTerminal } from './events.ts'

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
  if (body?.length !== 0 || !saysNothing(wire)) body?.push(wire)
  return body
}
