/** How an answer ended, and the error that a failure becomes. */
import { DeltatapeError, type ErrorCode } from '../base/errors.ts'
import { isObject, parseJson } from '../base/json.ts'
import type { Headers } from './headers.ts'

/** How an answer ended: whole, as an HTTP error with its body, or as one of the failures that leave it unfinished. */
export type Ending = { readonly end: 'complete' | 'refused' } | Failure

/** No HTTP answer at all, a body closed or broken before its end, nothing for too long, or what is no such answer. */
export interface Failure {
  readonly end: 'unreachable' | 'truncated' | 'reset' | 'stalled' | 'malformed'
  /** Why, in a few words; of what is malformed the text. */
  readonly why?: string
}

/** The words for an ending, as fixtures have them. */
export const ENDS = ['complete', 'refused', 'unreachable', 'truncated', 'reset', 'stalled', 'malformed'] as const

const FAILED = {
  unreachable: ['upstream_unreachable', 'The API could not be reached'],
  truncated: ['upstream_truncated', 'The API closed the stream before the answer was finished'],
  reset: ['upstream_reset', 'The connection to the API broke before the answer was finished'],
  stalled: ['upstream_stalled', 'The API stalled'],
  malformed: ['upstream_malformed', 'The API sent something that is no event'],
} as const satisfies Record<Failure['end'], readonly [ErrorCode, string]>

/** The API failed a request. The message is made of the failure alone, so that a replay says the same. */
export class ModelError extends DeltatapeError {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    const [code, what] = FAILED[failure.end]
    super(code, `${what}${because(failure.why)}`, options)
    this.failure = failure
  }
}

/** Whether an ending is a failure: it is thrown after the last record. */
export const isFailure = (ending: Ending): ending is Failure => ending.end !== 'complete' && ending.end !== 'refused'

/** The API answered with an HTTP error. */
export interface Refusal {
  readonly status: number
  readonly headers: Headers
  /** The body as text; the empty text if it is none. */
  readonly body: string
}

/** A refusal, for those who cannot hand on a status and a body. */
export class RefusedError extends DeltatapeError {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(
      'upstream_refused',
      `The API refused the request with HTTP ${refusal.status}${because(errorMessage(refusal.body))}`,
    )
    this.refusal = refusal
  }
}

/** The message of an error body in a shape that APIs use, or the body itself if it is something else. */
function errorMessage(body: string): string {
  const value = parseJson(body)
  if (!isObject(value)) return body
  const inner = value.error
  if (isObject(inner) && typeof inner.message === 'string') return inner.message
  if (typeof inner === 'string') return inner
  return typeof value.message === 'string' ? value.message : body
}

const MAX_REASON_CHARS = 500

function because(reason = ''): string {
  const line = reason.replaceAll(/\s+/g, ' ').trim()
  if (line === '') return '.'
  const shown = line.length > MAX_REASON_CHARS ? `${line.slice(0, MAX_REASON_CHARS).toWellFormed()}…` : line
  return `: ${/[.!?…]$/.test(shown) ? shown : `${shown}.`}`
}
