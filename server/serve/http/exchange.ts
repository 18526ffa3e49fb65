/** One request over HTTP, and its answer: the events of a model → a Response. */
import { ModelError } from '../../api/ending.ts'
import type { ModelEvent } from '../../api/event.ts'
import { apiErrorOf, gather } from '../../api/responses/body.ts'
import { failureIn, isTerminal } from '../../api/responses/events.ts'
import { encodeEvents } from '../../api/sse.ts'
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError, shuttingDown } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { type Action, type Model, readToTheEnd } from '../../model/model.ts'
import type { Redactor } from '../../redact/redactor.ts'
import type { Journal } from '../journal.ts'
import { type Log, toldOf } from '../log.ts'
import { refuse } from './refusal.ts'

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
  /** Takes the body of a streamed answer, and writes it; where there is none, it becomes that of the Response. */
  readonly takeBody: ((body: Body) => void) | undefined
}

/** The bytes of a streamed answer: all of them, where no more are to come, or as they are ready. */
export type Body = Uint8Array<ArrayBuffer> | Chunks

/** To be read to its end. Throws a TypeError, as a fetch does, where the connection is to be broken. */
export type Chunks = AsyncGenerator<Uint8Array<ArrayBuffer>, void>

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
    const redact = (text: string) => redactor.with({ 'api-key': apiKey }).text(text)
    let action: Action | undefined
    let count = 0
    let finished = false
    let failure: ReturnType<typeof failureIn>

    const leave = () => abort.abort(LEFT)
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
        // Behind its end an answer has nothing more to tell.
        if (finished) return
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
    return { events: read(), leave, fixture: () => (action?.kind === 'not_saved' ? undefined : action?.fixture) }
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
        if (request.body.stream === true) return await streamed(exchange, request.takeBody)
        return await inOne(exchange)
      } catch (error) {
        const told = toldOf(error, log)
        if (told.code !== 'dropped') return refuse(told)
        return breakBeforeAnswer(request.takeBody)
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
  /** The name of the fixture that holds this answer, once it is known. */
  fixture(): string | undefined
}

async function inOne({ events, fixture }: Exchange): Promise<Response> {
  const gathered = gather()
  for await (const batch of events) gathered.push(batch)
  const { status, text } = gathered.result()
  return new Response(text, { status, headers: { 'content-type': 'application/json', ...headersFor(fixture()) } })
}

/** Streams an answer. What goes wrong before the first event is thrown, so that it can have a status. */
async function streamed(exchange: Exchange, takeBody: ExchangeRequest['takeBody']): Promise<Response> {
  const first = await exchange.events.next()
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...headersFor(exchange.fixture()),
  }
  const whole = !first.done && isEnd(first.value.at(-1))
  // Behind its terminal event an answer has nothing but its end.
  if (whole) await readToTheEnd(exchange.events)
  const body = whole ? encodeEvents(first.value) : chunksOf(first, exchange.events)
  if (!takeBody) return new Response(body instanceof Uint8Array ? body : asStream(body, exchange), { headers })
  takeBody(body)
  return new Response(null, { headers })
}

/** Whether nothing follows an event: after `error` the API may still send `response.failed`. */
const isEnd = (event: ModelEvent | undefined): boolean =>
  event !== undefined && isTerminal(event) && event.type !== 'error'

async function* chunksOf(first: IteratorResult<readonly ModelEvent[]>, events: Exchange['events']): Chunks {
  try {
    for (let next = first; !next.done; next = await events.next()) yield encodeEvents(next.value)
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
    const { text, broken } = endStream(error)
    if (text !== '') yield new TextEncoder().encode(text)
    if (broken) throw brokenConnection()
  }
}

/** Where nobody takes the body as it is: the same as a stream. */
function asStream(body: Chunks, { events, leave }: Exchange): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      // Called when the chunk before has been taken: an error cannot overtake it.
      async pull(controller) {
        const { done, value } = await body.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        leave()
        await readToTheEnd(events)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Nobody can break a connection that is none: in process a network error stands for it. */
function breakBeforeAnswer(takeBody: ExchangeRequest['takeBody']): Response {
  if (!takeBody) return Response.error()
  takeBody(brokenBody())
  return new Response(null)
}

// oxlint-disable-next-line require-yield -- it breaks before there is anything to yield
async function* brokenBody(): Chunks {
  throw brokenConnection()
}

const headersFor = (fixture: string | undefined): Record<string, string> =>
  fixture === undefined ? {} : { 'x-deltatape-fixture': fixture }

/** What a fetch reports of a connection that broke. */
export const brokenConnection = () =>
  new TypeError('terminated', { cause: Object.assign(new Error('The connection broke.'), { code: 'ECONNRESET' }) })

/** How a stream that has begun is ended for an error: by what is sent still, and by a clean end or a broken connection. */
export interface StreamEnd {
  readonly text: string
  readonly broken: boolean
}

/** Ends a stream as the API's own ended: cut off, broken, or with the very text that is no event. */
export function endStream(cause: DeltatapeError): StreamEnd {
  if (cause.code === 'dropped') return { text: '', broken: true }
  const failure = cause instanceof ModelError ? cause.failure : undefined
  switch (failure?.end) {
    case 'truncated':
      return { text: '', broken: false }
    case 'reset':
    case 'stalled':
      return { text: '', broken: true }
    case 'malformed':
      return {
        text: `${failure.text
          .split(/\r\n|\r|\n/)
          .map((line) => `data: ${line}\n`)
          .join('')}\n`,
        broken: false,
      }
    default:
      return {
        text: `event: error\ndata: ${JSON.stringify({ type: 'error', ...apiErrorOf(cause) })}\n\n`,
        broken: false,
      }
  }
}
