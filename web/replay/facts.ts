/** What is known of a replay, and of the further ones that follow it. Pure. */
import type { LiveTurn } from '../../server/serve/feed.ts'
import type { View } from '../../server/serve/page/data.ts'
import type { Cut } from './expected.ts'
import { type Heard, isWhole } from './heard.ts'

/** Two turns that were asked for at once, on one connection. */
export interface Pair {
  readonly first: Heard
  readonly second: Heard
  /** Whose each frame was, in the order in which they came; `nobody` is of neither. */
  readonly order: readonly ('first' | 'second' | 'nobody')[]
  /** The code with which the connection closed, if it did before both had ended. */
  readonly closed?: number
}

/** What the server told of the turn of a client that left. */
export type Left =
  | { readonly how: 'ended'; readonly turn: LiveTurn; readonly came: number }
  /** Its turn was still under way long after its client had left. */
  | { readonly how: 'open'; readonly ms: number }
  | { readonly how: 'unknown'; readonly why: string }

/** What is known so far. */
export interface Facts {
  readonly heard: Heard
  /** The words of the fault that is played; empty for none. */
  readonly fault: string
  /** Where it cuts the recording, if that can be told of its words. */
  readonly cut?: Cut | undefined
  /** What the fixture says of itself. */
  readonly recorded: Pick<View, 'status' | 'ending' | 'sha256' | 'edited'>
  /** Two turns on one connection, for a chat. */
  readonly pair?: Pair | undefined
  /** Two calls at once, for a call over HTTP. */
  readonly calls?: readonly [Heard, Heard] | undefined
  readonly left?: Left | undefined
  /** The SHA-256 of the body, in hex; null if this browser computes none here. */
  readonly sha256?: string | null | undefined
  /** Whether it was stopped: what is not known by then never will be. */
  readonly stopped: boolean
}

/** Whether the fault ends the answer, and came: one behind the end of an answer does not. */
export const isCut = ({ heard, cut }: Facts): boolean => cut?.fault.kind.ends !== undefined && !isWhole(heard)

/** The endings that break the connection of a call over HTTP. */
export const BROKEN: ReadonlySet<string> = new Set(['reset', 'stalled', 'unreachable'])

/**
 * Whether what came is what was recorded. Of a body that broke, as it was recorded, a browser tells the beginning alone: it
 * throws away what was not read by then.
 */
export const isRecorded = ({ heard, recorded }: Facts): boolean =>
  isWhole(heard) || (heard.end?.how === 'broken' && BROKEN.has(recorded.ending) && heard.difference === undefined)
