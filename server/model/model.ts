/** What answers a request. Live, record, replay and fault are models; everything above speaks to this alone. */
import type { ModelEvent } from '../api/event.ts'
import { DeltatapeError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

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
