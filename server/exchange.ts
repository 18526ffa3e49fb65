/** One request over HTTP, and its answer: the events of a model → a Response. */
import { DeltatapeError, shuttingDown, type ErrorCode } from './errors.ts'
import type { Journal } from './journal.ts'
import type { JsonObject } from './json.ts'
import type { Log } from './log.ts'
import { ModelError, isTerminal, readToTheEnd, type Action, type Model, type ModelEvent } from './model/model.ts'
import type { Clock } from './pace.ts'
import type { Redactor } from './redact.ts'
import { apiErrorOf, encodeEvents, endStream, failureIn, gather } from './responses.ts'
import { toldOf } from './turn.ts'

export interface ExchangesOptions {
  readonly model: Model
  readonly redactor: Redactor
  readonly clock: Clock
  readonly journal: Journal
  readonly log: Log
  /** How many may run at once. */
  readonly maxOpen: number
}

export interface ExchangeRequest {
  readonly body: JsonObject
  /** The client's own key, where the API is to get it. */
  readonly apiKey: string | undefined
  /** The faults that the client asks for. */
  readonly fault: string | undefined
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
  /** Breaks the connection to the client once what was written is on its way; where there is none, the stream errors. */
  readonly breakOff: (() => Promise<void>) | undefined
}

export interface Exchanges {
  /** Answers a request: streamed where its body says so, and as one JSON body otherwise. */
  answer(request: ExchangeRequest): Promise<Response>
  /** Takes no new requests; resolves when those that there are have ended. */
  drain(): Promise<void>
  /** Ends those that run with this error. */
  stop(error: DeltatapeError): void
}

const LEFT = new DeltatapeError('cancelled', 'The client left.')

export function createExchanges({ model, redactor, clock, journal, log, maxOpen }: ExchangesOptions): Exchanges {
  const open = new Map<AbortController, Promise<void>>()
  let draining = false

  /** Asks the model; `events` is to be read to its end, whatever happens. */
  const begin = ({ body, apiKey, fault, signal }: ExchangeRequest): Exchange => {
    const started = clock.now()
    const abort = new AbortController()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    open.set(abort, ended)
    const redact = redactor.with({ 'api-key': apiKey }).text
    let action: Action | undefined
    let count = 0
    let finished = false
    let failure: ReturnType<typeof failureIn>

    /** What still runs after the end is the model finishing its recording: it is left alone. */
    const leave = () => {
      if (!finished) abort.abort(LEFT)
    }
    signal.addEventListener('abort', leave, { once: true })

    async function* read(): AsyncGenerator<readonly ModelEvent[]> {
      try {
        if (signal.aborted) leave()
        const request = { body, apiKey, fault, note: (noted: Action) => void (action = noted) }
        for await (const batch of model(request, abort.signal)) {
          count += batch.length
          finished ||= batch.some(isTerminal)
          failure ??= failureIn(batch, redact)
          yield batch
        }
      } catch (error) {
        const told = toldOf(error, log)
        failure ??= told
        throw told
      } finally {
        signal.removeEventListener('abort', leave)
        open.delete(abort)
        end()
        const { code, message } = failure ?? {}
        journal.turn({ endpoint: '/v1/responses', action, frames: count, ms: clock.now() - started, code, message })
      }
    }
    return { events: read(), leave, fixture: () => action?.fixture }
  }

  return {
    async answer(request) {
      if (draining) return refuse(shuttingDown())
      if (open.size >= maxOpen) {
        return refuse(
          new DeltatapeError('busy', `${open.size} requests are being answered, the most that MAX_CONNECTIONS allows.`),
        )
      }
      const exchange = begin(request)
      try {
        if (request.body.stream === true) return await streamed(exchange, request.breakOff)
        return await whole(exchange)
      } catch (error) {
        const told = toldOf(error, log)
        if (told.code !== 'dropped') return refuse(told)
        if (!request.breakOff) throw brokenConnection()
        await request.breakOff()
        return new Response(null)
      }
    },
    async drain() {
      draining = true
      await Promise.all(open.values())
    },
    stop(error) {
      for (const abort of open.keys()) abort.abort(error)
    },
  }
}

interface Exchange {
  /** The events; throws DeltatapeErrors only. */
  readonly events: AsyncGenerator<readonly ModelEvent[]>
  /** The client is gone. */
  leave(): void
  /** The name of the fixture, once one was looked for. */
  fixture(): string | undefined
}

async function whole({ events, fixture }: Exchange): Promise<Response> {
  const gathered = gather()
  for await (const batch of events) gathered.push(batch)
  const { status, text } = gathered.result()
  return new Response(text, { status, headers: { 'content-type': 'application/json', ...headersFor(fixture()) } })
}

/** Streams an answer. What goes wrong before the first event is thrown, so that it can have a status. */
async function streamed(
  { events, leave, fixture }: Exchange,
  breakOff: ExchangeRequest['breakOff'],
): Promise<Response> {
  let first: IteratorResult<readonly ModelEvent[]> | undefined = await events.next()
  let gone = false
  const stream = new ReadableStream<Uint8Array>(
    {
      // Called when the chunk before has been taken: an error cannot overtake it.
      async pull(controller) {
        try {
          const { done, value } = first ?? (await events.next())
          first = undefined
          if (gone) return
          if (done) controller.close()
          else controller.enqueue(encodeEvents(value))
        } catch (error) {
          if (gone || !(error instanceof DeltatapeError)) throw error
          const { text, broken } = endStream(error)
          if (text !== '') controller.enqueue(new TextEncoder().encode(text))
          if (!broken) controller.close()
          else if (breakOff) await breakOff()
          else controller.error(brokenConnection())
        }
      },
      async cancel() {
        gone = true
        leave()
        await readToTheEnd(events)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(stream, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // Told here, each chunk is sent as it comes; else the first ones are held back to see whether they are all.
      'transfer-encoding': 'chunked',
      ...headersFor(fixture()),
    },
  })
}

const headersFor = (fixture: string | undefined): Record<string, string> =>
  fixture === undefined ? {} : { 'x-deltatape-fixture': fixture }

/** What a fetch reports of a connection that broke in the middle of a body. */
const brokenConnection = () =>
  new TypeError('terminated', { cause: Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' }) })

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const BODILESS = new Set([204, 205, 304])

const MORE_HEADERS: Partial<Record<ErrorCode, Record<string, string>>> = {
  // What is left of the body is not read.
  too_large: { connection: 'close' },
  unauthorized: { 'www-authenticate': 'Bearer' },
  upgrade_required: { upgrade: 'websocket' },
}

/**
 * An error as a response: a refusal of the API as it was recorded, with the headers that clients act on; an error of
 * deltatape in the same shape, and not worth a retry.
 */
export function refuse(error: DeltatapeError): Response {
  if (error instanceof ModelError && error.failure.end === 'refused') {
    const { status, headers, body } = error.failure
    return new Response(BODILESS.has(status) ? null : body, { status, headers })
  }
  const { status, error: told } = apiErrorOf(error)
  return Response.json({ error: told }, { status, headers: { 'x-should-retry': 'false', ...MORE_HEADERS[error.code] } })
}
