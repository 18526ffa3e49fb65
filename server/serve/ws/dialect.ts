/** What a turn is, whatever is spoken. */
import type { ModelEvent } from '../../api/event.ts'
import { DeltatapeError, type ErrorCode } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'

/** The encoder of one turn. Pure; and whatever comes, it ends once. */
export interface Turn {
  /** Whether it has ended, well or not. */
  readonly ended: boolean
  /** The error that ended it. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | undefined
  /** The messages for a batch of events; frozen where the very same will be given again. */
  push(batch: readonly ModelEvent[]): readonly string[]
  /** The messages for an error; none where the turn has ended. */
  fail(error: DeltatapeError): string[]
}

/** A request to answer. */
export interface Request {
  readonly kind: 'request'
  /** What the client calls it, to cancel it by. */
  readonly id?: string | undefined
  /** What the model is asked. */
  readonly body: JsonObject
  /** Members that mean nothing here. */
  readonly ignored: readonly string[]
  readonly turn: Turn
}

/** A message that becomes no turn, and what it is answered. */
export interface Refused {
  readonly kind: 'refused'
  readonly id?: string | undefined
  readonly error: DeltatapeError
  readonly messages: readonly string[]
}

/** The wish to end a turn: the running one, or the one with this id. */
export interface Cancel {
  readonly kind: 'cancel'
  readonly id?: string | undefined
}

/** How one kind of client is spoken to. */
export interface Dialect {
  /** Reads a message: its text, or undefined for a binary one. Never throws. */
  read(text: string | undefined): Request | Refused | Cancel
  /** The message for an error that belongs to no turn. */
  complain(error: DeltatapeError): string
}
