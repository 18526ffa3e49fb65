/** What answers a call. Live, record, replay and fault are models; everything above speaks to this alone. */
import type { Head } from '../api/api.ts'
import type { Call } from '../api/call.ts'
import type { Batch } from '../api/record.ts'
import { type Failure, ModelError } from '../api/ending.ts'
import { DeltatapeError, MissError } from '../base/errors.ts'

/**
 * Answers a call. Resolves as soon as the head is known. Rejects with a DeltatapeError if no head came (a ModelError if
 * the API is what failed), or with the signal's reason when it is aborted.
 *
 * Whoever takes an answer reads its records to the end, and aborts the signal to stop: a model that records saves in
 * the last step.
 */
export type Model = (call: Call, signal: AbortSignal) => Promise<Answer>

export interface Answer {
  readonly head: Head
  /** What became of the fixture, if one was looked for or written; of a recording it is known after the last record. */
  readonly action?: Action | undefined
  /**
   * Batches of what is ready; a plain iterable if all of it is due at once. Throws a ModelError after the last record if
   * the answer broke.
   */
  readonly records: Iterable<Batch> | AsyncIterable<Batch>
}

/** What happened to a call, as opposed to the mode, which is what was asked for. */
export interface Action {
  readonly kind: 'hit' | 'miss' | 'written' | 'saved' | 'unchanged' | 'not_saved'
  /** The file name of the fixture; of an answer that a client wrote for itself the one that it would have. */
  readonly fixture: string
  /** Why it was not saved. */
  readonly why?: string | undefined
  /** In which way it differs from the fixture that it replaced, in a line. */
  readonly changes?: string | undefined
  /** Whether there was no fixture of this call before. */
  readonly isNew?: boolean | undefined
  /** The earlier takes of the same call that were held, and saved with it. */
  readonly earlier?: readonly Pick<Action, 'fixture' | 'isNew'>[] | undefined
  /** Whether it says something else than what it replaced, beyond ids and times. */
  readonly isOther?: boolean | undefined
  /** The marks of the answer that it replaced and does not have: who goes on from that one sends what nobody gets any more. */
  readonly lost?: readonly string[] | undefined
  /** The ids of earlier answers that count for the key of its call. */
  readonly needs?: readonly string[] | undefined
  /** Which other form of the answer it was made from. */
  readonly derived?: 'stream' | undefined
}

/** A call that got no answer, and what became of its fixture all the same. */
export class UnansweredError extends ModelError {
  readonly action: Action

  constructor(failure: Failure, action: Action, options?: ErrorOptions) {
    super(failure, options)
    this.action = action
  }
}

/** What became of the fixture of a call that was not answered, by the error that it ended with. */
export function actionOf(error: unknown): Action | undefined {
  if (error instanceof MissError) return { kind: 'miss', fixture: error.fixture }
  return error instanceof UnansweredError ? error.action : undefined
}

/** Whether all of an answer is due at once. */
export const isDue = (records: Answer['records']): records is Iterable<Batch> => Symbol.iterator in records

/** Reads what is left of an answer that nobody wants any more: a model that records says in its last step what it did. */
export async function readToTheEnd(records: Answer['records']): Promise<void> {
  try {
    const batches = Symbol.asyncIterator in records ? records[Symbol.asyncIterator]() : records[Symbol.iterator]()
    while (!(await batches.next()).done);
  } catch (error) {
    if (!(error instanceof DeltatapeError)) throw error
  }
}
