/** What the network said, as failures of the API. */
import { type Failure, ModelError } from '../../api/ending.ts'
import { isError, systemCode } from '../../base/errors.ts'

/** No answer came. */
export const unreachable = (cause: unknown): ModelError => failed('unreachable', cause)

/** The connection broke in the middle of the answer. */
export const reset = (cause: unknown): ModelError => failed('reset', cause)

function failed(end: 'unreachable' | 'reset', cause: unknown): ModelError {
  const why = whyOf(cause)
  return new ModelError({ end, ...(why === undefined ? {} : { why }) } satisfies Failure, { cause })
}

/** Codes of undici for a proxy that refuses: they do not say so, and the messages do. */
const VAGUE: ReadonlySet<string> = new Set(['UND_ERR_ABORTED', 'UND_ERR_INVALID_ARG'])

/** The code of the system, of TLS or of a parser; the message if there is no code that tells anything. */
function whyOf(cause: unknown): string | undefined {
  const code = systemCode(cause)
  if (code !== undefined && !VAGUE.has(code)) return code
  return isError(cause) && cause.message !== '' ? cause.message : code
}
