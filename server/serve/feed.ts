/** Turns as they happen, for those who watch: what began, how far it is, how it ended. */
import type { TurnEntry } from './journal.ts'

/** What there was since the server began. */
export interface Counters {
  readonly turns: number
  readonly hits: number
  readonly misses: number
  /** Turns that ended with an error, but for misses and for failures that were recorded. */
  readonly errors: number
  readonly saved: number
  /** Turns that are under way. */
  readonly open: number
}

/** A turn, as far as it is. Times are in ms since it began, sizes in bytes. */
export interface LiveTurn extends Partial<
  Pick<TurnEntry, 'id' | 'api' | 'host' | 'model' | 'chars' | 'code' | 'message' | 'unit'>
> {
  /** The number of the turn, from 1 on. */
  readonly n: number
  /** The path that the client spoke to, its name included. */
  readonly endpoint: string
  /** When it began, in ISO 8601. */
  readonly at: string
  /** How the last text of the user begins, if it is known. */
  readonly asked?: string | undefined
  /** What became of the fixture, and its file name. */
  readonly action?: string | undefined
  readonly fixture?: string | undefined
  /** How many records or frames the client got, how many bytes they had, and when the first came. */
  readonly count: number
  readonly bytes: number
  readonly firstMs?: number | undefined
  readonly ms: number
  /** Whether it is under way. */
  readonly open: boolean
}

/** A message of `/page/live`. */
export type LiveMessage =
  /** Comes first: the last turns, the oldest first. */
  | { readonly type: 'hello'; readonly mode: string; readonly counters: Counters; readonly turns: readonly LiveTurn[] }
  /** The turns that began, went on or ended since the last message, each as it is now. */
  | { readonly type: 'turns'; readonly counters: Counters; readonly turns: readonly LiveTurn[] }
