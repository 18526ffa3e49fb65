/** The API itself, over the SDK's raw body: every event as it was sent, and every end as what it was. */
import OpenAI, { APIConnectionError } from 'openai'
import { ModelError } from '../api/ending.ts'
import { inBatches } from '../api/event.ts'
import { isTerminal } from '../api/responses/events.ts'
import { createEventReader } from '../api/sse.ts'
import { type Clock, MAX_TIMER_MS } from '../base/clock.ts'
import type { Redactor } from '../redact/redactor.ts'
import { type Call, type Deadlines, startCall } from './call.ts'
import type { Model, ModelRequest } from './model.ts'
import { NO_KEY, broken, notReached, startRefusal, takeForAnswer } from './upstream.ts'

export { VERSION as OPENAI_VERSION } from 'openai/version'

export interface LiveOptions extends Deadlines {
  /** The key for requests that bring none; where both are missing, a request is refused as the API would. */
  readonly apiKey: string | undefined
  readonly baseURL: string
  readonly redactor: Redactor
  readonly clock: Clock
}

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
