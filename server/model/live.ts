/** The API itself, over the SDK's raw body: every event as it was sent, and every end as what it was. */
import OpenAI, { APIConnectionError } from 'openai'
import { systemCode } from '../errors.ts'
import { MAX_TIMER_MS, type Clock } from '../pace.ts'
import type { Redactor } from '../redact.ts'
import { createEventReader } from '../sse.ts'
import {
  MAX_BATCH_CHARS,
  ModelError,
  isTerminal,
  type Failure,
  type Model,
  type ModelEvent,
  type ModelRequest,
} from './model.ts'

export { VERSION as OPENAI_VERSION } from 'openai/version'

/** Times are in ms; the message of a stall names the variable that set them. */
export interface Deadlines {
  /** From the request to the first event. */
  readonly firstEventTimeoutMs: number
  /** Between two arrivals of anything, comments too. */
  readonly idleTimeoutMs: number
  /** For all of it. */
  readonly turnTimeoutMs: number
}

export interface LiveOptions extends Deadlines {
  /** The key for requests that bring none; where both are missing, a request is refused as the API would. */
  readonly apiKey: string | undefined
  readonly baseURL: string
  readonly redactor: Redactor
  readonly clock: Clock
}

/** After an `error` event the API sends `response.failed`; so long it is waited for. */
const AFTER_ERROR_MS = 1000

/**
 * Makes the model that calls the API. One request is one call: the SDK's retries are off, so that a failure is seen,
 * paid for and recorded as what it was.
 */
export function live(options: LiveOptions): Model {
  const { clock } = options
  const sdk = new OpenAI({
    // Each call brings its own.
    apiKey: 'none',
    baseURL: options.baseURL,
    maxRetries: 0,
    // What the SDK logs under OPENAI_LOG does not pass redaction.
    logLevel: 'off',
    // The deadlines below come first.
    timeout: MAX_TIMER_MS,
  })

  /** Sends the request. Resolves with the body of a 2xx answer once its headers are there. */
  const send = async (
    { body, apiKey = options.apiKey }: ModelRequest,
    redactor: Redactor,
    call: Call,
  ): Promise<ReadableStream<Uint8Array> | null> => {
    if (apiKey === undefined) throw new ModelError(NO_KEY)
    let refusal: ReturnType<typeof startRefusal> | undefined
    const fetchOnce = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const response = await fetch(url, init).catch(takeForAnswer)
      if (response.ok) return response
      refusal = startRefusal(response, redactor)
      await refusal.read()
      throw refusal.error()
    }
    try {
      const sent = sdk.withOptions({ apiKey, fetch: fetchOnce }).post('/responses', {
        body: { ...body, stream: true },
        signal: call.signal,
        stream: true,
      })
      return (await call.wait(sent.asResponse())).body
    } catch (error) {
      // Only the client's leaving is more than a refusal: one whose body breaks or hangs is still one.
      call.client.throwIfAborted()
      if (refusal) throw refusal.error()
      call.signal.throwIfAborted()
      if (error instanceof APIConnectionError) throw notReached(error)
      throw error
    }
  }

  return async function* (request, signal) {
    const sentAt = clock.now()
    const at = () => Math.round(clock.now() - sentAt)
    const redactor = options.redactor.with({ 'api-key': request.apiKey })
    const call = startCall(options, clock, signal)
    try {
      const body = await send(request, redactor, call)
      const source = body?.getReader()
      const reader = createEventReader()
      let failed = false
      for (let open = true; open;) {
        const chunk = await call
          .wait(source?.read() ?? Promise.resolve({ done: true as const, value: undefined }))
          .catch((error: unknown) => {
            // After an error event nothing more is owed: however the body ends, the answer is complete.
            if (failed) return { done: true as const, value: undefined }
            call.client.throwIfAborted()
            // A page may keep its connection open, or go on for ever: it is still none of a stream.
            if (call.signal.aborted) throw malformedBy(reader.foreign(), redactor) ?? call.signal.reason
            throw broken(error)
          })
        const { events, malformed } = chunk.done ? reader.end(at()) : reader.read(chunk.value, at())
        call.arrived(events.length)
        const last = events.findIndex((event) => isTerminal(event) && event.type !== 'error')
        yield* inBatches(last === -1 ? events : events.slice(0, last + 1))
        if (last !== -1) return
        if (!failed && events.some(isTerminal)) {
          failed = true
          call.settle()
        }
        const flaw = failed ? undefined : malformedBy(malformed, redactor)
        if (flaw) throw flaw
        open = !chunk.done && !reader.done && malformed === undefined
      }
      if (failed) return
      throw malformedBy(reader.foreign(), redactor) ?? new ModelError({ end: 'truncated' })
    } finally {
      call.end()
    }
  }
}

