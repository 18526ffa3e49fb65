/** Turns as they happen, as the page is told of them: what began, how far it is, how it ended. */
import type { Tokens } from '../api/tokens.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { Action } from '../model/model.ts'
import type { TurnEntry } from './journal.ts'

/** What there was since the server began. */
export interface Counters {
  readonly turns: number
  readonly hits: number
  readonly misses: number
  /** Turns that ended with an error, but for misses, for failures that were recorded, and for turns that were cancelled. */
  readonly errors: number
  /** Turns whose answer is in a fixture since, whether it is another than before or not. */
  readonly saved: number
  /** Turns that are under way. */
  readonly open: number
}

/** A turn, as far as it is. Times are in ms since it began, sizes in bytes. What is not known is left out. */
export interface LiveTurn {
  /** The number of the turn, from 1 on, in the order in which they began. */
  readonly n: number
  /** The path that the client spoke to, its name included. */
  readonly endpoint: string
  /** When it began, in ISO 8601. */
  readonly at: string
  /** The id that the client gave it. */
  readonly id?: string | undefined
  /** The name of the API's row, the host if it is not the API's own, and the model that was asked. */
  readonly api?: string | undefined
  readonly host?: string | undefined
  readonly model?: string | undefined
  /** How the last text of the user begins. */
  readonly asked?: string | undefined
  /** What became of the fixture, and its file name. */
  readonly action?: Action['kind'] | undefined
  readonly fixture?: string | undefined
  /** From which other form of the answer it was made. */
  readonly derived?: Action['derived']
  /** Why it was not saved, and in which way it differs from the fixture that it replaced. */
  readonly why?: string | undefined
  readonly changes?: string | undefined
  /** How many pieces the client got, how many bytes they had, and when the first came. */
  readonly count: number
  readonly unit?: TurnEntry['unit'] | undefined
  readonly bytes: number
  readonly firstMs?: number | undefined
  /** How many characters the text of the answer has, and its tokens. */
  readonly chars?: number | undefined
  readonly tokens?: Tokens | undefined
  /** How it failed: the word, and what was said of it. That of a miss has lines, the last of them the command. */
  readonly code?: ErrorCode | undefined
  readonly message?: string | undefined
  readonly ms: number
  /** Whether it is under way. */
  readonly open: boolean
}

/** A message of `/page/live`. */
export type LiveMessage =
  /** Comes first: the last turns, the oldest first. */
  | { readonly type: 'hello'; readonly mode: string; readonly counters: Counters; readonly turns: readonly LiveTurn[] }
  /** Turns that began, went on or ended since the last message, each as it is now, in no order. */
  | { readonly type: 'turns'; readonly counters: Counters; readonly turns: readonly LiveTurn[] }
