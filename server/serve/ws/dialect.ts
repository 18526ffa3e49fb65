/** What a dialect is: how the messages of a client become turns, and the records of an answer messages. */
import type { Batch } from '../../api/record.ts'
import type { DeltatapeError, ErrorCode } from '../../base/errors.ts'
import type { List } from '../../base/memo.ts'
import type { Redactor } from '../../redact/redactor.ts'

/** Takes secrets out of what the API says of a failure. */
export type Redact = Pick<Redactor, 'text' | 'json' | 'body'>

/** Why a turn failed. */
export interface TurnError {
  readonly code: ErrorCode
  readonly message: string
}

/**
 * The encoder of one turn. Pure; and it ends once, whatever it is given. There is no getter in it: V8 makes a slow object
 * of every literal that has one, and the old generation holds on to what it refers to.
 */
export interface Turn {
  /** Whether its last message was made. */
  hasEnded(): boolean
  /** The error that ended it, if one did. */
  error(): TurnError | undefined
  /** The messages for a batch of records; kept if the same messages will be made of the same batch again. */
  push(batch: Batch): List<string>
  /** The messages for the end of the records, if the answer did not break. It may leave the turn open. */
  finish(): readonly string[]
  /** The messages for an error; none if the turn has ended. */
  fail(error: DeltatapeError): readonly string[]
}

/** A message that asks for an answer. */
export interface TurnRequest {
  readonly kind: 'request'
  /** What the client calls the turn, to cancel it by. */
  readonly id?: string | undefined
  /** The JSON text for the API, exactly as it is to be sent. */
  readonly body: string
  /** The same call as the body of a `POST /v1/responses` that streams. */
  readonly content: string
  /** Both as bytes, if they are the same and the message has come before. */
  readonly bytes?: Uint8Array | undefined
  /** Members that mean nothing here. */
  readonly ignored: readonly string[]
  readonly turn: Turn
}

/** A message that becomes no turn, and the messages that answer it. */
export interface RefusedMessage {
  readonly kind: 'refused'
  readonly id?: string | undefined
  readonly error: DeltatapeError
  readonly messages: readonly string[]
}

/** A message that ends a turn: the running one, or the one with this id. */
export interface CancelMessage {
  readonly kind: 'cancel'
  readonly id?: string | undefined
}

/** How one kind of client is spoken to. */
export interface Dialect {
  /** Reads a message: its text, or undefined if it is binary. Never throws. */
  read(text: string | undefined): TurnRequest | RefusedMessage | CancelMessage
  /** The message for an error that belongs to no turn. */
  complain(error: DeltatapeError): string
}