/** What is thrown for a text that is no event, where there is one. */
const malformedBy = (text: string | undefined, redactor: Redactor): ModelError | undefined =>
  text === undefined ? undefined : new ModelError({ end: 'malformed', text: redactor.body(text) })

const NO_KEY: Failure = {
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

/** One call to the API: its signal, and the deadlines that abort it. Only waiting for the API counts. */
interface Call {
  readonly signal: AbortSignal
  /** The part of it that is the client's. */
  readonly client: AbortSignal
  /** Settles as the work does, or rejects with the reason as soon as the call is aborted or a deadline has passed. */
  wait<T>(work: Promise<T>): Promise<T>
  /** Something arrived, with so many events in it. */
  arrived(events: number): void
  /** An error event came: what follows it is waited for a moment only. */
  settle(): void
  /** Lets go of the connection. */
  end(): void
}

function startCall(deadlines: Deadlines, clock: Clock, client: AbortSignal): Call {
  const own = new AbortController()
  const signal = AbortSignal.any([client, own.signal])
  /** What is left of each deadline, in ms; the next to pass first. */
  const left = new Map<keyof typeof STALLS, number>([
    ['first', deadlines.firstEventTimeoutMs],
    ['turn', deadlines.turnTimeoutMs],
  ])
  return {
    signal,
    client,
    async wait(work) {
      const [name = 'turn', ms = 0] = [...left].toSorted(([, a], [, b]) => a - b)[0] ?? []
      const began = clock.now()
      const timer = clock.timer(Math.max(ms, 0), () =>
        own.abort(new ModelError({ end: 'stalled', why: STALLS[name](deadlines) })),
      )
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      try {
        return await Promise.race([work, aborted])
      } finally {
        signal.removeEventListener('abort', abort)
        timer.clear()
        for (const [each, rest] of left) left.set(each, rest - (clock.now() - began))
      }
    },
    arrived(events) {
      if (events > 0) left.delete('first')
      left.set('idle', deadlines.idleTimeoutMs)
    },
    settle() {
      left.set('settled', AFTER_ERROR_MS)
    },
    end() {
      own.abort()
    },
  }
}

/** What is said when a deadline has passed. After an error event nothing is: the answer is complete without more. */
const STALLS = {
  first: ({ firstEventTimeoutMs: ms }: Deadlines) => `no event within ${ms} ms (FIRST_EVENT_TIMEOUT_MS)`,
  idle: ({ idleTimeoutMs: ms }: Deadlines) => `nothing came for ${ms} ms (IDLE_TIMEOUT_MS)`,
  turn: ({ turnTimeoutMs: ms }: Deadlines) => `the answer was not finished within ${ms} ms (TURN_TIMEOUT_MS)`,
  settled: () => 'nothing came behind the error event',
}

/** The headers of a refusal that clients act on; no other is kept. */
const KEPT_HEADER = /^(?:content-type|retry-after|retry-after-ms|x-should-retry|x-request-id|x-ratelimit-.+)$/

/** How much of the body of a refusal is read, in characters. */
const MAX_REFUSAL_CHARS = 1024 * 1024

/** An answer that is a refusal: its status counts, and as much of its body as comes. */
function startRefusal({ status, headers, body }: Response, redactor: Redactor) {
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
function takeForAnswer(error: unknown): Response {
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

const notReached = (cause: Error) => new ModelError(failureOf('unreachable', cause), { cause })

const broken = (cause: unknown) => new ModelError(failureOf('reset', cause), { cause })

/** Cuts events into batches that are not too large to hand on at once. */
function* inBatches(events: readonly ModelEvent[]): Iterable<readonly ModelEvent[]> {
  let start = 0
  let size = 0
  for (const [index, event] of events.entries()) {
    size += event.text.length
    if (size > MAX_BATCH_CHARS && index > start) {
      yield events.slice(start, index)
      start = index
      size = event.text.length
    }
  }
  if (start < events.length) yield events.slice(start)
}
