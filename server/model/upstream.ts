/** What the network said, as failures. */
import { type Failure, ModelError } from '../api/ending.ts'
import { systemCode } from '../base/errors.ts'
import type { Redactor } from '../redact/redactor.ts'

export const NO_KEY: Failure = {
  end: 'refused',
  status: 401,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    error: {
      message: 'This request brought no API key, and the server has none (OPENAI_API_KEY).',
      type: 'invalid_request_error',
      param: null,
      code: 'missing_api_key',
    },
  }),
}

/** The headers of a refusal that clients act on; no other is kept. */
const KEPT_HEADER = /^(?:content-type|retry-after|retry-after-ms|x-should-retry|x-request-id|x-ratelimit-.+)$/

/** How much of the body of a refusal is read, in characters. */
const MAX_REFUSAL_CHARS = 1024 * 1024

/** An answer that is a refusal: its status counts, and as much of its body as comes. */
export function startRefusal({ status, headers, body }: Response, redactor: Redactor) {
  const decoder = new TextDecoder()
  const kept = [...headers].filter(([name]) => KEPT_HEADER.test(name))
  let text = ''
  return {
    async read(): Promise<void> {
      for await (const chunk of body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        if (text.length > MAX_REFUSAL_CHARS) return
      }
    },
    error: () =>
      new ModelError({
        end: 'refused',
        status,
        headers: Object.fromEntries(kept.map(([name, value]) => [name, redactor.text(value)])),
        body: redactor.body(text + decoder.decode()),
      }),
  }
}

/**
 * The one status that a fetch hides behind a network error (Fetch standard, HTTP-network-or-cache fetch): all that
 * undici says of it is a cause without words, where another failure has a code or a reason.
 */
export function takeForAnswer(error: unknown): Response {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && cause.message === '' && systemCode(cause) === undefined) {
    return new Response(null, { status: 407 })
  }
  throw error
}

/** Codes by which undici gives up waiting of its own accord. */
const OWN_TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

const failureOf = (end: 'unreachable' | 'reset', error: unknown): Failure => {
  const why = systemCode(error)
  if (why && OWN_TIMEOUTS.has(why)) return { end: 'stalled', why }
  return { end, ...(why ? { why } : {}) }
}

export const notReached = (cause: Error) => new ModelError(failureOf('unreachable', cause), { cause })

export const broken = (cause: unknown) => new ModelError(failureOf('reset', cause), { cause })
