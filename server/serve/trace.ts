/** The trace that a call belongs to, as its client says it (W3C Trace Context). It never counts for which call it is. */
import { type Headers, headerOf } from '../api/headers.ts'

export interface Trace {
  readonly traceId: string
  readonly spanId: string
  readonly flags: string
}

const PARENT = 'traceparent'
const STATE = 'tracestate'

/** Ids of zeros are none. */
const TRACE = /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/

/** Undefined if the client says none, or something that is none. */
export function traceOf(headers: Headers): Trace | undefined {
  const parent = headerOf(headers, PARENT)
  const [, traceId, spanId, flags] = (parent !== undefined && TRACE.exec(parent)) || []
  return traceId !== undefined && spanId !== undefined && flags !== undefined ? { traceId, spanId, flags } : undefined
}

/** How much is passed on of what else a client says of its trace, in characters: as much as it may say. */
const MAX_STATE_CHARS = 512

/** The headers with which a call in deltatape's own name goes on with the trace of its client. */
export function traceHeaders(headers: Headers): Headers {
  if (traceOf(headers) === undefined) return []
  return headers.filter(([name, value]) => {
    const lower = name.toLowerCase()
    return lower === PARENT || (lower === STATE && value.length <= MAX_STATE_CHARS)
  })
}
