/** What answers a request. Live, record, replay and fault are models; everything above speaks to this alone. */
import { DeltatapeError, type ErrorCode } from '../errors.ts'
import { isObject, parseJson, parseObject, type JsonObject } from '../json.ts'

/**
 * Streams the events of one answer, in batches of what is ready: at least one event, at most {@link MAX_BATCH_CHARS}
 * but for a larger single event. Ends after a terminal event; throws a DeltatapeError otherwise (a {@link ModelError}
 * where the API is what failed), or the signal's reason when it is aborted.
 *
 * Whoever iterates goes on to the end and aborts the signal to stop: a model that records saves in the last step.
 */
export type Model = (request: ModelRequest, signal: AbortSignal) => AsyncIterable<readonly ModelEvent[]>

/** Reads what is left of an answer that nobody wants any more: a model that records says in its last step what it did. */
export async function readToTheEnd(events: AsyncIterator<unknown>): Promise<void> {
  try {
    while (!(await events.next()).done);
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
  }
}

export const MAX_BATCH_CHARS = 64 * 1024

export interface ModelRequest {
  /** The body of `POST /v1/responses`, whatever members it has. */
  readonly body: JsonObject
  /** The client's own key, where it sent one that the API is to get. */
  readonly apiKey?: string | undefined
  /** The faults that the client asks for, in the words of `plan.ts`. */
  readonly fault?: string | undefined
  /** Told once what became of the request, where a fixture was looked for or written. */
  readonly note?: ((action: Action) => void) | undefined
}

/** What happened to a request, as opposed to the mode, which is what was asked for. */
export interface Action {
  readonly kind: 'hit' | 'miss' | 'saved' | 'unchanged' | 'not_saved'
  /** The file name of the fixture. */
  readonly fixture: string
  /** Why it was not saved. */
  readonly why?: string
  /** In which way it differs from the fixture that it replaced, in a line. */
  readonly changes?: string
}

/** One server-sent event. */
export interface ModelEvent {
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly type: string
  /** The name that stood in the `event:` line, where the data has no type of its own. */
  readonly name?: string | undefined
  /** The JSON text that the API sent, on one line. */
  readonly text: string
  /** The same, parsed. */
  readonly body: JsonObject
}

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

/** The part of an answer that an event belongs to: its deltas and what ends it have the same. */
export function partOf({ body, type }: ModelEvent): string {
  const { output_index, item_id, content_index, summary_index, command_index } = body
  const family = type.slice(0, type.lastIndexOf('.'))
  return JSON.stringify([family, output_index ?? item_id, content_index, summary_index, command_index])
}

/**
 * The event that a `data:` text holds, or undefined where it holds no JSON object. White space between tokens may
 * hold line breaks where it came as several `data:` lines; they are left out, so that an event is one line.
 *
 * @param name the `event:` line, which counts where the data has no type
 */
export function parseEvent(text: string, at: number, name?: string): ModelEvent | undefined {
  const line = text.replaceAll(/[\r\n]/g, '')
  const body = parseObject(line)
  if (body === undefined) return undefined
  if (typeof body.type === 'string') return { at, type: body.type, text: line, body }
  // Gateways send errors without a type; the SDK takes any object with an `error` for one.
  return { at, type: name ?? (body.error ? 'error' : ''), name, text: line, body }
}

const TERMINAL = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error'])

/** Whether an event ends its answer. After `error` the API may still send `response.failed`. */
export const isTerminal = (event: ModelEvent): boolean => TERMINAL.has(event.type)

/** Whether the model finished what it was asked for, so that the answer is worth keeping: the first end counts. */
export function isFinished(events: readonly ModelEvent[]): boolean {
  const end = events.find(isTerminal)?.type
  return end === 'response.completed' || end === 'response.incomplete'
}
