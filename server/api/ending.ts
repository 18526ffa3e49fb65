/** How an answer ended, and the error that a failure becomes. */
import { DeltatapeError, type ErrorCode } from '../base/errors.ts'
import { isObject, parseJson } from '../base/json.ts'

/** How an answer ended: after a terminal event, or as one of the failures that leave none. */
export type Ending = { readonly end: 'complete' } | Failure

export type Failure =
  /** An HTTP error, with its body as text and those of its headers that clients act on. */
  | {
      readonly end: 'refused'
      readonly status: number
      readonly headers: Record<string, string>
      readonly body: string
    }
  /** A line that is no JSON object, or a body that is no event stream: the offending text. */
  | { readonly end: 'malformed'; readonly text: string }
  /** No HTTP answer at all, a body closed or broken before its end, or nothing for too long; `why` in a few words. */
  | { readonly end: 'unreachable' | 'truncated' | 'reset' | 'stalled'; readonly why?: string }

const CODES: Record<Failure['end'], ErrorCode> = {
  refused: 'upstream_refused',
  unreachable: 'upstream_unreachable',
  truncated: 'upstream_truncated',
  reset: 'upstream_reset',
  stalled: 'upstream_stalled',
  malformed: 'upstream_malformed',
}

/** The API failed a request. The message is made of the failure alone, so that a replay says the same. */
export class ModelError extends DeltatapeError {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(CODES[failure.end], describe(failure), options)
    this.failure = failure
  }
}

function describe(failure: Failure): string {
  switch (failure.end) {
    case 'refused':
      return `The API refused the request with HTTP ${failure.status}${because(errorMessage(failure.body))}`
    case 'malformed':
      return `The API sent something that is no event${because(failure.text)}`
    case 'unreachable':
      return `The API could not be reached${because(failure.why)}`
    case 'truncated':
      return `The API closed the stream before the answer was finished${because(failure.why)}`
    case 'reset':
      return `The connection to the API broke before the answer was finished${because(failure.why)}`
    case 'stalled':
      return `The API stalled${because(failure.why)}`
  }
}

/** The message of an OpenAI-shaped error body, or the body itself where it is something else. */
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
